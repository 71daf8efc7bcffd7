"""The paper's text form: every state written out in full."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from pcutils.errors import TraceError
from pcutils.models.notation.base import Encoded, Notation, Segment, header, kept_states
from pcutils.models.tokenizer import END, decode_tokens, encode_texts
from pcutils.trace import Trace, parse_trace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

    from pcutils.models.notation.base import States

_HEADER = re.compile(r"CODE \d")


def state_texts(trace: Trace) -> list[str]:
    """Write header line and program of each kept state; every state ends in a newline, also the last."""
    kept, _ = kept_states(trace)
    states = zip(kept.numbers, kept.timestamps, kept.programs, strict=True)
    return [f"{header(number, moment)}{program}\n" for number, moment, program in states]


def training_texts(traces: Iterable[Trace]) -> Iterator[str]:
    """Write training traces for :func:`pcutils.models.train_tokenizer`, one string each.

    Parameters
    ----------
    traces : iterable of Trace
        Of the training split.
    """
    for trace in traces:
        yield "".join(state_texts(trace))


class StatesNotation(Notation):
    """The paper's text form, without hints and without a grammar; see :class:`Notation`."""

    name = "states"

    def __init__(self, tokenizer: PreTrainedTokenizerFast, **options: Any) -> None:
        super().__init__(tokenizer, **options)
        self.structure += [token for token, text in enumerate(self.texts) if _HEADER.match(text)]

    def _encode_states(self, traces: Sequence[Trace]) -> Iterator[States]:
        texts = [state_texts(trace) for trace in traces]
        tokens = iter(encode_texts(self.tokenizer, [text for group in texts for text in group]))
        for group in texts:
            states = [np.array(ids, dtype=np.int32) for ids in islice(tokens, len(group))]
            yield states, [self._segments(number, state) for number, state in enumerate(states)]

    def _segments(self, number: int, state: NDArray[np.int32]) -> NDArray[np.int8]:
        last = next(index for index, token in enumerate(state) if self.texts[token].endswith("\n"))
        pair = (Segment.GAPS, Segment.EDITS) if number else (Segment.DATE, Segment.FIRST)
        return np.where(np.arange(len(state)) <= last, *pair).astype(np.int8)

    def recent(self, item: Encoded, room: int, states: int | None = None) -> NDArray[np.int32]:
        """Keep the newest states that fit; of a state too long by itself, its end."""
        chosen, left = item.states[:states], room - len(item.prompt)
        fitting = sum(size <= left for size in accumulate(len(state) for state in reversed(chosen)))
        kept = chosen[len(chosen) - fitting :]
        kept = kept or [state[-left:] for state in chosen[-1:] if left > 0]
        return np.concatenate([item.prompt, *kept])

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
