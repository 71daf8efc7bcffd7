"""What a program drew, as data and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pcutils.execution.drawing.soundness import sound_items, sound_marks

if TYPE_CHECKING:
    from pcutils.execution.drawing.frame import Frame

ON_TURTLE, PAPER = "sprite", "page"


@dataclass(frozen=True)
class Drawing:
    """Marks on the canvas, oldest first, the turtles where they ended, and what stands on the page.

    Lengths are in pixels, places are (x, y) from the middle of the page with y upwards, angles are in
    degrees, clockwise from up, as pupils give them.

    Attributes
    ----------
    ops : tuple of tuple
        The marks::

            ("path", colour, width, cap, [start, step, ...])
            ("fill", colour, [[start, step, ...], ...])
            ("dot", x, y, colour, diameter)
            ("box", x, y, direction, colour, side)
            ("arrow", x, y, direction, colour, length, width)
            ("label", x, y, direction, font size, colour, side, text)

        A label stands at the left, right, top or bottom of its place or in the center; one without a turtle
        starts or ends there. A start is (x, y); a step is (x, y) for a straight piece, (x, y, radius, large,
        clockwise) for an arc.
    turtles : tuple of dict
        ``x``, ``y``, ``direction``, ``scale``, ``across`` (how much wider than long it is drawn, below 0
        where it is mirrored; 1 where it is missing), ``color``, ``shape``, ``size`` (width, height and, of a
        picture, its address), ``opacity``, ``visible``; ``marks`` where something was drawn on it: marks as
        in `ops`, in places of the page, behind each ``("at", x, y, direction, scale)`` those made while it
        stood there, and ``("key", number, colour)`` for coloured keys of a piano.
    items : tuple of dict
        What was written: ``kind`` (text, heading, button, question, table, picture), ``text``, ``size``: of a
        table rows, columns and (row, column, colour) of its coloured cells; of a picture width, height and
        address, 0 where a side is not known, and the marks of a surface that the program drew itself.
    background : str or None
        Colour of the page, where the program gave it one.
    """

    ops: tuple[tuple[Any, ...], ...] = ()
    turtles: tuple[Mapping[str, Any], ...] = ()
    items: tuple[Mapping[str, Any], ...] = ()
    background: str | None = None

    @classmethod
    def from_report(cls, report: Mapping[str, Any]) -> Drawing:
        """Take the drawing out of a worker's report.

        Parameters
        ----------
        report : mapping
            See :meth:`pcutils.execution.runner.Runner.run`.

        Returns
        -------
        Drawing
        """
        ops = report.get("ops", ())
        on_turtles = {op[1]: sound_marks(op[2]) for op in ops if op[0] == ON_TURTLE}
        turtles = tuple(
            {**turtle, "marks": on_turtles[number]} if on_turtles.get(number) else turtle
            for number, turtle in enumerate(report.get("turtles", ()))
        )
        items = (item for item in report.get("items", ()) if item["kind"] != "label")
        background = next((str(op[1]) for op in ops if op[0] == PAPER), None)
        return cls(sound_marks(ops), turtles, tuple(sound_items(items)), background)

    def to_svg(
        self,
        title: str | None = None,
        description: str | None = None,
        size: tuple[int, int] | None = None,
        frame: Frame | None = None,
    ) -> str:
        """Draw it as a picture that stands alone.

        Parameters
        ----------
        title : str, optional
            What a screen reader says first; "Drawing" where there is none.
        description : str, optional
            What it says next; made from the marks where there is none.
        size : tuple of int, optional
            Width and height of the picture in pixels; its own where there is none.
        frame : Frame, optional
            The part of the page to show, so that several drawings lie one over the other; see
            :func:`pcutils.execution.drawing.frame.common_frame`. Fits the drawing where there is none.

        Returns
        -------
        str
            One ``<svg>`` element with a canvas, white or in the colour of the page, that fits what is on it.
        """
        from pcutils.execution.drawing.svg import picture

        return picture(self, title, description, size, frame)
