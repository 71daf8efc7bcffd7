"""What every notation of traces can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from itertools import groupby, islice
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor

from pcutils.models.notation.operations import Place
from pcutils.models.notation.pointer import HINTS, NO_HINT, Pointer
from pcutils.models.tokenizer import END, MASK, START, clean, decode_tokens, encode_texts
from pcutils.trace import UNKNOWN_DATE, Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

    from pcutils.execution.outcomes import Outcome, Outcomes

    States = tuple[list[NDArray[np.int32]], list[NDArray[np.int8]]]  # tokens and segments of each


class Segment(IntEnum):
    """What a token says."""

    DATE = 0  # when the trace began
    FIRST = 1  # its first program
    GAPS = 2  # when each later state ran
    EDITS = 3  # what changed in it
    END = 4  # that the trace ends


SEGMENTS = tuple(segment.name.lower() for segment in Segment)

_TRACES_AT_ONCE = 512


@dataclass(frozen=True)
class Encoded:
    """A trace as tokens."""

    prompt: NDArray[np.int32]  # title, padding and <start>: never scored
    states: list[NDArray[np.int32]]  # tokens of each kept state
    segments: list[NDArray[np.int8]]  # for each token its index in SEGMENTS
    places: list[int]  # for each state of the trace, which kept one holds it
    is_complete: bool  # whether <|endoftext|> follows
    trace: Trace  # the kept states, with title and student


class Notation(ABC):
    """A way to write traces as tokens, and to read what a model wrote.

    Titles are padded with ``<mask>``, or cut, to `title_tokens` (the paper: 50); 0 leaves them as they are.
    `outcomes` runs programs, so that hints say how each one ended. A state that equals the one before it is
    left out, and so are the numbers of states, which count from 1. Lone surrogates become U+FFFD.
    """

    name: ClassVar[str]
    has_grammar: ClassVar[bool] = False  # whether `allow` follows places
    has_hints: ClassVar[bool] = False  # whether there is a pointer

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, *, title_tokens: int = 0, outcomes: Outcomes | None = None
    ) -> None:
        self.tokenizer, self.title_tokens = tokenizer, title_tokens
        self.outcomes = outcomes if self.has_hints else None
        self.vocabulary = len(tokenizer)  # with the tokens that the notation adds
        self.end, self.start, self.mask = map(tokenizer.convert_tokens_to_ids, (END, START, MASK))
        self.texts = [decode_tokens(tokenizer, [token]) for token in range(len(tokenizer))]
        # Tokens that say what comes next, and not what it says: sampled at temperature 1.
        self.structure = [self.end]
        added = tokenizer.backend_tokenizer.get_added_tokens_decoder()
        special = {number for number, token in added.items() if token.special}
        self.text_tokens = torch.tensor(
            [token not in special and "\n" not in text[:-1] for token, text in enumerate(self.texts)]
        )

    def encode(self, traces: Iterable[Trace]) -> Iterator[Encoded]:
        """Turn traces into tokens, many at a time."""
        remaining = iter(traces)
        while chunk := list(islice(remaining, _TRACES_AT_ONCE)):
            kept = [kept_states(trace) for trace in chunk]
            if self.outcomes is not None:
                self.outcomes.learn(clean(program) for trace, _ in kept for program in trace.programs)
            prompts = self.prompts([trace.title for trace in chunk])
            states = self._encode_states([trace for trace, _ in kept])
            for prompt, (trace, places), (tokens, segments) in zip(prompts, kept, states, strict=True):
                yield Encoded(prompt, tokens, segments, places, trace.is_complete, trace)

    def prompts(self, titles: Sequence[str | None]) -> list[NDArray[np.int32]]:
        """Encode titles with their padding and ``<start>``."""
        found = encode_texts(self.tokenizer, [title or "" for title in titles])
        if self.title_tokens:
            found = [(ids + [self.mask] * self.title_tokens)[: self.title_tokens] for ids in found]
        return [np.array([*ids, self.start], dtype=np.int32) for ids in found]

    def pointer(self) -> Pointer | None:
        """Give a pointer that stands before the first token; None for a notation without hints."""
        return None

    def hints(self, tokens: Iterable[int]) -> NDArray[np.int32]:
        """Give the hint after each token of a trace, title and ``<start>`` included, shape (n, HINTS)."""
        pointer, hints = self.pointer(), []
        for token in tokens:
            if pointer is not None:
                pointer.push(int(token))
            hints.append(NO_HINT if pointer is None else pointer.hint())
        return np.array(hints, dtype=np.int32).reshape(-1, HINTS)

    def learn_outcomes(self, pointers: Iterable[Pointer | None]) -> None:
        """Run, side by side, the programs that ended with the last tokens."""
        if self.outcomes is not None:
            ran = [pointer.ran for pointer in pointers if pointer is not None]
            self.outcomes.learn(self.program(lines) for lines in ran if lines is not None)

    def outcome(self, lines: list[list[int]]) -> Outcome | None:
        """Say how the program with these lines ends; None where programs are not run."""
        return None if self.outcomes is None else self.outcomes(self.program(lines))

    def program(self, lines: list[list[int]]) -> str:
        """Give the text of a program's lines."""
        return "\n".join(decode_tokens(self.tokenizer, line).removesuffix("\n") for line in lines)

    def place(self, prefix: Trace) -> Place:
        """Say where a trace is that goes on after the states of a prefix, or that begins."""
        return Place()

    def allow(self, scores: Tensor, places: Sequence[Place] | None) -> Tensor:
        """Set scores, (n, vocabulary), of what may not come next, or without places anywhere, to -inf."""
        allowed = torch.ones(self.vocabulary, dtype=torch.bool)
        allowed[: len(self.text_tokens)] = self.text_tokens
        allowed[self.end] = True
        return scores.masked_fill(~allowed.to(scores.device), -torch.inf)

    def closing(self, place: Place, room: int) -> int | None:
        """Choose the next token where the room that is left must complete the last state; else None."""
        return None

    @abstractmethod
    def _encode_states(self, traces: Sequence[Trace]) -> Iterator[States]:
        """Give tokens and segments of the states of each trace."""

    @abstractmethod
    def recent(self, item: Encoded, room: int, states: int | None = None) -> NDArray[np.int32]:
        """Keep the title and the newest of the first `states` states, as many as fit into `room` tokens."""

    @abstractmethod
    def decode(self, ids: Sequence[int]) -> str:
        """Turn tokens into text that a person can read."""

    @abstractmethod
    def read(self, ids: Sequence[int], prefix: Trace, *, title: str | None, username: str | None) -> Trace:
        """Read what a model wrote after a prefix as a trace, that of the prefix included.

        Any tokens are read or refused with :class:`pcutils.errors.TraceError`. The last state of a trace
        without ``<|endoftext|>`` is left out, for it may be cut.
        """


def kept_states(trace: Trace) -> tuple[Trace, list[int]]:
    """Leave out states that equal the one before; say for each state of the trace which kept one holds it."""
    groups = [[*group] for _, group in groupby(range(len(trace.programs)), trace.programs.__getitem__)]
    kept = [group[0] for group in groups]
    places = [number for number, group in enumerate(groups) for _ in group]
    shorter = Trace.from_states(
        [trace.programs[index] for index in kept],
        [trace.timestamps[index] for index in kept],
        title=trace.title,
        username=trace.username,
        is_complete=trace.is_complete,
    )
    return shorter, places


def header(number: int, moment: datetime | None) -> str:
    """Write the line that precedes a program."""
    return f"CODE {number} ({UNKNOWN_DATE if moment is None else moment.isoformat(' ')}):\n"


def cut(item: Encoded, room: int, end: int) -> tuple[NDArray[np.int32], NDArray[np.int8], bool]:
    """Join a trace's tokens and segments (-1: prompt), cut to `room`, and say whether something was cut."""
    closing = [end] if item.is_complete else []
    given = np.full(len(item.prompt), -1, dtype=np.int8)
    tokens = np.concatenate([item.prompt, *item.states, np.array(closing, dtype=np.int32)])
    segments = np.concatenate([given, *item.segments, np.full(len(closing), Segment.END, dtype=np.int8)])
    return tokens[:room], segments[:room], len(tokens) > room
