"""Compute the averages of the public rollouts that chapter 1 shows beside simulated students; keep no text.

Call it from the clone, with the folder of the public rollouts::

    python benchmarks/imitated_students.py ../shared/rollouts
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pcutils.analysis import bootstrap_interval
from pcutils.data import load, traces_of
from pcutils.execution import program_hash, run_status
from pcutils.metrics import corrected_metrics
from pcutils.trace import Trace

TARGET = Path(__file__).resolve().parents[1] / "pcutils" / "analysis" / "imitated_students.json"
SEED = 0


def main() -> None:
    """Write the averages beside the analysis."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rollouts", type=Path, help="folder of the published files")
    parser.add_argument("--executed", type=int, default=400, help="traces whose states are run")
    options = parser.parse_args()
    traces = list(traces_of(load("rollouts", path=options.rollouts)))
    TARGET.write_text(json.dumps(averages(traces, options.executed), indent=1) + "\n", encoding="utf-8")


def averages(traces: list[Trace], executed: int) -> list[dict[str, Any]]:
    """Average each property with an interval over students."""
    corrected = [corrected_metrics(trace) for trace in traces]
    rows = [(trace.username, trace.programs, values) for trace, values in zip(traces, corrected, strict=True)]
    turning = [(name, values) for name, programs, values in rows if len(programs) >= 3]
    gaps = [(trace.username, gap) for trace in traces for gap in gap_seconds(trace)]
    fails = failing(random.Random(SEED).sample(traces, min(executed, len(traces))))
    mean: Callable[..., float] = np.mean
    table = {
        ("states", "mean number of states", "states"): ([(n, len(p)) for n, p, _ in rows], mean),
        ("pause", "median time between states", "seconds"): (gaps, np.median),
        ("lines", "mean lines of the last state", "lines"): (
            [(n, len(p[-1].splitlines())) for n, p, _ in rows],
            mean,
        ),
        ("characters", "median characters of the last state", "characters"): (
            [(n, len(p[-1])) for n, p, _ in rows],
            np.median,
        ),
        ("failing", "share of states that fail", "share of states"): (fails, mean),
        ("commented", "share of last states with a comment", "share of traces"): (
            [(n, v["comment_lines_last"] > 0) for n, _, v in rows],
            mean,
        ),
        ("colors", "mean colors of the last state", "colors"): (
            [(n, v["distinct_colors_last"]) for n, _, v in rows],
            mean,
        ),
        ("backtracking", "backtracking (Levenshtein)", "share of attempts"): (
            [(n, v["backtracking_share_levenshtein"]) for n, v in turning],
            mean,
        ),
    }
    return [
        dict(zip(("measure", "label", "unit"), names, strict=True)) | estimated(values, statistic)
        for names, (values, statistic) in table.items()
    ]


def estimated(values: list[tuple[Any, Any]], statistic: Callable[..., float]) -> dict[str, Any]:
    """Value, interval and number of students of one property."""
    frame = pd.DataFrame(values, columns=["username", "value"]).astype({"value": float})
    found = bootstrap_interval(frame["value"], statistic, groups=frame["username"], resamples=500, seed=SEED)
    return {"value": found.value, "low": found.low, "high": found.high, "n": found.n}


def gap_seconds(trace: Trace) -> list[float]:
    """Seconds between neighboring states that have times."""
    pairs = zip(trace.timestamps, trace.timestamps[1:], strict=False)
    return [(now - then).total_seconds() for then, now in pairs if then and now]


def failing(traces: list[Trace]) -> list[tuple[Any, bool]]:
    """Run the states of some traces: student, and whether each state fails."""
    status = run_status((p for trace in traces for p in trace.programs), workers=1, progress=True)
    failed = dict(zip(status["program_hash"], status["status"] != "success", strict=True))
    return [(trace.username, bool(failed[program_hash(p)])) for trace in traces for p in trace.programs]


if __name__ == "__main__":
    main()
