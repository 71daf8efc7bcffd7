"""What became of every row of the source: kept, kept aside and why, and dealt to which split."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pcutils.few_students import joined_labels
from pcutils.splits import SPLITS

#: So many reasons are told apart; the rarer ones are counted together.
MOST_REASONS = 8
OTHER_REASONS, OTHER_SPLITS = "other reasons", "other splits"


@dataclass(frozen=True)
class Flow:
    """Rows of a source on their way into the table and its splits.

    Parameters
    ----------
    kept : int
        Rows that became a trace.
    reasons : pandas.DataFrame
        Rows kept aside: `field`, `found`, `expected`, `rows`; the most frequent first.
    splits : pandas.DataFrame
        Traces of each split: `split`, `traces`, `students`.
    """

    kept: int
    reasons: pd.DataFrame
    splits: pd.DataFrame

    @property
    def aside(self) -> int:
        """Rows kept aside."""
        return int(self.reasons["rows"].sum())

    @property
    def read(self) -> int:
        """Rows that were read: each is either kept or kept aside."""
        return self.kept + self.aside


def flow(splits: pd.DataFrame, quarantine: Path, names: Sequence[str] = SPLITS) -> Flow:
    """Account for every row.

    Parameters
    ----------
    splits : pandas.DataFrame
        One row a trace of the table: `username`, `title`, `split`.
    quarantine : pathlib.Path
        File of the rows kept aside, one JSON object a line; see :func:`pcutils.sources.write_quarantine`.
    names : sequence of str
        The splits, in order.

    Returns
    -------
    Flow
        Where students must not be seen, splits of few students are counted together. Rows kept aside are no
        traces of anybody, and are counted one by one.
    """
    labels = joined_labels(splits["split"].astype(str), splits["username"], OTHER_SPLITS)
    of_split = splits.groupby(labels)["username"]
    traces, students = of_split.size(), of_split.nunique()
    dealt = [
        {"split": name, "traces": int(traces[name]), "students": int(students[name])}
        for name in (*names, OTHER_SPLITS)
        if name in traces.index
    ]
    return Flow(
        len(splits), _reasons(quarantine), pd.DataFrame(dealt, columns=["split", "traces", "students"])
    )


def _reasons(quarantine: Path) -> pd.DataFrame:
    columns = ["field", "found", "expected"]
    with quarantine.open(encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
    frame = pd.DataFrame(rows, columns=[*columns, "row"])
    counted = frame.groupby(columns, sort=False).size().sort_values(ascending=False, kind="stable")
    reasons = counted.rename("rows").reset_index()
    rest = int(reasons["rows"].iloc[MOST_REASONS:].sum())
    if not rest:
        return reasons
    last = pd.DataFrame([{"field": OTHER_REASONS, "found": "", "expected": "", "rows": rest}])
    return pd.concat([reasons.iloc[:MOST_REASONS], last], ignore_index=True)
