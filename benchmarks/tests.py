"""Compare how long the test modules take with the stored table.

    make test                          # notes the times of this machine
    python benchmarks/tests.py         # compares them
    python benchmarks/tests.py --store # keeps them as the new table

Machines differ, so what is compared is each module's share of the whole.
"""

import argparse
import json
import sys

from course_utils.repository import ROOT

sys.path.insert(0, str(ROOT / "tests"))

from module_times import MEASURED, STORED

LOUD = 1.0  # per cent of the whole that a module may have grown


def main() -> None:
    """Print what grew and what shrank; fail where a module grew out of its share."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", action="store_true", help="keep the new times")
    arguments = parser.parse_args()
    if not MEASURED.exists():
        sys.exit("No times are noted yet: run `make test` first.")
    new = json.loads(MEASURED.read_text())
    if arguments.store:
        STORED.write_text(json.dumps(new, indent=1) + "\n")
        return
    old = json.loads(STORED.read_text())
    shares = [{m: 100 * s / sum(t.values()) for m, s in t.items()} for t in (old, new)]
    grown = {m: shares[1].get(m, 0) - shares[0].get(m, 0) for m in {*old, *new}}
    print(f"{sum(old.values()):.0f} s stored, {sum(new.values()):.0f} s now; shares in per cent:")
    for module, _ in sorted(grown.items(), key=lambda pair: -abs(pair[1]))[:20]:
        print(f"  {shares[0].get(module, 0):6.2f} → {shares[1].get(module, 0):6.2f}  {module}")
    if loud := [module for module, more in grown.items() if more > LOUD]:
        sys.exit(f"grew by more than {LOUD} per cent of the whole: {', '.join(sorted(loud))}")


if __name__ == "__main__":
    main()
