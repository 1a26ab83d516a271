"""The `course` command: each subcommand is thin, what it does stands in the module it calls."""

import functools
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from course_utils.errors import CourseError
from course_utils.repository import ROOT

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def prepare(context: typer.Context) -> None:
    """Look after the convnet course: check the set-up, run notebooks, release, grade."""
    # nbgrader starts alembic by name, so it must be found where no environment is activated too.
    # The doctor looks at the search path as it is.
    if context.invoked_subcommand != "doctor":
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def _for_instructors() -> None:
    """Stop where the package is a student's copy, which `course bundle` has made."""
    if not Path(ROOT, "course_utils", "grading").is_dir():
        raise CourseError("this is a student's copy, which has no grading; ask for the repository")


@app.command()
def doctor() -> None:
    """Say what is installed, what is missing, and the command that mends it."""
    from course_utils.course import doctor as doctor_

    raise typer.Exit(doctor_.main())


@app.command()
def execute(
    notebooks: Annotated[list[Path], typer.Argument(help="Notebooks of lectures/ or solutions/.")],
) -> None:
    """Run notebooks from the top, store their outputs, and check their structure."""
    from course_utils.course import notebooks as notebooks_

    for path in notebooks:
        typer.echo(f"{path}: running …")
        typer.echo(f"{path}: {notebooks_.execute(path):.0f} s")


@app.command()
def release(
    assignments: Annotated[list[str] | None, typer.Argument(help="Names; all by default.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what would change.")] = False,
) -> None:
    """Make assignments/ from solutions/."""
    _for_instructors()
    from course_utils.course.release import release as release_
    from course_utils.course.release import remarks

    changed = release_(assignments, ROOT, check=check)
    for line in remarks(assignments, ROOT):
        typer.secho(line, fg="yellow", err=True)
    for path in changed:
        typer.echo(f"{'differs' if check else 'written'}: {path}")
    if not changed:
        typer.echo("assignments/ is up to date")
    raise typer.Exit(int(check and bool(changed)))


@app.command()
def demo(
    assignments: Annotated[
        list[str] | None, typer.Argument(help="Names; the first one by default.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All assignments, which takes long.")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the scratch course in this new folder.")
    ] = None,
    timeout: Annotated[int, typer.Option(min=1, help="Seconds that a cell may take.")] = 10,
) -> None:
    """Grade a sample class, from release to gradebook, in a scratch folder."""
    _for_instructors()
    from course_utils.grading.demo import run
    from course_utils.repository import known_assignments

    if every:
        assignments = known_assignments(ROOT)
    began = time.perf_counter()
    run(assignments=assignments, root=ROOT, keep=keep, timeout=timeout)
    typer.echo(f"The whole cycle took {time.perf_counter() - began:.0f} s.")


@app.command()
def grade(
    assignment: Annotated[str, typer.Argument(help="Its name, such as a1_convolution.")],
    only: Annotated[list[str] | None, typer.Option(help="Only this student; repeatable.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also what is graded and unchanged since.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="At the same time; all processors by default.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds for a cell, or for one test.")
    ] = None,
    memory: Annotated[int | None, typer.Option(help="Megabytes for a submission.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, tcp://HOST:8786.")
    ] = None,
    no_sandbox: Annotated[
        bool,
        typer.Option("--no-sandbox", help="DANGEROUS: students' code gets your own rights."),
    ] = False,
    cold: Annotated[
        bool, typer.Option("--cold", help="Start each kernel anew: slower, with equal grades.")
    ] = False,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Only say whose score would change, and why.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="With --what-if: record those, and no others.")
    ] = False,
) -> None:
    """Grade all submissions of an assignment; what is graded already is left as it is."""
    _for_instructors()
    from course_utils.grading import run
    from course_utils.grading.table import changed, table

    if no_sandbox:
        typer.secho(
            "NO SANDBOX: students' code runs with your rights on this machine. It can read and "
            "change the gradebook, other submissions and all your files.",
            fg="red",
            bold=True,
            err=True,
        )
    course = run.open_course(Path.cwd() if Path("nbgrader_config.py").exists() else ROOT)
    if not no_sandbox and scheduler is None:
        for line in run.warnings_about_the_sandbox():
            typer.secho(line, fg="yellow", err=True)
    limits = run.configured_limits(
        course,
        cell_seconds=timeout,
        memory=None if memory is None else memory << 20,
        sandbox=not no_sandbox,
        cold=cold or None,
    )
    if accept and not what_if:
        raise CourseError("--accept belongs to --what-if, which says what it would record.")
    if what_if:
        about = {"limits": limits, "only": only or (), "workers": workers, "scheduler": scheduler}
        typer.echo(changed(*run.what_if(assignment, course.root, accept=accept, **about), accept))
        return
    lines = run.grade(
        assignment,
        course.root,
        limits=limits,
        only=only or (),
        again=again,
        workers=workers,
        scheduler=scheduler,
    )
    typer.echo(table(lines))
    raise typer.Exit(int(any(line.status == "not graded" for line in lines)))


@app.command()
def report(
    assignment: Annotated[str, typer.Argument(help="Its name, such as a1_convolution.")],
    student: Annotated[
        str | None, typer.Option(help="A page for this student, without the names of others.")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Folder; gradebook/reports/ASSIGNMENT by default.")
    ] = None,
) -> None:
    """Write a page about a graded assignment: tasks, misconceptions by name, who needs a look."""
    _for_instructors()
    from course_utils.grading.report import write

    root = Path.cwd() if Path("nbgrader_config.py").exists() else ROOT
    typer.echo(f"written: {write(assignment, root, student=student, into=into)}")


@app.command()
def collect(
    assignment: Annotated[str, typer.Argument(help="Its name, such as a1_convolution.")],
    archive: Annotated[Path, typer.Argument(help="The zip of all submissions.")],
    sheet: Annotated[
        Path | None, typer.Option(help="Moodle's grading worksheet, or Canvas' gradebook, as CSV.")
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(help="CSV with student_id and columns as the LMS has them.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Of the worksheet, Europe/Berlin; this machine's by default.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also where what is collected may be newer.")
    ] = False,
) -> None:
    """Collect the submissions that Moodle or Canvas gives as an archive."""
    _for_instructors()
    from course_utils.grading import lms_collect
    from course_utils.grading.table import collected

    root = Path.cwd() if Path("nbgrader_config.py").exists() else ROOT
    about = {"sheet": sheet, "roster": roster, "zone": timezone, "replace": replace}
    done = lms_collect.collect(assignment, archive, root, **about)
    typer.echo(collected(done))
    raise typer.Exit(int(bool(done.left)))


@app.command("return")
def return_(
    assignment: Annotated[str, typer.Argument(help="Its name, such as a1_convolution.")],
    sheet: Annotated[
        Path, typer.Argument(help="Moodle's grading worksheet, or Canvas' gradebook, as CSV.")
    ],
    roster: Annotated[
        Path | None, typer.Option(help="As of `course collect`, for who did not come from there.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="The assignment of Canvas, by its name or number.")
    ] = None,
    scale: Annotated[
        bool, typer.Option("--scale", help="Convert points to the maximum of the LMS.")
    ] = False,
    into: Annotated[
        Path | None, typer.Option(help="Folder; gradebook/returned/ASSIGNMENT by default.")
    ] = None,
) -> None:
    """Fill grades into the table of Moodle or Canvas, and pack the feedback for it."""
    _for_instructors()
    from course_utils.grading import lms_return
    from course_utils.grading.table import returned

    root = Path.cwd() if Path("nbgrader_config.py").exists() else ROOT
    about = {"roster": roster, "column": column, "scale": scale, "into": into}
    done = lms_return.give_back(assignment, sheet, root, **about)
    typer.echo(returned(done))
    raise typer.Exit(int(bool(done.left)))


@app.command()
def official(
    assignment: Annotated[str, typer.Argument(help="Its name, such as a1_convolution.")] = "",
    last: Annotated[bool, typer.Option("--last", help="Only show the last answer.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="For instructors: examine what is asked.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="With --serve: at the same time.")] = 1,
) -> None:
    """Have the class's server grade what you would submit, before the deadline."""
    say = functools.partial(print, flush=True)
    if serve:
        _for_instructors()
        from course_utils.grading.official import serve as serve_

        root = Path.cwd() if Path("nbgrader_config.py").exists() else ROOT
        serve_(root, count=workers, say=say)
        return
    from course_utils import asking

    if not assignment:
        raise CourseError("Which assignment? For instance: course official a1_convolution")
    answer = asking.last(assignment) if last else asking.ask(assignment, say)
    typer.echo("\n".join(asking.lines(answer)))


@app.command()
def similar(
    assignment: Annotated[str, typer.Argument(help="Its name, such as a1_convolution.")],
    pairs: Annotated[int, typer.Option(min=1, help="So many are shown side by side.")] = 50,
    into: Annotated[
        Path | None, typer.Option(help="Folder; gradebook/similar/ASSIGNMENT by default.")
    ] = None,
) -> None:
    """Write a page of the submissions whose own code is most alike; it proves nothing by itself."""
    _for_instructors()
    from course_utils.grading.similar import write

    root = Path.cwd() if Path("nbgrader_config.py").exists() else ROOT
    page, said = write(assignment, root, into=into, shown=pairs)
    typer.echo(f"{said}\nwritten: {page}")


@app.command()
def update(
    assignment: Annotated[str, typer.Argument(help="Its name, such as a1_convolution.")],
    rename: Annotated[
        list[str] | None, typer.Option(help="A cell that got another name: OLD=NEW; repeatable.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Tell the gradebook of an assignment that was changed; marks by hand are kept."""
    _for_instructors()
    from course_utils.course.change import update as update_
    from course_utils.grading import run

    pairs = [pair.partition("=") for pair in rename or ()]
    if not all(old and new for old, _, new in pairs):
        raise CourseError("A new name is given as --rename OLD=NEW.")
    renamed = {old: new for old, _, new in pairs}
    root = run.open_course(Path.cwd() if Path("nbgrader_config.py").exists() else ROOT).root
    told = update_(assignment, root, renamed=renamed, check=True)
    for line in told or ["The gradebook knows it as it is: nothing changes."]:
        typer.echo(line)
    if told and (yes or typer.confirm("Change this?")):
        update_(assignment, root, renamed=renamed)
        typer.echo(f"Done. Now: course grade {assignment}")


@app.command()
def bundle(
    target: Annotated[Path, typer.Argument(help="The archive to write.")] = Path(
        "convnet-course.zip"
    ),
) -> None:
    """Pack the students' copy: lectures, assignments, set-up; no solution, no hidden test."""
    _for_instructors()
    from course_utils.course.bundle import bundle as bundle_

    names = bundle_(ROOT, target)
    typer.echo(f"{target}: {len(names)} files, {target.stat().st_size / 1e6:.1f} MB")


data = typer.Typer(invoke_without_command=True, add_completion=False)
app.add_typer(data, name="data")


@data.callback()
def list_data(context: typer.Context) -> None:
    """List the standard data sets and pretrained networks: what is here, how large, and where."""
    if context.invoked_subcommand is None:
        from course_utils.data import standard

        for line in standard.inventory():
            typer.echo(line)


@data.command()
def fetch(
    names: Annotated[list[str], typer.Argument(help="As `course data` lists them.")],
) -> None:
    """Download data sets or weights; what is here and undamaged is left as it is."""
    from course_utils.data import standard

    known = standard.STANDARD_SETS | standard.PRETRAINED
    for name in names:
        if name not in known:
            raise CourseError(f"nothing is called {name!r}, expected one of: {', '.join(known)}")
    for name in names:
        fetched = standard.fetch(name)
        typer.echo(f"{name}: {'fetched' if fetched else 'is here already'}")


def main() -> None:
    """Run the command; what the user can mend is told in a sentence, without traceback."""
    try:
        app()
    except CourseError as error:
        sys.exit(f"course: {error}")


if __name__ == "__main__":
    main()
