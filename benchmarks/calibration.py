"""Compute the aggregates that chapter 1 holds made-up students against; no student text is kept.

Call it from the clone, with the folder of the public rollouts::

    python benchmarks/calibration.py ../shared/rollouts
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pcutils.analysis import calibration, description
from pcutils.errors import TraceError
from pcutils.execution import run_status
from pcutils.metrics import corrected_metrics, trace_metrics
from pcutils.progress import track
from pcutils.sources import load, traces_of
from pcutils.trace import Trace

TARGET = Path(__file__).resolve().parents[1] / "pcutils" / "analysis" / "calibration.json"
STUDENTS, SEED, RESAMPLES = 200, 0, 500


def main() -> None:
    """Write the aggregates of both populations beside the module that reads them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rollouts", type=Path, help="folder of the published files")
    parser.add_argument("--executed", type=int, default=400, help="traces of each whose states are run")
    options = parser.parse_args()
    tables = {
        "made_up": load("simulated", students=STUDENTS, seed=SEED),
        "rollouts": load("rollouts", path=options.rollouts),
    }
    record = {name: summed_up(table, options.executed) for name, table in tables.items()}
    TARGET.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def summed_up(table: Any, executed: int) -> dict[str, Any]:
    """Sum one population up."""
    rows = list(traces_of(table))
    drawn = random.Random(SEED).sample(rows, min(executed, len(rows)))
    programs = run_status(
        (program for trace in drawn for program in trace.programs), workers=1, progress=True
    )
    traces, states = description.trace_table(table), description.state_table(table, programs)
    found = calibration.population(traces, states, measured(rows), resamples=RESAMPLES, seed=SEED)
    counted = description.facts(traces)
    facts = {name: counted[name] for name in ("traces", "students", "titles")}
    facts |= {"traces_executed": len(drawn), "complete": counted["complete"].value}
    return {"facts": facts, "measures": found.to_dict("records")}


def measured(traces: Sequence[Trace]) -> pd.DataFrame:
    """Measure every trace; nothing of the paper's where its code stops."""
    rows = []
    for trace in track(traces, label="measuring", unit="traces"):
        try:
            paper = trace_metrics(trace, unknown_time_is_nan=True)
        except TraceError:
            paper = {}
        rows.append({"username": trace.username, **paper, **corrected_metrics(trace)})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
