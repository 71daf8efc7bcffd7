"""No number stands for fewer than ten students, wherever students are not made up.

What is shown of such a run is joined until every bar, point and row has enough students behind it. On runs of
made-up students nothing here changes anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

#: A number on a page stands for at least so many students.
LEAST_STUDENTS = 10
TOO_FEW = "not shown: too few students"

#: Runs of this process whose students must not be seen; :mod:`pcutils.pipeline.publication` fills it.
GUARDED: dict[str, Any] = {}


def is_guarded() -> bool:
    """Whether a run whose students must not be seen was opened in this process."""
    return bool(GUARDED)


def is_too_few(students: float | None) -> bool:
    """Whether a number that stands for so many students must be left out here."""
    return is_guarded() and students is not None and students < LEAST_STUDENTS


def without_counts(reason: Any) -> Any:
    """Give the reason why something cannot be measured, without counting the few that there are.

    Parameters
    ----------
    reason : str or None
        In words; where it holds a number, something was too few.

    Returns
    -------
    str or None
        Where students must not be seen, `TOO_FEW` in place of a reason with a number; elsewhere as it is.

    Examples
    --------
    >>> without_counts("3 students are too few")
    '3 students are too few'
    """
    counts = isinstance(reason, str) and any(sign.isdigit() for sign in reason)
    return TOO_FEW if counts and is_guarded() else reason


def bounded(values: npt.ArrayLike, owners: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Pull the extremes in, so that enough students stand behind the smallest and the largest value.

    Parameters
    ----------
    values : array of float, shape (n,)
        No missing ones.
    owners : array, shape (n,)
        The student of each.

    Returns
    -------
    array of float, shape (n,)
        Where students must not be seen, values beyond those that `LEAST_STUDENTS` students reach count as
        these, and where no two different values are left, all as their median; elsewhere, and where there are
        fewer students than that, the values as they are.

    Examples
    --------
    >>> bounded([1.0, 2.0, 90.0], ["a", "b", "c"]).tolist()
    [1.0, 2.0, 90.0]
    """
    numbers = np.asarray(values, dtype=float)
    students = pd.Series(numbers).groupby(np.asarray(owners))
    if not is_guarded() or students.ngroups < LEAST_STUDENTS:
        return numbers
    low = students.min().nsmallest(LEAST_STUDENTS).iloc[-1]
    high = students.max().nlargest(LEAST_STUDENTS).iloc[-1]
    if low > high:
        return np.full(len(numbers), np.median(numbers))
    return np.clip(numbers, low, high)


def joined_edges(
    values: npt.ArrayLike, owners: npt.ArrayLike, edges: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Join neighbouring bins of a histogram until each is empty or holds enough students.

    Parameters
    ----------
    values : array of float, shape (n,)
        All between the first and the last edge.
    owners : array, shape (n,)
        The student of each.
    edges : array of float, shape (n_bins + 1,)
        Ascending.

    Returns
    -------
    array of float
        Some of the edges, the outermost always. All of them where students may be seen.
    """
    ends = np.asarray(edges, dtype=float)
    if not is_guarded():
        return ends
    places = np.clip(
        np.searchsorted(ends, np.asarray(values, dtype=float), side="right") - 1, 0, len(ends) - 2
    )
    inside = pd.Series(np.asarray(owners)).groupby(places).agg(set).to_dict()
    kept, waiting, last_filled = [0], set(), 0
    for place in range(len(ends) - 1):
        waiting |= inside.get(place, set())
        if not waiting or len(waiting) >= LEAST_STUDENTS:
            last_filled = len(kept) if waiting else last_filled
            kept.append(place + 1)
            waiting = set()
    if waiting:
        kept = [*kept[: max(last_filled, 1)], len(ends) - 1]
    return ends[kept]


def joined_labels(labels: pd.Series, owners: pd.Series, rest: str = "others") -> pd.Series:
    """Join the labels that belong to few students into one.

    Parameters
    ----------
    labels : pandas.Series of str
        One a row.
    owners : pandas.Series of str
        The student of each row.
    rest : str
        Name of what was joined.

    Returns
    -------
    pandas.Series of str
        Where students must not be seen, every label belongs to at least `LEAST_STUDENTS` students: the rarest
        of the others joins the rest until that has enough. With fewer students than that altogether, one
        label is left.
    """
    if not is_guarded():
        return labels
    counts = owners.groupby(labels).nunique().sort_values(kind="stable")
    order = list(counts.index)
    few = [name for name in order if counts[name] < LEAST_STUDENTS]
    while few and len(few) < len(order) and owners[labels.isin(few)].nunique() < LEAST_STUDENTS:
        few.append(order[len(few)])
    return labels.where(~labels.isin(few), rest)
