"""Intervals for numbers that come from a sample of students.

Traces of one student resemble each other, so every interval draws whole students again, not single traces
(cluster bootstrap).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pcutils.errors import DataError

Floats = npt.NDArray[np.float64]

#: Level of every interval in the book.
CONFIDENCE = 0.95
#: Draws of a bootstrap where nothing else is asked for.
RESAMPLES = 1000
#: With a larger share of draws that give no number, an interval would describe the exceptions.
MOST_UNDEFINED = 0.1


@dataclass(frozen=True)
class Estimate:
    """A measured number with its interval.

    Examples
    --------
    >>> f"{Estimate(0.125, 0.05, 0.2, n=40):.2f}"
    '0.12 (0.05 to 0.20)'
    """

    value: float  # not-a-number where it is not defined
    low: float | None  # ends of the interval, None where there is none
    high: float | None
    n: int  # how many independent units (students, titles) it rests on
    reason: str | None = None  # why there is no number or no interval

    @property
    def is_defined(self) -> bool:
        """Whether there is a number."""
        return not math.isnan(self.value)

    def side(self, bound: float = 0.0) -> str:
        """Where the whole interval lies: "above" the bound, "below" it, or "unclear" (also without one)."""
        if self.low is not None and self.low > bound:
            return "above"
        return "below" if self.high is not None and self.high < bound else "unclear"

    def __format__(self, spec: str) -> str:
        if self.low is None or self.high is None:
            return format(self.value, spec)
        return f"{self.value:{spec}} ({self.low:{spec}} to {self.high:{spec}})"


def undefined(n: int, reason: str) -> Estimate:
    """An estimate without a number, and why."""
    return Estimate(math.nan, None, None, n, reason)


def interval_of(value: float, draws: npt.ArrayLike, n: int) -> Estimate:
    """Read the 95 % percentile interval from draws; none, with the reason, where they do not allow one."""
    if math.isnan(value):
        return undefined(n, "not defined on these data")
    if n < 2:
        return Estimate(float(value), None, None, n, "fewer than two independent units")
    every = np.asarray(draws, dtype=float)
    defined = every[~np.isnan(every)]
    if len(defined) < (1 - MOST_UNDEFINED) * len(every):
        return Estimate(float(value), None, None, n, "not defined on too many resamples")
    low, high = np.quantile(defined, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(value), float(low), float(high), n)


def resample_weights(groups: Any, *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """Draw the cluster bootstrap once, as weights that many statistics can share.

    Returns an array of shape (resamples + 1, n_rows): how often each row occurs when whole groups are drawn
    with replacement. Row 0 is the data as they are, all ones.
    """
    codes, names = pd.factorize(np.asarray(groups))
    if not len(names):
        return np.empty((resamples + 1, 0))
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    return np.vstack([np.ones(len(codes)), counts[:, codes]]).astype(float)


def weighted_correlations(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Pearson correlation under every row of weights; nan where a side is constant."""
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
        result = (w @ (a * b) / total - mean_a * mean_b) / np.sqrt(spread_a * spread_b)
    is_spread = (spread_a > 1e-9 * np.mean(a * a)) & (spread_b > 1e-9 * np.mean(b * b))
    return np.where(is_spread, result, np.nan)


def bootstrap_interval(
    values: npt.ArrayLike,
    statistic: Callable[[Any], float] = np.mean,
    *,
    groups: Any = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Interval of any statistic, by drawing whole groups again.

    Parameters
    ----------
    values : array, shape (n_rows, ...)
        One row an observation, none missing. Rows of several columns keep pairs together.
    statistic : callable
        Takes an array shaped like `values` with other rows, gives a number.
    groups : sequence of length n_rows, optional
        Who each row belongs to, usually the student; without it every row stands for itself.
    resamples, seed : int
        How often to draw, and the seed that makes the draws repeatable.

    Returns
    -------
    Estimate
        `n` counts groups.

    Raises
    ------
    DataError
        Where `groups` and `values` differ in length.

    Notes
    -----
    The middle 95 % of ``statistic(values[drawn])``, where `drawn` lists the rows of as many groups as there
    are, drawn with replacement (cluster bootstrap, percentile interval).

    Examples
    --------
    >>> bootstrap_interval([1.0, 1.0, 1.0, 1.0], groups=["a", "a", "b", "b"])
    Estimate(value=1.0, low=1.0, high=1.0, n=2, reason=None)
    """
    rows = np.asarray(values)
    owners = np.arange(len(rows)) if groups is None else np.asarray(groups)
    if len(owners) != len(rows):
        raise DataError(f"{len(owners)} groups", f"{len(rows)}, one a row")
    if not len(rows):
        return undefined(0, "no data")
    names, codes = np.unique(owners, return_inverse=True)
    weights = resample_weights(names, resamples=resamples, seed=seed)
    if statistic is np.mean and rows.ndim == 1:
        draws = (weights @ np.bincount(codes, rows.astype(float))) / (weights @ np.bincount(codes))
    else:
        counts = weights.astype(int)
        draws = np.array([float(statistic(np.repeat(rows, drawn[codes], axis=0))) for drawn in counts])
    return interval_of(draws[0], draws[1:], len(names))


def correlation_interval(
    x: npt.ArrayLike, y: npt.ArrayLike, *, groups: Any = None, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Pearson correlation of two columns with its interval; other arguments as :func:`bootstrap_interval`.

    Rows with a missing value are left out. Not defined, with the reason, where fewer than three rows are left
    or one side is constant.
    """
    pairs = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    whole = ~np.isnan(pairs).any(axis=1)
    owners = (np.arange(len(pairs)) if groups is None else np.asarray(groups))[whole]
    pairs, n = pairs[whole], len(np.unique(owners))
    if len(pairs) < 3:
        return undefined(n, "fewer than three pairs")
    if (np.ptp(pairs, axis=0) == 0).any():
        return undefined(n, "always the same value")
    weights = resample_weights(owners, resamples=resamples, seed=seed)
    draws = weighted_correlations(pairs[:, 0], pairs[:, 1], weights)
    return interval_of(draws[0], draws[1:], n)


def difference_interval(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    groups: Any = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Mean of `first` minus `second`, paired row by row, with its interval; see :func:`bootstrap_interval`.

    Rows with a missing value in either are left out.
    """
    gaps = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    whole = ~np.isnan(gaps)
    owners = np.asarray(groups)[whole] if groups is not None else None
    return bootstrap_interval(gaps[whole], groups=owners, resamples=resamples, seed=seed)


def estimate_table(estimates: Mapping[Any, Estimate] | pd.Series, *names: str) -> pd.DataFrame:
    """Put estimates into a table that can be plotted.

    Parameters
    ----------
    estimates : mapping or pandas.Series of Estimate
        By what they belong to: a key, or a tuple of keys.
    *names : str
        A name for each part of the keys; those of the index of a Series need none.

    Returns
    -------
    pandas.DataFrame
        One row an estimate: the keys, `value`, `low`, `high`, `n`, `reason`. What is missing is not-a-number.

    Examples
    --------
    >>> estimate_table({"trace": Estimate(0.5, 0.1, 0.9, 2)}, "model")[["model", "value", "n"]]
       model  value  n
    0  trace    0.5  2
    """
    index = estimates.index.names if isinstance(estimates, pd.Series) else ["name"]
    names = names or tuple(str(name) for name in index)
    pairs = [(key if isinstance(key, tuple) else (key,), one) for key, one in estimates.items()]
    rows = [dict(zip(names, key, strict=True)) | vars(one) for key, one in pairs]
    frame = pd.DataFrame(rows, columns=[*names, "value", "low", "high", "n", "reason"])
    return frame.astype(dict.fromkeys(("value", "low", "high"), float))
