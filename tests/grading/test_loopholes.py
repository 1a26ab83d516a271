"""Ways around the rules that stood open once: each of them stays closed."""

import ast
import io
import sys
from unittest import mock

import nbformat
import numpy as np
import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin
from traitlets.config import Config

from course_utils.checks.compare import difference
from course_utils.checks.engine import Check, CheckFailed, case
from course_utils.grading import reach, record, table, template, wire
from course_utils.grading.examine import examine
from course_utils.grading.kernel import Ended, Forged
from course_utils.grading.rebuild import read
from course_utils.grading.run import Task
from course_utils.grading.sandbox import Limits
from course_utils.grading.submissions import Submission, read_folder
from grading import target
from grading.styles import ADD, Style, answered, master
from grading.target import RIGHT
from grading.tiny import cell

pytestmark = pytest.mark.usefixtures("start")  # kernels are forked
GIVEN = "import inspect, unittest\nfrom unittest import mock\nimport numpy as np"
LIMITS = Limits(cell_seconds=2, total_seconds=60)
STORE = "def store():\n    open('w.dat', 'wb').write(%s)"
OWN = {"helper.py": b"import pickle\ndef load(name):\n    return pickle.load(open(name, 'rb'))"}


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Without torch, which takes the most of a start."""
    with mock.patch("grading.styles.GIVEN", GIVEN):
        yield


def graded(style, answer, own=None):
    own = {"expected.npy": _npy(3), **(own or {})}
    return examine(answered([style], answer), master([style]), LIMITS, own, own).cells[0]


def _npy(number):
    file = io.BytesIO()
    np.save(file, np.array(number))
    return file.getvalue()


class TestFiles:
    @pytest.mark.parametrize(
        "code",
        [
            "import pickle as p\np.load(f)",
            "from pickle import load\nload(f)",
            "pd.read_pickle('a.dat')",
            "np.load(f, None, True)",
            "np.load(*about)",
            "np.load(f, allow_pickle=True)",
            "eval(open(f).read())",
        ],
    )
    def test_who_runs_what_it_reads_is_known(self, code):
        assert reach.runs_what_it_reads([ast.parse(code)])

    def test_an_import_that_nothing_uses_is_no_matter(self):
        assert not reach.runs_what_it_reads([ast.parse("import pickle\nnp.load('a.npy')")])

    @pytest.mark.parametrize("where", ["given", "own"])
    def test_nothing_is_fetched_that_a_helper_would_run(self, sandboxed, where, tmp_path):
        made = tmp_path / "made"
        hostile = f"cposix\nmkdir\n(S{str(made)!r}\ntR.".encode()
        load = OWN["helper.py"].decode() if where == "given" else "from helper import load"
        style = Style("", "store()\nload('w.dat')", STORE % hostile, ADD)
        with mock.patch("grading.styles.GIVEN", f"{GIVEN}\n{load}"):
            graded(style, "right", OWN)
        assert not made.exists()

    @pytest.mark.parametrize("name", ["expected.npy", "./expected.npy", ".//expected.npy"])
    def test_the_instructor_s_file_is_theirs_by_any_name(self, sandboxed, name):
        test = f"assert three() == np.load({name!r})"
        wrong = "def three():\n    np.save('expected.npy', 7)\n    return 7"
        style = Style("", test, "def three():\n    return 3", wrong)
        assert graded(style, "right").score == 1
        assert graded(style, "wrong").score == 0


class TestSources:
    NO_LOOP = "assert 'for' not in inspect.getsource(fact) and fact(4) == 24"
    LOOP = "def fact(n):\n    out = 1\n    for k in range(n):\n        out *= k + 1\n    return out"
    SHORT = "def fact(n):\n    return n * fact(n - 1) if n else 1"

    @pytest.mark.parametrize(
        "decoy",
        [f"{LOOP}\n1 / 0\n{SHORT}", f"real = None\n{LOOP}\nreal = fact\n{SHORT}\nfact = real"],
    )
    def test_a_decoy_is_no_evidence(self, sandboxed, decoy):
        style = Style("", self.NO_LOOP, self.SHORT, decoy)
        assert graded(style, "right").score == 1
        assert not graded(style, "wrong").score


class TestPatches:
    def test_a_patch_that_does_not_arrive_does_not_stay_here(self):
        refusing = mock.Mock()
        refusing.ask.side_effect = RuntimeError("no")
        original = np.allclose
        with reach.Reach(refusing, {}, "", lambda name: "").open():
            with pytest.raises(RuntimeError), mock.patch("numpy.allclose"):
                pass
            assert np.allclose is original


class TestTime:
    SUITE = """class T(unittest.TestCase):
    def test_a(self): self.assertEqual(first(), 1)
    def test_b(self): self.assertEqual(add(1, 2), 3)
    def test_c(self): self.assertEqual(add(1, 2), 3)
    def test_d(self): self.assertEqual(add(1, 2), 3)
    def test_e(self): self.assertEqual(add(1, 2), 3)
    def test_f(self): self.assertEqual(add(1, 2), 3)
    def test_g(self): self.assertEqual(add(1, 2), 3)
unittest.main(argv=[''], exit=False, defaultTest='T')"""

    def test_a_suite_has_the_time_of_one_test(self, sandboxed):
        """After the first question that takes all of it, no other is asked."""
        slow = "import time\ndef first():\n    return 2\ndef add(a, b):\n    time.sleep(60)"
        style = Style("", self.SUITE, f"def first():\n    return 1\n{ADD}", slow)
        nb, own = answered([style], "wrong"), master([style])
        result = examine(nb, own, LIMITS)
        assert result.cells[0].score == 0
        assert result.seconds["tests"] < 4 * LIMITS.cell_seconds  # of six that would take it

    def test_a_kernel_that_ends_within_a_suite_costs_that_test_alone(self, sandboxed):
        nb = target.submission({**RIGHT, "count": "import os\ndef count(n): os._exit(1)"})
        own = target.master()
        test = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n"
        test += "        self.assertEqual(len('a'), 2)\n    def test_b(self): count(3)\n"
        cell(own, "check-count").source = test + "unittest.main(argv=[''], exit=False)"
        scores = {c.name: c.score for c in examine(_bytes(nb), own, LIMITS).cells}
        assert scores["check-count"] in (0, None)
        assert (scores["check-model"], scores["check-answers"]) == (5, 3)

    def test_what_ends_a_test_in_a_function_that_was_given_ends_it_alone(self, sandboxed):
        test = "def stop(x):\n    pytest.fail('no such call')\nassert use(stop) == 1"
        style = Style("", f"import pytest\n{test}", "def use(f):\n    return f(1)", ADD)
        began = examine(answered([style], "right"), master([style]), LIMITS)
        assert began.cells[0].verdict == "failed"
        assert began.seconds["tests"] < LIMITS.cell_seconds


def _bytes(nb):
    return nbformat.writes(nb).encode()


class TestScores:
    @pytest.mark.parametrize("last", ["Stack().pop()", "things[0].pop()", "things['a'].pop()"])
    def test_what_the_student_s_code_returns_is_no_score(self, sandboxed, last):
        kind = "dict(a=Stack())" if "'a'" in last else "[Stack()]"
        stack = "class Stack:\n    def pop(self):\n        return {}"
        test = f"things = {kind}\nassert Stack().pop() < 9\n{last}"
        style = Style("", test, stack.format(0.25), stack.format(1e9))
        assert graded(style, "right").score == 1  # not a quarter


class TestTexts:
    def test_a_file_cannot_say_why_there_is_none(self):
        with pytest.raises(Exception, match="not a notebook"):
            read(b"\0absent\0it was excused")

    def test_names_of_files_make_no_rows_of_the_table(self, tmp_path):
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "x\nada  25 \x1b[2K.ipynb").write_text("{}")
        (remark,) = read_folder(tmp_path / "a", "eve", {"a1": frozenset({"q"})}).remarks
        assert remark.isprintable()

    def test_a_row_of_the_table_is_one_line(self):
        text = table.table([table.Line("eve", "graded", 1, 2, ["why\nada  25 / 25\x1b[1A"])])
        assert len(text.splitlines()) == 5
        assert "\x1b" not in text

    def test_misnamed_notebooks_take_no_more_than_their_room(self, tmp_path):
        (tmp_path / "a").mkdir()
        for number in range(8):
            (tmp_path / "a" / f"n{number}.ipynb").write_bytes(b" " * 4_900_000)
        found = read_folder(tmp_path / "a", "eve", {"a1": frozenset({"q"})})
        assert any("more than" in remark for remark in found.remarks)

    @pytest.mark.parametrize(
        "value",
        ["a" * 10**6, 10**4000, -(10**9000), 2.5, None, [1], np.ones(3)],
        ids=lambda v: type(v).__name__,
    )
    @pytest.mark.parametrize("wanted", [1, 1.5, "right", (1, 2), {"dx": 1.0}, np.zeros(2)])
    def test_a_difference_is_said_in_few_words(self, value, wanted):
        assert len(difference(value, wanted, {"float64": 1e-9})) < 500

    @pytest.mark.parametrize("value", ["10**400", "5e-324", "2**64", "np.nan", "-0.0"])
    def test_an_odd_number_is_wrong_and_no_fault_of_the_check(self, value):
        for oracle, cases in ((lambda n: n + 1.5, "float"), (lambda n: n + 1, "int")):
            check = Check("f", oracle, "Python", {cases: lambda rng: [case(3), case(4)]})
            with pytest.raises(CheckFailed):
                check(lambda n: eval(value))


class TestHashes:
    def test_long_keys_of_one_hash_are_refused_sooner(self):
        modulus = sys.hash_info.modulus
        keys = [(*[0.5] * 90, k * modulus) for k in range(1, 1500)]
        packed = {"dict": [[wire.pack(key, None), 1] for key in keys]}
        with pytest.raises(wire.WireError, match="of one hash"):
            wire.unpack(packed, None)


class TestNobodysFault:
    def test_a_kernel_that_is_slow_to_answer_has_forged_nothing(self, fresh, monkeypatch):
        kernel = fresh(LIMITS)
        monkeypatch.setattr("course_utils.grading.candidate.READY_SECONDS", -1)
        with pytest.raises(Ended) as told, kernel.questions():
            pass
        assert not isinstance(told.value, Forged)

    def test_a_template_that_makes_room_has_not_ended(self, monkeypatch, capsys):
        made = mock.Mock(side_effect=lambda *about: mock.Mock(alive=True))
        monkeypatch.setattr(template, "Template", made)
        templates = template.Templates()
        for _ in range(template.STARTS + 2):
            for number in range(template.KEPT + 1):
                assert templates.start((f"module{number}",), ()) is not None
        assert "too often" not in capsys.readouterr().err

    def test_another_forbidden_package_is_another_assignment(self):
        def digest(forbidden):
            nb = target.master()
            nb.metadata.convnet = {"forbidden": forbidden}
            return Task("a1", {"a1": nb}, {}, [], LIMITS).digest(Submission("eve"))

        assert digest(["torch"]) == digest(["torch"]) != digest(["torch", "scipy"])

    @pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own
    def test_a_rule_that_takes_nothing_any_more_gives_back_what_it_took(self):
        class Kind(LateSubmissionPlugin):
            def late_submission_penalty(self, student, score, seconds):
                return None

        config = Config(AssignLatePenalties={"plugin_class": Kind})
        with Gradebook("sqlite://", "convnet") as book:
            book.add_assignment("a1", duedate="2026-01-01")
            for name in ("one", "two"):
                book.add_notebook(name, "a1")
            book.add_student("eve")
            submission = book.add_submission("a1", "eve", timestamp="2026-01-02")
            for notebook in submission.notebooks:
                notebook.late_submission_penalty = 5
            book.db.commit()
            for notebook in submission.notebooks:
                record.penalise_if_late(notebook, config)
            book.db.commit()
            assert [n.late_submission_penalty for n in submission.notebooks] == [None, None]
