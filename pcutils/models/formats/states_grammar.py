"""The form of a trace while it is written: headers where headers belong, with a number and a date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pcutils.models.formats.states_pointer import Alphabet
from pcutils.models.tokenizer import encode_texts
from pcutils.trace import UNKNOWN_DATE

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

NOTHING, STATE_END, INSIDE_LINE, LINE_START, PROGRAM_START, FIRST_PART = range(6)
#: What follows "CODE 3 (": year, month, day, hour, minute, second, end of the line.
_PARTS: tuple[Callable[[str], bool], ...] = (
    lambda text: len(text) == 4 and text.isascii() and text.isdigit() and text >= "1000",
    lambda text: _is_part(text, "-", 1, 12),
    lambda text: _is_part(text, "-", 1, 31),
    lambda text: _is_part(text, " ", 0, 23),
    lambda text: _is_part(text, ":", 0, 59),
    lambda text: _is_part(text, ":", 0, 59),
    lambda text: text == "):\n",
)


def _is_part(text: str, before: str, low: int, high: int) -> bool:
    digits = text[1:]
    return text[:1] == before and len(digits) == 2 and digits.isdecimal() and low <= int(digits) <= high


class StatesGrammar:
    """Which tokens may come next, for any place in a trace.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerFast
        From :func:`pcutils.models.train_tokenizer`, which cuts dates into their parts.
    alphabet : Alphabet
        Of the same tokenizer.

    Notes
    -----
    A model that was trained for a minute now and then puts a header into the middle of a line, where nobody
    can read it. Sampling with a grammar leaves the choice of what to write to the model and takes from it the
    choice of where a header may stand. Only for tokenizers that cut dates into their parts (`has_dates`).
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, alphabet: Alphabet) -> None:
        self.tokenizer, self.alphabet = tokenizer, alphabet
        size = len(alphabet.ends_line)
        texts = alphabet.texts
        opens = torch.tensor(alphabet.opens_header)
        free = torch.tensor(["\n" not in text[:-1] for text in texts])  # texts are encoded line by line
        added = tokenizer.backend_tokenizer.get_added_tokens_decoder()
        free[[number for number, token in added.items() if token.special]] = False
        free[alphabet.end] = True
        inside = free & ~opens
        inside[alphabet.end] = False
        parts = [torch.tensor([is_part(text) for text in texts]) for is_part in _PARTS]
        self.writable = free
        line_start = free & ~opens
        nothing, only_end = torch.zeros(2, size, dtype=torch.bool)
        only_end[alphabet.end] = True
        self.masks = torch.stack([nothing, only_end, inside, line_start, inside, *parts])
        self._headers: dict[int, tuple[list[int], list[int]]] = {}
        example = encode_texts(tokenizer, ["CODE 1 (2020-01-01 00:00:00):\n"])[0][-len(_PARTS) :]
        self.has_dates = len(example) == len(_PARTS) and all(
            bool(part[token]) for part, token in zip(parts, example, strict=True)
        )

    def header(self, number: int) -> tuple[list[int], list[int]]:
        """Give the tokens that open a header with a date, and those of a whole header without one."""
        if number not in self._headers:
            dated = f"CODE {number} (2020-01-01 00:00:00):\n"
            opening, unknown = encode_texts(self.tokenizer, [dated, f"CODE {number} ({UNKNOWN_DATE}):\n"])
            self._headers[number] = opening[: -len(_PARTS)], unknown
        return self._headers[number]

    def allow(self, scores: Tensor, places: Sequence[StatesPlace]) -> Tensor:
        """Take away what may not come next.

        Parameters
        ----------
        scores : Tensor, shape (n, vocabulary)
            Unnormalised log-probabilities.
        places : sequence of StatesPlace, length n
            Where each row is.

        Returns
        -------
        Tensor, shape (n, vocabulary)
            Minus infinity where a token may not come.
        """
        allowed = self.masks.to(scores.device)[[place.kind for place in places]]
        rows, tokens = [], []
        for row, place in enumerate(places):
            rows += [row] * len(place.also)
            tokens += place.also
        if rows:
            allowed[rows, tokens] = True
        return scores.masked_fill(~allowed, -torch.inf)


class StatesPlace:
    """Where in its form a trace is.

    Parameters
    ----------
    grammar : StatesGrammar
        The form.
    states : int
        How many whole states are already there; what comes next is another one, or the end.
    """

    def __init__(self, grammar: StatesGrammar, states: int = 0) -> None:
        self.grammar, self.states = grammar, states
        self.in_header = False
        self.options: list[tuple[bool, list[int]]] = []  # ways to go on with a header: is it dated, and how
        self.also: list[int] = []  # tokens that may come although the kind of place has no room for them
        self.kind = INSIDE_LINE
        self._go(LINE_START)
        self.kind = STATE_END if states else NOTHING

    def push(self, token: int) -> None:
        """Take one more token."""
        if token in self.also:
            self.states += not self.in_header
            self.in_header = True
            self._follow([(dated, tokens[1:]) for dated, tokens in self.options if tokens[0] == token])
        elif self.kind >= FIRST_PART:
            self._go(self.kind + 1 if self.kind < FIRST_PART + len(_PARTS) - 1 else PROGRAM_START)
        else:
            self._go(LINE_START if self.grammar.alphabet.ends_line[token] else INSIDE_LINE)

    def _follow(self, options: list[tuple[bool, list[int]]]) -> None:
        if (False, []) in options:
            self._go(PROGRAM_START)
            return
        self.kind = FIRST_PART if (True, []) in options else NOTHING
        self._offer(options)

    def _go(self, kind: int) -> None:
        self.kind = kind
        at_start = kind in (LINE_START, PROGRAM_START)
        self.in_header = self.in_header and not at_start
        opening, unknown = self.grammar.header(self.states + 1) if at_start else ([], [])
        self._offer([(True, opening), (False, unknown)] if at_start else [])

    def _offer(self, options: list[tuple[bool, list[int]]]) -> None:
        self.options = [option for option in options if option[1]]
        self.also = [tokens[0] for _, tokens in self.options]
