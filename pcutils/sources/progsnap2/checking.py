"""Say everything that is wrong in a ProgSnap2 data set, measured by the specification."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pcutils.errors import DataError
from pcutils.sources.progsnap2.folder import MAIN_TABLE, METADATA, find_data_set
from pcutils.sources.progsnap2.importing import NEEDED, stream_progsnap2
from pcutils.sources.progsnap2.specification import CUSTOM, specification
from pcutils.sources.progsnap2.tables import SOURCE, Table
from pcutils.sources.progsnap2.values import parse_integer, parse_truth
from pcutils.sources.quarantine import Quarantined


def check_progsnap2(path: str | Path) -> Iterator[Quarantined]:
    """Find what is wrong in a ProgSnap2 data set.

    Parameters
    ----------
    path : str or pathlib.Path
        Its folder.

    Yields
    ------
    Quarantined
        Every row that :func:`pcutils.sources.load` would keep aside, and every value that the specification
        does not know. `row` is -1 where the whole file is meant.
    """
    folder = find_data_set(path)
    if not (folder / METADATA).is_file():
        yield _whole_file(METADATA, "row", "no such file", "the properties of the data set")
    try:
        rows = stream_progsnap2(path=folder).rows
        yield from (row for row in rows if isinstance(row, Quarantined))
        table = Table(folder / MAIN_TABLE, MAIN_TABLE, NEEDED)
    except DataError as error:
        yield _whole_file(error.file or MAIN_TABLE, error.field or "row", error.found, error.expected)
        return
    for column in specification().required_columns:
        if column not in table.columns:
            yield _whole_file(MAIN_TABLE, column, "no such column", "a column of this name")
    yield from _value_problems(table)


def _whole_file(file: str, field: str, found: str, expected: str) -> Quarantined:
    return Quarantined(SOURCE, file, -1, field, found, expected)


def _value_problems(table: Table) -> Iterator[Quarantined]:
    names = specification()
    missing: dict[tuple[str, str], None] = {}
    for row in table.rows():
        if isinstance(row, Quarantined):
            continue
        event_type = row.cells["EventType"]
        needed = names.event_types.get(event_type)
        if needed is None and event_type and not event_type.startswith(CUSTOM):
            expected = f"one of the specification, or one that begins with {CUSTOM}"
            yield Quarantined(SOURCE, MAIN_TABLE, row.number, "EventType", "an unknown event type", expected)
        missing |= {(event_type, column): None for column in needed or () if column not in row.cells}
        for column, cell in row.cells.items():
            problem = _cell_problem(column, cell) if cell else None
            if problem:
                yield Quarantined(SOURCE, MAIN_TABLE, row.number, column, *problem)
    for event_type, column in missing:
        yield _whole_file(MAIN_TABLE, column, "no such column", f"one, as there are events {event_type}")


def _cell_problem(column: str, cell: str) -> tuple[str, str] | None:
    names = specification()
    if column in names.enums and cell not in names.enums[column]:
        if column in names.open_enums and cell.startswith(CUSTOM):
            return None
        return "an unknown value", "one of " + ", ".join(names.enums[column])
    if column in names.datatypes["Boolean"] and parse_truth(cell) is None:
        return "neither true nor false", "true or false"
    if column in names.datatypes["Integer"] and column != "Order" and parse_integer(cell) is None:
        return "a text that is no whole number", "a whole number"
    if column in names.datatypes["Real"] and not _is_number(cell):
        return "a text that is no number", "a number"
    return None


def _is_number(cell: str) -> bool:
    try:
        return float(cell) == float(cell)
    except ValueError:
        return False
