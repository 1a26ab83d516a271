"""Time that a submission used or could have used: waiting for a processor is nobody's fault.

Linux tells of each thread how long it computed, and how long it was ready and had to wait. Where it
tells nothing, nobody is excused.

Source: proc(5); Linux, Documentation/scheduler/sched-stats.rst.
"""

import contextlib
import os
import time

PRECAUTION = 10  # times a limit, by the clock: nobody is waited for longer, however busy all is
PROC = "/proc"


class Waiting:
    """How long a process and all below it could not compute, because others did.

    Parameters
    ----------
    top
        Number of the process.
    """

    def __init__(self, top: int) -> None:
        self.top = top
        self._seen: dict[tuple[int, str], tuple[float, float, float]] = {}
        self.mark()

    def mark(self) -> None:
        """Count from now on."""
        self._began = time.monotonic()
        self._before = {
            thread: (used, waited + self._still(thread, used, waited, self._began))
            if thread in self._seen
            else (used, waited)
            for thread, (used, waited) in _threads(self.top).items()
        }

    def excused(self) -> float:
        """Seconds since the mark in which it had to wait; never more than the clock tells.

        The thread that waited longest counts. What was computed meanwhile is no waiting: who starts
        many threads has them wait for each other.
        """
        at = time.monotonic()
        spent = [(used - before[0], waited + self._still(thread, used, waited, at) - before[1])
                 for thread, (used, waited) in _threads(self.top).items()
                 for before in [self._before.get(thread, (0.0, 0.0))]]  # fmt: skip
        computed = sum(used for used, _ in spent)
        longest = max((waited for _, waited in spent), default=0.0)
        return max(0.0, min(longest, at - self._began - computed))

    def _still(self, thread: tuple[int, str], used: float, waited: float, at: float) -> float:
        """Seconds that a thread is waiting just now, which Linux adds when the waiting is over.

        It was ready at each look since then, and has computed nothing.
        """
        if not _is_ready(*thread):
            self._seen.pop(thread, None)
            return 0.0
        *then, since = self._seen.get(thread, (used, waited, at))
        self._seen[thread] = used, waited, since if then == [used, waited] else at
        return at - self._seen[thread][2]


def own_waiting() -> float:
    """Seconds that the first thread of this process ever waited for a processor."""
    with contextlib.suppress(OSError, ValueError):
        return _times(f"{PROC}/self")[1]
    return 0.0


def own_seconds(pid: int) -> float:
    """Seconds that the first thread of a process has computed."""
    with contextlib.suppress(OSError, ValueError):
        return _times(f"{PROC}/{pid}")[0]
    return 0.0


def used(top: int) -> dict[str, float]:
    """What a process and all below it have used so far, with children that they waited for.

    Returns
    -------
    dict
        `processor` in seconds; `memory`, the most that one of them had, in bytes.
    """
    processor = memory = 0.0
    for pid in family(top):
        with contextlib.suppress(OSError, ValueError, IndexError):
            ticks = _read(f"{PROC}/{pid}/stat").rpartition(")")[2].split()[11:15]
            processor += sum(map(int, ticks)) / 100  # of a second, for all programs
            status = _read(f"{PROC}/{pid}/status")
            memory = max(memory, int(status.partition("VmHWM:")[2].split()[0]) << 10)
    return {"processor": processor, "memory": memory}


def family(top: int) -> list[int]:
    """Numbers of a process and of all below it, as far as Linux tells."""
    found, left = [], [top]
    while left:
        found.append(pid := left.pop())
        for task in _tasks(pid):
            with contextlib.suppress(OSError, ValueError):
                children = map(int, _read(f"{task}/children").split())
                left += [child for child in children if child not in found]
    return found


def _threads(top: int) -> dict[tuple[int, str], tuple[float, float]]:
    """Seconds computed and waited by each thread, by process and thread."""
    found = {}
    for pid in family(top):
        for task in _tasks(pid):
            with contextlib.suppress(OSError, ValueError):
                found[pid, task.rpartition("/")[2]] = _times(task)
    return found


def _tasks(pid: int) -> list[str]:
    """Where Linux tells of the threads of a process; nowhere if it has ended."""
    with contextlib.suppress(OSError):
        return [f"{PROC}/{pid}/task/{name}" for name in os.listdir(f"{PROC}/{pid}/task")]
    return []


def _is_ready(pid: int, thread: str) -> bool:
    """Whether a thread computes, or would if a processor were free."""
    with contextlib.suppress(OSError):
        about = _read(f"{PROC}/{pid}/task/{thread}/stat")
        return about.rpartition(")")[2].split()[0] == "R"
    return False


def _times(place: str) -> tuple[float, float]:
    computed, waited, _ = _read(f"{place}/schedstat").split()
    return int(computed) / 1e9, int(waited) / 1e9


def _read(path: str) -> str:
    """A small file of Linux's, in which a process may have written what is no text."""
    with open(path, "rb", buffering=0) as file:
        return file.read().decode(errors="replace")
