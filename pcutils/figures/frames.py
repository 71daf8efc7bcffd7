"""One frame for the drawings of a trace, so that a picture does not jump when the next one follows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pcutils.errors import PcutilsError

#: Left, top, width and height.
Frame = tuple[float, float, float, float]

#: A drawing that would make the common frame this many times wider or higher than most keeps a frame of its own.
MOST_GROWTH = 2.5

_OPENING = re.compile(r"<svg\b[^>]*>")
_VIEW_BOX = re.compile(r'\sviewBox="([^"]*)"')
_FRAME_ATTRIBUTES = re.compile(r'\s(?:viewBox|width|height|preserveAspectRatio)="[^"]*"')


def frame_of(svg: str) -> Frame:
    """Read the frame of a drawing.

    Parameters
    ----------
    svg : str
        One ``<svg>`` element.

    Returns
    -------
    tuple of float
        Left, top, width and height, in the drawing's own units.

    Raises
    ------
    PcutilsError
        Where its opening tag names no such four numbers.

    Examples
    --------
    >>> frame_of('<svg viewBox="-80 -80 160 160" width="90"></svg>')
    (-80.0, -80.0, 160.0, 160.0)
    """
    opening = _OPENING.match(svg)
    box = _VIEW_BOX.search(opening[0]) if opening else None
    try:
        left, top, width, height = (float(part) for part in box[1].split()) if box else ()
    except ValueError as error:
        raise PcutilsError(f"a drawing without a viewBox of four numbers: {svg[:80]!r}") from error
    return left, top, width, height


def common_frames(frames: Sequence[Frame]) -> list[Frame]:
    """Give each drawing the frame in which it is shown, the same for all that are of a size.

    Parameters
    ----------
    frames : sequence of tuple of float, shape (n_drawings, 4)
        What each drawing needs.

    Returns
    -------
    list of tuple of float, shape (n_drawings, 4)
        The smallest frame around all drawings of a size; a drawing that is `MOST_GROWTH` times as large as the
        middle one, or as far away, keeps its own.

    Examples
    --------
    >>> common_frames([(0, 0, 100, 100), (50, 0, 100, 120), (0, 0, 4000, 4000)])
    [(0, 0, 150, 120), (0, 0, 150, 120), (0, 0, 4000, 4000)]
    """
    by_size = sorted(frames, key=_side)
    middle = by_size[(len(by_size) - 1) // 2]
    common, limit = middle, MOST_GROWTH * _side(middle)
    for frame in by_size:
        wider = _around(common, frame)
        if _side(wider) <= limit:
            common = wider
    return [common if _around(common, frame) == common else frame for frame in frames]


def framed(svg: str, frame: Frame) -> str:
    """Show a drawing in another frame, at the size of the box that it is put into.

    Parameters
    ----------
    svg : str
        One ``<svg>`` element.
    frame : tuple of float
        Left, top, width and height, in the drawing's own units.

    Returns
    -------
    str
        The same element with this ``viewBox`` and no width or height.

    Examples
    --------
    >>> framed('<svg viewBox="0 0 9 9" width="90" role="img"></svg>', (0, 0, 100, 80.5))
    '<svg role="img" viewBox="0 0 100 80.5"></svg>'
    """
    box = " ".join(f"{value:.1f}".removesuffix(".0") for value in frame)
    opening = _OPENING.match(svg)
    if opening is None:
        raise PcutilsError(f"a drawing without a viewBox of four numbers: {svg[:80]!r}")
    head = _FRAME_ATTRIBUTES.sub("", opening[0])
    return f'{head[:-1]} viewBox="{box}">{svg[opening.end() :]}'


def _side(frame: Frame) -> float:
    return max(frame[2:])


def _around(one: Frame, other: Frame) -> Frame:
    left, top = min(one[0], other[0]), min(one[1], other[1])
    right, bottom = max(one[0] + one[2], other[0] + other[2]), max(one[1] + one[3], other[1] + other[3])
    return left, top, right - left, bottom - top
