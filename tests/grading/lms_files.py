"""Archives and tables as Moodle and Canvas make them, and as nobody should."""

import csv
import functools
import io
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path

import nbformat

from course_utils.grading import record
from course_utils.repository import ROOT
from grading import target

NAME = target.NAME
FILE = f"{NAME}.ipynb"
WORK = nbformat.writes(target.submission(target.RIGHT)).encode()
OTHER = nbformat.writes(target.submission()).encode()
HEADER = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade",
          "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
          "Feedback comments"]  # fmt: skip
CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "T1 Warm-up (11)",
          "T2 Target (22)", "Final Score"]  # fmt: skip
WHEN = "Wednesday, 10 June 2026, 2:14 PM"


def make_course(folder: Path) -> Path:
    """A course with the target assignment, which no gradebook knows yet."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    path = folder / "solutions" / NAME / FILE
    path.parent.mkdir(parents=True)
    nbformat.write(target.master(), path)
    return folder


def archive(path: Path, files: dict[str, bytes], when: tuple = (2026, 6, 11, 8, 0, 0)) -> Path:
    """A zip of these files, downloaded at that time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(zipfile.ZipInfo(name, when), data, zipfile.ZIP_DEFLATED)
    return path


def change(path: Path, name: str, **about) -> None:
    """Let the archive say something else of one of its files, or of a new one."""
    with zipfile.ZipFile(path, "a") as made:
        info = zipfile.ZipInfo(name, (2026, 6, 11, 8, 0, 0))
        if about.pop("link", False):
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(info, b"../../nbgrader_config.py")
        for key, value in about.items():
            setattr(made.filelist[-1], key, value)


def moodle(name: str, number: int, file: str = FILE) -> str:
    """As Moodle calls a file in a download."""
    return f"{name}_{number}_assignsubmission_file_/{file}"


def worksheet(path: Path, rows: list[tuple], most: str = "23.00", bom: bool = True) -> Path:
    """Moodle's grading worksheet; of each row number, name, address, status, grade and time."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write(HEADER)
    for number, name, address, status, grade, when in rows:
        write([f"Participant {number}", name, address, status, grade, most, "Yes", when, "-", ""])
    path.write_bytes(text.getvalue().encode("utf-8-sig" if bom else "utf-8"))
    return path


def gradebook_of_canvas(path: Path, rows: list[tuple], most: str = "23.00") -> Path:
    """What Canvas exports; of each row name, number, SIS id and the grade of the assignment."""
    lines = [CANVAS, ["", "", "", "", "", "Manual Posting", "", ""],
             ["    Points Possible", "", "", "", "", "5.00", most, "(read only)"]]  # fmt: skip
    lines += [[name, number, sis, f"{sis}@x.edu", "A", "4.00", grade, "80.00"]
              for name, number, sis, grade in rows]  # fmt: skip
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    return path


@functools.cache
def _empty_gradebook() -> bytes:
    """One that knows the assignment: making it takes far longer than filling it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "gradebook.db")
        with record.open_gradebook(f"sqlite:///{path}", "convnet") as book:
            book.add_assignment(NAME)
            book.add_notebook(NAME, NAME)
            for cell, points in (("code", 20), ("essay", 3)):
                book.add_grade_cell(cell, NAME, NAME, max_score=points, cell_type="code")
        return path.read_bytes()


def grade(
    course: Path, scores: dict[str, tuple], penalties: dict[str, float] | None = None
) -> None:
    """Put scores into the gradebook: by machine of 20, and by hand of 3, None where it waits."""
    (course / "gradebook").mkdir(exist_ok=True)
    path = course / "gradebook/gradebook.db"
    path.write_bytes(_empty_gradebook())
    with record.open_gradebook(f"sqlite:///{path}", "convnet") as book:
        for student, (machine, by_hand) in scores.items():
            book.add_student(student)
            submission = book.add_submission(NAME, student)
            for cell, points in (("code", machine), ("essay", by_hand)):
                one = book.find_grade(cell, NAME, NAME, student)
                one.auto_score, one.manual_score = (
                    (points, None) if cell == "code" else (None, points)
                )
                one.needs_manual_grade = points is None
            submission.notebooks[0].late_submission_penalty = (penalties or {}).get(student)
            page = course / "gradebook/feedback" / student / NAME / f"{NAME}.html"
            page.parent.mkdir(parents=True)
            page.write_text(f"<p>{student}")
        book.db.commit()
