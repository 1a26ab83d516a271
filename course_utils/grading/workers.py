"""Where submissions are examined: threads of this machine, or the workers of a Dask cluster.

A worker gets bytes and gives back results. It needs the course installed and a sandbox, and
neither a shared disk nor the gradebook.
"""

import contextlib
import os
import warnings
from collections.abc import Iterable, Iterator

import dask
from distributed import Client, LocalCluster, as_completed

import course_utils
from course_utils.errors import CourseError
from course_utils.grading import proof
from course_utils.grading.sandbox import Limits
from course_utils.grading.submissions import Submission
from course_utils.grading.verdicts import ExamResult

LOOPBACK = "127.0.0.1:0"  # Dask insists on its pages; nobody else is to see them
QUIET = {
    "distributed.admin.tick.limit": "1h",  # a busy machine is no news
    "distributed.admin.large-graph-warning-threshold": "1 GB",  # a submission may be large
    "distributed.logging.distributed": "error",
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}
_examiner = proof.Examiner()  # a warm process, started by the first submission


def examine_all(
    submission: Submission, masters: dict, own_files: dict, limits: Limits, version: str
) -> dict[str, ExamResult] | str:
    """Examine all notebooks of a submission, on a worker; a sentence if that is not possible."""
    if version != course_utils.__version__:
        return f"the worker has version {course_utils.__version__} of the course, not {version}"
    try:
        results = {}
        for name, master in masters.items():
            data = submission.notebooks.get(name, b"")
            about = data, master, limits, submission.files, own_files
            results[name] = _examiner.examine(*about)
    except CourseError as error:
        return str(error)
    except Exception as error:  # a fault of the grading: this submission waits, the others go on
        return f"{type(error).__name__}: {error}"
    return results


@contextlib.contextmanager
def pool(workers: int | None, scheduler: str | None) -> Iterator["Pool"]:
    """Workers: threads of this process, or those of a cluster.

    Parameters
    ----------
    workers
        How many here; as many as there are processors by default.
    scheduler
        Address of a Dask scheduler.

    Raises
    ------
    CourseError
        If no scheduler answers there, or it has no workers.
    """
    dask.config.set(QUIET)
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            count = workers or os.cpu_count() or 1
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                cluster = LocalCluster(
                    n_workers=1,
                    threads_per_worker=count,
                    processes=False,
                    dashboard_address=LOOPBACK,
                    worker_dashboard_address=LOOPBACK,
                    memory_limit=0,
                )
                stack.enter_context(cluster)
            client = stack.enter_context(Client(cluster))
        else:
            try:
                client = stack.enter_context(Client(scheduler, timeout="15s"))
            except (OSError, ValueError, TimeoutError) as error:
                raise CourseError(f"No scheduler answers at {scheduler}: {error}") from None
            count = sum(client.nthreads().values())
            if not count:
                raise CourseError(f"The scheduler at {scheduler} has no workers.")
        yield Pool(client, 2 * count)


class Pool:
    """Sends tasks, as many at a time as keep the workers busy, and gives what comes back."""

    def __init__(self, client: Client, ahead: int) -> None:
        self.client, self.ahead = client, ahead

    def run(self, tasks: Iterable[tuple]) -> Iterator[tuple[Submission, object]]:
        """Pairs of submission and outcome, in the order in which they are done."""
        tasks, waiting = iter(tasks), {}
        done = as_completed()

        def send() -> None:
            task = next(tasks, None)
            if task is not None:
                future = self.client.submit(examine_all, *task, pure=False, retries=0)
                waiting[future.key] = task[0]
                done.add(future)

        for _ in range(self.ahead):
            send()
        for future in done:
            submission = waiting.pop(future.key)
            error = future.exception()
            yield submission, f"the worker failed: {error}" if error else future.result()
            future.release()
            send()
