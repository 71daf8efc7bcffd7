"""Pictures of a trace: one frame where that is sensible, and never too heavy for a page."""

from __future__ import annotations

import math

from pcutils.execution.drawing import Drawing
from pcutils.execution.drawing.frame import Frame
from pcutils.figures.frames import MOST_GROWTH, shared_frames
from pcutils.figures.pictures import lightened


def lines_up(length: float) -> Drawing:
    return Drawing(ops=(("path", "red", 2, "round", [[0, 0], [0, length]]),))


def test_drawings_of_a_size_share_a_frame_that_holds_them() -> None:
    drawings = [lines_up(length) for length in (200, 300, 0, 350)]
    frames = shared_frames(drawings)
    assert len(set(frames)) == 1
    assert frames[0].height > 350
    assert frames == shared_frames(drawings[::-1])


def test_a_huge_drawing_does_not_make_the_others_small() -> None:
    *usual, huge = shared_frames([lines_up(length) for length in (200, 300, 400, 3500)])
    assert len(set(usual)) == 1
    assert usual[0].height < huge.height / MOST_GROWTH


def test_a_drawing_far_away_has_a_frame_of_its_own() -> None:
    far = Drawing(ops=(("dot", 3000, 0, "red", 20),))
    near, other, away = shared_frames([lines_up(100), lines_up(150), far])
    assert near == other
    assert isinstance(away, Frame)
    assert away.left > near.left + near.width


def scribble(marks: int, steps: int) -> Drawing:
    """A drawing of many marks, none of which occurs twice."""
    ops = [
        (
            "path",
            "red",
            2,
            "round",
            [[(n + 40 * k * k) % 300, (7 * n + k * (n + 3)) % 300] for k in range(steps)],
        )
        for n in range(marks)
    ]
    return Drawing(ops=tuple(ops))


def test_a_light_drawing_is_left_as_it_is() -> None:
    drawing = scribble(5, 10)
    [frame] = shared_frames([drawing])
    assert lightened(drawing, frame, 5000) == (drawing, True)


def test_steps_that_nobody_would_see_go_first() -> None:
    curve = [[math.cos(k / 1000) * 200, math.sin(k / 1000) * 200] for k in range(6000)]
    drawing = Drawing(ops=(("path", "red", 2, "round", curve),))
    [frame] = shared_frames([drawing])
    light, is_whole = lightened(drawing, frame, 30_000)
    assert is_whole
    kept = light.ops[0][4]
    assert kept[0] == curve[0]
    assert kept[-1] == curve[-1]
    assert len(kept) < len(curve) / 2
    left = [place for place in curve if place not in kept]
    assert max(min(math.dist(place, other) for other in kept) for place in left) < 2


def test_the_marks_of_a_heavy_drawing_end_where_there_is_no_room() -> None:
    drawing = scribble(500, 20)
    [frame] = shared_frames([drawing])
    light, is_whole = lightened(drawing, frame, 3000)
    assert not is_whole
    assert light.ops[:-1] == drawing.ops[: len(light.ops) - 1]
    assert 1500 < len(light.to_svg()) < 4000
