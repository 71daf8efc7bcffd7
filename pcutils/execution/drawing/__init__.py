"""What a program drew: marks, turtles and text as data, and the picture of them."""

from __future__ import annotations

from pcutils.execution.drawing.drawing import Drawing

__all__ = ["Drawing"]
