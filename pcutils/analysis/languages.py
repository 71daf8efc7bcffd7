"""In which language students write, and how that changes over the years."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pcutils.analysis.resampling import RESAMPLES
from pcutils.analysis.shares import student_share
from pcutils.analysis.statistics import estimate_table
from pcutils.few_students import bounded, is_too_few, joined_edges

#: What :mod:`pcutils.execution` calls a language, in words, in the order of the figures.
LANGUAGES = {"coffee": "CoffeeScript", "js": "JavaScript", "html": "HTML"}


def periods(moments: pd.Series, owners: pd.Series) -> pd.Series:
    """Name the year of each moment; years with few students are joined where these must not be seen.

    Parameters
    ----------
    moments : pandas.Series of datetime
        Missing ones stay missing.
    owners : pandas.Series of str
        The student of each.

    Returns
    -------
    pandas.Series of str
        An ordered category: a year such as "2016", or neighbouring ones such as "2016 to 2018".
    """
    known = moments.dropna().dt.year
    if not len(known):
        return pd.Series(pd.Categorical([None] * len(moments)), index=moments.index)
    years = bounded(known, owners[known.index])
    edges = joined_edges(years, owners[known.index], np.arange(years.min() - 0.5, years.max() + 1))
    first, last = (edges[:-1] + 0.5).astype(int), (edges[1:] - 0.5).astype(int)
    names = [str(a) if a == b else f"{a} to {b}" for a, b in zip(first, last, strict=True)]
    named = pd.cut(pd.Series(years, index=known.index), list(edges), labels=names)
    return named.reindex(moments.index)


def language_shares(states: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0) -> pd.DataFrame:
    """Share of states in each language, and how many of these run.

    Parameters
    ----------
    states : pandas.DataFrame
        From :func:`pcutils.analysis.description.state_table`.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        `language` (in words), `share` and `runs` (both :class:`~pcutils.analysis.statistics.Estimate`),
        `students` (who wrote in it).
    """
    known = states[states["language"].notna()]
    rows = []
    for key, label in LANGUAGES.items():
        part = known[known["language"] == key]
        if len(part):
            rows.append(
                {
                    "language": label,
                    "share": student_share(known["language"] == key, known["username"], resamples, seed),
                    "runs": student_share(part["outcome"] == "success", part["username"], resamples, seed),
                    "students": part["username"].nunique(),
                }
            )
    return pd.DataFrame(rows, columns=["language", "share", "runs", "students"])


def languages_over_time(states: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0) -> pd.DataFrame:
    """Share of states in each language but the most frequent one, year by year.

    Where students must not be seen, a language of few students has no row.

    Parameters
    ----------
    states : pandas.DataFrame
        From :func:`pcutils.analysis.description.state_table`.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        `period`, `language` (in words), the fields of an estimate, `n` (students of the period). Empty where
        no clock is known or all states are in one language.
    """
    known = states[states["language"].notna() & states["moment"].notna()]
    named = periods(known["moment"], known["username"])
    writers = known.groupby("language")["username"].nunique()
    found = [key for key in known["language"].value_counts().index[1:] if not is_too_few(writers[key])]
    rows = []
    for key in [name for name in LANGUAGES if name in found]:
        for period in named.cat.categories:
            part = known[named == period]
            estimate = student_share(part["language"] == key, part["username"], resamples, seed)
            rows.append({"period": period, "language": LANGUAGES[key]} | vars(estimate))
    return estimate_table(rows) if rows else pd.DataFrame(columns=["period", "language", "value"])
