"""What came after each run of tokens, counted in arrays, and Kneser-Ney smoothing from short runs to long."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD = (1 << 64) - 1
_KINDS = 3
_LEAST_DISCOUNT = 0.1  # what a context leaves to shorter ones is never nothing


@dataclass(frozen=True)
class ContextCounts:
    """How often each token came after each context of one length, with a discount for the shorter contexts.

    Parameters
    ----------
    keys : ndarray of uint64, shape (n_pairs,)
        Contexts from :func:`context_keys`, rising.
    tokens : ndarray of int64, shape (n_pairs,)
        What came next, rising within a context; no pair of context and token comes twice.
    counts : ndarray of int64, shape (n_pairs,)
        How often.

    Notes
    -----
    A context is known by a hash of 64 bits. Two that share one would be counted together, and what follows
    from the counts would still be a distribution.
    """

    keys: NDArray[np.uint64]
    tokens: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, keys: NDArray[np.uint64], tokens: NDArray[np.int64]) -> ContextCounts:
        """Count; one context and the token after it a row."""
        first, counts = _distinct(keys, tokens)
        return cls(keys[first], tokens[first], counts)

    @cached_property
    def _contexts(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Give the distinct contexts, and where the tokens of each begin, and of the last one end."""
        contexts, starts = np.unique(self.keys, return_index=True)
        return contexts, np.append(starts, len(self.keys))

    @cached_property
    def _shares(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the share of each pair in its context, (n_pairs,), and what each context leaves over."""
        contexts, offsets = self._contexts
        if not len(contexts):
            return np.zeros(0), np.zeros(0)
        discounts = _discounts(self.counts)[np.minimum(self.counts, _KINDS)]
        totals = np.add.reduceat(self.counts, offsets[:-1])
        left = np.add.reduceat(discounts, offsets[:-1]) / totals
        return (self.counts - discounts) / np.repeat(totals, np.diff(offsets)), left

    def add_to(self, lower: NDArray[np.float64], key: int) -> NDArray[np.float64]:
        """Smooth the distribution after one context with a lower one, both of shape (vocabulary,)."""
        contexts, offsets = self._contexts
        place = int(np.searchsorted(contexts, np.uint64(key)))
        if place == len(contexts) or contexts[place] != np.uint64(key):
            return lower
        shares, left = self._shares
        pairs = slice(offsets[place], offsets[place + 1])
        mixed = lower * left[place]
        mixed[self.tokens[pairs]] += shares[pairs]
        return mixed

    def add_to_each(
        self, lower: NDArray[np.float64], keys: NDArray[np.uint64], tokens: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Do the same for one token after each of many contexts, all of shape (n,)."""
        contexts, offsets = self._contexts
        if not len(contexts) or not len(keys):
            return lower
        shares, left = self._shares
        place = np.minimum(np.searchsorted(contexts, keys), len(contexts) - 1)
        size = int(max(self.tokens.max(), tokens.max())) + 1
        pairs = np.repeat(np.arange(len(contexts)), np.diff(offsets)) * size + self.tokens
        wanted = place * size + tokens
        found = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
        own = np.where(pairs[found] == wanted, shares[found], 0.0)
        return np.where(contexts[place] == keys, own + left[place] * lower, lower)


def count_contexts(keys: Sequence[NDArray[np.uint64]], tokens: NDArray[np.int64]) -> list[ContextCounts]:
    """Count for contexts of every length what a smoothing by Kneser and Ney needs.

    Parameters
    ----------
    keys : sequence of ndarray of uint64, shape (n,) each
        Contexts of each token, the shortest first.
    tokens : ndarray of int64, shape (n,)
        The tokens.

    Returns
    -------
    list of ContextCounts, as long as `keys`
        Of the longest contexts how often each token came; of shorter ones after how many different contexts
        longer by one it came.
    """
    tables: list[ContextCounts] = []
    for longer in reversed(range(len(keys))):
        tables.insert(0, ContextCounts.of(keys[longer], tokens))
        rows, _ = _distinct(keys[longer], tokens)
        keys, tokens = [key[rows] for key in keys], tokens[rows]
    return tables


def _distinct(
    keys: NDArray[np.uint64], tokens: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give one row of each pair, sorted, and how often the pair comes."""
    order = np.lexsort((tokens, keys))
    keys, tokens = keys[order], tokens[order]
    is_new = np.ones(len(keys), dtype=bool)
    is_new[1:] = (keys[1:] != keys[:-1]) | (tokens[1:] != tokens[:-1])
    starts = np.flatnonzero(is_new)
    return order[starts], np.diff(starts, append=len(keys))


def _discounts(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give what is taken from a count of 0, 1, 2, and 3 or more, by how many there are of each."""
    ones, twos, threes, fours = (int(np.count_nonzero(counts == number)) for number in range(1, 5))
    share = ones / (ones + 2 * twos) if ones else 0.5
    found = [0.0]
    for number, here, above in ((1, ones, twos), (2, twos, threes), (3, threes, fours)):
        raw = number - (number + 1) * share * above / here if here else number / 2
        found.append(min(max(raw, _LEAST_DISCOUNT), float(number)))
    return np.array(found)


def smooth(
    tables: Sequence[ContextCounts], lower: NDArray[np.float64], keys: Sequence[int]
) -> NDArray[np.float64]:
    r"""Go from short contexts to long ones, as in interpolated modified Kneser-Ney smoothing.

    Parameters
    ----------
    tables : sequence of ContextCounts
        The shortest contexts first.
    lower : ndarray, shape (vocabulary,)
        Distribution to begin with.
    keys : sequence of int, as long as `tables`
        The context, in each table's length.

    Returns
    -------
    ndarray, shape (vocabulary,)
        A distribution, :math:`(c(w) - D_{c(w)} + \sum_v D_{c(v)} P_\text{lower}(w)) / \sum_v c(v)` with the
        counts :math:`c` after each context; a context that was never seen changes nothing.

    Notes
    -----
    S. F. Chen and J. Goodman (1999), An empirical study of smoothing techniques for language modeling,
    Computer Speech and Language 13(4), section 3: three discounts a length, for counts of one, two and more.
    Where too few counts tell them, they are half the count. None is below 0.1, so that no token is
    impossible.
    """
    for table, key in zip(tables, keys, strict=True):
        lower = table.add_to(lower, key)
    return lower


def smooth_each(
    tables: Sequence[ContextCounts],
    lower: NDArray[np.float64],
    keys: Sequence[NDArray[np.uint64]],
    tokens: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Do as :func:`smooth` for one token after each of many contexts, all of shape (n,)."""
    for table, key in zip(tables, keys, strict=True):
        lower = table.add_to_each(lower, key, tokens)
    return lower


def context_keys(start: Any, history: Sequence[Any]) -> list[Any]:
    """Name contexts of every length by numbers of 64 bits.

    Parameters
    ----------
    start : int or ndarray of uint64
        Names what else belongs to the context, such as a title.
    history : sequence of int or ndarray of uint64
        The tokens before, the newest first.

    Returns
    -------
    list of int or ndarray of uint64, one longer than `history`
        Keys of the contexts without a token, with the newest, with the newest two, ...

    Notes
    -----
    The mixing step is that of SplitMix64: G. L. Steele, D. Lea and C. H. Flood (2014), Fast splittable
    pseudorandom number generators, OOPSLA.
    """
    keys = [start]
    for token in history:
        value = ((keys[-1] ^ (token + 1)) + 0x9E3779B97F4A7C15) & _WORD
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _WORD
        keys.append(value ^ (value >> 31))
    return keys


def title_key(title: str | None) -> int:
    """Name a title by a number of 64 bits."""
    text = (title or "").encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
