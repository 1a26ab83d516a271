"""The corpus of attacks as a class of students: one for each file in `attacks/`."""

import importlib
import json
import pkgutil
from pathlib import Path
from types import ModuleType

from nbformat import NotebookNode

from grading import attacks, impossible, target
from grading.classes import hand_in

CLASSES = ("comparison", "interpreter", "notebook", "files", "reading", "writing", "resources",
           "forging", "page")  # fmt: skip
# Classes of flaws in benchmarks of agents: Wang et al., Do Androids Dream of Breaking the Game?,
# 2026, https://arxiv.org/abs/2605.12673, as their auditor BenchJack names them.
FLAWS = {
    "V1": "no isolation between agent and evaluator",
    "V2": "answers shipped with the test",
    "V3": "remote code execution on untrusted input",
    "V4": "LLM judges without input sanitization",
    "V5": "weak string matching",
    "V6": "evaluation logic gaps",
    "V7": "trusting the output of untrusted code",
    "V8": "granting unnecessary permissions to the agent",
}
# What students did to a grader: Kratzke, Smart Like a Fox, 2019,
# https://doi.org/10.5220/0007424800150026. Who only wants to do harm does none of this.
TRICKS = ("overfitting", "evasion", "redirection", "injection")
ATTACKS: dict[str, ModuleType] = {
    m.name: importlib.import_module(f"{attacks.__name__}.{m.name}")
    for m in pkgutil.iter_modules(attacks.__path__)
}
EXAMPLES = {
    "V1": "files_conftest_of_pytest",
    "V2": "interpreter_oracle_of_the_check",
    "V3": "forging_named_tuple_of_code",
    "V4": "page_words_for_a_judge",
    "V5": "comparison_texts_of_numbers",
    "V6": "interpreter_unusable_without_words",
    "V7": "writing_results_of_graders",
    "V8": "writing_into_terminals",
}


def kind(name: str) -> str:
    """The class of an attack, by the first word of its file."""
    return name.partition("_")[0]


def master() -> NotebookNode:
    """The instructor's notebook that all attacks answer, with tests that nothing can pass."""
    return impossible.master()


def table() -> str:
    """The table of the guide: how many attacks try what, and an example of each class of flaws."""
    lines = [f"| flaw | {' | '.join(TRICKS)} | harm only | all | for example |"]
    lines += [f"|---|{'--:|' * (len(TRICKS) + 2)}---|"]
    for flaw, words in FLAWS.items():
        found = {name: a.TRICK for name, a in ATTACKS.items() if flaw == a.FLAW}
        count = [sum(t == trick for t in found.values()) for trick in (*TRICKS, "none")]
        text = ATTACKS[EXAMPLES[flaw]].__doc__.strip().rstrip(".")
        example = f"`{EXAMPLES[flaw]}`: {text[0].lower()}{text[1:]}"
        numbers = " | ".join(str(n or "") for n in [*count, len(found)])
        lines.append(f"| {flaw}, {words} | {numbers} | {example} |")
    every = [sum(trick == a.TRICK for a in ATTACKS.values()) for trick in (*TRICKS, "none")]
    lines.append(f"| all | {' | '.join(map(str, [*every, len(ATTACKS)]))} | |")
    return "\n".join(lines)


def earned(attack: ModuleType) -> dict[str, float]:
    """What is honestly right in an attack; nothing, if it does not say."""
    return {name: 0 for name in target.POINTS if name != "essay"} | getattr(attack, "EARNS", {})


def passed_the_impossible(grades: dict[str, tuple]) -> list[str]:
    """Names of the tests that contradict themselves and gave a point all the same."""
    return [name for name in impossible.TESTS if grades[name][0]]


def submit(attack: ModuleType, course: Path, student: str) -> None:
    """Hand an attack in."""
    notebook = target.submission(getattr(attack, "CELLS", {}), master())
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
