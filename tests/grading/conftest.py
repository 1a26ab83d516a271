"""What the tests of grading share."""

import dataclasses
import os

import pytest

from course_utils.grading import nest, sandbox, template
from course_utils.grading.candidate import Candidate

# Of memory so much that PyTorch with CUDA can be imported in it.
QUICK = sandbox.Limits(cell_seconds=2, total_seconds=60, memory=1 << 30, disk=16 << 20)
PATIENT = dataclasses.replace(QUICK, cell_seconds=20)  # where nothing uses up its time


@pytest.fixture(scope="session")
def forking(sandboxed):
    """A template; where namespaces cannot be nested, the reason is told, and CI fails."""
    nest.own_keyring()  # as a login gives, which all that is started inherits
    made = template.Template(["numpy", "numpy.random"])
    try:
        made.wait()
    except template.NotWarm as why:
        made.close()
        failed = pytest.fail if os.environ.get("CI") else pytest.skip
        failed(f"kernels cannot be forked here: {why}")
    yield made
    made.close()


@pytest.fixture(scope="module", params=["warm"])
def start(request, sandboxed):
    """How kernels start; a module of tests may ask for `cold` as well, by `parametrize`."""
    if request.param == "warm":
        template.choose(request.getfixturevalue("forking"))
    yield request.param
    template.choose(None)


@pytest.fixture(scope="module")
def with_torch(forking):
    """Kernels that have torch without importing it, for tests that examine in this process."""
    made = template.Template(["numpy", "torch"])
    made.wait()
    template.choose(made)
    yield
    template.choose(None)
    made.close()


@pytest.fixture(scope="module")
def candidate(start):
    """A kernel in the sandbox, shared by the tests of a module."""
    candidate = Candidate(PATIENT)
    yield candidate
    candidate.end()


@pytest.fixture
def fresh(start):
    """Makes kernels that a test may ruin."""
    made = []

    def make(limits=QUICK, **options):
        made.append(Candidate(limits, **options))
        return made[-1]

    yield make
    for candidate in made:
        candidate.end()
