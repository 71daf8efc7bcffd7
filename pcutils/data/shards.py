"""Tables in shards of whole students, for data larger than memory, and what a run keeps of its source."""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pcutils.data.load import Reading
from pcutils.data.rows import RejectedRow, write_rejected
from pcutils.data.sources import SourceOptions
from pcutils.data.splits import Item, item_of, split_items
from pcutils.data.table import TRACE_SCHEMA
from pcutils.errors import replacing

ROWS_IN_GROUP = 5_000
CHARACTERS_IN_MEMORY = 64 * 2**20
"""Of all shards together; a shard writes what it holds when that is its share."""


def shard_of(username: str, shards: int) -> int:
    """Tell in which shard a student lies; the same on every machine, whatever the order of rows."""
    if shards == 1:
        return 0
    digest = hashlib.blake2b(username.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % shards


class ShardWriter:
    """Write the rows of a table to one file a shard; they appear under their names when all are whole."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self._rows: list[list[dict[str, Any]]] = [[] for _ in self._paths]
        self._sizes = [0] * len(self._paths)
        self._most = max(CHARACTERS_IN_MEMORY // len(self._paths), 1)
        self._writers: dict[int, pq.ParquetWriter] = {}

    def __enter__(self) -> ShardWriter:
        return self

    def write(self, row: dict[str, Any]) -> int:
        """Add a row; gives its shard, within which the order is that of the calls."""
        shard = shard_of(row["username"], len(self._paths))
        self._rows[shard].append(row)
        self._sizes[shard] += sum(map(len, row["programs"]))
        if len(self._rows[shard]) >= ROWS_IN_GROUP or self._sizes[shard] >= self._most:
            self._flush(shard)
        return shard

    def _flush(self, shard: int) -> None:
        if shard not in self._writers:
            self._paths[shard].parent.mkdir(parents=True, exist_ok=True)
            self._writers[shard] = pq.ParquetWriter(self._part(shard), TRACE_SCHEMA, compression="zstd")
        if self._rows[shard]:
            self._writers[shard].write_table(pa.Table.from_pylist(self._rows[shard], schema=TRACE_SCHEMA))
        self._rows[shard], self._sizes[shard] = [], 0

    def _part(self, shard: int) -> Path:
        return self._paths[shard].with_name(f".{os.getpid()}-{self._paths[shard].name}")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            for shard in range(len(self._paths)) if kind is None else ():
                self._flush(shard)
            for writer in self._writers.values():
                writer.close()
            for shard, path in enumerate(self._paths) if kind is None else ():
                self._part(shard).replace(path)
        finally:
            for shard in self._writers:
                self._part(shard).unlink(missing_ok=True)


def write_tables(
    options: SourceOptions,
    *,
    traces: Sequence[Path],
    splits: Sequence[Path],
    students: Path,
    rejected: Path,
    reading: Path,
    shares: Mapping[str, Any],
) -> str:
    """Go through a source once and write everything that a run keeps of it; say in a line what was read.

    `traces` and `splits` have one Parquet file a shard: the traces, and username, title and split in the same
    order. `rejected` are JSON lines, written also where too many rows are rejected, which is a DataError;
    `reading` counts what became of all rows. `shares` are options of :func:`pcutils.data.split_items`.
    """
    source = Reading(options)
    items: list[Item] = []
    shards = array("i")

    def rejected_rows() -> Iterator[RejectedRow]:
        for row in source.rows:
            if isinstance(row, RejectedRow):
                yield row
            else:
                shards.append(writer.write(row))
                items.append(item_of(row["username"], row["title"], row["programs"]))

    with ShardWriter(traces) as writer:
        with replacing(rejected) as part:
            write_rejected(rejected_rows(), part)
        source.check_rejected()
    published = source.published if any(source.published) else None
    _write_splits(items, split_items(items, published=published, **shares), shards, splits)
    with replacing(students) as part:
        source.students().to_parquet(part, index=False)
    facts = {"traces": len(items), "rejected": dict(source.rejected), "counts": dict(source.counts)}
    with replacing(reading) as part:
        part.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    counts = ", ".join(f"{count:,} {what}" for what, count in source.counts.most_common())
    return f"{len(items):,} traces; {source.summary()}" + (f" ({counts})" if counts else "")


def _write_splits(
    items: Sequence[Item], labels: Iterable[str], shards: Sequence[int], paths: Sequence[Path]
) -> None:
    import pandas

    rows = [(item.username, item.title, label) for item, label in zip(items, labels, strict=True)]
    table = pandas.DataFrame(rows, columns=["username", "title", "split"], dtype="str")
    shard_of_row = pandas.Series(shards)
    for shard, path in enumerate(paths):
        with replacing(path) as part:
            table[shard_of_row == shard].to_parquet(part, index=False)
