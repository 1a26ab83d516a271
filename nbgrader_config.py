"""The course, for nbgrader: where things stand, and what closes nbgrader's known holes.

Every path is absolute and computed from where this file stands, so a copy of the folder is a
course of its own. The instructor's page (docs/instructor.md) says what each part is for.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:  # the plugins are found also where the package is not installed
    sys.path.insert(0, str(ROOT))  # the plugins of this copy, whatever is installed

try:
    from course_utils.grading import nbgrader_plugins as plugins
except ModuleNotFoundError as missing:
    if missing.name != "course_utils.grading":
        raise
    plugins = None  # a student's copy: it fetches, validates and submits, and cannot grade

GRADEBOOK = ROOT / "gradebook"  # all that grading leaves behind; one line in .gitignore
# On a machine that instructor and students share, all of them name the same folder here.
EXCHANGE = Path(os.environ.get("COURSE_EXCHANGE") or GRADEBOOK / "exchange")

if not GRADEBOOK.exists() and os.access(ROOT, os.W_OK):
    GRADEBOOK.mkdir(mode=0o700)  # formgrader keeps its database there before anything is released
if not EXCHANGE.exists() and EXCHANGE.is_relative_to(GRADEBOOK):
    # nbgrader wants the exchange writable for everybody; the folder around it keeps others out.
    EXCHANGE.mkdir(parents=True)
    EXCHANGE.chmod(0o777)
    GRADEBOOK.chmod(0o700)

c = get_config()  # noqa: F821 (nbgrader's loader provides it)

# Where things stand
c.CourseDirectory.course_id = "convnet"
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
c.CourseDirectory.submitted_directory = "gradebook/submitted"
c.CourseDirectory.autograded_directory = "gradebook/autograded"
c.CourseDirectory.feedback_directory = "gradebook/feedback"
c.CourseDirectory.solution_directory = "gradebook/solution"
c.CourseDirectory.source_with_tests_directory = "gradebook/source_with_tests"
# On a server's database, if its address is given.
c.CourseDirectory.db_url = (
    os.environ.get("COURSE_GRADEBOOK") or f"sqlite:///{GRADEBOOK}/gradebook.db"
)
c.Exchange.root = str(EXCHANGE)
c.Exchange.cache = str(GRADEBOOK / "cache")
# A student's copy is <repository>/convnet/<assignment>. JupyterLab's assignment list reads the
# configuration once more from inside assignment_dir, so that has to be the folder of this file.
c.Exchange.assignment_dir = str(ROOT)
c.Exchange.path_includes_course = True
c.CsvExportPlugin.to = str(GRADEBOOK / "grades.csv")

# `nbgrader validate`, which students run on their own notebook
c.Execute.skip_cells_with_tag = ""  # a test tagged skip-execution would count as passed
c.Execute.timeout = 60  # seconds for each cell
c.Execute.interrupt_on_timeout = True
c.Execute.startup_timeout = 120  # a busy machine starts a kernel slowly; never wait for ever

if plugins:
    # What students get
    c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError"}
    c.ClearSolutions.text_stub = "*Your answer here.*"
    c.GenerateAssignment.preprocessors = plugins.GENERATE

    # How submissions are graded (docs/grading.md): each in a sandbox, the tests outside of it
    c.Autograde.exporter_class = plugins.Examiner
    c.Autograde.sanitize_preprocessors = []
    c.Autograde.autograde_preprocessors = plugins.AUTOGRADE
    c.Examiner.cell_seconds = 60  # for each cell, and for all questions of one test
    c.Examiner.total_seconds = 900
    c.Examiner.memory = 2048  # megabytes
    c.ExchangeFactory.collect = plugins.Collect

    # Official results before the deadline, on a class's server: of one student for one assignment
    c.Official.quota = 3  # questions; 0 switches them off
    c.Official.days = 1  # within so many times 24 hours; 0: in all

    # What reaches a browser: the student's feedback, and the instructor's formgrader
    c.GenerateFeedback.preprocessors = plugins.FEEDBACK
    c.GenerateFeedback.force = True  # a mark that was corrected since reaches the student
    c.GenerateFeedback.exporter_class = plugins.FeedbackExporter
    c.HTMLExporter.sanitize_html = True
    c.HTMLExporter.filters = plugins.FILTERS
