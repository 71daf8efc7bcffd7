"""Measure traces and run their programs: the same for students' traces and for sampled ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pandas import DataFrame

from pcutils.errors import TraceError
from pcutils.execution import program_hash, run_status
from pcutils.metrics import corrected_metrics, trace_metrics
from pcutils.progress import track
from pcutils.trace import Trace

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Execution


def measure(traces: Sequence[Trace], execution: Execution, label: str) -> tuple[DataFrame, DataFrame]:
    """Measure traces and run every distinct program once.

    Parameters
    ----------
    traces : sequence of Trace
        Each with at least one state.
    execution : Execution
        Section of the profile.
    label : str
        What the traces are, for the progress lines.

    Returns
    -------
    measures : pandas.DataFrame
        One row a trace, in order: the paper's metrics, the corrected ones, ``final_runs`` (whether the last
        program runs) and ``failing_share`` (share of states that do not). What depends on an unknown time
        is NaN, and so is all that the paper's release computes from a trace that it stops at.
    programs : pandas.DataFrame
        One row a distinct program: ``program_hash``, ``status``, ``error_kind``, ``message``, ``language``.
    """
    distinct = list(dict.fromkeys(program for trace in traces for program in trace.programs))
    programs = run_status(distinct, workers=execution.workers, seconds=execution.seconds, progress=True)
    succeeded = set(programs.loc[programs["status"] == "success", "program_hash"])
    runs = {program: program_hash(program) in succeeded for program in distinct}
    rows = [
        {**_paper(trace), **corrected_metrics(trace), **_running(trace, runs)}
        for trace in track(traces, label=f"measuring {label}", unit="traces")
    ]
    return DataFrame(rows, columns=None if rows else _columns()), programs


def _columns() -> list[str]:
    """Name the columns of a table without rows."""
    trace = Trace.from_states(["fd 1"])
    return [
        *trace_metrics(trace, unknown_time_is_nan=True),
        *corrected_metrics(trace),
        *_running(trace, {"fd 1": True}),
    ]


def _paper(trace: Trace) -> dict[str, int | float]:
    try:
        return trace_metrics(trace, unknown_time_is_nan=True)
    except TraceError:
        return {}


def _running(trace: Trace, runs: dict[str, bool]) -> dict[str, bool | float]:
    states = [runs[program] for program in trace.programs]
    return {"final_runs": states[-1], "failing_share": 1 - sum(states) / len(states)}
