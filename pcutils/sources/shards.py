"""A table of traces in shards: one file each, all traces of a student in one of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pcutils.errors import DataError
from pcutils.sources.table import TRACE_SCHEMA

ROWS_IN_GROUP = 5_000
CHARACTERS_IN_GROUP = 16 * 2**20
CHARACTERS_IN_MEMORY = 64 * 2**20
"""Of all shards together; then every shard writes what it holds."""

_AGAIN = "Delete it and call `pcutils run` again."


def shard_of(username: str, shards: int) -> int:
    """Tell in which shard the traces of a student lie.

    Parameters
    ----------
    username : str
        The student.
    shards : int
        How many there are.

    Returns
    -------
    int
        From 0; the same on every machine, whatever the order of rows.

    Examples
    --------
    >>> shard_of("made-up-1", 1), shard_of("made-up-1", 8) == shard_of("made-up-1", 8)
    (0, True)
    """
    if shards == 1:
        return 0
    digest = hashlib.blake2b(username.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % shards


class ShardWriter:
    """Write the rows of a table to its shards; the files appear under their names when all are whole.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        One a shard; their folders are made.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self._rows: list[list[dict[str, Any]]] = [[] for _ in self._paths]
        self._sizes = [0] * len(self._paths)
        self._held = 0
        self._writers: dict[int, pq.ParquetWriter] = {}

    def __enter__(self) -> ShardWriter:
        return self

    def write(self, row: dict[str, Any]) -> int:
        """Add one row.

        Parameters
        ----------
        row : dict
            One value a column of :data:`pcutils.sources.TRACE_SCHEMA`.

        Returns
        -------
        int
            Its shard. Within a shard the order is that of the calls.
        """
        shard = shard_of(row["username"], len(self._paths))
        self._rows[shard].append(row)
        characters = sum(map(len, row["programs"]))
        self._sizes[shard] += characters
        self._held += characters
        if len(self._rows[shard]) >= ROWS_IN_GROUP or self._sizes[shard] >= CHARACTERS_IN_GROUP:
            self._flush(shard)
        elif self._held >= CHARACTERS_IN_MEMORY:
            for each in range(len(self._paths)):
                self._flush(each)
        return shard

    def _flush(self, shard: int) -> None:
        if shard not in self._writers:
            self._paths[shard].parent.mkdir(parents=True, exist_ok=True)
            self._writers[shard] = pq.ParquetWriter(self._part(shard), TRACE_SCHEMA, compression="zstd")
        if self._rows[shard]:
            self._writers[shard].write_table(pa.Table.from_pylist(self._rows[shard], schema=TRACE_SCHEMA))
        self._held -= self._sizes[shard]
        self._rows[shard], self._sizes[shard] = [], 0

    def _part(self, shard: int) -> Path:
        return self._paths[shard].with_name(f".{os.getpid()}-{self._paths[shard].name}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                for shard in range(len(self._paths)):
                    self._flush(shard)
            for writer in self._writers.values():
                writer.close()
            if kind is None:
                for shard, path in enumerate(self._paths):
                    self._part(shard).replace(path)
        finally:
            for shard in self._writers:
                self._part(shard).unlink(missing_ok=True)


def read_batches(
    path: Path, rows: int, columns: Sequence[str] | None = None
) -> Iterator[list[Mapping[str, Any]]]:
    """Go through one shard, or a table that is a single file, with few rows in memory at a time.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    rows : int
        At most so many at a time.
    columns : sequence of str, optional
        Only these; all of :data:`pcutils.sources.TRACE_SCHEMA` if not given.

    Yields
    ------
    list of mapping
        Rows, in order.

    Raises
    ------
    pcutils.errors.DataError
        If the file is missing, is not whole, or lacks a column; the message says what to do.
    """
    wanted = list(columns or TRACE_SCHEMA.names)
    expected = "a table of the run, or a shard of it"
    try:
        with pq.ParquetFile(path) as file:
            missing = [name for name in wanted if name not in file.schema_arrow.names]
            if missing:
                raise DataError("no such column", expected, file=str(path), field=missing[0], hint=_AGAIN)
            for batch in file.iter_batches(batch_size=rows, columns=wanted):
                yield batch.to_pylist()
    except FileNotFoundError as error:
        hint = "`pcutils run` writes it."
        raise DataError("no such file", expected, file=str(path), hint=hint) from error
    except (pa.ArrowException, OSError) as error:
        found = "a file that is damaged or only half written"
        raise DataError(found, expected, file=str(path), hint=_AGAIN) from error
