"""The directive `package`: documents all public modules of a package, so that none is listed."""

import importlib
import pkgutil
from types import ModuleType

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from course_utils.checks.answers import Answers
from course_utils.checks.engine import Check


class Package(SphinxDirective):
    """A section for each module: of the packages, or of the single modules, that are named."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Write them as reStructuredText for autodoc."""
        names = [name for given in self.content for name in _public(given)]
        text = [line for name in names for line in _section(name)]
        return self.parse_text_to_nodes("\n".join(text), allow_section_headings=True)


def _public(name: str) -> list[str]:
    """The module itself if it offers anything, and the modules of a package without a choice."""
    module = importlib.import_module(name)
    if hasattr(module, "__all__") or not hasattr(module, "__path__"):
        return [name]
    own = any(getattr(value, "__module__", "") == name for value in vars(module).values())
    inside = (f"{name}.{found.name}" for found in pkgutil.iter_modules(module.__path__))
    return [name] * own + [name for module in inside for name in _public(module)]


def _section(name: str) -> list[str]:
    module = importlib.import_module(name)
    lines = [name, "-" * len(name), "", f".. automodule:: {name}", "   :members:", ""]
    return lines + [line for check in _checks(module) for line in check]


def _checks(module: ModuleType) -> list[list[str]]:
    """What the checks of an assignment say of themselves: they are data, which autodoc skips."""
    found = []
    for name in getattr(module, "__all__", []):
        value = getattr(module, name)
        if isinstance(value, Check):
            parts = ", ".join(f"``{part}``" for part in value.part_names)
            text = f"Compares ``{value.name}`` with {value.tool}. Parts: {parts}."
        elif isinstance(value, Answers):
            text = f"{len(value.items)} answers: {', '.join(f'``{i}``' for i in value.items)}."
        else:
            continue
        found.append([f".. py:data:: {module.__name__}.{name}", "", f"   {text}", ""])
    return found


def setup(app: Sphinx) -> dict:
    """Offer the directive."""
    app.add_directive("package", Package)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
