"""Errors of students and of samples: how often, and how long until a program runs again.

An episode starts at a state that fails and ends at the next one that runs. Where none does, the number of
attempts is not known, only that it would have been larger: the episode is censored. Leaving such episodes out
would make recovery look quick, so numbers of attempts are read from the Kaplan-Meier curve.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pcutils.analysis.final_programs import STUDENTS
from pcutils.analysis.resampling import RESAMPLES, Floats
from pcutils.analysis.shares import student_share
from pcutils.analysis.statistics import Estimate, estimate_table, interval_of, record
from pcutils.analysis.survival import survival_draws
from pcutils.metrics import error_episodes

#: Curves are drawn, and attempts counted, up to so many.
HORIZON = 6


def episode_table(measures: pd.DataFrame) -> pd.DataFrame:
    """List the error episodes of traces.

    Parameters
    ----------
    measures : pandas.DataFrame
        Measures of a run's traces or of samples: `username`, `is_complete` and `outcomes`.

    Returns
    -------
    pandas.DataFrame
        One row an episode: `username`, `kind` (outcome of its first state), `kinds` (how many different
        ones it has), `attempts` and `recovered` as in :class:`pcutils.metrics.ErrorEpisode`, `given_up`
        (True where the trace ended without recovery, False where it recovered, missing where the record was
        cut before anybody could tell).
    """
    rows = []
    columns = [measures[name] for name in ("username", "is_complete", "outcomes")]
    for username, is_complete, outcomes in zip(*columns, strict=True):
        for episode in error_episodes(list(outcomes)):
            unknown = not episode.recovered and not is_complete
            rows.append(
                {
                    "username": username,
                    "kind": episode.kinds[0],
                    "kinds": len(set(episode.kinds)),
                    "attempts": episode.attempts,
                    "recovered": episode.recovered,
                    "given_up": np.nan if unknown else float(not episode.recovered),
                }
            )
    return pd.DataFrame(rows, columns=["username", "kind", "kinds", "attempts", "recovered", "given_up"])


def recovery_curve(
    episodes: pd.DataFrame, *, horizon: int = HORIZON, resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Share of errors after which a program runs again within so many attempts.

    Parameters
    ----------
    episodes : pandas.DataFrame
        `username`, `attempts`, `recovered`.
    horizon : int
        Largest number of attempts.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        `attempts` from 0 to `horizon`, and the fields of an estimate; `n` is the number of students.

    Notes
    -----
    One minus the Kaplan-Meier estimate. It answers what would happen if everybody went on, and supposes that
    those who stop would have been neither quicker nor slower than those who go on.
    """
    draws = 1 - _survival(episodes, horizon, resamples, seed)
    n = episodes["username"].nunique()
    return estimate_table(
        [
            {"attempts": step} | vars(interval_of(draws[0, step], draws[1:, step], n))
            for step in range(horizon + 1)
        ]
    )


def recovery_curves(
    tables: Mapping[str, pd.DataFrame], *, resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Put several curves into one table.

    Parameters
    ----------
    tables : mapping from str to pandas.DataFrame
        Name of the series to its episodes.
    resamples, seed : int
        As in :func:`recovery_curve`.

    Returns
    -------
    pandas.DataFrame
        `series`, and the columns of :func:`recovery_curve`.
    """
    curves = [
        recovery_curve(episodes, resamples=resamples, seed=seed).assign(series=name)
        for name, episodes in tables.items()
    ]
    return pd.concat(curves, ignore_index=True)


def beside_students(measures: pd.DataFrame, samples: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Put samples beside the traces that students wrote for the same assignments.

    Parameters
    ----------
    measures : pandas.DataFrame
        The run's measures.
    samples : mapping of variant to pandas.DataFrame
        Measures of the samples.

    Returns
    -------
    dict from str to pandas.DataFrame
        `STUDENTS` first, then the variants: `username`, `is_complete`, `outcomes`. Only pairs that were
        sampled count.
    """
    keys, columns = ["username", "title", "split"], ["is_complete", "outcomes"]
    sampled = [frame[keys] for frame in samples.values() if len(frame)]
    pairs = pd.concat([measures[keys].iloc[:0], *sampled]).drop_duplicates()
    frames = {STUDENTS: measures[[*keys, *columns]].merge(pairs, on=keys)}
    return frames | {name: frame.reindex(columns=[*keys, *columns]) for name, frame in samples.items()}


def state_outcomes(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """List the outcomes of all states of several tables.

    Parameters
    ----------
    tables : mapping from str to pandas.DataFrame
        Whose states, to `username` and `outcomes`.

    Returns
    -------
    pandas.DataFrame
        One row a state: `model`, `username`, `outcome`.
    """
    frames = [
        frame[["username", "outcomes"]].explode("outcomes").assign(model=name)
        for name, frame in tables.items()
    ]
    return pd.concat(frames, ignore_index=True).rename(columns={"outcomes": "outcome"})


def attempts_until_recovery(
    episodes: pd.DataFrame, *, horizon: int = HORIZON, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Mean number of attempts until a program runs again, where more than `horizon` count as `horizon`.

    Parameters
    ----------
    episodes : pandas.DataFrame
        `username`, `attempts`, `recovered`.
    horizon : int
        At most so many attempts are counted.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    Estimate
        Not defined where no error was followed by enough attempts.

    Notes
    -----
    The restricted mean: the area under the Kaplan-Meier curve up to the horizon.
    """
    draws = _survival(episodes, horizon, resamples, seed)[:, :-1].sum(axis=1)
    return interval_of(draws[0], draws[1:], episodes["username"].nunique())


def _survival(episodes: pd.DataFrame, horizon: int, resamples: int, seed: int) -> Floats:
    """Kaplan-Meier curves of errors that last, one row a draw of students; row 0 is the data."""
    columns = [episodes[name] for name in ("attempts", "recovered", "username")]
    return survival_draws(*columns, horizon=horizon, resamples=resamples, seed=seed)


def record_recovery(
    results: Any, name: str, episodes: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """Add how errors end to a chapter's results.

    Parameters
    ----------
    results : Results
        Of the chapter.
    name : str
        Whose errors, last part of the names of the measures.
    episodes : pandas.DataFrame
        From :func:`episode_table`.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    dict of str to Estimate
        ``attempts_until_recovery`` (see :func:`attempts_until_recovery`), ``recovered_next`` (share of errors
        after which the very next attempt runs, see :func:`recovery_curve`) and ``given_up`` (share of
        episodes with which a trace ended); recorded as ``<key>.<name>``.
    """
    draws = {"resamples": resamples, "seed": seed}
    told = episodes.dropna(subset="given_up")
    within = recovery_curve(episodes, horizon=1, **draws).iloc[-1]
    found = {
        "attempts_until_recovery": attempts_until_recovery(episodes, **draws),
        "recovered_next": Estimate(*(within[key] for key in ("value", "low", "high", "n", "reason"))),
        "given_up": student_share(told["given_up"] == 1, told["username"], **draws),
    }
    for key, estimate in found.items():
        unit = "attempts" if key == "attempts_until_recovery" else "share"
        record(results, f"{key}.{name}", estimate, unit)
    return found
