"""What the probes have to read: the rest of a trace from its beginning, a student's habits from a vector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise

import numpy as np
import pandas as pd

from pcutils.analysis.probes import Target
from pcutils.analysis.properties import PROPERTIES, property_values
from pcutils.execution import program_hash
from pcutils.metrics import edit_distance, edit_kinds
from pcutils.trace import Trace

#: Paper section on code representations.
PREFIX_TARGETS = (
    Target("attempts_remaining", "number", "attempts remaining"),
    Target("time_remaining", "number", "time remaining"),
    Target("distance_to_final", "number", "distance to the final program"),
    Target("backtracks", "yes-no", "next attempt moves away from the final program"),
    Target("next_kind", "class", "kind of the next edit"),
    Target("next_size", "number", "size of the next edit"),
    Target("next_fails", "yes-no", "next attempt fails"),
)
#: Not in the paper, and no evidence for its claims: asked of failing attempts only.
RECOVERY_TARGETS = (Target("next_recovers", "yes-no", "next attempt runs again after an error"),)
#: What anybody can count without a model: the honest baseline of the probes on prefixes.
COUNTED = (
    "state",
    "log_characters",
    "lines",
    "log_seconds",
    "log_seconds_before",
    "log_size_before",
    "fails",
)

#: Paper section on student representations; names are those of `pcutils.analysis.properties.PROPERTIES`.
HABITS = (
    "backtracking",
    "attempts",
    "edit_size",
    "large_additions",
    "colour_changes",
    "comment_additions",
    "gap",
    "failing_share",
    "comments",
    "final_runs",
)
STUDENT_TARGETS = tuple(
    Target(item.name, "number", item.label) for name in HABITS for item in PROPERTIES if item.name == name
)

_KIND = {
    "num_large_add": "adds lines",
    "num_small_add": "adds lines",
    "num_large_del": "deletes lines",
    "num_small_del": "deletes lines",
}


def failing_programs(programs: pd.DataFrame) -> dict[str, bool]:
    """Say of each program that was run whether it fails.

    Parameters
    ----------
    programs : pandas.DataFrame
        Columns `program_hash` and `status`.

    Returns
    -------
    dict from str to bool
        Hash to True where the status is anything but "success".
    """
    return dict(zip(programs["program_hash"], programs["status"] != "success", strict=True))


def prefix_table(traces: Iterable[Trace], fails: Mapping[str, bool]) -> pd.DataFrame:
    """List every state that has a next one, with what comes after it and what can be counted up to it.

    Parameters
    ----------
    traces : iterable of Trace
        A trace that was cut before its end is left out: what remained of it is unknown.
    fails : mapping from str to bool
        Program hash to whether the program fails; see :func:`failing_programs`.

    Returns
    -------
    pandas.DataFrame
        One row a prefix. `trace` and `place` (both from 0) say which; `username`; the targets of
        `PREFIX_TARGETS` and `RECOVERY_TARGETS` (numbers as ``log(1 + x)``, x in attempts, seconds or
        characters; nan where unknown or, for recovery, where the prefix does not fail); the features of
        `COUNTED`.

    Notes
    -----
    Distances are the paper's edit distance. `backtracks` compares the distances of this state and the next
    to the final program. A kind is that of the paper's release without large and small.
    """
    rows = [
        {"trace": number, "username": trace.username, **row}
        for number, trace in enumerate(traces)
        if trace.is_complete
        for row in _prefixes(trace, fails)
    ]
    targets = [target.name for target in (*PREFIX_TARGETS, *RECOVERY_TARGETS)]
    names = ["trace", "place", "username", *targets, *COUNTED]
    return pd.DataFrame(rows, columns=names)


def _prefixes(trace: Trace, fails: Mapping[str, bool]) -> Iterator[dict[str, object]]:
    programs, times = trace.programs, trace.timestamps
    to_final = [edit_distance(program, programs[-1]) for program in programs]
    sizes = [edit_distance(before, after) for before, after in pairwise(programs)]
    failing = [float(fails.get(program_hash(program), np.nan)) for program in programs]
    for place, (program, after) in enumerate(pairwise(programs)):
        yield {
            "place": place,
            "attempts_remaining": np.log1p(len(programs) - 1 - place),
            "time_remaining": log_seconds(times[place], times[-1]),
            "distance_to_final": np.log1p(to_final[place]),
            "backtracks": float(to_final[place + 1] > to_final[place]),
            "next_kind": _kind(program, after),
            "next_size": np.log1p(sizes[place]),
            "next_fails": failing[place + 1],
            "next_recovers": 1 - failing[place + 1] if failing[place] == 1 else np.nan,
            "state": place + 1,
            "log_characters": np.log1p(len(program)),
            "lines": len(program.splitlines()),
            "log_seconds": log_seconds(times[0], times[place]),
            "log_seconds_before": log_seconds(times[place - 1], times[place]) if place else 0.0,
            "log_size_before": np.log1p(sizes[place - 1]) if place else 0.0,
            "fails": failing[place],
        }


def log_seconds(start: datetime | None, end: datetime | None) -> float:
    """Time between two states as ``log(1 + seconds)``; nan where unknown, 0 where clocks run backwards."""
    if start is None or end is None:
        return float("nan")
    return float(np.log1p(max(0.0, (end - start).total_seconds())))


def student_table(measures: pd.DataFrame, *, min_traces: int = 3) -> pd.DataFrame:
    """Average each student's measures: what there is to be read from the student's vector.

    Parameters
    ----------
    measures : pandas.DataFrame
        One row a trace, as in a run's ``data/measures.parquet``.
    min_traces : int
        Students with fewer traces are left out: their averages are mostly chance.

    Returns
    -------
    pandas.DataFrame
        One row a student, indexed by `username`: `traces`, and the mean of each of `PROPERTIES` (nan where
        it is never known).
    """
    values = property_values(measures)
    grouped = values.groupby(measures["username"])
    means = grouped.mean()
    means.insert(0, "traces", grouped.size())
    return means[means["traces"] >= min_traces]


def title_shares(measures: pd.DataFrame) -> pd.DataFrame:
    """Count which titles each student worked on: what is known about a student without reading a program.

    Parameters
    ----------
    measures : pandas.DataFrame
        Columns `username` and `title`.

    Returns
    -------
    pandas.DataFrame
        One row a student, one column a title; each row sums to 1.
    """
    return pd.crosstab(measures["username"], measures["title"], normalize="index")


def _kind(before: str, after: str) -> str:
    kinds = edit_kinds(before, after)
    return next((word for key, word in _KIND.items() if kinds[key]), "changes lines")
