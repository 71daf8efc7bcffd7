"""What every format of traces can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, repeat
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from pcutils.models.formats.hints import HINTS, Pointer
from pcutils.models.tokenizer import END, MASK, START, clean, decode_tokens, encode_texts
from pcutils.trace import UNKNOWN_DATE, Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

    from pcutils.execution.outcomes import Outcome, Outcomes

SEGMENTS = ("date", "first", "gaps", "edits", "end")
"""What the tokens of a trace say: when it began, the first program, when each later state ran, what changed
in it, and that the trace ends."""
DATE, FIRST_STATE, GAPS, EDITS, ENDING = range(5)

_TRACES_AT_ONCE = 512


class Place(Protocol):
    """Where in its form a trace under way is."""

    def push(self, token: int) -> None:
        """Take one more token."""


@dataclass(frozen=True)
class Encoded:
    """A trace as tokens.

    Parameters
    ----------
    prompt : ndarray of int32
        What the student wrote before, if anything, title, padding and ``<start>``: given to the model, never
        scored.
    states : list of ndarray of int32
        Tokens of each kept state.
    segments : list of ndarray of int8, each as long as its state
        What each token says, as a place in :data:`SEGMENTS`.
    places : list of int, shape (n_states,)
        For each state of the trace, which of `states` holds it.
    is_complete : bool
        Whether ``<|endoftext|>`` follows.
    trace : Trace
        The kept states, with title and student.
    """

    prompt: NDArray[np.int32]
    states: list[NDArray[np.int32]]
    segments: list[NDArray[np.int8]]
    places: list[int]
    is_complete: bool
    trace: Trace


class Format(ABC):
    """A way to write traces as tokens, and to read what a model wrote.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerFast
        From :func:`pcutils.models.train_tokenizer`, or any with the same special tokens.
    title_tokens, history_tokens, outcomes
        As for :func:`pcutils.models.formats.make_format`.

    Attributes
    ----------
    name : str
        What profiles call it.
    vocabulary : int
        How many tokens there are, those that the format adds to the tokenizer's included.
    end : int
        The token that follows a complete trace.
    structure : list of int
        Tokens that say what comes next (a line that is kept, another state, the end) and not what it says.
    structure_in_words : str
        What those tokens say.
    has_grammar : bool
        Whether :meth:`allow` knows the form: always that of ``edits``, and that of ``states`` for tokenizers
        that cut dates into their parts.
    copy_start : tuple of float
        How much more likely a network takes the two tokens of a hint to be before it has learnt anything, in
        nats.

    Notes
    -----
    Both formats leave out a state that equals the one before it, and the numbers of states, which count from
    1. Lone surrogates, which UTF-8 cannot hold, become U+FFFD.
    """

    name: str
    copy_start: tuple[float, float]
    structure_in_words: str

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        *,
        title_tokens: int = 0,
        history_tokens: int = 0,
        outcomes: Outcomes | None = None,
    ) -> None:
        self.tokenizer, self.outcomes = tokenizer, outcomes
        self.title_tokens, self.history_tokens = title_tokens, history_tokens
        self.vocabulary = len(tokenizer)
        self.has_grammar = False
        self.structure: list[int] = []
        self.end, self.start, self.mask = (
            tokenizer.convert_tokens_to_ids(name) for name in (END, START, MASK)
        )

    def encode(
        self, traces: Iterable[Trace], histories: Iterable[Trace | None] | None = None
    ) -> Iterator[Encoded]:
        """Turn traces into tokens, many at a time.

        Parameters
        ----------
        traces : iterable of Trace
            What to encode.
        histories : iterable of Trace or None, as many as traces, optional
            What each student wrote before; in front of the title stand as many of its newest tokens as
            `history_tokens` allows.

        Yields
        ------
        Encoded
            One a trace, in order.
        """
        remaining = iter(traces)
        earlier = repeat(None) if histories is None or not self.history_tokens else iter(histories)
        while chunk := list(islice(remaining, _TRACES_AT_ONCE)):
            kept = [kept_states(trace) for trace in chunk]
            if self.outcomes is not None:
                self.outcomes.learn(clean(program) for trace, _ in kept for program in trace.programs)
            prompts = self.prompts([trace.title for trace in chunk])
            fronts = self._histories(list(islice(earlier, len(chunk))))
            states = self._encode_states([trace for trace, _ in kept])
            for front, title, (trace, places), (tokens, segments) in zip(
                fronts, prompts, kept, states, strict=True
            ):
                prompt = np.concatenate([front, title])
                yield Encoded(prompt, tokens, segments, places, trace.is_complete, trace)

    def _histories(self, histories: Sequence[Trace | None]) -> list[NDArray[np.int32]]:
        encoded = self.encode(history for history in histories if history is not None)
        return [
            np.zeros(0, dtype=np.int32) if history is None else self._newest_tokens(next(encoded))
            for history in histories
        ]

    def _newest_tokens(self, item: Encoded) -> NDArray[np.int32]:
        closing = np.full(int(item.is_complete), self.end, dtype=np.int32)
        newest = self.recent(item, max(len(item.prompt), self.history_tokens - len(closing)))
        return np.concatenate([newest, closing])

    def prompts(self, titles: Sequence[str | None]) -> list[NDArray[np.int32]]:
        """Encode titles with their padding and ``<start>``."""
        found = encode_texts(self.tokenizer, [title or "" for title in titles])
        if self.title_tokens:
            found = [(ids + [self.mask] * self.title_tokens)[: self.title_tokens] for ids in found]
        return [np.array([*ids, self.start], dtype=np.int32) for ids in found]

    def hints(self, tokens: Iterable[int]) -> NDArray[np.int32]:
        """Point into the state before at every token of a trace.

        Parameters
        ----------
        tokens : iterable of int, length n
            Title, ``<start>``, states.

        Returns
        -------
        ndarray of int32, shape (n, 6)
            A :data:`~pcutils.models.formats.hints.Hint` after each token.
        """
        pointer = self.pointer()
        hints = []
        for token in tokens:
            pointer.push(int(token))
            hints.append(pointer.hint())
        return np.array(hints, dtype=np.int32).reshape(-1, HINTS)

    def learn_outcomes(self, pointers: Iterable[Pointer]) -> None:
        """Run, side by side, what the last tokens say was run, if the model is told how it ends."""
        if self.outcomes is not None:
            self.outcomes.learn(self._program(pointer.ran) for pointer in pointers if pointer.ran is not None)

    def outcome(self, tokens: list[int]) -> Outcome | None:
        """Say how the program in so many tokens ends; None for a model that is not told."""
        return None if self.outcomes is None else self.outcomes(self._program(tokens))

    def _program(self, tokens: list[int]) -> str:
        return decode_tokens(self.tokenizer, tokens).removesuffix("\n")

    @abstractmethod
    def _encode_states(
        self, traces: Sequence[Trace]
    ) -> Iterator[tuple[list[NDArray[np.int32]], list[NDArray[np.int8]]]]:
        """Give tokens and segments of the states of each trace."""

    @abstractmethod
    def recent(self, item: Encoded, room: int, states: int | None = None) -> NDArray[np.int32]:
        """Keep the title and as many of the newest states as fit; of a state too long by itself, its end.

        Parameters
        ----------
        item : Encoded
            The trace.
        room : int
            How many tokens fit.
        states : int, optional
            Look only at the first so many states.

        Returns
        -------
        ndarray of int32, shape (at most room,)
        """

    @abstractmethod
    def decode(self, ids: Sequence[int]) -> str:
        """Turn tokens into text that a person can read."""

    @abstractmethod
    def read(self, ids: Sequence[int], prefix: Trace, *, title: str | None, username: str | None) -> Trace:
        """Read what a model wrote as a trace.

        Parameters
        ----------
        ids : sequence of int
            Tokens after ``<start>``, or after the prefix, with ``<|endoftext|>`` where the trace is complete.
            Whatever they are, they are read or refused, never half read.
        prefix : Trace
            The states that the model went on from; without programs where there are none.
        title, username : str or None
            Of the result.

        Returns
        -------
        Trace
            The states of the prefix, those that equal the one before left out, and the written ones. The last
            state of an incomplete trace is left out, for it may be cut.

        Raises
        ------
        pcutils.errors.TraceError
            If it cannot be read as a trace.
        """

    @abstractmethod
    def pointer(self) -> Pointer:
        """Give a pointer that stands before the first token."""

    @abstractmethod
    def place(self, prefix: Trace) -> Place:
        """Say where a trace is that goes on after the states of a prefix, or that begins."""

    @abstractmethod
    def allow(self, scores: Tensor, places: Sequence[Place] | None) -> Tensor:
        """Take away what may not come next.

        Parameters
        ----------
        scores : Tensor, shape (n, vocabulary)
            Unnormalised log-probabilities.
        places : sequence of Place, length n, optional
            Where each row is. Without it only those tokens go that never follow ``<start>``.

        Returns
        -------
        Tensor, shape (n, vocabulary)
            Minus infinity where a token may not come.
        """

    def closing(self, place: Place, room: int) -> int | None:
        """Choose the next token where the room that is left must be used to make the last state whole.

        Parameters
        ----------
        place : Place
            Where the trace is.
        room : int
            How many tokens may still be written.

        Returns
        -------
        int or None
            None where the model may choose. Then the state under way is left out when the room ends with it.
        """
        return None


def kept_states(trace: Trace) -> tuple[Trace, list[int]]:
    """Leave out each state that equals the one before.

    Parameters
    ----------
    trace : Trace
        Any trace.

    Returns
    -------
    trace : Trace
        The states that are kept, numbered from 1.
    places : list of int, shape (n_states,)
        For each state of the given trace, which kept one holds it.
    """
    kept: list[int] = []
    places = []
    for place, program in enumerate(trace.programs):
        if not kept or program != trace.programs[kept[-1]]:
            kept.append(place)
        places.append(len(kept) - 1)
    shorter = Trace.from_states(
        [trace.programs[place] for place in kept],
        [trace.timestamps[place] for place in kept],
        title=trace.title,
        username=trace.username,
        is_complete=trace.is_complete,
    )
    return shorter, places


def header(number: int, moment: datetime | None) -> str:
    """Write the line that precedes a program."""
    return f"CODE {number} ({UNKNOWN_DATE if moment is None else moment.isoformat(' ')}):\n"


def cut(item: Encoded, room: int, end: int) -> tuple[NDArray[np.int32], NDArray[np.int8], bool]:
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
    tokens : ndarray of int32, shape (n,), at most room
        Title, ``<start>``, states, end.
    segments : ndarray of int8, shape (n,)
        What each token says; -1 for title and ``<start>``.
    is_cut : bool
        Whether something did not fit.
    """
    closing = [end] if item.is_complete else []
    tokens = np.concatenate([item.prompt, *item.states, np.array(closing, dtype=np.int32)])
    segments = np.concatenate(
        [
            np.full(len(item.prompt), -1, dtype=np.int8),
            *item.segments,
            np.full(len(closing), ENDING, dtype=np.int8),
        ]
    )
    return tokens[:room], segments[:room], len(tokens) > room


def mask_of(scores: Tensor, allowed: Tensor) -> Tensor:
    """Give scores, minus infinity where not allowed."""
    return scores.masked_fill(~allowed.to(scores.device), -torch.inf)
