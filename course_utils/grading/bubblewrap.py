"""The command that puts a program into a sandbox: no network, a read-only system, no rights.

Source: bubblewrap, https://github.com/containers/bubblewrap.
"""

import contextlib
import functools
import itertools
import os
import secrets
import shlex
import shutil
import site
import subprocess
import sys
from pathlib import Path

from course_utils.errors import CourseError

PACKAGE = Path(__file__).resolve().parents[1]
# Rooms of course_utils that the students' code has no business in: oracles, answers, tests.
HIDDEN = ("checks", "course", "grading")
INSIDE = (
    "__init__.py",
    "deeds.py",
    "inside.py",
    "kinds.py",
    "nest.py",
    "seccomp.py",
    "warm.py",
    "wire.py",
)
PLACE = "/course"  # where the package lies in each sandbox
COURSE = f"{PLACE}/course_utils"
PRIVATE = ("solutions", "gradebook", "tests", ".git")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SETTINGS = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime")
WAYS = ("as another user", "with ways opened for others", "as it is")
NAMESPACES = [
    *("--unshare-all", "--unshare-user", "--cap-drop", "ALL"),
    *("--uid", "1000", "--gid", "1000"),
    *("--die-with-parent", "--new-session", "--proc", "/proc"),
]
SETTINGS_OF_A_COURSE = "nbgrader_config.py"  # which may hold the password of a gradebook
IMPORTED = (".py", ".so")
INSTALL = "sudo apt install bubblewrap"
ELSEWHERE = "only Linux has it, so grade in a container, see docs/instructor.md"
PATIENCE = 120  # seconds that a trial may take on a busy machine
SMALL = 1 << 20


def command(
    run: list[str],
    disk: int,
    forbidden: tuple[str, ...] = (),
    *,
    nested: bool = False,
    examiner: bool = False,
) -> tuple[list[str], dict]:
    """The command that runs a program in the sandbox, and what Popen needs for it.

    Parameters
    ----------
    run
        Program and arguments.
    disk
        Bytes of each folder that can be written.
    forbidden
        Packages that are not there.
    nested
        Whether the program may make namespaces of its own.
    examiner
        Whether it is the examiner's: it has the whole package, and what else tests may import.

    Raises
    ------
    CourseError
        If bubblewrap is not installed.
    """
    way = _way()
    return _command(run, disk, forbidden, way, nested, examiner), _user(way)


def _command(
    run: list[str],
    disk: int,
    forbidden: tuple[str, ...],
    way: str,
    nested: bool = False,
    examiner: bool = False,
) -> list[str]:
    """The command that runs a program in the sandbox, in one of the `WAYS`."""
    inner = [_program(), *NAMESPACES, *(() if nested else ("--disable-userns",))]
    inner += ["--hostname", "examiner" if examiner else "candidate"]
    # What can be written comes first, since Python itself may lie below one of these folders.
    inner += [*_folders(disk), *_system()]
    inner += _examiners() if examiner else _course()
    inner += [*_without(forbidden), "--remount-ro", "/", "--chdir", "/home/student", "--", *run]
    if way != "with ways opened for others":
        return inner
    user = str(_unused_user())
    drop = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs"]
    return [*open_ways(), *drop, *inner]


def _unused_user() -> int:
    """A number that no user has: what it starts is counted apart from everything else."""
    return 2_000_000 + secrets.randbelow(1_000_000)


@functools.cache
def _way() -> str:
    """How a sandbox can be had here: the first of the `WAYS` that works.

    Root hands its rights away first, since Linux does not limit the number of root's processes. If
    Python lies where only root can pass, the way to it is opened first.
    """
    ways = WAYS if os.geteuid() == 0 else WAYS[-1:]
    return next((way for way in ways if not _why_not(way)), WAYS[-1])


def _why_not(way: str) -> str:
    """Why a sandbox cannot be had in this way; empty if it can."""
    try:
        done = subprocess.run(
            _command(
                [sys.executable, "-c", "import msgpack, pyseccomp"], SMALL, (), way, examiner=True
            ),  # which has all that the other one has
            env={"PATH": "/usr/bin:/bin"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
            **_user(way),
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    return (done.stderr.strip().splitlines() or ["it failed"])[-1] if done.returncode else ""


def _user(way: str) -> dict:
    """Arguments of Popen."""
    if way != "as another user":
        return {}
    user = _unused_user()
    return {"user": user, "group": user, "extra_groups": []}


def runs_as_root() -> bool:
    """Whether submissions run as root, whose processes Linux does not count."""
    return sys.platform == "linux" and os.geteuid() == 0 and _way() == WAYS[-1]


def require() -> None:
    """Make sure that a sandbox works here.

    Raises
    ------
    CourseError
        With the command that installs bubblewrap, or what it says.
    """
    _program()
    if why := _why_not(_way()):
        raise CourseError(
            f"bubblewrap is installed but does not work here: {why}. In a container, user "
            "namespaces must be allowed, and nothing of /proc hidden (Docker: --security-opt "
            "systempaths=unconfined); on Ubuntu 24.04: "
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        )


def _program() -> str:
    program = shutil.which("bwrap")
    if program is None:
        how = INSTALL if sys.platform == "linux" else ELSEWHERE
        raise CourseError(
            f"Grading needs bubblewrap, which keeps students' code in a sandbox: {how}"
        )
    return program


@functools.cache
def _system() -> tuple[str, ...]:
    """What is needed to run this Python, read-only, and nothing else of the machine."""
    arguments = []
    for path in map(Path, SYSTEM):
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            arguments += ["--ro-bind", str(path), str(path)]
    for path in SETTINGS:
        arguments += ["--ro-bind-try", path, path]
    for path in _prefixes():
        arguments += ["--ro-bind", path, path]
    return tuple(arguments)


def _prefixes() -> list[str]:
    """Where Python and its packages lie, outside of the system's folders."""
    places = dict.fromkeys([sys.prefix, sys.base_prefix, sys.exec_prefix])
    return [place for place in places if not Path(place).is_relative_to("/usr")]


def _private() -> list[str]:
    """Covers what is nobody's business where the environment is the repository itself."""
    arguments = []
    for name in PRIVATE:
        path = PACKAGE.parent / name
        if path.is_dir() and any(path.is_relative_to(prefix) for prefix in _prefixes()):
            arguments += ["--tmpfs", str(path)]
    return arguments


def _examiners() -> list[str]:
    """The whole package, and the modules that an instructor has put on the search path."""
    arguments = [*_private(), "--ro-bind", str(PACKAGE), COURSE]
    for path in _importable(search_path()):
        arguments += ["--ro-bind", path, path]
    return arguments


def search_path() -> list[str]:
    """Folders of modules that are neither Python's nor its packages': those of `PYTHONPATH`, the
    user's own, and those that `.pth` files name, as of packages that are installed to be edited."""
    own = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    folders = [*named_folders(), *own]
    for packages in map(Path, [*site.getsitepackages(), *own]):
        for file in packages.glob("*.pth"):
            with contextlib.suppress(OSError, ValueError):
                lines = file.read_text().splitlines()
                folders += [str(packages / line) for line in lines if line.startswith("/")]
    known = ["/usr", *_prefixes()]
    there = [folder for folder in dict.fromkeys(folders) if Path(folder).is_dir()]
    return [folder for folder in there if not any(map(Path(folder).is_relative_to, known))]


def named_folders() -> list[str]:
    """Those of `PYTHONPATH`, absolute."""
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [os.path.abspath(path) for path in named if path]


def _importable(folders: list[str]) -> list[str]:
    """What can be imported from folders: modules and packages, and nothing that lies beside them,
    since a folder of the search path may be a course with its gradebook."""
    found = []
    for folder in map(Path, folders):
        if folder.name.endswith("-packages"):
            found.append(folder)
            continue
        for path in sorted(folder.iterdir()) if os.access(folder, os.R_OK | os.X_OK) else ():
            package = path.name not in PRIVATE and (path / "__init__.py").is_file()
            module = path.suffix in IMPORTED and path.is_file()
            if package or (module and path.name != SETTINGS_OF_A_COURSE):
                found.append(path)
    return [str(path) for path in found]


@functools.cache
def _course() -> tuple[str, ...]:
    """What notebooks import, and nothing else of the course."""
    arguments = [*_private(), *_own_package(Path(COURSE))]
    if any(PACKAGE.is_relative_to(prefix) for prefix in _prefixes()):
        arguments += _own_package(PACKAGE)
    return tuple(arguments)


@functools.cache
def open_ways() -> tuple[str, ...]:
    """A command before a command, with which others reach this Python wherever it lies.

    It covers folders where they may not pass, and leaves what is needed in them. Only the mounts
    of the new process change, and end with it. Needs the rights of root.
    """
    closed = {}
    for place in map(Path, [*_prefixes(), str(PACKAGE), *search_path()]):
        above = [p for p in reversed(place.parents) if not p.stat().st_mode & 0o001]
        if above:
            closed.setdefault(above[0], []).append(place)
    lines = ["mount -t tmpfs -o mode=755 none /mnt"]
    needed = [place for places in closed.values() for place in places]
    for number, place in enumerate(needed):
        lines += [f"mkdir /mnt/{number}", f"mount --bind {shlex.quote(str(place))} /mnt/{number}"]
    lines += [f"mount -t tmpfs -o mode=755 none {shlex.quote(str(path))}" for path in closed]
    for number, place in enumerate(needed):
        quoted = shlex.quote(str(place))
        lines += [f"mkdir -p {quoted}", f"mount --bind /mnt/{number} {quoted}"]
    script = "; ".join([*lines, 'exec "$@"'])
    # Each program replaces itself by the next, so that the last is the child of who starts it.
    return ("unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh")


def _own_package(place: Path) -> list[str]:
    """What notebooks import, without what is not the students' business."""
    arguments = ["--ro-bind", str(PACKAGE), str(place)]
    for name in HIDDEN:
        arguments += ["--tmpfs", str(place / name)]
    for name in INSIDE:
        source = str(PACKAGE / "grading" / name)
        arguments += ["--ro-bind", source, str(place / "grading" / name)]
    for name in HIDDEN:
        arguments += ["--remount-ro", str(place / name)]
    return arguments


def _without(packages: tuple[str, ...]) -> list[str]:
    """Cover packages, and modules in packages, so that no trick with import hooks finds them."""
    arguments = []
    tops = [(Path(top), Path(top)) for top in dict.fromkeys(sys.path) if top]
    tops += [(PACKAGE.parent, Path("/course"))]
    for name, (outside, inside) in itertools.product(packages, tops):
        place = outside.joinpath(*name.split("."))
        compiled = place.parent.glob(f"__pycache__/{place.name}.*.pyc")
        if place.is_dir():
            arguments += ["--tmpfs", str(inside / place.relative_to(outside))]
        for file in [place.with_suffix(".py"), *compiled]:
            if file.is_file():
                covered = str(inside / file.relative_to(outside))
                arguments += ["--ro-bind", "/dev/null", covered]
    return arguments


def _folders(size: int) -> list[str]:
    arguments = ["--dev", "/dev"]
    for folder in ("/tmp", "/home/student", "/dev/shm"):
        arguments += ["--size", str(size), "--tmpfs", folder]
    return [*arguments, "--remount-ro", "/dev"]
