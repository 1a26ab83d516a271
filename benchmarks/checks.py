"""How good the checks are: wrong versions of every solution, made by rule, asked by its own check.

    python benchmarks/checks.py                          # all, a table, and the survivors in full
    python benchmarks/checks.py --function pad2d im2col  # only these
    python benchmarks/checks.py --sample 100 --seed 0    # and messages, for a person to judge
    python benchmarks/checks.py --list no-cause          # and all that are not told a cause
    python benchmarks/checks.py --cold --every 12        # how long it takes to find a cause
    python benchmarks/checks.py --store                  # and keep the table, here and in the docs

A mutant (`mutants.py`) is rejected if a test of its function fails, visibly or with the seed of the
hidden test; one of a helper also if a test of another function fails that uses it. What counts as
its message is the first one: what a student reads first. It is told a *cause* where that message
says what is wrong, not only what differs: the sentence of a suspect or a hint, or a headline in
words, such as which argument is changed, or which call was to be refused. An error that is only
quoted and a difference of numbers, shapes or types are none. A sentence is not judged here: whether
it is true is read from a sample.

Each mutant runs in a process of its own, with a limit of processor time; who hangs is rejected.
What suspects and oracles answer is asked once for all of them; `--cold` asks anew for each, as a
student's kernel does, so that the seconds are a student's.
Survivors that are right all the same, or harmless, are explained in survivors.toml. Networks that a
student trains are left out: their test counts right answers, and takes minutes. So are parts of
experiments, which are judged with networks of the notebook.
"""

import os

if __name__ == "__main__":
    for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[_name] = "1"
    os.environ.setdefault("MPLBACKEND", "Agg")

import argparse
import ast
import collections
import contextlib
import json
import linecache
import multiprocessing
import random
import re
import resource
import select
import signal
import sys
import time
import tomllib
import types
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from graders.remembered import remembered  # noqa: E402

from benchmarks.mutants import mutants  # noqa: E402
from course_utils.checks.engine import Check, CheckFailed  # noqa: E402
from course_utils.checks.say import explanations  # noqa: E402
from course_utils.repository import known_assignments  # noqa: E402

STORED = ROOT / "benchmarks" / "results" / "checks.json"
EXPLAINED = ROOT / "benchmarks" / "survivors.toml"
PAGE = ROOT / "docs" / "grading.md"
WORKERS = 2
CPU_SECONDS = 20  # of one mutant; a right one needs less than two
WALL_SECONDS = 120  # where it sleeps
MEMORY = 3 * 2**30  # more than the right one
CAUSES = "sentence", "headline"  # the kinds that count as a cause
EXPERIMENT = "verdict."  # module of checks that judge one, with data and networks of the notebook
ENOUGH = 40  # mutants of a function

# Headlines of a message, behind the names of check, part and result, that only show a difference.
PLAIN = re.compile(
    r"it (returned (?!None)|has \d+ parts|is (an? \w+, but|-?[\d.]+(e[-+]?\d+)?(, but|$)|NaN|\W))"
    r"|it is [\w.]+(\(|(, [\w.]+)*$)|the result (has|holds) |\d+ of \d+ values differ"
    r"|\w+ is not the slope of your own forward|your (\w+) (gives shape|returned (?!None))"
    r"|the [\w ]+ (is|returned) an? \w+, but"
)
BEHIND = re.compile(
    r"✗ \w+, (?P<part>[^:]*): ((?!it |this call |expected )[^:`(]{1,60}: )*(?P<text>.*)"
)
# A sentence that says where a result is wrong, and in which cases, and not why.
PLACE = re.compile(
    r"(In this case: )?([^:.]{1,60}: )?(Only |The result has |It is (right|wrong) "
    r"(where|only|up)|Of each "
    r"entry|Pixels at|Values that|Wrong are|It is right wherever)"
)
ERROR = re.compile(r"(expected ValueError with a sentence, but )?it raised (?P<kind>\w+)")


@dataclass
class Graded:
    """A function or class that a test asks for, with its helpers, and how it is asked.

    Attributes
    ----------
    assignment, name
        Of the function.
    own
        Sources of the function and its helpers, and the line of its cell that each begins at.
    tests
        Statements of each test cell that ask for it.
    beside
        Those of all functions that use a helper, by the helper's source.
    """

    assignment: str
    name: str
    own: list[tuple[str, int]] = field(default_factory=list)
    tests: list[list[str]] = field(default_factory=list)
    beside: dict[str, list[list[str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Attributes
    ----------
    assignment, function, rule, line, diff
        Which one it is; the line is that of its cell.
    message
        The first that it gets; None if it passes all.
    hidden
        Whether it passes what students see, and fails with the seed of a hidden test.
    seconds
        Of processor time that looking for a cause took.
    """

    assignment: str
    function: str
    rule: str
    line: int
    diff: str
    message: str | None
    hidden: bool = False
    seconds: float = 0.0

    @property
    def cause(self) -> str:
        """Which kind of cause the message tells, or `""`."""
        return told(self.message) if self.message else ""


def told(message: str) -> str:
    """What a message explains: `"sentence"` below its headline, `"headline"` alone, or `""`.

    A sentence that says only where a result is wrong is a `"place"`.
    """
    if said := explanations(message):
        return "place" if all(PLACE.match(each) for each in said) else "sentence"
    headline = message.splitlines()[0]
    found = BEHIND.match(headline)
    if found is None:
        return ""
    if found["part"] == "invalid":  # it names the call, and what it is to come to
        return "" if found["text"].startswith("this call is possible") else "headline"
    return "" if ERROR.match(found["text"]) or PLAIN.match(found["text"]) else "headline"


def graded(assignment: str) -> tuple[list[str], list[Graded]]:
    """Definitions and imports of a solution in order, and what is graded of it."""
    path = ROOT / "solutions" / assignment / f"{assignment}.ipynb"
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    notes = [c.metadata.get("nbgrader", {}) for c in cells]
    tests = [ast.parse(c.source) for c, note in zip(cells, notes, strict=True)
             if note.get("grade") and EXPERIMENT not in c.source]  # fmt: skip
    asked = {n.id for test in tests for n in ast.walk(test) if isinstance(n, ast.Name)}
    sources, found = [], []
    for cell, note in zip(cells, notes, strict=True):
        if note.get("grade"):
            continue
        known, helpers = [], []
        for node in ast.parse(cell.source).body:
            text = ast.get_source_segment(cell.source, node)
            is_function = isinstance(node, ast.FunctionDef)
            given = is_function and note.get("locked") and not note.get("solution")
            if given or isinstance(node, ast.Import | ast.ImportFrom):
                sources.append(text)
            elif note.get("solution") and isinstance(node, ast.FunctionDef | ast.ClassDef):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                text = "\n".join(cell.source.splitlines()[first - 1 : node.end_lineno])
                sources.append(text)
                if node.name in asked:
                    known.append(Graded(assignment, node.name))
                (known[-1].own if known else helpers).append((text, first))
        if known:
            known[0].own[:0] = helpers
        found += known
    for each in found:
        each.tests = [s for test in tests if (s := _asking(test, each.name))]
    for each in found:
        for helper, _ in each.own:
            name = ast.parse(helper).body[0].name
            if name not in asked:
                each.beside[helper] = [
                    test for other in found if other is not each for test in other.tests
                    if any(re.search(rf"\b{name}\(", text) for text, _ in other.own)
                ]  # fmt: skip
    return sources, found


def _asking(test: ast.Module, name: str) -> list[str]:
    """The statements of a test cell that a function has a part in, and those that these use."""
    names, kept = {name}, []
    for node in test.body:
        used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        if isinstance(node, ast.Assign):
            kept.append(node)
            if used & names:
                names |= {n.id for n in ast.walk(node.targets[0]) if isinstance(n, ast.Name)}
        elif used & names:
            kept.append(node)
    return [ast.unparse(node) for node in kept] if used_by(kept) else []


def used_by(statements: list[ast.stmt]) -> bool:
    """Whether something is asked, not only named."""
    return any(isinstance(node, ast.Expr) for node in statements)


def define(source: str, namespace: dict, label: str) -> None:
    """Run a source as a cell: errors in it are told by their line."""
    text = ast.unparse(ast.parse(source))
    linecache.cache[label] = len(text), None, text.splitlines(keepends=True), label
    exec(compile(text, label, "exec"), namespace)


def ask(tests: Iterable[Iterable[str]], namespace: dict) -> tuple[str | None, bool]:
    """The first message of a test, and whether its statement is a hidden one."""
    for statements in tests:
        for statement in statements:
            try:
                exec(statement, namespace)
            except CheckFailed as failure:
                return str(failure), "seed=" in statement
            except BaseException as error:
                return f"the check crashed: {type(error).__name__}: {error}", "seed=" in statement
    return None, False


def apart(source: str, tests: list[list[str]], namespace: dict) -> tuple[str | None, bool, float]:
    """Define and ask in a process of its own, with limits; how long a cause was looked for, too."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(out)
            _limit()
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            try:
                define(source, namespace, "<a mutant>")
            except Exception as error:
                answer = f"the cell raised {type(error).__name__}: {error}", False, 0.0
            else:
                looked = _timed_causes()
                answer = *ask(tests, namespace), sum(looked)
            with open(into, "w") as pipe:
                json.dump(answer, pipe)
        finally:
            os._exit(0)
    os.close(into)
    text, ends = b"", time.monotonic() + WALL_SECONDS
    while (left := ends - time.monotonic()) > 0 and select.select([out], [], [], left)[0]:
        if not (some := os.read(out, 2**16)):
            break
        text += some
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.close(out)
    os.waitpid(child, 0)
    return tuple(json.loads(text)) if text else ("it ran out of time or memory", False, 0.0)


def _timed_causes() -> list[float]:
    """Have every search for a cause note its seconds of processor time."""
    noted, looking = [], Check._causes

    def causes(*args: object) -> list[str]:
        began = time.process_time()
        try:
            return looking(*args)
        finally:
            noted.append(time.process_time() - began)

    Check._causes = causes
    return noted


def _limit() -> None:
    used = int(sum(os.times()[:2]))
    resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_SECONDS, used + CPU_SECONDS))
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))


def judge(sources: list[str], of: Graded, every: int = 1, cold: bool = False) -> list[Verdict]:
    """All mutants of one function, or each so many, one after the other."""
    namespace: dict = {"__name__": "__main__"}
    for number, source in enumerate(sources):
        define(source, namespace, f"<cell {number}>")
    module = namespace["checks"]
    if not cold:
        namespace["checks"] = types.SimpleNamespace(
            **{n: remembered(v) if isinstance(v, Check) else v for n, v in vars(module).items()}
        )
        _warm(of.tests, namespace["checks"])
    message, *_ = apart("", of.tests, namespace)
    if message is not None:
        raise AssertionError(f"the solution of {of.name} fails its own check: {message}")
    verdicts = []
    for source, first in of.own:
        for mutant in list(mutants(source))[::every]:
            tests = [*of.tests, *of.beside.get(source, [])]
            found = apart(mutant.source, tests, namespace)
            line = first - 1 + mutant.line
            verdicts.append(Verdict(of.assignment, of.name, mutant.rule, line, mutant.diff, *found))
    return verdicts


def _warm(tests: list[list[str]], checks: types.SimpleNamespace) -> None:
    """Have the answers of oracles ready, and of suspects to what students see, for all children."""
    text = "\n".join(s for statements in tests for s in statements)
    for name in dict.fromkeys(re.findall(r"checks\.(\w+)", text)):
        check = getattr(checks, name)
        if not isinstance(check, Check):  # a module of checks, which remember nothing
            continue
        for seed in {None, *(int(n) for n in re.findall(rf"{name}\(.*seed=(\d+)", text))}:
            check.remember(check.parts, seed)
        for sentence in check.suspects:
            for part in check.parts:
                with contextlib.suppress(CheckFailed), contextlib.redirect_stdout(None):
                    check.judge_suspect(sentence, part, None)


def _judge(given: tuple) -> tuple[Graded, list[Verdict], float]:
    began = time.perf_counter()
    return given[1], judge(*given), time.perf_counter() - began


@dataclass(frozen=True)
class Score:
    """Numbers of mutants: all, rejected, told a cause; survivors that are explained.

    Those that are told a place alone, where a result is wrong, count by themselves.
    """

    mutants: int
    rejected: int
    told: int
    explained: int
    placed: int = 0

    @classmethod
    def of(cls, verdicts: Iterable[Verdict], explained: set[tuple[str, str]]) -> "Score":
        """Count."""
        verdicts = list(verdicts)
        lost = [v for v in verdicts if v.message is None]
        return cls(
            len(verdicts),
            len(verdicts) - len(lost),
            sum(v.cause in CAUSES for v in verdicts),
            sum((v.function, v.diff) in explained for v in lost),
            sum(v.cause == "place" for v in verdicts),
        )

    @property
    def row(self) -> list[str]:
        """Cells of a table; a share is rounded down, so that nothing looks complete that is not."""
        wrong = self.mutants - self.explained
        return [
            str(self.mutants),
            _share(self.rejected, self.mutants),
            str(self.mutants - self.rejected),
            str(wrong - self.rejected),
            _share(self.told, self.rejected),
            _share(self.told + self.placed, self.rejected),
        ]


def _share(part: int, whole: int) -> str:
    return f"{int(1000 * part / whole) / 10:.1f} %" if whole else "–"


HEAD = [
    "mutants",
    "rejected",
    "accepted",
    "of these unexplained",
    "told a cause",
    "or where it is wrong",
]


def table(rows: dict[str, Score], first: str) -> str:
    """A table in Markdown."""
    lines = [[first, *HEAD], ["---", *["--:"] * len(HEAD)]]
    lines += [[name, *score.row] for name, score in rows.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page_table(stored: dict) -> str:
    """The table of the docs, from what is stored: a row for each assignment, and all."""
    parts: dict[str, list[Score]] = {}
    for key, counts in stored["functions"].items():
        parts.setdefault(key.partition(".")[0], []).append(Score(**counts))
    parts["all"] = [score for scores in parts.values() for score in scores]
    rows = {name: Score(*map(sum, zip(*(asdict(s).values() for s in scores), strict=True)))
            for name, scores in parts.items()}  # fmt: skip
    counted = {f"{name}, {len(parts[name])} functions": row for name, row in rows.items()}
    return table(counted, "assignment")


def explained() -> dict[tuple[str, str], str]:
    """Why a survivor is equivalent or harmless, by function and diff."""
    entries = tomllib.loads(EXPLAINED.read_text())["survivor"] if EXPLAINED.exists() else []
    for entry in entries:
        if entry["is"] not in ("equivalent", "harmless") or not entry["because"]:
            raise ValueError(f"no explanation: {entry}")
    return {(e["function"], e["diff"]): f"{e['is']}: {e['because']}" for e in entries}


def shown(verdict: Verdict) -> str:
    """A mutant in one line, with its place."""
    return f"{verdict.function}, line {verdict.line}, {verdict.rule}: {verdict.diff}"


def report(found: dict[str, list[Verdict]], arguments: argparse.Namespace) -> dict[str, Score]:
    """Print tables and survivors; give the scores by assignment and function."""
    reasons = explained()
    scores = {key: Score.of(verdicts, set(reasons)) for key, verdicts in found.items()}
    every = [v for verdicts in found.values() for v in verdicts]
    print("\n" + table(scores | {"all": Score.of(every, set(reasons))}, "function"))
    short = {key: s.mutants for key, s in scores.items() if s.mutants < ENOUGH / arguments.every}
    print(f"\ntoo short for {ENOUGH} mutants:", *(f"{k} {n}," for k, n in short.items()))
    rules = collections.Counter(v.rule for v in every)
    by_rule = {rule: Score.of([v for v in every if v.rule == rule], set(reasons)) for rule in rules}
    print("\n" + table(by_rule, "rule"))
    hidden = sum(v.hidden for v in every)
    kinds = collections.Counter(v.cause or _untold(v.message) for v in every if v.message)
    print(f"\nrejected by a hidden seed alone: {hidden}; what the messages are:")
    for kind, number in kinds.most_common():
        print(f"{number:6d}  {kind}")
    longest = max(every, key=lambda v: v.seconds)
    print(f"\nlongest search for a cause: {longest.seconds:.2f} s, {shown(longest)}")
    lost = [v for v in every if v.message is None]
    for v in lost:
        if (why := reasons.get((v.function, v.diff))) is not None:
            print(f"survives, {why}\n    {shown(v)}")
    open_ = [v for v in lost if (v.function, v.diff) not in reasons]
    print(f"\n{len(open_)} survivors have no explanation" + ":" * bool(open_))
    for v in open_:
        print(f"    {shown(v)}")
    gone = set(reasons) - {(v.function, v.diff) for v in lost}
    for function, diff in sorted(gone) if arguments.every == 1 else ():
        if not arguments.function or any(key.endswith(f".{function}") for key in found):
            print(f"explained, and does not survive: {function}: {diff}")
    return scores


def _untold(message: str) -> str:
    text = message.splitlines()[0]
    found = BEHIND.match(text)
    text = found["text"] if found else text
    error = ERROR.match(text)
    return "no cause: " + (error["kind"] if error else re.sub(r"[-\d.(),×]+", "#", text)[:40])


def main() -> None:
    """Make, ask, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--function", nargs="+", default=[], help="only these")
    parser.add_argument("--sample", type=int, default=0, help="print so many causes")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--list", choices=["no-cause", "all"], help="print mutants and messages")
    parser.add_argument("--log", type=Path, help="append all verdicts to this file")
    parser.add_argument("--read", type=Path, help="take the verdicts of such a file")
    parser.add_argument("--every", type=int, default=1, help="ask only each so many")
    parser.add_argument("--cold", action="store_true", help="remember nothing, as in a kernel")
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--store", action="store_true", help=f"keep the table in {STORED.name}")
    arguments = parser.parse_args()
    if arguments.store and (arguments.function or arguments.every > 1):
        parser.error("what is kept is the table of all functions and mutants")
    found = read(arguments.read) if arguments.read else run(arguments)
    scores = report(found, arguments)
    rejected = [v for verdicts in found.values() for v in verdicts if v.message]
    if arguments.list:
        show([v for v in rejected if arguments.list == "all" or v.cause not in CAUSES])
    if arguments.sample:
        causes = sorted((v for v in rejected if v.cause in CAUSES), key=shown)
        show(random.Random(arguments.seed).sample(causes, min(arguments.sample, len(causes))))
    if arguments.store:
        store(scores)


def run(arguments: argparse.Namespace) -> dict[str, list[Verdict]]:
    """Judge all mutants in a few processes; print and write each function as it is done."""
    functions, workers, log = arguments.function, arguments.workers, arguments.log
    how = arguments.every, arguments.cold
    work = [(sources, g, *how) for name in known_assignments() for sources, all_ in [graded(name)]
            for g in all_ if not functions or g.name in functions]  # fmt: skip
    if missing := set(functions) - {g.name for _, g, *_ in work}:
        sys.exit(f"no test asks for {', '.join(sorted(missing))}")
    namespace: dict = {}
    for source in dict.fromkeys(s for sources, *_ in work for s in sources):
        if source.startswith(("import ", "from ")):
            exec(source, namespace)  # so that all workers have it
    began, done = time.perf_counter(), {}
    with multiprocessing.get_context("fork").Pool(workers, maxtasksperchild=1) as pool:
        for of, verdicts, seconds in pool.imap_unordered(_judge, work):
            done[of.assignment, of.name] = verdicts
            if log:
                with log.open("a") as file:
                    file.writelines(f"{json.dumps(asdict(v))}\n" for v in verdicts)
            lost = sum(v.message is None for v in verdicts)
            causes = sum(v.cause in CAUSES for v in verdicts)
            print(f"{of.name:<28}{len(verdicts):5d} mutants,{lost:4d} accepted,{causes:5d} told a "
                  f"cause,{seconds:6.0f} s", flush=True)  # fmt: skip
    print(f"{time.perf_counter() - began:.0f} s with {workers} workers")
    return {f"{g.assignment}.{g.name}": done[g.assignment, g.name] for _, g, *_ in work}


def read(path: Path) -> dict[str, list[Verdict]]:
    """The verdicts of an earlier run."""
    found: dict[str, list[Verdict]] = {}
    for line in path.read_text().splitlines():
        verdict = Verdict(**json.loads(line))
        found.setdefault(f"{verdict.assignment}.{verdict.function}", []).append(verdict)
    return found


def show(verdicts: list[Verdict]) -> None:
    """Print mutants with their messages, numbered."""
    for number, v in enumerate(verdicts, 1):
        print(f"\n[{number}] {shown(v)}\n{v.message}")


def store(scores: dict[str, Score]) -> None:
    """Keep the scores, and put the table into the docs."""
    stored = {"functions": {key: asdict(score) for key, score in scores.items()}}
    STORED.write_text(json.dumps(stored, indent=1) + "\n")
    pattern = r"\| assignment \| mutants .*?(?=\n\n)"
    text, count = re.subn(
        pattern, lambda _: page_table(stored), PAGE.read_text(), count=1, flags=re.DOTALL
    )
    if not count:
        sys.exit(f"{PAGE.name} has no table that begins with: {page_table(stored).splitlines()[0]}")
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
