"""How alike programs are as texts by BLEU: within a set, against references, and of one pair."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from fractions import Fraction
from itertools import repeat
from typing import NamedTuple

import numpy as np

from pcutils.errors import DataError
from pcutils.metrics.code import code_tokens

LONGEST_GRAM = 4

Gram = tuple[str, ...]
Group = Hashable


class _Totals(NamedTuple):
    """What BLEU sums over all samples, per n-gram length where a list."""

    matches: list[int]
    grams: list[int]
    words: int
    closest_words: int


def self_bleu(programs: Sequence[str]) -> float:
    """Say how alike samples are: BLEU of each against all the others, lower is more varied.

    Parameters
    ----------
    programs : sequence of str
        At least two programs; words are what stands between white space.

    Returns
    -------
    float
        From 0 to 1, the mean of BLEU-1 to BLEU-4.

    Raises
    ------
    pcutils.errors.DataError
        For fewer than two programs.

    Notes
    -----
    The paper's release, which follows Zhu et al. (2018): counts are summed over all samples before they are
    divided (Papineni et al., 2002), and a sample shorter than n words still adds one n-gram to the
    denominator, so that sets of very short programs come out as varied. `corrected_self_bleu` mends that.
    Each n-gram's two largest counts are kept instead of comparing all pairs, so time grows with the number
    of words.

    Examples
    --------
    >>> round(self_bleu(["fd 50 rt 90", "fd 50 rt 45", "dot red 20"]), 3)
    0.353
    """
    require_programs(programs, 2, "programs")
    totals = _totals_within(
        [program.split() for program in programs], range(len(programs)), empty_counts_one=True
    )
    return _mean_bleu(totals)


def corrected_self_bleu(programs: Sequence[str], groups: Sequence[Group] | None = None) -> float:
    """Self-BLEU that counts only the n-grams that are there, and leaves out samples of the same origin.

    Parameters
    ----------
    programs : sequence of str
        At least two programs.
    groups : sequence of hashable, same length, optional
        Where each program comes from, such as its prompt; programs of one group are no references for each
        other.

    Returns
    -------
    float
        From 0 to 1; an n-gram length that no program reaches takes no part in the mean.

    Raises
    ------
    pcutils.errors.DataError
        For fewer than two programs or groups.

    Notes
    -----
    In `self_bleu` a program shorter than n words adds one missed n-gram, so that a few very short and
    nearly equal programs get the lowest, that is the best, value; and samples for one prompt serve as each
    other's references, which makes a model look less varied the more samples are drawn a prompt.

    Examples
    --------
    >>> self_bleu(["fd 50", "fd 50"]) < corrected_self_bleu(["fd 50", "fd 50"]) == 1.0
    True
    """
    require_programs(programs, 2, "programs")
    owners: Sequence[Group] = range(len(programs)) if groups is None else groups
    if len(owners) != len(programs) or len(set(owners)) < 2:
        raise DataError(
            f"{len(owners)} groups, {len(set(owners))} of them distinct",
            "one a program, at least two distinct",
        )
    return _mean_bleu(
        _totals_within([program.split() for program in programs], owners, empty_counts_one=False)
    )


def reference_bleu(programs: Sequence[str], references: Sequence[str]) -> float:
    """Say how close programs come to a set of reference programs.

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

    Raises
    ------
    pcutils.errors.DataError
        If one of the two is empty.

    Notes
    -----
    The paper's release with all last programs of another collection as references; short programs are
    counted as in `self_bleu`.

    Examples
    --------
    >>> reference_bleu(["fd 50 rt 90"], ["fd 50 rt 90", "dot red"])
    1.0
    """
    require_programs(programs, 1, "programs")
    require_programs(references, 1, "references")
    words = [program.split() for program in programs]
    others = [reference.split() for reference in references]
    matches, grams = [], []
    for n in range(1, LONGEST_GRAM + 1):
        most: Counter[Gram] = Counter()
        for other in others:
            most |= Counter(_grams(other, n))
        counted = [Counter(_grams(program, n)) for program in words]
        matches.append(sum(min(count, most[gram]) for counts in counted for gram, count in counts.items()))
        grams.append(sum(max(1, len(program) - n + 1) for program in words))
    lengths = sorted({len(other) for other in others})
    closest = sum(min(lengths, key=lambda length: (abs(length - len(program)), length)) for program in words)
    return _mean_bleu(_Totals(matches, grams, sum(map(len, words)), closest))


def sample_bleu(program: str, reference: str) -> float:
    r"""Say how close one program comes to one reference, for programs of any length.

    Parameters
    ----------
    program, reference : str
        Two programs; words, numbers, signs and indents are the tokens (`code_tokens`).

    Returns
    -------
    float
        From 0 to 1, 1 for equal programs; 0 if one of the two is blank or they share no token.

    Notes
    -----
    BLEU-4 of a single pair is 0 as soon as one n-gram length has no match, so from n = 2 on, one is added
    to the matches and to the n-grams (smoothing 2 of Chen and Cherry, 2014, after Lin and Och, 2004).

    Examples
    --------
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


def require_programs(items: Sequence[str], least: int, name: str) -> None:
    """Raise a `DataError` if there are too few programs to compare."""
    if len(items) < least:
        raise DataError(f"{len(items)} {name}", f"at least {least}")


def _grams(words: Sequence[str], n: int) -> Iterable[Gram]:
    return zip(*(words[start:] for start in range(n)), strict=False)


def _totals_within(
    words: Sequence[Sequence[str]], groups: Sequence[Group], *, empty_counts_one: bool
) -> _Totals:
    """BLEU's sums where the references of a sample are all samples of other groups."""
    matches, grams = [], []
    for n in range(1, LONGEST_GRAM + 1):
        counted = [Counter(_grams(sample, n)) for sample in words]
        largest = _two_largest(counted, groups)
        matches.append(
            sum(
                min(count, second if owner == group else first)
                for counts, group in zip(counted, groups, strict=True)
                for gram, count in counts.items()
                for first, owner, second in (largest[gram],)
            )
        )
        grams.append(sum(max(int(empty_counts_one), len(sample) - n + 1) for sample in words))
    lengths = [len(sample) for sample in words]
    return _Totals(matches, grams, sum(lengths), _closest_lengths(lengths, groups))


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


def _closest_lengths(lengths: Sequence[int], groups: Sequence[Group]) -> int:
    """Sum of the closest length in another group, per sample; the shorter of two equally close ones."""
    of_all = Counter(lengths)
    of_group = Counter(zip(groups, lengths, strict=True))
    total = 0
    for group, own in zip(groups, lengths, strict=True):
        others = (length for length, count in of_all.items() if count > of_group[group, length])
        total += min(others, key=lambda length: (abs(length - own), length))
    return total


def _mean_bleu(totals: _Totals) -> float:
    """Mean of BLEU-1 to BLEU-4 with equal weights, in the order of operations of nltk's ``corpus_bleu``."""
    lengths = [n for n, grams in enumerate(totals.grams, start=1) if grams]
    if not lengths or not totals.matches[0]:
        return 0.0
    brevity = _brevity(totals.words, totals.closest_words)
    logarithms = [
        math.log(Fraction(match, grams) if match else sys.float_info.min)
        for match, grams in zip(totals.matches, totals.grams, strict=True)
        if grams
    ]
    scores = [brevity * math.exp(math.fsum(1 / n * value for value in logarithms[:n])) for n in lengths]
    return float(np.mean(scores))


def _brevity(words: int, closest_words: int) -> float:
    if words > closest_words:
        return 1.0
    return math.exp(1 - closest_words / words) if words else 0.0
