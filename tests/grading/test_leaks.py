"""No byte that a student may see tells what a hidden test holds or expects."""

import json
import shutil

import nbformat
import pytest

from course_utils.grading import run
from course_utils.repository import ROOT
from grading import target
from grading.classes import NAME, hand_in
from grading.conftest import QUICK
from grading.tiny import cell, nbgrader

# Literals that occur nowhere else: in hidden inputs (which a student's code is given, and may tell)
# and in what must stay with the examiner.
SECRETS = ["874011", "-55.125", "sesquipedalian", "quetzalcoatl", "31415.926", "floccinauci"]
INPUT = "60613"
SCALE = f"""assert scale(np.arange(2.0), 2).tolist() == [0, 2]
### BEGIN HIDDEN TESTS
# quetzalcoatl: this comment is not for students
np.testing.assert_allclose(scale(np.array([{INPUT}.0]), 2), [{SECRETS[0]}])
### END HIDDEN TESTS"""
COUNT = f"""assert count(3) == 6
### BEGIN HIDDEN TESTS
expected_value = {SECRETS[4]}
assert count({INPUT}) == expected_value, "floccinauci expected"
### END HIDDEN TESTS"""
MODEL = f"""model = Model(1)
### BEGIN HIDDEN TESTS
assert Model({INPUT}).bias.tolist() == [{SECRETS[1]}], f"expected {SECRETS[1]}"
### END HIDDEN TESTS"""
ANSWERS = f"""assert corners is not None
### BEGIN HIDDEN TESTS
(corners == {SECRETS[0]}) + 2 * (squares == ["{SECRETS[2]}"])
### END HIDDEN TESTS"""
# The tests can be passed, so that who fails them has failed.
SOLUTIONS = {
    "scale": f"def scale(x, factor):\n"
    f"    return x * factor if len(x) == 2 else x * 0 + {SECRETS[0]}",
    "count": f"def count(n):\n    return 6 if n == 3 else {SECRETS[4]}",
    "model": f"class Model:\n    def __init__(self, bias):\n"
    f"        self.bias = np.array([{SECRETS[1]}])",
    "answers": f'corners, squares = {SECRETS[0]}, ["{SECRETS[2]}"]',
}

PRINTS = {
    "scale": "SEEN = []\ndef scale(x, factor):\n    print(x, factor)\n    SEEN.append(x)\n"
    "    return x * factor",
    "count": "def count(n):\n    print('asked', n)\n    SEEN.append(n)\n"
    "    return n * (n + 1) // 2",
    "model": "class Model:\n    def __init__(self, bias):\n        print(SEEN, bias)\n"
    "        self.bias = np.array([float(bias)])",
    "answers": "print(SEEN)\ncorners, squares = 3, [1]",
}
RAISES = {
    "scale": "def scale(x, factor):\n    if factor == 2 and len(x) == 2:\n        return x * 2\n"
    "    raise ValueError(f'given {x}')",
    "count": "def count(n):\n    if n == 3:\n        return 6\n    raise RuntimeError(repr(n) * 3)",
    "model": "class Model:\n    def __init__(self, bias):\n        raise KeyError(bias)",
    "answers": "corners, squares = 3, [1]\nraise ValueError(corners)",
}
DUMP = """import gc, inspect, sys, traceback
def dump():
    for frame in inspect.stack():
        print(frame.filename, frame.function, frame.frame.f_locals)
    print(get_ipython().history_manager.input_hist_raw, dict(globals()))
    print([o for o in gc.get_objects() if type(o) in (dict, list, str, tuple)][-3000:])
    print(sys.argv, open("/proc/self/cmdline").read(), open("/proc/1/cmdline").read())
"""
DUMPS = {
    "scale": DUMP + "def scale(x, factor):\n    dump()\n    return x * factor",
    "count": "def count(n):\n    dump()\n    return 6",
    "model": "class Model:\n    def __init__(self, bias):\n        dump()\n        1 / 0",
    "answers": "dump()\ncorners, squares = 3, [1]",
    "essay": "quite",
}
WRITES = {
    "scale": DUMP + "import io, contextlib\nSEEN = io.StringIO()\ndef scale(x, factor):\n"
    "    with contextlib.redirect_stdout(SEEN):\n        dump()\n    return x * factor",
    "count": "def count(n):\n    with contextlib.redirect_stdout(SEEN):\n        dump()\n"
    "    return 6",
    "answers": "print(SEEN.getvalue()[-15000:])\ncorners, squares = 3, [1]",
}
STUDENTS = {"prints": PRINTS, "raises": RAISES, "dumps": DUMPS, "writes": WRITES}


@pytest.fixture(scope="module")
def course(sandboxed, tmp_path_factory):
    """A course with secrets, graded, with feedback."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    master = target.master()
    for name, source in [("scale", SCALE), ("count", COUNT), ("model", MODEL),
                         ("answers", ANSWERS)]:  # fmt: skip
        cell(master, f"check-{name}").source = source
        cell(master, name).source = f"### BEGIN SOLUTION\n{SOLUTIONS[name]}\n### END SOLUTION"
    path = folder / "solutions" / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(master, path)
    nbgrader(folder, "generate_assignment", NAME)
    for student, cells in STUDENTS.items():
        hand_in(folder, student, target.submission(cells))
    run.grade(NAME, folder, limits=QUICK)
    nbgrader(folder, "generate_feedback", NAME)
    return folder


def test_the_secrets_are_in_the_master_and_the_tests_did_run(course):
    text = (course / "solutions" / NAME / f"{NAME}.ipynb").read_text()
    assert all(secret in text for secret in SECRETS)
    note = json.loads((course / "gradebook/examined" / NAME / "prints.json").read_text())
    assert any("hidden test failed" in c["reason"].lower() for c in note["cells"])


def test_the_release_holds_no_secret(course):
    text = (course / "assignments" / NAME / f"{NAME}.ipynb").read_text()
    assert not [secret for secret in [*SECRETS, INPUT] if secret in text]


@pytest.mark.parametrize("student", STUDENTS)
def test_no_byte_of_the_feedback_holds_a_secret(course, student):
    files = [p for p in (course / "gradebook/feedback" / student).rglob("*") if p.is_file()]
    assert files
    for file in files:
        data = file.read_bytes()
        assert not [secret for secret in SECRETS if secret.encode() in data], file
        assert b"BEGIN HIDDEN" not in data
        assert b"examine.py" not in data  # no traceback of the examiner


@pytest.mark.parametrize("student", STUDENTS)
def test_the_candidate_was_never_given_a_secret(course, student):
    """What its code printed or raised at any time, also what feedback leaves out."""
    path = course / "gradebook/autograded" / student / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    outputs = json.dumps([c.get("outputs", []) for c in notebook.cells])
    assert not [secret for secret in SECRETS if secret in outputs]
    reasons = (course / "gradebook/examined" / NAME / f"{student}.json").read_text()
    assert not [secret for secret in SECRETS if secret in reasons]


def test_a_hidden_input_can_be_learned_by_who_asks_for_it(course):
    """So the documentation says, and hidden tests must not rely on it being unknown."""
    page = (course / "gradebook/feedback/prints" / NAME / f"{NAME}.html").read_text()
    assert INPUT in page
