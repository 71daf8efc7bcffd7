"""Turn the events of a ProgSnap2 data set into traces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pcutils.errors import DataError
from pcutils.privacy import pseudonym
from pcutils.sources.buckets import Buckets, bucket_count
from pcutils.sources.progsnap2.code_states import CodeStates, find_code_states
from pcutils.sources.progsnap2.events import Bad, Event, EventReader, Key
from pcutils.sources.progsnap2.folder import MAIN_TABLE, Metadata, find_data_set, read_metadata
from pcutils.sources.progsnap2.links import Students
from pcutils.sources.progsnap2.ordering import Action, Ordered, in_order
from pcutils.sources.progsnap2.scratch import Seen, scratch_database
from pcutils.sources.progsnap2.specification import STATE_EVENTS, event_types
from pcutils.sources.progsnap2.tables import SOURCE, Table
from pcutils.sources.quarantine import Quarantined
from pcutils.trace import Trace

if TYPE_CHECKING:
    from pandas import DataFrame

TITLE_COLUMNS = ("AssignmentID", "ProblemID")
TIME_COLUMNS = ("ServerTimestamp", "ClientTimestamp")
UNTITLED, TITLE_SEPARATOR = "untitled", "/"
NEEDED = ("EventType", "SubjectID", "CodeStateID")
"""Columns without which there are no traces."""
BYTES_A_BUCKET = 8 * 2**20
"""Of the main table; its events take some ten times as much memory."""


@dataclass(frozen=True)
class Imported:
    """What a ProgSnap2 data set gave.

    Parameters
    ----------
    traces : list of Trace
        In the order in which their first events stand in the main table.
    quarantined : list of Quarantined
        Rows of all tables that could not be used.
    students : pandas.DataFrame
        One row a student with a trace: ``username`` and the columns asked for.
    rows : collections.Counter
        What became of every row of the main table: ``"state"``, ``"same action"`` (a second event of the
        action that made the state before), ``"repeat"`` (the program did not change; only if not wanted),
        ``"other event"``, ``"quarantined"``.
    """

    traces: list[Trace]
    quarantined: list[Quarantined]
    students: DataFrame
    rows: Counter[str]


@dataclass(frozen=True)
class Streamed:
    """What a ProgSnap2 data set gives, row by row.

    Parameters
    ----------
    rows : iterator of Trace or Quarantined
        To be gone through once: the rows of the tables that cannot be used, in their order, and then the
        traces, each after those of its rows that contradict its order.
    students : Students
        The table of students, whole once all rows have been given.
    counts : collections.Counter
        As :class:`Imported` says of its rows, complete once all rows have been given.
    """

    rows: Iterator[Trace | Quarantined]
    students: Students
    counts: Counter[str]


def read_progsnap2(**options: Any) -> Imported:
    """Read a ProgSnap2 data set into memory.

    Parameters
    ----------
    **options
        As for :func:`stream_progsnap2`.

    Returns
    -------
    Imported
        Traces, rows kept aside, students, and what became of every row.

    Raises
    ------
    pcutils.errors.DataError
        As for :func:`stream_progsnap2`.
    """
    streamed = stream_progsnap2(**options)
    traces: list[Trace] = []
    quarantined: list[Quarantined] = []
    for row in streamed.rows:
        if isinstance(row, Quarantined):
            quarantined.append(row)
        else:
            traces.append(row)
    return Imported(traces, quarantined, streamed.students.table(), streamed.counts)


def stream_progsnap2(
    *,
    path: str | Path,
    events: Sequence[str] = STATE_EVENTS,
    title_columns: Sequence[str] = TITLE_COLUMNS,
    time_columns: Sequence[str] = TIME_COLUMNS,
    repeats: bool = True,
    section: str | None = None,
    code_states: str | None = None,
    key: bytes | str | None = None,
    student_columns: Sequence[str] = (),
) -> Streamed:
    """Open a ProgSnap2 data set of any size.

    Parameters
    ----------
    path : str or pathlib.Path
        Its folder, or one above it.
    events : sequence of str
        Which events make a state: "runs", "submissions", "saves", "edits", or names of event types.
    title_columns : sequence of str
        Columns whose values, joined by ``/``, are the title of a trace; where all are empty it is "untitled".
        Every combination of values is a trace of its own.
    time_columns : sequence of str
        Columns of times, the preferred one first; none to read no times.
    repeats : bool
        Whether an event after which the program is the same as before makes a state too; the paper leaves
        such states out. A program that comes back later is a state in any case: that is backtracking.
    section : str, optional
        Which file of a code state is the program; needed where states have several.
    code_states : str, optional
        Path of the code states in the data set; found by itself if not given.
    key : bytes or str, optional
        Secret for pseudonyms; without it the subjects' IDs are the usernames, as the format wants them
        anonymous already.
    student_columns : sequence of str
        Columns of link tables by subject to put into the table of students. None by default, for they may
        hold names.

    Returns
    -------
    Streamed
        Traces and rows kept aside, one after the other.

    Raises
    ------
    pcutils.errors.DataError
        If the data set has no main table, a table lacks a column that is needed or asked for, the code states
        are kept in a way we cannot read (Git, keystrokes, a database); once rows are asked for, if no event
        makes a state.

    Notes
    -----
    Times with a zone become UTC; those without stay as they are. Order is that of the column ``Order`` where
    the metadata say that it can be compared and that events have one clock, else that of the times, else that
    of the file. A trace of which a state was kept aside is not complete.

    The events of a subject may stand anywhere in the main table. Those of a large one are laid out on disk
    first, so many subjects to a file, and so are the IDs of its events and the table of code states. In
    memory stay the events of a part of the subjects, the names of all students, and of code states in a
    folder the names of its entries. The files are in the folder for temporary files, are nobody else's to
    read, and are gone at the end.
    """
    folder = find_data_set(path)
    metadata = read_metadata(folder)
    table = Table(folder / MAIN_TABLE, MAIN_TABLE, NEEDED)
    title_columns = _columns(title_columns, TITLE_COLUMNS, table)
    time_columns = _columns(time_columns, TIME_COLUMNS, table)
    representation = metadata.properties["CodeStateRepresentation"]
    states = find_code_states(folder, representation=representation, place=code_states, section=section)
    student_columns = [student_columns] if isinstance(student_columns, str) else student_columns
    students = Students(folder, student_columns)
    secret = key.encode() if isinstance(key, str) else key
    if secret is not None:
        pseudonym("", secret)  # a key that is too short is told before anything is read
    reader_options = {
        "types": event_types(events),
        "title_columns": title_columns,
        "time_columns": time_columns,
        "scope": metadata.order_scope or (),
    }
    reading = _Reading(table, metadata, states, students, secret, time_columns, repeats, Counter())
    return Streamed(reading.rows(reader_options), students, reading.counts)


def _columns(columns: Sequence[str], usual: Sequence[str], table: Table) -> tuple[str, ...]:
    """Check that the columns asked for are there; the usual ones need not be."""
    names = (columns,) if isinstance(columns, str) else tuple(columns)
    for name in names:
        if name not in table.columns and name not in usual:
            raise DataError("no such column", "a column of this name", file=table.name, field=name)
    return names


@dataclass(frozen=True)
class _Reading:
    """A data set that is being read."""

    table: Table
    metadata: Metadata
    code: CodeStates
    students: Students
    secret: bytes | None
    time_columns: Sequence[str]
    repeats: bool
    counts: Counter[str]

    def rows(self, options: dict[str, Any]) -> Iterator[Trace | Quarantined]:
        """Give all that is wrong in the tables, then all traces."""
        yield from self.metadata.quarantined
        count = bucket_count([self.table.path], BYTES_A_BUCKET)
        with closing(scratch_database()) as database, Buckets(count) as buckets:
            yield from self.code.read(database)
            reader = EventReader(self.code, seen=Seen(database), **options)
            is_empty = yield from self._collect(reader, buckets)
            if is_empty and self.counts["other event"] and not self.counts["quarantined"]:
                hint = "Say with the option `events` which events make a state."
                found = f"{self.counts['other event']} events, none of which makes a state"
                raise DataError(found, "at least one", file=MAIN_TABLE, field="EventType", hint=hint)
            for key, events in buckets.groups():
                yield from self._trace(key, events)
        yield from self.students.read()

    def _collect(self, reader: EventReader, buckets: Buckets) -> Generator[Quarantined, None, bool]:
        """Lay out the events by subject, with None for a row that leaves a gap; say whether there is none."""
        is_empty = True
        for row in self.table.rows():
            if isinstance(row, Quarantined):
                yield self._aside(row)
                continue
            result = reader.read(row)
            if result is None:
                self.counts["other event"] += 1
                continue
            if isinstance(result, Bad):
                yield self._aside(result.quarantined)
                key, event = result.key, None
            else:
                key, event = reader.key(row.cells), result
            if key is not None:
                buckets.add(key[0], (row.number, key, event))
                is_empty = False
        return is_empty

    def _aside(self, bad: Quarantined) -> Quarantined:
        self.counts["quarantined"] += 1
        return bad

    def _trace(self, key: Key, contents: Sequence[Event | None]) -> Iterator[Trace | Quarantined]:
        """Give the trace of some events, and before it those that contradict its order."""
        events = [event for event in contents if event is not None]
        ordered = in_order(events, self.metadata)
        for event in ordered.backwards:
            found, expected = "a time before that of the event it follows", "times in order"
            column = self.time_columns[ordered.column]
            yield self._aside(Quarantined(SOURCE, MAIN_TABLE, event.row, column, found, expected))
        programs, times = self._states(ordered)
        if not programs:
            return
        has_all = len(events) == len(contents) and not ordered.backwards
        username = pseudonym(key[0], self.secret) if self.secret is not None else key[0]
        self.students.add(key[0], username)
        yield Trace.from_states(
            programs,
            times,
            title=TITLE_SEPARATOR.join(part for part in key[1:-1] if part) or UNTITLED,
            username=username,
            is_complete=has_all and all(event.is_complete for event in ordered.events),
        )

    def _states(self, ordered: Ordered) -> tuple[list[str], list[datetime | None]]:
        programs: list[str] = []
        times: list[datetime | None] = []
        action: Action | None = None
        for event, time in zip(ordered.events, ordered.times, strict=True):
            program = self.code.text(event.code)
            if action is not None and action.holds(event, program):
                action.add(event)
                self.counts["same action"] += 1
            elif not self.repeats and programs and programs[-1] == program:
                self.counts["repeat"] += 1
            else:
                action = Action(event, program)
                programs.append(program)
                times.append(time.replace(microsecond=0) if time else None)
                self.counts["state"] += 1
        return programs, times
