"""Our own form: the first state in full, then how long each next one took and which lines changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from rapidfuzz.distance import LCSseq
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
from pcutils.models.formats.edits_grammar import EditsGrammar, EditsPlace
from pcutils.models.formats.edits_pointer import EditsPointer
from pcutils.models.formats.edits_replay import Replay
from pcutils.models.formats.edits_tokens import OPERATIONS, Operations
from pcutils.models.formats.hints import Pointer
from pcutils.models.formats.states_grammar import StatesGrammar
from pcutils.models.formats.states_pointer import Alphabet
from pcutils.models.tokenizer import END, decode_tokens, encode_texts
from pcutils.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

_LINES_REMEMBERED = 200_000

Part = tuple[int, list[int | str]]  # a segment; tokens, and lines that become tokens


class EditsFormat(Format):
    """Edits in place of whole states; see :class:`pcutils.models.formats.Format`.

    Notes
    -----
    A trace is ``title <start>``, the date line of the paper's text form, the lines of the first program, and
    for each next state the seconds since the last dated one (their length in binary digits, then the digits,
    six a token), how many lines are kept, how many are dropped, and the lines that are new. Lines that no
    edit reaches are kept. A token of its own says that the program is run as it stands, which ends a state.
    Which lines changed is decided by a longest common subsequence.

    Nothing that :class:`pcutils.models.formats.StatesFormat` carries is lost.
    """

    name = "edits"
    copy_start = (0.0, 0.0)
    structure_in_words = "whether a line stays, a state or the trace ends, and how much time passes"

    def __init__(self, tokenizer: PreTrainedTokenizerFast, **options: Any) -> None:
        super().__init__(tokenizer, **options)
        self.operations = Operations(self.vocabulary)
        self.vocabulary += OPERATIONS
        self.alphabet = Alphabet.of(tokenizer)
        states = StatesGrammar(tokenizer, self.alphabet)
        self.has_grammar = True
        self.structure = [self.end, *range(self.operations.first, self.vocabulary)]
        self.grammar = EditsGrammar(states, self.operations, self.vocabulary)
        self._lines: dict[str, list[int]] = {}
        self._newline = encode_texts(tokenizer, ["\n"])[0][-1]

    def _encode_states(
        self, traces: Sequence[Trace]
    ) -> Iterator[tuple[list[NDArray[np.int32]], list[NDArray[np.int8]]]]:
        written = [self._write(trace) for trace in traces]
        self._learn_lines(_lines_in(state for states in written for state in states))
        for states in written:
            joined = [self._join(state) for state in states]
            yield [tokens for tokens, _ in joined], [segments for _, segments in joined]

    def _write(self, trace: Trace) -> list[list[Part]]:
        """Write the kept states of a trace."""
        states: list[list[Part]] = []
        lines: list[str] = []
        dated, run = None, self.operations.run
        for program, moment in zip(trace.programs, trace.timestamps, strict=True):
            before, lines = lines, program.split("\n")
            if states:
                gap = self._gap(len(states) + 1, dated, moment)
                states.append([(GAPS, gap), (EDITS, [*self._changes(before, lines), run])])
            else:
                program_lines = [f"{line}\n" for line in lines]
                states.append([(DATE, [header(1, moment)]), (FIRST_STATE, [*program_lines, run])])
            dated = dated if moment is None else moment
        return states

    def _gap(self, number: int, before: datetime | None, now: datetime | None) -> list[int | str]:
        if now is None:
            return [self.operations.unknown]
        if before is None:
            return [self.operations.dated, header(number, now)]
        return [*self.operations.gap(int((now - before).total_seconds()))]

    def _changes(self, before: list[str], after: list[str]) -> list[int | str]:
        parts: list[int | str] = []
        for kept, dropped, new in _blocks(before, after):
            is_rest = kept.stop == len(before) and len(kept) > 0
            parts += [self.operations.rest] if is_rest else [self.operations.keep] * len(kept)
            parts += [self.operations.drop] * dropped
            parts += [f"{line}\n" for line in new]
        return parts

    def _learn_lines(self, lines: Iterable[str]) -> None:
        texts = set(lines)
        unknown = [text for text in texts if text not in self._lines]
        if len(self._lines) + len(unknown) > _LINES_REMEMBERED:
            self._lines.clear()
            unknown = list(texts)
        self._lines.update(zip(unknown, encode_texts(self.tokenizer, unknown), strict=True))

    def _join(self, state: list[Part]) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        tokens: list[int] = []
        segments: list[int] = []
        for segment, items in state:
            for item in items:
                tokens += self._lines[item] if isinstance(item, str) else [item]
            segments += [segment] * (len(tokens) - len(segments))
        return np.array(tokens, dtype=np.int32), np.array(segments, dtype=np.int8)

    def recent(self, item: Encoded, room: int, states: int | None = None) -> NDArray[np.int32]:
        """Write the oldest state from which on all fit in full, and the edits after it."""
        last = len(item.states) if states is None else states
        left = room - len(item.prompt)
        if sum(map(len, item.states[:last])) <= left:
            return np.concatenate([item.prompt, *item.states[:last]])
        kept: list[NDArray[np.int32]] = []
        for start in range(last - 1, 0, -1):
            edits = item.states[start + 1 : last]
            if sum(map(len, edits)) >= left:
                break
            whole = self._in_full(item.trace, start)
            if not kept or len(whole) + sum(map(len, edits)) <= left:
                kept = [whole, *edits]
        # Of a first state too long by itself the end is left, behind which all edits still make sense.
        tokens = np.concatenate(kept or item.states[:last])
        return np.concatenate([item.prompt, tokens[max(0, len(tokens) - left) :] if left > 0 else tokens[:0]])

    def _in_full(self, trace: Trace, state: int) -> NDArray[np.int32]:
        alone = Trace.from_states([trace.programs[state]], [trace.timestamps[state]])
        parts = self._write(alone)
        self._learn_lines(_lines_in(parts))
        return self._join(parts[0])[0]

    def decode(self, ids: Sequence[int]) -> str:
        """Turn tokens into text, with added tokens as ``<keep>`` or ``<gap 5>``."""
        shown = []
        for run in self._runs(ids):
            if isinstance(run, int):
                meaning = self.operations.meaning(run)
                shown.append(END if meaning is None else str(meaning))
            else:
                shown.append(run)
        return "".join(shown)

    def _runs(self, ids: Sequence[int]) -> Iterator[int | str]:
        """Give the text between added tokens, and those, and the end token."""
        for is_text, run in groupby(map(int, ids), self._is_text):
            if is_text:
                yield decode_tokens(self.tokenizer, list(run))
            else:
                yield from run

    def _is_text(self, token: int) -> bool:
        return token < self.operations.first and token != self.end

    def read(self, ids: Sequence[int], prefix: Trace, *, title: str | None, username: str | None) -> Trace:
        """Carry the edits out; those that the state before has no room for end with it."""
        replay, is_complete = Replay(kept_states(prefix)[0]), False
        for run in self._runs(ids):
            if run == self.end:
                replay.finish()
                is_complete = True
                break
            operation = None if isinstance(run, str) else self.operations.meaning(run)
            if operation is None:
                replay.write(str(run))
            else:
                replay.apply(operation)
        if not replay.programs:
            raise TraceError("no whole state", "at least one")
        return Trace.from_states(
            replay.programs, replay.moments, title=title, username=username, is_complete=is_complete
        )

    def pointer(self) -> Pointer:
        """Give a pointer to the lines that edits are about."""
        return EditsPointer(self.alphabet, self.operations, self.outcome)

    def place(self, prefix: Trace) -> Place:
        """Stand behind the states of a prefix."""
        lines = [f"{line}\n" for program in prefix.programs[-1:] for line in program.split("\n")]
        self._learn_lines(lines)
        return EditsPlace(self.grammar, [self._lines[line] for line in lines])

    def closing(self, place: Place, room: int) -> int | None:
        """End the line, then the state, with the last two tokens."""
        if room > 2 or not isinstance(place, EditsPlace):
            return None
        if place.may_end_state:
            return self.operations.run
        return self._newline if place.may_end_line and room == 2 else None

    def allow(self, scores: Tensor, places: Sequence[Place] | None) -> Tensor:
        """Let gaps be whole, and edits no longer than the state before."""
        if places is None:
            return mask_of(scores, self.grammar.writable)
        return self.grammar.allow(scores, places)  # type: ignore[arg-type]


def _lines_in(states: Iterable[list[Part]]) -> Iterator[str]:
    for state in states:
        for _, items in state:
            yield from (item for item in items if isinstance(item, str))


def _blocks(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[range, int, list[str]]]:
    """Give for each change the lines kept before it, how many are dropped, and the new ones."""
    kept, dropped = range(0), 0
    new: list[str] = []
    for step in LCSseq.opcodes(before, after):
        start, end = step.src_start, step.src_end
        if step.tag == "equal":
            if dropped or new:
                yield kept, dropped, new
            kept, dropped, new = range(start, end), 0, []
        else:
            dropped += end - start
            new = [*new, *after[step.dest_start : step.dest_end]]
    if dropped or new:
        yield kept, dropped, new
