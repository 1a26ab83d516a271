"""Formulas as MathML, which browsers draw themselves: no script, no font, no other host."""

import re

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)
# What MathJax reads in JupyterLab, but docutils only by another name.
OTHER_NAMES = {r"\\([bB]igg?)(?![a-zA-Z])": r"\\\1l", r"\\dots(?![a-zA-Z])": r"\\ldots"}
# The index of an accented letter, which docutils writes below the letter.
INDEX_BELOW = re.compile(
    r"<munderover>\s*(<mi>[^<]*</mi>)(.*?)(<mo\b[^>]*>[^<]*</mo>)\s*</munderover>", re.DOTALL
)
INDEX_BESIDE = r'<msub><mover accent="true">\1\3</mover>\2</msub>'


def setup(app: Sphinx) -> dict:
    """Offer the renderer `mathml`."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(_mathml(node, node.astext(), as_block=False))
    raise nodes.SkipNode


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    # Wider than a phone, a formula is scrolled, by keyboard too; several stand below each other.
    drawn = [_mathml(node, part, as_block=True) for part in _parts(node.astext())]
    self.body.append(f'<div class="formula" tabindex="0" role="group">{"".join(drawn)}</div>\n')
    raise nodes.SkipNode


def _parts(formula: str) -> list[str]:
    """The formulas that stand beside each other, with a wide space between, in one display."""
    parts, depth = [""], 0
    for token in re.findall(r"\\[a-zA-Z]+|\\.|.", formula, re.DOTALL):
        depth += {"{": 1, r"\begin": 1, "}": -1, r"\end": -1}.get(token, 0)
        if token == r"\qquad" and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return [part for part in parts if part.strip()]


def _mathml(node: nodes.Element, formula: str, as_block: bool) -> str:
    for pattern, name in OTHER_NAMES.items():
        formula = re.sub(pattern, name, formula)
    try:
        drawn = tex2mathml(formula, as_block=as_block)
    except MathError as error:
        logger.warning("formula cannot be drawn: %s", error, location=node)
        return ""
    drawn = INDEX_BELOW.sub(INDEX_BESIDE, drawn)
    # Browsers set "log" and what follows without a space, and log p becomes logp.
    return drawn.replace("<mo>&ApplyFunction;</mo>", '<mspace width="0.1667em"></mspace>')
