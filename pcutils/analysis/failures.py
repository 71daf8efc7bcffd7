"""Errors of students and of samples: how long until a program runs again, and what is edited next.

An episode starts at a state that fails and ends at the next one that runs. Where none does, the number of
attempts is not known, only that it would have been larger: the episode is censored. Leaving such episodes out
would make recovery look quick, so numbers of attempts are read from the Kaplan-Meier curve.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pcutils.analysis.description import EDIT_KINDS, STATUS_LABELS
from pcutils.analysis.resampling import RESAMPLES, Floats, resample_weights
from pcutils.analysis.statistics import Estimate, estimate_table, interval_of, record
from pcutils.execution import program_hash
from pcutils.metrics import SUCCESS, edit_category, edit_kinds, error_episodes, response_to_error

if TYPE_CHECKING:
    from datasets import Dataset

#: Curves are drawn, and attempts counted, up to so many.
HORIZON = 6
#: `pcutils.metrics.RESPONSES` in the words of the figures.
RESPONSE_LABELS = {
    "named": "a line with the name in the error message",
    "recent": "another line of the last edit",
    "elsewhere": "older lines only",
    "undone": "takes the last edit back",
    "adds": "only adds lines",
    "unchanged": "nothing",
}
AFTER_ERROR, AFTER_RUN = "a program that fails", "a program that runs"


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
    """Kaplan-Meier curves at 0 to `horizon` attempts, one row a draw of students; row 0 is the data."""
    weights = resample_weights(episodes["username"], resamples=resamples, seed=seed)
    attempts = episodes["attempts"].to_numpy(int)[:, None]
    recovered = episodes["recovered"].to_numpy(bool)[:, None]
    steps = np.arange(1, horizon + 1)[None, :]
    at_risk = weights @ (attempts >= steps).astype(float)
    events = weights @ ((attempts == steps) & recovered).astype(float)
    with np.errstate(invalid="ignore"):
        staying = 1 - events / at_risk
    everybody_recovered = np.cumsum(np.nan_to_num(staying, nan=1.0) == 0, axis=1) > 0
    staying = np.where(np.isnan(staying) & everybody_recovered, 0.0, staying)
    return np.hstack([np.ones((len(weights), 1)), np.cumprod(staying, axis=1)])


def response_table(dataset: Dataset, programs: pd.DataFrame) -> pd.DataFrame:
    """List the edits between neighbouring states: what came before them, and what they changed.

    Parameters
    ----------
    dataset : datasets.Dataset
        A table of traces.
    programs : pandas.DataFrame
        The run's table of distinct programs.

    Returns
    -------
    pandas.DataFrame
        One row a pair of neighbouring states: `username`; `after` (`AFTER_ERROR` or `AFTER_RUN`); `edit`
        (a value of :data:`pcutils.analysis.description.EDIT_KINDS`); for edits after an error also `error`
        (key of `STATUS_LABELS`), `response` (one of :data:`pcutils.metrics.RESPONSES`) and `repaired`
        (whether the next state runs). No text.
    """
    known = programs.set_index("program_hash")
    status, kinds = known["status"].to_dict(), known["error_kind"].to_dict()
    messages = known["message"].astype(object).where(known["message"].notna(), None).to_dict()
    rows = []
    for username, states in zip(dataset["username"], dataset["programs"], strict=True):
        names = [program_hash(state) for state in states]
        for place, (failing, after) in enumerate(pairwise(states)):
            name, row = names[place], {"username": username, "after": AFTER_RUN}
            row["edit"] = EDIT_KINDS[f"edit_sum_num_{edit_category(edit_kinds(failing, after))}_all"]
            if status[name] != SUCCESS:
                before = states[place - 1] if place else ""
                row |= {
                    "after": AFTER_ERROR,
                    "error": kinds[name] if status[name] == "error" else status[name],
                    "response": response_to_error(before, failing, after, messages[name]),
                    "repaired": float(status[names[place + 1]] == SUCCESS),
                }
            rows.append(row)
    return pd.DataFrame(rows, columns=["username", "after", "edit", "error", "response", "repaired"])


def share_table(
    frame: pd.DataFrame,
    column: str,
    labels: Mapping[str, str],
    *,
    by: str,
    groups: Mapping[str, str],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Shares of the values of a column in groups of rows, with intervals over students.

    Parameters
    ----------
    frame : pandas.DataFrame
        With `username`.
    column : str
        Whose values are counted.
    labels : mapping from str to str
        Its values, in words, in the order of the figure.
    by : str
        Column that makes the groups.
    groups : mapping from str to str
        Its values, in words; a group without a row is left out.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        `value_of` and `label` (a value of the column and its words), `key` and `group` (a group and its
        words), `rows` (how many rows the group has) and an estimate.
    """
    rows = []
    for value, label in labels.items():
        for key, words in groups.items():
            part = frame[frame[by] == key]
            if len(part):
                share = student_share(part[column] == value, part["username"], resamples, seed)
                names = {"value_of": value, "label": label, "key": key, "group": words, "rows": len(part)}
                rows.append(names | vars(share))
    return estimate_table(rows)


def student_share(hits: pd.Series, owners: pd.Series, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Share of rows that are true, with an interval over students.

    Parameters
    ----------
    hits : pandas.Series of bool
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


def frequent_kinds(kinds: pd.Series, *, fewest: int = 20, most: int = 3) -> dict[str, str]:
    """Choose the kinds of errors that are frequent enough to be shown one by one.

    Parameters
    ----------
    kinds : pandas.Series of str
        Keys of `STATUS_LABELS`.
    fewest, most : int
        How often a kind has to occur, and how many kinds there may be.

    Returns
    -------
    dict of str to str
        Kind to words, most frequent first.
    """
    counts = kinds.value_counts()
    return {str(kind): STATUS_LABELS[str(kind)] for kind in counts.index[counts >= fewest][:most]}


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
