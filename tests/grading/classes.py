"""A course around the target assignment, with submissions to grade, and what the gradebook says."""

import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from course_utils.repository import ROOT
from grading import target
from grading.tiny import nbgrader

NAME = target.NAME
RIGHT = target.submission(target.RIGHT)
WRONG = target.submission()
PARTLY = target.submission({**target.RIGHT, "answers": "corners = 3\nsquares = 0"})
RAISES = target.submission({**target.RIGHT, "count": "def count(n): return 1 / 0"})
ENDS = target.submission({**target.RIGHT, "count": "import os\nos._exit(1)"})
MIX = {"ada": RIGHT, "ben": WRONG, "cleo": PARTLY, "dan": RAISES, "eve": ENDS}
SCORES = {"ada": 23, "ben": 0, "cleo": 21, "dan": 18, "eve": 18}


def make_course(folder: Path, more: str = "", master: NotebookNode | None = None) -> Path:
    """A course whose gradebook knows the target assignment; `more` is added to its settings.

    `master` is the instructor's notebook, if it has more than the usual one.
    """
    config = (ROOT / "nbgrader_config.py").read_text()
    (folder / "nbgrader_config.py").write_text(config + more)
    path = folder / "solutions" / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(master or target.master(), path)
    nbgrader(folder, "generate_assignment", NAME)
    return folder


def copy_course(course: Path, folder: Path) -> Path:
    """Another course of the same kind, faster than making one."""
    return Path(shutil.copytree(course, folder))


def hand_in(course: Path, student: str, submission: object, name: str = f"{NAME}.ipynb") -> Path:
    """Put a notebook, or any bytes, where collecting would."""
    folder = course / "gradebook" / "submitted" / student / NAME
    folder.mkdir(parents=True, exist_ok=True)
    data = submission if isinstance(submission, bytes) else nbformat.writes(submission).encode()
    (folder / name).write_bytes(data)
    return folder


def contents(course: Path, db_url: str | None = None) -> dict:
    """All that the gradebook holds about submissions, in an order of its own."""
    url = db_url or f"sqlite:///{course / 'gradebook' / 'gradebook.db'}"
    found = {}
    with Gradebook(url, "convnet") as book:
        for submission in book.assignment_submissions(NAME):
            (notebook,) = submission.notebooks
            found[submission.student_id] = {
                "score": submission.score,
                "late": notebook.late_submission_penalty,
                "grades": {
                    g.name: (g.auto_score, g.manual_score, g.needs_manual_grade)
                    for g in sorted(notebook.grades, key=lambda g: g.name)
                },
                "comments": {c.name: c.auto_comment for c in notebook.comments},
            }
    return found
