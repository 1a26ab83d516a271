"""The corpus of attacks as a class of students: one for each file in `attacks/`."""

import importlib
import json
import pkgutil
from pathlib import Path
from types import ModuleType

from grading import attacks, target
from grading.classes import hand_in

CLASSES = ("comparison", "interpreter", "notebook", "files", "reading", "writing", "resources",
           "forging", "page")  # fmt: skip
ATTACKS: dict[str, ModuleType] = {
    m.name: importlib.import_module(f"{attacks.__name__}.{m.name}")
    for m in pkgutil.iter_modules(attacks.__path__)
}


def kind(name: str) -> str:
    """The class of an attack, by the first word of its file."""
    return name.partition("_")[0]


def earned(attack: ModuleType) -> dict[str, float]:
    """What is honestly right in an attack; nothing, if it does not say."""
    return {name: 0 for name in target.POINTS if name != "essay"} | getattr(attack, "EARNS", {})


def submit(attack: ModuleType, course: Path, student: str) -> None:
    """Hand an attack in."""
    notebook = target.submission(getattr(attack, "CELLS", {}))
    if hasattr(attack, "spoil"):
        attack.spoil(notebook)
    # As text of JSON, which can hold halves of characters too.
    data = attack.data(notebook) if hasattr(attack, "data") else json.dumps(notebook).encode()
    folder = hand_in(course, student, data)
    for name, content in getattr(attack, "FILES", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if hasattr(attack, "place"):
        attack.place(folder)
