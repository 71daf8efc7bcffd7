"""Sphinx extension: formulas become MathML while the book is built.

Browsers draw MathML themselves, so a page needs no MathJax, no web font and no request to another host.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

#: LaTeX reads `\frac14` and `x^10` digit by digit, docutils reads whole numbers and gives another formula.
UNBRACED = re.compile(r"\\(?:[dt]?frac|binom|sqrt)\s*\d|[\^_]\s*\d\d")


def to_mathml(tex: str, as_block: bool, node: nodes.Node) -> str:
    """Translate one formula, or keep its source text and warn.

    Parameters
    ----------
    tex : str
        LaTeX without the dollar signs.
    as_block : bool
        Whether the formula stands on a line of its own.
    node : docutils.nodes.Node
        Where the formula stands, for the warning.

    Returns
    -------
    str
        A `<math>` element; where docutils cannot read the formula, its source as `<code>`.
    """
    if unbraced := UNBRACED.search(tex):
        logger.warning("formula %r: put the digits of %r in braces", tex, unbraced.group(), location=node)
    try:
        return str(latex2mathml.tex2mathml(tex, as_block=as_block))
    except MathError as error:
        logger.warning("formula %r is beyond docutils' LaTeX: %s", tex, error, location=node)
        return f"<code>{html.escape(tex)}</code>"


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula inside a sentence."""
    self.body.append(to_mathml(node.astext(), False, node))
    raise nodes.SkipNode


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on its own line; a long one scrolls instead of widening the page."""
    box = {"class": "math-block", "tabindex": "0", "role": "group", "aria-label": "Formula"}
    self.body.append(self.starttag(node, "div", **box))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})</span>')
    self.body.append(to_mathml(node.astext(), True, node) + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name that `html_math_renderer` selects."""
    inline, block = (visit_inline, None), (visit_block, None)
    app.add_html_math_renderer("mathml", inline_renderers=inline, block_renderers=block)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
