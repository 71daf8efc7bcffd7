"""Few students and titles have most of the traces: how unequal the shares are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from pcutils.analysis.resampling import RESAMPLES
from pcutils.analysis.shares import student_share
from pcutils.analysis.statistics import estimate_table, share_interval
from pcutils.few_students import bounded, joined_edges, joined_labels

#: At most so many points of a curve, and so many titles by name.
MOST_POINTS, MOST_TITLES = 40, 12
OTHERS = "all others"


def students_with(traces: pd.DataFrame) -> pd.DataFrame:
    """Share of students who have at least so many traces.

    Parameters
    ----------
    traces : pandas.DataFrame
        One row a trace, with `username`.

    Returns
    -------
    pandas.DataFrame
        `traces`, and the share with Wilson's interval as `value`, `low`, `high`, `n` students. Where students
        must not be seen, at least ten students lie between neighbouring points.
    """
    counts = traces["username"].value_counts()
    shown = np.minimum(counts, bounded(counts, counts.index).max())
    edges = joined_edges(shown, counts.index, np.arange(0.5, shown.max() + 1))
    points = (edges[:-1] + 0.5).astype(int)
    if len(points) > MOST_POINTS:
        places = np.unique(np.geomspace(1, len(points), MOST_POINTS).astype(int)) - 1
        points = points[places]
    rows = [
        {"traces": int(point)} | vars(share_interval(int((shown >= point).sum()), len(counts)))
        for point in points
    ]
    return estimate_table(rows)


def titles_by_rank(traces: pd.DataFrame) -> pd.DataFrame:
    """Traces of each title, the most frequent first.

    Parameters
    ----------
    traces : pandas.DataFrame
        One row a trace: `username`, `title`.

    Returns
    -------
    pandas.DataFrame
        `rank` from 1, `traces`, `n` (students), without the names of the titles.
    """
    of_title = traces.groupby("title")["username"]
    titles = pd.DataFrame({"traces": of_title.size(), "n": of_title.nunique()})
    titles = titles.sort_values("traces", ascending=False, kind="stable").reset_index(drop=True)
    titles.insert(0, "rank", np.arange(1, len(titles) + 1))
    return titles


def frequent_titles(
    traces: pd.DataFrame, *, most: int = MOST_TITLES, resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Share of all traces that the most frequent titles have.

    Parameters
    ----------
    traces : pandas.DataFrame
        One row a trace: `username`, `title`.
    most : int
        How many titles to name.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        `label`, the fields of an estimate, `n` (students of the title), the most frequent first; the others
        together come last. Where students must not be seen, a title of few students is not named.
    """
    titles = joined_labels(traces["title"].astype(str), traces["username"], OTHERS)
    named = titles[titles != OTHERS].value_counts(sort=True).index[:most]
    titles = joined_labels(titles.where(titles.isin(named), OTHERS), traces["username"], OTHERS)
    order = [name for name in named if (titles == name).any()]
    rows = []
    for name in [*order, *([OTHERS] if (titles == OTHERS).any() else [])]:
        hits = titles == name
        estimate = student_share(hits, traces["username"], resamples, seed)
        rows.append({"label": name} | vars(estimate) | {"n": traces.loc[hits, "username"].nunique()})
    return estimate_table(rows)


def half_held_by(counts: Any) -> float:
    """Smallest share of units that holds half of everything.

    Parameters
    ----------
    counts : array of int, shape (n,)
        What each unit has.

    Returns
    -------
    float
        0.5 where all have the same; close to 0 where a few have nearly all. Not defined without units.

    Examples
    --------
    >>> half_held_by([4, 4, 4, 4]), half_held_by([97, 1, 1, 1])
    (0.5, 0.25)
    """
    ordered = np.sort(np.asarray(counts))[::-1]
    if not ordered.sum():
        return math.nan
    return float((np.searchsorted(np.cumsum(ordered), ordered.sum() / 2) + 1) / len(ordered))
