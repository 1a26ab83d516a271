"""Every notebook keeps the house rules, and each rule is able to fail."""

import base64
import copy
import gzip
import json
import re

import nbformat
import pytest

from course_utils import laboratory
from course_utils.course import notebooks
from course_utils.errors import CourseError
from course_utils.repository import ROOT

NOTEBOOKS = [
    path
    for folder in ("lectures", "solutions", "assignments")
    for path in sorted((ROOT / folder).rglob("*.ipynb"))
    if ".ipynb_checkpoints" not in path.parts
]
LECTURES = [path for path in NOTEBOOKS if path.parent.name == "lectures"]


def test_notebooks_are_found():
    kinds = [notebooks.kind_of(path) for path in NOTEBOOKS]
    assert kinds.count("lecture") >= 4
    assert kinds.count("solution") == kinds.count("assignment") >= 1, "run: make release"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem + "-" + p.parts[-2])
def test_keeps_the_rules(path):
    found = notebooks.problems(path)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem + "-" + p.parts[-2])
def test_imports_nothing_of_the_command_and_the_examiner(path):
    rooms = re.compile(r"course_utils(\.| import )(course|grading)\b")
    assert not [c.id for c in notebooks.read(path).cells if rooms.search(c.source)]


@pytest.mark.parametrize("path", LECTURES, ids=lambda p: p.stem)
def test_no_lecture_shows_what_passes_a_check_of_an_assignment(path):
    graded = re.compile(r"course_utils\.checks(\.| import )a\d")
    assert not [cell.id for cell in notebooks.read(path).cells if graded.search(cell.source)]


def test_lectures_are_numbered_without_gaps():
    assert [int(path.name[:2]) for path in LECTURES] == list(range(len(LECTURES)))


def test_few_outputs_go_unchecked():
    """Ignored outputs are counted, so that they do not spread unseen; assignments are copies."""
    ignored = [
        f"{path.name}: {cell.id}"
        for path in NOTEBOOKS
        if "assignments" not in path.parts
        for cell in notebooks.read(path).cells
        if "nbval-ignore-output" in cell.metadata.get("tags", [])
    ]
    assert len(ignored) <= 3 * len(LECTURES), ignored


@pytest.mark.parametrize("path", LECTURES, ids=lambda p: p.stem)
def test_a_stored_laboratory_is_the_present_one(path):
    """Whoever changes the module runs again the lectures that carry it."""
    text = path.read_text(encoding="utf-8")
    carried = re.findall(r'laboratory-module\\">([^<]+)<', text)
    assert len(carried) == ("laboratory.show(" in text)
    for packed in carried:
        assert gzip.decompress(base64.b64decode(packed)).decode() == laboratory.MODULE


# Each rule broken once ----------------------------------------------------------------------


@pytest.fixture
def lecture(tmp_path):
    """A copy of a real lecture to break, and a function that lists what is then found."""
    path = tmp_path / "lectures" / LECTURES[0].name
    path.parent.mkdir()
    notebook = nbformat.read(LECTURES[0], as_version=4)

    def found(change) -> str:
        broken = copy.deepcopy(notebook)
        change(broken)
        path.write_text(json.dumps(broken))
        return "\n".join(notebooks.problems(path))

    assert found(lambda nb: None) == ""
    return found


def code_with(notebook, text):
    return next(c for c in notebook.cells if c.cell_type == "code" and text in c.source)


def drop_outputs(nb):
    code_with(nb, "print(").outputs = []


def drop_count(nb):
    code_with(nb, "print(").execution_count = None


def store_error(nb):
    code_with(nb, "print(").outputs.append(nbformat.v4.new_output("error", ename="E", evalue=""))


def store_what_is_left_over(nb):
    left = nbformat.v4.new_output("execute_result", data={"text/plain": "{}"}, execution_count=2)
    code_with(nb, "print(").outputs.append(left)


def store_warning(nb):
    warning = nbformat.v4.new_output("stream", name="stderr", text="careful")
    code_with(nb, "print(").outputs.append(warning)


def drop_alt(nb):
    for output in code_with(nb, "plotting.show").outputs:
        output.metadata = nbformat.from_dict({})


def store_widget(nb):
    live = nbformat.v4.new_output("display_data", {notebooks.WIDGET: {"model_id": "1"}})
    code_with(nb, "print(").outputs.append(live)


def empty_alt_in_text(nb):
    nb.cells[2].source += "\n\n![](picture.png)"


def unknown_tag(nb):
    nb.cells[1].metadata["tags"] = ["skip-execution"]


def ignore_without_reason(nb):
    nb.cells[1].metadata["tags"] = ["nbval-ignore-output"]


def random_id(nb):
    nb.cells[3].id = "1f9a3c7e"


def repeated_id(nb):
    nb.cells[3].id = nb.cells[4].id


def long_cell(nb):
    nb.cells[1].source = "\n".join(f"a{i} = {i}" for i in range(21))


def much_code(nb):
    for i in range(20):
        lines = "\n".join(f"a{k} = {k}" for k in range(16))
        nb.cells.insert(3, nbformat.v4.new_code_cell(lines, id=f"more-code-{i}"))


def long_imports(nb):
    nb.cells[1].source = "\n".join(f"a{i} = {i}" for i in range(9))


def little_text(nb):
    nb.cells = [c for c in nb.cells if c.cell_type == "code" or nb.cells.index(c) % 6 == 0]


def no_title(nb):
    nb.cells[0].source = nb.cells[0].source.replace("# ", "", 1)


def no_aims(nb):
    nb.cells[0].source = nb.cells[0].source.replace("**Afterwards you can**", "You will")


def no_minutes(nb):
    nb.cells[0].source = nb.cells[0].source.replace("minutes", "pages")


def skipped_heading(nb):
    nb.cells[2].source = "#### Too deep\n"


def no_sources(nb):
    nb.cells.pop()


def open_hint(nb):
    nb.cells[-2].source = nb.cells[-2].source.replace("</details>", "", 1)


WALL = "A wall has no window. " * 20  # 100 words, and 80 more:
REST = "Nor has this one. " * 20


def wall_of_text(nb):
    nb.cells[2].source += f"\n\n{WALL}\n\n## A heading is no window\n\n{REST} Right?"


def wall_over_two_cells(nb):
    for i, text in enumerate((WALL, REST)):
        nb.cells.insert(3, nbformat.v4.new_markdown_cell(text, id=f"wall-{i}"))


def too_many_cells(nb):
    for i in range(60):
        nb.cells.insert(3, nbformat.v4.new_markdown_cell("text", id=f"more-{i}"))


def many_questions(nb):
    for n in range(4):
        ask = nbformat.v4.new_code_cell('quiz.ask("kernel-runs")', id=f"ask-{n}")
        nb.cells.insert(3, ask)


def too_large(nb):
    code_with(nb, "print(").outputs[0].text = "x" * 600_000


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (drop_outputs, "no output is stored"),
        (drop_count, "not executed from the top"),
        (store_error, "an error or a warning is stored"),
        (store_warning, "an error or a warning is stored"),
        (store_what_is_left_over, "is left over: print it, or name it"),
        (drop_alt, "a picture without alt text"),
        (store_widget, "a live widget is stored"),
        (empty_alt_in_text, "a picture without alt text"),
        (unknown_tag, "not in the closed list"),
        (ignore_without_reason, "needs its reason"),
        (random_id, "says nothing"),
        (long_cell, "lines of code, at most"),
        (much_code, "lines of code in all, at most 300"),
        (long_imports, "must be the imports"),
        (little_text, "with text"),
        (no_title, "title"),
        (no_aims, "Afterwards you can"),
        (no_minutes, "does not say minutes"),
        (skipped_heading, "right below level"),
        (no_sources, "the last sections must be"),
        (open_hint, "folded hints"),
        (wall_of_text, "words in a row, at most 120"),
        (wall_over_two_cells, "words in a row, at most 120"),
        (too_many_cells, "fewer than"),
        (many_questions, "4 questions in a row, at most 3"),
        (too_large, "kB, at most"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_broken_rule_is_noticed(lecture, change, sentence):
    assert sentence in lecture(change)


@pytest.mark.parametrize(
    "window",
    [
        "![a window](window.png)",
        "| one | row |",
        "It costs `n - k + 1` steps.",
        "It costs $n - k + 1$ steps.",
        "$$n - k + 1$$",
        "```python\nn - k + 1\n```",
        "How many steps does it cost?",
        "**Predict** the number of steps.",
    ],
)
def test_a_wall_may_have_a_window(lecture, window):
    def wall(nb):
        nb.cells[2].source = f"# Title `x`\n\n{WALL}\n\n{window}\n\n{REST} `x`"

    assert "in a row" not in lecture(wall)


def test_a_wall_may_be_folded_or_an_answer(lecture):
    def wall(nb):
        nb.cells[2].source += f"\n\n<details><summary>Hint</summary>{WALL}{REST}</details>"
        answer = nbformat.v4.new_markdown_cell(WALL + REST, id="answer")
        answer.metadata["nbgrader"] = {"solution": True}
        nb.cells.insert(3, answer)

    assert "in a row" not in lecture(wall)


def test_lines_of_code_are_those_that_a_reader_reads():
    sources = ["import numpy as np\nfrom course_utils import quiz\n\na = 1\n# why\nb = a  # so"]
    sources += ['quiz.ask("kernel-runs")', 'quiz.predict("kernel-runs")', 'quiz.record("00")']
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells.append(nbformat.v4.new_markdown_cell("```python\nc = 2\n```"))
    assert notebooks.code_lines(nbformat.v4.new_notebook(cells=cells)) == 3


@pytest.mark.parametrize("name", notebooks.MORE_CODE)
def test_only_who_needs_it_may_have_more_code(name):
    most, why = notebooks.MORE_CODE[name]
    (path,) = [path for path in LECTURES if path.stem == name]
    assert why
    assert notebooks.MAX_CODE < notebooks.code_lines(notebooks.read(path)) <= most


def test_a_task_that_promises_other_points_is_noticed(tmp_path):
    source = next(path for path in NOTEBOOKS if notebooks.kind_of(path) == "solution")
    path = tmp_path / "solutions" / source.name
    path.parent.mkdir()
    notebook = nbformat.read(source, as_version=4)
    task = next(c for c in notebook.cells if "points*" in c.source and c.id != "title")
    path.write_text(json.dumps(notebook))
    assert notebooks.problems(path) == []
    task.source = task.source.replace("points*", "00 points*").replace(" 00 points", "0 points")
    path.write_text(json.dumps(notebook))
    (told,) = notebooks.problems(path)
    assert f"{task.id}: promises" in told


def test_a_repeated_id_is_noticed(lecture):
    with pytest.raises(CourseError, match="is used twice"):
        lecture(repeated_id)


def test_a_released_assignment_must_be_clean(tmp_path):
    path = tmp_path / "assignments" / "a0" / "a0.ipynb"
    path.parent.mkdir(parents=True)
    cell = nbformat.v4.new_code_cell("### BEGIN SOLUTION", id="stub", execution_count=1)
    title = nbformat.v4.new_markdown_cell("# Title", id="title")
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[title, cell])))
    found = "\n".join(notebooks.problems(path))
    assert "carries no outputs" in found
    assert "a marker of a solution" in found


# Running and storing ------------------------------------------------------------------------


def small_lecture(tmp_path, source):
    path = tmp_path / "lectures" / "00_small.ipynb"
    path.parent.mkdir(exist_ok=True)
    cells = [
        nbformat.v4.new_markdown_cell("# Small", id="title"),
        nbformat.v4.new_code_cell(source, id="run-it"),
    ]
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
    return path


def test_a_failing_cell_is_named_and_nothing_is_stored(tmp_path):
    path = small_lecture(tmp_path, "1 / 0")
    before = path.read_bytes()
    with pytest.raises(CourseError, match=r"did not run, nothing was stored(.|\n)*1 / 0"):
        notebooks.execute(path)
    assert path.read_bytes() == before


def test_two_runs_store_the_same_bytes_and_no_widget(tmp_path):
    source = (
        "from course_utils import laboratory\nfrom IPython.display import display\n"
        "print('one')\ndisplay(laboratory.link('window', input=[[1]], kernel=[[1]]))"
    )
    path = small_lecture(tmp_path, source)
    stored = []
    for _ in range(2):
        with pytest.raises(CourseError, match="In short"):  # no lecture: the rules still speak
            notebooks.execute(path)
        stored.append(path.read_bytes())
    assert stored[0] == stored[1]
    assert notebooks.WIDGET.encode() not in stored[0]
    assert b"one" in stored[0]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "does not exist"), ("{broken", "is not a notebook"), ("\ufffd", "is not a notebook")],
)
def test_an_unreadable_notebook_gets_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "lectures" / "x.ipynb"
    path.parent.mkdir()
    if content is not None:
        path.write_text(content)
    with pytest.raises(CourseError, match=sentence):
        notebooks.read(path)


def test_a_notebook_without_ids_gets_a_sentence(tmp_path):
    path = tmp_path / "old.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("text")])
    notebook.nbformat_minor = 4
    del notebook.cells[0]["id"]
    path.write_text(nbformat.writes(notebook))
    with pytest.raises(CourseError, match="no cell ids"):
        notebooks.read(path)


def test_a_notebook_elsewhere_has_no_kind(tmp_path):
    with pytest.raises(CourseError, match="none of"):
        notebooks.kind_of(tmp_path / "x.ipynb")
