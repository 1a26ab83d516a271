"""What earns a mark and what does not; what goes wrong decides about itself alone."""

import dataclasses
import json
import tempfile

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.grading import examine as examine_module
from course_utils.grading import proof
from course_utils.grading.apart import Examiner, ExaminerDied
from course_utils.grading.beside import put_over
from course_utils.grading.examine import examine
from grading import target
from grading.conftest import QUICK
from grading.target import RIGHT
from grading.tiny import cell

pytestmark = pytest.mark.usefixtures("start")
SOON = dataclasses.replace(QUICK, cell_seconds=1)  # where something uses up all its time


def graded(cells=None, master=None, limits=QUICK, **options):
    nb = target.submission({**RIGHT, **(cells or {})})
    return examine(nbformat.writes(nb).encode(), master or target.master(), limits, **options)


ALL = {"scale": 6, "cases": 4, "count": 5, "model": 5, "answers": 3, "essay": None}


def scores(result):
    return {c.name.removeprefix("check-"): c.score for c in result.cells}


def reason(result, name):
    return next(c.reason for c in result.cells if c.name == f"check-{name}")


def master_with(test, hidden=None):
    """A master whose test of `count` is another one."""
    master = target.master()
    marks = f"\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS" if hidden else ""
    cell(master, "check-count").source = f"{test}{marks}"
    return master


def test_right_answers_earn_all_points_and_the_essay_waits():
    result = graded()
    assert scores(result) == ALL
    assert not result.remarks
    assert not result.not_graded
    nbformat.validate(result.notebook)


def test_wrong_answers_earn_nothing_and_say_why():
    result = graded(target.WRONG)
    assert result.score == 0
    assert reason(result, "count") == "✗ assert count(3) == 6"
    assert "no positional" not in reason(result, "model")


def test_a_part_of_an_answer_earns_a_part():
    result = graded({"answers": "corners = 4\nsquares = [1, 4, 9]"})
    assert scores(result)["answers"] == 2


def test_a_hidden_test_fails_without_telling_anything():
    result = graded({"count": "def count(n):\n    return 6"})
    assert reason(result, "count") == "✗ A hidden test failed."
    assert scores(result)["count"] == 0


class TestWhenThingsGoWrong:
    def test_a_cell_that_raises_stops_nothing_else(self):
        result = graded({"count": "def count(n:"})
        assert scores(result) == ALL | {"count": 0}
        assert reason(result, "count") == (
            "✗ `count` is not defined, since its cell stopped: "
            "SyntaxError: incomplete input (line 1)"
        )
        assert cell(result.notebook, "count").outputs[0].ename == "SyntaxError"

    @pytest.mark.parametrize(
        ("count", "why"),
        [
            ("def count(n):\n    while True: pass", "Your code ran for more than 1 s."),
            ("def count(n):\n    import os; os._exit(1)", "There is no answer: the kernel ended."),
            ("import time\ndef count(n):\n    while True:\n        try: time.sleep(1)\n"
             "        except BaseException: pass",
             "Your code ran for more than 1 s and could not be stopped."),
        ],
        ids=["endless", "ends the kernel", "cannot be stopped"],
    )  # fmt: skip
    def test_a_call_that_never_answers_costs_only_itself(self, count, why):
        result = graded({"count": count}, limits=SOON)
        assert scores(result) == ALL | {"count": 0}
        assert reason(result, "count") == why

    @pytest.mark.parametrize(
        "cell_source",
        ["while True: pass", "import os; os._exit(1)",
         "import time\nwhile True:\n    try: time.sleep(1)\n    except BaseException: pass"],
        ids=["endless", "ends the kernel", "cannot be stopped"],
    )  # fmt: skip
    def test_a_cell_that_never_ends_costs_only_what_it_was_to_define(self, cell_source):
        result = graded({"count": cell_source}, limits=SOON)
        assert scores(result) == ALL | {"count": 0}
        assert reason(result, "count") == "✗ `count` is not defined"

    def test_a_kernel_that_ends_again_and_again_is_given_up(self):
        timer = "import os, threading, time\nthreading.Timer(0.2, os._exit, [1]).start()\n"
        result = graded({"count": timer + "def count(n):\n    time.sleep(3)"})
        assert scores(result)["scale"] == ALL["scale"]
        assert result.score <= 23 - 5

    def test_a_submission_has_a_limit_of_time_as_a_whole(self):
        limits = QUICK.__class__(cell_seconds=3, total_seconds=2)
        result = graded({"count": "import time\ntime.sleep(60)"}, limits=limits)
        assert scores(result)["scale"] == ALL["scale"]
        assert "2 s of the submission are used up" in reason(result, "answers")

    def test_warnings_and_stderr_never_cost_a_point(self):
        noisy = "import sys, warnings\ndef count(n):\n    warnings.warn('old')\n"
        noisy += "    print('careful', file=sys.stderr)\n    return sum(range(n + 1))"
        assert scores(graded({"count": noisy}))["count"] == 5

    @pytest.mark.parametrize("data", [b"", b"{", b"\x00\xff", b'{"metadata": {}}'])
    def test_what_is_no_notebook_earns_nothing_and_says_so(self, data):
        result = examine(data, target.master(), QUICK)
        assert result.score == 0
        assert all(c.score == 0 for c in result.cells)
        assert "could not be graded" in result.notebook.cells[0].source
        assert result.remarks
        nbformat.validate(result.notebook)

    def test_another_kernel_in_the_metadata_is_no_matter(self):
        nb = target.submission(RIGHT)
        nb.metadata = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}
        result = examine(nbformat.writes(nb).encode(), target.master(), QUICK)
        assert result.score == 23

    def test_a_bug_in_a_check_is_not_the_students(self):
        master = master_with(
            "from course_utils.checks import compare\ncompare.difference(count(3), object(), {})"
        )
        result = graded(master=master)
        assert result.not_graded
        assert scores(result)["count"] is None
        assert scores(result)["answers"] == 3
        assert "the check itself failed: TypeError" in result.remarks[0]

    def test_an_examiner_that_dies_is_told_and_leaves_no_files(self, tmp_path, monkeypatch):
        monkeypatch.setattr(tempfile, "tempdir", None)
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        master = master_with("import os; os._exit(3)")
        nb = nbformat.writes(target.submission(RIGHT)).encode()
        apart = Examiner()
        with pytest.raises(ExaminerDied, match="without a result"):
            apart.examine(nb, master, QUICK)
        assert apart.examine(nb, target.master(), QUICK).score == 23
        apart.close()
        assert not list(tmp_path.glob("examiner-*"))


class TestEvidence:
    @pytest.mark.parametrize(
        ("test", "why"),
        [
            ("assert True", "asked nothing"),
            ("", "asked nothing"),
            ("count(3)\nassert (", "no Python"),
            ("count(3)\nfloat('nan')", "no score"),
            ("count(3)\n'full'", "no score"),
            ("count(3)\nnp.array([5])", "no score"),
        ],
    )
    def test_a_test_that_proves_nothing_gives_no_mark(self, test, why):
        result = graded(master=master_with(test))
        assert scores(result)["count"] is None
        assert result.not_graded
        assert why in result.remarks[0]

    @pytest.mark.parametrize(
        ("test", "evidence"),
        [
            ("m = Model(2)\nm.bias", True),
            ("for item in Model.parts: assert item", True),
            ("assert len(Model.parts) == 2 and Model.parts[0] == 1", True),
            ("assert corners == 3", True),
            ("try:\n    Model()\nexcept TypeError:\n    pass", True),
            ("assert Model", False),
            ("assert Model.parts is not None", False),
            ("Model.label = 3", False),
            ("iter(Model.parts)", False),
            ("try:\n    Model.nothing\nexcept AttributeError:\n    pass", False),
            ("def test():\n    assert corners == 4", False),
        ],
    )
    def test_evidence_is_an_answer_and_not_a_name(self, test, evidence):
        model = f"class Parts(list): ...\n{RIGHT['model']}\n    parts = Parts([1, 2])"
        master = target.master()
        order = ["title", "imports", "model", "answers", "check-count"]
        master.cells = [cell(master, id_) for id_ in order]
        cell(master, "check-count").source = f"{test}\nNone"
        result = graded({"model": model}, master=master)
        assert scores(result) == {"count": 5 if evidence else None}

    @pytest.mark.parametrize(
        ("test", "earned"),
        [
            ("count(3)\n2", 2),
            ("count(3)\n2.5", 2.5),
            ("count(3)\nnp.int64(2)", 2),
            ("count(3)\n99", 5),
            ("count(3)\n-3", 0),
            ("count(3)\nFalse", 0),
            ("count(3)\nNone", 5),
            ("count(3)", 5),
            ("x = count(3)\nassert x == 6", 5),
        ],
    )
    def test_the_last_line_may_give_the_points(self, test, earned):
        assert scores(graded(master=master_with(test)))["count"] == earned

    @pytest.mark.parametrize(
        ("last", "earned"),
        [("report.testsRun - len(report.failures)", 1), ("report", 0), ("None", 0)],
    )
    def test_a_suite_fails_unless_the_last_line_counts_its_failures(self, last, earned):
        suite = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n"
        suite += "        self.assertEqual(count(3), 6)\n    def test_b(self):\n"
        suite += "        for n in (1, 2):\n            with self.subTest(n=n):\n"
        suite += "                self.assertEqual(count(n), 0)\n"
        suite += "loaded = unittest.defaultTestLoader.loadTestsFromTestCase(T)\n"
        suite += "report = unittest.TextTestRunner().run(loaded)"
        small = "def count(n): return 6 * (n == 3) + (n == 1)"
        assert scores(graded({"count": small}, master=master_with(suite, last)))["count"] == earned

    def test_what_the_student_returns_is_never_the_score(self):
        result = graded({"answers": "corners = 1e9\nsquares = 0"}, master=_quiz_as_last_line())
        assert scores(result)["answers"] == 0

    def test_an_unexpected_type_is_a_wrong_answer_and_not_a_fault(self):
        result = graded({"count": "def count(n):\n    return None"},
                        master=master_with("assert count(3) + 1 == 7"))  # fmt: skip
        assert scores(result)["count"] == 0
        assert "could not use your result: TypeError" in reason(result, "count")


def _quiz_as_last_line():
    master = target.master()
    cell(master, "check-answers").source = "assert corners == 3\ncorners"
    return master


class TestNames:
    def test_read_only_data_is_the_examiners_own(self):
        master = master_with("assert count(LIMIT) == 10")
        cell(master, "imports").source = "import numpy as np\nLIMIT = 4"
        assert scores(graded(master=master))["count"] == 5
        cheating = {"count": "LIMIT = 0\ndef count(n):\n    return 10 if n == 0 else 0"}
        assert scores(graded(cheating, master=master))["count"] == 0

    def test_a_read_only_cell_that_uses_the_students_work_is_left_to_the_candidate(self):
        master = target.master()
        master.cells.insert(6, new_code_cell("six = count(3)", id="use", metadata=cell(
            master, "imports").metadata | {"nbgrader": cell(master, "imports").metadata.nbgrader
                                           | {"grade_id": "use"}}))  # fmt: skip
        cell(master, "check-count").source = "assert six == 6"
        assert scores(graded(master=master))["count"] == 5

    def test_a_name_of_the_student_hides_a_built_in(self):
        master = master_with("assert sum(3) == 6")
        cell(master, "count").source = "### BEGIN SOLUTION\ndef sum(n): ...\n### END SOLUTION"
        result = graded({"count": "def sum(n):\n    return n * (n + 1) // 2"}, master=master)
        assert scores(result)["count"] == 5

    def test_later_cells_do_not_change_earlier_marks(self):
        result = graded({"answers": RIGHT["answers"] + "\ndef count(n):\n    return 0"})
        assert result.score == 23


def test_cells_before_are_run_again_when_a_kernel_was_lost():
    result = graded({"count": "runs = globals().get('runs', 0) + 1\nimport os\n"
                              "def count(n):\n    os._exit(runs)"})  # fmt: skip
    assert scores(result) == ALL | {"count": 0}


def test_prints_of_a_hidden_test_are_not_shown():
    shouting = "def count(n):\n    print('asked for', n)\n    return n * (n + 1) // 2"
    result = graded({"count": shouting})
    shown = json.dumps(result.notebook)
    assert "asked for 3" in shown
    assert "asked for 100" not in shown


def test_the_master_says_what_cannot_be_imported():
    master = target.master()
    master.metadata["convnet"] = {"forbidden": ["scipy"]}
    result = graded({"count": "import scipy\n" + RIGHT["count"]}, master=master)
    assert scores(result)["count"] == 0
    assert "build it yourself" in cell(result.notebook, "count").outputs[0].evalue


def test_nothing_of_one_submission_reaches_the_next():
    apart = Examiner()
    master = target.master()
    cell(master, "check-count").source = (
        "import course_utils\ncourse_utils.seen = getattr(course_utils, 'seen', 0) + 1\n"
        "assert count(3) == 6 and course_utils.seen == 1"
    )
    nb = nbformat.writes(target.submission(RIGHT)).encode()
    for _ in range(2):
        assert scores(apart.examine(nb, master, QUICK))["count"] == 5
    apart.close()


class TestWhoseMistake:
    """A failure that may be the test's is the student's only if the solution passes."""

    def settled(self, count, test, master=None):
        examiner = proof.Examiner(examine)
        cells = {**RIGHT, "count": count}
        nb = nbformat.writes(target.submission(cells)).encode()
        return examiner.examine(nb, master or master_with(test), QUICK)

    @pytest.mark.parametrize("value", ["'6'", "None", "object()", "[6]", "len", "float('nan')"])
    def test_a_wrong_type_escapes_nothing(self, value):
        test = "assert abs(count(3) - 6) < 1e-9"
        result = self.settled(f"def count(n): return {value}", test)
        assert scores(result)["count"] == 0
        assert not result.remarks

    def test_what_only_the_student_lacks_is_theirs(self):
        assert scores(self.settled("counts = 1", "assert count(3) == 6"))["count"] == 0

    def test_a_test_that_the_solution_fails_too_is_told_and_costs_nothing(self):
        result = self.settled(RIGHT["count"], "assert count(3) == 6", hidden_slip())
        assert scores(result)["count"] is None
        assert result.remarks == [
            "check-count: your own solution does not pass this test: the test failed, in line 3, "
            "`assert count(4) == TENS`: NameError: name 'TENS' is not defined"
        ]
        shown = cell(result.notebook, "check-count").outputs[-1]
        assert shown.ename == "not graded"
        assert "TENS" not in json.dumps(shown)

    def test_while_the_solution_cannot_be_examined_nobody_decides(self):
        died = [True, False]

        def often(submission, *about):
            if b"BEGIN SOLUTION" in submission and died.pop(0):
                raise ExaminerDied("it died")
            return examine(submission, *about)

        examiner, test = proof.Examiner(often), master_with("assert count(3) == 6")
        nb = nbformat.writes(target.submission({**RIGHT, "count": "def count(n): return n"}))
        unclear = examiner.examine(nb.encode(), test, QUICK)
        assert scores(unclear)["count"] is None
        assert "your own solution could not be examined: it died" in unclear.remarks[0]
        assert scores(examiner.examine(nb.encode(), test, QUICK))["count"] == 0

    def test_a_test_without_points_is_met_as_well(self):
        master = master_with("assert count(3) == 6")
        cell(master, "check-count").metadata.nbgrader.points = 0
        nb = nbformat.writes(target.submission({**RIGHT, "count": "def count(n): return n"}))
        assert not proof.Examiner(examine).examine(nb.encode(), master, QUICK).not_graded

    def test_the_solution_is_examined_once_and_only_if_it_is_needed(self):
        seen = []

        def noting(submission, *about):
            seen.append(b"BEGIN SOLUTION" in submission)
            return examine(submission, *about)

        examiner = proof.Examiner(noting)
        for count in (RIGHT["count"], "def count(n): return n", "def count(n): return 0"):
            nb = nbformat.writes(target.submission({**RIGHT, "count": count})).encode()
            examiner.examine(nb, target.master(), QUICK)
        assert seen == [False, False, True, False]


def hidden_slip():
    return master_with("assert count(3) == 6", "assert count(4) == TENS")


def test_files_of_the_instructor_come_before_handed_in_ones_even_as_folders():
    own = {"data.csv": b"own", "tables/a.csv": b"own", "start.py": b"own"}
    submitted = {"data.csv/x": b"", "tables": b"", "tables/b.csv": b"b", "start.py": b"mine"}
    assert put_over(own, submitted, keep=["start.py"]) == {
        "data.csv": b"own", "tables/a.csv": b"own", "tables/b.csv": b"b", "start.py": b"mine",
    }  # fmt: skip


def test_an_empty_master_asks_nothing():
    result = examine(b'{"cells": []}', new_notebook(), QUICK)
    assert result.cells == []
    assert examine_module.MAX_ENDS > 1
