"""Validate files of traces: every bad row with file, row, field, found and expected."""

from __future__ import annotations

import gzip
import json
import secrets
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from pcutils.errors import DataError
from pcutils.sources.hub import read_file
from pcutils.sources.logs import stream_logs
from pcutils.sources.progsnap2 import check_progsnap2, main_tables
from pcutils.sources.quarantine import Quarantined
from pcutils.sources.repeats import Repeats
from pcutils.sources.rollouts import read_row, read_rows
from pcutils.sources.rows import row_problems
from pcutils.sources.shapes import SHAPES, Shape, shape_of
from pcutils.sources.table import TRACE_SCHEMA
from pcutils.trace import Trace

Row = dict[str, Any] | None
_KNOWN = ", ".join(SHAPES.values())


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file of traces.

    Parameters
    ----------
    file : str
        The file.
    row : int or None
        The row, from 0; None where the whole file is meant.
    field : str or None
        The column or part of the row.
    found, expected : str
        What is there and what should be; never a student's text.
    """

    file: str
    row: int | None
    field: str | None
    found: str
    expected: str

    def __str__(self) -> str:
        """Say it in one line."""
        return str(DataError(self.found, self.expected, file=self.file, row=self.row, field=self.field))


@dataclass(frozen=True)
class Checked:
    """What a file, or the folder of a data set, was recognised as, and what is wrong in it.

    Parameters
    ----------
    file : str
        The file or folder.
    shape : str or None
        A key of :data:`pcutils.sources.shapes.SHAPES`; None for a file that was passed over.
    problems : list of Problem
        By row; empty if all is well.
    """

    file: str
    shape: Shape | None
    problems: list[Problem]


def check(path: str | Path) -> list[Problem]:
    """Find everything that is wrong in a file of traces, or in all files of a folder.

    Parameters
    ----------
    path : str or pathlib.Path
        As for :func:`examine`.

    Returns
    -------
    list of Problem
        Sorted by file and row; empty if all is well.

    Raises
    ------
    pcutils.errors.DataError
        As for :func:`examine`.
    """
    return [problem for checked in examine(path) for problem in checked.problems]


def examine(path: str | Path) -> Iterator[Checked]:
    """Recognise a file of traces, or all files of a folder, and find everything that is wrong in them.

    Parameters
    ----------
    path : str or pathlib.Path
        A table of traces or traces in the shape of the hub (``.parquet``, or ``.jsonl`` with one object a
        row), rollouts (``.json``), server logs of any name, gzipped or not; or a folder. The folder of a
        ProgSnap2 data set, or one that holds some, is checked as that.

    Yields
    ------
    Checked
        One a file, or a data set, in order.

    Raises
    ------
    pcutils.errors.DataError
        If there is no such file, it is of an unknown kind, or a folder holds nothing that is known.

    Notes
    -----
    What is checked of a row: all columns there and of their types; username, title and source not empty; at
    least one state; as many times as states; times in order (not for rollouts, where a model made them up);
    text that UTF-8 can hold. Of rows that are not yet a table, every one that :func:`pcutils.sources.load`
    would keep aside; in the shape of the hub that is also a second trace of a student and title, in whichever
    file of a folder.
    """
    path = Path(path)
    if not path.exists():
        raise DataError("no such file or folder", _KNOWN, file=str(path))
    if path.is_dir():
        yield from _examine_folder(path)
        return
    checked = _examine_file(path, Repeats(one_a_pair=True))
    if checked.shape is None:
        raise DataError(f"a file named *{path.suffix}, which is none of these", _KNOWN, file=str(path))
    yield checked


def _examine_folder(path: Path) -> Iterator[Checked]:
    data_sets = [table.parent for table in main_tables(path)]
    files = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and not any(file.is_relative_to(folder) for folder in data_sets)
    ]
    if not data_sets and not any(shape_of(file) for file in files):
        raise DataError("no file of traces", _KNOWN, file=str(path))
    for folder in data_sets:
        yield Checked(str(folder), "progsnap2", list(_check_progsnap2(folder)))
    pairs = Repeats(one_a_pair=True)
    for file in files:
        yield _examine_file(file, pairs)


def _examine_file(file: Path, pairs: Repeats) -> Checked:
    shape = shape_of(file)
    problems: Iterable[Problem] = ()
    if shape == "table":
        problems = _check_parquet(file) if file.name.endswith(".parquet") else _check_json_lines(file)
    elif shape == "rollouts":
        problems = _check_rollouts(file)
    elif shape == "hub":
        problems = _kept_aside(file, read_file(file, pairs))
    elif shape == "logs":
        # Nobody sees the pseudonyms, so any key will do.
        problems = _kept_aside(file, stream_logs(file, secrets.token_bytes(32)))
    return Checked(str(file), shape, sorted(problems, key=lambda problem: problem.row or 0))


def _kept_aside(file: Path, results: Iterable[Trace | Quarantined]) -> Iterator[Problem]:
    for bad in results:
        if isinstance(bad, Quarantined):
            yield Problem(str(file), bad.row, bad.field, bad.found, bad.expected)


def _check_progsnap2(folder: Path) -> Iterator[Problem]:
    for bad in check_progsnap2(folder):
        row = bad.row if bad.row >= 0 else None
        yield Problem(str(folder / bad.file), row, bad.field, bad.found, bad.expected)


def _check_rollouts(path: Path) -> Iterator[Problem]:
    try:
        rows = read_rows(path)
    except DataError as error:
        yield Problem(str(path), None, None, error.found, error.expected)
        return
    for number, row in enumerate(rows):
        result = read_row(row, file=str(path), number=number)
        if isinstance(result, Quarantined):
            yield Problem(result.file, result.row, result.field, result.found, result.expected)


def _check_parquet(path: Path) -> Iterator[Problem]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError):
        yield Problem(str(path), None, None, "bytes that are no Parquet", "a Parquet file")
        return
    readable = []
    for expected in TRACE_SCHEMA:
        if expected.name not in file.schema_arrow.names:
            yield Problem(str(path), None, expected.name, "no such column", f"a column of {expected.type}")
            continue
        found = file.schema_arrow.field(expected.name).type
        if _same_type(found, expected.type):
            readable.append(expected.name)
        else:
            wanted = f"a column of {expected.type}"
            yield Problem(str(path), None, expected.name, f"a column of {found}", wanted)
    row = 0
    try:
        for batch in file.iter_batches(batch_size=1000, columns=readable):
            for record in _records(batch):
                yield from _record_problems(path, row, record, readable)
                row += 1
    except OSError:
        yield Problem(
            str(path), row, None, "a damaged part of the file from about here", "a whole Parquet file"
        )


def _records(batch: pa.RecordBatch) -> Iterator[Row]:
    """Give the rows of a batch; None for a row with a time or a text that Python cannot hold."""
    for number in range(batch.num_rows):
        try:
            yield batch.slice(number, 1).to_pylist()[0]
        except (ValueError, OverflowError):
            yield None


def _record_problems(path: Path, row: int, record: Row, fields: Iterable[str]) -> Iterator[Problem]:
    if record is None:
        yield Problem(
            str(path), row, None, "a time or a text that cannot be read", "years 1 to 9999 and UTF-8"
        )
        return
    for field, found, expected in row_problems(record, fields=fields):
        yield Problem(str(path), row, field, found, expected)


def _same_type(found: pa.DataType, expected: pa.DataType) -> bool:
    if pa.types.is_list(found) or pa.types.is_large_list(found):
        return pa.types.is_list(expected) and _same_type(found.value_type, expected.value_type)
    if pa.types.is_timestamp(found) and pa.types.is_timestamp(expected):
        return found.tz is None
    return pa.string() == expected if pa.types.is_large_string(found) else found == expected


def _check_json_lines(path: Path) -> Iterator[Problem]:
    number = 0
    try:
        with _open_lines(path) as lines:
            for line in lines:
                yield from _line_problems(path, number, line)
                number += 1
    except (OSError, EOFError, zlib.error):
        yield Problem(str(path), number, None, "a broken gzip file from about here", "a whole one")


def _open_lines(path: Path) -> TextIO:
    encoding, errors, newline = "utf-8", "surrogateescape", "\n"
    if path.name.endswith(".gz"):
        return cast(TextIO, gzip.open(path, "rt", encoding=encoding, errors=errors, newline=newline))
    return path.open(encoding=encoding, errors=errors, newline=newline)


def _line_problems(path: Path, number: int, line: str) -> Iterator[Problem]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        yield Problem(str(path), number, None, "text that is no JSON", "a JSON object")
        return
    if not isinstance(record, dict):
        yield Problem(str(path), number, None, f"a JSON {type(record).__name__}", "a JSON object")
        return
    yield from _record_problems(path, number, record, TRACE_SCHEMA.names)
