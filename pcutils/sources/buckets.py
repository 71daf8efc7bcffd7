"""Records that do not fit into memory, laid out on disk by a hash of their key and read back part by part."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from pcutils.sources.shards import shard_of

BYTES_A_BUCKET = 64 * 2**20
"""Of the source, unpacked; its records take some three times as much memory."""

_PACKED = 10
_MOST = 256


def bucket_count(files: Sequence[Path]) -> int:
    """Choose how many buckets the records of some files need.

    Parameters
    ----------
    files : sequence of pathlib.Path
        What is about to be read; a gzipped one counts ten times its size.

    Returns
    -------
    int
        From 1 to 256.
    """
    size = sum(file.stat().st_size * (_PACKED if file.suffix == ".gz" else 1) for file in files)
    return min(1 + size // BYTES_A_BUCKET, _MOST)


class Buckets:
    """Add records in any order, then read back all of one bucket at a time; records of a key stay together.

    Parameters
    ----------
    count : int
        How many buckets; a single one is kept in memory, several in files that nobody else may read and that
        are removed when the context ends.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._records: list[Any] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: list[BinaryIO] = []

    def __enter__(self) -> Buckets:
        if self._count > 1:
            self._folder = tempfile.TemporaryDirectory(prefix="pcutils-")
            self._files = [(Path(self._folder.name) / str(n)).open("w+b") for n in range(self._count)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.close()
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, key: str, record: Any) -> None:
        """Keep a record under the hash of its key."""
        if self._files:
            pickle.dump(record, self._files[shard_of(key, self._count)], pickle.HIGHEST_PROTOCOL)
        else:
            self._records.append(record)

    def contents(self) -> Iterator[list[Any]]:
        """Give the records of one bucket after the other, once."""
        if not self._files:
            yield self._records
        for file in self._files:
            file.seek(0)
            yield list(_unpickled(file))
            file.truncate(0)


def _unpickled(file: BinaryIO) -> Iterator[Any]:
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return
