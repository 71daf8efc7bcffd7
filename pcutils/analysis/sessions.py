"""Sittings at the computer: states of one student without a long pause between them."""

from __future__ import annotations

import pandas as pd

from pcutils.analysis.resampling import RESAMPLES
from pcutils.analysis.shares import student_share
from pcutils.analysis.statistics import Estimate

#: A pause of more than so many minutes ends a session, as is usual for visits of web sites.
SESSION_MINUTES = 30
MEASURES = {
    "sessions": "sessions of a student",
    "titles": "assignments in a session",
    "states": "states in a session",
    "minutes": "minutes from its first to its last state",
}


def session_table(states: pd.DataFrame, *, minutes: float = SESSION_MINUTES) -> pd.DataFrame:
    """Cut the states of each student into sessions.

    Parameters
    ----------
    states : pandas.DataFrame
        From :func:`pcutils.analysis.description.state_table`: `username`, `title`, `moment`. States without a
        time are left out.
    minutes : float
        A longer pause begins a new session.

    Returns
    -------
    pandas.DataFrame
        One row a session: `username`, `states`, `titles` (how many different ones) and `minutes` between its
        first and its last state.
    """
    known = states.loc[states["moment"].notna(), ["username", "title", "moment"]]
    known = known.sort_values(["username", "moment"], kind="stable")
    pause = known.groupby("username")["moment"].diff().dt.total_seconds()
    known = known.assign(session=(pause.isna() | (pause > 60 * minutes)).cumsum())
    sessions = known.groupby("session").agg(
        username=("username", "first"),
        states=("title", "size"),
        titles=("title", "nunique"),
        first=("moment", "min"),
        last=("moment", "max"),
    )
    spans = (sessions.pop("last") - sessions.pop("first")).dt.total_seconds() / 60
    return sessions.assign(minutes=spans).reset_index(drop=True)


def session_means(
    sessions: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """Average the sessions, with intervals over students.

    Parameters
    ----------
    sessions : pandas.DataFrame
        From :func:`session_table`.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    dict of str to Estimate
        For each key of `MEASURES`.
    """
    draws = {"resamples": resamples, "seed": seed}
    of_student = sessions["username"].value_counts()
    means = {
        "sessions": student_share(of_student, pd.Series(of_student.index, index=of_student.index), **draws)
    }
    for name in ("titles", "states", "minutes"):
        means[name] = student_share(sessions[name], sessions["username"], **draws)
    return means
