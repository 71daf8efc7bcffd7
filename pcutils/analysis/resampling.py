"""The cluster bootstrap as weights, so that many statistics share the same draws of students."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

RESAMPLES = 1000

Floats = npt.NDArray[np.float64]


def resample_weights(groups: Any, *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """Draw the cluster bootstrap once, as weights that many statistics can share.

    Parameters
    ----------
    groups : sequence of length n_rows
        Who each row belongs to.
    resamples, seed : int
        How many draws, and their seed.

    Returns
    -------
    array, shape (resamples + 1, n_rows)
        How often each row occurs. Row 0 is the data as they are, all ones.
    """
    codes, names = pd.factorize(np.asarray(groups))
    if not len(names):
        return np.empty((resamples + 1, 0))
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    return np.vstack([np.ones(len(codes)), counts[:, codes]]).astype(float)


def weighted_correlations(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Pearson correlation under every row of weights.

    Parameters
    ----------
    x, y : array, shape (n_rows,)
        Rows with a missing value in either get no weight.
    weights : array, shape (n_draws, n_rows)
        As from :func:`resample_weights`.

    Returns
    -------
    array, shape (n_draws,)
        Not-a-number where a side is constant or fewer than three rows are whole.
    """
    whole = ~(np.isnan(x) | np.isnan(y))
    if whole.sum() < 3:
        return np.full(len(weights), np.nan)
    w, a, b = weights[:, whole], x[whole], y[whole]
    a, b = a - a.mean(), b - b.mean()
    total = w.sum(axis=1)
    with np.errstate(all="ignore"):
        mean_a, mean_b = w @ a / total, w @ b / total
        spread_a = w @ (a * a) / total - mean_a**2
        spread_b = w @ (b * b) / total - mean_b**2
        shared = w @ (a * b) / total - mean_a * mean_b
        result = shared / np.sqrt(spread_a * spread_b)
    tiny_a, tiny_b = 1e-9 * np.mean(a * a), 1e-9 * np.mean(b * b)
    return np.where((spread_a > tiny_a) & (spread_b > tiny_b), result, np.nan)
