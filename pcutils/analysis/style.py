"""Whether a student has a style that could be learnt, and how far the ruler for it matters."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pcutils.analysis.properties import LABELS, PROPERTIES, property_values
from pcutils.analysis.statistics import (
    RESAMPLES,
    Estimate,
    bootstrap_interval,
    correlation_interval,
    difference_interval,
    estimate_table,
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
        estimate = correlation_interval(both[:, 0], both[:, 1], resamples=resamples, seed=seed)
        rows.append({"property": item.name, "label": LABELS[item.name]} | vars(estimate))
    return estimate_table(rows)


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
            estimate = bootstrap_interval(
                part[column].to_numpy(float), groups=part["username"], resamples=resamples, seed=seed
            )
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
