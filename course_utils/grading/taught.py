"""Where the lectures teach what a task asks, for whoever reads what a class got wrong."""

import functools
import json
import re
import tomllib
from pathlib import Path

from course_utils.repository import ROOT

FILE = Path(__file__).with_name("taught.toml")


def places(assignment: str) -> dict[str, str]:
    """By task of an assignment, number and heading of the section of a lecture; none of others'."""
    tasks = tomllib.loads(FILE.read_text(encoding="utf-8")).get(assignment, {})
    return {task: section(place) for task, place in tasks.items()}


@functools.cache
def section(place: str) -> str:
    """Number and heading, such as `05 Measure the slope`, of `05 numeric`: a lecture, and a cell.

    Where the lectures are not at hand, such as on a machine that only grades, the place as it is.

    Raises
    ------
    LookupError
        If the lecture has no such cell, or the cell has no heading.
    """
    number, id_ = place.split()
    path = next(ROOT.glob(f"lectures/{number}_*.ipynb"), None)
    if path is None:
        return place
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["id"] == id_ and (found := re.findall(r"^##+ (.*)", "".join(cell["source"]), re.M)):
            return f"{number} {found[-1]}"
    raise LookupError(f"{path.name} has no heading in a cell {id_!r}")
