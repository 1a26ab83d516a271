"""A laboratory that Python can read and set, as an anywidget."""

from typing import Any

import anywidget
import numpy as np
from traitlets import Dict, Unicode

from course_utils import laboratory


class Linked(anywidget.AnyWidget):
    """A laboratory tied to Python.

    Attributes
    ----------
    state
        What it shows, as plain data; setting it draws anew.
    """

    _esm = laboratory.MODULE
    state = Dict().tag(sync=True)
    still = Unicode().tag(sync=True)
    alt = Unicode().tag(sync=True)

    def read(self, name: str) -> Any:
        """What is shown now: lists of numbers as arrays.

        Raises
        ------
        KeyError
            If this was neither given at the start nor changed by the reader.
        """
        value = self.state[name]
        return np.array(value) if isinstance(value, list) else value

    def write(self, **values: Any) -> None:
        """Set some of what is shown.

        Raises
        ------
        ValueError
            As for `laboratory.show`.
        """
        now = {k: v for k, v in self.state.items() if k not in ("version", "mode", *values)}
        self.state = laboratory.state(self.state["mode"], **{**now, **values})

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        picture = f'<img src="{self.still}" alt="{laboratory.html.escape(self.alt)}">'
        return {**data, "text/html": picture, "text/plain": self.alt}, metadata
