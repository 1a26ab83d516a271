"""An instructor in formgrader: a round from release to feedback, with one student at a desk."""

import csv
import getpass
import re

import pytest
from playwright.sync_api import expect

from browser.lab import LATER
from course_utils.grading.demo.recipes import PERFECT, Recipe, fill_in
from course_utils.repository import ROOT

pytestmark = [pytest.mark.usefixtures("sandboxed"), pytest.mark.timeout(900)]

A1 = "a1_convolution"
WRITTEN = "They agree for kernels that half a turn leaves as they are."
COMMENT = "Two of three: when does it matter?"
STUDENT = Recipe("", PERFECT.story, cells={"written-answer": WRITTEN})


@pytest.fixture(scope="module")
def formgrader(instructor):
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
    """Fetched, solved and submitted by the student."""
    listed = student.assignments()
    listed.get_by_role("button", name="Fetch", exact=True).click()
    listed.get_by_role("button", name="Submit").wait_for()
    path = student.folder / "convnet" / A1 / f"{A1}.ipynb"
    fill_in(path, STUDENT, ROOT / "solutions" / A1 / path.name)
    listed.get_by_role("button", name="Submit").click()
    expect(listed.locator("#submitted_assignments_list")).to_contain_text(A1)


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
