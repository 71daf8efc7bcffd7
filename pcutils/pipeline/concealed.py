"""What students wrote and are called, ready to be looked for in pages, in little memory."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pcutils.privacy import find_personal_data

#: A line of a program is a leak from this length on, in characters; shorter ones everybody writes.
SHORTEST_LINE = 16
#: A shorter user name or name would be found inside any text.
SHORTEST_NAME = 3
#: So many lines, or digests of programs, are in memory at a time.
LINES_AT_A_TIME, PROGRAMS_REMEMBERED = 50_000, 2**19
_WORD = re.compile(r"\w+")

Hashes = NDArray[np.int64]


class Secrets:
    """What students wrote and are called, ready to be looked for in pages.

    Parameters
    ----------
    rows : iterable of mapping
        Rows of a table of traces, with `username` and `programs`. They are gone through once here, and again
        whenever a text holds the start of a line, so no iterator will do.
    public : str
        Text that everybody can read already, such as the pages of the book as they are in the repository:
        what is in it is no secret.

    Notes
    -----
    Of each line that is not public eight bytes are kept, a hash of how it starts; user names, personal data
    and lines that start like a public one are kept whole.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]], public: str = "") -> None:
        self._rows = rows
        self.usernames: set[str] = set()
        self._known = _Known(public)
        self._starts = _Hashes()
        self._lines: dict[str, set[str]] = {}
        self._looked_up: set[str] = set()
        personal: set[str] = set()
        seen: set[bytes] = set()
        lines: set[str] = set()
        for row in rows:
            self.usernames.add(str(row["username"]))
            programs = [program for program in row["programs"] if _is_new(program, seen)]
            personal.update(item for program in programs for item in _personal(program))
            lines |= _long_lines(programs)
            if len(lines) >= LINES_AT_A_TIME:
                self._add(lines)
                lines = set()
        self._add(lines)
        self.students = len(self.usernames)
        self._names = _Words(self.usernames, self._known)
        self._personal = _Words(personal, self._known)

    def _add(self, found: Iterable[str]) -> None:
        lines = list(found)
        hashes = _hashes(line[:SHORTEST_LINE] for line in lines)
        is_near = self._known.may_start(hashes)
        for place in np.flatnonzero(is_near):
            if not self._known.has_line(lines[place], hashes[place]):
                self._lines.setdefault(lines[place][:SHORTEST_LINE], set()).add(lines[place])
        self._starts.add(hashes[~is_near])

    def look_up(self, texts: Iterable[str]) -> None:
        """Go through the rows once for all texts together, where one of them holds the start of a line.

        Parameters
        ----------
        texts : iterable of str
            What is about to be given to :meth:`in_text`.
        """
        suspicious = {start for text in texts for start in self._starts_in(_plain(text))}
        suspicious -= self._looked_up
        for row in self._rows if suspicious else ():
            for line in _long_lines(row["programs"]):
                if line[:SHORTEST_LINE] in suspicious:
                    self._lines.setdefault(line[:SHORTEST_LINE], set()).add(line)
        self._looked_up |= suspicious

    def in_text(self, text: str) -> dict[str, int]:
        """Count the different secrets in a text.

        Parameters
        ----------
        text : str
            Plain text; for pages see :func:`pcutils.pipeline.leaks.visible_text`.

        Returns
        -------
        dict of str to int
            `line`, `username` and `personal`, those that occur. A user name or a personal item counts only
            as a word of its own.
        """
        self.look_up([text])
        plain = _plain(text)
        found = {
            "line": len(self._lines_in(plain)),
            "username": len(self._names.found_in(plain)),
            "personal": len(self._personal.found_in(plain)),
        }
        return {kind: count for kind, count in found.items() if count}

    def _starts_in(self, plain: str) -> set[str]:
        """Find how a line may start; the hash of a text can be that of another one."""
        hashes = _hashes(_windows(plain))
        places = np.flatnonzero(self._starts.have(hashes)).tolist()
        return {plain[place : place + SHORTEST_LINE] for place in places}

    def _lines_in(self, plain: str) -> set[str]:
        return {
            line
            for place, start in enumerate(_windows(plain))
            for line in self._lines.get(start, ())
            if plain.startswith(line, place)
        }


class _Known:
    """The text that is no secret."""

    def __init__(self, text: str) -> None:
        self._text = _plain(text)
        self._words = set(_WORD.findall(self._text))
        hashes = _hashes(_windows(self._text))
        self._places = np.argsort(hashes).astype(np.int32)
        self._hashes = hashes[self._places]

    def may_start(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Whether texts of these hashes occur; sometimes true where they do not."""
        return _contains(self._hashes, hashes)

    def has_line(self, line: str, start: np.int64) -> bool:
        """Whether a line occurs, and not merely inside a longer word; `start` is the hash of its start."""
        first, end = (np.searchsorted(self._hashes, start, side=side) for side in ("left", "right"))
        return any(self._is_at(int(place), line) for place in self._places[first:end])

    def has_word(self, item: str) -> bool:
        """Whether an item occurs, and not merely inside a longer word."""
        if not self._words.issuperset(_WORD.findall(item)):
            return False
        place = self._text.find(item)
        while place >= 0 and not self._is_at(place, item):
            place = self._text.find(item, place + 1)
        return place >= 0

    def _is_at(self, place: int, item: str) -> bool:
        end = place + len(item)
        around = self._text[max(0, place - 1) : place], self._text[end : end + 1]
        return self._text.startswith(item, place) and not any(map(_WORD.match, around))


class _Words:
    """User names or personal data that are not public."""

    def __init__(self, items: set[str], known: _Known) -> None:
        self._items = items
        self._others = {item for item in items if len(item) < SHORTEST_NAME or known.has_word(item)}
        self._lengths: dict[str, set[int]] = {}
        for item in items:
            self._lengths.setdefault(item[:SHORTEST_NAME], set()).add(len(item))

    def found_in(self, plain: str) -> set[str]:
        found: set[str] = set()
        for match in _WORD.finditer(plain):
            place = match.start()
            for length in self._lengths.get(plain[place : place + SHORTEST_NAME], ()):
                end = place + length
                if plain[place:end] in self._items and not plain[end : end + 1].isalnum():
                    found.add(plain[place:end])
        return found - self._others


class _Hashes:
    """A set of hashes, eight bytes each."""

    def __init__(self) -> None:
        self._sorted: Hashes = np.empty(0, dtype=np.int64)
        self._fresh: list[Hashes] = []
        self._waiting = 0

    def add(self, hashes: Hashes) -> None:
        self._fresh.append(hashes)
        self._waiting += len(hashes)
        if self._waiting > max(2**20, len(self._sorted) // 2):
            self._merge()

    def have(self, hashes: Hashes) -> NDArray[np.bool_]:
        if self._waiting:
            self._merge()
        return _contains(self._sorted, hashes)

    def _merge(self) -> None:
        self._sorted = np.unique(np.concatenate([self._sorted, *self._fresh]))
        self._fresh, self._waiting = [], 0


def _contains(ascending: Hashes, hashes: Hashes) -> NDArray[np.bool_]:
    if not len(ascending):
        return np.zeros(len(hashes), dtype=bool)
    places = np.minimum(np.searchsorted(ascending, hashes), len(ascending) - 1)
    return ascending[places] == hashes


def _windows(plain: str) -> Iterator[str]:
    return (plain[place : place + SHORTEST_LINE] for place in range(len(plain) - SHORTEST_LINE + 1))


def _hashes(texts: Iterable[str]) -> Hashes:
    return np.array(array("q", map(hash, texts)), dtype=np.int64)


def _is_new(program: str, seen: set[bytes]) -> bool:
    """Whether a program has not come lately, so that few are read twice; `seen` stays small."""
    digest = blake2b(program.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    if digest in seen:
        return False
    if len(seen) >= PROGRAMS_REMEMBERED:
        seen.clear()
    seen.add(digest)
    return True


def _long_lines(programs: Iterable[str]) -> set[str]:
    """Lines that are a leak; short ones everybody writes."""
    lines = {line for program in programs for line in program.splitlines()}
    return {plain for plain in map(_plain, lines) if len(plain) >= SHORTEST_LINE}


def _personal(program: str) -> Iterator[str]:
    return (_plain(program[found.start : found.end]) for found in find_personal_data(program))


def _plain(text: str) -> str:
    return " ".join(text.split())
