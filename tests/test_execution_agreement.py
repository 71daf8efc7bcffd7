"""How often our verdict is the browser's, on programs that a real browser has run."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path

import pytest

from pcutils.execution import Executor

# What differs from the browser and why, by the first letters of the program's hash.
OTHER_STATUS: dict[str, str] = {}
OTHER_MESSAGE = {"7cee86cd049d": "its message names a colour drawn by chance"}
FLOORS = {"natural": 0.998, "mutant": 0.99, "made by hand": 0.99}
LEAST_EQUAL_MESSAGES = 0.97
GROUPS = {"mutant": "mutant", "edge": "made by hand", "handmade_html": "made by hand"}


@pytest.mark.timeout(600)
def test_verdicts_agree_with_the_browser(shared_dir: Path) -> None:
    path = shared_dir / "golden" / "browser_verdicts.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    with Executor(workers=2, seconds=4.0) as executor:
        results = list(executor.run([row["program"] for row in rows]))
    agree: dict[str, list[bool]] = defaultdict(list)
    same_message = []
    other_status, other_message = set(), set()
    for row, result in zip(rows, results, strict=True):
        agree[GROUPS.get(row["kind"], "natural")].append(result.status == row["status"])
        if result.status != row["status"]:
            other_status.add(result.program_hash[:12])
        elif row["status"] == "error":
            same_message.append(result.message == row["message"])
            if not same_message[-1]:
                other_message.add(result.program_hash[:12])
    shares = {group: sum(values) / len(values) for group, values in agree.items()}
    assert shares == {group: pytest.approx(1.0, abs=1.0 - floor) for group, floor in FLOORS.items()}
    assert sum(same_message) / len(same_message) >= LEAST_EQUAL_MESSAGES
    assert other_status <= OTHER_STATUS.keys()
    assert other_message <= OTHER_MESSAGE.keys()
