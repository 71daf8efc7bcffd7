"""Turn a solution in our notation into the program that one simulated student has in mind."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from pcutils.simulate.assignment import Assignment, Style
from pcutils.simulate.population import POPULATION
from pcutils.simulate.students import Student

ANIMALS = ("turtle", "cat", "dog", "fox", "owl", "fish", "frog", "bear")
WEATHERS = ("rain", "snow", "sun", "wind", "fog")
SPOTS = (10, 12, 15, 20, 25, 30)
SIDES = (3, 5, 6, 8, 10, 12)
CODE, COMMENT, LATE = "code", "comment", "late"

_NO_DRAWING = re.compile(r"\b(write|label|read|readnum|await|button|keydown|forever|tick|pressed|Turtle)\b")
_FUNCTION = re.compile(r"@\w+ = (\(.*\) )?->")
_PLACE = re.compile(r"\bjumpto (-?\d+), (-?\d+)")
_GOES_TO = re.compile(r"\b(jumpto|moveto|home)\b")
#: So many parts stand side by side, so many pixels apart; then a new row begins.
ROW, STEP = 4, 90
_SLOT = re.compile(r"\$([a-z]+\d?)")
_NAME = re.compile(r"@([a-z]+)")
_STRING = re.compile(r'("[^"]*")')
_TIMES = re.compile(r"for (\S+) times")
_CALL = re.compile(r"( *)(fd|bk|rt|lt|dot|box|pen|jumpto|jump|moveto|turnto|fill|write|label|speed) ([^(].*)")
_TAKEN_NAMES = frozenset(
    (
        *"ijxyabcrwnt",
        *("fd", "bk", "rt", "lt", "pu", "pd", "pe", "pf", "ht", "st", "cs"),
        *("if", "is", "in", "or", "on", "no", "of", "do", "by"),
    )
)


@dataclass(frozen=True)
class Line:
    """One line of a program in mind, with its indentation.

    A "late" line is added once the rest is there; `part` is 0 in the solution, then counts what follows.
    """

    text: str
    role: str = CODE
    part: int = 0

    @property
    def indent(self) -> int:
        """Number of spaces in front."""
        return len(self.text) - len(self.text.lstrip(" "))


def render(assignment: Assignment, style: Style, student: Student, rng: np.random.Generator) -> list[Line]:
    """Write a solution as a student would, with own favourites and habits; joined by newlines it runs."""
    habits = student.habits
    parts = _parts(assignment, style, student, rng)
    lines = _with_comments(assignment.title, parts, student, rng)
    if habits.blank_lines:
        lines = _with_blank_lines(lines)
    if habits.speed is not None:
        command = _punctuated(f"speed {habits.speed}", student)
        lines.insert(0, Line(command, LATE if habits.speed_comes_late else CODE))
    if habits.hides_turtle and any(line.text.startswith(("fd", "rt", "dot", "for")) for line in lines):
        lines.append(Line("ht()", LATE))
    return lines


def _parts(
    assignment: Assignment, style: Style, student: Student, rng: np.random.Generator
) -> list[list[str]]:
    """Write the solution and what follows it, each its own list of lines."""
    spread = POPULATION.repeats_spread_programs
    further = int(student.habits.repeats * rng.lognormal(0, spread))
    names = _names([line for lines in (style.lines, *assignment.more) for line in lines], student)
    slots = _slots(student, rng)
    parts: list[list[str]] = []
    room = POPULATION.longest_characters
    for number in range(1 + further):
        walks = student.habits.taste % 2 == 0
        lines = further_part(assignment, style, number, walks=walks) if number else style.lines
        if number and (not lines or room < 0):
            break
        if number and _changes(student, rng):
            slots = _slots(student, rng)
        chosen = _without_optional(lines, student.traits.colourfulness, rng)
        parts.append([_written(line, student, slots, names) for line in chosen])
        room -= sum(map(len, parts[-1]))
    return parts


def _changes(student: Student, rng: np.random.Generator) -> bool:
    """Whether the next part gets a colour of its own."""
    colourfulness = student.traits.colourfulness
    return bool(rng.random() < POPULATION.change_least + POPULATION.change_more * colourfulness)


def _without_optional(lines: Sequence[str], colourfulness: float, rng: np.random.Generator) -> list[str]:
    kept, written, inside = [], False, False
    for line in lines:
        optional = line.lstrip(" ").startswith("~")
        if optional and not inside:
            written = bool(rng.random() < colourfulness)
        inside = optional
        if not optional or written:
            kept.append(line.replace("~", "", 1) if optional else line)
    return kept


def _slots(student: Student, rng: np.random.Generator) -> dict[str, str]:
    habits = student.habits
    count = len(habits.colours)
    # The first to ring of several clocks, each 0.45 times as fast as the one before: a draw by weight.
    order = np.argsort(rng.exponential(size=count) / 0.45 ** np.arange(count))
    colours = [habits.colours[order[0]]]
    for i in (1, 2):
        colours.append(habits.colours[order[i % count]] if _changes(student, rng) else colours[0])
    size = habits.sizes[bisect((0.6, 0.85), rng.random())]
    sides = SIDES[habits.taste % len(SIDES)]
    values = {
        "colour": colours[0],
        "colour2": colours[1],
        "colour3": colours[2],
        "size": size,
        "half": size // 2,
        "third": size // 3,
        "width": habits.widths[bisect((0.8,), rng.random())],
        "spot": SPOTS[habits.taste % len(SPOTS)],
        "count": habits.count,
        "count2": 2 * habits.count,
        "sides": sides,
        "turn": 360 // sides,
        "animal": ANIMALS[habits.taste % len(ANIMALS)],
        "weather": WEATHERS[habits.taste % len(WEATHERS)],
        "up": habits.pen[0],
        "down": habits.pen[1],
    }
    return {name: str(value) for name, value in values.items()}


def _names(lines: Sequence[str], student: Student) -> dict[str, str]:
    name_style = student.habits.name_style
    words = list(dict.fromkeys(word for line in lines for word in _NAME.findall(line)))
    functions = {word for line in lines for word in re.findall(r"@([a-z]+) = (?:\(.*\) )?->", line)}
    names: dict[str, str] = {}
    for word in words:
        names[word] = word
        if name_style == "letter" and word not in functions:
            taken = _TAKEN_NAMES | set(names.values()) | functions
            free = (short for short in (word[0], word[:2]) if short not in taken)
            names[word] = next(free, word)
        elif name_style == "camel" and len(word) > 1:
            names[word] = "my" + word.capitalize()
        elif name_style == "snake" and len(word) > 1:
            names[word] = "my_" + word
    return names


def _written(line: str, student: Student, slots: dict[str, str], names: dict[str, str]) -> str:
    if line.lstrip(" ").startswith("## "):
        return line
    quote_colours = student.habits.quotes_colours
    named = _NAME.sub(lambda match: names[match[1]], line) if "@" in line else line
    pieces = _STRING.split(named) if '"' in named else [named]
    for number, piece in enumerate(pieces):
        if "$" not in piece:
            continue
        in_code = number % 2 == 0

        def fill(match: re.Match[str], in_code: bool = in_code) -> str:
            value = slots[match[1]]
            return f'"{value}"' if in_code and quote_colours and match[1].startswith("colour") else value

        pieces[number] = _SLOT.sub(fill, piece)
    text = "".join(pieces)
    if text.endswith(" times"):
        text = _TIMES.sub(lambda match: "for " + student.habits.loop_style.format(n=match[1]), text)
    level = (len(text) - len(text.lstrip(" "))) // 2
    return _punctuated(" " * (level * student.habits.indent) + text.lstrip(" "), student)


def _punctuated(text: str, student: Student) -> str:
    habits = student.habits
    if habits.parentheses and "->" not in text:
        text = _CALL.sub(r"\1\2(\3)", text, count=1)
    if not (habits.tight_commas and ", " in text) and not (habits.quote == "'" and '"' in text):
        return text
    pieces = _STRING.split(text)
    for number, piece in enumerate(pieces):
        if number % 2 == 0 and habits.tight_commas:
            pieces[number] = piece.replace(", ", ",")
        elif number % 2 == 1 and habits.quote == "'" and "#{" not in piece and "'" not in piece:
            pieces[number] = "'" + piece[1:-1] + "'"
    return "".join(pieces)


def _with_comments(
    title: str, parts: list[list[str]], student: Student, rng: np.random.Generator
) -> list[Line]:
    role = LATE if student.habits.comments_come_late else COMMENT
    commenting = POPULATION.comment_most * student.traits.commenting**POPULATION.comment_power
    lines: list[Line] = []

    def comment(what: str, probability: float, part: int) -> None:
        if rng.random() < (POPULATION.comment_again if part else 1) * probability:
            shown = student.habits.comment_style.format(text=what, TEXT=what.upper())
            lines.append(Line(shown, role, part))

    comment(title, commenting, 0)
    for part, texts in enumerate(parts):
        for text in texts:
            if text.startswith("## "):
                comment(text[3:], commenting, part)
                continue
            if text.startswith(("for ", "while ")):
                comment("loop", 0.7 * commenting, part)
            elif re.match(r"\w+ = (\(.*\) )?->", text):
                comment("function", 0.7 * commenting, part)
            elif text.startswith(("pen", "write", "await")) and not lines:
                comment("start", 0.7 * commenting, part)
            lines.append(Line(text, part=part))
    comment("the end", 0.3 * commenting, len(parts) - 1)
    return lines


def _with_blank_lines(lines: list[Line]) -> list[Line]:
    spaced = list(lines[:1])
    for before, after in pairwise(lines):
        ends_block = before.indent > 0 and after.indent == 0 and not after.text.startswith("else")
        if ends_block or (after.role == COMMENT and before.role == CODE):
            spaced.append(Line("", part=after.part))
        spaced.append(after)
    return spaced


def further_part(assignment: Assignment, style: Style, number: int, *, walks: bool) -> tuple[str, ...]:
    """Give part `number` (from 1) that follows a solution; none after what does more than draw.

    Parts of the assignment come in turn; without them the drawing is repeated elsewhere, where the turtle
    walks with its pen up or jumps.
    """
    if assignment.more:
        return assignment.more[(number - 1) % len(assignment.more)]
    lines = _drawing(style)
    x, y = STEP * (number % ROW), -STEP * (number // ROW)
    if not lines or any(_GOES_TO.search(line) for line in lines):
        return tuple(
            _PLACE.sub(lambda place: f"jumpto {int(place[1]) + x}, {int(place[2]) + y}", line)
            for line in lines
        )
    move = ("$up", "rt 90", f"fd {STEP}", "$down") if walks else (f"jumpto {x}, {y}",)
    return (*move, *lines)


@cache
def _drawing(style: Style) -> tuple[str, ...]:
    """What a solution draws, without its functions; nothing where it does more than draw."""
    if any(_NO_DRAWING.search(line) for line in style.lines):
        return ()
    kept, in_function = [], False
    for line in style.lines:
        if not line.startswith(" "):
            in_function = _FUNCTION.match(line) is not None
        if not in_function:
            kept.append(line)
    return tuple(kept)
