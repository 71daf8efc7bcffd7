"""Who wrote the traces, when, and what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pcutils.analysis.paper import paper_fact
from pcutils.analysis.resampling import resample_weights
from pcutils.analysis.shares import student_share
from pcutils.analysis.statistics import RESAMPLES, Estimate, estimate_table, interval_of, share_interval
from pcutils.execution import program_hash
from pcutils.few_students import bounded

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
POSITIONS = ("first attempt", "in between", "last attempt")


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
    known = [[moment for moment in moments if not pd.isna(moment)] for moments in frame["timestamps"]]
    return pd.DataFrame(
        {
            "row": np.arange(len(frame)),
            "username": frame["username"],
            "title": frame["title"],
            "states": frame["programs"].map(len),
            "is_complete": frame["is_complete"],
            "started": pd.to_datetime(pd.Series([moments[0] if moments else None for moments in known])),
            "ended": pd.to_datetime(pd.Series([moments[-1] if moments else None for moments in known])),
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
        `POSITIONS`; a trace of one state has only a last one), `moment` (NaT where unknown), `gap_seconds`
        since the state before, `lines`, `characters`, `outcome` (a key of `STATUS_LABELS`) and `language`,
        both missing where it was not run.
    """
    frame = dataset.to_pandas()[["username", "title", "programs", "timestamps"]]
    frame["row"], frame["states"] = np.arange(len(frame)), frame["programs"].map(len)
    states = frame.explode(["programs", "timestamps"], ignore_index=True)
    states["number"] = states.groupby("row").cumcount() + 1
    moments = pd.to_datetime(states.pop("timestamps"))
    states["moment"] = moments
    states["gap_seconds"] = moments.groupby(states["row"]).diff().dt.total_seconds()
    is_last = states["number"] == states["states"]
    states["position"] = np.select(
        [is_last, states["number"] == 1], [POSITIONS[2], POSITIONS[0]], POSITIONS[1]
    )
    text = states.pop("programs")
    states["lines"] = text.map(lambda program: len(program.splitlines()))
    states["characters"] = text.map(len)
    failing = programs["status"].where(programs["status"] != "error", programs["error_kind"].fillna("other"))
    hashes = {program: program_hash(program) for program in text.unique()}
    for column, values in {"outcome": failing, "language": programs["language"]}.items():
        known = dict(zip(programs["program_hash"], values, strict=True))
        states[column] = text.map({program: known.get(digest) for program, digest in hashes.items()})
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
        no clock is known; where students must not be seen, years that ten of them reach), `complete` (share
        of traces with Wilson's interval).
    """
    known = traces.dropna(subset="started")
    years = bounded(known["started"].dt.year, known["username"]) if len(known) else np.array([])
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
            estimate = student_share(part["outcome"] == outcome, part["username"], resamples, seed)
            names = {"position": position, "outcome": outcome, "label": STATUS_LABELS[outcome]}
            rows.append(names | vars(estimate))
    return estimate_table(rows)


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
    counts = measures.groupby("username")[list(EDIT_KINDS)].sum()
    weights = resample_weights(counts.index, resamples=resamples, seed=seed)
    kinds = weights @ counts.to_numpy(float)
    with np.errstate(invalid="ignore"):
        shares = kinds / kinds.sum(axis=1, keepdims=True)
    rows = [
        {"label": label} | vars(interval_of(shares[0, place], shares[1:, place], len(counts)))
        for place, label in enumerate(EDIT_KINDS.values())
    ]
    return estimate_table(rows)


def estimates_in_words(estimates: Mapping[str, Estimate], labels: Mapping[str, str]) -> pd.DataFrame:
    """Put named estimates into a table that is ready to show.

    Parameters
    ----------
    estimates : mapping of str to Estimate
        By name.
    labels : mapping of str to str
        Words for the names, in the order of the rows.

    Returns
    -------
    pandas.DataFrame
        The words, and `mean`.
    """
    return pd.DataFrame({"": labels.values(), "mean": [estimates[name] for name in labels]})
