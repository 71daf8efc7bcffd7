"""The paper's text form: every state written out in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from pcutils.errors import TraceError
from pcutils.models.formats.base import (
    DATE,
    EDITS,
    FIRST_STATE,
    GAPS,
    Encoded,
    Format,
    Place,
    header,
    kept_states,
    mask_of,
)
from pcutils.models.formats.hints import Pointer
from pcutils.models.formats.states_grammar import StatesGrammar, StatesPlace
from pcutils.models.formats.states_pointer import Alphabet, StatesPointer
from pcutils.models.tokenizer import END, decode_tokens, encode_texts
from pcutils.trace import Trace, parse_trace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast


def state_texts(trace: Trace) -> list[str]:
    """Write the states of a trace one by one, leaving out each that equals the one before.

    Parameters
    ----------
    trace : Trace
        What to write.

    Returns
    -------
    list of str
        Header line, program and a newline of each state that is kept, numbered from 1.

    Notes
    -----
    Joined, the texts are ``format_trace`` without title, but for the newline after the last program: here
    every state ends in one, so that its last line has the same tokens as in the states before.
    """
    kept, _ = kept_states(trace)
    states = zip(kept.numbers, kept.timestamps, kept.programs, strict=True)
    return [f"{header(number, moment)}{program}\n" for number, moment, program in states]


def training_texts(traces: Iterable[Trace]) -> Iterator[str]:
    """Write traces for :func:`pcutils.models.train_tokenizer`, which must see what a model will read.

    Parameters
    ----------
    traces : iterable of Trace
        Of the training split; any program will do, also one that the text form cannot carry.

    Yields
    ------
    str
        The states of one trace.
    """
    for trace in traces:
        yield "".join(state_texts(trace))


class StatesFormat(Format):
    """The paper's text form; see :class:`pcutils.models.formats.Format`."""

    name = "states"
    copy_start = (5.0, 2.0)  # a line is more often repeated than skipped
    structure_in_words = "whether a state or the trace ends"

    def __init__(self, tokenizer: PreTrainedTokenizerFast, **options: Any) -> None:
        super().__init__(tokenizer, **options)
        self.alphabet = Alphabet.of(tokenizer)
        self.grammar = StatesGrammar(tokenizer, self.alphabet)
        self.has_grammar = self.grammar.has_dates
        opens = self.alphabet.opens_header
        self.structure = [self.end, *(token for token in range(self.vocabulary) if opens[token])]

    def _encode_states(
        self, traces: Sequence[Trace]
    ) -> Iterator[tuple[list[NDArray[np.int32]], list[NDArray[np.int8]]]]:
        texts = [state_texts(trace) for trace in traces]
        tokens = iter(encode_texts(self.tokenizer, [text for group in texts for text in group]))
        for group in texts:
            states = [np.array(ids, dtype=np.int32) for ids in islice(tokens, len(group))]
            yield states, [self._segments(number, state) for number, state in enumerate(states)]

    def _segments(self, number: int, state: NDArray[np.int32]) -> NDArray[np.int8]:
        last = next(place for place, token in enumerate(state) if self.alphabet.ends_line[token])
        in_header = np.arange(len(state)) <= last
        pair = (GAPS, EDITS) if number else (DATE, FIRST_STATE)
        return np.where(in_header, *pair).astype(np.int8)

    def recent(self, item: Encoded, room: int, states: int | None = None) -> NDArray[np.int32]:
        """Keep the newest states that fit."""
        chosen = item.states[:states]
        left = room - len(item.prompt)
        kept: list[NDArray[np.int32]] = []
        for state in reversed(chosen):
            if len(state) > left:
                break
            kept.append(state)
            left -= len(state)
        if not kept and chosen and left > 0:
            kept = [chosen[-1][-left:]]
        return np.concatenate([item.prompt, *reversed(kept)])

    def decode(self, ids: Sequence[int]) -> str:
        """Turn the tokens of states back into the text form, which has no newline before the end marker."""
        ids = [int(token) for token in ids]
        if not ids or ids[-1] != self.end:
            return decode_tokens(self.tokenizer, ids)
        return decode_tokens(self.tokenizer, ids[:-1]).removesuffix("\n") + END

    def read(self, ids: Sequence[int], prefix: Trace, *, title: str | None, username: str | None) -> Trace:
        """Read the text form."""
        before = "".join(state_texts(prefix))
        text = before + self.decode(ids)
        if before and [int(token) for token in ids] == [self.end]:
            text = before.removesuffix("\n") + END
        trace = parse_trace(text, title=title, username=username)
        if not trace.programs:
            raise TraceError("no whole state", "at least one")
        return trace

    def pointer(self) -> Pointer:
        """Give a pointer into the state before."""
        return StatesPointer(self.alphabet, self.outcome)

    def place(self, prefix: Trace) -> Place:
        """Stand behind the states of a prefix."""
        return StatesPlace(self.grammar, len(state_texts(prefix)))

    def allow(self, scores: Tensor, places: Sequence[Place] | None) -> Tensor:
        """Let headers stand only where headers belong."""
        if places is None:
            return mask_of(scores, self.grammar.writable)
        return self.grammar.allow(scores, places)  # type: ignore[arg-type]
