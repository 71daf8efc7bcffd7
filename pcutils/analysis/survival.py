"""How long something goes on, where some were not watched to the end: the curve of Kaplan and Meier."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from pcutils.analysis.resampling import RESAMPLES, Floats, resample_weights
from pcutils.analysis.statistics import estimate_table, interval_of

#: Curves of attempts are drawn up to so many.
MOST_ATTEMPTS = 30


def survival_draws(
    durations: npt.ArrayLike,
    ended: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    horizon: int,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Floats:
    """Kaplan-Meier curves of the data and of resamples of whole groups.

    Parameters
    ----------
    durations : array of int, shape (n,)
        How long each was watched, in whole steps from 1.
    ended : array of bool, shape (n,)
        Whether it ended then; where not, it would have gone on for an unknown time.
    groups : array, shape (n,)
        Who each belongs to, usually the student.
    horizon : int
        Largest step.
    resamples, seed : int
        As in :func:`pcutils.analysis.resampling.resample_weights`.

    Returns
    -------
    array, shape (resamples + 1, horizon + 1)
        Share that goes on beyond 0, 1, ... steps; row 0 is the data as they are. Not-a-number from the step
        on at which nobody is left to watch, unless all had ended.

    Notes
    -----
    Kaplan and Meier (1958). The same as ``statsmodels.duration.survfunc.SurvfuncRight``.
    """
    weights = resample_weights(groups, resamples=resamples, seed=seed)
    times, events = np.asarray(durations, dtype=int), np.asarray(ended, dtype=bool)
    steps = np.arange(1, horizon + 1)[None, :]
    at_risk = weights @ (times[:, None] >= steps).astype(float)
    ending = weights @ ((times[:, None] == steps) & events[:, None]).astype(float)
    with np.errstate(invalid="ignore"):
        staying = 1 - ending / at_risk
    all_ended = np.cumsum(np.nan_to_num(staying, nan=1.0) == 0, axis=1) > 0
    staying = np.where(np.isnan(staying) & all_ended, 0.0, staying)
    return np.hstack([np.ones((len(weights), 1)), np.cumprod(staying, axis=1)])


def attempts_curve(
    traces: pd.DataFrame, *, most: int = MOST_ATTEMPTS, resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Share of traces that go on to a further attempt after so many.

    Parameters
    ----------
    traces : pandas.DataFrame
        From :func:`pcutils.analysis.description.trace_table`: `username`, `states`, `is_complete`.
    most : int
        Largest number of attempts.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        `attempts` from 1 up to the longest trace or `most`, the fields of an estimate, and `next`: of those
        watched up to here, the share that makes one more attempt. `n` is the number of students with a trace
        of at least so many attempts.

    Notes
    -----
    A trace whose record was cut is censored at its last known state: it went on for an unknown time.
    """
    horizon = min(most, int(traces["states"].max()))
    draws = survival_draws(
        traces["states"],
        traces["is_complete"],
        traces["username"],
        horizon=horizon,
        resamples=resamples,
        seed=seed,
    )
    longest = traces.groupby("username")["states"].max()
    rows = []
    for step in range(1, horizon + 1):
        estimate = interval_of(draws[0, step], draws[1:, step], int((longest >= step).sum()))
        before = draws[0, step - 1]
        rows.append(
            {"attempts": step} | vars(estimate) | {"next": draws[0, step] / before if before > 0 else np.nan}
        )
    return estimate_table(rows)
