"""Read the rows of a ProgSnap2 main table as events that made a state of a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pcutils.sources.progsnap2.code_states import Code, CodeStates, NoCode
from pcutils.sources.progsnap2.folder import MAIN_TABLE
from pcutils.sources.progsnap2.scratch import Seen
from pcutils.sources.progsnap2.specification import UNKNOWN_SUBJECT
from pcutils.sources.progsnap2.tables import SOURCE, Row
from pcutils.sources.progsnap2.values import parse_integer, parse_time, parse_truth
from pcutils.sources.quarantine import Quarantined

TRACE_ID, IS_COMPLETE = "X-TraceID", "X-IsComplete"
"""Our own columns: what keeps traces of one student and title apart, and whether a trace has its end."""

Key = tuple[str, ...]


class Event(NamedTuple):
    """An event that made a state.

    Parameters
    ----------
    row : int
        Its place in the main table.
    event, parent, execution : str
        ``EventID``, ``ParentEventID`` and ``ExecutionID``; empty where there is none.
    code : int or str
        Where the code states have its program.
    order : int or None
        ``Order``.
    scope : tuple of str
        The values within which `order` can be compared.
    times : tuple of datetime.datetime or None
        One a column of times.
    is_complete : bool
        Whether the trace has its end, as far as this row says.
    """

    row: int
    event: str
    parent: str
    execution: str
    code: Code
    order: int | None
    scope: Key
    times: tuple[datetime | None, ...]
    is_complete: bool


@dataclass(frozen=True)
class Bad:
    """A row that cannot be used, and the trace in which it leaves a gap, where that is known."""

    quarantined: Quarantined
    key: Key | None


class EventReader:
    """Reads the rows of one main table.

    Parameters
    ----------
    states : CodeStates
        The programs.
    types : frozenset of str
        Event types that make a state.
    title_columns, time_columns, scope : sequence of str
        Columns that tell traces apart, that hold times, and within which ``Order`` can be compared.
    seen : Seen
        For the IDs of the events read so far.
    """

    def __init__(
        self,
        states: CodeStates,
        *,
        types: frozenset[str],
        title_columns: Sequence[str],
        time_columns: Sequence[str],
        scope: Sequence[str],
        seen: Seen,
    ) -> None:
        self._states, self._types, self._scope = states, types, scope
        self._titles, self._times = title_columns, time_columns
        self._seen = seen

    def key(self, cells: dict[str, str]) -> Key:
        """Give what tells the traces of a table apart: subject, titles, and our own column."""
        return (
            cells["SubjectID"],
            *(cells.get(column, "") for column in self._titles),
            cells.get(TRACE_ID, ""),
        )

    def read(self, row: Row) -> Event | Bad | None:
        """Read one row.

        Parameters
        ----------
        row : Row
            From the main table.

        Returns
        -------
        Event or Bad or None
            None for an event that makes no state.
        """
        cells = row.cells
        problem = self._identity_problem(row)
        if problem is None and cells["EventType"] not in self._types:
            return None
        problem = problem or self._subject_problem(cells) or self._cell_problem(cells)
        if problem is None:
            code = self._states.find(cells["CodeStateID"], cells["SubjectID"])
            if not isinstance(code, NoCode):
                return self._event(row, code)
            problem = ("CodeStateID", *code)
        makes_gap = cells["EventType"] in self._types and not self._subject_problem(cells)
        bad = Quarantined(SOURCE, MAIN_TABLE, row.number, *problem)
        return Bad(bad, self.key(cells) if makes_gap else None)

    def _event(self, row: Row, code: Code) -> Event:
        cells = row.cells
        return Event(
            row=row.number,
            event=cells.get("EventID", ""),
            parent=cells.get("ParentEventID", ""),
            execution=cells.get("ExecutionID", ""),
            code=code,
            order=parse_integer(cells.get("Order", "")),
            scope=tuple(cells.get(column, "") for column in self._scope),
            times=tuple(parse_time(cells.get(column, ""), _zone(cells, column)) for column in self._times),
            is_complete=not cells.get(IS_COMPLETE) or parse_truth(cells[IS_COMPLETE]) is True,
        )

    def _identity_problem(self, row: Row) -> tuple[str, str, str] | None:
        if not row.cells["EventType"]:
            return "EventType", "an empty text", "an event type"
        event = row.cells.get("EventID")
        if event is None:
            return None
        if not event:
            return "EventID", "an empty text", "an ID"
        if not self._seen.add(event):
            return "EventID", "an ID that an earlier row has", "a different ID for every event"
        return None

    def _subject_problem(self, cells: dict[str, str]) -> tuple[str, str, str] | None:
        if cells["SubjectID"] in ("", UNKNOWN_SUBJECT):
            found = f"the ID {UNKNOWN_SUBJECT}" if cells["SubjectID"] else "an empty text"
            return "SubjectID", found, "a known subject"
        return None

    def _cell_problem(self, cells: dict[str, str]) -> tuple[str, str, str] | None:
        if not cells["CodeStateID"]:
            return "CodeStateID", "an empty text", "the ID of a code state"
        if cells.get("Order") and parse_integer(cells["Order"]) is None:
            return "Order", "a text that is no whole number", "a whole number, or nothing"
        if cells.get(IS_COMPLETE) and parse_truth(cells[IS_COMPLETE]) is None:
            return IS_COMPLETE, "neither true nor false", "true or false"
        for column in self._times:
            if cells.get(column) and parse_time(cells[column], _zone(cells, column)) is None:
                return column, "a text that is no time, or has no known time zone", "an ISO date and time"
        return None


def _zone(cells: dict[str, str], column: str) -> str:
    """Give the time zone that goes with a column of times, such as ``ServerTimezone``."""
    return cells.get(column.replace("Timestamp", "Timezone"), "") if "Timestamp" in column else ""
