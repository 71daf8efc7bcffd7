"""What each command does when it is asked in an unusual way: order, waiting, arguments, results."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pcutils.execution import Executor, Result

SUCCESS = "success"
UNDEFINED = "TypeError: Cannot read properties of undefined (reading '{}')"
IN_OPERATOR = "TypeError: Cannot use 'in' operator to search for 'getBoundingClientRect' in {}"

NO_STYLE = "TypeError: Failed to execute 'getComputedStyle' on 'Window'"

# Each line alone, followed by one more step: what it is answered.
ANSWERS = {
    "fd 'a', -> oops()": "ReferenceError: oops is not defined",
    "fd -> oops()": SUCCESS,
    "moveto 'a', -> oops()": SUCCESS,
    "jumpto 'a', -> oops()": "ReferenceError: oops is not defined",
    "silence 'a', -> oops()": SUCCESS,
    "speed 'a', -> oops()": "ReferenceError: oops is not defined",
    "write 'a', -> oops()": SUCCESS,
    "pen red, -> oops()": "ReferenceError: oops is not defined",
    "pause -> oops()": "ReferenceError: oops is not defined",
    "save 'x', -> oops()": SUCCESS,
    "save 'x', 'y', -> oops()": "ReferenceError: oops is not defined",
    "save()": "Error: Missing url for save",
    "scale(2).fd 5": UNDEFINED.format("fd"),
    "turtle.hide().fd 5": UNDEFINED.format("fd"),
    "speed(5).fd 5": UNDEFINED.format("fd"),
    "fd(5).rt(90).dot(red).ht()": SUCCESS,
    "home red": UNDEFINED.format("pageX"),
    "home 5": UNDEFINED.format("transform"),
    "home turtle": SUCCESS,
    "nearest()": UNDEFINED.format("pageX"),
    "nearest 5": "TypeError: Cannot read properties of null (reading 'pageX')",
    "inside 5": IN_OPERATOR.format(5),
    "touches true": IN_OPERATOR.format("true"),
    "touches [1, 2]": SUCCESS,
    "within -3": IN_OPERATOR.format(-3),
    "within {}": f"{NO_STYLE}: parameter 1 is not of type 'Element'.",
    "dot none": "TypeError: Cannot read properties of null (reading 'eraseMode')",
    "css 5": "TypeError: e.replace is not a function",
    "css()": UNDEFINED.format("replace"),
    "pressed true": "TypeError: e.replace is not a function",
    "pressed 'a'": SUCCESS,
    "hide turtle": "TypeError: this.each is not a function",
    "fadeOut 500, red": "TypeError: k.easing[this.easing] is not a function",
    "fadeIn 500, red": SUCCESS,
    "play 5": "TypeError: g[r].split is not a function",
    "play undefined": UNDEFINED.format("split"),
    "play null": SUCCESS,
    "plan 5": UNDEFINED.format("call"),
    "interrupt red": "Error: interrupt('red') called",
    "interrupt 'reset'": SUCCESS,
    "turtle.sync()": "TypeError: turtle.sync is not a function",
    "turtle.forward 5": "TypeError: turtle.forward is not a function",
    "forward 5": "ReferenceError: forward is not defined",
    "atan2 1, 2": "ReferenceError: atan2 is not defined",
    "new Sprite 5, red": UNDEFINED.format("pageX"),
    "console.error 'mine'": "mine",
    "throw null": "Uncaught null",
    "throw undefined": "Uncaught undefined",
    "history = []\nhistory.push 3": "TypeError: history.push is not a function",
    "closed = true\noops() if closed": SUCCESS,
    "fetch('x').then -> oops()": SUCCESS,
    "[1, 2].map 5": "TypeError: 5 is not a function",
    "dot red 100": "TypeError: red is not a function",
    "x = {}\nnew x.y": "TypeError: x.y is not a constructor",
    "JSON.parse 'abc'": """SyntaxError: Unexpected token 'a', "abc" is not valid JSON""",
    "new RegExp '('": "SyntaxError: Invalid regular expression: /(/: Unterminated group",
    "decodeURIComponent '%'": "URIError: URI malformed",
    "x = -> undefined\nx()()": "TypeError: x(...) is not a function",
    "a = {}\na['b']()": "TypeError: a.b is not a function",
}

# A program and what it writes.
WRITTEN = {
    "fd 50\nplan -> rt 90\nfd 50\ndone -> write getxy().join ','": "50,50",
    "speed Infinity\nscale 2\nfd 50\nwrite getxy().join ','\nwrite pagexy().pageY": "0,50\n200",
    "speed Infinity\ngrow 2\nfd 50\nwrite pagexy().pageY": "250",
    "speed Infinity\njump 50, 0\nwrite getxy().join ','": "50,0",
    "speed Infinity\nmoveto 5\nwrite getxy().join ','": "0,0",
    "speed Infinity\nb = new Turtle\nb.fd 10\nwrite b.getxy().join ','": "0,10",
    "fd 10\nwrite 'a'\nct()\nwrite 'b'": "b",
    "write 1, 2, 'three'": "1 2 three",
    "type 'a'\ntype 'b'\nwrite 'c'\ntype 'd'": "ab\nc\nd",
    "write random('abc') < 1, random(true) in [true, false], random([7])": "true true 7",
    "write hsl(120, 0.5, 0.25), rgb(1.9, 300, -4)": "hsl(120,50%,25%) rgb(1,255,0)",
    "write atan(1, 1) is atan(1), sind(30), cosd(90), atand(1)": "true 0.5 0 45",
    "b = button 'x', -> write 'pressed'\nb.trigger 'click'": "x\npressed",
    "$('body').on 'mine', (e, n) -> write n\n$('body').trigger 'mine', [5]": "5",
    "n = 0\nid = forever 10, -> n++\nsetTimeout (-> stop id; write n), 550": "5",
    "n = 0\nforever 10, ->\n  n++\n  stop() if n is 3\nsetTimeout (-> write n), 900": "3",
    "a = new Turtle\nb = new Turtle\na.fd 10\nsync a, b\nb.plan -> write a.getxy().join ','": "0,10",
    "t = table [['a', 'b'], ['c']]\nt.cell(1, 1).text 'd'": "a\tb\nc\td",
    "all = []\nfd 10, -> all.push 1\nfd 10\nplan -> all.push 2\ndone -> write all.join ','": "1,2",
    "speed Infinity\ndot red\nwrite touches(red), touches blue\nht()\nwrite touches red": "true false\nfalse",
    "speed Infinity\ns = new Sprite {width: 99}\ns.slide 55, 0\nwrite touches(s), inside s": "true false",
    "write btoa('turtle'), atob 'dHVydGxl'": "dHVydGxl turtle",
}


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def answers(executor: Executor) -> dict[str, Result]:
    return dict(zip(ANSWERS, executor.run([f"{line}\nfd 10" for line in ANSWERS]), strict=True))


@pytest.mark.parametrize("line", ANSWERS)
def test_a_command_is_answered_as_on_pencil_code(answers: dict[str, Result], line: str) -> None:
    assert (answers[line].message or answers[line].status) == ANSWERS[line]


@pytest.fixture(scope="module")
def outputs(executor: Executor) -> dict[str, Result]:
    return dict(zip(WRITTEN, executor.run(WRITTEN), strict=True))


@pytest.mark.parametrize("program", WRITTEN)
def test_what_a_program_finds(outputs: dict[str, Result], program: str) -> None:
    assert (outputs[program].message, outputs[program].output.strip()) == (None, WRITTEN[program])


@pytest.mark.parametrize(
    ("lead", "status"),
    [
        ("pen red\nfd 10\nrt 90\nfd 10\nrt 90\nfd 10", "success"),
        ("speed 100\npen red\nfd 10\nrt 90", "error"),
    ],
)
def test_marks_and_pens_take_time_before_a_later_error_counts(
    executor: Executor, lead: str, status: str
) -> None:
    (result,) = executor.run([f"{lead}\ntick 10, -> oops()"])
    assert result.status == status


def test_endless_appending_hangs(executor: Executor) -> None:
    (result,) = executor.run(["append 'again ' while true"])
    assert result.status == "timeout"
