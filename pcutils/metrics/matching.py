"""Matching blocks and line differences as Python 3.11 finds them, whatever interpreter runs.

The paper's edit measures use Ratcliff and Obershelp's matching: take the longest common block, then repeat on
its left and right. Python changed how it compares lines in 2024, so both steps are implemented here, with
fast substring search in place of Python's character tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

import numpy as np
from rapidfuzz.distance import LCSseq, Postfix, Prefix
from rapidfuzz.process import cdist

POPULAR_FROM_LENGTH = 200
_SIMILAR_ENOUGH = 0.75


def matched_blocks(before: str, after: str, *, popular_seeds: bool = False) -> list[tuple[int, int, int]]:
    """Find the blocks of text that two strings share, as (start in before, start in after, length).

    The same blocks as ``difflib.SequenceMatcher(None, before, after)``, except that neighbouring blocks are
    not merged and the order is arbitrary. `popular_seeds` says whether a character may start a match however
    often it occurs; by default, as in Python ("autojunk"), one that makes up more than about 1 % of an
    `after` of 200 characters or more can only extend a match.
    """
    seeding = None if popular_seeds or len(after) < POPULAR_FROM_LENGTH else _seeding_characters(after)
    seeds = None if seeding is None else _runs_of(seeding, before)
    blocks = []
    ranges = [(0, len(before), 0, len(after))]
    while ranges:
        low, high, other_low, other_high = ranges.pop()
        if seeds is None:
            start, other, size = _longest(before, after, [(low, high)], other_low, other_high)
        else:
            inside = [(max(s, low), min(e, high)) for s, e in seeds if s < high and e > low]
            start, other, size = _longest(before, after, inside, other_low, other_high)
            if not size:
                start, other = low, other_low
            reach = _common_suffix(before, after, start, other, min(start - low, other - other_low))
            start, other, size = start - reach, other - reach, size + reach
            room = min(high - start, other_high - other) - size
            size += _common_prefix(before, after, start + size, other + size, room)
        if not size:
            continue
        blocks.append((start, other, size))
        if low < start and other_low < other:
            ranges.append((low, start, other_low, other))
        if start + size < high and other + size < other_high:
            ranges.append((start + size, high, other + size, other_high))
    return blocks


def similarity(before: str, after: str, *, popular_seeds: bool = False) -> float:
    """Share of two texts that lies in matching blocks; 1 for two empty texts, and not symmetric.

    >>> similarity("fd 50", "fd 100")
    0.7272727272727273
    """
    total = len(before) + len(after)
    if not total:
        return 1.0
    blocks = matched_blocks(before, after, popular_seeds=popular_seeds)
    return 2.0 * sum(size for _, _, size in blocks) / total


def line_differences(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str]]:
    """List deleted ("-") and added ("+") lines in the order of Python 3.11's ``difflib.Differ``.

    Where lines are replaced, the pair of lines with the highest `similarity` (above 0.75, the first of
    equals) is shown side by side, and the lines before and after it are treated in the same way.

    >>> line_differences(["fd 50", "rt 90"], ["fd 500", "rt 90", "dot red"])
    [('-', 'fd 50'), ('+', 'fd 500'), ('+', 'dot red')]
    """
    differences: list[tuple[str, str]] = []
    for low, high, other_low, other_high in _replaced_ranges(before, after):
        differences += _replacement(before[low:high], after[other_low:other_high])
    return differences


@lru_cache(maxsize=64)
def _seeding_characters(text: str) -> frozenset[str]:
    """Characters of a long text that are rare enough to start a match."""
    limit = len(text) // 100 + 1
    return frozenset(character for character in set(text) if text.count(character) <= limit)


def _runs_of(characters: frozenset[str], text: str) -> list[tuple[int, int]]:
    """Start and end of every stretch of a text that has these characters only."""
    others = set(text) - characters
    if not others:
        return [(0, len(text))]
    gap = min(others)
    masked = text.translate(dict.fromkeys(map(ord, others), gap))
    return [run.span() for run in re.finditer(f"[^{re.escape(gap)}]+", masked)]


def _longest(
    before: str, after: str, runs: Sequence[tuple[int, int]], other_low: int, other_high: int
) -> tuple[int, int, int]:
    """Longest block inside a run that also occurs in after[other_low:other_high], the first of equals."""
    best_start = best_other = best = 0
    for low, high in runs:
        for start in range(low, high):
            if start + best >= high:
                break
            other = after.find(before[start : start + best + 1], other_low, other_high)
            while other >= 0:
                size = best + 1
                room = min(high - start, other_high - other) - size
                best = size + _common_prefix(before, after, start + size, other + size, room)
                best_start, best_other = start, other
                if start + best >= high:
                    break
                other = after.find(before[start : start + best + 1], other + 1, other_high)
    return best_start, best_other, best


def _common_prefix(before: str, after: str, start: int, other: int, room: int) -> int:
    """Number of equal characters from two positions on, at most `room`."""
    return Prefix.similarity(before[start : start + room], after[other : other + room])


def _common_suffix(before: str, after: str, end: int, other_end: int, room: int) -> int:
    """Number of equal characters up to two positions, at most `room`."""
    return Postfix.similarity(before[end - room : end], after[other_end - room : other_end])


def _replaced_ranges(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    codes = {line: chr(code) for code, line in enumerate(dict.fromkeys([*before, *after]))}
    encoded = ["".join([codes[line] for line in lines]) for lines in (before, after)]
    low = other_low = 0
    for start, other, size in [*sorted(matched_blocks(*encoded)), (len(before), len(after), 0)]:
        if low < start or other_low < other:
            yield low, start, other_low, other
        low, other_low = start + size, other + size


def _replacement(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str]]:
    differences: list[tuple[str, str]] = []
    pairs = _SimilarPairs(before, after)
    pending: list[tuple[int, int, int, int] | list[tuple[str, str]]] = [(0, len(before), 0, len(after))]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            differences += item
            continue
        low, high, other_low, other_high = item
        pair = pairs.best(*item)
        if pair is None:
            gone = [("-", line) for line in before[low:high]]
            come = [("+", line) for line in after[other_low:other_high]]
            differences += come + gone if 0 < len(come) < len(gone) else gone + come
            continue
        line, other = pair
        shown = [("-", before[line]), ("+", after[other])] if before[line] != after[other] else []
        pending += [(line + 1, high, other + 1, other_high), shown, (low, line, other_low, other)]
    return differences


class _SimilarPairs:
    """The lines of a replacement that are shown side by side.

    A longest common subsequence bounds the similarity of two lines from above and is much faster, so the
    exact value is computed only where the bound is the highest remaining.
    """

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        self.before, self.after = before, after

    def best(self, low: int, high: int, other_low: int, other_high: int) -> tuple[int, int] | None:
        """Positions of the most similar lines in a range, else of the first equal ones, else None.

        Two single lines are shown side by side however different they are.
        """
        if low == high or other_low == other_high:
            return None
        if high - low == other_high - other_low == 1:
            return low, other_low
        bounds, exact, equal = (table[other_low:other_high, low:high] for table in self._tables)
        while True:
            other, line = divmod(int(bounds.argmax()), high - low)
            if bounds[other, line] < _SIMILAR_ENOUGH:
                break
            if exact[other, line]:
                return low + line, other_low + other
            bounds[other, line] = similarity(self.before[low + line], self.after[other_low + other])
            exact[other, line] = True
        other, line = divmod(int(equal.argmax()), high - low)
        return (low + line, other_low + other) if equal[other, line] else None

    @cached_property
    def _tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Bound of the similarity, whether it is exact, whether the lines are equal; a row per new line."""
        common = cdist(self.after, self.before, scorer=LCSseq.similarity, dtype=np.int32)
        lengths, other_lengths = (np.array([*map(len, lines)]) for lines in (self.before, self.after))
        totals = other_lengths[:, None] + lengths[None, :]
        equal = 2 * common == totals
        bounds = np.where(equal, 0.0, 2.0 * common / np.maximum(1, totals))
        return bounds, np.zeros(bounds.shape, dtype=bool), equal
