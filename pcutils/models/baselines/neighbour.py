"""A student goes on as somebody did who stood at the most similar program."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist

from pcutils.models.baselines.base import NO_STATES
from pcutils.models.baselines.copying import Copyist, Proposal
from pcutils.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LETTERS = 0x10FFFF
_UNKNOWN_LINE = chr(_LETTERS)


class _Shelf:
    """Training traces of one title, or of all, and their states one by one."""

    def __init__(self, traces: Sequence[Trace], letters: dict[str, str]) -> None:
        self.traces, self._letters = traces, letters

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Give trace and state of every state, shape (n_states, 2)."""
        return np.array(
            [(n, state) for n, trace in enumerate(self.traces) for state in range(len(trace.programs))]
        )

    @cached_property
    def has_next(self) -> NDArray[np.bool_]:
        """Say of every state whether another one comes after it, shape (n_states,)."""
        return np.array(
            [state + 1 < len(trace.programs) for trace in self.traces for state in range(len(trace.programs))]
        )

    @cached_property
    def _spelt(self) -> list[str]:
        return [self._spell(program) for trace in self.traces for program in trace.programs]

    def _spell(self, program: str) -> str:
        return "".join(self._letters.get(line, _UNKNOWN_LINE) for line in program.split("\n"))

    def own(self, username: str | None) -> Sequence[Trace]:
        """Give the student's own traces, or all where there are none."""
        return [trace for trace in self.traces if trace.username == username is not None] or self.traces

    def nearest(
        self, programs: Sequence[str], username: str | None, *, with_next: bool
    ) -> Iterator[tuple[Trace, int] | None]:
        """Find for each program the training trace and state that is most like it.

        The share of lines that two programs have in common, in order, counts; on a tie the student's own
        traces come first, then those that were given first.
        """
        allowed = self.has_next if with_next else np.ones(len(self.places), dtype=bool)
        if not allowed.any() or not programs:
            yield from [None] * len(programs)
            return
        spelt = [self._spell(program) for program in programs]
        likeness = cdist(spelt, self._spelt, scorer=Indel.normalized_similarity, dtype=np.float64)
        for row in np.where(allowed, likeness, -1.0):
            ties = self.places[np.flatnonzero(row == row.max())]
            own = [place for place in ties if self.traces[place[0]].username == username is not None]
            number, state = own[0] if own else ties[0]
            yield self.traces[number], int(state)


class NearestNeighbour(Copyist):
    """The training trace that holds the most similar state; see :class:`Copyist` for parameters and scores.

    Notes
    -----
    A sample goes on from a prefix with the states that follow, in a training trace of the title, the state
    most like the last one of the prefix, in that trace's pace; nothing about it is random. Two programs are
    alike by their lines: twice the length of the longest common subsequence over the sum of the lengths.
    Without a prefix a sample is a random training trace of the title, one of the student's own if there are
    any. For a title that was never seen all titles count.

    For a score the first state may be a copy of the first state of any trace that might be drawn, and each
    later state a copy of what came after the nearest state among those after which something came.
    """

    def _learn(self, traces: list[Trace]) -> None:
        lines = dict.fromkeys(
            line for trace in traces for program in trace.programs for line in program.split("\n")
        )
        letters = {line: chr(number % _LETTERS) for number, line in enumerate(lines)}
        by_title: dict[str | None, list[Trace]] = defaultdict(list)
        for trace in traces:
            by_title[trace.title].append(trace)
        self._shelves = {title: _Shelf(found, letters) for title, found in by_title.items()}
        self._everything = _Shelf(traces, letters)

    def _shelf(self, title: str | None) -> _Shelf:
        return self._shelves.get(title, self._everything)

    def _propose(self, trace: Trace) -> list[list[Proposal]]:
        shelf = self._shelf(trace.title)
        drawn = shelf.own(trace.username)
        firsts = Counter(
            (found.programs[0], found.is_complete and len(found.programs) == 1) for found in drawn
        )
        later = shelf.nearest(trace.programs[:-1], trace.username, with_next=True)
        return [
            [Proposal(program, count / len(drawn), is_last) for (program, is_last), count in firsts.items()],
            *(_next_of(found) for found in later),
        ]

    def _continue(self, prefix: Trace, random: np.random.Generator) -> Trace:
        shelf = self._shelf(prefix.title)
        if not prefix.programs:
            drawn = shelf.own(prefix.username)
            return drawn[int(random.integers(len(drawn)))]
        (found,) = shelf.nearest(prefix.programs[-1:], prefix.username, with_next=False)
        return NO_STATES if found is None else _rest_of(*found, _latest(prefix.timestamps))


def _next_of(found: tuple[Trace, int] | None) -> list[Proposal]:
    if found is None:
        return []
    trace, state = found
    is_last = trace.is_complete and state + 2 == len(trace.programs)
    return [Proposal(trace.programs[state + 1], 1.0, is_last)]


def _rest_of(trace: Trace, state: int, now: datetime | None) -> Trace:
    """Give what follows a state, at the same distance in time from another moment."""
    then = _latest(trace.timestamps[: state + 1])
    moments = [_moved(moment, then, now) for moment in trace.timestamps[state + 1 :]]
    return Trace.from_states(trace.programs[state + 1 :], moments, is_complete=trace.is_complete)


def _moved(moment: datetime | None, then: datetime | None, now: datetime | None) -> datetime | None:
    if moment is None or then is None or now is None:
        return None
    try:
        return now + (moment - then)
    except OverflowError:
        return None


def _latest(moments: Sequence[datetime | None]) -> datetime | None:
    return next((moment for moment in reversed(moments) if moment is not None), None)
