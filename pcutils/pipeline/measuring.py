"""Measure traces and run their programs: the same for students' traces and for sampled ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pandas import DataFrame

from pcutils.errors import TraceError
from pcutils.execution import program_hash
from pcutils.metrics import (
    SUCCESS,
    corrected_metrics,
    failing_share,
    recovery_share,
    state_outcome,
    trace_metrics,
)
from pcutils.pipeline.verdicts import Verdicts
from pcutils.progress import track
from pcutils.trace import Trace


def measure(
    traces: Sequence[Trace], verdicts: Verdicts, label: str, *, progress: bool = True
) -> tuple[DataFrame, DataFrame]:
    """Measure traces and run every distinct program once.

    Parameters
    ----------
    traces : sequence of Trace
        Each with at least one state.
    verdicts : Verdicts
        What is known of programs; it runs the others.
    label : str
        What the traces are, for the progress lines.
    progress : bool
        Show how far it is.

    Returns
    -------
    measures : pandas.DataFrame
        One row a trace, in order: the paper's metrics, the corrected ones, ``outcomes`` (a list with the
        :func:`~pcutils.metrics.state_outcome` of each state), ``final_runs`` (whether the last program runs),
        ``failing_share`` (share of states that do not) and ``recovery_share`` (share of failing states whose
        next one runs). What depends on an unknown time is NaN, and so is all that the paper's release
        computes from a trace that it stops at.
    programs : pandas.DataFrame
        One row a distinct program: ``program_hash``, ``status``, ``error_kind``, ``message``, ``language``.
    """
    distinct = list(dict.fromkeys(program for trace in traces for program in trace.programs))
    programs = verdicts.status(distinct, progress=progress)
    ended = programs.set_index("program_hash")[["status", "error_kind"]]
    kinds = ended["error_kind"].astype(object).where(ended["error_kind"].notna(), None)
    words = dict(zip(ended.index, map(state_outcome, ended["status"], kinds), strict=True))
    outcomes = {program: words[program_hash(program)] for program in distinct}
    rows = [
        {**_paper(trace), **corrected_metrics(trace), **_running(trace, outcomes)}
        for trace in track(traces, label=f"measuring {label}", unit="traces", enabled=progress)
    ]
    return DataFrame(rows, columns=None if rows else _columns()), programs


def _columns() -> list[str]:
    """Name the columns of a table without rows."""
    trace = Trace.from_states(["fd 1"])
    return [
        *trace_metrics(trace, unknown_time_is_nan=True),
        *corrected_metrics(trace),
        *_running(trace, {"fd 1": SUCCESS}),
    ]


def _paper(trace: Trace) -> dict[str, int | float]:
    try:
        return trace_metrics(trace, unknown_time_is_nan=True)
    except TraceError:
        return {}


def _running(trace: Trace, outcomes: Mapping[str, str]) -> dict[str, object]:
    states = [outcomes[program] for program in trace.programs]
    return {
        "outcomes": states,
        "final_runs": states[-1] == SUCCESS,
        "failing_share": failing_share(states),
        "recovery_share": recovery_share(states),
    }
