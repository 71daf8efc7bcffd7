"""Ordinary programs of every group of commands: do they run, and what do they leave behind?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pcutils.execution import Executor, Result

RUN = {
    "ahead and back": "fd 100\nbk 50\nfd()\nbk -5",
    "turns": "rt 90\nlt 45\nrt()\nlt -10",
    "turn on a circle": "rt 180, 50\nlt 90, 20",
    "slide and jump": "slide 20, 30\njump 10, 10\nmovexy 3, 4\njumpxy 5, 6",
    "go to places": "moveto 10, 20\njumpto [30, 40]\nmoveto 0, 0\nhome()",
    "turn to": "turnto 90\nturnto 100, 100\nturnto lastmousemove",
    "pens": "pen red\npen blue, 10\npen off\npen null\npen path\npen 'green'\npen erase\npu()\npd()\npe()",
    "fill": "pen path\nfor [1..4]\n  fd 50\n  rt 90\nfill gold",
    "marks": "dot()\ndot red\ndot blue, 30\nbox green, 20\narrow red, 10\ndot random(color), 5",
    "labels": "label 'hi'\nlabel 'big', 30\nlabel 'red', {color: red, id: 'note'}\n$('#note').text('x')",
    "looks": "hide()\nshow()\nht()\nst()\nscale 2\ngrow 0.5\nspeed 10\nspeed Infinity\nwear red\nwear 'x'",
    "questions": "[x, y] = getxy()\nwrite x + y, direction(), distance(3, 4), bearing(1, 1)",
    "predicates": "write [hidden(), shown(), inside(window), touches(red), pressed('a')].join ' '",
    "writing": "write 'a'\nwrite 1, 2\ntype 'b'\ntypeline 'c'\nprint 'd'\nappend 'e'\nwrite '<h1>x</h1>'",
    "input": "read 'name?', (x) -> write x\nreadnum (n) -> write n\nreadstr 'q', (x) ->\nlisten (x) ->",
    "await input": "await read 'name?', defer name\nwrite 'never ' + name.foo.bar",
    "await done": "speed 10\nfd 100\nawait done defer()\nwrite getxy().join ','",
    "buttons": "button 'Go', -> fd 10\nb = button 'Stop', ->\nb.hide()",
    "menu": "menu 'left': (-> lt 90), 'right': (-> rt 90)\nmenu ['a', 'b'], (choice) -> write choice",
    "table": "t = table 3, 4, {width: 30}\nt.home()\nt.cell(1, 2).text 'x'\nt.cell().click -> write 'no'",
    "tick": "n = 0\ntick 10, ->\n  n += 1\n  fd 1\n  if n is 5 then tick null",
    "forever": "speed Infinity\nforever 10, -> rt 10",
    "forever without end": "forever ->",
    "plan": "fd 50\nplan -> write 'there'",
    "events": "click (e) -> moveto e\nkeydown 'up', -> fd 10\nmousemove (e) -> turnto e\nkeyup ->",
    "new turtles": "b = new Turtle blue\nb.fd 50\nb.rt 90\nr = new Turtle\nsync b, r\nr.moveto b\nremove b",
    "sprites": "s = new Sprite {width: 50, height: 50, color: green}\ns.moveto 20, 20\ndrawon s\ns.wear 'x'",
    "piano": "p = new Piano\np.play 'CDE'\nkeydown (e) -> p.play e.key",
    "hatch": "ts = hatch 3\nts.fd 20\nts.plan (j) -> @rt j * 10",
    "subclass": "class Racer extends Turtle\n  go: -> @fd 10\nr = new Racer red\nr.go()\nr.go()",
    "sound": "play 'c G/G/ AG z'\ntone 440, 1, 0.5\nsay 'hello'\nsilence()\nplay {tempo: 200}, 'CDE'",
    "random": "write random(5), random([1, 2]), random(3, 9)\nfd random 20\nmoveto random(position)",
    "colours": "pen rgb(1, 2, 3)\npen hsl(120, 0.5, 0.5)\ndot rgba(1, 2, 3, 0.5), 9\npen dimgrey",
    "sums": "write max(1, 2), min(3, 4), round(2.5), sqrt(16), abs(-2), floor(1.2), sind(90), pow(2, 3)",
    "timers": "setTimeout (-> write 'later'), 500\nid = setInterval (->), 100\nclearInterval id",
    "see and debug": "see 'x'\nsee turtle\nsee.html '<b>x</b>'\ndebug 5\nconsole.log 'y', {a: 1}\nlog 3",
    "lists": "write _.shuffle([1..5]).length, _.last([1, 2]), (x * 2 for x in [1..3]).join ' '",
    "page": "$('body').css 'background', 'red'\n$('#none').fd 10\nx = $(window).width()",
    "window": "name = 5\nwrite name + 1\nlocalStorage.x = 3\nalert 'x'\nwrite new Date().getFullYear()",
    "objects": "class A\n  constructor: (@n) ->\n  twice: -> @n * 2\nwrite new A(4).twice()",
    "loops": "i = 0\nwhile i < 3 then i++\nfor x in [1..3] by 2 then fd x",
    "clearing": "fd 20\nwrite 'x'\ncs()\ncg()\nct()\npen red\nfd 10",
    "own names": "fd = 5\nred = 3\nname = 'x'\nwrite fd + red",
    "missing media": "img 'nothing.png'\nwear 'no.png'\nwrite '<img src=\"nothing.png\">'",
    "JavaScript": "var size = 10;\nfor (var i = 0; i < 3; i++) {\n  fd(size);\n}",
    "JavaScript with callbacks": "button('x', function () { fd(1); });\nsetTimeout(() => fd(3), 10);",
    "web page": "<!doctype html><p>Hi</p><script>document.body.id = 'x'; fd(3);</script>",
    "empty": "",
    "only a comment": "# nothing yet",
}

FAIL = {
    "fdd 100": ("ReferenceError: fdd is not defined", "name"),
    "pen red\nfd 100\ndot blu, 5": ("ReferenceError: blu is not defined", "name"),
    "turtle.foo()": ("TypeError: turtle.foo is not a function", "type"),
    "turtle.fd(10).foo 3": ("TypeError: turtle.fd(...).foo is not a function", "type"),
    "pen red fd 100": ("TypeError: red is not a function", "type"),
    "x = undefined\nx.y": ("TypeError: Cannot read properties of undefined (reading 'y')", "type"),
    "x = null\nx.y = 3": ("TypeError: Cannot set properties of null (setting 'y')", "type"),
    "fd 100\n  rt 90": ("SyntaxError: unexpected indentation", "compile"),
    'write "hello': ('SyntaxError: missing ", starting', "compile"),
    "for i in [1..5]": ("SyntaxError: unexpected newline", "compile"),
    "fd (100": ("SyntaxError: missing )", "compile"),
    "function f() { fd(3);": ('SyntaxError: reserved word "function"', "compile"),
    "f = -> f()\nf()": ("RangeError: Maximum call stack size exceeded", "other"),
    "x = new Array(-1)": ("RangeError: Invalid array length", "argument"),
    "throw new Error 'mine'": ("Error: mine", "other"),
    "fd 10\nplan -> oops()": ("ReferenceError: oops is not defined", "name"),
    "tick 10, -> oops()": ("ReferenceError: oops is not defined", "name"),
    "setTimeout (-> oops()), 100": ("ReferenceError: oops is not defined", "name"),
    "var x = 3;\noops(x);": ('SyntaxError: reserved word "var"', "compile"),
}


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def run_results(executor: Executor) -> dict[str, Result]:
    return dict(zip(RUN, executor.run(RUN.values()), strict=True))


@pytest.mark.parametrize("name", RUN)
def test_ordinary_programs_succeed(run_results: dict[str, Result], name: str) -> None:
    assert (run_results[name].status, run_results[name].message) == ("success", None)


@pytest.fixture(scope="module")
def failures(executor: Executor) -> dict[str, Result]:
    return dict(zip(FAIL, executor.run(FAIL), strict=True))


@pytest.mark.parametrize("program", FAIL)
def test_errors_are_said_as_a_browser_says_them(failures: dict[str, Result], program: str) -> None:
    result = failures[program]
    assert (result.status, (result.message, result.error_kind)) == ("error", FAIL[program])


def test_languages_are_told_apart(run_results: dict[str, Result]) -> None:
    languages = [run_results[name].language for name in ("fill", "JavaScript", "web page")]
    assert languages == ["coffee", "js", "html"]


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("await done", "0,100"),
        ("objects", "8"),
        ("own names", "8"),
        ("await input", "name?"),
        ("plan", "there"),
        ("window", "51\n2020"),
        ("timers", "later"),
    ],
)
def test_what_is_written(run_results: dict[str, Result], name: str, output: str) -> None:
    assert run_results[name].output == output


def test_text_is_written_in_order_and_without_tags(executor: Executor) -> None:
    (result,) = executor.run(["write '<b>one</b> &lt; two'\nwrite 'three'\nlabel 'four'"])
    assert result.output == "one < two\nthree\nfour"


def test_a_name_of_the_window_is_text(executor: Executor) -> None:
    (result,) = executor.run(["name = 5\nwrite name + 1\nscore = 5\nwrite score + 1"])
    assert result.output == "51\n6"
