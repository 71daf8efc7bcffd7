"""What programs draw, mark by mark, and the pictures made of it."""

import base64
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from pcutils.execution import Drawing, Executor
from pcutils.execution.drawing.frame import bounds_of, common_frame
from pcutils.execution.drawing.turtles import turtle_svg

SVG = "{http://www.w3.org/2000/svg}"


def draw(executor: Executor, program: str) -> Drawing:
    """Run a program that has to succeed; return what it drew."""
    (result,) = executor.run([program])
    assert result.message is None
    return result.drawing


def parsed(drawing: Drawing, **options: Any) -> ElementTree.Element:
    """Return a drawing's picture as a tree."""
    return ElementTree.fromstring(drawing.to_svg(**options))


def turtle_place(drawing: Drawing, number: int = 0) -> tuple[float, float, float]:
    turtle = drawing.turtles[number]
    return turtle["x"], turtle["y"], turtle["direction"]


def test_a_square_is_one_closed_line(executor: Executor) -> None:
    drawing = draw(executor, "pen red, 5\nfor [1..4]\n  fd 100\n  rt 90")
    assert drawing.ops == (("path", "red", 5, "round", [[0, 0], [0, 100], [100, 100], [100, 0], [0, 0]]),)
    assert turtle_place(drawing) == (0, 0, 0)


def test_a_circle_goes_round_its_middle(executor: Executor) -> None:
    drawing = draw(executor, "pen blue\nrt 360, 50")
    ((kind, color, _, _, (start, half, end)),) = drawing.ops
    assert (kind, color, start) == ("path", "blue", [0, 0])
    assert half == [100, 0, 50, 0, 1]
    assert end == [0, 0, 50, 0, 1]
    box = bounds_of(draw(executor, "pen blue, 2\nrt 360, 50\nhide()"))
    assert (box.left, box.right, box.top, box.bottom) == pytest.approx((-1, 101, -51, 51))


@pytest.mark.parametrize(
    ("program", "place"),
    [
        ("fd 30\nrt 90\nfd 40", (40, 30, 90)),
        ("rt 90, 50", (50, 50, 90)),
        ("lt 90, 50", (-50, 50, -90)),
        ("rt -90, 50", (50, -50, -90)),
        ("rt 90\nslide 10, 20", (20, -10, 90)),
        ("rt 90\nmovexy 10, 20", (10, 20, 90)),
        ("jumpto 5, 6\nturnto 5, 100", (5, 6, 0)),
        ("jumpto 5, 6\nturnto 100, 6", (5, 6, 90)),
        ("fd 50\nrt 45\nhome()", (0, 0, 0)),
        ("bk 20\njump 3, 4", (3, -16, 0)),
        ("b = new Turtle\nb.jumpto 7, 8\nmoveto b", (7, 8, 0)),
        ("fd -10\nlt 450", (0, -10, -90)),
    ],
)
def test_where_the_turtle_ends(executor: Executor, program: str, place: tuple[float, ...]) -> None:
    assert turtle_place(draw(executor, program)) == pytest.approx(place)


def test_a_jump_interrupts_the_line_and_an_area_has_both_parts(executor: Executor) -> None:
    drawing = draw(executor, "pen red\nfd 10\njumpto 50, 0\nmoveto 60, 0\nmoveto 60, 10\nfill blue")
    kinds = [op[0] for op in drawing.ops]
    assert kinds == ["path", "path", "fill"]
    assert drawing.ops[2][1:] == ("blue", [[[0, 0], [0, 10]], [[50, 0], [60, 0], [60, 10]]])


def test_a_new_pen_begins_a_new_area_and_no_pen_draws_no_line(executor: Executor) -> None:
    assert draw(executor, "fd 100\npen red\npu()\nfd 10\npen off\nfd 10").ops == ()
    drawing = draw(executor, "pen red\nfd 10\npen path\nrt 90\nfd 20\nlt 90\nfd 20\nfill green")
    assert drawing.ops[-1] == ("fill", "green", [[[0, 10], [20, 10], [20, 30]]])


def test_marks_carry_place_colour_and_size(executor: Executor) -> None:
    drawing = draw(
        executor, "jumpto 3, 4\nrt 30\ndot red, 20\nbox 10, blue\nlabel 'hi', 20\nlabel 'x', 'left'"
    )
    assert drawing.ops == (
        ("dot", 3, 4, "red", 20),
        ("box", 3, 4, 30, "blue", 10),
        ("label", 3, 4, 30, 20, "black", "center", "hi"),
        ("label", 3, 4, 0, 16, "black", "left", "x"),
    )


def test_touching_a_colour_looks_at_the_newest_ink(executor: Executor) -> None:
    ask = "write touches(red), touches(blue)"
    program = f"speed Infinity\ndot red, 100\n{ask}\ndot blue, 100\n{ask}"
    (result,) = executor.run([program])
    assert result.output.split() == ["true", "false", "false", "true"]


def test_a_program_that_fails_keeps_what_it_drew(executor: Executor) -> None:
    (result,) = executor.run(["speed Infinity\npen red\nfd 50\noops()\nfd 50"])
    assert result.status == "error"
    assert result.drawing.ops == (("path", "red", 1.62, "round", [[0, 0], [0, 50]]),)


@pytest.mark.parametrize(
    "program",
    [
        "",
        "pen red\nfd 50\nrt 90, 20\nfill blue",
        "label '<b>&amp;\"</b>]]>'\nwrite '&lt;script&gt;'\nwrite String.fromCharCode 0, 1, 0xd800",
        "pen '\"><script>alert(1)</script>'\nfd 50\ndot 'x\" onload=\"y', 20",
        "write 'a'\nread 'b?'\nbutton 'c', ->\ntable 2, 2",
        "new Turtle red\nnew Sprite {color: blue, width: 20, height: 9}\narrow green, 30",
        "fd 1e300\nscale 1e9\ndot red, 1e20\npen red, 1e9\nfd 1e9",
    ],
)
def test_pictures_are_well_formed_and_have_words(executor: Executor, program: str) -> None:
    root = parsed(draw(executor, program), title="A <tale> & more", description='of "two" turtles')
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "A <tale> & more"
    assert root.findtext(f"{SVG}desc") == 'of "two" turtles'
    assert root.find(f".//{SVG}script") is None
    assert not [name for node in root.iter() for name in node.attrib if name.startswith("on")]


def test_the_canvas_is_white_and_fits_the_drawing(executor: Executor) -> None:
    root = parsed(draw(executor, "hide()\npen red, 10\nfd 300\nrt 90\nfd 500"))
    left, top, width, height = (float(value) for value in str(root.get("viewBox")).split())
    assert (left, top, width, height) == pytest.approx((-17, -317, 534, 334), abs=0.11)
    canvas = root[2]
    assert (canvas.tag, canvas.get("fill")) == (f"{SVG}rect", "white")
    assert max(int(str(root.get(side))) for side in ("width", "height")) == 400
    small = parsed(draw(executor, "dot red, 9\nfd 50\ndot blue, 9\npen green\nfd 10"), size=(64, 48))
    assert (small.get("width"), small.get("height")) == ("64", "48")
    assert min(float(value) for value in str(small.get("viewBox")).split()[2:]) >= 160
    assert small.findtext(f"{SVG}desc") == "2 dots, 1 line in red, blue, green."
    box = ("box", 0, 0, 0, "blue", 20)
    assert "2 boxes in blue." in Drawing(ops=(box, box)).to_svg()


def test_a_background_does_not_blow_the_picture_up(executor: Executor) -> None:
    root = parsed(draw(executor, "box lightblue, 10000\npen red\nfd 100"))
    assert max(float(value) for value in str(root.get("viewBox")).split()[2:]) < 500
    assert root.find(f".//{SVG}rect[@fill='lightblue']") is not None


def test_drawings_of_one_trace_share_a_frame(executor: Executor) -> None:
    programs = ["", "write 'a'\nwrite 'b'", "pen red\nfd 300", "rt 90\npen blue\nfd 200\nwrite 'c'"]
    drawings = [draw(executor, program) for program in programs]
    frame = common_frame(drawings)
    roots = [parsed(drawing, frame=frame) for drawing in drawings]
    assert len({(root.get("viewBox"), root.get("width"), root.get("height")) for root in roots}) == 1
    texts = drawings[1:2] * 2
    assert not common_frame(texts).has_marks
    assert parsed(drawings[1], frame=common_frame(texts)).find(f".//{SVG}path") is None
    for drawing in drawings:
        own = bounds_of(drawing)
        assert frame.left <= own.left <= own.right <= frame.left + frame.width
        assert frame.top <= own.top <= own.bottom <= frame.top + frame.height


def test_turtles_wear_shapes_and_the_main_one_is_on_top(executor: Executor) -> None:
    root = parsed(draw(executor, "s = new Sprite {width: 60, color: green}\nnew Turtle 'blue pencil'"))
    group = root.find(f"{SVG}g")
    assert group is not None
    assert [node.get("fill") for node in group] == ["green", "blue", "#3c8a5a"]


TRANSFORMS = {
    "grow 2": "translate(0 0)scale(2)",
    "grow 3, 2": "translate(0 0)scale(3 2)",
    "mirror true": "translate(0 0)scale(-1 1)",
    "twist 30\nrt 15": "translate(0 0)rotate(45)",
}


@pytest.mark.parametrize("program", TRANSFORMS)
def test_a_turtle_can_be_stretched_mirrored_and_twisted(executor: Executor, program: str) -> None:
    *_, turtle = (node for node in parsed(draw(executor, program)).iter() if "transform" in node.attrib)
    assert turtle.attrib["transform"] == TRANSFORMS[program]


def test_what_goes_straight_on_is_one_line_and_pictures_are_small(executor: Executor) -> None:
    steps = draw(executor, "speed Infinity\nfor i in [1..50]\n  pen red, 4\n  fd 3")
    at_once = draw(executor, "speed Infinity\npen red, 4\nfd 150")
    assert steps.to_svg(description="x") == at_once.to_svg(description="x")
    spiral = draw(executor, "speed Infinity\npen blue\nfor x in [1..200]\n  fd x\n  rt 61")
    assert len(spiral.to_svg()) < 200 * 16
    shown, hidden = (draw(executor, f"pen red\nfd 50\n{last}").to_svg() for last in ("st()", "ht()"))
    assert shown.count("<path") == hidden.count("<path") + 1


def test_an_unknown_colour_is_black_and_clear_ink_stays_apart(executor: Executor) -> None:
    svg = draw(
        executor, "pen 'purpel', 4\nfd 50\nfor i in [1..2]\n  pen rgba(255, 0, 0, 0.5), 9\n  fd 9"
    ).to_svg()
    assert 'stroke="black"' in svg
    assert svg.count("rgba(255,0,0,0.5)") == 2 + 1


@pytest.mark.parametrize(
    "beside", ["left end -8 0", "right start 8 0", "top middle 0 -17.6", "bottom middle 0 17.6"]
)
def test_a_label_stands_beside_the_turtle(executor: Executor, beside: str) -> None:
    side, anchor, x, y = beside.split()
    drawing = draw(executor, f"ht()\nlabel 'some words', '{side}'")
    label = parsed(drawing).find(f".//{SVG}text")
    assert label is not None
    assert label.get("text-anchor") == anchor
    assert (float(label.get("x", "")), float(label.get("y", ""))) == pytest.approx((float(x), float(y)))
    box = bounds_of(drawing)
    edges = {"left": -box.right, "right": box.left, "top": -box.bottom, "bottom": box.top}
    assert edges[side] == pytest.approx(8)


def test_long_lines_are_broken_between_words(executor: Executor) -> None:
    root = parsed(draw(executor, "write 'all these words go on and on'.repeat 4"))
    lines = [str(node.text) for node in root.iter(f"{SVG}text")]
    assert len(lines) == 3
    assert max(map(len, lines)) <= 50
    assert "".join(lines).replace(" ", "") == "allthesewordsgoonandon" * 4


def test_breaks_and_blocks_begin_new_lines(executor: Executor) -> None:
    program = "write 'a<br>b'\nwrite '<ul><li>one<li>two</ul>'\nwrite '<p>x  y\\nz</p><p>w'\nlabel 'l<br>m'"
    drawing = draw(executor, f"{program}\nx = write 'old'\nx.html 'new<br>er'\nread 'q<br>r'")
    assert draw(executor, "write '<style>p {color: red}</style>'").items[0]["text"] == ""
    assert [item["text"] for item in drawing.items] == ["a\nb", "one\ntwo", "x y z\nw", "new\ner", "q r"]
    label = next(text for text in parsed(drawing).iter(f"{SVG}text") if text.get("font-size"))
    assert [(line.text, float(line.get("y", ""))) for line in label] == [("l", -9.6), ("m", 9.6)]


STYLES = (
    "$('body').css 'background', 'navy'",
    "$('html').css {backgroundColor: 'navy'}",
    "document.body.style.background = 'no-repeat navy'",
    "$(document.body).css background: navy\ncs()",
)


@pytest.mark.parametrize("style", STYLES)
def test_the_page_may_have_a_colour_that_the_eraser_brings_back(executor: Executor, style: str) -> None:
    drawing = draw(executor, f"{style}\ndot white, 50\ndot erase, 20")
    assert drawing.background == "navy"
    root = parsed(drawing)
    assert root[2].get("fill") == "navy"
    assert [dot.get("fill") for dot in root.iter(f"{SVG}circle")] == ["white", "navy"]
    assert draw(executor, "$('p').css 'background', 'navy'").background is None


def test_a_picture_can_leave_out_turtles_and_text() -> None:
    drawing = Drawing(
        ops=(("dot", 0, 0, "red", 5),),
        turtles=({"x": 0, "y": 0, "direction": 0, "scale": 1, "color": None, "shape": "turtle", "size": None,
                  "opacity": 1, "visible": True},),
        items=({"kind": "text", "text": "hello", "size": None},),
    )  # fmt: skip
    bare = drawing.to_svg(size=(800, 600), frame=(-400, -300, 800, 600), turtles=False, items=False)
    assert 'viewBox="-400 -300 800 600" width="800" height="600"' in bare
    assert "<circle" in bare
    assert "hello" not in bare
    assert "fill-opacity" not in bare
    whole = drawing.to_svg(frame=(-400, -300, 800, 600))
    assert "hello" in whole
    assert "fill-opacity" in whole


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


CANVAS_MARKS = json.loads((Path(__file__).parent / "data" / "canvas_marks.json").read_text())
CANVAS = "c = document.createElement 'canvas'\nc.width = 200\nc.height = 100\ndocument.body.appendChild c\n"


def on_canvas(executor: Executor, *calls: str) -> Any:
    """What stays on a surface of 200 by 100 pixels, places from its middle."""
    lines = "".join(f"\nx.{call}" for call in calls)
    (item,) = draw(executor, f"{CANVAS}x = c.getContext '2d'{lines}").items
    assert item["size"][:3] == (200, 100, "")
    return [list(mark) for mark in item["size"][3]]


@pytest.mark.parametrize(("calls", "marks"), CANVAS_MARKS)
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


def test_a_surface_is_shown_where_it_stands(executor: Executor) -> None:
    marks = on_canvas(executor, "fillRect 0, 0, 9, 9", "clearRect 1, 1, 3, 3")
    assert [mark[1] for mark in marks] == ["#000000", "erase"]
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


def test_a_turtle_wears_a_picture_in_its_size_and_is_not_cut_off(executor: Executor) -> None:
    drawing = draw(executor, "wear '/img/90x60-rainbow'\nt = new Sprite 'cat.png'\nt.wear 'dog', 30")
    assert [turtle["size"] for turtle in drawing.turtles] == [[90, 60, "/img/90x60-rainbow"], [30, 30, "dog"]]
    assert [node.text for node in parsed(drawing).iter(f"{SVG}text")] == ["dog", "rainbow"]
    long = draw(executor, "wear '/img/a-very-long-name-indeed'")
    assert ">a-very…</text>" in turtle_svg(long.turtles[0])
    plain, worn, moved = (draw(executor, f"write 'x'\n{more}") for more in ("", "wear blue", "fd 10"))
    assert [common_frame([one]).has_marks for one in (plain, worn, moved)] == [False, True, True]
    box = bounds_of(draw(executor, "ht()\ns = new Sprite {width: 100, height: 40}\ns.rt 90\ns.fd 10"))
    assert (box.left, box.right, box.top, box.bottom) == pytest.approx((-10, 30, -50, 50))


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


@pytest.mark.parametrize(
    "poison", ["String = -> {slice: -> [1]}", "Math.min = -> {}", "Array.prototype.map = -> 7"]
)
def test_no_program_can_make_its_picture_fail(executor: Executor, poison: str) -> None:
    program = (
        "label 'a'\nx.fillText 'b', 5, 5\nx.fillRect 0, 0, 9, 9\nx.stroke()\nimg 'q'\ndot red, 5\ntable 2, 2"
    )
    (result,) = executor.run([f"{CANVAS}x = c.getContext '2d'\n{poison}\n{program}"])
    assert parsed(result.drawing).tag == f"{SVG}svg"
