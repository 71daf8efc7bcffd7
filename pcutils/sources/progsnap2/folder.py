"""Find the parts of a ProgSnap2 data set on disk and read its metadata and link tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pcutils.errors import DataError
from pcutils.sources.progsnap2.specification import specification
from pcutils.sources.progsnap2.tables import SOURCE, Row, Table
from pcutils.sources.progsnap2.values import parse_truth
from pcutils.sources.quarantine import Quarantined

MAIN_TABLE, METADATA = "MainTable.csv", "DatasetMetadata.csv"
LINK_TABLES, CODE_STATES = "LinkTables", "CodeStates"
CODE_STATE_TABLES = ("CodeStates/CodeStates.csv", "CodeStates.csv", "LinkTables/CodeStates.csv")
"""Where data sets keep the table of code states."""

_DEPTH = 3


@dataclass(frozen=True)
class Metadata:
    """What a data set says of itself.

    Parameters
    ----------
    properties : mapping of str to str
        Property: value, as it stands; the specification's default where the data set does not say.
    quarantined : list of Quarantined
        Rows of the file that could not be used.
    """

    properties: Mapping[str, str]
    quarantined: list[Quarantined] = field(default_factory=list)

    @property
    def is_order_consistent(self) -> bool:
        """Whether the order of events is that of one clock."""
        return parse_truth(self.properties["IsEventOrderingConsistent"]) is True

    @property
    def order_scope(self) -> tuple[str, ...] | None:
        """Columns within whose values ``Order`` can be compared; none needed if empty; None if it cannot."""
        scope = self.properties["EventOrderScope"]
        if scope == "Restricted":
            columns = self.properties["EventOrderScopeColumns"].split(";")
            return tuple(column.strip() for column in columns if column.strip()) or None
        return () if scope == "Global" else None


def find_data_set(path: str | Path) -> Path:
    """Find the folder that holds the main table.

    Parameters
    ----------
    path : str or pathlib.Path
        That folder, its main table, or a folder at most three levels above it.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    pcutils.errors.DataError
        If there is no such folder, or none or several main tables in it.
    """
    path = Path(path)
    if path.name == MAIN_TABLE and path.is_file():
        return path.parent
    if not path.is_dir():
        raise DataError("no such folder", "a folder of a ProgSnap2 data set", file=str(path))
    if (path / MAIN_TABLE).is_file():
        return path
    found = main_tables(path)
    if len(found) != 1:
        hint = "Give the folder of one data set as `path`."
        raise DataError(f"{len(found)} files {MAIN_TABLE}", "one", file=str(path), hint=hint)
    return found[0].parent


def main_tables(folder: Path) -> list[Path]:
    """Find the main tables in a folder and at most three levels below it, sorted."""
    levels = ("*/" * depth + MAIN_TABLE for depth in range(_DEPTH + 1))
    return sorted(file for level in levels for file in folder.glob(level) if file.is_file())


def read_metadata(folder: Path) -> Metadata:
    """Read what a data set says of itself.

    Parameters
    ----------
    folder : pathlib.Path
        From :func:`find_data_set`.

    Returns
    -------
    Metadata
        All defaults where there is no such file. ``"None"`` is a value of ``EventOrderScope``, not a gap.
    """
    values, quarantined = dict(specification().metadata), list[Quarantined]()
    if not (folder / METADATA).is_file():
        return Metadata(values)
    try:
        rows = list(Table(folder / METADATA, METADATA, ("Property", "Value")).rows())
    except DataError as error:
        return Metadata(
            values, [Quarantined(SOURCE, METADATA, 0, error.field or "row", error.found, error.expected)]
        )
    seen: set[str] = set()
    for row in rows:
        bad = row if isinstance(row, Quarantined) else _bad_property(row, seen)
        if bad:
            quarantined.append(bad)
        elif isinstance(row, Row):
            seen.add(row.cells["Property"])
            values[row.cells["Property"]] = row.cells["Value"].strip()
    if "EventOrderScope" not in seen and parse_truth(values.get("AreEventsOrdered", "")):
        values["EventOrderScope"] = "Global"  # what version 3 says with a property of its own
    return Metadata(values, quarantined)


def _bad_property(row: Row, seen: set[str]) -> Quarantined | None:
    name, value = row.cells["Property"], row.cells["Value"].strip()
    enum = specification().enums.get(name)
    if name in seen:
        found, expected = "a property that is there twice", "one value"
    elif name == "IsEventOrderingConsistent" and parse_truth(value) is None:
        found, expected = "neither true nor false", "true or false"
    elif enum and value not in enum:
        found, expected = "an unknown value", "one of " + ", ".join(enum)
    else:
        return None
    known = name if name in specification().metadata else "Property"
    return Quarantined(SOURCE, METADATA, row.number, known, found, expected)


def link_tables(folder: Path) -> Iterator[tuple[str, Path]]:
    """Find the link tables of a data set.

    Parameters
    ----------
    folder : pathlib.Path
        From :func:`find_data_set`.

    Yields
    ------
    tuple of str and pathlib.Path
        Name such as ``"LinkTables/Subject.csv"`` and file, sorted; a table of code states is none.
    """
    links = folder / LINK_TABLES
    for file in sorted(links.iterdir()) if links.is_dir() else []:
        name = f"{LINK_TABLES}/{file.name}"
        if file.is_file() and file.suffix.lower() == ".csv" and name not in CODE_STATE_TABLES:
            yield name, file
