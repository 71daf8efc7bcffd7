"""Read the link tables of a ProgSnap2 data set: what else is known of its subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pcutils.errors import DataError
from pcutils.sources.progsnap2.folder import LINK_TABLES, link_tables
from pcutils.sources.progsnap2.tables import SOURCE, Row, Table
from pcutils.sources.quarantine import Quarantined

if TYPE_CHECKING:
    from pandas import DataFrame


def student_table(
    folder: Path, usernames: Mapping[str, str], columns: Sequence[str]
) -> tuple[DataFrame, list[Quarantined]]:
    """Make the table of students.

    Parameters
    ----------
    folder : pathlib.Path
        The data set.
    usernames : mapping of str to str
        Subject: username, for those to have a row.
    columns : sequence of str
        Columns to take from link tables that have a ``SubjectID``.

    Returns
    -------
    students : pandas.DataFrame
        ``username`` and `columns`, as text, missing where no link table says; sorted by username.
    quarantined : list of Quarantined
        Rows of link tables, of subjects or of anything else, that could not be used.

    Raises
    ------
    pcutils.errors.DataError
        If no link table by subject has one of the columns.
    """
    import pandas

    values: dict[str, dict[str, str]] = {subject: {} for subject in usernames}
    quarantined: list[Quarantined] = []
    found: set[str] = set()
    for name, path in link_tables(folder):
        try:
            table = Table(path, name, ())
        except DataError as error:
            quarantined.append(
                Quarantined(SOURCE, name, 0, error.field or "row", error.found, error.expected)
            )
            continue
        wanted = [column for column in columns if column in table.columns and "SubjectID" in table.columns]
        found.update(wanted)
        for row in table.rows():
            bad = row if isinstance(row, Quarantined) else _take(row, name, wanted, values)
            quarantined += [bad] if bad else []
    for column in columns:
        if column not in found:
            expected = "a link table with SubjectID and this column"
            raise DataError("no such column", expected, file=f"{folder / LINK_TABLES}", field=column)
    rows = [{"username": usernames[subject], **known} for subject, known in values.items()]
    students = pandas.DataFrame(rows, columns=["username", *columns])
    return students.sort_values("username", ignore_index=True), quarantined


def _take(
    row: Row, name: str, columns: Sequence[str], values: dict[str, dict[str, str]]
) -> Quarantined | None:
    known = values.get(row.cells.get("SubjectID", ""))
    for column in columns if known is not None else ():
        if known is not None and known.setdefault(column, row.cells[column]) != row.cells[column]:
            return Quarantined(
                SOURCE, name, row.number, column, "another value for the same subject", "one value"
            )
    return None
