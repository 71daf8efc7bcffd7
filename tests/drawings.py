"""What the tests of drawings share."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

from pcutils.execution import Drawing, Executor

SVG = "{http://www.w3.org/2000/svg}"


def draw(executor: Executor, program: str) -> Drawing:
    """Run a program that has to succeed; return what it drew."""
    (result,) = executor.run([program])
    assert result.message is None
    return result.drawing


def parsed(drawing: Drawing, **options: Any) -> ElementTree.Element:
    """Return a drawing's picture as a tree."""
    return ElementTree.fromstring(drawing.to_svg(**options))
