"""What cheating gains: every attack of the corpus here, and the harmless ones in two other graders.

    python benchmarks/attacks.py                  # all three, a table
    python benchmarks/attacks.py --otter ~/otter  # with an environment that has otter-grader
    python benchmarks/attacks.py --pairs          # here alone: each beside honest work
    python benchmarks/attacks.py --store          # and keep the table, here and in the docs

Plain nbgrader runs with its stock settings, on the same assignment. Otter-grader comes from the
registry, into an environment of its own that is made here (`python -m venv`, `pip install
otter-grader`) unless one is named, which must not lie below /tmp. It is used as its manual says
where there is no Docker: `otter generate` packs the tests, and what `otter run` does grades each
notebook. The tests are the same, in its own format of functions that raise; what they import and
their helpers stand in the files of tests.

Both run students' code without any sandbox, so all of each is put into one here, and only attacks
that are marked harmless are tried. An attack has gained if it was really awarded points that it did
not earn. One that only aims at this grader's own machinery cannot be tried on another, and is not
counted there. Tests that contradict themselves give nobody an honest point, in any of the three.

In pairs, an attack and honest work are examined at the same time, and nothing else is.
"""

import argparse
import ast
import contextlib
import json
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from course_utils.grading import rebuild, run, sandbox, workers
from course_utils.repository import ROOT

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import nbformat  # noqa: E402
from grading import impossible, target  # noqa: E402
from grading.classes import NAME, contents, hand_in, make_course  # noqa: E402
from grading.hostile_class import (  # noqa: E402
    ATTACKS,
    CLASSES,
    earned,
    kind,
    master,
    passed_the_impossible,
    submit,
)
from grading.tiny import environment  # noqa: E402
from tqdm import tqdm  # noqa: E402

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
STORED = ROOT / "benchmarks" / "results" / "attacks.json"
PAGE = ROOT / "docs" / "grading.md"
HEADING, BEFORE = "### Compared with other graders", "### How good the checks are"
GRADERS = {"course": "`course grade`", "nbgrader": "plain nbgrader", "otter": "otter-grader"}
OWN = "course_utils.grading", "course_utils.probes"  # which a kernel elsewhere does not use
OTTER = "otter-grader", "ipykernel", "numpy"
OTTER_SECONDS = 40  # of the clock, for one notebook: it has no limit of its own
ONE_SECONDS = 300  # for one notebook that nbgrader is called for alone
OTTER_TEST = """

@test_case(points={points}, hidden=True)
def test_{name}({names}):
{body}
"""
# What grades in the sandbox: `otter run` from Python, so that it is imported once for all; and each
# notebook in a process of its own, since what that has written is unpickled.
OTTER_RUN = f"""import json, os, signal, sys, time
from otter.api import grade_submission
notebook, *names = sys.argv[1:]
for name in names:
    if (child := os.fork()) == 0:
        os.setsid()
        os.environ["TMPDIR"] = os.path.abspath(name)
        told = grade_submission(os.path.join(name, notebook), "tests.zip", quiet=True)
        points = {{r.name: r.score for r in told.results.values()}}
        with open(os.path.join(name, "points.json"), "w") as file:
            json.dump(points, file)
        os._exit(0)
    latest = time.monotonic() + {OTTER_SECONDS}
    while os.waitpid(child, os.WNOHANG)[0] == 0 and time.monotonic() < latest:
        time.sleep(0.05)
    try:
        os.killpg(child, signal.SIGKILL)
    except OSError:
        pass
"""
HONEST, BY_HAND = "honest", target.POINTS["essay"]
Points = dict[str, float]  # by the name of a test


def applies(attack: str) -> bool:
    """Whether an attack can be tried on another grader."""
    module = ATTACKS[attack]
    text = "".join(getattr(module, "CELLS", {}).values())
    return module.HARMLESS and not any(own in text for own in OWN)


def gained(points: Points, attack: str) -> float:
    """Points that an attack got and did not honestly earn."""
    fair = earned(ATTACKS[attack])
    return sum(max(0, points.get(test, 0) - fair[test]) for test in fair)


def _points(course: Path) -> dict[str, Points]:
    return {
        student: {name: grade[0] or 0 for name, grade in book["grades"].items()}
        for student, book in contents(course).items()
    }


def by_course_grade(folder: Path) -> dict[str, Points]:
    """All attacks, as the course grades them."""
    make_course(folder, master=master())
    for name, attack in ATTACKS.items():
        submit(attack, folder, name)
    run.grade(NAME, folder, limits=LIMITS)
    return _points(folder)


def in_pairs(folder: Path) -> dict:
    """How many pairs there were, which attacks gained, and beside which honest work lost points."""
    make_course(folder, master=master())
    hand_in(folder, HONEST, target.submission(target.RIGHT, master()))
    for name, attack in ATTACKS.items():
        submit(attack, folder, name)
    course = run.open_course(folder)
    task = run.read_task(course, NAME, LIMITS)
    found = {"pairs": len(ATTACKS), "gained": [], "lost": []}
    with workers.pool(2, None) as both:
        for name in tqdm(ATTACKS, unit="pair"):
            points = {
                submission.student: {
                    cell.name: cell.score or 0
                    for result in ({} if isinstance(outcome, str) else outcome).values()
                    for cell in result.cells
                }
                for submission, outcome in run.examined(both, course, task, [name, HONEST])
            }
            if gained(points[name], name):
                found["gained"].append(name)
            if sum(points[HONEST].values()) != sum(target.POINTS.values()) - BY_HAND:
                found["lost"].append(name)
    return found


def by_plain_nbgrader(folder: Path) -> dict[str, Points]:
    """Those that apply, as nbgrader grades them as it comes."""
    (folder / "nbgrader_config.py").write_text(STOCK)
    path = folder / "solutions" / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    (folder / "gradebook").mkdir()
    nbformat.write(master(), path)
    nbgrader(folder, "generate_assignment", NAME)
    for name in filter(applies, ATTACKS):
        submit(ATTACKS[name], folder, name)
    nbgrader(folder, "autograde", NAME)
    for name in filter(applies, ATTACKS):  # one that it cannot read ends it for all that follow
        if not (folder / "autograded" / name).exists():
            nbgrader(folder, "autograde", NAME, f"--student={name}", seconds=ONE_SECONDS)
    return _points(folder)


def nbgrader(folder: Path, *arguments: str, seconds: float = 900) -> None:
    """Run a command of nbgrader in the sandbox."""
    alone(folder, [sys.executable, "-m", "nbgrader", *arguments], environment(folder), seconds)


def alone(folder: Path, command: list, env: dict, seconds: float) -> None:
    """Run with everything read-only but one folder, and without network; what fails has failed."""
    box = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
           "--bind", folder, folder, "--unshare-net", "--unshare-pid", "--unshare-ipc",
           "--die-with-parent", "--setenv", "HOME", folder, "--chdir", folder]  # fmt: skip
    quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run([*box, *command], env=env, timeout=seconds, check=False, **quiet)


def otter_environment(place: Path) -> Path:
    """Make an environment with otter-grader, from the registry."""
    venv.create(place, with_pip=True)
    subprocess.run([place / "bin" / "pip", "install", "--quiet", *OTTER], check=True)
    return place


def otter_tests(folder: Path) -> None:
    """Write the tests of the target, each as a file of otter's."""
    head = [cell.source for cell in master().cells if rebuild.role(cell) == "given"]
    head = "\n\n".join(["OK_FORMAT = False", "from otter.test_files import test_case", *head])
    for cell in master().cells:
        if rebuild.role(cell) != "test":
            continue
        name, points = rebuild.grade_id(cell), cell.metadata.nbgrader.points
        parts = [(cell.source, points)]
        if name == "check-answers":  # whose last line is a score there
            parts = [("assert corners == 3", 1), ("assert squares == [1, 4, 9]", 2)]
        elif name == "check-impossible-answers":
            parts = [("assert both(corners, 3, 4)", 1),
                     ("assert both(squares, [1, 4, 9], [1, 2, 3])", 1)]  # fmt: skip
        text = f'{head}\n\nname = "{name}"\npoints = {points}\n'
        for number, (source, worth) in enumerate(parts):
            used = {n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)}
            names = ", ".join(sorted(used & {"scale", "count", "Model", "corners", "squares"}))
            body = "\n".join(f"    {line}" for line in source.splitlines())
            text += OTTER_TEST.format(points=worth, name=number, names=names, body=body)
        (folder / f"{name}.py").write_text(text)


def by_otter(folder: Path, place: Path) -> dict[str, Points]:
    """Those that apply, as otter-grader grades them; and honest work, which must earn all."""
    tests, found = folder / "tests", {}
    tests.mkdir()
    otter_tests(tests)
    env = {"PATH": f"{place / 'bin'}:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    env |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    python = place / "bin" / "python"
    generate = ["-m", "otter", "generate", "-t", tests, "-o", folder / "tests.zip"]
    alone(folder, [python, *generate], env, OTTER_SECONDS)
    honest = nbformat.writes(target.submission(target.RIGHT, master())).encode()
    names = ["honest", *filter(applies, ATTACKS)]
    for name in names:
        own = folder / name
        own.mkdir()
        notebook = own / f"{NAME}.ipynb"
        if name == "honest":
            notebook.write_bytes(honest)
        else:
            submit(ATTACKS[name], own, "x")
            (own / "gradebook/submitted/x" / NAME / f"{NAME}.ipynb").rename(notebook)
    alone(
        folder,
        [python, "-c", OTTER_RUN, f"{NAME}.ipynb", *names],
        env,
        len(names) * 2 * OTTER_SECONDS,
    )
    for name in names:
        with contextlib.suppress(OSError, ValueError):  # one without a result has no points
            found[name] = json.loads((folder / name / "points.json").read_text())
        found.setdefault(name, {})
    if (total := sum(found.pop("honest").values())) != 23:
        sys.exit(f"Otter-grader gives honest work {total} of 23 points: it is used wrongly.")
    return found


def version(place: Path) -> str:
    """Of otter-grader in an environment."""
    told = subprocess.run([place / "bin" / "pip", "show", "otter-grader"], capture_output=True,
                          text=True, check=True).stdout  # fmt: skip
    return next(line.split()[1] for line in told.splitlines() if line.startswith("Version"))


def summed(found: dict[str, dict[str, Points]]) -> dict:
    """What is kept: attacks tried, and those that gained, by grader and class of attacks."""
    graders = {}
    for grader, points in found.items():
        tried = {a: points[a] for a in ATTACKS if a in points}
        own = graders[grader] = {"tried": Counter(), "gained": Counter()}
        own["tried"].update(map(kind, tried))
        own["gained"].update(kind(a) for a in tried if gained(points[a], a))
        own["winners"] = sorted(a for a in tried if gained(points[a], a))
        padded = {a: {t: (p.get(t, 0),) for t in impossible.TESTS} for a, p in tried.items()}
        own["impossible"] = sorted(a for a, p in padded.items() if passed_the_impossible(p))
    return graders


def page_table(stored: dict) -> str:
    """The table of the guide: in how many of the attacks tried points were gained."""
    graders = stored["graders"]
    heads = [GRADERS[grader] for grader in graders]
    lines = [f"| attacks | {' | '.join(heads)} |", f"|---|{'--:|' * len(heads)}"]

    def row(words: str, counts: list[tuple[int, int]]) -> str:
        return f"| {words} | {' | '.join(f'{a} of {b}' if b else '–' for a, b in counts)} |"

    for name in CLASSES:
        counts = [(g["gained"].get(name, 0), g["tried"].get(name, 0)) for g in graders.values()]
        lines.append(row(name, counts))
    every = [(len(g["winners"]), sum(g["tried"].values())) for g in graders.values()]
    never = [(len(g["impossible"]), sum(g["tried"].values())) for g in graders.values()]
    lines += [row("all", every), row("passed a test that contradicts itself", never)]
    return "\n".join(lines)


def page_section(stored: dict) -> str:
    """What the guide says of the comparison."""
    return (
        f"{HEADING}\n\n`python benchmarks/attacks.py` tries the attacks on plain nbgrader and on "
        f"otter-grader {stored['otter-grader']}, too: the same tests, stock settings, all in one "
        "sandbox, and so only those that are harmless and do not aim at this grader's own parts. "
        "Counted are attacks that were awarded points which they did not earn, of those tried. "
        "Both of the others run the tests in the student's own process. What they do not finish "
        f"(a file that they cannot read, more than {OTTER_SECONDS} s in otter-grader or "
        f"{ONE_SECONDS} s in nbgrader) has gained nothing."
        f"\n\n{page_table(stored)}\n\n"
    ) + (f"{page_pairs(stored['pairs'])}\n\n" if "pairs" in stored else "")


def page_pairs(pairs: dict) -> str:
    """What the guide says of attacks beside honest work."""
    return (
        "In pairs, `python benchmarks/attacks.py --pairs`, each attack was examined at the same "
        f"time as honest work: of {pairs['pairs']} attacks {len(pairs['gained'])} gained points, "
        f"and honest work lost points beside {len(pairs['lost'])}."
    )


def store(new: dict) -> None:
    """Keep the results, here and in the guide."""
    STORED.write_text(json.dumps(new, indent=1) + "\n")
    page = PAGE.read_text(encoding="utf-8")
    before, _, after = page.partition(BEFORE)
    before, _, _ = before.partition(HEADING)
    PAGE.write_text(f"{before}{page_section(new)}{BEFORE}{after}", encoding="utf-8")


def main() -> None:
    """Grade in all ways and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--otter", type=Path, help="an environment that has otter-grader")
    parser.add_argument("--pairs", action="store_true", help="only here, beside honest work")
    parser.add_argument("--store", action="store_true", help="keep the table, here and in the docs")
    arguments = parser.parse_args()
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    if arguments.pairs:
        with tempfile.TemporaryDirectory(prefix="course-attacks-") as scratch:
            stored["pairs"] = in_pairs(Path(scratch))
        print(page_pairs(stored["pairs"]), stored["pairs"]["gained"], stored["pairs"]["lost"])
        if arguments.store:
            store(stored)
        return
    with tempfile.TemporaryDirectory(prefix="course-attacks-", dir=Path.home()) as scratch:
        folders = {name: Path(scratch, name) for name in GRADERS}
        for folder in folders.values():
            folder.mkdir()
        place = arguments.otter or otter_environment(Path(scratch, "environment"))
        found = {"course": by_course_grade(folders["course"])}
        with ThreadPoolExecutor() as both:  # either takes one submission after the other
            nbgraders = both.submit(by_plain_nbgrader, folders["nbgrader"])
            otters = both.submit(by_otter, folders["otter"], place.resolve())
        found |= {"nbgrader": nbgraders.result(), "otter": otters.result()}
        new = stored | {"otter-grader": version(place), "graders": summed(found)}
    for grader, own in new["graders"].items():
        print(f"{grader}: {', '.join(own['winners']) or 'nobody gains'}")
        print(f"  passed what contradicts itself: {', '.join(own['impossible']) or 'nobody'}")
    print(page_table(new))
    if arguments.store:
        store(new)


if __name__ == "__main__":
    main()
