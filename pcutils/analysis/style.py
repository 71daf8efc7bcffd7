"""Whether a student has a style that could be learnt, and how far the ruler for it matters."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pcutils.analysis.properties import LABELS, PROPERTIES, property_values
from pcutils.analysis.resampling import resample_weights, weighted_correlations
from pcutils.analysis.shares import student_share
from pcutils.analysis.statistics import (
    RESAMPLES,
    Estimate,
    difference_interval,
    estimate_table,
    interval_of,
    undefined,
)

RULERS = {
    "backtracking_ratio_all": "the paper's ratio",
    "backtracking_ratio_no_autojunk": "without the shortcut",
    "backtracking_share_levenshtein": "Levenshtein share",
}
#: Longest state of a trace in characters; difflib's shortcut sets in at 200.
LENGTH_CLASSES: dict[str, tuple[int, int | None]] = {
    "under 100": (0, 100),
    "100 to 199": (100, 200),
    "200 and more": (200, None),
}


def style_reliability(
    measures: pd.DataFrame, *, fewest: int = 4, resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Correlate two halves of the same student's traces, property by property.

    Parameters
    ----------
    measures : pandas.DataFrame
        The run's measures.
    fewest : int
        Students with fewer traces are left out.
    resamples, seed : int
        Of the halves and of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        One row a property: `property`, `label`, `value`, `low`, `high`, `n`, `reason`. Each title's average
        is subtracted first, so that two halves do not agree only because their titles are alike. Where a
        student's own halves disagree, no model of that student can be expected to do better.
    """
    values = property_values(measures)
    values = values - values.groupby(measures["title"]).transform("mean")
    order = np.random.default_rng(seed).permutation(len(measures))
    shuffled = measures["username"].iloc[order]
    half = (shuffled.groupby(shuffled).cumcount() % 2).sort_index()
    often = measures["username"].map(measures["username"].value_counts()) >= fewest
    halves = values[often].groupby([measures["username"][often], half[often]]).mean().unstack()
    rows = []
    for item in PROPERTIES:
        both = halves[[item.name]].to_numpy(float) if len(halves) else np.empty((0, 2))
        estimate = _correlation_of_students(both, resamples, seed)
        rows.append({"property": item.name, "label": LABELS[item.name]} | vars(estimate))
    return estimate_table(rows)


def _correlation_of_students(both: np.ndarray, resamples: int, seed: int) -> Estimate:
    """Correlate two columns, a row a student; the same as ``correlation_interval``, many draws at a time."""
    whole = both[~np.isnan(both).any(axis=1)]
    if len(whole) < 3:
        return undefined(len(whole), "fewer than three pairs")
    if (np.ptp(whole, axis=0) == 0).any():
        return undefined(len(whole), "always the same value")
    weights = resample_weights(np.arange(len(whole)), resamples=resamples, seed=seed)
    draws = weighted_correlations(whole[:, 0], whole[:, 1], weights)
    return interval_of(draws[0], draws[1:], len(whole))


def rulers_by_length(
    measures: pd.DataFrame, states: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Mean backtracking by three definitions, for short and long programs.

    Parameters
    ----------
    measures : pandas.DataFrame
        The run's measures.
    states : pandas.DataFrame
        From :func:`state_table`.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        `length` (a key of `LENGTH_CLASSES`), `ruler`, `label`, `value`, `low`, `high`, `n`, `traces`. Only
        traces of three states or more, because with fewer nobody can turn back.
    """
    rows = []
    for length, (low, high) in LENGTH_CLASSES.items():
        part = measures[_is_class(measures, states, low, high)]
        for column, label in RULERS.items():
            known = part.dropna(subset=column)
            estimate = student_share(known[column], known["username"], resamples, seed)
            names = {"length": length, "ruler": column, "label": label, "traces": len(part)}
            rows.append(names | vars(estimate))
    return estimate_table(rows)


def shortcut_effect(
    measures: pd.DataFrame, states: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Estimate, int]:
    """How much difflib's shortcut changes the paper's backtracking ratio of traces with a long program.

    Parameters
    ----------
    measures, states : pandas.DataFrame
        As in :func:`rulers_by_length`.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    effect : Estimate
        Mean of the ratio with the shortcut minus without.
    traces : int
        How many traces are long enough.
    """
    inside = _is_class(measures, states, *LENGTH_CLASSES["200 and more"])
    part = measures[inside]
    with_it, without = part["backtracking_ratio_all"], part["backtracking_ratio_no_autojunk"]
    effect = difference_interval(with_it, without, groups=part["username"], resamples=resamples, seed=seed)
    return effect, len(part)


def _is_class(measures: pd.DataFrame, states: pd.DataFrame, low: int, high: int | None) -> np.ndarray:
    longest = states.groupby("row")["characters"].max().reindex(measures["row"]).to_numpy()
    can_turn_back = (measures["trace_length_all"] >= 3).to_numpy()
    return (longest >= low) & (longest < (high or np.inf)) & can_turn_back
