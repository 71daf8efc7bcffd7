"""How far the made-up students are from students imitated by the paper's models, measure by measure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from pcutils.analysis.description import EDIT_KINDS, POSITIONS
from pcutils.analysis.statistics import RESAMPLES, bootstrap_interval, estimate_table

POPULATIONS = {"made_up": "made-up students", "rollouts": "students imitated by the released models"}
#: Standard errors from the middle of an interval to its end.
_HALF_WIDTH = 1.959964

_Rows = tuple[pd.Series, pd.Series]


@dataclass(frozen=True)
class Measure:
    """One property of a population.

    Parameters
    ----------
    name : str
        In the table of aggregates.
    label : str
        In words.
    unit : str
        What it is counted in.
    rows : callable
        Takes the tables of traces, of states and of measures; gives the values and the student of each.
    statistic : callable
        Joins the values into one number.
    """

    name: str
    label: str
    unit: str
    rows: Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame], _Rows]
    statistic: Callable[[Any], float] = np.mean


def _of_traces(column: str) -> Callable[..., _Rows]:
    return lambda traces, states, measures: _known(traces[column], traces["username"])


def _of_states(column: str) -> Callable[..., _Rows]:
    return lambda traces, states, measures: _known(states[column], states["username"])


def _of_measures(column: str, fewest_states: int = 1) -> Callable[..., _Rows]:
    def rows(traces: pd.DataFrame, states: pd.DataFrame, measures: pd.DataFrame) -> _Rows:
        part = measures[measures["trace_length_all"] >= fewest_states]
        return _known(part[column], part["username"])

    return rows


def _of_last(column: str) -> Callable[..., _Rows]:
    def rows(traces: pd.DataFrame, states: pd.DataFrame, measures: pd.DataFrame) -> _Rows:
        part = states[states["position"] == POSITIONS[-1]]
        return _known(part[column], part["username"])

    return rows


def _fails(traces: pd.DataFrame, states: pd.DataFrame, measures: pd.DataFrame) -> _Rows:
    part = states[states["outcome"].notna()]
    return (part["outcome"] != "success").astype(float), part["username"]


def _comments(traces: pd.DataFrame, states: pd.DataFrame, measures: pd.DataFrame) -> _Rows:
    values, owners = _known(measures["comment_lines_last"], measures["username"])
    return (values > 0).astype(float), owners


def _known(values: pd.Series, owners: pd.Series) -> _Rows:
    values = pd.to_numeric(values).astype(float)
    return values[values.notna()], owners[values.notna()]


def _edit_kind(column: str) -> Callable[..., _Rows]:
    """Edits of one kind beside all edits, a row a trace."""

    def rows(traces: pd.DataFrame, states: pd.DataFrame, measures: pd.DataFrame) -> _Rows:
        part = measures[measures[list(EDIT_KINDS)].notna().all(axis=1)]
        pairs = np.column_stack([part[column].to_numpy(float), part[list(EDIT_KINDS)].sum(axis=1)])
        return pd.Series(list(pairs), index=part.index), part["username"]

    return rows


def _share(pairs: Any) -> float:
    total = pairs[:, 1].sum()
    return float(pairs[:, 0].sum() / total) if total else math.nan


MEASURES = (
    Measure("states_mean", "mean number of states", "states", _of_traces("states")),
    Measure("gap_median", "median time between states", "seconds", _of_states("gap_seconds"), np.median),
    Measure("lines_mean", "mean lines of the last state", "lines", _of_last("lines")),
    Measure(
        "characters_median",
        "median characters of the last state",
        "characters",
        _of_last("characters"),
        np.median,
    ),
    *(
        Measure(name.removesuffix("_all"), label, "share of edits", _edit_kind(name), _share)
        for name, label in EDIT_KINDS.items()
    ),
    Measure("failing", "states that fail", "share of states", _fails),
    Measure("commented", "last states with a comment", "share of traces", _comments),
    Measure("colours", "mean colours of the last state", "colours", _of_measures("distinct_colors_last")),
    Measure(
        "backtracking",
        "backtracking (Levenshtein)",
        "share of attempts",
        _of_measures("backtracking_share_levenshtein", 3),
    ),
)


def population(
    traces: pd.DataFrame,
    states: pd.DataFrame,
    measures: pd.DataFrame,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Sum a population up.

    Parameters
    ----------
    traces, states : pandas.DataFrame
        From :func:`pcutils.analysis.description.trace_table` and ``state_table``. A state without an outcome
        counts for everything but the failing share.
    measures : pandas.DataFrame
        The run's measures, one row a trace.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        One row for each of `MEASURES`: `measure`, `label`, `unit`, `value`, `low`, `high`, `n` students. No
        text of any student is in it.
    """
    rows = []
    for measure in MEASURES:
        values, owners = measure.rows(traces, states, measures)
        stacked = np.array(values.tolist(), dtype=float)
        estimate = bootstrap_interval(
            stacked, measure.statistic, groups=owners, resamples=resamples, seed=seed
        )
        names = {"measure": measure.name, "label": measure.label, "unit": measure.unit}
        rows.append(names | {key: vars(estimate)[key] for key in ("value", "low", "high", "n")})
    return estimate_table(rows)


def recorded(name: str) -> pd.DataFrame:
    """Read the aggregates of a population that are kept with the code.

    Parameters
    ----------
    name : {"made_up", "rollouts"}
        Which population; ``benchmarks/calibration.py`` computes both anew.

    Returns
    -------
    pandas.DataFrame
        As from :func:`population`.
    """
    return estimate_table(_record()[name]["measures"])


def recorded_facts(name: str) -> Mapping[str, Any]:
    """Say what the recorded aggregates of a population were computed on.

    Parameters
    ----------
    name : {"made_up", "rollouts"}
        Which population.

    Returns
    -------
    mapping
        `traces`, `students`, `titles`, `traces_executed`, and `complete`: the share of traces that were not
        cut.
    """
    return _record()[name]["facts"]


def _record() -> dict[str, Any]:
    return json.loads((files("pcutils.analysis") / "calibration.json").read_text(encoding="utf-8"))


def distances(own: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Say how many times as large each measure is in one population as in another.

    Parameters
    ----------
    own, other : pandas.DataFrame
        From :func:`population` or :func:`recorded`.

    Returns
    -------
    pandas.DataFrame
        `measure`, `label`, `unit`, `own` and `other` (the two values), `value` (own over other), `low`,
        `high` (its interval), `n` (students of the smaller population), `is_further` (whether the interval
        leaves one out: further apart than sampling noise explains).

    Notes
    -----
    The populations are independent, so the variances of the two logarithms add up. The width of a bootstrap
    interval gives each standard error. Not defined where a value or an end of an interval is zero or less.
    """
    both = own.merge(other, on="measure", suffixes=("", "_other"))
    rows = [_distance({str(key): value for key, value in row.items()}) for row in both.to_dict("records")]
    return estimate_table(rows)


def _distance(row: Mapping[str, Any]) -> dict[str, Any]:
    names = {"measure": row["measure"], "label": row["label"], "unit": row["unit"]}
    names |= {"own": row["value"], "other": row["value_other"], "n": min(row["n"], row["n_other"])}
    ends = [row[key] for key in ("value", "low", "high", "value_other", "low_other", "high_other")]
    if not all(math.isfinite(end) and end > 0 for end in ends):
        return names | {"value": math.nan, "low": math.nan, "high": math.nan, "is_further": False}
    ratio = math.log(ends[0] / ends[3])
    errors = [math.log(high / low) / (2 * _HALF_WIDTH) for low, high in (ends[1:3], ends[4:6])]
    half = _HALF_WIDTH * math.hypot(*errors)
    low, high = math.exp(ratio - half), math.exp(ratio + half)
    return names | {"value": math.exp(ratio), "low": low, "high": high, "is_further": not low <= 1 <= high}


def fold(ratio: float) -> float:
    """Say how many times two values are apart, whichever is larger.

    Examples
    --------
    >>> fold(0.25), fold(4.0)
    (4.0, 4.0)
    """
    return max(ratio, 1 / ratio)


def shown(distance: pd.DataFrame, own: str, other: str) -> pd.DataFrame:
    """Make a table of distances ready to show.

    Parameters
    ----------
    distance : pandas.DataFrame
        From :func:`distances`.
    own, other : str
        Heads of the two columns of values.

    Returns
    -------
    pandas.DataFrame
        In words; the unit stands beside the label where the label does not say it.
    """
    words = np.where(distance["is_further"], "beyond noise", "within noise")
    words = np.where(distance["value"].isna(), "not defined", words)
    pairs = zip(distance["label"], distance["unit"], strict=True)
    labels = [label if unit in label else f"{label}, {unit}" for label, unit in pairs]
    return pd.DataFrame({"": labels, own: distance["own"], other: distance["other"], "distance": words})
