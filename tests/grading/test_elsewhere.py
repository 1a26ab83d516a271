"""Grading on other machines' workers, and into a gradebook on a real PostgreSQL server."""

import contextlib
import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from course_utils.grading import run
from course_utils.release import ROOT
from grading.classes import MIX, NAME, SCORES, contents, hand_in, make_course
from grading.conftest import QUICK
from grading.tiny import nbgrader

pytestmark = pytest.mark.usefixtures("sandboxed")


@pytest.fixture
def course(tmp_path):
    course = make_course(tmp_path)
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
    task = run._task(run.open_course(course), NAME, "ada", {}, QUICK)
    monkeypatch.undo()
    from course_utils.grading.workers import examine_all

    assert "not 0.0.1" in examine_all(*task)


def _server_programs():
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((p for p in places if (p / "initdb").exists()), None)


@pytest.fixture
def postgresql():
    """The address of a database on a server that this test starts and ends."""
    programs = _server_programs()
    if programs is None:
        why = "no PostgreSQL server is installed: sudo apt install postgresql"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    folder = Path(tempfile.mkdtemp(prefix="course-postgresql-", dir="/tmp"))
    user = getpass.getuser()
    other = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        user, other = "postgres", {"user": "postgres", "group": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres", "postgres")

    def call(program, *arguments):
        subprocess.run(
            [programs / program, *arguments],
            cwd=folder,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **other,
        )

    data = str(folder / "data")
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        call("initdb", "--auth=trust", "--no-sync", "-D", data)
        options = f"-c listen_addresses='' -k {folder} -F"
        call("pg_ctl", "start", "-w", "-D", data, "-o", options, "-l", str(folder / "log"))
        stack.callback(call, "pg_ctl", "stop", "-m", "immediate", "-D", data)
        call("createdb", "-h", str(folder), "grades")
        yield f"postgresql+psycopg://{user}@/grades?host={folder}"


def test_a_gradebook_on_postgresql(postgresql, tmp_path):
    config = f"c.CourseDirectory.db_url = {postgresql!r}\n"
    course = make_course(tmp_path, config)
    for student, submission in MIX.items():
        hand_in(course, student, submission)
    run.grade(NAME, course, limits=QUICK)
    assert {s: a["score"] for s, a in contents(course, postgresql).items()} == SCORES
    assert not (course / "gradebook" / "gradebook.db").exists()
    again = run.grade(NAME, course, limits=QUICK)
    assert {line.status for line in again} == {"before"}
    nbgrader(course, "export")
    assert len((course / "gradebook/grades.csv").read_text().splitlines()) == 1 + len(MIX)
