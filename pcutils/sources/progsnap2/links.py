"""Read the link tables of a ProgSnap2 data set: what else is known of its subjects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pcutils.errors import DataError
from pcutils.sources.progsnap2.folder import LINK_TABLES, link_tables
from pcutils.sources.progsnap2.tables import SOURCE, Row, Table
from pcutils.sources.quarantine import Quarantined

if TYPE_CHECKING:
    from pandas import DataFrame


class Students:
    """The table of students.

    Parameters
    ----------
    folder : pathlib.Path
        The data set.
    columns : sequence of str
        Columns to take from link tables that have a ``SubjectID``.

    Raises
    ------
    pcutils.errors.DataError
        If no link table by subject has one of the columns.
    """

    def __init__(self, folder: Path, columns: Sequence[str]) -> None:
        self._folder, self.columns = folder, columns
        self._usernames: dict[str, str] = {}
        self._values: dict[str, dict[str, str]] = {}
        tables = [table for _, table in self._tables() if isinstance(table, Table)] if columns else []
        for column in columns:
            if not any(column in self._wanted(table) for table in tables):
                expected = "a link table with SubjectID and this column"
                raise DataError("no such column", expected, file=f"{folder / LINK_TABLES}", field=column)

    def add(self, subject: str, username: str) -> None:
        """Let a subject have a row."""
        self._usernames[subject] = username

    def read(self) -> Iterator[Quarantined]:
        """Go through the link tables once all subjects are known.

        Yields
        ------
        Quarantined
            Rows, of subjects or of anything else, that cannot be used.
        """
        for name, table in self._tables():
            if isinstance(table, Quarantined):
                yield table
                continue
            wanted = self._wanted(table)
            for row in table.rows():
                bad = row if isinstance(row, Quarantined) else self._take(row, name, wanted)
                if bad:
                    yield bad

    def rows(self) -> list[dict[str, str | None]]:
        """``username`` and the columns of each student, None where no link table says; sorted by username."""
        by_name = sorted(self._usernames.items(), key=lambda names: names[1])
        return [
            {"username": username, **{name: self._values.get(subject, {}).get(name) for name in self.columns}}
            for subject, username in by_name
        ]

    def table(self) -> DataFrame:
        """Give the rows as a table."""
        import pandas

        return pandas.DataFrame(self.rows(), columns=["username", *self.columns])

    def _tables(self) -> Iterator[tuple[str, Table | Quarantined]]:
        for name, path in link_tables(self._folder):
            try:
                yield name, Table(path, name, ())
            except DataError as error:
                field = error.field or "row"
                yield name, Quarantined(SOURCE, name, 0, field, error.found, error.expected)

    def _wanted(self, table: Table) -> list[str]:
        return [name for name in self.columns if {name, "SubjectID"} <= set(table.columns)]

    def _take(self, row: Row, name: str, columns: Sequence[str]) -> Quarantined | None:
        subject = row.cells.get("SubjectID", "")
        if not columns or subject not in self._usernames:
            return None
        known = self._values.setdefault(subject, {})
        for column in columns:
            if known.setdefault(column, row.cells[column]) != row.cells[column]:
                found = "another value for the same subject"
                return Quarantined(SOURCE, name, row.number, column, found, "one value")
        return None
