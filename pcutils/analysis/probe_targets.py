"""What probes have to read from a prefix of a trace, and what can be counted in it without a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise

import numpy as np
import pandas as pd

from pcutils.analysis.probes import Target
from pcutils.execution import program_hash
from pcutils.metrics import MEASURES, edit_distance, edit_kinds
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
#: Features of a prefix that need no model: the baseline of the probes.
COUNTED = [
    "state",
    "log_characters",
    "lines",
    "log_seconds",
    "log_seconds_before",
    "log_size_before",
    "fails",
]
#: Measures whose average over a student's traces is a habit; paper section on student representations.
HABITS = [
    "backtracking_ratio_all",
    "trace_length_all",
    "mean_sequential_edit_distance_all",
    "edit_mean_num_large_add_all",
    "edit_mean_color_changes_all",
    "edit_mean_comment_additions_all",
    "mean_time_diff_all",
    "failing_share",
    "num_comments_last",
    "final_runs",
]
STUDENT_TARGETS = tuple(Target(name, "number", MEASURES[name].label) for name in HABITS)


def prefix_table(traces: Iterable[Trace], fails: Mapping[str, bool]) -> pd.DataFrame:
    """List every state that has a next one, with what comes after it and what can be counted up to it.

    Parameters
    ----------
    traces : iterable of Trace
        A trace that was cut before its end is left out: what remained of it is unknown.
    fails : mapping from str to bool
        Hash of a program to whether it fails.

    Returns
    -------
    pandas.DataFrame
        One row a prefix: `trace` and `state_index` (both from 0), `username`; the targets of `PREFIX_TARGETS`
        and `RECOVERY_TARGETS` (numbers as ``log(1 + x)``, x in attempts, seconds or characters of the paper's
        edit distance; nan where unknown or, for recovery, where the prefix does not fail); the features of
        `COUNTED`.
    """
    rows = [
        {"trace": number, "username": trace.username, **row}
        for number, trace in enumerate(traces)
        if trace.is_complete
        for row in _prefixes(trace, fails)
    ]
    targets = [target.name for target in (*PREFIX_TARGETS, *RECOVERY_TARGETS)]
    return pd.DataFrame(rows, columns=["trace", "state_index", "username", *targets, *COUNTED])


def _prefixes(trace: Trace, fails: Mapping[str, bool]) -> Iterator[dict[str, object]]:
    programs, times = trace.programs, trace.timestamps
    to_final = [edit_distance(program, programs[-1]) for program in programs]
    sizes = [edit_distance(before, after) for before, after in pairwise(programs)]
    failing = [float(fails.get(program_hash(program), np.nan)) for program in programs]
    for index, (program, after) in enumerate(pairwise(programs)):
        yield {
            "state_index": index,
            "attempts_remaining": np.log1p(len(programs) - 1 - index),
            "time_remaining": log_seconds(times[index], times[-1]),
            "distance_to_final": np.log1p(to_final[index]),
            "backtracks": float(to_final[index + 1] > to_final[index]),
            "next_kind": _kind(program, after),
            "next_size": np.log1p(sizes[index]),
            "next_fails": failing[index + 1],
            "next_recovers": 1 - failing[index + 1] if failing[index] == 1 else np.nan,
            "state": index + 1,
            "log_characters": np.log1p(len(program)),
            "lines": len(program.splitlines()),
            "log_seconds": log_seconds(times[0], times[index]),
            "log_seconds_before": log_seconds(times[index - 1], times[index]) if index else 0.0,
            "log_size_before": np.log1p(sizes[index - 1]) if index else 0.0,
            "fails": failing[index],
        }


def log_seconds(start: datetime | None, end: datetime | None) -> float:
    """Time between two states as ``log(1 + seconds)``; nan where unknown, 0 where clocks run backwards."""
    if start is None or end is None:
        return float("nan")
    return float(np.log1p(max(0.0, (end - start).total_seconds())))


def _kind(before: str, after: str) -> str:
    kinds = edit_kinds(before, after)
    if kinds["num_large_add"] or kinds["num_small_add"]:
        return "adds lines"
    return "deletes lines" if kinds["num_large_del"] or kinds["num_small_del"] else "changes lines"


def distinct_traits(students: pd.DataFrame) -> pd.DataFrame:
    """True traits of simulated students by username; of two with the same order (two units), the first."""
    traits = students.set_index("username").select_dtypes("number")
    likeness = traits.corr(method="spearman").abs().to_numpy()
    repeated = [index for index in range(len(likeness)) if (likeness[index, :index] > 0.999).any()]
    return traits.drop(columns=traits.columns[repeated])
