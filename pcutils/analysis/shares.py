"""Shares and means over rows of students, with intervals from drawing whole students again."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pcutils.analysis.resampling import RESAMPLES, resample_weights
from pcutils.analysis.statistics import Estimate, interval_of


def student_share(hits: pd.Series, owners: pd.Series, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Share of rows that are true, or the mean of a number, with an interval over students.

    Parameters
    ----------
    hits : pandas.Series of bool or float
        No missing ones.
    owners : pandas.Series of str
        Whose row it is.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    Estimate
        Not defined where there is no row.
    """
    sums = hits.astype(float).groupby(owners).agg(["sum", "size"])
    weights = resample_weights(sums.index, resamples=resamples, seed=seed)
    with np.errstate(invalid="ignore"):
        draws = (weights @ sums["sum"].to_numpy(float)) / (weights @ sums["size"].to_numpy(float))
    return interval_of(draws[0], draws[1:], len(sums))
