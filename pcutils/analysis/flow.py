"""What became of every row of the source: kept, kept aside and why, and dealt to which split."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pcutils.few_students import joined_labels
from pcutils.splits import SPLITS

#: So many reasons are told apart; the rarer ones are counted together.
MOST_REASONS = 8
OTHER_REASONS, OTHER_SPLITS = "other reasons", "other splits"
_REASON = ("field", "found", "expected")


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
    counts: Counter[tuple[str, ...]] = Counter()
    with quarantine.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            counts[tuple(str(row[name]) for name in _REASON)] += 1
    named = counts.most_common()
    rows = [(*reason, count) for reason, count in named[:MOST_REASONS]]
    if rest := sum(count for _, count in named[MOST_REASONS:]):
        rows.append((OTHER_REASONS, "", "", rest))
    return pd.DataFrame(rows, columns=[*_REASON, "rows"]).astype({"rows": int})
