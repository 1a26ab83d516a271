"""Grading on other machines' workers, and into a gradebook on a real PostgreSQL server."""

import getpass
import os
import subprocess
import sys

import postgresql
import pytest

from course_utils.grading import run
from course_utils.repository import ROOT
from grading.classes import MIX, NAME, SCORES, contents, copy_course, hand_in, make_course
from grading.conftest import QUICK
from grading.tiny import nbgrader

pytestmark = pytest.mark.usefixtures("sandboxed")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def course(empty, tmp_path):
    course = copy_course(empty, tmp_path / "course")
    for student, submission in MIX.items():
        hand_in(course, student, submission)
    return course


@pytest.fixture
def scheduler(tmp_path_factory):
    """A scheduler and a worker that know nothing of the course's folder."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    code = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""
    script = elsewhere / "cluster.py"
    script.write_text(code)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield process.stdout.readline().strip()
    process.communicate()


def test_the_workers_of_a_cluster_need_no_shared_disk(course, scheduler):
    lines = run.grade(NAME, course, limits=QUICK, scheduler=scheduler)
    assert {line.student: line.score for line in lines} == SCORES
    assert {s: about["score"] for s, about in contents(course).items()} == SCORES


def test_a_worker_of_another_version_grades_nothing(course, monkeypatch):
    monkeypatch.setattr(run.course_utils, "__version__", "0.0.1")
    opened = run.open_course(course)
    task = run.read_task(opened, NAME, QUICK).of(opened, "ada")
    monkeypatch.undo()
    from course_utils.grading.workers import examine_all

    assert "not 0.0.1" in examine_all(*task)


@pytest.fixture
def database():
    """The address of a database on a server that this test starts and ends."""
    with postgresql.running() as server:
        yield server.database("grades", getpass.getuser())


def test_a_gradebook_on_postgresql(database, tmp_path):
    config = f"c.CourseDirectory.db_url = {database!r}\n"
    course = make_course(tmp_path, config)
    for student, submission in MIX.items():
        hand_in(course, student, submission)
    run.grade(NAME, course, limits=QUICK)
    assert {s: a["score"] for s, a in contents(course, database).items()} == SCORES
    assert not (course / "gradebook" / "gradebook.db").exists()
    again = run.grade(NAME, course, limits=QUICK)
    assert {line.status for line in again} == {"before"}
    nbgrader(course, "export")
    assert len((course / "gradebook/grades.csv").read_text().splitlines()) == 1 + len(MIX)
