"""What splitting needs to know of the traces of a table, in so few bytes that millions fit into memory."""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_CONTENT_BYTES = 16

Codes = NDArray[np.int32]
Places = NDArray[np.intp]
Pair = tuple[str, str]


class Item(NamedTuple):
    """A trace as far as splitting looks at it; equal rows of a table are one item and stay together."""

    username: str
    title: str
    content: bytes

    @property
    def pair(self) -> Pair:
        """Student and title."""
        return self.username, self.title


def item_of(username: str, title: str, programs: Sequence[str]) -> Item:
    """Give what splitting needs to know of a trace; some 300 bytes, whatever its length."""
    text = repr(list(programs)).encode("utf-8", "surrogatepass")
    return Item(sys.intern(username), sys.intern(title), _digest(text))


class Names:
    """A column of names that occur often: each is kept once, and four bytes a row."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._codes = array("i")

    def append(self, name: str) -> None:
        """Add a row."""
        self._codes.append(self._places.setdefault(name, len(self._places)))

    @property
    def codes(self) -> Codes:
        """Shape (n_rows,): the place of each row's name in `distinct`; a copy."""
        return np.array(self._codes, dtype=np.int32)

    @property
    def distinct(self) -> list[str]:
        """Each name once, in the order of their first rows."""
        return list(self._places)


class Items:
    """A column of items: some 25 bytes each, and every name once.

    Examples
    --------
    >>> items = Items()
    >>> items.append(item_of("made-up-1", "star", ["fd 1"]))
    >>> items.append(item_of("made-up-1", "star", ["fd 2"]))
    >>> len(items), len(items.pairs()[0])
    (2, 1)
    """

    def __init__(self) -> None:
        self._students, self._titles = Names(), Names()
        self._contents = bytearray()
        self._unusual: dict[bytes, bytes] = {}

    @classmethod
    def of(cls, items: Items | Iterable[Item]) -> Items:
        """Take items from wherever they come; a column of items as it is."""
        if isinstance(items, Items):
            return items
        column = cls()
        for item in items:
            column.append(item)
        return column

    def append(self, item: Item) -> None:
        """Add an item."""
        content = item.content
        if len(content) != _CONTENT_BYTES:
            content = _digest(content)
            self._unusual[content] = item.content
        self._students.append(item.username)
        self._titles.append(item.title)
        self._contents += content

    def __len__(self) -> int:
        return len(self._contents) // _CONTENT_BYTES

    @property
    def students(self) -> Names:
        """The student of each item."""
        return self._students

    @property
    def titles(self) -> Names:
        """The title of each item."""
        return self._titles

    def distinct(self) -> tuple[Places, Places]:
        """Tell which items are equal.

        Returns
        -------
        rows : array of int, shape (n_distinct,)
            A row of each different item.
        numbers : array of int, shape (n_items,)
            The place of each item's equal in `rows`.
        """
        contents = np.frombuffer(bytes(self._contents), dtype=np.uint64).reshape(-1, 2)
        columns = (*contents.T, self.titles.codes, self.students.codes)
        order = np.lexsort(columns)
        is_new = np.ones(len(order), dtype=bool)
        is_new[1:] = False
        for column in columns:
            in_order = column[order]
            is_new[1:] |= in_order[1:] != in_order[:-1]
        numbers = np.empty(len(order), dtype=np.intp)
        numbers[order] = np.cumsum(is_new) - 1
        return order[is_new], numbers

    def pairs(self, rows: Places | None = None) -> tuple[Codes, Codes, Places]:
        """Tell which items are of the same student and title.

        Parameters
        ----------
        rows : array of int, optional
            Only these items; all if not given.

        Returns
        -------
        students, titles : array of int, shape (n_pairs,)
            Codes of each different pair.
        numbers : array of int
            One an item: the place of its pair.
        """
        students, titles = self.students.codes, self.titles.codes
        if rows is not None:
            students, titles = students[rows], titles[rows]
        base = max(1, len(self.titles.distinct))
        pairs, numbers = np.unique(students.astype(np.int64) * base + titles, return_inverse=True)
        return (pairs // base).astype(np.int32), (pairs % base).astype(np.int32), numbers

    def contents(self, rows: Places) -> Iterator[bytes]:
        """Give the contents of some items, one after the other."""
        for (row,) in in_parts(rows):
            content = bytes(self._contents[row * _CONTENT_BYTES : (row + 1) * _CONTENT_BYTES])
            yield self._unusual.get(content, content)


def in_parts(*columns: NDArray[np.integer], size: int = 2**16) -> Iterator[tuple[int, ...]]:
    """Go through arrays of one length as Python's numbers, which take more memory, few at a time."""
    for start in range(0, len(columns[0]), size):
        yield from zip(*(column[start : start + size].tolist() for column in columns), strict=True)


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_CONTENT_BYTES).digest()
