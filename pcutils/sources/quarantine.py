"""Rows that cannot become a trace: counted and kept aside, never dropped in silence."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


class QuarantineWarning(UserWarning):
    """Some rows of a source were kept aside."""


@dataclass(frozen=True)
class Quarantined:
    """One row that was kept aside, without any text of a student.

    Parameters
    ----------
    source : str
        Name of the source, such as ``"rollouts"``.
    file : str
        Name of the file.
    row : int
        Its place in the file, from 0.
    field : str
        Which part of the row is wrong.
    found, expected : str
        What is there and what should be; never a program, never a comment.
    """

    source: str
    file: str
    row: int
    field: str
    found: str
    expected: str


def summary(quarantined: Sequence[Quarantined], total: int) -> str:
    """Say in one sentence how many rows were kept aside and why.

    Parameters
    ----------
    quarantined : sequence of Quarantined
        The rows kept aside.
    total : int
        How many rows were read.

    Returns
    -------
    str
        With the reasons, the most frequent first.

    Examples
    --------
    >>> summary([Quarantined("rollouts", "a.json", 3, "programs", "no complete state", "at least one")], 10)
    '1 of 10 rows kept aside: 1 with no complete state (programs)'
    """
    reasons = Counter(f"with {bad.found} ({bad.field})" for bad in quarantined)
    listed = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    return f"{len(quarantined)} of {total} rows kept aside: {listed or 'none'}"


def write_quarantine(quarantined: Iterable[Quarantined], path: str | Path) -> Path:
    """Write the rows kept aside, one JSON object a line, as they come.

    Parameters
    ----------
    quarantined : iterable of Quarantined
        The rows; one at a time is in memory.
    path : str or pathlib.Path
        Usually ``quarantine.jsonl`` beside the table; its folder is made.

    Returns
    -------
    pathlib.Path
        `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as lines:
        for bad in quarantined:
            lines.write(json.dumps(asdict(bad), ensure_ascii=True) + "\n")
    return path
