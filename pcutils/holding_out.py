"""Choose by keyed hashes what is held out, so that no order of rows changes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pcutils.items import Codes, Items, Places, in_parts

Mask = NDArray[np.bool_]


def held_out(names: Sequence[str], share: float, key: str) -> Mask:
    """Choose names.

    Parameters
    ----------
    names : sequence of str
        All different.
    share : float
        How many of them; above 0 at least one and never all.
    key : str
        Another key, another choice.

    Returns
    -------
    array of bool, shape (n_names,)
        Which are held out.

    Examples
    --------
    >>> int(held_out(["a", "b", "c", "d"], 0.5, "a key").sum())
    2
    """
    held = np.zeros(len(names), dtype=bool)
    if share > 0:
        ranked = _order(((name,) for name in names), key)
        held[ranked[: min(max(1, round(share * len(names))), len(names) - 1)]] = True
    return held


def spare(items: Items, rows: Places, share: float, key: str) -> Mask:
    """Choose whole pairs of student and title, and single items where too few whole pairs can be spared.

    Parameters
    ----------
    items : Items
        Of a table.
    rows : array of int, shape (n_rows,)
        Which of them to choose among, all different.
    share : float
        How many of their pairs, in [0, 1); above 0 at least one, or one item, where that can be spared.
    key : str
        Another key, another choice.

    Returns
    -------
    array of bool, shape (n_rows,)
        Which are chosen. Every student and every title keeps an item that is not.
    """
    if share == 0:
        return np.zeros(len(rows), dtype=bool)
    students, titles, pair = items.pairs(rows)
    names = items.students.distinct, items.titles.distinct
    pairs = ((names[0][student], names[1][title]) for student, title in in_parts(students, titles))
    ranked = _order(pairs, key)
    wanted = max(1, round(share * len(ranked)))
    whole = np.zeros(len(ranked), dtype=bool)
    whole[ranked] = _whole_pairs(students[ranked], titles[ranked], wanted)
    chosen: Mask = whole[pair]
    count = int(np.count_nonzero(chosen))
    missing = round(share * len(rows)) - count if np.count_nonzero(whole) < wanted else 0
    more = max(missing, int(count == 0))
    if more > 0:
        rank = np.empty(len(ranked), dtype=np.intp)
        rank[ranked] = np.arange(len(ranked))
        chosen[_singles(items, rows, np.where(whole, -1, rank)[pair], key)[:more]] = True
    return chosen


def _place(parts: Iterable[str | bytes], key: bytes) -> bytes:
    """Place in an order that depends on the key and the names alone."""
    digest = hashlib.blake2b(digest_size=16, key=key)
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.digest()


def _order(things: Iterable[Sequence[str | bytes]], key: str) -> Places:
    """Give the places of things in the order of their keyed hashes, which no order of rows changes."""
    secret = hashlib.sha256(key.encode()).digest()
    places = bytearray()
    for parts in things:
        places += _place(parts, secret)
    high, low = np.frombuffer(places, dtype=">u8").astype(np.uint64).reshape(-1, 2).T
    return np.lexsort((low, high))


def _whole_pairs(students: Codes, titles: Codes, wanted: int) -> Mask:
    """Choose pairs in their order while every student and every title keeps at least one."""
    left = np.bincount(students).tolist(), np.bincount(titles).tolist()
    chosen = np.zeros(len(students), dtype=bool)
    missing = wanted
    for place, (student, title) in enumerate(in_parts(students, titles)):
        if not missing:
            break
        if left[0][student] > 1 and left[1][title] > 1:
            chosen[place] = True
            left[0][student] -= 1
            left[1][title] -= 1
            missing -= 1
    return chosen


def _singles(items: Items, rows: Places, pair_rank: Places, key: str) -> Places:
    """Order the items that pairs can spare while they keep one: first one of every pair, then the second.

    `pair_rank` has the place of each item's pair in the order of pairs, and -1 where it was chosen whole.
    """
    sizes = np.bincount(pair_rank + 1)
    places = np.flatnonzero((pair_rank >= 0) & (sizes[pair_rank + 1] > 1))
    names = items.students.distinct, items.titles.distinct
    some = rows[places]
    codes = in_parts(items.students.codes[some], items.titles.codes[some])
    things = (
        (names[0][student], names[1][title], content)
        for (student, title), content in zip(codes, items.contents(some), strict=True)
    )
    places = places[_order(things, key)]
    places = places[np.argsort(pair_rank[places], kind="stable")]
    rank = pair_rank[places]
    _, starts, counts = np.unique(rank, return_index=True, return_counts=True)
    turn = np.arange(len(rank)) - np.repeat(starts, counts)
    kept = turn < np.repeat(counts, counts) - 1
    return places[kept][np.lexsort((rank[kept], turn[kept]))]
