"""What a student wrote before: the trace that a model may read ahead of the one it is asked about."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from pcutils.sources import traces_of

if TYPE_CHECKING:
    from datasets import Dataset

    from pcutils.trace import Trace


class History:
    """Finds each student's earlier traces in a table.

    Parameters
    ----------
    dataset : datasets.Dataset
        Table of traces, for instance those a model is trained on. Memory holds when each began, not the
        traces.

    Notes
    -----
    A trace begins when its first state ran. One without that date is nobody's history, and has none.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._rows: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
        for row, told in enumerate(dataset.select_columns(["username", "timestamps"])):
            if told["timestamps"][0] is not None:
                self._rows[told["username"]].append((told["timestamps"][0], row))
        for rows in self._rows.values():
            rows.sort()

    def newest(self, username: str | None, before: datetime | None = None) -> Trace | None:
        """Give the newest trace of a student.

        Parameters
        ----------
        username : str or None
            Whose; None and unknown students have none.
        before : datetime, optional
            Only traces that began earlier than this.

        Returns
        -------
        Trace or None
        """
        rows = self._rows.get(username or "", [])
        place = len(rows) if before is None else bisect_left(rows, (before, -1))
        return next(traces_of([self._dataset[rows[place - 1][1]]])) if place else None

    def of(self, traces: Iterable[Trace]) -> Iterator[Trace | None]:
        """Give for each trace the newest of the same student that began before it, None where there is none.

        Parameters
        ----------
        traces : iterable of Trace
            In the table or not.

        Yields
        ------
        Trace or None
            One a trace, in order.
        """
        for trace in traces:
            begun = trace.timestamps[0] if trace.timestamps else None
            yield None if begun is None else self.newest(trace.username, begun)
