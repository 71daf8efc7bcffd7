"""Where an edit is in the state before: the line that comes next, and the one that a new line replaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pcutils.models.formats.edits_tokens import Operations, digit_sizes
from pcutils.models.formats.hints import Hint, Pointer, outcome_hint
from pcutils.models.formats.nesting import Nesting, line_number
from pcutils.models.formats.states_pointer import Alphabet

if TYPE_CHECKING:
    from pcutils.execution.outcomes import Outcome

FIRST, GAP, AT_LINE, REPLACING, IN_LINE = range(5)

Line = list[int]


class EditsPointer(Pointer):
    """Follow a trace token by token, carry its edits out, and point at the lines they are about.

    Parameters
    ----------
    alphabet : Alphabet
        What the tokens are.
    operations : Operations
        The tokens that edits add.
    outcome_of : callable
        As for :class:`~pcutils.models.formats.hints.Pointer`.

    Notes
    -----
    Between lines the two tokens named are the first ones of the next two lines of the state before, or, where
    lines were dropped, of the one to replace and of the next. Inside a new line they are the tokens
    that follow the same place in the line it replaces and in the line above it. The situation is FIRST, GAP,
    AT_LINE, REPLACING or IN_LINE.
    """

    def __init__(
        self, alphabet: Alphabet, operations: Operations, outcome_of: Callable[[list[int]], Outcome | None]
    ) -> None:
        super().__init__(alphabet, outcome_of)
        self.operations = operations
        self.old: list[Line] = []
        self.new: list[Line] = []
        self.line: Line = []
        self.dropped: list[Line] = []
        self.cursor = self.replaced = 0
        self.digits_left = 0
        self.changing = self.in_header = self.in_gap = False
        self.matches: list[tuple[Line, int]] = []  # a line, and the place in it that comes next
        self.nesting = Nesting()

    def _push(self, token: int) -> None:
        operation = self.operations.meaning(token)
        if token == self.alphabet.start:
            self._begin([])
            self.changing, self.in_header, self.outcome = False, True, None
        elif operation is None:
            self._write(token)
        elif operation.kind == "run":
            self._begin([*self.new, *self.old[self.cursor :]])
            self.in_gap = self.changing = True
            self.ran = [token for line in self.old for token in line]
        elif operation.begins_state:
            self.in_gap = operation.kind == "earlier"
            self.digits_left = len(digit_sizes(operation.number)) if operation.kind == "gap" else 0
            self.in_header = operation.kind == "dated"
        elif operation.kind == "digit":
            self.digits_left = max(0, self.digits_left - 1)
        else:
            self._move(operation.kind)

    def _hint(self) -> Hint:
        if self.digits_left or self.in_gap or self.in_header:
            return -1, -1, GAP if self.changing else FIRST, 0, 0, outcome_hint(self.outcome, None)
        left = max(0, len(self.dropped) - self.replaced)  # lines still to replace
        line, place = self.matches[0] if self.line else (self._to_replace, 0)
        seen = self._seen(self.cursor - left, line, place)
        return *self._next(), self.nesting.number, line_number(len(self.new)), seen

    def _begin(self, old: list[Line]) -> None:
        self.old, self.new, self.line, self.dropped = old, [], [], []
        self.cursor = self.replaced = self.digits_left = 0
        self.in_gap = False
        self.nesting = Nesting()

    def _move(self, kind: str) -> None:
        passed = self.old[self.cursor :][: None if kind == "rest" else 1]
        self.cursor += len(passed)
        self.digits_left = 0
        if kind != "drop":
            self.new += passed
            for line in passed:
                self.nesting = self.alphabet.nesting.after(self.nesting, line)
            self.dropped, self.replaced = [], 0
        else:
            self.dropped = [*self.dropped, *passed]

    def _write(self, token: int) -> None:
        ends = self.alphabet.ends_line[token]
        self.digits_left = 0
        if self.in_header:
            self.in_header = not ends
            return
        if not self.line:
            above = self.new[-1:] if self.changing else []
            self.matches = [(self._to_replace, 0), (above[0] if above else [], 0)]
        self.line.append(token)
        self.nesting = self.alphabet.nesting.after(self.nesting, [token])
        self.matches = [(line, _after(line, place, token)) for line, place in self.matches]
        if ends:
            self.new.append(self.line)
            self.line = []
            self.replaced += 1

    def _next(self) -> tuple[int, int, int]:
        if not self.changing:
            return -1, -1, FIRST
        if self.line:
            same, other = (line[place] if place < len(line) else -1 for line, place in self.matches)
            return same, other, IN_LINE
        left = self._to_replace
        lines = [*([left] if left else []), *self.old[self.cursor : self.cursor + 2]]
        ahead = [line[0] for line in lines[:2]]
        same, other = [*ahead, self.alphabet.end, self.alphabet.end][:2]
        return same, other, REPLACING if left else AT_LINE

    @property
    def _to_replace(self) -> Line:
        """The dropped line whose place the next new line takes; empty where there is none."""
        return self.dropped[self.replaced] if self.replaced < len(self.dropped) else []


def _after(line: Line, place: int, token: int) -> int:
    """Give the place after the next one where the line has this token; one on where it has it no more."""
    for found in range(place, len(line)):
        if line[found] == token:
            return found + 1
    return min(place + 1, max(len(line) - 1, place))
