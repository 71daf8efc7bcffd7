"""How many words programs have in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pcutils.metrics.bleu import require_programs


def pairwise_jaccard(programs: Sequence[str]) -> np.ndarray:
    """Share of words that two programs have in common, for all pairs.

    Parameters
    ----------
    programs : sequence of str
        The programs; each counts as its set of words.

    Returns
    -------
    numpy.ndarray, shape (n * (n - 1) / 2,)
        In the order (0, 1), (0, 2), ..., (1, 2), ...; 0 for two programs without words.

    Notes
    -----
    The paper's release.

    Examples
    --------
    >>> pairwise_jaccard(["fd 50", "fd 90", ""]).round(2).tolist()
    [0.33, 0.0, 0.0]
    """
    sets = [set(program.split()) for program in programs]
    columns = {word: column for column, word in enumerate(sorted(set().union(*sets)))}
    present = np.zeros((len(sets), len(columns)), dtype=np.float32)
    for row, words in enumerate(sets):
        present[row, [columns[word] for word in words]] = 1
    sizes = present.sum(axis=1, dtype=np.float64)
    first, second = np.triu_indices(len(sets), k=1)
    common = (present @ present.T).astype(np.float64)[first, second]
    return common / np.maximum(1, sizes[first] + sizes[second] - common)


def self_jaccard(programs: Sequence[str]) -> float:
    """Mean share of words that two of the programs have in common, lower is more varied.

    Parameters
    ----------
    programs : sequence of str
        At least two programs.

    Returns
    -------
    float
        From 0 to 1, the mean of `pairwise_jaccard`.

    Raises
    ------
    pcutils.errors.DataError
        For fewer than two programs.

    Examples
    --------
    >>> self_jaccard(["fd 50", "fd 50", "fd 50"])
    1.0
    """
    require_programs(programs, 2, "programs")
    return float(np.mean(pairwise_jaccard(programs)))
