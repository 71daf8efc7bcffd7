"""Who wrote the traces, what is in them, and how much of a student's style is stable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pcutils.analysis.paper import paper_fact
from pcutils.analysis.properties import LABELS, PROPERTIES, property_values
from pcutils.analysis.statistics import (
    RESAMPLES,
    Estimate,
    bootstrap_interval,
    correlation_interval,
    share_interval,
)
from pcutils.execution import program_hash

if TYPE_CHECKING:
    from datasets import Dataset

#: What a state did when it ran, in words, in the order of the figures.
STATUS_LABELS = {
    "success": "runs",
    "compile": "cannot be read",
    "name": "unknown name",
    "type": "wrong kind of value",
    "argument": "value out of range",
    "other": "other error",
    "timeout": "takes too long",
    "limit": "too large",
}
EDIT_KINDS = {
    "edit_sum_num_small_add_all": "few lines added",
    "edit_sum_num_large_add_all": "many lines added",
    "edit_sum_num_small_del_all": "few lines deleted",
    "edit_sum_num_large_del_all": "many lines deleted",
    "edit_sum_num_modify_existing_all": "lines changed",
}
#: Where in its trace a state stands.
POSITIONS = ("first", "between", "last")


def trace_table(dataset: Dataset) -> pd.DataFrame:
    """One row a trace: who, what, when, how many states.

    Parameters
    ----------
    dataset : datasets.Dataset
        A table of traces.

    Returns
    -------
    pandas.DataFrame
        `row`, `username`, `title`, `states`, `is_complete`, `started` and `ended` (NaT where unknown).
    """
    frame = dataset.to_pandas()
    stamps = [pd.to_datetime(pd.Series(list(moments))).dropna() for moments in frame["timestamps"]]
    return pd.DataFrame(
        {
            "row": np.arange(len(frame)),
            "username": frame["username"],
            "title": frame["title"],
            "states": frame["programs"].map(len),
            "is_complete": frame["is_complete"],
            "started": [moments.iloc[0] if len(moments) else pd.NaT for moments in stamps],
            "ended": [moments.iloc[-1] if len(moments) else pd.NaT for moments in stamps],
        }
    )


def state_table(dataset: Dataset, programs: pd.DataFrame) -> pd.DataFrame:
    """One row a state: where it stands, when, how long, and what it did; never its text.

    Parameters
    ----------
    dataset : datasets.Dataset
        A table of traces.
    programs : pandas.DataFrame
        The run's table of distinct programs.

    Returns
    -------
    pandas.DataFrame
        `row` of the trace, `username`, `title`, `number` from 1, `states` of the trace, `position` (one of
        `POSITIONS`; a trace of one state has only a last one), `gap_seconds` since the state before, `lines`,
        `characters`, `outcome` (a key of `STATUS_LABELS`).
    """
    frame = dataset.to_pandas()[["username", "title", "programs", "timestamps"]]
    frame["row"], frame["states"] = np.arange(len(frame)), frame["programs"].map(len)
    states = frame.explode(["programs", "timestamps"], ignore_index=True)
    states["number"] = states.groupby("row").cumcount() + 1
    moments = pd.to_datetime(states.pop("timestamps"))
    states["gap_seconds"] = moments.groupby(states["row"]).diff().dt.total_seconds()
    is_last = states["number"] == states["states"]
    states["position"] = np.select([is_last, states["number"] == 1], ["last", "first"], "between")
    text = states.pop("programs")
    states["lines"] = text.str.splitlines().map(len)
    states["characters"] = text.map(len)
    failing = programs["status"].where(programs["status"] != "error", programs["error_kind"].fillna("other"))
    outcomes = dict(zip(programs["program_hash"], failing, strict=True))
    known = {program: outcomes.get(program_hash(program)) for program in text.unique()}
    states["outcome"] = text.map(known)
    return states


def facts(traces: pd.DataFrame) -> dict[str, Any]:
    """Count students, titles, traces and states.

    Parameters
    ----------
    traces : pandas.DataFrame
        From :func:`trace_table`.

    Returns
    -------
    dict
        `students`, `titles`, `traces`, `states`, `traces_per_student`, `first_year`, `last_year` (None where
        no clock is known), `complete` (share with its interval over students).
    """
    years = traces["started"].dropna().dt.year
    return {
        "students": traces["username"].nunique(),
        "titles": traces["title"].nunique(),
        "traces": len(traces),
        "states": int(traces["states"].sum()),
        "traces_per_student": len(traces) / traces["username"].nunique(),
        "first_year": int(years.min()) if len(years) else None,
        "last_year": int(years.max()) if len(years) else None,
        "complete": share_interval(int(traces["is_complete"].sum()), len(traces)),
    }


def beside_paper(counted: Mapping[str, Any], kind_of_students: str) -> pd.DataFrame:
    """Put this run's counts beside the paper's.

    Parameters
    ----------
    counted : mapping
        From :func:`facts`.
    kind_of_students : str
        Heads the column of this run.

    Returns
    -------
    pandas.DataFrame
        All cells in words, ready to show.
    """
    rows = [
        ("students", f"{counted['students']:,}", f"{paper_fact('students'):,}"),
        ("assignments (titles)", f"{counted['titles']:,}", "not stated"),
        ("traces", f"{counted['traces']:,}", f"{paper_fact('traces'):,}"),
        ("saved programs (states)", f"{counted['states']:,}", "not stated"),
        ("traces per student", f"{counted['traces_per_student']:.2f}", str(paper_fact("traces_per_student"))),
        (
            "years",
            _years(counted["first_year"], counted["last_year"]),
            _years(paper_fact("first_year"), paper_fact("last_year")),
        ),
    ]
    return pd.DataFrame(rows, columns=["", f"this run: {kind_of_students}", "the paper's students"])


def _years(first: Any, last: Any) -> str:
    if first is None:
        return "unknown"
    return str(first) if first == last else f"{first} to {last}"


def outcome_shares(states: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0) -> pd.DataFrame:
    """Share of states with each outcome, by position in the trace.

    Parameters
    ----------
    states : pandas.DataFrame
        From :func:`state_table`.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        `position`, `outcome`, `label`, `value`, `low`, `high`, `n` students; only outcomes that occur.
    """
    rows = []
    for position in POSITIONS:
        part = states[(states["position"] == position) & states["outcome"].notna()]
        for outcome in [name for name in STATUS_LABELS if (states["outcome"] == name).any()]:
            hits = (part["outcome"] == outcome).to_numpy(float)
            estimate = bootstrap_interval(hits, groups=part["username"], resamples=resamples, seed=seed)
            names = {"position": position, "outcome": outcome, "label": STATUS_LABELS[outcome]}
            rows.append(names | vars(estimate))
    return pd.DataFrame(rows)


def edit_shares(measures: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0) -> pd.DataFrame:
    """Share of each kind among all edits, with intervals over students.

    Parameters
    ----------
    measures : pandas.DataFrame
        The run's measures.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        `label`, `value`, `low`, `high`, `n`.
    """
    counts = measures[list(EDIT_KINDS)].to_numpy(float)
    rows = []
    for place, label in enumerate(EDIT_KINDS.values()):

        def share(rows: np.ndarray, place: int = place) -> float:
            total = rows.sum()
            return float(rows[:, place].sum() / total) if total else float("nan")

        estimate = bootstrap_interval(
            counts, share, groups=measures["username"], resamples=resamples, seed=seed
        )
        rows.append({"label": label} | vars(estimate))
    return pd.DataFrame(rows)


def mean_over_students(values: pd.Series, measures: pd.DataFrame, *, resamples: int = RESAMPLES) -> Estimate:
    """Mean over traces with its interval over students; rows without a value are left out."""
    whole = values.notna().to_numpy()
    return bootstrap_interval(
        values[whole].to_numpy(float), groups=measures.loc[whole, "username"], resamples=resamples
    )


def style_reliability(
    measures: pd.DataFrame, *, fewest: int = 4, resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Does a student have a style? Correlation between two halves of the same student's traces.

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
        estimate = correlation_interval(
            halves[item.name].iloc[:, 0].to_numpy() if len(halves) else [],
            halves[item.name].iloc[:, 1].to_numpy() if len(halves) else [],
            resamples=resamples,
            seed=seed,
        )
        rows.append({"property": item.name, "label": LABELS[item.name]} | vars(estimate))
    return pd.DataFrame(rows)
