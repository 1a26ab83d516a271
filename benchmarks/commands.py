"""How long the commands of the README take in a fresh clone: set-up, `make demo`, `make test`.

    python benchmarks/commands.py           # print
    python benchmarks/commands.py --store   # and keep: what the documents promise is held to this

Run it where nothing else runs; it takes as long as all of them together.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from course_utils.repository import ROOT

STORED = ROOT / "benchmarks" / "results" / "commands.json"
COMMANDS = {
    "set-up": ["make", "release"],  # releasing takes seconds, the first set-up minutes
    "make demo": ["make", "demo"],
    "make test": ["make", "test"],
}


def main() -> None:
    """Clone, run each command, print and keep the seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", action="store_true", help=f"keep the times in {STORED.name}")
    parser.add_argument("--only", nargs="+", default=list(COMMANDS), choices=list(COMMANDS))
    arguments = parser.parse_args()
    seconds = json.loads(STORED.read_text()) if STORED.exists() else {}
    with tempfile.TemporaryDirectory(prefix="course-clone-") as folder:
        clone = Path(folder, "course")
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        environment = {
            k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")
        }
        for name, command in COMMANDS.items():
            if name not in arguments.only and name != "set-up":
                continue
            began = time.perf_counter()
            subprocess.run(
                command, cwd=clone, env=environment, check=True, stdout=subprocess.DEVNULL
            )
            seconds[name] = round(time.perf_counter() - began)
            print(f"{name:<10} {seconds[name]:5d} s", flush=True)
    if arguments.store:
        STORED.write_text(json.dumps(seconds, indent=1) + "\n")


if __name__ == "__main__":
    main()
