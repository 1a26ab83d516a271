"""What grading shows in a browser, with everything taken out that a page must not carry.

Text and outputs of a submission are written by students. In formgrader they would run with the
rights of the instructor, in feedback with those of whoever opens the page.
"""

import re

import nh3
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import ClearHiddenTests

_TEXT = {"a", "b", "br", "code", "del", "div", "em", "hr", "i", "img", "kbd", "p", "pre", "s"}
_TEXT |= {"samp", "small", "span", "strong", "sub", "summary", "sup", "tt", "u", "var", "details"}
_BLOCKS = {"blockquote", "dd", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "ul"}
_TABLES = {"caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
_SILENT = {"script", "style", "iframe", "object", "embed", "svg", "math", "template", "noscript"}
_ATTRIBUTES = {"alt", "class", "colspan", "id", "name", "open", "rowspan", "title"}
_HINTS = "<style>summary { display: list-item; cursor: pointer }</style>"  # bootstrap hides the ▸
_ACTS = re.compile("(javascript|vbscript|data):", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x20]")  # which browsers leave out of an address
_PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")


def _allowed(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return value if _PICTURE.fullmatch(value) else None  # another would tell who looks
    return None if name == "href" and _ACTS.match(_UNSEEN.sub("", value)) else value


_CLEANER = nh3.Cleaner(
    tags=_TEXT | _BLOCKS | _TABLES,
    clean_content_tags=_SILENT,
    attributes={"*": _ATTRIBUTES, "img": {"src"}, "a": {"href"}},
    attribute_filter=_allowed,
    url_schemes={"http", "https", "mailto", "data"},
    link_rel=None,
)


def clean_html(html: str) -> str:
    """Keep text, tables and stored pictures; drop scripts, forms, frames, styles and handlers."""
    return _CLEANER.clean(str(html))


@pass_context
def clean_markdown(context: Context, source: str) -> str:
    """Render markdown as nbconvert does, then clean what came out."""
    cell = context.get("cell") or {}
    attachments = cell.get("attachments", {})
    if not attachments:  # pictures that were pasted into a submission are not taken over
        source = source.replace("attachment:", "not-shown:")
    renderer = IPythonRenderer(escape=False, attachments=attachments)
    return clean_html(MarkdownWithMath(renderer=renderer).render(source))


FILTERS = {"clean_html": clean_html, "markdown2html": clean_markdown}


class FeedbackExporter(HTMLExporter):
    """Feedback as a page whose whole body is cleaned, so that no way into it stays open."""

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict | None = None, **kwargs
    ) -> tuple[str, dict]:
        """Render the page, then clean its body."""
        page, resources = super().from_notebook_node(nb, resources, **kwargs)
        head, body = page.split("<body>", maxsplit=1)  # the head holds nothing of the student's
        # The table of contents calls every test "Test cell": let it say which one.
        body = re.sub(
            r'<a href="#([\w-]+)">Test cell</a>', r'<a href="#\1">\1</a>', clean_html(body)
        )
        return f"{head}{_HINTS}<body>{body}</body>\n</html>\n", resources


class HideTests(ClearHiddenTests):
    """Take hidden tests out of feedback: out of the cells, and out of tracebacks."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, index: int
    ) -> tuple[NotebookNode, dict]:
        """Clear the region in a locked test cell; a student's own cell is left as it is."""
        if not (utils.is_grade(cell) and utils.is_locked(cell)):
            return cell, resources
        before = cell.source
        self._remove_hidden_test_region(cell)
        visible = {line.strip() for line in cell.source.splitlines()}
        hidden = {line.strip() for line in before.splitlines()} - visible
        for output in cell.get("outputs", []):
            text = strip_ansi("\n".join(output.get("traceback", [])))
            if any(line in text for line in hidden):
                output.traceback = [f"{output.ename}: {output.evalue}"]
        return cell, resources
