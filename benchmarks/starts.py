"""The many starts of lectures 06 to 08 and 10: what `experiment.repeated` keeps for readers.

    python benchmarks/starts.py [06_training] [07_lenet] [08_vgg_resnet] [--changed]

Runs the cells of each lecture in turn, as a reader would, but trains from every start; with
`--changed` only where code changed since, the first start of the others apart. The table
goes to course_utils/measured, where `repeated` reads it as long as the lecture's code is the same;
so run this after changing an experiment, and then the lecture. It takes some minutes.
"""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["MPLBACKEND"] = "agg"

import contextlib  # noqa: E402
import functools  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
from multiprocessing import Process  # noqa: E402

import nbformat  # noqa: E402
import torch  # noqa: E402
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402

from course_utils import experiment  # noqa: E402
from course_utils.repository import ROOT  # noqa: E402

LECTURES = ("06_training", "07_lenet", "08_vgg_resnet", "10_seeing_inside")
TABLE = ROOT / "course_utils/measured/starts.json"


def digits(numbers: list) -> list:
    """Five significant digits of each."""
    if isinstance(numbers, list):
        return [digits(each) for each in numbers]
    return float(f"{numbers:.5g}")


def measure(lecture: str, live: bool) -> None:
    """Run a lecture with every start, and write what `repeated` found into the table."""
    experiment.repeated = functools.partial(experiment.repeated, live=live)
    shell = InteractiveShell.instance()
    os.chdir(ROOT / "lectures")
    for cell in nbformat.read(f"{lecture}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            with contextlib.redirect_stdout(io.StringIO()):
                shell.run_cell(cell.source).raise_error()
    made = {"made by": "benchmarks/starts.py", "torch": torch.__version__.split("+")[0]}
    runs = json.loads(TABLE.read_text())["runs"] if TABLE.exists() else {}
    for name, repeat in experiment.repeats.items():
        found = digits(repeat.found.tolist())
        runs[name] = {"code": repeat.code, "seeds": repeat.seeds, "found": found}
        print(f"{lecture}: {name} {repeat.found.shape}", flush=True)
    TABLE.write_text(json.dumps(made | {"runs": runs}) + "\n")


def main() -> None:
    """All lectures, or those that are named, each in a process of its own."""
    asked = [each for each in sys.argv[1:] if each != "--changed"]
    for lecture in asked or LECTURES:
        process = Process(target=measure, args=(lecture, "--changed" not in sys.argv))
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(process.exitcode)


if __name__ == "__main__":
    main()
