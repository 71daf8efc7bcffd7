"""Hints: what a network receives of each place in a trace of edits, worked out from the tokens so far.

A small network writes good lines long before it can count. A pointer names the tokens that an edit is about,
what is open in the program (a quote, a bracket, an indented block), how many lines it has, and how the state
before ended when it was run. See ``benchmarks/NOTES.md`` for what each of them is worth.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from pcutils.models.notation.operations import DIGIT, FIRST_EDIT, GAP, HEADER, STATE_END, EditsState, Line

if TYPE_CHECKING:
    from pcutils.execution.outcomes import Outcome
    from pcutils.models.notation.edits import EditsNotation

Hint = tuple[int, int, int, int, int, int]
"""Two tokens that may follow, -1 for none, and a number for each of :data:`HINT_SIZES`."""
NO_HINT: Hint = (-1, -1, 0, 0, 0, 0)
HINTS = len(NO_HINT)

FIRST, BETWEEN, AT_LINE, REPLACING, IN_LINE = range(5)
UNKNOWN, RAN, FAILED, ERROR_AHEAD, ERROR_HERE, ERROR_BEHIND = range(6)
_INNERMOST = ("", "(", "[", "{", '"', "'", "#")
_LEVELS = 6
_SPACES_A_LEVEL = 2
_LINE_STEPS = (*range(8), 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)

HINT_SIZES = {"situation": 5, "nesting": 1 + 7 * _LEVELS, "line": 1 + len(_LINE_STEPS), "outcome": 6}
"""The categorical columns of a hint, and how many values each has; 0 is a place outside a program."""

_PARTNER = {")": "(", "]": "[", "}": "{"}
_DEEPEST = 8


class Nesting(NamedTuple):
    """What is open at one place of a program, by its characters alone: a hint, and no parser."""

    brackets: str = ""  # those that are open, the innermost last
    within: str = ""  # the quote or the sign of a comment that holds this place
    indent: int = 0  # spaces in front of this line, or of the one before where it has only spaces so far
    spaces: int = 0  # how many those are; -1 behind them
    is_escaped: bool = False  # whether a backslash in quotes comes right before

    @property
    def number(self) -> int:
        """A number from 1 for the innermost of what is open and the indent."""
        innermost = _INNERMOST.index(self.within or self.brackets[-1:])
        return 1 + innermost * _LEVELS + min(self.indent // _SPACES_A_LEVEL, _LEVELS - 1)

    def after(self, text: str) -> Nesting:
        """Give what is open behind some more text."""
        brackets, within, indent, spaces, is_escaped = self
        for character in text:
            if character == "\n":
                within, spaces, is_escaped = within.strip("#"), 0, False
                continue
            if spaces >= 0 and character in " \t":
                spaces = min(spaces + 1, _LEVELS * _SPACES_A_LEVEL)
                continue
            indent, spaces = indent if spaces < 0 else spaces, -1
            if within or is_escaped:
                ends = not is_escaped and character == within != "#"
                is_escaped = not is_escaped and not ends and character == "\\" and within != "#"
                within = "" if ends else within
            elif character in "\"'#":
                within = character
            elif character in "([{":
                brackets = (brackets + character)[-_DEEPEST:]
            elif character in _PARTNER:
                brackets = brackets.removesuffix(_PARTNER[character])
        return Nesting(brackets, within, indent, spaces, is_escaped)


def line_number(lines: int) -> int:
    """Give a number for how many lines a program has so far: exact up to eight, then in half octaves."""
    return bisect_right(_LINE_STEPS, lines)


class Pointer(EditsState):
    """Follows a trace and points at the lines of the state before that its edits are about.

    Between lines the two tokens of a hint are the first ones of the next two lines of the state before, or,
    where lines were dropped, of the one to replace and of the next. Inside a new line they follow the same
    place in the line it replaces and in the line above it. What an error is about, and what stands behind it
    in its line, is not named: a small network copies what it is pointed at.
    """

    def __init__(self, notation: EditsNotation, outcome_of: Callable[[list[Line]], Outcome | None]) -> None:
        super().__init__(notation)
        self.texts, self.end, self._after = notation.texts, notation.end, notation.nesting_after
        self._outcome_of = outcome_of
        self.kind = FIRST_EDIT  # a title comes first

    def _begin(self, old: Iterable[Line], kind: int) -> None:
        super()._begin(old, kind)
        self.nesting = Nesting()
        self.matches: list[tuple[Line, int]] = []  # a line like the current one, and what comes next in it
        if self.is_first:
            self.outcome: Outcome | None = None

    def _move(self, kind: str) -> list[Line]:
        passed = super()._move(kind)
        if kind != "drop":
            for token in (token for line in passed for token in line):
                self.nesting = self._after(self.nesting, token)
        return passed

    def _write(self, token: int) -> None:
        if self.kind != HEADER:
            if not self.line:
                above = self.new[-1] if self.new and not self.is_first else []
                self.matches = [(self._to_replace, 0), (above, 0)]
            self.nesting = self._after(self.nesting, token)
            self.matches = [(line, _after(line, index, token)) for line, index in self.matches]
        super()._write(token)

    def hint(self) -> Hint:
        """Give what is known of the place behind the last token."""
        if self.ran is not None:
            self.outcome = self._outcome_of(self.ran)
        if self.kind in (HEADER, STATE_END, GAP, DIGIT):
            return -1, -1, FIRST if self.is_first else BETWEEN, 0, 0, self._seen(-1, [], 0)
        left = max(0, len(self.dropped) - self.replaced)  # lines still to replace
        line, index = self.matches[0] if self.line else (self._to_replace, 0)
        seen = self._seen(self.cursor - left, line, index)
        same, other, situation = self._next()
        same = -1 if seen in (ERROR_HERE, ERROR_BEHIND) else same
        return same, other, situation, self.nesting.number, line_number(len(self.new)), seen

    def _next(self) -> tuple[int, int, int]:
        if self.is_first:
            return -1, -1, FIRST
        if self.line:
            same, other = (line[index] if index < len(line) else -1 for line, index in self.matches)
            return same, other, IN_LINE
        left = self._to_replace
        lines = [*([left] if left else []), *self.old[self.cursor : self.cursor + 2]]
        same, other = [*(line[0] for line in lines[:2]), self.end, self.end][:2]
        return same, other, REPLACING if left else AT_LINE

    @property
    def _to_replace(self) -> Line:
        """The dropped line whose place the next new line takes; empty where there is none."""
        return self.dropped[self.replaced] if self.replaced < len(self.dropped) else []

    def _seen(self, number: int, line: Line, index: int) -> int:
        """Say how the state before ended; in the line of the error, also where the error is from here."""
        if self.outcome is None or self.outcome.runs:
            return UNKNOWN if self.outcome is None else RAN
        error = self.outcome.error
        if error is None or error.line != number:
            return FAILED
        start = sum(len(self.texts[token]) for token in line[:index])
        if index >= len(line) or start + len(self.texts[line[index]]) <= error.start:
            return ERROR_AHEAD
        return ERROR_HERE if start < error.end else ERROR_BEHIND


def _after(line: Line, index: int, token: int) -> int:
    """Give the index behind the next such token in a line; one on where there is none."""
    for found in range(index, len(line)):
        if line[found] == token:
            return found + 1
    return min(index + 1, max(len(line) - 1, index))
