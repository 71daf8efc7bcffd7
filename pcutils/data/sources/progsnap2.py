"""ProgSnap2 (Price et al. 2020), the exchange format of programming process data, as traces."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from pcutils.data.privacy import pseudonym
from pcutils.data.rows import LONGEST_PROGRAM, NO_UTF8, Item, RejectedRow, is_utf8, read_time
from pcutils.data.sources import FilePath, Secret, SourceOptions, source
from pcutils.errors import DataError
from pcutils.trace import Trace

MAIN_TABLE, METADATA = "MainTable.csv", "DatasetMetadata.csv"
CODE_STATE_TABLES = [f"CodeStates/{name}" for name in ("CodeStates.csv", "CodeState.csv")]
CODE_STATE_TABLES += ["CodeStates.csv", "LinkTables/CodeStates.csv"]
GROUPS = {
    "runs": ("Run.Program", "Run.Test", "Debug.Program", "Debug.Test"),
    "submissions": ("Submit",),
    "saves": ("File.Save",),
    "edits": ("File.Edit",),
}
"""Our names for groups of event types that record a state of the program."""

_TITLES, _TIMES = ("AssignmentID", "ProblemID"), ("ServerTimestamp", "ClientTimestamp")
_LINKS = {"EventID": "event", "ParentEventID": "event", "ExecutionID": "run"}
_NOBODY = ("", "UNKNOWN")
_TRUE = {"true", "t", "yes", "1", "1.0"}
_INTEGER = re.compile(r"([+-]?[0-9]{1,18})(?:\.0*)?")

Cells = Mapping[str, str]
States = dict[str, dict[str, str | None]]
"""Programs by ID of the code state and by section; None where an ID has two, or bytes that are no UTF-8."""


class ProgSnap2Options(SourceOptions):
    """A ProgSnap2 data set, in a folder or below it."""

    source: Literal["progsnap2"] = "progsnap2"
    path: FilePath
    events: list[str] = [*GROUPS]  # noqa: RUF012 # which make a state: groups, or event types
    section: str | None = None  # which file of a code state is the program, where states have several
    key: Secret | None = None  # for pseudonyms; without it the subjects' IDs are the usernames


class _Event(NamedTuple):
    """An event that made a state; `links` are the action that it belongs to, `times` has one a column."""

    links: set[str]
    program: str
    order: int | None
    times: tuple[datetime | None, ...]


class _UnusableError(Exception):
    """A row that cannot be used; its arguments are field, what was found, what was expected."""


def _recognise(path: Path) -> dict[str, Path] | None:
    return {"path": path} if (path / MAIN_TABLE).is_file() or path.name == MAIN_TABLE else None


@source(ProgSnap2Options, label="a ProgSnap2 data set", recognise=_recognise)
def read(options: ProgSnap2Options) -> Iterator[Item]:
    """Give the rows that cannot be used, and then the traces, in the order of their first events.

    A student's events of one assignment and problem are a trace. Times with a zone become UTC; those without
    stay as they are; one that contradicts the order is unknown. A trace of which an event was rejected is not
    complete.
    """
    folder = _find_data_set(Path(options.path))
    metadata = _read_metadata(folder)
    secret = options.key.value() if options.key else None
    states: States = {}
    yield from _read_states(folder, states)
    types = _event_types(options.events)
    traces: dict[tuple[str, ...], list[_Event | None]] = {}
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    for row, cells in _rows(folder / MAIN_TABLE, ("EventType", "SubjectID", "CodeStateID")):
        if not isinstance(cells, RejectedRow) and cells["EventType"] not in types:
            counts["other event"] += 1
            continue
        event = cells if isinstance(cells, RejectedRow) else _read_event(row, cells, states, seen, options)
        if isinstance(event, RejectedRow):
            counts["rejected"] += 1
            yield event
        if not isinstance(cells, RejectedRow) and cells["SubjectID"] not in _NOBODY:
            key = (cells["SubjectID"], *(cells.get(column, "") for column in _TITLES))
            traces.setdefault(key, []).append(event if isinstance(event, _Event) else None)
    if not traces and counts["other event"] and not counts["rejected"]:
        hint = "Say with the option `events` which events make a state."
        found = f"{counts['other event']} events, none of which makes a state"
        raise DataError(found, "at least one", file=MAIN_TABLE, field="EventType", hint=hint)
    order_known = metadata.get("EventOrderScope") == "Global"
    order_first = order_known and metadata.get("IsEventOrderingConsistent", "").lower() in _TRUE
    for (subject, *titles), events in traces.items():
        usable = [event for event in events if event is not None]
        programs, times = _merged(_in_order(usable, order_known, order_first), counts)
        if programs:
            yield Trace.from_states(
                programs,
                times,
                username=subject if secret is None else pseudonym(subject, secret),
                title="/".join(part for part in titles if part) or "untitled",
                is_complete=None not in events,
            )
    yield counts


def _event_types(events: Sequence[str]) -> set[str]:
    wrong = [name for name in events if name not in GROUPS and not name[:1].isupper()]
    if wrong or not events:
        expected = f"some of {', '.join(GROUPS)}, or event types of ProgSnap2"
        raise DataError(repr(wrong[0]) if wrong else "an empty list", expected, field="events")
    return {each for name in events for each in GROUPS.get(name, (name,))}


def _find_data_set(path: Path) -> Path:
    """Find the folder of the main table."""
    found = [path] if path.name == MAIN_TABLE else sorted(path.rglob(MAIN_TABLE))
    if len(found) != 1 or not found[0].is_file():
        hint = "Give the folder of one data set as `path`."
        raise DataError(f"{len(found)} files {MAIN_TABLE}", "one", file=str(path), hint=hint)
    return found[0].parent


def _rows(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, Cells | RejectedRow]]:
    """Give the rows of a CSV table that are not blank; comma, semicolon or tab between cells."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_PROGRAM))
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
            header = lines.readline()
            lines.seek(0)
            reader = csv.reader(lines, delimiter=max(",;\t", key=header.count))
            columns = [column.strip() for column in next(reader, [])]
            for column in needed:
                if columns.count(column) != 1:
                    found = f"{columns.count(column)} columns of this name"
                    raise DataError(found, "one, in UTF-8", file=path.name, field=column)
            for number, cells in enumerate(filter(None, reader)):
                bad = [column for column, cell in zip(columns, cells, strict=False) if not is_utf8(cell)]
                if len(cells) != len(columns):
                    found = f"a row of {len(cells)} cells"
                    yield number, RejectedRow(path.name, number, "row", found, f"{len(columns)}")
                elif bad:
                    expected = "text that UTF-8 can hold"
                    yield number, RejectedRow(path.name, number, bad[0], NO_UTF8, expected)
                else:
                    yield number, dict(zip(columns, cells, strict=True))
    except (OSError, csv.Error) as error:
        raise DataError("a file that cannot be read", "a CSV table", file=path.name) from error


def _read_metadata(folder: Path) -> dict[str, str]:
    """Read what a data set says of itself."""
    path = folder / METADATA
    rows = _rows(path, ("Property", "Value")) if path.is_file() else ()
    return {cells["Property"]: cells["Value"].strip() for _, cells in rows if isinstance(cells, Mapping)}


def _read_states(folder: Path, states: States) -> Iterator[RejectedRow]:
    """Fill in the code states from the first table that is there, or from ``CodeStates/ID/SECTION``."""
    tables = [folder / name for name in CODE_STATE_TABLES if (folder / name).is_file()]
    files = folder / "CodeStates"
    if not tables and not files.is_dir():
        expected = f"{' or '.join(CODE_STATE_TABLES)} or files in CodeStates/"
        raise DataError("no code states", expected, file=str(folder))
    if tables:
        yield from _states_in_table(tables[0], states)
        return
    for file in sorted(files.rglob("*")):
        if file.is_file() and file.resolve().is_relative_to(files.resolve()):
            top, *inner = file.relative_to(files).parts
            text = file.read_bytes().decode("utf-8", "surrogateescape")
            sections = states.setdefault(top if inner else file.stem, {})
            sections["/".join(inner)] = text if is_utf8(text) else None


def _states_in_table(table: Path, states: States) -> Iterator[RejectedRow]:
    for row, cells in _rows(table, ("CodeStateID", "Code")):
        if isinstance(cells, RejectedRow):
            yield cells
            continue
        name, section, code = cells["CodeStateID"], cells.get("CodeStateSection", ""), cells["Code"]
        sections = states.setdefault(name, {})
        if not name or sections.setdefault(section, code) != code:
            sections[section] = None
            found = "an ID of two different code states" if name else "an empty text"
            yield RejectedRow(table.name, row, "CodeStateID", found, "one code state an ID")


def _read_event(
    row: int, cells: Cells, states: States, seen: set[str], options: ProgSnap2Options
) -> _Event | RejectedRow:
    """Read an event that makes a state; `seen` are the IDs of those before."""
    try:
        identity = cells.get("EventID", str(row))
        if identity in seen or not identity:
            raise _UnusableError(
                "EventID", "no ID, or that of an earlier row", "a different ID for every event"
            )
        seen.add(identity)
        if cells["SubjectID"] in _NOBODY:
            raise _UnusableError("SubjectID", cells["SubjectID"] or "an empty text", "a known subject")
        order = _INTEGER.fullmatch(cells.get("Order", "").strip())
        if cells.get("Order") and not order:
            raise _UnusableError("Order", "a text that is no whole number", "a whole number, or nothing")
        program = _program(states, cells["CodeStateID"], options.section)
        links = {f"{kind} {cells[column]}" for column, kind in _LINKS.items() if cells.get(column)}
        times = tuple(_time(cells, column) for column in _TIMES)
    except _UnusableError as error:
        return RejectedRow(MAIN_TABLE, row, *error.args)
    return _Event(links, program, int(order[1]) if order else None, times)


def _time(cells: Cells, column: str) -> datetime | None:
    """Read a time, in the zone of the column such as ``ServerTimezone`` if it has none."""
    try:
        return read_time(cells.get(column, ""), cells.get(column.replace("Timestamp", "Timezone"), ""))
    except ValueError as error:
        found = "a text that is no time, or has no known time zone"
        raise _UnusableError(column, found, "an ISO date and time") from error


def _program(states: States, name: str, section: str | None) -> str:
    """Give the program of an event; "12.0" finds "12", as tools write whole numbers in columns with gaps."""
    match = _INTEGER.fullmatch(name)
    sections = states.get(name) or states.get(match[1] if match else "") or {}
    if section is None and len(sections) > 1:
        found = f"a code state of {len(sections)} files"
        raise _UnusableError("CodeStateID", found, "one, or the option `section` to say which")
    program = sections.get(next(iter(sections), "") if section is None else section)
    if program is None:
        found = "an ID without one program in UTF-8" if name else "an empty text"
        raise _UnusableError("CodeStateID", found, "the ID of a code state")
    return program


def _in_order(events: list[_Event], order_known: bool, order_first: bool) -> list[_Event]:
    """Sort by ``Order`` where that is reliable or times are missing, else by time of one clock."""
    full = [clock for clock in range(len(_TIMES)) if all(event.times[clock] for event in events)]
    some = [clock for clock in range(len(_TIMES)) if any(event.times[clock] for event in events)]
    clock = [*full, *some, 0][0]
    has_order = order_known and all(event.order is not None for event in events)
    if has_order and (order_first or not full):
        events = sorted(events, key=lambda event: event.order or 0)
    elif full:
        events = sorted(events, key=lambda event: (event.times[clock], event.order if has_order else 0))
    latest = datetime.min
    ordered = []
    for event in events:
        time = event.times[clock]
        ordered.append(event._replace(times=(time if time is None or time >= latest else None,)))
        latest = max(latest, time or latest)
    return ordered


def _merged(events: Sequence[_Event], counts: Counter[str]) -> tuple[list[str], list[datetime | None]]:
    """Give programs and times of the states; events of one action with one program are one state."""
    programs: list[str] = []
    times: list[datetime | None] = []
    action: set[str] = set()
    for event in events:
        if programs and programs[-1] == event.program and action & event.links:
            counts["same action"] += 1
            action |= event.links
        else:
            counts["state"] += 1
            action = set(event.links)
            programs.append(event.program)
            times.append(event.times[0])
    return programs, times
