"""The sandbox, as in the tests of grading."""

from grading.conftest import sandboxed  # noqa: F401
