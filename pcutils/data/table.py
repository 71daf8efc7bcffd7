"""The table of traces: one schema for every source, in memory and as Parquet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pcutils.errors import DataError, replacing
from pcutils.trace import Trace

if TYPE_CHECKING:
    from datasets import Dataset

TRACE_SCHEMA = pa.schema(
    [
        ("username", pa.string()),
        ("title", pa.string()),
        ("programs", pa.list_(pa.string())),
        ("timestamps", pa.list_(pa.timestamp("s"))),
        ("outcomes", pa.list_(pa.string())),
        ("is_complete", pa.bool_()),
        ("source", pa.string()),
    ]
)
OPTIONAL = frozenset({"outcomes"})
"""Columns that a file may lack; they are null then."""

_ROWS_AT_ONCE = 1_000
_RUN_AGAIN = "Delete it and call `pcutils run` again."


def to_dataset(traces: Iterable[Trace], source: str) -> Dataset:
    """Put traces with username, title and at least one program into a table with :data:`TRACE_SCHEMA`."""
    return rows_to_dataset(_trace_row(trace, source, row) for row, trace in enumerate(traces))


def trace_columns(trace: Trace) -> dict[str, Any]:
    """Give the columns of the table that a trace has; numbers and an unfinished last state have none."""
    return {
        "username": trace.username,
        "title": trace.title,
        "programs": list(trace.programs),
        "timestamps": list(trace.timestamps),
        "is_complete": trace.is_complete,
    }


def _trace_row(trace: Trace, source: str, row: int) -> dict[str, Any]:
    for field in ("username", "title"):
        if getattr(trace, field) is None:
            raise DataError("nothing", "a text", row=row, field=field)
    if not trace.programs:
        raise DataError("no complete state", "at least one", row=row, field="programs")
    return {**trace_columns(trace), "source": source}


def rows_to_dataset(rows: Iterable[Mapping[str, Any]]) -> Dataset:
    """Put rows into a table; outcomes may be missing."""
    from datasets import Dataset

    columns: dict[str, list[Any]] = {name: [] for name in TRACE_SCHEMA.names}
    for row in rows:
        for name, values in columns.items():
            values.append(row.get(name))
    return Dataset(pa.table(columns, schema=TRACE_SCHEMA))


def traces_of(dataset: Iterable[Mapping[str, Any]]) -> Iterator[Trace]:
    """Go through a table trace by trace; the states are numbered from 1."""
    for row in dataset:
        yield Trace.from_states(
            row["programs"],
            row["timestamps"],
            title=row["title"],
            username=row["username"],
            is_complete=row["is_complete"],
        )


def read_table(path: str | Path | Sequence[Path]) -> Dataset:
    """Read a table of traces from Parquet, one file or its shards; memory holds only the rows in use.

    The first time in a process it is unpacked into a temporary folder (``TMPDIR`` says where), from which it
    is mapped, and which is removed when the process ends. A file that is missing, damaged or no table of
    traces is a DataError.
    """
    from datasets import Dataset

    parts = [Path(part) for part in ([path] if isinstance(path, str | Path) else path)]
    return Dataset.from_file(str(_unpacked(tuple(_state_of(part) for part in parts))))


def _state_of(path: Path) -> tuple[Path, int, int]:
    try:
        found = path.stat()
    except FileNotFoundError as error:
        raise DataError("no such file", "a table of traces", file=str(path)) from error
    return path.resolve(), found.st_size, found.st_mtime_ns


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="pcutils-", ignore_cleanup_errors=True)


@cache
def _unpacked(parts: tuple[tuple[Path, int, int], ...]) -> Path:
    """Unpack files, each identified by its size and time, into one that can be mapped."""
    unpacked = Path(tempfile.mkdtemp(dir=_folder().name)) / "traces.arrow"
    with pa.OSFile(str(unpacked), "wb") as file, pa.ipc.new_stream(file, TRACE_SCHEMA) as writer:
        for path, _, _ in parts:
            for rows in _batches(path, _ROWS_AT_ONCE, TRACE_SCHEMA.names):
                writer.write_table(rows)
    return unpacked


def read_batches(
    path: Path, rows: int, columns: Sequence[str] | None = None
) -> Iterator[list[Mapping[str, Any]]]:
    """Go through one file of a table, at most `rows` rows in memory at a time."""
    for batch in _batches(path, rows, list(columns or TRACE_SCHEMA.names)):
        yield batch.to_pylist()


def _batches(path: Path, rows: int, columns: list[str]) -> Iterator[pa.Table]:
    """Give the rows of a Parquet file, cast to the schema, or say what is wrong with it."""
    expected = "a table of traces"
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            for name in set(columns) - set(names) - OPTIONAL:
                raise DataError("no such column", expected, file=str(path), field=name, hint=_RUN_AGAIN)
            for batch in file.iter_batches(rows, columns=[name for name in columns if name in names]):
                yield _cast(pa.Table.from_batches([batch]), columns)
    except FileNotFoundError as error:
        hint = "`pcutils run` writes it."
        raise DataError("no such file", expected, file=str(path), hint=hint) from error
    except (pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise DataError("columns of other types", expected, file=str(path), hint=_RUN_AGAIN) from error
    except (pa.ArrowException, OSError) as error:
        found = "a file that is damaged, half written or no Parquet"
        raise DataError(found, expected, file=str(path), hint=_RUN_AGAIN) from error


def _cast(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Give columns the types of the schema; optional ones that are missing are null."""
    wanted = pa.schema([TRACE_SCHEMA.field(name) for name in columns])
    for name in set(columns) - set(table.column_names):
        table = table.append_column(wanted.field(name), pa.nulls(len(table), wanted.field(name).type))
    return table.select(columns).cast(wanted)


def write_table(dataset: Dataset, path: str | Path) -> Path:
    """Write a table of traces as Parquet; an interrupted call leaves no half-written file behind."""
    path = Path(path)
    table = dataset.with_format("arrow")[:] if len(dataset) else TRACE_SCHEMA.empty_table()
    with replacing(path) as part:
        pq.write_table(_cast(table, TRACE_SCHEMA.names), part, compression="zstd")
    return path
