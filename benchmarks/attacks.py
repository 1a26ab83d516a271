"""What cheating gains: every attack of the corpus, and the harmless ones through plain nbgrader.

    python benchmarks/attacks.py

Plain nbgrader runs with its stock settings, on the same assignment. It runs students' code without
any sandbox, so the whole of it is put into one here, and only attacks that are marked harmless are
tried.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from course_utils.grading import run, sandbox
from course_utils.repository import ROOT

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import nbformat  # noqa: E402
from grading import target  # noqa: E402
from grading.classes import NAME, contents, make_course  # noqa: E402
from grading.hostile_class import ATTACKS, CLASSES, earned, kind, submit  # noqa: E402
from grading.tiny import environment  # noqa: E402

LIMITS = sandbox.Limits(cell_seconds=2, total_seconds=20, memory=512 << 20, disk=16 << 20)
STOCK = """
c = get_config()
c.CourseDirectory.course_id = "convnet"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
c.CourseDirectory.submitted_directory = "gradebook/submitted"
c.CourseDirectory.db_url = "sqlite:///gradebook/gradebook.db"
c.Exchange.root = "exchange"
c.Execute.timeout = 2
c.Execute.interrupt_on_timeout = True
"""


def gained(book: dict, name: str) -> float:
    """Points that an attack got and did not honestly earn."""
    if name not in book:
        return 0.0
    grades, fair = book[name]["grades"], earned(ATTACKS[name])
    return sum(max(0, (grades[cell][0] or 0) - points) for cell, points in fair.items())


def by_course_grade(folder: Path) -> dict:
    """All attacks, as the course grades them."""
    make_course(folder)
    for name, attack in ATTACKS.items():
        submit(attack, folder, name)
    run.grade(NAME, folder, limits=LIMITS)
    return contents(folder)


def by_plain_nbgrader(folder: Path) -> dict:
    """The harmless attacks, as nbgrader grades them as it comes."""
    (folder / "nbgrader_config.py").write_text(STOCK)
    path = folder / "solutions" / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    (folder / "gradebook").mkdir()
    nbformat.write(target.master(), path)
    nbgrader(folder, "generate_assignment", NAME)
    for name, attack in ATTACKS.items():
        if attack.HARMLESS:
            submit(attack, folder, name)
    nbgrader(folder, "autograde", NAME)
    return contents(folder)


def nbgrader(folder: Path, *arguments: str) -> None:
    """Run a command with everything read-only but the course's folder, and without network."""
    subprocess.run(
        ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
         "--bind", folder, folder, "--unshare-net", "--unshare-pid", "--unshare-ipc",
         "--die-with-parent", "--setenv", "HOME", folder, "--chdir", folder,
         sys.executable, "-m", "nbgrader", *arguments],
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=1800,
        check=False,
    )  # fmt: skip


def main() -> None:
    """Grade in both ways and print the table."""
    with tempfile.TemporaryDirectory(prefix="course-attacks-", dir=Path.home()) as scratch:
        folders = [Path(scratch, name) for name in ("plain", "course")]
        for folder in folders:
            folder.mkdir()
        plain = by_plain_nbgrader(folders[0])
        course = by_course_grade(folders[1])
    print(f"{'':<14}{'course grade':^24}{'plain nbgrader':^24}")
    print(f"{'class':<12}{'attacks':>10}{'gained marks':>14}{'attacks':>12}{'gained marks':>14}")
    total = Counter()
    for name in CLASSES:
        own = [attack for attack in ATTACKS if kind(attack) == name]
        harmless = [attack for attack in own if ATTACKS[attack].HARMLESS]
        row = {
            "all": len(own),
            "ours": sum(gained(course, attack) > 0 for attack in own),
            "tried": len(harmless),
            "theirs": sum(gained(plain, attack) > 0 for attack in harmless),
        }
        total.update(row)
        print(f"{name:<12}{row['all']:>10}{row['ours']:>14}{row['tried']:>12}{row['theirs']:>14}")
    print(
        f"{'together':<12}{total['all']:>10}{total['ours']:>14}"
        f"{total['tried']:>12}{total['theirs']:>14}"
    )


if __name__ == "__main__":
    main()
