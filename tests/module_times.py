"""How long each test module takes: the longest first, the ten slowest told, all of them kept.

The order matters with two workers: a long module that begins last leaves the other one idle.
"""

import json
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "benchmarks" / "results" / "tests.json"  # what benchmarks/tests.py has measured
MEASURED = ROOT / "build" / "module_times.json"  # of the last run
TOLD = 10


def longest_first(items: list) -> None:
    """Sort collected tests by the stored time of their modules; unknown ones come first."""
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    items.sort(key=lambda item: -stored.get(module_of(item.nodeid), float("inf")))


def module_of(nodeid: str) -> str:
    """The file of a test."""
    return nodeid.partition("::")[0]


class Watch:
    """Adds up what the tests of each module take, with their fixtures."""

    def __init__(self) -> None:
        self.seconds = Counter()

    def note(self, report: object) -> None:
        """Take in a report of pytest."""
        self.seconds[module_of(report.nodeid)] += report.duration

    def tell(self, terminal: object) -> None:
        """Print the slowest modules, and keep the times of all."""
        if not self.seconds:
            return
        terminal.write_sep("─", f"slowest modules, of {sum(self.seconds.values()):.0f} s in all")
        for module, seconds in self.seconds.most_common(TOLD):
            terminal.write_line(f"{seconds:7.1f} s  {module}")
        MEASURED.parent.mkdir(exist_ok=True)
        table = {module: round(seconds, 1) for module, seconds in self.seconds.most_common()}
        MEASURED.write_text(json.dumps(table, indent=1) + "\n")
