"""Turn the events of a ProgSnap2 data set into traces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pcutils.errors import DataError
from pcutils.privacy import pseudonym
from pcutils.sources.progsnap2.code_states import find_code_states
from pcutils.sources.progsnap2.events import Event, EventReader, Key
from pcutils.sources.progsnap2.folder import MAIN_TABLE, Metadata, find_data_set, read_metadata
from pcutils.sources.progsnap2.links import student_table
from pcutils.sources.progsnap2.ordering import Action, in_order
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


def read_progsnap2(
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
) -> Imported:
    """Read a ProgSnap2 data set.

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
    Imported
        Traces, rows kept aside, students, and what became of every row.

    Raises
    ------
    pcutils.errors.DataError
        If the data set has no main table, a table lacks a column that is needed or asked for, the code states
        are kept in a way we cannot read (Git, keystrokes, a database), or no event makes a state.

    Notes
    -----
    Times with a zone become UTC; those without stay as they are. Order is that of the column ``Order`` where
    the metadata say that it can be compared and that events have one clock, else that of the times, else that
    of the file. A trace of which a state was kept aside is not complete.
    """
    folder = find_data_set(path)
    metadata = read_metadata(folder)
    table = Table(folder / MAIN_TABLE, MAIN_TABLE, NEEDED)
    title_columns = _columns(title_columns, TITLE_COLUMNS, table)
    time_columns = _columns(time_columns, TIME_COLUMNS, table)
    representation = metadata.properties["CodeStateRepresentation"]
    states = find_code_states(folder, representation=representation, place=code_states, section=section)
    reader = EventReader(
        states,
        types=event_types(events),
        title_columns=title_columns,
        time_columns=time_columns,
        scope=metadata.order_scope or (),
    )
    collected = _collect(table, reader)
    if collected.rows["other event"] and not collected.groups and not collected.quarantined:
        hint = "Say with the option `events` which events make a state."
        found = f"{collected.rows['other event']} events, none of which makes a state"
        raise DataError(found, "at least one", file=MAIN_TABLE, field="EventType", hint=hint)
    secret = key.encode() if isinstance(key, str) else key
    traces, usernames = [], {}
    for group_key, group in collected.groups.items():
        trace = _trace(group, group_key, metadata, collected, time_columns, repeats=repeats)
        if trace is not None:
            name = pseudonym(group_key[0], secret) if secret is not None else group_key[0]
            usernames[group_key[0]] = name
            traces.append(replace(trace, username=name))
    student_columns = [student_columns] if isinstance(student_columns, str) else student_columns
    students, bad_links = student_table(folder, usernames, student_columns)
    quarantined = [*metadata.quarantined, *states.quarantined, *collected.quarantined, *bad_links]
    return Imported(traces, quarantined, students, collected.rows)


def _columns(columns: Sequence[str], usual: Sequence[str], table: Table) -> tuple[str, ...]:
    """Check that the columns asked for are there; the usual ones need not be."""
    names = (columns,) if isinstance(columns, str) else tuple(columns)
    for name in names:
        if name not in table.columns and name not in usual:
            raise DataError("no such column", "a column of this name", file=table.name, field=name)
    return names


@dataclass
class _Group:
    """The events of one trace, and whether one of its rows was kept aside."""

    events: list[Event] = field(default_factory=list)
    has_gap: bool = False


@dataclass
class _Collected:
    groups: dict[Key, _Group] = field(default_factory=dict)
    quarantined: list[Quarantined] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)

    def keep_aside(self, bad: Quarantined) -> None:
        self.quarantined.append(bad)
        self.rows["quarantined"] += 1


def _collect(table: Table, reader: EventReader) -> _Collected:
    collected = _Collected()
    for row in table.rows():
        if isinstance(row, Quarantined):
            collected.keep_aside(row)
            continue
        result = reader.read(row)
        if result is None:
            collected.rows["other event"] += 1
        elif isinstance(result, Event):
            collected.groups.setdefault(reader.key(row.cells), _Group()).events.append(result)
        else:
            collected.keep_aside(result.quarantined)
            if result.key is not None:
                collected.groups.setdefault(result.key, _Group()).has_gap = True
    return collected


def _trace(
    group: _Group,
    key: Key,
    metadata: Metadata,
    collected: _Collected,
    time_columns: Sequence[str],
    *,
    repeats: bool,
) -> Trace | None:
    ordered = in_order(group.events, metadata)
    for event in ordered.backwards:
        found, expected = "a time before that of the event it follows", "times in order"
        column = time_columns[ordered.column]
        collected.keep_aside(Quarantined(SOURCE, MAIN_TABLE, event.row, column, found, expected))
    programs: list[str] = []
    times: list[datetime | None] = []
    action: Action | None = None
    for event, time in zip(ordered.events, ordered.times, strict=True):
        if action is not None and action.holds(event):
            action.add(event)
            collected.rows["same action"] += 1
        elif not repeats and programs and programs[-1] == event.program:
            collected.rows["repeat"] += 1
        else:
            action = Action(event)
            programs.append(event.program)
            times.append(time.replace(microsecond=0) if time else None)
            collected.rows["state"] += 1
    if not programs:
        return None
    is_complete = not (group.has_gap or ordered.backwards) and all(e.is_complete for e in ordered.events)
    title = TITLE_SEPARATOR.join(part for part in key[1:-1] if part) or UNTITLED
    return Trace.from_states(programs, times, title=title, is_complete=is_complete)
