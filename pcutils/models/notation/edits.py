"""Our own notation: the first state in full, then how long each next one took and which lines changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from rapidfuzz.distance import LCSseq
from torch import Tensor

from pcutils.errors import TraceError
from pcutils.models.notation.base import Encoded, Notation, Segment, header, kept_states
from pcutils.models.notation.operations import EditsGrammar, EditsState, Operations, Place, gap_seconds
from pcutils.models.notation.pointer import Pointer
from pcutils.models.tokenizer import decode_tokens, encode_texts
from pcutils.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

    from pcutils.models.notation.base import States

_REMEMBERED = 200_000
_HEADER = re.compile(r"CODE \d+ \(([^\n]*)\):\n")

Part = tuple[int, int | str]  # a segment; a token, or a line that becomes tokens


class EditsNotation(Notation):
    """Edits instead of whole states; see :class:`Notation`.

    Notes
    -----
    A trace is ``title <start>``, the date line of the paper's text form, the lines of the first program, and
    for each next state the seconds since the last dated one (their length in binary digits, then the digits,
    six a token), one token for each line that is kept or dropped, and the lines that are new. Lines that no
    edit reaches are kept. A token of its own says that the program is run, which ends a state. Which lines
    changed is decided by a longest common subsequence. Nothing that ``states`` carries is lost.
    """

    name = "edits"
    has_grammar = has_hints = True

    def __init__(self, tokenizer: PreTrainedTokenizerFast, **options: Any) -> None:
        super().__init__(tokenizer, **options)
        self.operations = Operations(self.vocabulary)
        self.vocabulary += Operations.count
        self.structure += range(self.operations.first, self.vocabulary)
        self.ends_line = [text.endswith("\n") for text in self.texts]
        self.nesting_after = lru_cache(_REMEMBERED)(lambda place, token: place.after(self.texts[token]))
        self.grammar = EditsGrammar(self)
        self._lines: dict[str, list[int]] = {}
        self._newline = encode_texts(tokenizer, ["\n"])[0][-1]

    def _encode_states(self, traces: Sequence[Trace]) -> Iterator[States]:
        written = [self._write(trace) for trace in traces]
        self._learn_lines(part for states in written for state in states for _, part in state)
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
                edits = [*self._changes(before, lines), run]
                states.append(
                    [*((Segment.GAPS, part) for part in gap), *((Segment.EDITS, part) for part in edits)]
                )
            else:
                written = [(Segment.FIRST, f"{line}\n") for line in lines]
                states.append([(Segment.DATE, header(1, moment)), *written, (Segment.FIRST, run)])
            dated = dated if moment is None else moment
        return states

    def _gap(self, number: int, before: datetime | None, now: datetime | None) -> list[int | str]:
        if now is None:
            return [self.operations.unknown]
        if before is None:
            return [self.operations.dated, header(number, now)]
        return [*self.operations.gap(int((now - before).total_seconds()))]

    def _changes(self, before: list[str], after: list[str]) -> list[int | str]:
        """Write for each change the lines kept before it, how many are dropped, and the new ones."""
        ids, kept, dropped = self.operations, range(0), 0
        parts: list[int | str] = []
        new: list[str] = []
        codes: dict[str, int] = {}  # rapidfuzz takes "" and a null character for the same
        numbers = [[codes.setdefault(line, len(codes)) for line in lines] for lines in (before, after)]
        for step in [*LCSseq.opcodes(*numbers), None]:
            if step is not None and step.tag != "equal":
                dropped += step.src_end - step.src_start
                new += [f"{line}\n" for line in after[step.dest_start : step.dest_end]]
                continue
            if dropped or new:
                parts += [ids.rest] if kept and kept.stop == len(before) else [ids.keep] * len(kept)
                parts += [*[ids.drop] * dropped, *new]
            if step is not None:
                kept, dropped, new = range(step.src_start, step.src_end), 0, []
        return parts

    def _learn_lines(self, parts: Iterable[int | str]) -> None:
        texts = {part for part in parts if isinstance(part, str)}
        unknown = [text for text in texts if text not in self._lines]
        if len(self._lines) + len(unknown) > _REMEMBERED:
            self._lines.clear()
            unknown = list(texts)
        self._lines.update(zip(unknown, encode_texts(self.tokenizer, unknown), strict=True))

    def _join(self, state: list[Part]) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        tokens: list[int] = []
        segments: list[int] = []
        for segment, part in state:
            tokens += self._lines[part] if isinstance(part, str) else [part]
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
        parts = self._write(Trace.from_states([trace.programs[state]], [trace.timestamps[state]]))
        self._learn_lines(part for _, part in parts[0])
        return self._join(parts[0])[0]

    def decode(self, ids: Sequence[int]) -> str:
        """Turn tokens into text, with added tokens as ``<keep>`` or ``<gap 5>``."""
        shown: list[str] = []
        for is_text, run in groupby(map(int, ids), lambda token: token < self.operations.first):
            tokens = list(run)
            shown += [self._text(tokens)] if is_text else [str(self.operations.meaning(n)) for n in tokens]
        return "".join(shown)

    def read(self, ids: Sequence[int], prefix: Trace, *, title: str | None, username: str | None) -> Trace:
        """Carry the edits out; digits that a gap lacks are zeros, a date that no calendar has is unknown."""
        kept, state = kept_states(prefix)[0], self.place(prefix)
        programs, moments = [*kept.programs], [*kept.timestamps]
        is_complete = False
        for token in map(int, ids):
            if token == self.end:
                is_complete = True
                break
            state.push(token)
            if state.ran is not None:
                moments.append(self._moment(state, moments))
                programs.append(self.program(state.ran))
        if not programs:
            raise TraceError("no whole state", "at least one")
        return Trace.from_states(programs, moments, title=title, username=username, is_complete=is_complete)

    def _moment(self, state: EditsState, before: list[datetime | None]) -> datetime | None:
        """Say when the state that was just run was dated."""
        if state.header:
            return self._date(self._text(state.header), is_first=not before)
        last = next((moment for moment in reversed(before) if moment is not None), None)
        if last is None or not any(gap := [one for one in state.timing if one.kind == "gap"]):
            return None
        sign = -1 if state.timing[0].kind == "earlier" else 1
        digits = [one.number for one in state.timing if one.kind == "digit"]
        try:
            return last + sign * timedelta(seconds=gap_seconds(gap[0].number, digits))
        except OverflowError:
            return None

    def _date(self, text: str, *, is_first: bool) -> datetime | None:
        found = _HEADER.fullmatch(text)
        if found is None and is_first:
            raise TraceError("no date line before the first program", "CODE, a number and a date")
        try:
            return None if found is None else datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S")
        except ValueError:
            return None

    def _text(self, tokens: list[int]) -> str:
        return decode_tokens(self.tokenizer, tokens)

    def pointer(self) -> Pointer:
        """Give a pointer to the lines that edits are about."""
        return Pointer(self, self.outcome)

    def place(self, prefix: Trace) -> EditsState:
        """Stand behind the states of a prefix."""
        lines = [f"{line}\n" for program in prefix.programs[-1:] for line in program.split("\n")]
        self._learn_lines(lines)
        return EditsState(self, [self._lines[line] for line in lines])

    def closing(self, place: Place, room: int) -> int | None:
        """End the line, then the state, with the last two tokens."""
        return place.closing(self._newline, room) if isinstance(place, EditsState) else None

    def allow(self, scores: Tensor, places: Sequence[Place] | None) -> Tensor:
        """Let gaps be whole, and edits no longer than the state before."""
        return super().allow(scores, None) if places is None else self.grammar.allow(scores, places)  # type: ignore[arg-type]
