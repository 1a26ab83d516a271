"""JupyterLab's way to files, on which a notebook that was only opened does not count as changed.

JupyterLab writes into each notebook that it opens which Python runs it, and one more name for the
folding of an output. Where these were not there, the notebook has changed before anybody touched
it: a dot on its tab, and a question when it is closed.
"""

from typing import Any

from ipykernel.ipkernel import IPythonKernel
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class Untouched(AsyncLargeFileManager):
    """Gives a notebook as JupyterLab has it once it is open; files stay as they are."""

    async def get(
        self, path: str, content: bool = True, type: str | None = None, **options: Any
    ) -> dict[str, Any]:
        """A file or folder; see `jupyter_server`."""
        model = await super().get(path, content=content, type=type, **options)
        if content and model["type"] == "notebook":
            as_opened(model["content"])
        return model


def as_opened(notebook: dict[str, Any]) -> None:
    """Add what JupyterLab itself adds when it opens a notebook of this environment's Python."""
    metadata = notebook["metadata"]
    if metadata.get("language_info", {}).get("name", "python") == "python":
        metadata["language_info"] = dict(IPythonKernel.language_info)
    for cell in notebook.get("cells", []):
        folded = cell["metadata"].get("jupyter", {}).get("outputs_hidden")
        if folded is not None:
            cell["metadata"]["collapsed"] = folded
