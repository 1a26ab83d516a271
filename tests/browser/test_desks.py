"""A student and an instructor in JupyterLab, by mouse and keyboard.

The student reads a lecture as it is stored, runs some of it (every cell is run by `make test`) and
works on an assignment; then both go through a round in formgrader, from release to feedback.
"""

import csv
import getpass
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from browser.lab import LATER
from course_utils.grading.demo.recipes import PERFECT, Recipe, fill_in
from course_utils.quiz import questions
from course_utils.repository import ROOT

pytestmark = pytest.mark.timeout(900)

LECTURE = "lectures/03_output_size.ipynb"
LABORATORIES = 3
TIED = "tied = laboratory.link('window', input=[[1, 2, 0], [3, 1, 2]], kernel=[[1, -1]])\ntied"
A1 = "a1_convolution"
WRITTEN = "They agree for kernels that half a turn leaves as they are."
COMMENT = "Two of three: when does it matter?"
STUDENT = Recipe("", PERFECT.story, cells={"written-answer": WRITTEN})
SIZE = """def conv_output_size(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    room = n + 2 * padding - dilation * (kernel_size - 1) - 1
    if min(n, kernel_size, stride, dilation) < 1 or padding < 0 or room < 0:
        raise ValueError("the kernel does not fit")
    if strict and room % stride:
        raise ValueError(f"{room % stride} pixels are left over")
    return room // stride"""


# A lecture --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stored(student):
    """Opened, and nothing of it run. Whoever wrote it is unknown, so no script of it runs."""
    return student.open(LECTURE)


def test_a_lecture_that_nobody_trusts_shows_pictures(stored):
    picture = stored.cell("explorer").get_by_role("img", name="A kernel at one output position")
    expect(picture).to_be_visible()
    expect(stored.panel.locator(".lab")).to_have_count(0)


def test_what_was_only_opened_is_not_changed(stored):
    expect(stored.page.locator(".jp-DirListing-item.jp-mod-running")).to_be_visible()
    expect(stored.page.locator(".jp-mod-dirty")).to_have_count(0)


def test_nobody_is_asked_about_news(stored):
    """As soon as JupyterLab knows what is set, it would pop up over the page."""
    expect(stored.page.locator(".Toastify__toast, .jp-Dialog")).to_have_count(0)
    expect(stored.page.get_by_text("Jupyter news")).to_have_count(0)


def test_a_student_is_not_asked_to_create_an_assignment(student):
    assert student.page.get_by_role("tab", name="Property Inspector").is_visible()
    assert student.page.get_by_role("tab", name="Create Assignment").count() == 0


@pytest.fixture(scope="module")
def lecture(student, student_desk, stored):
    """Trusted and loaded again."""
    subprocess.run(
        [sys.executable, "-m", "jupyter", "trust", student.folder / LECTURE],
        env=student_desk.environment,
        check=True,
        capture_output=True,
    )
    student.page.reload()
    notebook = student.notebook(LECTURE)
    expect(notebook.panel.locator(".lab")).to_have_count(LABORATORIES)
    return notebook


def output_size(box):
    return box.evaluate("b => b.laboratory.arrays().output.length")


def test_once_trusted_it_lives_without_a_kernel(lecture):
    box = lecture.cell("explorer").locator(".laboratory")
    expect(box.locator("img.still")).to_be_hidden()
    before = output_size(box)
    box.get_by_role("slider", name="padding").press("ArrowRight")
    assert output_size(box) > before


@pytest.mark.parametrize("width", [1366, 1024])
def test_nothing_is_cut_off(lecture, width):
    """Neither a slider nor a picture or a question, in a narrow window too."""
    lecture.page.set_viewport_size({"width": width, "height": 900})
    lecture.cell("explorer").scroll_into_view_if_needed()
    outputs = lecture.panel.locator(".jp-OutputArea-output, .jp-OutputArea-output .lm-Widget")
    too_wide = outputs.evaluate_all(
        "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML)"
    )
    folded = [c.metadata.get("jupyter", {}).get("outputs_hidden") for c in lecture.cells]
    shown = [c for c, is_folded in zip(lecture.cells, folded, strict=True) if not is_folded]
    assert outputs.count() >= sum(bool(cell.get("outputs")) for cell in shown)
    assert too_wide == []
    for track in lecture.cell("explorer").get_by_role("slider").all():
        assert track.bounding_box()["width"] > 50


@pytest.fixture(scope="module")
def begun(lecture):
    """Its imports run."""
    lecture.run("imports")
    return lecture


def test_a_laboratory_answers_in_the_cell_that_showed_it(begun):
    """By keyboard; all output positions of a smaller stride are there at once."""
    begun.run("explorer")
    box = begun.cell("explorer").locator(".laboratory")
    expect(box.locator(".lab")).to_have_count(1)
    before = output_size(box)
    box.get_by_role("slider", name="stride").press("ArrowLeft")
    assert output_size(box) > before
    expect(begun.problems()).to_have_count(0)


def test_a_question_explains_wrong_and_right_answers(begun):
    begun.run("stops-quiz")
    question = questions()["stops-7-3-1"]
    asked = begun.cell("stops-quiz").locator(f"#ask-{question.id}")
    field, said = asked.get_by_role("textbox"), asked.get_by_role("status")
    answers = {**question.wrong, "6": question.otherwise, question.answer: question.because}
    for answer, explanation in answers.items():
        field.fill(str(answer))
        asked.get_by_role("button", name="Check").click()
        expect(said).to_contain_text(explanation)
    expect(begun.problems()).to_have_count(0)


def test_committing_unfolds_the_answer_in_the_cell_below(begun):
    folded = begun.cell("blind").locator(".jp-OutputPlaceholder")
    expect(folded).to_be_visible()
    begun.run("predict-blind-unread")
    box = begun.cell("predict-blind-unread").locator(".predict")
    box.get_by_role("textbox").fill("12.5")
    box.get_by_role("textbox").press("Enter")
    expect(box.get_by_role("status")).to_have_text("You said 12.5.")
    expect(folded).to_be_hidden()
    begun.run("blind")
    expect(begun.cell("blind").get_by_role("img")).to_be_visible()
    expect(begun.problems()).to_have_count(0)


def test_python_reads_and_sets_what_a_laboratory_shows(begun):
    """Typed over two cells of the lecture."""
    begun.write("settings-table", TIED)
    begun.run("settings-table")
    box = begun.cell("settings-table").locator(".lab")
    number = box.get_by_role("grid", name="kernel").locator(".cell").first
    number.click()
    begun.page.keyboard.type("7")
    begun.page.keyboard.press("Enter")
    expect(number).to_have_text("7")
    begun.write("transposed-ambiguous", "print(tied.read('kernel').tolist())")
    assert "[[7, -1]]" in begun.run("transposed-ambiguous")
    begun.write("transposed-ambiguous", "tied.write(kernel=[[0, 4]], stride=2)")
    begun.run("transposed-ambiguous")
    expect(number).to_have_text("0")
    expect(box.get_by_role("slider", name="stride")).to_have_value("2")
    begun.write("transposed-ambiguous", "print(tied.read('kernel').tolist())")
    assert "[[0, 4]]" in begun.run("transposed-ambiguous")
    expect(begun.problems()).to_have_count(0)


# An assignment ----------------------------------------------------------------------------------


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


# A round, from release to feedback --------------------------------------------------------------


@pytest.fixture(scope="module")
def formgrader(sandboxed, instructor):
    return instructor.formgrader()


@pytest.fixture(scope="module")
def released(formgrader):
    """Generated and released by two clicks."""
    said = click(formgrader, "assign", A1)
    assert f"Successfully created the student version of '{A1}'" in said
    assert f"Successfully released '{A1}'" in click(formgrader, "release", A1)
    expect(row(formgrader, A1).locator(".status")).to_have_text("released")


@pytest.fixture(scope="module")
def submitted(student, released):
    """Fetched, solved, found right and submitted by the student; the file that was."""
    listed = student.assignments()
    listed.get_by_role("button", name="Fetch", exact=True).click()
    listed.get_by_role("button", name=A1).click()
    path = student.folder / "convnet" / A1 / f"{A1}.ipynb"
    fill_in(path, STUDENT, ROOT / "solutions" / A1 / path.name)
    listed.get_by_role("link", name=A1).click()
    student.notebook(f"convnet/{A1}/{A1}.ipynb")
    assert "Success! Your notebook passes all the tests." in student.validate()
    listed = student.assignments()
    listed.get_by_role("button", name="Submit").click()
    expect(listed.locator("#submitted_assignments_list")).to_contain_text(A1)
    return path


@pytest.fixture(scope="module")
def graded(formgrader, submitted):
    """Collected, and graded by the examiner."""
    assert f"Successfully collected submissions of '{A1}'" in click(formgrader, "collect", A1)
    row(formgrader, A1).locator(".num-submissions").get_by_role("link", name="1").click()
    assert "Successfully autograded" in click(formgrader, "autograde", getpass.getuser())


@pytest.fixture(scope="module")
def marked(instructor, formgrader, graded):
    """The written answer read, marked and commented on."""
    formgrader.get_by_role("link", name="Manual Grading").click()
    for trail in (["Manual Grading"], ["Manual Grading", A1]):
        expect(formgrader.locator(".breadcrumb li")).to_have_text(trail)
        row(formgrader, A1).get_by_role("link", name=A1).click()
    formgrader.get_by_role("link", name="Submission #1").click()
    answer = formgrader.locator(".nbgrader_cell").filter(has_text=WRITTEN)
    mark, comment = answer.locator("#written-answer"), answer.locator("#written-answer-comment")
    # The page saves nothing before it has fetched what is saved, which is when it decorates these.
    expect(mark).to_contain_class("needs_manual_grade")
    expect(comment).to_have_attribute("placeholder", re.compile("Type any comments"))
    save(instructor, "/api/grade/", mark, "2")
    save(instructor, "/api/comment/", comment, COMMENT)


@pytest.fixture(scope="module")
def returned(formgrader, marked):
    """Feedback generated and released."""
    open_submissions(formgrader)
    said = click(formgrader, "generate-feedback", getpass.getuser())
    assert "Successfully generated feedback" in said
    said = click(formgrader, "release-feedback", getpass.getuser())
    assert "Successfully released feedback" in said


def test_formgrader_generates_and_releases(released, clone, exchange):
    made = clone.folder / "assignments" / A1 / f"{A1}.ipynb"
    assert made.read_bytes() == (ROOT / "assignments" / A1 / made.name).read_bytes()
    assert (exchange / "convnet" / "outbound" / A1 / made.name).read_bytes() == made.read_bytes()


def test_what_the_student_submits_arrives(submitted, exchange):
    (arrived,) = (exchange / "convnet" / "inbound").glob(f"{getpass.getuser()}+{A1}+*/{A1}.ipynb")
    assert arrived.read_bytes() == submitted.read_bytes()


def test_autograde_gives_what_the_examiner_finds(formgrader, graded):
    submission = row(formgrader, getpass.getuser())
    expect(submission.locator(".status")).to_have_text("needs manual grading")
    expect(submission.locator(".score")).to_have_text("97 / 100")


def test_marks_by_hand_are_added(formgrader, marked):
    open_submissions(formgrader)
    submission = row(formgrader, getpass.getuser())
    expect(submission.locator(".status")).to_have_text("graded")
    expect(submission.locator(".score")).to_have_text("99 / 100")


def test_the_export_has_the_marks(marked, clone):
    """By its command: formgrader has no button for it."""
    clone.nbgrader("export")
    with (clone.folder / "gradebook" / "grades.csv").open() as file:
        (line,) = csv.DictReader(file)
    assert (line["student_id"], float(line["score"])) == (getpass.getuser(), 99)


def test_the_student_reads_the_feedback(student, returned):
    listed = student.assignments()
    listed.get_by_role("button", name="Fetch Feedback").click()
    listed.get_by_text("(view feedback)").click()  # shows the folder in the file browser
    student.file(f"{A1}.html").dblclick()
    page = student.page.frame_locator(".jp-HTMLViewer iframe")
    expect(page.get_by_text("Score: 99.0 / 100.0")).to_be_visible()
    expect(page.get_by_text(COMMENT)).to_be_visible()


def row(formgrader, name):
    """The line of a table that begins with a name."""
    return formgrader.get_by_role("row").filter(
        has=formgrader.get_by_role("gridcell", name=name, exact=True)
    )


def click(formgrader, action, name):
    """Click an icon of a line and what the dialog then says."""
    row(formgrader, name).locator(f".{action}").get_by_role("link").click()
    dialog = formgrader.get_by_role("dialog")
    dialog.wait_for(timeout=LATER)
    said = dialog.inner_text()
    dialog.get_by_role("button", name="OK").click()
    dialog.wait_for(state="detached")
    return said


def open_submissions(formgrader):
    """The table of who has submitted."""
    if formgrader.get_by_role("heading", name="Manage Submissions").is_visible():
        return
    formgrader.get_by_role("link", name="Manual Grading").click()
    formgrader.get_by_role("link", name="Manage Assignments").click()
    row(formgrader, A1).locator(".num-submissions").get_by_role("link", name="1").click()


def save(instructor, address, field, value):
    """Type into a field and leave it, which saves it."""
    with instructor.page.expect_response(lambda response: address in response.url) as saved:
        field.fill(value)
        field.blur()
    assert saved.value.ok
