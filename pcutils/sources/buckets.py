"""Records that do not fit into memory, laid out on disk by a hash of their key and read back part by part."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Hashable, Iterable, Iterator, Sequence
from heapq import merge
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from pcutils.sources.shards import shard_of

BYTES_A_BUCKET = 64 * 2**20
"""Of the source, unpacked; its records take some three times as much memory."""

_PACKED = 10
_MOST = 256


def bucket_count(files: Sequence[Path], bytes_a_bucket: int = BYTES_A_BUCKET) -> int:
    """Choose how many buckets the records of some files need.

    Parameters
    ----------
    files : sequence of pathlib.Path
        What is about to be read; a gzipped one counts ten times its size.
    bytes_a_bucket : int
        How much of it, unpacked, may be in memory at a time.

    Returns
    -------
    int
        From 1 to 256.
    """
    size = sum(file.stat().st_size * (_PACKED if file.suffix == ".gz" else 1) for file in files)
    return min(1 + size // bytes_a_bucket, _MOST)


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
            records = list(_unpickled(file))
            file.truncate(0)
            yield records

    def groups(self) -> Iterator[tuple[Any, list[Any]]]:
        """Give the records of one group after the other, once.

        Yields
        ------
        tuple of hashable and list
            A group and its records in the order in which they were added; the groups in the order of their
            first records. Of the buckets but one no more than a group each is in memory.

        Notes
        -----
        Every record must have been added as `(number, group, record)`: the number tells the order of adding,
        and a group lies within one key.
        """
        if not self._files:
            groups: Iterable[tuple[int, Hashable, list[Any]]] = _grouped(self._records)
        else:
            for file, records in zip(self._files, self.contents(), strict=True):
                file.seek(0)
                for whole in _grouped(records):
                    pickle.dump(whole, file, pickle.HIGHEST_PROTOCOL)
                file.seek(0)
            groups = merge(*map(_unpickled, self._files), key=itemgetter(0))
        for _, group, records in groups:
            yield group, records


def _grouped(records: Iterable[tuple[int, Hashable, Any]]) -> list[tuple[int, Hashable, list[Any]]]:
    groups: dict[Hashable, tuple[int, Hashable, list[Any]]] = {}
    for number, group, record in records:
        groups.setdefault(group, (number, group, []))[2].append(record)
    return list(groups.values())


def _unpickled(file: BinaryIO) -> Iterator[Any]:
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return
