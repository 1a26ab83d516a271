"""Each style of test gives at home and graded the same verdict, or says that it cannot."""

import contextlib
import io
import linecache
from concurrent.futures import ThreadPoolExecutor

import pytest

from course_utils.grading import names, proof
from course_utils.grading.examine import examine
from course_utils.grading.sandbox import Limits
from course_utils.repository import ROOT
from grading.styles import (
    CHEATS,
    GIVEN,
    REFUSED,
    RESULTS,
    STYLES,
    WORKS,
    answered,
    master,
    table,
)

ALL = [*STYLES, *RESULTS]
GRADED = [style for style in ALL if style.expected != REFUSED]
REFUSALS = [style for style in ALL if style.expected == REFUSED]
LIMITS = Limits(cell_seconds=10, total_seconds=200)


@pytest.fixture(scope="module")
def graded(with_torch):
    """The result of each cell, of the right answers and of the wrong ones."""
    examiner, found = proof.Examiner(examine), {}
    for answer in ("right", "wrong"):
        result = examiner.examine(answered(GRADED, answer), master(GRADED), LIMITS)
        cells = {cell.name: cell for cell in result.cells}
        found[answer] = {s.name: cells[f"test-{at}"] for at, s in enumerate(GRADED)}
    return found


def _at_home(style, answer):
    scope = {"__name__": "__main__"}
    for part, text in {"given": GIVEN, "answer": answer, "test": style.test}.items():
        file = f"<{part}>"
        linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
        exec(compile(text, file, "exec"), scope)


def test_there_are_enough_of_both():
    assert len(STYLES) >= 60
    assert len(RESULTS) >= 40
    assert len({style.name for style in ALL}) == len(ALL)
    assert all(style.instead for style in ALL if style.expected != WORKS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("style", GRADED, ids=lambda style: style.name)
def test_at_home_the_right_answer_passes(style, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answers = [style.right, *([style.solution] if style.solution else [])]
    aside = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    # In a thread, since in this one the loop of a browser's tests may run.
    with aside[0], aside[1], ThreadPoolExecutor(1) as alone:
        for answer in answers:
            alone.submit(_at_home, style, answer).result()


@pytest.mark.parametrize("style", GRADED, ids=lambda style: style.name)
def test_graded_it_is_right_too_or_nobody_decides(graded, style):
    right, wrong = (graded[answer][style.name] for answer in ("right", "wrong"))
    told = right.reason, right.detail, wrong.reason, wrong.detail
    if style.expected == WORKS:
        assert (right.score, wrong.score) == (1, 0), told
    else:
        assert right.score is None, told
        assert wrong.score in (None, 0), told


def test_nothing_of_this_lets_a_cheat_through(with_torch):
    """The master defines operators, errors and files as well, so all of it is open."""
    examiner, own = proof.Examiner(examine), {"data.csv": b"3,4,5"}
    around = [style for style in STYLES if style.expected == WORKS and "torch" not in style.test]
    both = [*CHEATS, *around[::6]]
    cheated = examiner.examine(answered(both, "wrong"), master(both), LIMITS, own, own)
    solved = examiner.examine(answered(both, "right"), master(both), LIMITS, own, own)
    gained = {s.name: c.score for s, c in zip(both, cheated.cells, strict=True) if c.score}
    assert not gained
    assert [c.score for c in solved.cells] == [1] * len(both), [c.detail for c in solved.cells]


@pytest.mark.parametrize("style", REFUSALS, ids=lambda style: style.name)
def test_what_cannot_decide_is_refused_at_release(style):
    cell, why = next(names.faults(master([style])))
    assert (cell, why[:5]) == ("test-0", "line ")
    assert "instead" in why or "no cell defines" in why


@pytest.mark.parametrize("style", GRADED, ids=lambda style: style.name)
def test_what_is_graded_is_not_refused_at_release(style):
    assert [*names.faults(master([style]))] == []


def test_the_guide_shows_the_table():
    assert table() in (ROOT / "docs" / "grading.md").read_text()
