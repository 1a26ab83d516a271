"""Notebooks that nbval runs are held against the statements about their cells, in the same run."""

import functools
import sys
import tempfile
from pathlib import Path

import pytest

from course_utils.course import statements

# A picture inside HTML is drawn by the machine's own fonts, as those are that nbval skips anyway.
_PICTURE = r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+"
# What is installed, as lecture 00 prints it; a test holds what is stored against the pins.
_VERSION = r"(?m)^(numpy|torch|torchvision|matplotlib|jupyterlab) +\d[\d.]+$"


def pytest_configure(config):
    """Start what warm kernels are forked from, once for all workers, if they are asked for."""
    sys.path.append(str(Path(__file__).parent / "tests"))
    import warm_kernels

    asked = getattr(config.option, "nbval_kernel_name", None) == warm_kernels.NAME
    if asked and not hasattr(config, "workerinput"):
        folder = tempfile.TemporaryDirectory(prefix="warm-kernels-")
        config.add_cleanup(folder.cleanup)
        warm_kernels.start_server(Path(folder.name))


@functools.cache
def _with_statements(run):
    def runtest(self):
        run(self)
        kernel, timeout = self.parent.kernel.kc, self.config.option.nbval_cell_timeout
        code, broken = statements.after(self.parent.path.stem, self.cell.id), ""
        if code:
            asked, broken = statements.ask(kernel, code), None
        while broken is None:
            broken = statements.answer(kernel.get_shell_msg(timeout=timeout), asked)
        if broken:
            self.raise_cell_error("A statement about this cell does not hold", broken)

    return runtest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Each cell that nbval runs is followed by what is stated about it."""
    nbval = pytest.importorskip("nbval.plugin")
    for item in items:
        if isinstance(item, nbval.IPyNbCell):
            item.parent.sanitize_patterns |= {_PICTURE: "data:image", _VERSION: r"\1"}
            item.runtest = _with_statements(type(item).runtest).__get__(item)
