"""Between traces and the tokens that a model reads: the paper's text form, state by state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from pcutils.models.tokenizer import END, MASK, START, decode_tokens, encode_texts
from pcutils.trace import UNKNOWN_DATE, Trace, parse_trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

_TRACES_AT_ONCE = 512


def state_texts(trace: Trace) -> tuple[list[str], list[int]]:
    """Write the states of a trace one by one, leaving out each that equals the one before.

    Parameters
    ----------
    trace : Trace
        What to write.

    Returns
    -------
    texts : list of str
        Header line, program and a newline of each state that is kept, numbered from 1.
    places : list of int, shape (n_states,)
        For each state of the trace, which text holds it.

    Notes
    -----
    Joined, the texts are ``format_trace`` without title, but for the newline after the last program: here
    every state ends in one, so that its last line has the same tokens as in the states before.
    """
    texts: list[str] = []
    places: list[int] = []
    previous = None
    for program, moment in zip(trace.programs, trace.timestamps, strict=True):
        if program != previous:
            texts.append(f"{header(len(texts) + 1, moment)}{program}\n")
        places.append(len(texts) - 1)
        previous = program
    return texts, places


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
        yield "".join(state_texts(trace)[0])


def header(number: int, moment: datetime | None) -> str:
    """Write the line that precedes a program."""
    return f"CODE {number} ({UNKNOWN_DATE if moment is None else moment.isoformat(' ')}):\n"


@dataclass(frozen=True)
class Encoded:
    """A trace as tokens.

    Parameters
    ----------
    prompt : ndarray of int32
        Title, padding and ``<start>``: given to the model, never scored.
    states : list of ndarray of int32
        Tokens of each kept state.
    places : list of int, shape (n_states,)
        For each state of the trace, which of `states` holds it.
    is_complete : bool
        Whether ``<|endoftext|>`` follows.
    username : str or None
        The student.
    """

    prompt: NDArray[np.int32]
    states: list[NDArray[np.int32]]
    places: list[int]
    is_complete: bool
    username: str | None


class StatesFormat:
    """The paper's text form: every state written out in full.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerFast
        From :func:`pcutils.models.train_tokenizer`, or any with the same special tokens.
    title_tokens : int
        The title is padded with ``<mask>``, or cut, to this many tokens; the paper has 50. With 0 it is left
        as it is, which saves a small model a tenth of its time.
    """

    name = "states"

    def __init__(self, tokenizer: PreTrainedTokenizerFast, *, title_tokens: int = 0) -> None:
        self.tokenizer = tokenizer
        self.title_tokens = title_tokens
        self.end, self.start, self.mask = (
            tokenizer.convert_tokens_to_ids(name) for name in (END, START, MASK)
        )

    def encode(self, traces: Iterable[Trace]) -> Iterator[Encoded]:
        """Turn traces into tokens, many at a time.

        Parameters
        ----------
        traces : iterable of Trace
            What to encode.

        Yields
        ------
        Encoded
            One a trace, in order.
        """
        remaining = iter(traces)
        while chunk := list(islice(remaining, _TRACES_AT_ONCE)):
            written = [state_texts(trace) for trace in chunk]
            titles = self.prompts([trace.title for trace in chunk])
            flat = encode_texts(self.tokenizer, [text for texts, _ in written for text in texts])
            tokens = iter(flat)
            for trace, prompt, (texts, places) in zip(chunk, titles, written, strict=True):
                states = [np.array(ids, dtype=np.int32) for ids in islice(tokens, len(texts))]
                yield Encoded(prompt, states, places, trace.is_complete, trace.username)

    def prompts(self, titles: Sequence[str | None]) -> list[NDArray[np.int32]]:
        """Encode titles with their padding and ``<start>``."""
        found = encode_texts(self.tokenizer, [title or "" for title in titles])
        if self.title_tokens:
            found = [(ids + [self.mask] * self.title_tokens)[: self.title_tokens] for ids in found]
        return [np.array([*ids, self.start], dtype=np.int32) for ids in found]

    def decode(self, ids: Sequence[int]) -> str:
        """Turn the tokens of states back into the text form, which has no newline before the end marker.

        Parameters
        ----------
        ids : sequence of int
            Tokens after ``<start>``, up to and with ``<|endoftext|>`` where the trace is complete.

        Returns
        -------
        str
            Text that :func:`pcutils.trace.parse_trace` reads.
        """
        ids = [int(token) for token in ids]
        if not ids or ids[-1] != self.end:
            return decode_tokens(self.tokenizer, ids)
        return decode_tokens(self.tokenizer, ids[:-1]).removesuffix("\n") + END

    def read(self, text: str, *, title: str | None, username: str | None) -> Trace:
        """Read a decoded text as a trace, or raise :class:`pcutils.errors.TraceError`."""
        return parse_trace(text, title=title, username=username)


def cut(item: Encoded, room: int, end: int) -> tuple[NDArray[np.int32], bool]:
    """Join a trace's tokens and cut them to the context, as the paper does.

    Parameters
    ----------
    item : Encoded
        The trace.
    room : int
        How many tokens fit.
    end : int
        The end token, which follows a complete trace.

    Returns
    -------
    tokens : ndarray of int32, shape (at most room,)
    is_cut : bool
        Whether something did not fit.
    """
    closing = [np.array([end], dtype=np.int32)] if item.is_complete else []
    tokens = np.concatenate([item.prompt, *item.states, *closing])
    return tokens[:room], len(tokens) > room


def recent(item: Encoded, room: int) -> NDArray[np.int32]:
    """Keep the title and as many of the newest states as fit; of a state too long by itself, its end.

    Parameters
    ----------
    item : Encoded
        The trace.
    room : int
        How many tokens fit.

    Returns
    -------
    ndarray of int32, shape (at most room,)
    """
    left = room - len(item.prompt)
    kept: list[NDArray[np.int32]] = []
    for state in reversed(item.states):
        if len(state) > left:
            break
        kept.append(state)
        left -= len(state)
    if not kept and item.states and left > 0:
        kept = [item.states[-1][-left:]]
    return np.concatenate([item.prompt, *reversed(kept)])
