"""A course in a scratch folder, driven by the commands that people type."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.grading.demo.recipes import Recipe, fill_in

COURSE_ID = "convnet"
MODULES = {"nbgrader": "nbgrader", "course": "course_utils.course.cli"}
TOGETHER = 2  # students who type at the same time: each command is one process of 150 MB


@dataclass(frozen=True)
class Course:
    """A copy of the course, and the commands of its instructor and students.

    Attributes
    ----------
    folder
        Where the copy stands.
    timeout
        Seconds that one cell may run.
    """

    folder: Path
    timeout: int

    def copy_from(self, root: Path, names: Sequence[str]) -> None:
        """Copy what a course needs: the configuration and the solutions."""
        shutil.copy(root / "nbgrader_config.py", self.folder)
        for name in names:
            shutil.copytree(root / "solutions" / name, self.folder / "solutions" / name)

    def nbgrader(self, *arguments: str) -> None:
        """Run a command of nbgrader as the instructor and say how long it took."""
        self._told("nbgrader", *arguments)

    def grade(self, assignment: str) -> None:
        """Grade what was collected, as the instructor."""
        self._told("course", "grade", assignment, "--timeout", str(self.timeout))

    def _told(self, *command: str) -> None:
        print(f"  {' '.join(command)}", end="", flush=True)
        began = time.perf_counter()
        self._run(*command)
        print(f"  ({time.perf_counter() - began:.1f} s)", flush=True)

    def as_student(self, command: str, assignment: str, student: str) -> None:
        """Run a command as a student, who has a folder and a cache of their own."""
        home = self.folder / "students" / student
        home.mkdir(parents=True, exist_ok=True)
        options = [f"--student={student}"] if command != "fetch_assignment" else []
        self._run(
            "nbgrader",
            command,
            assignment,
            *options,
            f"--Exchange.assignment_dir={home}",
            f"--Exchange.cache={home / 'cache'}",
        )

    def work_and_submit(self, assignment: str, recipes: Sequence[Recipe]) -> None:
        """Let every student fetch the assignment, work on it and hand it in."""
        print("  nbgrader fetch_assignment, edit, submit:", end="", flush=True)
        began = time.perf_counter()

        def work(recipe: Recipe) -> None:
            self.as_student("fetch_assignment", assignment, recipe.student)
            copies = self.folder / "students" / recipe.student / COURSE_ID / assignment
            for notebook in copies.glob("*.ipynb"):
                solution = self.folder / "solutions" / assignment / notebook.name
                fill_in(notebook, recipe, solution)
            self.as_student("submit", assignment, recipe.student)
            print(f" {recipe.student}", end="", flush=True)

        with ThreadPoolExecutor(TOGETHER) as pool:
            list(pool.map(work, recipes))
        print(f"  ({time.perf_counter() - began:.1f} s)", flush=True)

    def _run(self, program: str, command: str, *arguments: str) -> None:
        if command == "collect":  # here one person plays all students: owners say nothing
            arguments += ("--ExchangeCollect.check_owner=False",)
        ended = subprocess.run(
            [sys.executable, "-m", MODULES[program], command, *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if ended.returncode != 0:
            print(flush=True)
            last = "".join(ended.stdout.splitlines(keepends=True)[-15:])
            raise CourseError(
                f"'{' '.join([program, command, *arguments])}' failed. Its last words:\n{last}"
            )

    def _environment(self) -> dict[str, str]:
        """The user's own Jupyter settings and exchange must not play a part."""
        foreign = ("COURSE_EXCHANGE", "COURSE_GRADEBOOK", "MPLBACKEND")
        environment = {k: v for k, v in os.environ.items() if k not in foreign}
        paths = {
            "PATH": Path(sys.executable).parent,  # nbgrader calls alembic by its name
            "PYTHONPATH": Path(__file__).resolve().parents[3],
        }
        for name, path in paths.items():
            environment[name] = os.pathsep.join(filter(None, [str(path), environment.get(name)]))
        for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
            environment[name] = str(self.folder / ".settings")
        environment.setdefault("OMP_NUM_THREADS", "1")
        return environment
