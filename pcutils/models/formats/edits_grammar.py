"""The form of a trace of edits while it is written: whole gaps, and edits that fit the state before."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pcutils.models.formats.edits_tokens import (
    DIGIT_BITS,
    Operation,
    Operations,
    digit_sizes,
)
from pcutils.models.formats.header_grammar import HeaderGrammar, HeaderPlace
from pcutils.models.formats.states_grammar import PROGRAM_START, StatesGrammar, StatesPlace

if TYPE_CHECKING:
    from pcutils.models.formats.states_pointer import Alphabet

HEADER, PROGRAM, LINE, STATE_END, GAP, DIGIT, FIRST_EDIT, AFTER_KEEP, AFTER_DROP, EDIT = range(10)
_AT_EDIT = (FIRST_EDIT, AFTER_KEEP, AFTER_DROP, EDIT)


class EditsGrammar:
    """Which tokens may come next, for any place in a trace of edits.

    Parameters
    ----------
    states : StatesGrammar
        The form of the first state.
    operations : Operations
        The tokens that edits add.
    vocabulary : int
        How many tokens there are.
    """

    def __init__(self, states: StatesGrammar, operations: Operations, vocabulary: int) -> None:
        self.states, self.operations, self.vocabulary = states, operations, vocabulary
        self.alphabet: Alphabet = states.alphabet
        self.text = self._none()
        self.text[: operations.first] = states.writable
        self.text[self.alphabet.end] = False
        self.writable = self.text.clone()
        self.writable[operations.first :] = True
        self.writable[self.alphabet.end] = True
        self.tokens = {piece: token for token, piece in enumerate(self.alphabet.pieces)}
        self.mask = lru_cache(maxsize=None)(self._mask)
        self._headers = None if states.has_dates else HeaderGrammar(self.alphabet.texts)

    def spell(self, tokens: Sequence[int]) -> str:
        """Join the names of tokens: the same for the same bytes, however they are cut."""
        return "".join(self.alphabet.pieces[token] for token in tokens)

    def header(self) -> StatesPlace | HeaderPlace:
        """Stand before the date line, which is written in parts where the tokenizer cuts it into them."""
        return StatesPlace(self.states) if self._headers is None else HeaderPlace(self._headers)

    def allow(self, scores: Tensor, places: Sequence[EditsPlace]) -> Tensor:
        """Take away what may not come next; see :meth:`pcutils.models.formats.Format.allow`."""
        allowed = torch.stack([self._without(place.dropped_endings(), self._at(place)) for place in places])
        return scores.masked_fill(~allowed.to(scores.device), -torch.inf)

    def _at(self, place: EditsPlace) -> Tensor:
        if place.kind == HEADER:
            mask = self._none()
            if isinstance(place.header, HeaderPlace):
                mask[place.header.tokens] = True
                return mask
            row = torch.zeros(1, self.operations.first)
            mask[: self.operations.first] = self.states.allow(row, [place.header])[0] == 0
            return mask
        if place.kind == DIGIT:
            return self.mask(DIGIT, place.sizes[0])
        return self.mask(place.kind, min(len(place.ahead), 2) if place.kind in _AT_EDIT else 0)

    def _without(self, tokens: list[int], mask: Tensor) -> Tensor:
        if not tokens:
            return mask
        fewer = mask.clone()
        fewer[tokens] = False
        return fewer

    def _none(self) -> Tensor:
        return torch.zeros(self.vocabulary, dtype=torch.bool)

    def _mask(self, kind: int, size: int) -> Tensor:
        ids, mask = self.operations, self._none()
        if kind in (PROGRAM, LINE, *_AT_EDIT):
            mask |= self.text
        if kind in (AFTER_DROP, EDIT):
            mask[ids.run] = True
        if kind == STATE_END:
            mask[self.alphabet.end] = True
            mask[[*ids.gaps, ids.earlier, ids.unknown]] = True
        if kind == GAP:
            mask[ids.gaps[1:]] = True
        if kind == DIGIT:
            mask[ids.digits[: 1 << min(size, DIGIT_BITS)]] = True
        if kind in (FIRST_EDIT, AFTER_KEEP, AFTER_DROP) and size:
            mask[ids.drop] = True
        if kind in _AT_EDIT and size > 1:
            mask[ids.keep] = True
        if kind in (FIRST_EDIT, AFTER_DROP, EDIT) and size:
            mask[ids.rest] = True
        return mask


class EditsPlace:
    """Where in its form a trace of edits is.

    Parameters
    ----------
    grammar : EditsGrammar
        The form.
    lines : list of list of int
        Tokens of the lines of the state from which the trace goes on; none where it begins.

    Notes
    -----
    A line that was dropped is not written anew in the same place: it would have been kept. So a step of a
    sample changes something, unless lines repeat and what it adds in one place it takes away in another.
    """

    def __init__(self, grammar: EditsGrammar, lines: Sequence[list[int]] = ()) -> None:
        self.grammar = grammar
        self.state: list[list[int]] = []  # whole lines of the state under way, as far as written
        self.ahead = [*lines]  # lines of the state before that no edit has reached
        self.dropped: list[list[int]] = []  # lines dropped since one was kept
        self.line: list[int] = []
        self.header = grammar.header()
        self.sizes: list[int] = []
        self.kind = STATE_END if lines else HEADER

    @property
    def may_end_state(self) -> bool:
        """Whether the state under way could be a whole one."""
        return self.kind in (AFTER_DROP, EDIT)

    @property
    def may_end_line(self) -> bool:
        """Whether a newline could come next."""
        return self.kind in (PROGRAM, LINE, *_AT_EDIT)

    def dropped_endings(self) -> list[int]:
        """Give the tokens that would make the line under way one of those just dropped."""
        if not self.dropped:
            return []
        written = self.grammar.spell(self.line)
        dropped = {self.grammar.spell(line) for line in self.dropped}
        endings = (line.removeprefix(written) for line in dropped if line.startswith(written))
        return [self.grammar.tokens[ending] for ending in endings if ending in self.grammar.tokens]

    def push(self, token: int) -> None:
        """Take one more token."""
        operation = self.grammar.operations.meaning(token)
        if self.kind == HEADER and operation is None:
            self.header.push(token)
            self.kind = PROGRAM if self.header.kind == PROGRAM_START else HEADER
        elif operation is None:
            self._write(token)
        elif operation.kind == "run":
            self.ahead, self.state, self.dropped = [*self.state, *self.ahead], [], []
            self.kind = STATE_END
        elif operation.begins_state:
            self.sizes = digit_sizes(operation.number) if operation.kind == "gap" else []
            self.kind = GAP if operation.kind == "earlier" else DIGIT if self.sizes else FIRST_EDIT
        elif operation.kind == "digit":
            self.sizes = self.sizes[1:]
            self.kind = DIGIT if self.sizes else FIRST_EDIT
        else:
            self._move(operation)

    def _move(self, operation: Operation) -> None:
        count = len(self.ahead) if operation.kind == "rest" else 1
        passed, self.ahead = self.ahead[:count], self.ahead[count:]
        if operation.kind == "drop":
            self.dropped = [*self.dropped, *passed]
            # A state has at least one line.
            self.kind = AFTER_DROP if self.state or self.ahead else FIRST_EDIT
        else:
            self.state += passed
            self.dropped = []
            self.kind = AFTER_KEEP

    def _write(self, token: int) -> None:
        self.line.append(token)
        self.kind = LINE
        if self.grammar.alphabet.ends_line[token]:
            self.state.append(self.line)
            self.line, self.kind = [], EDIT
