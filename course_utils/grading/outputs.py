"""What is kept of the outputs of a student's cell: bounded, of kinds that a page shows safely."""

import base64
import struct
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

IMAGES = ("image/png", "image/jpeg")
TEXTS = ("text/plain", "text/html", "text/markdown", "text/latex")
MAX_OUTPUTS = 100  # of one cell
MAX_IMAGES = 2_000_000  # characters of base64, all pictures of a cell together
MAX_PIXELS = 20_000_000  # a tiny file can unfold to a picture that fills all memory
MAX_SEGMENTS = 100  # of a JPEG, before the one that tells its size
CUT = "\n[cut here: more than {} characters]\n"


class Outputs:
    """Collects the outputs of one cell from the messages of a kernel that may be hostile.

    Parameters
    ----------
    limit
        Characters of text, all outputs together.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._clear_next = True
        self._clear()

    def add(self, kind: str, content: Any) -> None:
        """Take what is fit to be shown from a message; anything else is left out."""
        content = content if isinstance(content, dict) else {}
        if kind == "clear_output":
            self._clear_next = True
            if content.get("wait") is not True:
                self._clear()
            return
        output = _MAKE[kind](self, content) if kind in _MAKE else None
        if output is None:
            return
        self._clear()
        if len(self.items) < MAX_OUTPUTS:
            self.items.append(output)

    def error(self, name: str, text: str) -> None:
        """Add an error that the examiner itself has to tell."""
        self.items.append(
            new_output("error", ename=name, evalue=_clean(text), traceback=[_clean(text)])
        )

    def _clear(self) -> None:
        if self._clear_next:
            self.items: list[NotebookNode] = []
            self.left, self.left_of_images, self._clear_next = self.limit, MAX_IMAGES, False

    def _text(self, value: Any) -> str:
        """As much of a text as is left of the limit."""
        text = _clean(value) if isinstance(value, str) else ""
        if not text or not self.left:
            return ""
        kept, self.left = text[: self.left], max(0, self.left - len(text))
        return kept if self.left else kept + CUT.format(self.limit)

    def _stream(self, content: dict) -> NotebookNode | None:
        name = "stderr" if content.get("name") == "stderr" else "stdout"
        text = self._text(content.get("text"))
        last = self.items[-1] if self.items and not self._clear_next else {}
        if text and last.get("output_type") == "stream" and last.name == name:
            last.text += text
            return None
        return new_output("stream", name=name, text=text) if text else None

    def _data(self, content: dict) -> NotebookNode | None:
        kinds = content.get("data") if isinstance(content.get("data"), dict) else {}
        data = {k: text for k in TEXTS if k in kinds and (text := self._text(kinds[k]))}
        data |= {k: kinds[k] for k in IMAGES if k in kinds and self._image(kinds[k])}
        about = content.get("metadata") if isinstance(content.get("metadata"), dict) else {}
        alts = {k: about[k].get("alt") for k in IMAGES if isinstance(about.get(k), dict)}
        metadata = {
            k: {"alt": _clean(alt[:500])} for k, alt in alts.items() if isinstance(alt, str)
        }
        return new_output("display_data", data=data, metadata=metadata) if data else None

    def _image(self, value: Any) -> bool:
        """Whether this is the base64 of a PNG or JPEG, for which there is room."""
        fits = isinstance(value, str) and len(value) <= self.left_of_images and is_image(value)
        self.left_of_images -= len(value) if fits else 0
        return fits

    def _error(self, content: dict) -> NotebookNode:
        lines = content.get("traceback")
        lines = [self._text(line) for line in lines[:200]] if isinstance(lines, list) else []
        name, text = (_clean(str(content.get(key, ""))[:500]) for key in ("ename", "evalue"))
        return new_output("error", ename=name, evalue=text, traceback=[*filter(None, lines)])


_MAKE = {
    "stream": Outputs._stream,
    "display_data": Outputs._data,
    "execute_result": Outputs._data,
    "error": Outputs._error,
}


def _clean(text: str) -> str:
    """Without halves of characters, which cannot be stored."""
    return text.encode(errors="replace").decode()


def is_image(text: str) -> bool:
    """Whether this is the base64 of a PNG or JPEG that is not too large to be shown."""
    if len(text) > MAX_IMAGES:
        return False
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return False
    return 0 < _pixels(data) <= MAX_PIXELS


def _pixels(data: bytes) -> int:
    """Height times width, read from the head of the file; 0 if it is no picture."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        width, height = struct.unpack_from(">II", data, 16)
        return width * height
    at = 2 if data.startswith(b"\xff\xd8") else len(data)
    for _ in range(MAX_SEGMENTS):
        if at + 9 > len(data):
            return 0
        marker, size = struct.unpack_from(">HH", data, at)
        if 0xFFC0 <= marker <= 0xFFC3:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width * height
        at += 2 + size
    return 0
