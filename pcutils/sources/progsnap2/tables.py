"""Read the CSV tables of a ProgSnap2 data set row by row; what is no row is kept aside."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from pcutils.errors import DataError
from pcutils.sources.quarantine import Quarantined

SOURCE = "progsnap2"
LONGEST_CELL = 10_000_000
"""Characters; a longer cell is no program but a broken file."""

_DELIMITERS = (",", ";", "\t")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_UTF8 = "half a character (a lone surrogate) or a byte that is no UTF-8"


class Row(NamedTuple):
    """A row of a table: its place from 0, not counting the header or blank lines, and its cells."""

    number: int
    cells: dict[str, str]


class Table:
    """A CSV file with a header.

    Parameters
    ----------
    path : pathlib.Path
        The file: UTF-8 with or without a byte order mark; comma, semicolon or tab between cells.
    name : str
        What to call it in messages.
    required : sequence of str
        Columns that it must have; they also tell the delimiter.

    Attributes
    ----------
    columns : list of str
        The names in its header.

    Raises
    ------
    pcutils.errors.DataError
        If the file cannot be read, is no UTF-8 from its start, has no header, or its header lacks a column
        or names one twice.
    """

    def __init__(self, path: Path, name: str, required: Sequence[str]) -> None:
        self.path, self.name = path, name
        with self._open() as lines:
            header = lines.readline(LONGEST_CELL)
        if header.startswith(("\udcff\udcfe", "\udcfe\udcff")):
            hint = "Save it as UTF-8."
            raise DataError("a file in UTF-16", "one in UTF-8", file=name, hint=hint)
        self.delimiter = _delimiter(header, required)
        with self._open() as lines:
            self.columns = [column.strip() for column in _first(self._reader(lines), name)]
        self._check_columns(required)

    def rows(self) -> Iterator[Row | Quarantined]:
        """Go through the rows.

        Yields
        ------
        Row or Quarantined
            Every row that is not blank. One that cannot be told apart, has too few or too many cells, or
            holds what UTF-8 cannot, is a Quarantined, and says over how many lines it goes.
        """
        with self._open() as lines:
            reader = self._reader(lines)
            next(reader)
            number = 0
            while True:
                before = reader.line_num
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    yield self._aside(number, *_broken(reader.line_num - before))
                    number += 1
                    continue
                if cells:
                    yield self._row(number, cells)
                    number += 1

    def _row(self, number: int, cells: list[str]) -> Row | Quarantined:
        if len(cells) != len(self.columns):
            return self._aside(number, "row", f"a row of {len(cells)} cells", f"{len(self.columns)}")
        for column, cell in zip(self.columns, cells, strict=True):
            if not cell.isascii() and _SURROGATE.search(cell):
                return self._aside(number, column, _NO_UTF8, "text that UTF-8 can hold")
        return Row(number, dict(zip(self.columns, cells, strict=True)))

    def _aside(self, number: int, field: str, found: str, expected: str) -> Quarantined:
        return Quarantined(SOURCE, self.name, number, field, found, expected)

    def _open(self) -> TextIO:
        try:
            return self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
        except OSError as error:
            raise DataError("a file that cannot be opened", "a CSV file", file=self.name) from error

    def _reader(self, lines: TextIO) -> csv.Reader:  # type: ignore[name-defined]
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def _check_columns(self, required: Sequence[str]) -> None:
        for column in required:
            if column not in self.columns:
                raise DataError("no such column", "a column of this name", file=self.name, field=column)
        if len(set(self.columns)) < len(self.columns):
            raise DataError("a column that is there twice", "different names", file=self.name, field="header")


def _broken(lines: int) -> tuple[str, str, str]:
    found = f"quotation marks that do not fit or a cell that is too long, over {lines} lines"
    return "row", found, f"closed quotation marks and cells of at most {LONGEST_CELL} characters"


def _delimiter(header: str, required: Sequence[str]) -> str:
    def fitting(delimiter: str) -> tuple[int, int]:
        names = {name.strip().strip('"') for name in header.split(delimiter)}
        return len(names & set(required)), len(names)

    return max(_DELIMITERS, key=fitting)


def _first(reader: Iterator[list[str]], name: str) -> list[str]:
    try:
        return next(reader)
    except (StopIteration, csv.Error) as error:
        raise DataError("no header", "a CSV file whose first row names the columns", file=name) from error
