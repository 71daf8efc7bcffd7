"""What programs draw, mark by mark, and the pictures made of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from drawings import SVG, draw, parsed

from pcutils.execution import Drawing, Executor
from pcutils.execution.drawing.bounds import bounds_of
from pcutils.execution.drawing.frame import common_frame
from pcutils.execution.drawing.lines import SHOWN_LINES


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=1) as running:
        yield running


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


def test_a_new_pen_begins_a_new_area(executor: Executor) -> None:
    drawing = draw(executor, "pen red\nfd 10\npen path\nrt 90\nfd 20\nlt 90\nfd 20\nfill green")
    assert drawing.ops[-1] == ("fill", "green", [[[0, 10], [20, 10], [20, 30]]])


def test_no_pen_no_line(executor: Executor) -> None:
    assert draw(executor, "fd 100\npen red\npu()\nfd 10\npen off\nfd 10").ops == ()


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


def test_turtles_draw_side_by_side_in_the_order_of_time(executor: Executor) -> None:
    program = (
        "a = new Turtle red\nb = new Turtle blue\na.speed 1\nb.speed 2\na.fd 5\na.dot red\nb.fd 5\nb.dot blue"
    )
    assert [op[3] for op in draw(executor, program).ops] == ["blue", "red"]


def test_clearing_takes_the_drawing_away(executor: Executor) -> None:
    drawing = draw(executor, "pen red\nfd 10\nwrite 'x'\ncs()\ndot blue, 5")
    assert [op[0] for op in drawing.ops] == ["dot"]
    assert drawing.items == ()


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


def test_a_picture_describes_itself(executor: Executor) -> None:
    root = parsed(draw(executor, "dot red, 9\nfd 50\ndot blue, 9\npen green\nfd 10"))
    assert root.findtext(f"{SVG}desc") == "2 dots, 1 line in red, blue, green."


def test_the_canvas_is_white_and_fits_the_drawing(executor: Executor) -> None:
    root = parsed(draw(executor, "hide()\npen red, 10\nfd 300\nrt 90\nfd 500"))
    left, top, width, height = (float(value) for value in str(root.get("viewBox")).split())
    assert (left, top, width, height) == pytest.approx((-17, -317, 534, 334), abs=0.11)
    canvas = root[2]
    assert (canvas.tag, canvas.get("fill")) == (f"{SVG}rect", "white")
    assert max(int(str(root.get(side))) for side in ("width", "height")) == 400


def test_a_small_drawing_keeps_a_sensible_canvas_and_a_given_size(executor: Executor) -> None:
    root = parsed(draw(executor, "dot red, 5"), size=(64, 48))
    assert (root.get("width"), root.get("height")) == ("64", "48")
    assert min(float(value) for value in str(root.get("viewBox")).split()[2:]) >= 160


def test_the_turtle_is_shown_unless_hidden(executor: Executor) -> None:
    shown, hidden = (draw(executor, f"pen red\nfd 50\n{last}").to_svg() for last in ("st()", "ht()"))
    assert shown.count("<path") == hidden.count("<path") + 1


def test_a_background_does_not_blow_the_picture_up(executor: Executor) -> None:
    root = parsed(draw(executor, "box lightblue, 10000\npen red\nfd 100"))
    assert max(float(value) for value in str(root.get("viewBox")).split()[2:]) < 500
    assert root.find(f".//{SVG}rect[@fill='lightblue']") is not None


def test_long_text_is_cut_and_says_so(executor: Executor) -> None:
    root = parsed(draw(executor, "for i in [1..100]\n  write 'line ' + i"))
    texts = [node.text for node in root.iter(f"{SVG}text")]
    assert len(texts) == SHOWN_LINES + 1
    assert texts[-1] == f"… and {100 - SHOWN_LINES} more lines"


def test_pictures_are_small(executor: Executor) -> None:
    drawing = draw(executor, "speed Infinity\npen blue\nfor x in [1..200]\n  fd x\n  rt 61")
    assert len(drawing.to_svg()) < 200 * 16


def test_drawings_of_one_trace_share_a_frame(executor: Executor) -> None:
    programs = ["", "write 'a'\nwrite 'b'", "pen red\nfd 300", "rt 90\npen blue\nfd 200\nwrite 'c'"]
    drawings = [draw(executor, program) for program in programs]
    frame = common_frame(drawings)
    roots = [parsed(drawing, frame=frame) for drawing in drawings]
    assert len({(root.get("viewBox"), root.get("width"), root.get("height")) for root in roots}) == 1
    for drawing in drawings:
        own = bounds_of(drawing)
        assert frame.left <= own.left <= own.right <= frame.left + frame.width
        assert frame.top <= own.top <= own.bottom <= frame.top + frame.height


def test_a_frame_of_texts_only_has_no_turtle(executor: Executor) -> None:
    drawings = [draw(executor, "write 'a'"), draw(executor, "write 'a'\nwrite 'b'")]
    frame = common_frame(drawings)
    assert not frame.has_marks
    assert [parsed(drawing, frame=frame).find(f".//{SVG}path") for drawing in drawings] == [None, None]


@pytest.mark.parametrize(
    ("program", "sweeps"),
    [("rt 90, 50", [1]), ("lt 90, 50", [0]), ("rt -90, 50", [0]), ("lt 270, 50", [0, 0])],
)
def test_arcs_bend_the_way_the_turtle_turns(executor: Executor, program: str, sweeps: list[int]) -> None:
    ((_, _, _, _, (_, *steps)),) = draw(executor, f"pen red\n{program}").ops
    assert [step[4] for step in steps] == sweeps


def test_an_arrow_has_a_shaft_and_a_head(executor: Executor) -> None:
    drawing = draw(executor, "pen black, 4\nrt 90\narrow red, 80")
    assert drawing.ops == (("arrow", 0, 0, 90, "red", 80, 4),)
    arrow = parsed(drawing).find(f".//{SVG}g/{SVG}g")
    assert arrow is not None
    assert [path.get("stroke") or path.get("fill") for path in arrow] == ["red", "red"]
    assert bounds_of(drawing).right == pytest.approx(86)


def test_a_table_shows_its_cells(executor: Executor) -> None:
    drawing = draw(executor, "t = table 2, 3\nt.cell(0, 1).text '<7>'")
    root = parsed(drawing)
    assert len(root.findall(f".//{SVG}rect")) == 1 + 6
    assert [node.text for node in root.iter(f"{SVG}text")] == ["<7>"]


def test_turtles_wear_shapes_and_the_main_one_is_on_top(executor: Executor) -> None:
    root = parsed(draw(executor, "s = new Sprite {width: 60, color: green}\nnew Turtle 'blue pencil'"))
    group = root.find(f"{SVG}g")
    assert group is not None
    assert [node.get("fill") for node in group] == ["green", "blue", "#3c8a5a"]


@pytest.mark.parametrize(
    ("program", "transform"),
    [
        ("grow 2", "translate(0 0)scale(2)"),
        ("grow 3, 2", "translate(0 0)scale(3 2)"),
        ("mirror true", "translate(0 0)scale(-1 1)"),
        ("twist 30\nrt 15", "translate(0 0)rotate(45)"),
    ],
)
def test_a_turtle_can_be_stretched_mirrored_and_twisted(
    executor: Executor, program: str, transform: str
) -> None:
    *_, turtle = (node for node in parsed(draw(executor, program)).iter() if "transform" in node.attrib)
    assert turtle.attrib["transform"] == transform


def test_a_label_has_the_size_of_its_font(executor: Executor) -> None:
    (label,) = draw(executor, "label 'Hi', {font: 'bold 30px Arial'}").ops
    assert label[4] == 30


def test_what_goes_straight_on_is_one_line(executor: Executor) -> None:
    steps = draw(executor, "speed Infinity\nfor i in [1..50]\n  pen red, 4\n  fd 3")
    at_once = draw(executor, "speed Infinity\npen red, 4\nfd 150")
    assert steps.to_svg(description="x") == at_once.to_svg(description="x")


def test_an_unknown_colour_is_black_and_clear_ink_stays_apart(executor: Executor) -> None:
    svg = draw(
        executor, "pen 'purpel', 4\nfd 50\nfor i in [1..2]\n  pen rgba(255, 0, 0, 0.5), 9\n  fd 9"
    ).to_svg()
    assert 'stroke="black"' in svg
    assert svg.count("rgba(255,0,0,0.5)") == 2 + 1


def test_boxes_are_boxes_in_words() -> None:
    box = ("box", 0, 0, 0, "blue", 20)
    assert Drawing(ops=(box, box)).to_svg().count("2 boxes in blue.") == 1


@pytest.mark.parametrize(
    ("side", "anchor", "x", "y"),
    [
        ("left", "end", -8, 0),
        ("right", "start", 8, 0),
        ("top", "middle", 0, -17.6),
        ("bottom", "middle", 0, 17.6),
    ],
)
def test_a_label_stands_beside_the_turtle(
    executor: Executor, side: str, anchor: str, x: float, y: float
) -> None:
    drawing = draw(executor, f"ht()\nlabel 'some words', '{side}'")
    label = parsed(drawing).find(f".//{SVG}text")
    assert label is not None
    assert label.get("text-anchor") == anchor
    assert (float(label.get("x", "")), float(label.get("y", ""))) == pytest.approx((x, y))
    box = bounds_of(drawing)
    edges = {"left": -box.right, "right": box.left, "top": -box.bottom, "bottom": box.top}
    assert edges[side] == pytest.approx(8)


def test_a_turned_label_is_not_cut_off(executor: Executor) -> None:
    flat, turned = (
        bounds_of(draw(executor, f"ht()\nrt {angle}\nlabel 'quite a long label'")) for angle in (0, 90)
    )
    assert (turned.bottom - turned.top, turned.right - turned.left) == pytest.approx(
        (flat.right - flat.left, flat.bottom - flat.top)
    )


def test_long_lines_are_broken_between_words(executor: Executor) -> None:
    root = parsed(draw(executor, "write 'all these words go on and on'.repeat 4"))
    lines = [str(node.text) for node in root.iter(f"{SVG}text")]
    assert len(lines) == 3
    assert max(map(len, lines)) <= 50
    assert "".join(lines).replace(" ", "") == "allthesewordsgoonandon" * 4


def test_cells_are_as_wide_as_their_column_needs(executor: Executor) -> None:
    root = parsed(draw(executor, "table [['mmmmmmmm', 'i'], ['a', 'b']]"))
    cells = root.findall(f".//{SVG}g/{SVG}rect")
    assert [float(cell.get("width", "")) for cell in cells] == pytest.approx([120, 22, 120, 22])


def test_breaks_and_blocks_begin_new_lines(executor: Executor) -> None:
    program = "write 'a<br>b'\nwrite '<ul><li>one<li>two</ul>'\nwrite '<p>x  y\\nz</p><p>w'\nlabel 'l<br>m'"
    drawing = draw(executor, f"{program}\nx = write 'old'\nx.html 'new<br>er'\nread 'q<br>r'")
    assert draw(executor, "write '<style>p {color: red}</style>'").items[0]["text"] == ""
    assert [item["text"] for item in drawing.items] == ["a\nb", "one\ntwo", "x y z\nw", "new\ner", "q r"]
    label = next(text for text in parsed(drawing).iter(f"{SVG}text") if text.get("font-size"))
    assert [(line.text, float(line.get("y", ""))) for line in label] == [("l", -9.6), ("m", 9.6)]


@pytest.mark.parametrize(
    "style",
    [
        "$('body').css 'background', 'navy'",
        "$('html').css {backgroundColor: 'navy'}",
        "document.body.style.background = 'no-repeat navy'",
        "$(document.body).css background: navy\ncs()",
    ],
)
def test_the_page_may_have_a_colour_that_the_eraser_brings_back(executor: Executor, style: str) -> None:
    drawing = draw(executor, f"{style}\ndot white, 50\ndot erase, 20")
    assert drawing.background == "navy"
    root = parsed(drawing)
    assert root[2].get("fill") == "navy"
    assert [dot.get("fill") for dot in root.iter(f"{SVG}circle")] == ["white", "navy"]
    assert draw(executor, "$('p').css 'background', 'navy'").background is None


def test_cells_have_their_colour(executor: Executor) -> None:
    program = "t = table 2, 2\nt.cell(1, 0).css {background: red}\nt.cell(0, 1).css 'background', 'x'"
    drawing = draw(executor, program)
    cells = parsed(drawing).findall(f".//{SVG}g/{SVG}rect")
    assert [cell.get("fill") for cell in cells] == ["none", "none", "red", "none"]
