"""Which drawings of a trace are shown in one frame, so that the picture does not jump from state to state."""

from __future__ import annotations

from collections.abc import Sequence

from pcutils.execution.drawing import Drawing
from pcutils.execution.drawing.frame import Frame, common_frame

#: How much wider or higher than the middle one of all frames the common one may be; at least what fits on a
#: pupil's screen, in pixels.
MOST_GROWTH = 2.5
SCREEN_SIDE = 800.0


def shared_frames(drawings: Sequence[Drawing]) -> list[Frame]:
    """Give each drawing the frame in which it is shown, the same one for all that are of a size.

    Parameters
    ----------
    drawings : sequence of Drawing, shape (n_drawings,)
        What the states of a trace drew.

    Returns
    -------
    list of Frame, shape (n_drawings,)
        A frame around all drawings of a size. A drawing so large, or so far away, that it would make the
        others small keeps a frame of its own.

    Examples
    --------
    >>> lines = [Drawing(ops=(("path", "red", 2, "round", [[0, 0], [0, y]]),)) for y in (300, 400, 4000)]
    >>> [round(frame.height) for frame in shared_frames(lines)]
    [426, 426, 4000]
    """
    own = [common_frame([drawing]) for drawing in drawings]
    limit = max(MOST_GROWTH * sorted(map(_side, own))[(len(own) - 1) // 2], SCREEN_SIDE)
    around = min(own, key=lambda one: sum(_side(_around(one, other)) for other in own))
    group = []
    for place in sorted(range(len(own)), key=lambda place: _side(_around(around, own[place]))):
        wider = _around(around, own[place])
        if _side(wider) <= limit:
            around = wider
            group.append(place)
    if not group:
        return own
    shared = common_frame([drawings[place] for place in sorted(group)])
    return [shared if place in group else frame for place, frame in enumerate(own)]


def _side(frame: Frame) -> float:
    return max(frame.width, frame.height)


def _around(one: Frame, other: Frame) -> Frame:
    left, top = min(one.left, other.left), min(one.top, other.top)
    right = max(one.left + one.width, other.left + other.width)
    bottom = max(one.top + one.height, other.top + other.height)
    return Frame(left, top, right - left, bottom - top)
