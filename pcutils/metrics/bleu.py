"""How alike programs are as texts by BLEU: within a set, against references, and of one pair."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from fractions import Fraction
from itertools import repeat

import numpy as np

from pcutils.errors import DataError
from pcutils.metrics.code import code_tokens

LONGEST_GRAM = 4

Gram = tuple[str, ...]
Group = Hashable


def self_bleu(programs: Sequence[str]) -> float:
    """BLEU of each program against all the others; lower is more varied.

    Parameters
    ----------
    programs : sequence of str
        At least two programs; words are separated by white space.

    Returns
    -------
    float
        From 0 to 1, the mean of BLEU-1 to BLEU-4.

    Notes
    -----
    The paper's release, which follows Zhu et al. (2018): counts are summed over all samples before they are
    divided (Papineni et al., 2002), and a sample shorter than n words still adds one n-gram to the
    denominator, so that sets of very short programs come out as varied (`corrected_self_bleu` does not).
    Time grows with the number of words, not of pairs.

    Examples
    --------
    >>> round(self_bleu(["fd 50 rt 90", "fd 50 rt 45", "dot red 20"]), 3)
    0.353
    """
    _require(programs, 2, "programs")
    return _mean_bleu(programs, range(len(programs)))


def corrected_self_bleu(programs: Sequence[str], groups: Sequence[Group] | None = None) -> float:
    """Self-BLEU that counts only n-grams that exist and leaves out samples of the same origin.

    Parameters
    ----------
    programs : sequence of str
        At least two programs.
    groups : sequence of hashable, same length, optional
        Where each program comes from, such as its prompt; programs of one group are no references for each
        other. At least two groups.

    Returns
    -------
    float
        From 0 to 1; an n-gram length that no program reaches takes no part in the mean.

    Notes
    -----
    `self_bleu` gives a few very short and nearly equal programs the lowest, that is the best, value, and
    makes a model look less varied the more samples are drawn per prompt.

    Examples
    --------
    >>> self_bleu(["fd 50", "fd 50"]) < corrected_self_bleu(["fd 50", "fd 50"]) == 1.0
    True
    """
    _require(programs, 2, "programs")
    owners: Sequence[Group] = range(len(programs)) if groups is None else groups
    if len(owners) != len(programs) or len(set(owners)) < 2:
        raise DataError(
            f"{len(owners)} groups, {len(set(owners))} of them distinct",
            "one a program, at least two distinct",
        )
    return _mean_bleu(programs, owners, empty_counts_one=False)


def reference_bleu(programs: Sequence[str], references: Sequence[str]) -> float:
    """BLEU of programs against a set of reference programs.

    Parameters
    ----------
    programs : sequence of str
        At least one program.
    references : sequence of str
        At least one; every program is compared with all of them.

    Returns
    -------
    float
        From 0 to 1, the mean of BLEU-1 to BLEU-4. Not symmetric.

    Notes
    -----
    The paper's release with all last programs of another collection as references; short programs are
    counted as in `self_bleu`.

    Examples
    --------
    >>> reference_bleu(["fd 50 rt 90"], ["fd 50 rt 90", "dot red"])
    1.0
    """
    _require(programs, 1, "programs")
    _require(references, 1, "references")
    groups = [0] * len(programs) + [1] * len(references)
    return _mean_bleu([*programs, *references], groups, samples=len(programs))


def sample_bleu(program: str, reference: str) -> float:
    r"""BLEU of one program against one reference by their `code_tokens`, for programs of any length.

    BLEU-4 of a single pair is 0 as soon as one n-gram length has no match, so from n = 2 on, one is added to
    the matches and to the n-grams (smoothing 2 of Chen and Cherry, 2014, after Lin and Och, 2004).

    >>> sample_bleu("fd 50\nrt 90", "fd 50\nrt 90")
    1.0
    >>> sample_bleu("fd 50\nrt 90", "fd 50\nrt 45") > sample_bleu("fd 50\nrt 90", "speed 5\nfd 5")
    True
    """
    words, others = code_tokens(program), code_tokens(reference)
    if not words or not others:
        return float(words == others)
    logarithms = []
    for n in range(1, LONGEST_GRAM + 1):
        grams, wanted = Counter(_grams(words, n)), Counter(_grams(others, n))
        matches, total = (grams & wanted).total(), grams.total()
        if n == 1 and not matches:
            return 0.0
        logarithms.append(math.log(matches / total if n == 1 else (matches + 1) / (total + 1)))
    return _brevity(len(words), len(others)) * math.exp(math.fsum(logarithms) / LONGEST_GRAM)


def _require(items: Sequence[str], least: int, name: str) -> None:
    if len(items) < least:
        raise DataError(f"{len(items)} {name}", f"at least {least}")


def _grams(words: Sequence[str], n: int) -> Iterable[Gram]:
    return zip(*(words[start:] for start in range(n)), strict=False)


def _mean_bleu(
    programs: Sequence[str],
    groups: Sequence[Group],
    *,
    samples: int | None = None,
    empty_counts_one: bool = True,
) -> float:
    """Mean of BLEU-1 to BLEU-4 of the first programs, with all programs of other groups as references.

    Weights are equal, and the order of operations is that of nltk's ``corpus_bleu``.
    """
    words = [program.split() for program in programs]
    logarithms: list[float] = []
    for n in range(1, LONGEST_GRAM + 1):
        counted = [Counter(_grams(program, n)) for program in words]
        largest = _two_largest(counted, groups)
        matches = sum(
            min(count, second if owner == group else first)
            for counts, group in zip(counted[:samples], groups[:samples], strict=True)
            for gram, count in counts.items()
            for first, owner, second in (largest[gram],)
        )
        if n == 1 and not matches:
            return 0.0
        total = sum(max(int(empty_counts_one), len(program) - n + 1) for program in words[:samples])
        if total:
            logarithms.append(math.log(Fraction(matches, total) if matches else sys.float_info.min))
    lengths = [*map(len, words)]
    brevity = _brevity(sum(lengths[:samples]), _closest_lengths(lengths, groups, samples))
    scores = [
        brevity * math.exp(math.fsum(1 / n * value for value in logarithms[:n]))
        for n in range(1, len(logarithms) + 1)
    ]
    return float(np.mean(scores))


def _two_largest(
    counted: Sequence[Counter[Gram]], groups: Sequence[Group]
) -> dict[Gram, tuple[int, Group, int]]:
    """Per n-gram its largest count, the group that has it, and the largest count in any other group."""
    largest: dict[Gram, tuple[int, Group, int]] = {}
    for counts, group in zip(counted, groups, strict=True):
        for (gram, count), (first, owner, second) in zip(
            counts.items(), map(largest.get, counts, repeat((0, group, 0))), strict=True
        ):
            if owner == group:
                largest[gram] = (max(first, count), group, second)
            elif count > first:
                largest[gram] = (count, group, first)
            else:
                largest[gram] = (first, owner, max(second, count))
    return largest


def _closest_lengths(lengths: Sequence[int], groups: Sequence[Group], samples: int | None) -> int:
    """Sum of the closest length in another group, per sample; the shorter of two equally close ones."""
    of_all = Counter(lengths)
    of_group = Counter(zip(groups, lengths, strict=True))
    total = 0
    for group, own in zip(groups[:samples], lengths[:samples], strict=True):
        others = (length for length, count in of_all.items() if count > of_group[group, length])
        total += min(others, key=lambda length: (abs(length - own), length))
    return total


def _brevity(words: int, closest_words: int) -> float:
    if words > closest_words:
        return 1.0
    return math.exp(1 - closest_words / words) if words else 0.0
