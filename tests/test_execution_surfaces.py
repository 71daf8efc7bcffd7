"""What lies on sprites, pianos and surfaces of their own, and pictures that are loaded."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from drawings import SVG, draw, parsed

from pcutils.execution import Executor
from pcutils.execution.drawing.bounds import bounds_of
from pcutils.execution.drawing.frame import common_frame
from pcutils.execution.drawing.turtles import turtle_svg


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=1) as running:
        yield running


def test_what_is_drawn_on_a_sprite_goes_with_the_sprite(executor: Executor) -> None:
    program = (
        "s = new Sprite\ndrawon s\ndot blue, 9\ns.jumpto 5, 6\ndot red, 9\ncg()\ndrawon null\ndot green, 5"
    )
    drawing = draw(executor, f"speed Infinity\n{program}\ns.jumpto 100, 0")
    assert [op[3] for op in drawing.ops] == ["green"]
    assert drawing.turtles[1]["marks"] == (
        ("at", 0, 0, 0, 1),
        ("dot", 0, 0, "blue", 9),
        ("at", 5, 6, 0, 1),
        ("dot", 0, 0, "red", 9),
    )
    root = parsed(drawing)
    sprite = root.find(f"{SVG}g/{SVG}g")
    assert sprite is not None
    assert sprite.get("transform") == "translate(100 0)"
    blue, red = sprite.findall(f".//{SVG}circle")
    assert (blue.get("fill"), red.get("fill")) == ("blue", "red")
    assert [node.get("transform") for node in sprite.findall(f"{SVG}svg/{SVG}g")] == ["translate(-5 6)"]


def test_a_line_on_a_sprite_is_no_line_on_the_page(executor: Executor) -> None:
    drawing = draw(executor, "s = new Sprite\npen red\nfd 9\ndrawon s\nfd 9\ndrawon document\nfd 9")
    assert [op[4] for op in drawing.ops] == [[[0, 0], [0, 9]], [[0, 18], [0, 27]]]
    assert drawing.turtles[1]["marks"][1:] == (("path", "red", 1.62, "round", [[0, 9], [0, 18]]),)


def test_a_picture_that_is_not_there_is_a_frame_with_its_name(executor: Executor) -> None:
    program = "img '/img/flag'\nimg('https://x.example/a/cat.png?v=1').css {width: 80}"
    root = parsed(draw(executor, f"{program}\nwrite '<p><img src=dog.gif>'"))
    assert [node.text for node in root.iter(f"{SVG}text")] == ["flag", "cat", "dog"]
    assert [node.get("width") for node in root.iter(f"{SVG}rect")][2] == "80"
    assert root.findtext(f"{SVG}desc") == "3 loaded pictures."
    assert root.find(f".//{SVG}image") is None


def test_a_turned_sprite_is_not_cut_off(executor: Executor) -> None:
    box = bounds_of(draw(executor, "ht()\ns = new Sprite {width: 100, height: 40}\ns.rt 90\ns.fd 10"))
    assert (box.left, box.right, box.top, box.bottom) == pytest.approx((-10, 30, -50, 50))


def test_lines_that_close_have_no_notch_at_their_beginning(executor: Executor) -> None:
    square = "for [1..4]\n  fd 50\n  rt 90"
    butt, plain, open_ = (
        draw(executor, program).to_svg()
        for program in (f"pen red, 9, 'butt'\n{square}", f"pen red, 9\n{square}", "pen red, 9, 'butt'\nfd 50")
    )
    assert ["0Z" in svg for svg in (butt, plain, open_)] == [True, False, False]


def test_a_piano_has_its_keys_and_shows_pressed_ones(executor: Executor) -> None:
    drawing = draw(executor, "p = new Piano\np.drawkey 60\np.drawkey '^F', blue\np.drawkey 999")
    keys = [node.get("fill") for node in parsed(drawing).iter(f"{SVG}rect")][1:]
    assert [keys.count(color) for color in ("white", "black", "yellow", "blue")] == [20, 14, 1, 1]
    again = draw(executor, "p = new Piano\np.drawkey 60\np.draw()")
    assert "yellow" not in again.to_svg()


CANVAS = "c = document.createElement 'canvas'\nc.width = 200\nc.height = 100\ndocument.body.appendChild c\n"


def on_canvas(executor: Executor, *calls: str) -> Any:
    """What stays on a surface of 200 by 100 pixels, places from its middle."""
    lines = "".join(f"\nx.{call}" for call in calls)
    (item,) = draw(executor, f"{CANVAS}x = c.getContext '2d'{lines}").items
    assert item["size"][:3] == (200, 100, "")
    return [list(mark) for mark in item["size"][3]]


@pytest.mark.parametrize(
    ("calls", "marks"),
    [
        (
            ["fillStyle = red", "fillRect 0, 0, 50, 20"],
            [["fill", "red", [[[-100, 50], [-50, 50], [-50, 30]]]]],
        ),
        (
            ["lineWidth = 4", "moveTo 0, 0", "lineTo 100, 50", "stroke()"],
            [["path", "#000000", 4, "butt", [[-100, 50], [0, 0]]]],
        ),
        (
            [
                "save()",
                "translate 100, 50",
                "scale 2, 2",
                "beginPath()",
                "arc 0, 0, 5, 0, 7",
                "restore()",
                "stroke()",
            ],
            [["path", "#000000", 1, "butt", [[10, 0], [-10, 0, 10, 0, 1], [10, 0, 10, 0, 1]]]],
        ),
        (
            ["translate 100, 50", "rotate Math.PI / 2", "moveTo 0, 0", "lineTo 10, 0", "stroke()"],
            [["path", "#000000", 1, "butt", [[0, 0], [0, -10]]]],
        ),
        (
            ["moveTo 100, 50", "lineTo 110, 50", "lineTo 110, 60", "closePath()", "fill()"],
            [["fill", "#000000", [[[0, 0], [10, 0], [10, -10], [0, 0]]]]],
        ),
        (
            ["font = 'bold 20px serif'", "textAlign = 'center'", "fillText 'hi', 100, 50"],
            [["label", 0, 7, 0, 20, "#000000", "center", "hi"]],
        ),
        (["fillRect 0, 0, 9, 9", "clearRect 0, 0, 200, 100"], []),
        (["fillRect 0, NaN, 9, 9", "lineTo 5", "fill()", "stroke()", "restore()"], []),
    ],
)
def test_marks_on_a_surface_without_a_turtle(
    executor: Executor, calls: list[str], marks: list[list[Any]]
) -> None:
    found = on_canvas(executor, *calls)
    if marks and marks[0][0] == "fill":
        found = [
            [kind, color, [stroke[: len(marks[0][2][0])] for stroke in strokes]]
            for kind, color, strokes in found
        ]
    assert found == marks


def test_part_of_a_surface_can_be_cleared(executor: Executor) -> None:
    assert [mark[1] for mark in on_canvas(executor, "fillRect 0, 0, 9, 9", "clearRect 1, 1, 3, 3")] == [
        "#000000",
        "erase",
    ]


def test_a_surface_is_shown_where_it_stands(executor: Executor) -> None:
    paint = "getContext('2d').fillRect 0, 0, 10, 10"
    page = parsed(draw(executor, f"{CANVAS}c.{paint}")).find(f".//{SVG}svg")
    assert page is not None
    assert (page.get("viewBox"), page.get("height")) == ("-100 -50 200 100", "100")
    detached = draw(executor, f"document.createElement('canvas').{paint}")
    assert detached.items == ()
    sprite = draw(executor, f"s = new Sprite {{width: 30, height: 20}}\ns.canvas().{paint}\nfd 1").turtles[1]
    assert sprite["marks"][1][2][0][0] == [-15, 10]
    (on_page,) = draw(executor, f"canvas().{paint}").ops
    assert on_page[2][0][0] == [-400, 300]


def test_an_endless_animation_on_a_surface_keeps_the_newest_marks(executor: Executor) -> None:
    calls = (
        "fillStyle = red",
        "fillRect 0, 0, 1, 1 for [1..4500]",
        "fillStyle = blue",
        "fillRect 0, 0, 1, 1",
    )
    marks = on_canvas(executor, *calls)
    assert len(marks) < 4500
    assert marks[-1][1] == "blue"


def test_text_does_not_hide_sprites(executor: Executor) -> None:
    plain, worn, moved = (draw(executor, f"write 'x'\n{more}") for more in ("", "wear blue", "fd 10"))
    assert [common_frame([one]).has_marks for one in (plain, worn, moved)] == [False, True, True]


def test_a_turtle_wears_a_picture_in_its_size(executor: Executor) -> None:
    drawing = draw(executor, "wear '/img/90x60-rainbow'\nt = new Sprite 'cat.png'\nt.wear 'dog', 30")
    assert [turtle["size"] for turtle in drawing.turtles] == [[90, 60, "/img/90x60-rainbow"], [30, 30, "dog"]]
    assert [node.text for node in parsed(drawing).iter(f"{SVG}text")] == ["dog", "rainbow"]


def png(width: int, height: int) -> str:
    head = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + b"IHDR"
    head += width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0" + b"\0" * 4
    return "data:image/png;base64," + base64.b64encode(head + b"\0" * 12).decode("ascii")


@pytest.mark.parametrize(
    ("address", "is_drawn"),
    [
        (png(3, 2), True),
        ("data:image/jpeg;base64,/9j/wAALCAACAAMBASIA/9k=", True),
        (png(100_000, 2), False),
        (png(0, 2), False),
        (png(3, 2).replace("png", "gif"), False),
        (png(3, 2) + '" onload="x', False),
        ("data:image/svg+xml;base64,PHN2Zy8+", False),
        ("data:image/png;base64,AAAA", False),
        ("data:image/jpeg;base64,/9j/", False),
        ("https://x.example/cat.png", False),
    ],
)
def test_only_pictures_that_can_do_nothing_else_are_drawn(
    executor: Executor, address: str, is_drawn: bool
) -> None:
    drawing = draw(executor, f"img({json.dumps(address)}).css {{width: 30}}\nwear {json.dumps(address)}, 20")
    drawn = [node.get("href") for node in parsed(drawing).iter(f"{SVG}image")]
    assert drawn == ([address, address] if is_drawn else [])


def test_the_name_of_a_picture_fits_into_its_frame(executor: Executor) -> None:
    drawing = draw(executor, "wear '/img/a-very-long-name-indeed'\nnew Turtle '/img/bird'")
    long, short = (turtle_svg(turtle) for turtle in drawing.turtles)
    assert ">a-very…</text>" in long
    assert ">bird</text>" in short


def test_a_huge_surface_shrinks_to_the_page(executor: Executor) -> None:
    root = parsed(draw(executor, f"{CANVAS}c.width = 1e9\nc.getContext('2d').fillRect 0, 0, 5e8, 50"))
    surface = root.find(f".//{SVG}svg")
    assert surface is not None
    assert surface.get("width") == "800"
    assert float(str(root.get("viewBox")).split()[2]) < 1000
    assert draw(executor, f"{CANVAS}c.width = -5\nc.getContext('2d').fillRect 0, 0, 5, 5").to_svg()


@pytest.mark.parametrize(
    "poison", ["String = -> {slice: -> [1]}", "Math.min = -> {}", "Array.prototype.map = -> 7"]
)
def test_no_program_can_make_its_picture_fail(executor: Executor, poison: str) -> None:
    program = (
        "label 'a'\nx.fillText 'b', 5, 5\nx.fillRect 0, 0, 9, 9\nx.stroke()\nimg 'q'\ndot red, 5\ntable 2, 2"
    )
    (result,) = executor.run([f"{CANVAS}x = c.getContext '2d'\n{poison}\n{program}"])
    assert parsed(result.drawing).tag == f"{SVG}svg"
