"""What became of every row of the source: kept, kept aside and why, and dealt to which split."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pcutils.few_students import joined_labels
from pcutils.splits import SPLITS

#: So many reasons are told apart; the rarer ones are counted together.
MOST_REASONS = 8
OTHER_REASONS, OTHER_SPLITS = "other reasons", "other splits"
_REASON = ("field", "found", "expected")

MADE_STATE, KEPT_ASIDE = "made a state", "kept aside"
FATES = {
    "states": MADE_STATE,
    "state": MADE_STATE,
    "repeated runs": "the same program again, dropped",
    "repeat": "the same program again, dropped",
    "repeated lines": "the same line in another file, dropped",
    "same action": "part of an action that has a state",
    "other requests": "no run of a program",
    "other event": "an event that makes no state",
    "kept aside": KEPT_ASIDE,
    "quarantined": KEPT_ASIDE,
}
"""What a source counts (see :class:`pcutils.sources.load.Loaded`), in words."""

UNITS = {"logs": "lines", "progsnap2": "events"}
"""What is read of each source; of the others, rows, each of which is a trace or none."""


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
    fates : pandas.DataFrame
        What became of what was read, where a trace is made of many lines or events: `what`, `rows`. Without
        rows for other sources.
    unit : str
        What is read: lines, events or rows.
    """

    kept: int
    reasons: pd.DataFrame
    splits: pd.DataFrame
    fates: pd.DataFrame
    unit: str = "rows"

    @property
    def aside(self) -> int:
        """Rows kept aside."""
        return int(self.reasons["rows"].sum())

    @property
    def aside_elsewhere(self) -> int:
        """Of what was kept aside, whole traces and rows of other tables, which are no lines or events."""
        return self.aside - int(self.fates.loc[self.fates["what"] == KEPT_ASIDE, "rows"].sum())

    @property
    def read(self) -> int:
        """What was read, in `unit`: rows are either kept or kept aside, lines and events have their fates."""
        return int(self.fates["rows"].sum()) if len(self.fates) else self.kept + self.aside


def flow(
    splits: pd.DataFrame,
    quarantine: Path,
    counts: Mapping[str, int] | None = None,
    *,
    source: str = "",
    names: Sequence[str] = SPLITS,
) -> Flow:
    """Account for every row.

    Parameters
    ----------
    splits : pandas.DataFrame
        One row a trace of the table: `username`, `title`, `split`.
    quarantine : pathlib.Path
        File of the rows kept aside, one JSON object a line; see :func:`pcutils.sources.write_quarantine`.
    counts : mapping of str to int, optional
        What the source counted; see :data:`FATES`. A name that is not known there stands for itself.
    source : str
        Name of the source.
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
    table = pd.DataFrame(dealt, columns=["split", "traces", "students"])
    fates = _fates(counts or {})
    return Flow(len(splits), _reasons(quarantine), table, fates, UNITS.get(source, "rows"))


def _fates(counts: Mapping[str, int]) -> pd.DataFrame:
    """States first, what was kept aside last, the others by how many they are."""
    named: Counter[str] = Counter()
    for what, count in counts.items():
        named[FATES.get(what, what)] += count
    places = {MADE_STATE: 0, KEPT_ASIDE: 2}
    rows = sorted(named.most_common(), key=lambda row: places.get(row[0], 1))
    return pd.DataFrame(rows, columns=["what", "rows"]).astype({"rows": int})


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
