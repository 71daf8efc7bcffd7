"""How often our verdict is the browser's, on programs that a real browser has run."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path

import pytest

from pcutils.execution import Executor

FLOORS = {"natural": 0.998, "mutant": 0.99, "made by hand": 0.99}
LEAST_EQUAL_MESSAGES = 0.97
GROUPS = {"mutant": "mutant", "edge": "made by hand", "handmade_html": "made by hand"}


@pytest.mark.timeout(600)
def test_verdicts_agree_with_the_browser(shared_dir: Path) -> None:
    path = shared_dir / "golden" / "browser_verdicts.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    with Executor(workers=2, seconds=2.0) as executor:
        results = list(executor.run([row["program"] for row in rows]))
    agree: dict[str, list[bool]] = defaultdict(list)
    same_message = []
    for row, result in zip(rows, results, strict=True):
        agree[GROUPS.get(row["kind"], "natural")].append(result.status == row["status"])
        if row["status"] == result.status == "error":
            same_message.append(result.message == row["message"])
    shares = {group: sum(values) / len(values) for group, values in agree.items()}
    assert shares == {group: pytest.approx(1.0, abs=1.0 - floor) for group, floor in FLOORS.items()}
    assert sum(same_message) / len(same_message) >= LEAST_EQUAL_MESSAGES
