"""The laboratory: a convolution as numbers, live on every page, with no kernel behind it.

`laboratory.js` draws and computes, in the reader's browser. This front gives it a start: `show`
puts it below a cell, `link` keeps it tied to Python, which may then read and set what it shows.
"""

import base64
import gzip
import html
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.display import publish_display_data
from PIL import Image

from course_utils import plotting
from course_utils.laboratory.squeeze import squeezed
from course_utils.laboratory.stills import STILLS

VERSION = 1  # of what is stored in pages; laboratory.js holds the same number
FOLDER = Path(__file__).parent
# Made when this is imported, so that kernels which are forked afterwards have it: the ES module
# without comments and spare spaces, and as pages carry it, in half the room (gzip, base64).
MODULE = squeezed((FOLDER / "laboratory.js").read_text(encoding="utf-8"))
PACKED = base64.b64encode(gzip.compress(MODULE.encode(), mtime=0)).decode("ascii")
START = squeezed((FOLDER / "start.js").read_text(encoding="utf-8"))
_GEOMETRY = {"stride", "padding", "dilation", "flip"}
MODES = {
    "window": {"input", "kernel", "kernels", "stop", "yours", *_GEOMETRY},
    "photo": {"input", "kernel", "kernels", "at", *_GEOMETRY},
    "channels": {"input", "weight", "bias", "names", "at", *_GEOMETRY},
    "transposed": {"input", "kernel", "of", "at", "view", "stride", "padding", "dilation"},
    "backward": {"input", "kernel", "bias", "dout", "of", "at", *_GEOMETRY},
    "network": {"input", "label", "classes", "parameters", "rate", "of", "at", "view"},
    "receptive": {"layers", "stacks", "view", "next"},
    "optimisers": {"runs", "chosen", "conditioning", "angle", "start", "steps"},
}
NEEDED = {
    "window": {"input", "kernel"},
    "photo": {"input"},
    "channels": {"input", "weight", "bias"},
    "transposed": {"input", "kernel"},
    "backward": {"input", "kernel", "dout"},
    "network": {"input", "label", "classes", "parameters"},
    "receptive": {"layers"},
    "optimisers": {"runs"},
}
FAMOUS = {  # of a photo, where no other kernels are given
    "Sobel →": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "Sobel ↓": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "mean": [[1 / 9] * 3] * 3,
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "Laplace": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
}
COLOURS = 24
TABLE = 28  # rows and columns of a table of numbers
LONGEST = 256  # pixels of a photo's side: what a page should hold
_LAYER = {"kernel_size": "k", "stride": "s", "dilation": "d", "padding": "p", "name": "name"}


def show(mode: str, *, alt: str | None = None, **start: Any) -> None:
    """Show the laboratory below a cell.

    It runs in the reader's browser, on a page without a kernel too. Where no script runs, its
    static picture is shown.

    Parameters
    ----------
    mode
        One of `MODES`.
    alt
        What the static picture shows; by default a sentence that the mode has.
    start
        Where it starts, by mode. *window*: `input` `(H, W)`, `kernel` or a dict `kernels` of
        them `(KH, KW)`, `stop` (the output position, in reading order), and `yours`, which is
        compared: an output, or somebody's own function of input and kernel that gives one; if
        it gives none, a sentence says so. *photo*: `input` `(H, W)` in 0 to 1. *channels*:
        `input` `(C, H, W)`, `weight` `(F, C, KH, KW)`, `bias` `(F,)`. *transposed*: `input`,
        `kernel`. *backward*: these, `bias` and the upstream gradient `dout` `(OH, OW)`, and
        `of` (`"input"`, `"weight"` or `"bias"`) with its place `at`. *network*: `input`,
        `label`, `classes`, `parameters` (a dict of `w` `(F, 1, KH, KW)`, `b`, `v` `(K, D)`,
        `c`). *receptive*: `layers`, or a dict `stacks` of them, made of `Step`. *optimisers*:
        `runs`, made of `Run`, `conditioning`, `angle`, `steps`. The first five take `stride`,
        `padding`, `dilation` and (but *transposed*) `flip`.

    Raises
    ------
    ValueError
        If there is no such mode or name, an array holds something else than finite numbers, or
        the static picture cannot be drawn.
    """
    if callable(start.get("yours")):
        start["yours"] = _answer(start["yours"], start)
    given = state(mode, **start)
    picture, words = still(given, alt)
    page = _page(given, picture, words, with_module=_first_in(_cell()))
    publish_display_data({"text/html": page, "text/plain": words})


def link(mode: str, *, alt: str | None = None, **start: Any):
    """Make a laboratory that stays tied to Python; it is shown like any widget.

    Its `read(name)` gives what the reader has made of an array, and `write(name=…)` sets it. It
    needs a running kernel, and leaves nothing but its picture when the notebook is stored.

    Parameters and errors as for `show`.
    """
    from course_utils.laboratory.linked import Linked  # its import is slow, and seldom needed

    given = state(mode, **start)
    picture, words = still(given, alt)
    return Linked(state=given, still=picture, alt=words)


def state(mode: str, **start: Any) -> dict[str, Any]:
    """What a page stores of a laboratory's start, as plain data.

    Raises
    ------
    ValueError
        As for `show`.

    Examples
    --------
    >>> state("window", input=np.eye(2), kernel=[[1]])
    {'version': 1, 'mode': 'window', 'input': [[1.0, 0.0], [0.0, 1.0]], 'kernel': [[1]]}
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
    unknown = sorted(set(start) - MODES[mode])
    if unknown:
        known = ", ".join(sorted(MODES[mode]))
        raise ValueError(f"{mode} takes {known}; not {', '.join(unknown)}")
    given = {name: _plain(value, name) for name, value in start.items() if value is not None}
    if mode == "photo" and "kernel" not in given:
        given.setdefault("kernels", FAMOUS)
    for many, one in (("kernels", "kernel"), ("stacks", "layers")):
        if many in given and one not in given:
            if not given[many]:
                raise ValueError(f"{many} must hold at least one to start from")
            given[one] = next(iter(given[many].values()))
    missing = sorted(NEEDED[mode] - set(given))
    if missing:
        raise ValueError(f"{mode} needs {', '.join(missing)}")
    if mode == "photo":
        given["picture"] = _picture(np.asarray(given.pop("input")))
    return {"version": VERSION, "mode": mode, **given}


def still(given: Mapping[str, Any], alt: str | None = None) -> tuple[str, str]:
    """The static picture of a start as a `data:` address, and its description."""
    figure, words = STILLS[given["mode"]](given)
    mime, picture = plotting.render(figure, readable=True)
    plt.close(figure)
    if mime == "image/png":
        picture = _fewer_colours(picture)
    words = alt or words
    if len(words) < 20:
        raise ValueError(f"alt must describe the picture in a sentence, got {words!r}")
    return f"data:{mime};base64,{base64.b64encode(picture).decode('ascii')}", words


def _answer(function: Callable[..., Any], start: Mapping[str, Any]) -> np.ndarray | None:
    """What somebody's function gives; where nothing can be compared, None and a sentence."""
    kernels = [start["kernel"]] if "kernel" in start else list(start["kernels"].values())
    given = (np.array(start["input"]), np.array(kernels[0]))  # copies: the function may change them
    geometry = {name: start[name] for name in ("stride", "padding", "dilation") if name in start}
    try:
        found = function(*given, **geometry)
        array = np.asarray(found, dtype=float)
    except NotImplementedError:
        trouble = "is not written yet"
    except Exception as error:  # a stranger's function may raise anything
        trouble = f"gave no array of numbers ({type(error).__name__})"
    else:
        if found is None:
            trouble = "returned nothing"
        elif array.ndim != 2 or not array.size or max(array.shape) > TABLE:
            trouble = f"returned the shape {array.shape}, which cannot be drawn as a table"
        elif not np.isfinite(array).all():
            trouble = "returned numbers that are not finite"
        else:
            return array
    name = getattr(function, "__name__", "your function")
    print(f"{name} {trouble}, so there is nothing to compare yet.")
    return None


def _plain(value: Any, name: str) -> Any:
    """Numbers, texts, lists and dicts; a number that is none would draw nonsense."""
    if is_dataclass(value):
        fields = asdict(value)
        return {_LAYER.get(key, key): _plain(v, name) for key, v in fields.items()}
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(v, f"{name}[{key!r}]") for key, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(v, name) for v in value]
    if isinstance(value, float) and not np.isfinite(value):
        raise ValueError(f"{name} must hold finite numbers, got {value}")
    if not isinstance(value, str | int | float):
        raise ValueError(f"{name} must hold numbers or texts, got {type(value).__name__}")
    return value


def _fewer_colours(png: bytes) -> bytes:
    """Half as large: tables of numbers need few colours, and each page holds many of them."""
    small = io.BytesIO()
    drawn = Image.open(io.BytesIO(png)).convert("RGB")
    method = Image.Quantize.MAXCOVERAGE  # keeps the colours of thin lines apart
    drawn.quantize(COLOURS, method, dither=Image.Dither.NONE).save(
        small, "png", compress_level=plotting.PNG_LEVEL
    )
    return small.getvalue()


def _picture(photo: np.ndarray) -> str:
    """A grey photo as the address of a PNG, which a page holds in few bytes."""
    if photo.ndim != 2 or max(photo.shape) > LONGEST or photo.min() < 0 or photo.max() > 1:
        raise ValueError(
            f"a photo must be (H, W) with values in 0 to 1, at most {LONGEST} pixels a side, got "
            f"shape {photo.shape}"
        )
    raw = io.BytesIO()
    Image.fromarray((photo * 255).round().astype(np.uint8)).save(raw, "png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(raw.getvalue()).decode('ascii')}"


_shown: set[str | None] = set()  # the cells that have shown a laboratory in this kernel


def _cell() -> str | None:
    """The id of the cell that runs, where the frontend tells it."""
    kernel = getattr(get_ipython(), "kernel", None)
    parent = kernel.get_parent("shell") if kernel else {}
    return (parent.get("metadata") or {}).get("cellId")


def _first_in(cell: str | None) -> bool:
    """Whether this output carries the module: once in a notebook that is run from the top.

    A cell that is run again carries it too: the one that did may be gone by now. In Colab each
    cell is a page of its own.
    """
    again = cell is not None and cell in _shown
    first = not _shown or again or "google.colab" in str(type(get_ipython()))
    _shown.add(cell)
    return first


def _page(given: Mapping[str, Any], picture: str, alt: str, *, with_module: bool) -> str:
    data = json.dumps(given, ensure_ascii=False).replace("<", "\\u003c")
    code = f'<script type="text/plain" class="laboratory-module">{PACKED}</script>'
    return (
        f'<div class="laboratory"><img class="still" src="{picture}" alt="{html.escape(alt)}">'
        f'<script type="application/json" class="start">{data}</script>'
        f"{code if with_module else ''}<script>{START}</script></div>"
    )
