"""The table of traces: one schema for every source, in memory and as Parquet."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pcutils.errors import DataError
from pcutils.trace import Trace

if TYPE_CHECKING:
    from datasets import Dataset

TRACE_SCHEMA = pa.schema(
    [
        ("username", pa.string()),
        ("title", pa.string()),
        ("programs", pa.list_(pa.string())),
        ("timestamps", pa.list_(pa.timestamp("s"))),
        ("is_complete", pa.bool_()),
        ("source", pa.string()),
    ]
)

_ROWS_AT_ONCE = 1_000


def to_dataset(traces: Iterable[Trace], source: str) -> Dataset:
    """Put traces into a table.

    Parameters
    ----------
    traces : iterable of Trace
        Each with a username, a title and at least one program.
    source : str
        Where they come from, for the column of that name.

    Returns
    -------
    datasets.Dataset
        One row a trace, in the given order, with :data:`TRACE_SCHEMA`.

    Raises
    ------
    pcutils.errors.DataError
        If a trace has no program, no username or no title.

    Notes
    -----
    The numbers in a trace's headers and its unfinished last state have no column: :func:`traces_of` numbers
    the states from 1.
    """
    columns: dict[str, list[Any]] = {name: [] for name in TRACE_SCHEMA.names}
    for row, trace in enumerate(traces):
        for field, value in trace_row(trace, source, row=row).items():
            columns[field].append(value)
    return dataset_of(pa.table(columns, schema=TRACE_SCHEMA))


def trace_row(trace: Trace, source: str, *, row: int | None = None) -> dict[str, Any]:
    """Give the row of the table that holds one trace.

    Parameters
    ----------
    trace : Trace
        With a username, a title and at least one program.
    source : str
        Where it comes from.
    row : int, optional
        Its place, for the error message.

    Returns
    -------
    dict
        One value a column of :data:`TRACE_SCHEMA`.

    Raises
    ------
    pcutils.errors.DataError
        If a trace has no program, no username or no title.
    """
    for field in ("username", "title"):
        if getattr(trace, field) is None:
            raise DataError("nothing", "a text", row=row, field=field)
    if not trace.programs:
        raise DataError("no complete state", "at least one", row=row, field="programs")
    return {
        "username": trace.username,
        "title": trace.title,
        "programs": list(trace.programs),
        "timestamps": list(trace.timestamps),
        "is_complete": trace.is_complete,
        "source": source,
    }


def traces_of(dataset: Iterable[Mapping[str, Any]]) -> Iterator[Trace]:
    """Go through a table trace by trace.

    Parameters
    ----------
    dataset : datasets.Dataset or iterable of mappings
        Rows with the columns of :data:`TRACE_SCHEMA`; more columns do no harm.

    Yields
    ------
    Trace
        One a row, in order; its states are numbered from 1.
    """
    for row in dataset:
        yield Trace.from_states(
            row["programs"],
            row["timestamps"],
            title=row["title"],
            username=row["username"],
            is_complete=row["is_complete"],
        )


def dataset_of(table: pa.Table) -> Dataset:
    """Wrap an Arrow table of traces as a Hugging Face dataset.

    Parameters
    ----------
    table : pyarrow.Table
        Columns that :data:`TRACE_SCHEMA` can hold, in any order.

    Returns
    -------
    datasets.Dataset
        With exactly :data:`TRACE_SCHEMA`.
    """
    from datasets import Dataset

    cast = table.select(TRACE_SCHEMA.names).cast(TRACE_SCHEMA)
    return Dataset(cast)


def read_table(path: str | Path | Sequence[Path]) -> Dataset:
    """Read a table of traces from Parquet; memory holds the rows that are looked at, not the table.

    Parameters
    ----------
    path : str or pathlib.Path, or a sequence of them
        A Parquet file, or the shards of a table in order; columns beyond the schema are left out.

    Returns
    -------
    datasets.Dataset
        With exactly :data:`TRACE_SCHEMA`. The first time in a process it is unpacked into a temporary folder
        (``TMPDIR`` says where), from which it is mapped, and which goes when the process ends.

    Raises
    ------
    pcutils.errors.DataError
        If a file is no Parquet, a column is missing, a column cannot be read as its type, or there is no room
        to unpack the table.
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
    """Unpack files into one, each of which is known by its size and its time."""
    unpacked = Path(tempfile.mkdtemp(dir=_folder().name)) / "traces.arrow"
    try:
        with pa.OSFile(str(unpacked), "wb") as file, pa.ipc.new_stream(file, TRACE_SCHEMA) as writer:
            for path, _, _ in parts:
                _unpack(path, writer)
    except OSError as error:
        unpacked.unlink(missing_ok=True)
        if error.errno != errno.ENOSPC:
            raise
        hint = "TMPDIR=FOLDER names another place for temporary files."
        where = str(unpacked.parent)
        raise DataError("a full disk", "room to unpack the table", file=where, hint=hint) from error
    return unpacked


def _unpack(path: Path, writer: pa.ipc.RecordBatchStreamWriter) -> None:
    try:
        table = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise DataError("bytes that are no Parquet", "a table of traces", file=str(path)) from error
    with table:
        for name in TRACE_SCHEMA.names:
            if name not in table.schema_arrow.names:
                expected = f"a column of {TRACE_SCHEMA.field(name).type}"
                raise DataError("no such column", expected, file=str(path), field=name)
        try:
            for batch in table.iter_batches(_ROWS_AT_ONCE, columns=TRACE_SCHEMA.names):
                rows = pa.Table.from_batches([batch]).select(TRACE_SCHEMA.names).cast(TRACE_SCHEMA)
                writer.write_table(rows)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            raise DataError("damaged Parquet", "a table of traces", file=str(path)) from error
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            hint = f"`pcutils check {path}` names every row that does not fit."
            raise DataError(
                "columns of other types", "the table of traces", file=str(path), hint=hint
            ) from error


def write_table(dataset: Dataset, path: str | Path) -> Path:
    """Write a table of traces as Parquet; an interrupted call leaves no half-written file behind.

    Parameters
    ----------
    dataset : datasets.Dataset
        With :data:`TRACE_SCHEMA`, for instance from :func:`to_dataset`, or a selection of its rows.
    path : str or pathlib.Path
        Where to; its folder is made.

    Returns
    -------
    pathlib.Path
        `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    table = dataset.with_format("arrow")[:] if len(dataset) else TRACE_SCHEMA.empty_table()
    pq.write_table(table.select(TRACE_SCHEMA.names).cast(TRACE_SCHEMA), unfinished, compression="zstd")
    unfinished.replace(path)
    return path
