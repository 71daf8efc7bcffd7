"""Every student ends with the program that most students of the title ended with."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from pcutils.errors import ModelError
from pcutils.models.baselines.copying import Copyist, Proposal
from pcutils.trace import Trace


class MostCommonProgram(Copyist):
    """The title's most common final program; see :class:`Copyist` for parameters and scores.

    Notes
    -----
    A sample is a trace of one state, the program that most complete training traces of the title ended with
    (the first met among equally common ones), without a date; it goes on from a prefix in one step. For a
    title that was never seen all titles count together.

    For a score any state may be a copy of a final program of the title, each as likely as its count plus one.
    """

    def _fit(self, traces: list[Trace]) -> None:
        if not any(trace.is_complete for trace in traces):
            raise ModelError(
                "No complete trace to take final programs from: "
                "give at least one trace whose record goes on to its end."
            )
        super()._fit(traces)

    def _learn(self, traces: list[Trace]) -> None:
        self._finals: dict[str | None, Counter[str]] = defaultdict(Counter)
        for trace in traces:
            if trace.is_complete:
                self._finals[trace.title][trace.programs[-1]] += 1
        everywhere: Counter[str] = sum(self._finals.values(), Counter())
        self._elsewhere = _proposals(everywhere)
        self._shelf = {title: _proposals(finals) for title, finals in self._finals.items()}
        self._most_common = {title: finals.most_common(1)[0][0] for title, finals in self._finals.items()}
        self._most_common_anywhere = everywhere.most_common(1)[0][0] if everywhere else ""

    def most_common(self, title: str | None) -> str:
        """Give the program that a sample ends with.

        Parameters
        ----------
        title : str or None
            The assignment.

        Raises
        ------
        ModelError
            If nothing was fitted before.
        """
        self._check_fitted()
        return self._most_common.get(title, self._most_common_anywhere)

    def _propose(self, trace: Trace) -> list[list[Proposal]]:
        return [self._shelf.get(trace.title, self._elsewhere)] * len(trace.programs)

    def _continue(self, prefix: Trace, random: np.random.Generator) -> Trace:
        return Trace.from_states([self.most_common(prefix.title)], title=prefix.title)


def _proposals(finals: Counter[str]) -> list[Proposal]:
    total = sum(finals.values()) + len(finals)
    return [Proposal(program, (count + 1) / total, True) for program, count in finals.items()]
