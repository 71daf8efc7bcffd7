"""Intervals for numbers that come from a sample of students.

Traces of one student resemble each other, so whole students are drawn again, not single traces (cluster
bootstrap).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.stats
from statsmodels.stats.proportion import proportion_confint

from pcutils.analysis.resampling import RESAMPLES, Floats, resample_weights, weighted_correlations
from pcutils.errors import DataError

__all__ = [
    "CONFIDENCE",
    "RESAMPLES",
    "Estimate",
    "Floats",
    "bootstrap_interval",
    "correlation_interval",
    "difference_interval",
    "estimate_table",
    "interval_of",
    "record",
    "resample_weights",
    "share_interval",
    "undefined",
    "weighted_correlations",
]

#: Level of every interval in the book.
CONFIDENCE = 0.95
#: With a larger share of resamples that give no number, an interval would describe the exceptions.
MOST_UNDEFINED = 0.1


@dataclass(frozen=True)
class Estimate:
    """A measured number with its interval.

    Parameters
    ----------
    value : float
        The estimate; not-a-number where it is not defined.
    low, high : float or None
        Ends of the interval, None where there is none.
    n : int
        How many independent units (students, titles) it rests on.
    reason : str, optional
        Why there is no number or no interval.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    reason: str | None = None

    @property
    def is_defined(self) -> bool:
        """Whether there is a number."""
        return not math.isnan(self.value)

    def side(self, bound: float = 0.0) -> str:
        """Say where the whole interval lies.

        Parameters
        ----------
        bound : float
            The line.

        Returns
        -------
        {"above", "below", "unclear"}
            "unclear" also where there is no interval.
        """
        if self.low is not None and self.low > bound:
            return "above"
        if self.high is not None and self.high < bound:
            return "below"
        return "unclear"

    def __format__(self, spec: str) -> str:
        if self.low is None or self.high is None:
            return format(self.value, spec)
        return f"{self.value:{spec}} ({self.low:{spec}} to {self.high:{spec}})"


def record(results: Any, name: str, estimate: Estimate, unit: str) -> None:
    """Add an estimate to a chapter's results.

    Parameters
    ----------
    results : Results
        From ``run.results(chapter)``.
    name : str
        Of the measure.
    estimate : Estimate
        One that is not defined is kept as null.
    unit : str
        What it is counted in.
    """
    results.add(name, estimate.value, low=estimate.low, high=estimate.high, n=estimate.n, unit=unit)


def estimate_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Put estimates into a table, with numbers as floats.

    Parameters
    ----------
    rows : sequence of mapping
        Each with what names the row, and the fields of an :class:`Estimate`.

    Returns
    -------
    pandas.DataFrame
        What is missing in `value`, `low` and `high` is not-a-number.
    """
    frame = pd.DataFrame(list(rows))
    return frame.astype(dict.fromkeys(("value", "low", "high"), float)) if len(frame) else frame


def undefined(n: int, reason: str) -> Estimate:
    """An estimate without a number, and why."""
    return Estimate(math.nan, None, None, n, reason)


def interval_of(value: float, draws: Floats, n: int, *, confidence: float = CONFIDENCE) -> Estimate:
    """Read a percentile interval from bootstrap draws.

    Parameters
    ----------
    value : float
        The estimate on the data as they are.
    draws : array, shape (n_resamples,)
        The same statistic on each resample; not-a-number where it was not defined.
    n : int
        How many units were drawn.
    confidence : float
        Level.

    Returns
    -------
    Estimate
        Without interval where `value` is not defined, there are fewer than two units, or more than
        `MOST_UNDEFINED` of the draws are not defined.
    """
    if math.isnan(value):
        return undefined(n, "not defined on these data")
    if n < 2:
        return Estimate(float(value), None, None, n, "fewer than two independent units")
    defined = draws[~np.isnan(draws)]
    if len(defined) < (1 - MOST_UNDEFINED) * len(draws):
        return Estimate(float(value), None, None, n, "not defined on too many resamples")
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(float(value), float(low), float(high), n)


def bootstrap_interval(
    values: npt.ArrayLike,
    statistic: Callable[[Any], float] = np.mean,
    *,
    groups: Sequence[Hashable] | npt.ArrayLike | pd.Series | None = None,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    method: str = "percentile",
    seed: int = 0,
) -> Estimate:
    """Interval of any statistic, by drawing whole groups again.

    Parameters
    ----------
    values : array, shape (n_rows, ...)
        One row an observation. Rows of several columns keep pairs together.
    statistic : callable
        Takes an array shaped like `values` with other rows, gives a number.
    groups : sequence of length n_rows, optional
        Who each row belongs to, usually the student; without it every row stands for itself.
    resamples : int
        How many times to draw.
    confidence : float
        Level.
    method : {"percentile", "BCa"}
        How to read the interval from the draws.
    seed : int
        Makes the draws repeatable.

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
    Draws with `scipy.stats.bootstrap` over the groups.

    Examples
    --------
    >>> bootstrap_interval([1.0, 1.0, 1.0, 1.0], groups=["a", "a", "b", "b"])
    Estimate(value=1.0, low=1.0, high=1.0, n=2, reason=None)
    """
    rows = np.asarray(values)
    members = _members(rows, groups)
    if not len(rows):
        return undefined(0, "no data")
    value = float(statistic(rows))
    if len(members) < 2:
        return interval_of(value, np.array([]), len(members))

    def on(drawn: Any) -> float:
        return float(statistic(rows[np.concatenate([members[i] for i in np.asarray(drawn)])]))

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", scipy.stats.DegenerateDataWarning)  # told by `interval_of` instead
        result = scipy.stats.bootstrap(
            (np.arange(len(members)),),
            on,
            n_resamples=resamples,
            confidence_level=confidence,
            method=method,
            vectorized=False,
            rng=np.random.default_rng(seed),
        )
    low, high = result.confidence_interval
    if method != "percentile" and math.isfinite(low) and math.isfinite(high):
        return Estimate(value, float(low), float(high), len(members))
    return interval_of(value, result.bootstrap_distribution, len(members), confidence=confidence)


def correlation_interval(
    x: npt.ArrayLike, y: npt.ArrayLike, *, groups: Any = None, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Pearson correlation with its interval.

    Parameters
    ----------
    x, y : array, shape (n_rows,)
        Rows with a missing value in either are left out.
    groups : sequence of length n_rows, optional
        Who each row belongs to.
    resamples, seed : int
        As in :func:`bootstrap_interval`.

    Returns
    -------
    Estimate
        Not defined, with the reason, where fewer than three rows are left or one side is constant.
    """
    pairs = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    whole = ~np.isnan(pairs).any(axis=1)
    owners = np.asarray(groups)[whole] if groups is not None else None
    pairs = pairs[whole]
    if len(pairs) < 3:
        return undefined(len(pairs), "fewer than three pairs")
    if (np.ptp(pairs, axis=0) == 0).any():
        return undefined(len(pairs), "always the same value")
    return bootstrap_interval(pairs, _correlation, groups=owners, resamples=resamples, seed=seed)


def difference_interval(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    groups: Any = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Mean difference of paired values, first minus second, with its interval.

    Parameters
    ----------
    first, second : array, shape (n_rows,)
        Measured on the same rows; rows with a missing value in either are left out.
    groups : sequence of length n_rows, optional
        Who each row belongs to.
    resamples, seed : int
        As in :func:`bootstrap_interval`.

    Returns
    -------
    Estimate
        Above 0 where the first is larger.
    """
    gaps = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    whole = ~np.isnan(gaps)
    owners = np.asarray(groups)[whole] if groups is not None else None
    return bootstrap_interval(gaps[whole], groups=owners, resamples=resamples, seed=seed)


def share_interval(successes: int, total: int, *, confidence: float = CONFIDENCE) -> Estimate:
    """Share of independent yes-or-no outcomes with Wilson's interval.

    Parameters
    ----------
    successes, total : int
        How many of how many.
    confidence : float
        Level.

    Returns
    -------
    Estimate
        Not defined where `total` is 0.

    Notes
    -----
    From `statsmodels`. Where students have several outcomes each, use :func:`bootstrap_interval` with groups.

    Examples
    --------
    >>> f"{share_interval(8, 10):.2f}"
    '0.80 (0.49 to 0.94)'
    """
    if total == 0:
        return undefined(0, "no data")
    low, high = proportion_confint(successes, total, alpha=1 - confidence, method="wilson")
    return Estimate(successes / total, float(low), float(high), total)


def _correlation(pairs: Floats) -> float:
    return float(weighted_correlations(pairs[:, 0], pairs[:, 1], np.ones((1, len(pairs))))[0])


def _members(rows: npt.NDArray[Any], groups: Any) -> list[npt.NDArray[np.int64]]:
    if groups is None:
        return list(np.arange(len(rows))[:, None])
    if len(groups) != len(rows):
        raise DataError(f"{len(groups)} groups", f"{len(rows)}, one a row")
    codes, names = pd.factorize(np.asarray(groups))
    return [np.flatnonzero(codes == code) for code in range(len(names))]
