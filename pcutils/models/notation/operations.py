"""The tokens that edits add to a tokenizer's, what they do to a program, and where they may stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import regex
import torch
from torch import Tensor

from pcutils.trace import UNKNOWN_DATE

if TYPE_CHECKING:
    from pcutils.models.notation.edits import EditsNotation

_HEADER = regex.compile(
    rf"CODE 1 \(({UNKNOWN_DATE}|[1-9]\d{{3}}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r" ([01]\d|2[0-3])(:[0-5]\d){2})\):\n",
    regex.ASCII,
)
_LETTERS = {*f"CODE ({UNKNOWN_DATE}-:):\n0123456789"}
BUCKETS = 40
"""A gap of up to 2 ** 39 seconds, which is more than there is between two dates."""
DIGIT_BITS = 6

_FIELDS = {
    "gap": BUCKETS,  # a state begins, so many binary digits of seconds after the last dated one
    "earlier": 1,  # before the gap of a state that is dated before the last one
    "unknown": 1,  # a state without a date begins
    "dated": 1,  # a state begins whose date follows in full, as no state before has one
    "digit": 2**DIGIT_BITS,  # binary digits of a gap
    "keep": 1,  # the next line of the state before is kept
    "rest": 1,  # all remaining lines are kept, and new ones follow
    "drop": 1,  # the next line is dropped
    "run": 1,  # the program is run as it stands, which ends a state
}


class Operation(NamedTuple):
    """What an added token means: one of the kinds above, and the length of a gap or the value of a digit."""

    kind: str
    number: int

    def __str__(self) -> str:
        return f"<{self.kind} {self.number}>" if self.kind in ("gap", "digit") else f"<{self.kind}>"

    @property
    def begins_state(self) -> bool:
        """Whether the token begins a state."""
        return self.kind in ("gap", "earlier", "unknown", "dated")


_MEANINGS = [Operation(kind, number) for kind, size in _FIELDS.items() for number in range(size)]


class Operations:
    """The added tokens of one vocabulary; `first` is the first of them, all below are the tokenizer's."""

    count = len(_MEANINGS)

    def __init__(self, first: int) -> None:
        self.first = first
        starts = {kind: first + _MEANINGS.index(Operation(kind, 0)) for kind in _FIELDS}
        self.earlier, self.unknown, self.dated = (starts[kind] for kind in ("earlier", "unknown", "dated"))
        self.keep, self.rest, self.drop, self.run = (starts[kind] for kind in ("keep", "rest", "drop", "run"))
        self.gaps = range(starts["gap"], starts["gap"] + BUCKETS)
        self.digits = range(starts["digit"], starts["digit"] + 2**DIGIT_BITS)

    def meaning(self, token: int) -> Operation | None:
        """Say what a token means; None for one of the tokenizer's."""
        return None if token < self.first else _MEANINGS[token - self.first]

    def gap(self, seconds: int) -> list[int]:
        """Write the time between two states, in whole seconds: 25 is ``<gap 5><digit 9>``."""
        size = abs(seconds).bit_length()
        tokens = [self.earlier] * (seconds < 0) + [self.gaps[size]]
        left = max(0, size - 1)
        for bits in digit_sizes(size):
            left -= bits
            tokens.append(self.digits[abs(seconds) >> left & (1 << bits) - 1])
        return tokens


def digit_sizes(size: int) -> list[int]:
    """Give how many binary digits each digit token of a gap holds, the highest first."""
    whole, rest = divmod(max(0, size - 1), DIGIT_BITS)
    return [DIGIT_BITS] * whole + [rest] * (rest > 0)


def gap_seconds(size: int, digits: Sequence[int]) -> int:
    """Read a gap; missing digits count as zeros, excess bits of one are left out."""
    value = int(size > 0)
    for index, bits in enumerate(digit_sizes(size)):
        digit = digits[index] if index < len(digits) else 0
        value = value << bits | digit & (1 << bits) - 1
    return value


Line = list[int]
HEADER, LINE, STATE_END, GAP, DIGIT, FIRST_EDIT, AFTER_KEEP, AFTER_DROP, EDIT = range(9)
_AT_EDIT = (FIRST_EDIT, AFTER_KEEP, AFTER_DROP, EDIT)


class Place:
    """Where in its notation a trace is that is being written; this one follows no grammar."""

    def push(self, token: int) -> None:
        """Take one more token."""


class EditsState(Place):
    """Follows a trace token by token, whatever the tokens are, and carries its edits out.

    It begins before the date line of a trace, or behind a state with the given lines. Edits that the state
    before has no room for end with it, and tokens that make no sense where they stand are passed over.
    """

    def __init__(self, notation: EditsNotation, lines: Sequence[Line] = ()) -> None:
        self.operations, self.ends_line, self.start = notation.operations, notation.ends_line, notation.start
        self.ran: list[Line] | None = None  # lines of the program that the last token ran
        self.is_first = not lines
        self.header: Line = []
        self.timing: list[Operation] = []  # of the current state, or of the one that was just run
        self._begin(lines, STATE_END if lines else HEADER)

    def _begin(self, old: Iterable[Line], kind: int) -> None:
        self.kind = kind
        self.old, self.cursor = (
            [*old],
            0,
        )  # lines of the state before, and how many of them edits have reached
        self.new: list[Line] = []
        self.line: Line = []
        self.dropped: list[Line] = []  # lines dropped since one was kept, and how many of them are replaced
        self.replaced = 0
        self.digits: list[int] = []  # sizes of the digits that a gap still needs

    def push(self, token: int) -> None:
        """Take the next token of the trace."""
        self.ran = None
        operation = self.operations.meaning(token)
        if token == self.start:
            self.is_first, self.header = True, []
            self._begin([], HEADER)
        elif operation is not None and self.kind != HEADER:
            self._apply(operation)
        elif operation is None and self.kind not in (STATE_END, GAP):
            self._write(token)

    def _write(self, token: int) -> None:
        ends = self.ends_line[token]
        if self.kind == HEADER:
            self.header.append(token)
            self.kind = FIRST_EDIT if ends else HEADER
            return
        self.line.append(token)
        self.kind = LINE
        if ends:
            self._end_line()

    def _end_line(self) -> None:
        self.new.append(self.line)
        self.line, self.kind = [], EDIT
        self.replaced += 1

    def _apply(self, operation: Operation) -> None:
        if self.line:
            self._end_line()
        if operation.begins_state:
            self._begin_state(operation)
        elif self.kind in (STATE_END, GAP):
            return
        elif operation.kind == "digit":
            self.timing.append(operation)
            self.digits = self.digits[1:]
            self.kind = DIGIT if self.digits else FIRST_EDIT
        elif operation.kind == "run":
            self.ran, self.is_first = [*self.new, *self.old[self.cursor :]], False
            self._begin(self.ran, STATE_END)
        else:
            self._move(operation.kind)

    def _begin_state(self, operation: Operation) -> None:
        self.timing = [*(self.timing if self.kind == GAP else []), operation]
        self.digits = digit_sizes(operation.number) if operation.kind == "gap" else []
        kinds = {"earlier": GAP, "dated": HEADER}
        self.kind = DIGIT if self.digits else kinds.get(operation.kind, FIRST_EDIT)
        self.header = []

    def _move(self, kind: str) -> list[Line]:
        """Keep or drop lines; give those."""
        passed = self.old[self.cursor :][: None if kind == "rest" else 1]
        self.cursor += len(passed)
        if kind == "drop":
            self.dropped = [*self.dropped, *passed]
            # A state has at least one line.
            self.kind = AFTER_DROP if self.new or self.cursor < len(self.old) else FIRST_EDIT
        else:
            self.new += passed
            self.dropped, self.replaced, self.kind = [], 0, AFTER_KEEP
        return passed

    def closing(self, newline: int, room: int) -> int | None:
        """End the line, then the state, with the last two tokens of the room that is left."""
        if self.kind in (AFTER_DROP, EDIT):
            return self.operations.run if room <= 2 else None
        return newline if room == 2 and self.kind in (FIRST_EDIT, AFTER_KEEP, LINE) else None


class EditsGrammar:
    """Which tokens may come next, so that gaps are whole and edits fit the state before.

    A line that was dropped is not written anew in the same place: it would have been kept. So a step of a
    sample changes something, unless lines repeat and what it adds in one place it takes away in another.
    """

    def __init__(self, notation: EditsNotation) -> None:
        self.operations, self.end, self.texts = notation.operations, notation.end, notation.texts
        self.pieces = notation.tokenizer.convert_ids_to_tokens(range(len(self.texts)))
        self.token_of = {piece: token for token, piece in enumerate(self.pieces)}
        self.text = torch.zeros(notation.vocabulary, dtype=torch.bool)
        self.text[: self.operations.first] = notation.text_tokens
        self.masks = torch.stack(
            [self._mask(kind, size) for kind in range(9) for size in range(DIGIT_BITS + 1)]
        )
        self._header_pieces = [(n, text) for n, text in enumerate(self.texts) if text and {*text} <= _LETTERS]
        self.header_tokens = lru_cache(4096)(self._header_tokens)

    def allow(self, scores: Tensor, states: Sequence[EditsState]) -> Tensor:
        """Set what may not come next to minus infinity; see :meth:`Notation.allow`."""
        allowed = self.masks[[(DIGIT_BITS + 1) * state.kind + self._size(state) for state in states]]
        for row, state in zip(allowed, states, strict=True):
            if state.kind == HEADER:
                row[self.header_tokens("".join(self.texts[token] for token in state.header))] = True
            elif state.dropped:
                row[self._endings(state)] = False
        return scores.masked_fill(~allowed.to(scores.device), -torch.inf)

    def _size(self, state: EditsState) -> int:
        """Binary digits of the next digit, or how many lines are ahead, 2 for more."""
        if state.kind == DIGIT:
            return state.digits[0]
        return min(len(state.old) - state.cursor, 2) if state.kind in _AT_EDIT else 0

    def _endings(self, state: EditsState) -> list[int]:
        """Give the tokens that would make the current line one of those just dropped."""
        written = self._spell(state.line)
        dropped = {
            line.removeprefix(written) for line in map(self._spell, state.dropped) if line.startswith(written)
        }
        return [self.token_of[ending] for ending in dropped if ending in self.token_of]

    def _spell(self, line: Line) -> str:
        """Join the names of tokens: the same for the same bytes, however they are cut."""
        return "".join(self.pieces[token] for token in line)

    def _header_tokens(self, written: str) -> list[int]:
        return [
            token for token, text in self._header_pieces if _HEADER.fullmatch(written + text, partial=True)
        ]

    def _mask(self, kind: int, size: int) -> Tensor:
        ids, mask = self.operations, torch.zeros_like(self.text)
        if kind in (LINE, *_AT_EDIT):
            mask |= self.text
        rules = (
            (kind in (AFTER_DROP, EDIT), [ids.run]),
            (kind == STATE_END, [self.end, *ids.gaps, ids.earlier, ids.unknown]),
            (kind == GAP, ids.gaps[1:]),
            (kind == DIGIT, ids.digits[: 1 << size]),
            (size > 0 and kind in (FIRST_EDIT, AFTER_KEEP, AFTER_DROP), [ids.drop]),
            (size > 1 and kind in _AT_EDIT, [ids.keep]),
            (size > 0 and kind in (FIRST_EDIT, AFTER_DROP, EDIT), [ids.rest]),
        )
        mask[[token for applies, tokens in rules if applies for token in tokens]] = True
        return mask
