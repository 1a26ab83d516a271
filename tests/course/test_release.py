"""assignments/ is what solutions/ give, holds no secret, and a failing release changes nothing."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from grading.tiny import about, make_course, nbgrader, notebook

from course_utils.course.release import release, remarks
from course_utils.errors import CourseError
from course_utils.grading.names import faults
from course_utils.repository import ROOT, known_assignments

ASSIGNMENTS = known_assignments()


@pytest.fixture
def course(tmp_path):
    """A small course whose assignment is released."""
    path = make_course(tmp_path)
    release(root=tmp_path)
    return path


def _root(path: Path) -> Path:
    return path.parents[2]


def _snapshot(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_committed_assignment_is_what_its_solution_gives(name):
    assert release([name], check=True) == [], "run: make release"


def test_every_folder_of_assignments_has_a_solution():
    assert sorted(p.name for p in (ROOT / "assignments").glob("*/")) == ASSIGNMENTS


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_cells_and_their_ids_are_those_of_the_solution(name):
    ids = {}
    for kind in ("solutions", "assignments"):
        path = ROOT / kind / name / f"{name}.ipynb"
        ids[kind] = [cell["id"] for cell in json.loads(path.read_text())["cells"]]
    assert ids["assignments"] == ids["solutions"]


def test_lines_end_alike_on_every_system(course, monkeypatch):
    """On Windows nbgrader writes as text files are written there."""
    import nbgrader.apps

    class Windows(nbgrader.apps.NbGraderAPI):
        def generate_assignment(self, name):
            done = super().generate_assignment(name)
            for path in Path(self.coursedir.root, "assignments").rglob("*.ipynb"):
                path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
            return done

    monkeypatch.setattr(nbgrader.apps, "NbGraderAPI", Windows)
    assert release(root=_root(course), check=True) == []


def test_the_same_source_gives_the_same_bytes_wherever_it_was_saved(course):
    before = _snapshot(_root(course) / "assignments")
    nb = nbformat.read(course, as_version=4)
    nb.metadata = {"kernelspec": {"name": "other", "display_name": "O", "language": "python"}}
    for cell in nb.cells:
        cell.metadata["jp-MarkdownHeadingCollapsed"] = True
        if cell.cell_type == "code":
            cell.execution_count = 7
            cell.outputs = [nbformat.v4.new_output("stream", text="here")]
            cell.metadata["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00Z"}
    nbformat.write(nb, course)
    assert release(root=_root(course)) == []
    assert _snapshot(_root(course) / "assignments") == before


def test_a_second_assignment_is_picked_up_without_being_listed(course):
    root = _root(course)
    shutil.copytree(course.parent, root / "solutions" / "t2_more")
    (root / "solutions/t2_more/t1_tiny.ipynb").rename(root / "solutions/t2_more/t2_more.ipynb")
    (root / "solutions/t2_more/picture.txt").write_text("for the students")
    written = release(root=root)
    assert written == [Path("assignments/t2_more/picture.txt"),
                       Path("assignments/t2_more/t2_more.ipynb")]  # fmt: skip


def test_check_tells_what_differs_and_writes_nothing(course):
    root = _root(course)
    path = root / "assignments" / "t1_tiny" / "t1_tiny.ipynb"
    _edit(path, "# Tiny", "# Edited by hand")
    (root / "assignments" / "gone").mkdir()
    (root / "assignments" / "gone" / "file.txt").write_text("no longer in solutions/")
    before = _snapshot(root / "assignments")
    differ = [Path("assignments/gone/file.txt"), Path("assignments/t1_tiny/t1_tiny.ipynb")]
    assert release(root=root, check=True) == differ
    assert _snapshot(root / "assignments") == before
    assert release(root=root) == differ
    assert release(root=root, check=True) == []
    assert not (root / "assignments" / "gone").exists()


def test_the_gradebook_is_not_touched(course):
    assert not (_root(course) / "gradebook" / "gradebook.db").exists()


def _leak_in_text(path):
    _edit(path, '"# Tiny"', '"# Tiny: first = 3  # how many corners has a triangle?"')


def _test(source):
    return lambda path: _edit(path, '"assert double(2) == 4\\n",', f"{json.dumps(source)},")


def _leak_in_a_file(path):
    (path.parent / "notes.txt").write_text("they test assert double(-21) == -42")


SPOILED = {
    "cut off": (lambda p: p.write_text(p.read_text()[:500]), "is not a notebook"),
    "empty": (lambda p: p.write_text(""), "is not a notebook"),
    "another kind of JSON": (lambda p: p.write_text("[1]"), "is not a notebook"),
    "no Python": (lambda p: _edit(p, "return x + x", "return x +"), "cell double, line 3"),
    "no end": (lambda p: _edit(p, "### END SOLUTION", "###"), "cell double: 'BEGIN SOLUTION'"),
    "no id": (lambda p: _edit(p, '"grade_id": "check-double"', '"grade_id": "double"'), "double"),
    "name that nothing defines": (
        _test("assert doubel(2)\n"),
        "check-double: line 1: it uses `doubel`",
    ),
    "magic in a test": (_test("%time double(2)\n"), "check-double: line 1 is no Python"),
    "AUTOTEST": (_test("### AUTOTEST double(2)\n"), "line 1, `### AUTOTEST double(2)`: AUTOTEST"),
    "await in a test": (_test("await double(2)\n"), "check-double: line 1: a test cannot await"),
    "another language": (lambda p: _edit(p, '"language": "python"', '"language": "R"'), "of R"),
    "secret in text": (_leak_in_text, "would release 'first = 3"),
    "secret in a file": (_leak_in_a_file, "would release 'assert double"),
}


NEVER_RUN = [
    "def test_double():\n    assert double(1) == 2",
    "import unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n"
    "        self.assertEqual(double(1), 2)",
    "assert True",
]
RUN = [
    "import unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n"
    "        self.assertEqual(double(1), 2)\nunittest.main(argv=[''], exit=False)",
    "def test_double():\n    assert double(1) == 2\ntest_double()",
    "def test_double():\n    assert double(1) == 2\n"
    "for name, each in list(globals().items()):\n    name.startswith('test_') and each()",
    "@(lambda f: f())\ndef test_double():\n    assert double(1) == 2",
    "import unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n"
    "        self.assertEqual(double(1), 2)\nsuite = unittest.TestSuite([T('test_it')])",
    "from math import *\nassert isclose(double(1), 2)",
]


@pytest.mark.parametrize("test", [*NEVER_RUN, *RUN])
def test_a_test_that_never_comes_upon_the_students_work_is_refused(test):
    master = notebook()
    master.cells = [c for c in master.cells if c.id not in ("answers", "check-answers")]
    next(c for c in master.cells if c.id == "check-double").source = test
    told = [(cell, "never comes upon what students write" in why) for cell, why in faults(master)]
    assert told == [("check-double", True)] * (test in NEVER_RUN)


def test_a_name_that_students_can_change_is_remarked_on(course):
    nb = nbformat.read(course, as_version=4)
    nb.cells.insert(1, nbformat.v4.new_code_cell("import cmath\nfour = 4\nfive = 5", id="free"))
    check = next(c for c in nb.cells if c.id == "check-double")
    check.source = "assert double(cmath.sqrt(1)) == four - 2"
    nbformat.write(nb, course)
    (remark,) = remarks(root=_root(course))
    assert "test check-double: students can change `four`" in remark


PICTURES = {
    "the answer.png": {"image/png": "QU5TV0VS"},
    "given.png": {"image/png": "R0lWRU4="},
}
SHOWING = {
    "![a](attachment:the%20answer.png)": False,
    "![q](attachment:given.png)\n### BEGIN SOLUTION\n![a](attachment:the%20answer.png)\n"
    "### END SOLUTION": True,
    '<img src="attachment:given.png">\n### BEGIN SOLUTION\n<img src="attachment:the answer.png">\n'
    "### END SOLUTION": True,
}


def test_a_picture_goes_with_the_text_that_showed_it(course):
    """By `course release` and by nbgrader's own command."""
    nb = nbformat.read(course, as_version=4)
    for number, source in enumerate(SHOWING):
        metadata = about(f"drawn-{number}", points=1, solution=True)
        nb.cells.append(nbformat.v4.new_markdown_cell(source, metadata=metadata))
    shown = "![q](<attachment:given.png>)"
    nb.cells.append(nbformat.v4.new_markdown_cell(shown))
    for cell in nb.cells[-4:]:
        cell.attachments = nbformat.from_dict(PICTURES)
    nbformat.write(nb, course)
    released = _root(course) / "assignments" / course.parent.name / course.name
    given = {"given.png": PICTURES["given.png"]}
    for make in (
        lambda: release(root=_root(course)),
        lambda: nbgrader(_root(course), "generate_assignment", course.parent.name, "--force"),
    ):
        released.unlink()
        make()
        cells = nbformat.read(released, as_version=4).cells[-4:]
        assert [c.get("attachments") for c in cells] == [
            given if shown else None for shown in [*SHOWING.values(), True]
        ]


def _old(path):
    """Write it as notebooks were before cells had ids."""
    nb = json.loads(path.read_text())
    nb["nbformat_minor"] = 4
    for cell in nb["cells"]:
        del cell["id"]
    path.write_text(json.dumps(nb))


def test_a_notebook_whose_cells_have_no_ids_is_released(course):
    _old(course)
    release(root=_root(course))
    path = _root(course) / "assignments" / course.parent.name / course.name
    cells = json.loads(path.read_text())["cells"]
    assert len(cells) == len(notebook().cells)
    assert "return x + x" not in path.read_text()


@pytest.mark.parametrize("case", SPOILED)
def test_a_spoiled_source_is_told_in_one_sentence_and_changes_nothing(course, case):
    spoil, told = SPOILED[case]
    before = _snapshot(_root(course) / "assignments")
    spoil(course)
    with pytest.raises(CourseError) as error:
        release(root=_root(course))
    assert told in str(error.value)
    assert "Traceback" not in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert _snapshot(_root(course) / "assignments") == before


def test_an_unknown_name_is_told_with_the_known_ones(course):
    with pytest.raises(CourseError, match=r"no assignment 't9'.*known are: t1_tiny"):
        release(["t9"], root=_root(course))


def test_a_full_disk_leaves_every_assignment_as_it_was(course, monkeypatch):
    root = _root(course)
    shutil.copytree(course.parent, root / "solutions" / "t2_more")
    release(root=root)
    before = _snapshot(root / "assignments")
    for path in (root / "solutions").rglob("*.ipynb"):
        _edit(path, "# Tiny", "# Changed")
    rename = Path.rename

    def fail_for_the_second(self, target):
        if Path(target) == root / "assignments" / "t2_more" and "old" not in self.parts:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_second)
    with pytest.raises(CourseError, match="No space left"):
        release(root=root)
    assert _snapshot(root / "assignments") == before


def test_the_tiny_notebook_has_each_kind_of_region():
    text = "\n".join(cell.source for cell in notebook().cells)
    assert text.count("BEGIN SOLUTION") == text.count("BEGIN HIDDEN TESTS") == 2
