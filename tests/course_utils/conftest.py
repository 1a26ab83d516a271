"""What tests of the modules that notebooks import leave behind."""

import sys

import pytest


@pytest.fixture(autouse=True)
def close_figures():
    """Whatever a test has drawn, if it has drawn."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
