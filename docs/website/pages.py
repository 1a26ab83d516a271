"""What a page of a notebook has beside its cells: their places, alt texts, and how to run it."""

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from course_utils.course.predictions import asks, only_draws

logger = logging.getLogger(__name__)
LINES_OF_A_CELL = 10_000  # myst-nb numbers the lines of cell n from (n + 1) times this
LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
MINUTES = re.compile(r"About [\w ]+? (?:minutes|hours)")
THOUSANDS = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")


def setup(app: Sphinx) -> dict:
    """Complete each notebook's document once it is read."""
    app.add_config_value("repository_url", "", "env")
    app.add_config_value("repository_branch", "main", "env")
    app.connect("doctree-read", _complete, priority=400)  # before Sphinx collects the titles
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _complete(app: Sphinx, document: nodes.document) -> None:
    path = Path(document["source"])
    if path.suffix != ".ipynb":
        return
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    _keep_numbers_whole(document)
    _describe_pictures(document, notebook)
    _leave_out_calls(document, notebook)
    _mark_cells(app, document, notebook)
    _say_how_to_run(app, document, notebook)
    _number(document, path)


def _keep_numbers_whole(document: nodes.document) -> None:
    """No line breaks within 34 992 000; hints and solutions are HTML, as folds are."""
    for text in list(document.findall(nodes.Text)):
        if not isinstance(text.parent, nodes.FixedTextElement | nodes.literal | nodes.math):
            text.parent.replace(text, nodes.Text(THOUSANDS.sub("\u00a0", text)))
    for raw in document.findall(nodes.raw):
        if raw.astext().startswith("<details>"):
            raw.children = [nodes.Text(THOUSANDS.sub("\u00a0", raw.astext()))]


def _describe_pictures(document: nodes.document, notebook: nbformat.NotebookNode) -> None:
    """Give each picture the alt text that is stored beside it in the notebook."""
    for cell in _with_attribute(document, "nb_element", "cell_code"):
        outputs = [o for o in notebook.cells[cell["cell_index"]].outputs if "data" in o]
        bundles = _with_attribute(cell, "nb_element", "mime_bundle")
        for output, bundle in zip(outputs, bundles, strict=True):
            for image in bundle.findall(nodes.image):
                mime = image.parent["mime_type"]
                image["alt"] = output.metadata.get(mime, {}).get("alt", "")
    for image in document.findall(nodes.image):
        if not image.get("alt"):
            logger.warning("a picture without alt text", location=image.parent)


def _leave_out_calls(document: nodes.document, notebook: nbformat.NotebookNode) -> None:
    """A question stands without the call that fetches it, a picture before the code that draws it.

    That code is folded: whoever wants to draw such a picture unfolds it.
    """
    for cell in _with_attribute(document, "nb_element", "cell_code"):
        stored = notebook.cells[cell["cell_index"]]
        for source in _with_attribute(cell, "nb_element", "cell_code_source"):
            if asks(stored):
                source.parent.remove(source)
            elif only_draws(stored):
                opened = '<details class="drawing"><summary>Show the code that draws</summary>'
                place = source.parent.index(source)
                source.parent.insert(place + 1, nodes.raw("", "</details>", format="html"))
                source.parent.insert(place, nodes.raw("", opened, format="html"))


def _with_attribute(node: nodes.Element, name: str, value: str) -> list[nodes.Element]:
    return [n for n in node.findall(nodes.Element) if n.get(name) == value]


def _mark_cells(app: Sphinx, document: nodes.document, notebook: nbformat.NotebookNode) -> None:
    """Make `lecture.ipynb#cell-id` a link that leads to the cell."""
    first: dict[int, nodes.Element] = {}
    for node in document.findall(nodes.Element):
        index = node.get("cell_index", (node.line or 0) // LINES_OF_A_CELL - 1)
        if index >= 0:
            first.setdefault(index, node)
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for index, cell in enumerate(notebook.cells):
        if index not in first:
            logger.warning("cell %s is not on its page", cell.id, location=app.env.docname)
            continue
        anchor, node = f"cell-{cell.id}", first[index]
        if isinstance(node, nodes.section):
            node["ids"].append(anchor)
        else:
            node.parent.insert(node.parent.index(node), nodes.target("", "", ids=[anchor]))
        slugs[cell.id] = (node.line, anchor, cell.id)


def _say_how_to_run(app: Sphinx, document: nodes.document, notebook: nbformat.NotebookNode) -> None:
    """Below the title: the minutes it takes, and links to download it or open it elsewhere."""
    minutes = MINUTES.search(notebook.cells[0].source)
    if minutes is None:
        logger.warning("the first cell does not say how long it takes", location=app.env.docname)
        return
    docname = app.env.docname
    up = "../" * docname.count("/")
    links = [f'<a href="{up}_sources/{docname}.ipynb" download>Download the notebook</a>']
    if app.config.repository_url:
        place = urlsplit(app.config.repository_url).path.strip("/").removesuffix(".git")
        branch, path = app.config.repository_branch, f"{docname}.ipynb"
        links += [
            f'<a href="https://colab.research.google.com/github/{place}/blob/{branch}/{path}">'
            "Open in Colab</a>",
            f'<a href="https://mybinder.org/v2/gh/{place}/{branch}?urlpath=lab/tree/{path}">'
            "Open in Binder</a>",
        ]
    last = _last_run(Path(app.srcdir), docname)
    items = "".join(f"<li>{item}</li>" for item in [minutes[0], *links, last])
    line = nodes.raw("", f'<ul class="run">{items}</ul>', format="html")
    title = next(document.findall(nodes.title))
    title.parent.insert(title.parent.index(title) + 1, line)


def _last_run(root: Path, docname: str) -> str:
    """When the outputs were last stored, as far as git knows, and with which versions: the pins.

    What is stored is compared with a new run before each change of the course. An assignment is
    run as its solution.
    """
    path = f"{docname.replace('assignments/', 'solutions/')}.ipynb"
    command = ["git", "log", "-1", "--format=%cs", "--", path]
    try:
        told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        told = ""
    when = f"Last run on {told.strip()}" if told.strip() else "Run"
    names = {"PyTorch": "torch", "torchvision": "torchvision", "NumPy": "numpy"}
    pins = dict(re.findall("^(.+)==(.+)$", LOCK.read_text(), re.MULTILINE))
    return f"{when} with " + ", ".join(f"{name} {pins[p]}" for name, p in names.items())


def _number(document: nodes.document, path: Path) -> None:
    """Put the number into the title, as texts speak of lecture 03 and of a1."""
    title = next(document.findall(nodes.title))
    title.insert(0, nodes.Text(f"{path.stem.split('_')[0]} · "))
