"""What the tests of grading share."""

import pytest

from course_utils.grading import sandbox
from course_utils.grading.candidate import Candidate

QUICK = sandbox.Limits(cell_seconds=4, total_seconds=60, memory=512 << 20, disk=16 << 20)


@pytest.fixture(scope="module")
def candidate(sandboxed):
    """A kernel in the sandbox, shared by the tests of a module."""
    candidate = Candidate(QUICK)
    yield candidate
    candidate.end()


@pytest.fixture
def fresh(sandboxed):
    """Makes kernels that a test may ruin."""
    made = []

    def make(limits=QUICK, **options):
        made.append(Candidate(limits, **options))
        return made[-1]

    yield make
    for candidate in made:
        candidate.end()
