"""Make assignments/ from solutions/: all or nothing, and nothing that students may not see."""

import ast
import itertools
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from course_utils.errors import CourseError
from course_utils.grading.blanks import without_values
from course_utils.grading.names import doubts, faults
from course_utils.repository import ROOT, known_assignments

PRIVATE = (("BEGIN SOLUTION", "END SOLUTION"), ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS"))
SHORTEST_SECRET = 15  # characters; shorter lines (`return out`, `)`) occur by chance


def release(
    names: Iterable[str] | None = None, root: Path = ROOT, check: bool = False
) -> list[Path]:
    """Generate the students' version of assignments with nbgrader, and put it into assignments/.

    Everything is generated and examined in a scratch folder first, and a failure leaves
    assignments/ as it was. The gradebook is not touched: `nbgrader generate_assignment` does that.

    Parameters
    ----------
    names
        Which ones; all by default, and then folders that no longer have a source are removed.
    root
        The repository.
    check
        Only compare.

    Returns
    -------
    list of Path
        The files that changed, relative to root; with `check`, those that would change.

    Raises
    ------
    CourseError
        For an unknown name, a notebook that cannot be read, code that is no Python, a test that
        cannot decide anything, a notebook that nbgrader rejects, and text of a solution or hidden
        test that would be released.
    """
    root, known = Path(root).resolve(), known_assignments(root)
    chosen = known if not names else list(dict.fromkeys(names))
    for name in chosen:
        if name not in known:
            raise CourseError(
                f"There is no assignment {name!r} in {root / 'solutions'}; "
                f"known are: {', '.join(known) or 'none'}."
            )
    for name in chosen:
        for path in sorted(Path(root, "solutions", name).glob("*.ipynb")):
            _examine_source(path)
    work = root / "gradebook"  # git ignores it, and it is on the disk of assignments/
    work.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="release-", dir=work) as scratch:
        made = _generate(chosen, root, Path(scratch))
        for name in chosen:
            _find_leaks(root / "solutions" / name, made / name)
        target = root / "assignments"
        gone = [] if names else [p.name for p in target.glob("*/") if p.name not in known]
        pairs = [(made / name, target / name) for name in [*chosen, *gone]]
        changed = sorted({target / file for pair in pairs for file in _differences(*pair)})
        if not check:
            _swap([pair for pair in pairs if list(_differences(*pair))], Path(scratch, "old"))
    return [path.relative_to(root) for path in changed]


def _examine_source(path: Path) -> None:
    """Refuse a notebook that nbgrader would fail on with a traceback, or release by mistake."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except (nbformat.reader.NotJSONError, UnicodeDecodeError, AttributeError, KeyError) as error:
        first_line = (str(error).splitlines() or [""])[0][:100]
        raise CourseError(f"{path} is not a notebook: {first_line}. Nothing was changed.") from None
    about = notebook.metadata
    told = about.get("kernelspec", {}).get("language") or about.get("language_info", {}).get("name")
    if told and not str(told).lower().startswith(("python", "ipython")):
        raise CourseError(
            f"{path} is a notebook of {told}: only Python can be graded. Nothing was changed."
        )
    for number, cell in enumerate(notebook.cells, 1):
        for begin, end in PRIVATE:
            if cell.source.count(begin) != cell.source.count(end):
                raise CourseError(
                    f"{path}, cell {_called(cell, number)}: {begin!r} and {end!r} do not come in "
                    "pairs. Nothing was changed."
                )
        if cell.cell_type != "code":
            continue
        try:
            code = TransformerManager().transform_cell(cell.source)  # %magic lines become calls
            compile(code, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as error:
            raise CourseError(
                f"{path}, cell {_called(cell, number)}, line {error.lineno}: {error.msg}. "
                "Nothing was changed."
            ) from None
    for cell, why in faults(notebook):
        raise CourseError(f"{path}, test {cell}: {why}. Nothing was changed.")


def _called(cell: NotebookNode, number: int) -> str:
    """What a cell is called; notebooks below format 4.5 have no ids."""
    about = cell.metadata.get("nbgrader", {})
    return about.get("grade_id") or cell.get("id") or f"number {number}"


def remarks(names: Iterable[str] | None = None, root: Path = ROOT) -> list[str]:
    """What may be meant in the sources of assignments, but is seldom wise; all by default."""
    found = []
    for name in names or known_assignments(root):
        for path in sorted(Path(root, "solutions", name).glob("*.ipynb")):
            found += [
                f"{path.relative_to(root)}, test {cell}: students can change `{free}`, which an "
                "unmarked cell defines. Mark that cell read-only."
                for cell, free in doubts(nbformat.read(path, as_version=4))
            ]
    return found


def _generate(names: list[str], root: Path, scratch: Path) -> Path:
    """Run nbgrader on copies in a scratch course; return its folder of assignments."""
    # Imported here: nbgrader takes a second, which an unknown name need not cost.
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    for name in names:
        hidden = shutil.ignore_patterns(".*", "__pycache__")  # what editors leave behind
        shutil.copytree(root / "solutions" / name, scratch / "solutions" / name, ignore=hidden)
    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    config.CourseDirectory.root = str(scratch)
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    api = NbGraderAPI(coursedir=CourseDirectory(config=config), config=config)
    for name in names:
        result = api.generate_assignment(name)
        if not result["success"]:
            said = re.findall(r"^\s*[\w.]*Error: (.+)$", result.get("log", ""), re.MULTILINE)
            why = said[0] if said else result["error"].strip().splitlines()[-1]
            raise CourseError(f"nbgrader cannot generate {name}: {why}. Nothing was changed.")
    for path in (scratch / "assignments").rglob("*.ipynb"):  # Windows ends its lines otherwise
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    return scratch / "assignments"


def _find_leaks(source: Path, released: Path) -> None:
    """Demand that no line from inside a private region of the source stands in the release.

    A line that public code has as well is no secret, nor is one that is short enough to occur by
    chance.
    """
    private, public = {}, set()
    for path in sorted(source.glob("*.ipynb")):
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells, 1):
            inside, outside = _split(cell)
            private |= {line.strip(): _called(cell, number) for line in inside}
            if cell.cell_type == "code":
                public |= {line.strip() for line in outside}
    secrets = [line for line in private if len(line) >= SHORTEST_SECRET and line not in public]
    for path in sorted(p for p in released.rglob("*") if p.is_file()):
        text = path.read_bytes().decode(errors="replace")
        text = "\n".join(_strings(json.loads(text))) if path.suffix == ".ipynb" else text
        for line in [*secrets, *itertools.chain(*PRIVATE)]:
            if line in text:
                where = f" of cell {private[line]}" if line in private else ""
                raise CourseError(
                    f"{source.name} would release {line!r}{where} in {path.name}, which belongs "
                    "to a solution or a hidden test. Nothing was changed."
                )


def _split(cell: NotebookNode) -> tuple[list[str], list[str]]:
    """Lines inside and outside the private regions of a cell.

    A solution cell without a region is private as a whole. Lines of a list of answers that are
    released as they are (its comments) are public.
    """
    inside, outside, region = [], [], None
    for line in cell.source.splitlines():
        if region is None and any(begin in line for begin, _ in PRIVATE):
            region = []
        elif region is not None and any(end in line for _, end in PRIVATE):
            released = (without_values("\n".join(region)) or "").splitlines()
            inside += [line for line in region if line not in released]
            outside += [line for line in region if line in released]
            region = None
        else:
            (outside if region is None else region).append(line)
    if cell.metadata.get("nbgrader", {}).get("solution") and not inside:
        return outside, []
    return inside, outside


def _strings(value: object) -> Iterator[str]:
    """Every text in a structure of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings([*value, *value.values()])
    elif isinstance(value, list):
        # A cell's source is a list of its lines: joined, so that a secret may span them.
        yield "".join(v for v in value if isinstance(v, str))
        for item in value:
            if not isinstance(item, str):
                yield from _strings(item)


def _differences(made: Path, target: Path) -> Iterator[Path]:
    """Files that are not the same in two folders, relative to the second one's parent."""
    names = {p.relative_to(top) for top in (made, target) for p in top.rglob("*") if p.is_file()}
    for name in sorted(names):
        if ".ipynb_checkpoints" in name.parts:
            continue
        one, other = made / name, target / name
        if not (one.is_file() and other.is_file() and one.read_bytes() == other.read_bytes()):
            yield Path(target.name, name)


def _swap(pairs: list[tuple[Path, Path]], old: Path) -> None:
    """Put each new folder in the place of the old one; on an error put all old ones back."""
    done = []
    try:
        for made, target in pairs:
            aside = old / target.name
            aside.parent.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(exist_ok=True)
            if target.exists():
                target.rename(aside)
            done.append((aside, target))
            if made.exists():
                made.rename(target)
    except OSError as error:
        for aside, target in reversed(done):
            shutil.rmtree(target, ignore_errors=True)
            if aside.exists():
                aside.rename(target)
        raise CourseError(f"assignments/ cannot be written: {error}. It is as before.") from None
