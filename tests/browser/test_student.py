"""A student in JupyterLab: a lecture, an assignment, and handing it in, by mouse and keyboard."""

import getpass

import pytest
from playwright.sync_api import expect

from course_utils.grading.demo.recipes import PERFECT, fill_in
from course_utils.quiz import questions
from course_utils.repository import ROOT

pytestmark = pytest.mark.timeout(900)

A1 = "a1_convolution"
SIZE = """def conv_output_size(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    room = n + 2 * padding - dilation * (kernel_size - 1) - 1
    if min(n, kernel_size, stride, dilation) < 1 or padding < 0 or room < 0:
        raise ValueError("the kernel does not fit")
    if strict and room % stride:
        raise ValueError(f"{room % stride} pixels are left over")
    return room // stride"""


@pytest.fixture(scope="module")
def lecture(student):
    notebook = student.open("lectures/03_output_size.ipynb")
    notebook.run_all()
    return notebook


@pytest.fixture
def explorer(lecture):
    return lecture.cell("explorer")


def test_a_lecture_runs_without_an_error(lecture):
    expect(lecture.problems()).to_have_count(0)


def test_a_laboratory_answers_in_its_cell(explorer):
    """By keyboard; all output positions of a smaller stride are there at once."""
    size = "b => b.laboratory.arrays().output.length"
    box = explorer.locator(".laboratory")
    before = box.evaluate(size)
    box.get_by_role("slider", name="stride").press("ArrowLeft")
    assert box.evaluate(size) > before


@pytest.mark.parametrize("width", [1366, 1024])
def test_nothing_is_cut_off(lecture, explorer, width):
    """Neither a slider nor a picture or a question, in a narrow window too."""
    lecture.page.set_viewport_size({"width": width, "height": 900})
    explorer.scroll_into_view_if_needed()
    outputs = lecture.panel.locator(".jp-OutputArea-output, .jp-OutputArea-output .lm-Widget")
    too_wide = outputs.evaluate_all(
        "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML)"
    )
    assert outputs.count() >= sum(bool(cell.get("outputs")) for cell in lecture.cells)
    assert too_wide == []
    for track in explorer.get_by_role("slider").all():
        assert track.bounding_box()["width"] > 50


def test_a_question_explains_wrong_and_right_answers(lecture):
    question = questions()["stops-7-3-1"]
    asked = lecture.cell("stops-quiz").locator(f"#ask-{question.id}")
    field, said = asked.get_by_role("textbox"), asked.get_by_role("status")
    answers = {**question.wrong, "6": question.otherwise, question.answer: question.because}
    for answer, explanation in answers.items():
        field.fill(str(answer))
        asked.get_by_role("button", name="Check").click()
        expect(said).to_contain_text(explanation)


def test_committing_unfolds_the_answer_in_the_cell_below(student):
    notebook = student.open("lectures/00_start_here.ipynb")
    folded = notebook.cell("checks-message").locator(".jp-OutputPlaceholder")
    expect(folded).to_be_visible()
    for cell in ("imports", "predict-checks-wall"):
        notebook.run(cell)
    box = notebook.cell("predict-checks-wall").locator(".predict")
    box.get_by_role("textbox").fill("4.5")
    box.get_by_role("textbox").press("Enter")
    expect(box.get_by_role("status")).to_have_text("You said 4.5.")
    expect(folded).to_be_hidden()


def test_a_check_names_the_mistake_and_then_agrees(student):
    notebook = student.open(f"assignments/{A1}/{A1}.ipynb")
    notebook.run("imports")
    for ending, sign in [("", "✗"), (" + 1", "✓")]:
        notebook.write("conv_output_size", SIZE + ending)
        notebook.run("conv_output_size")
        said = notebook.run("check-output-size")
        assert said.startswith(f"{sign} conv_output_size, sizes")
        assert ("The + 1 is missing" in said) == (ending == "")
        expect(notebook.problems()).to_have_count(int(ending == ""))

    said = student.validate()
    assert '"sizes", "strict"' not in said
    assert "✗ pad2d: it is not written yet" in said


@pytest.fixture
def released(clone):
    for command in ("generate_assignment", "release_assignment"):
        clone.nbgrader(command, A1)


def test_the_assignment_list_fetches_validates_and_submits(student, released, exchange):
    listed = student.assignments()
    listed.get_by_role("button", name="Fetch", exact=True).click()
    listed.get_by_role("button", name=A1).click()

    path = student.folder / "convnet" / A1 / f"{A1}.ipynb"
    fill_in(path, PERFECT, ROOT / "solutions" / A1 / path.name)
    listed.get_by_role("link", name=A1).click()
    student.notebook(f"convnet/{A1}/{A1}.ipynb")
    assert "Success! Your notebook passes all the tests." in student.validate()

    listed = student.assignments()
    listed.get_by_role("button", name="Submit").click()
    expect(listed.locator("#submitted_assignments_list")).to_contain_text(A1)
    (arrived,) = (exchange / "convnet" / "inbound").glob(f"{getpass.getuser()}+{A1}+*/{A1}.ipynb")
    assert arrived.read_bytes() == path.read_bytes()
