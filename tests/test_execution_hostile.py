"""No program hangs, floods, breaks out, cheats, or disturbs the program after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hostile_programs as hostile
import pytest

from pcutils.execution import Executor, Result

STOPPED, ERROR, FINE = {"timeout", "limit"}, {"error"}, {"success"}
GROUPS = {
    "LOOPS": STOPPED,
    "REGEXES": STOPPED,
    "MEMORY": STOPPED,
    "QUEUES": STOPPED,
    "BOUNDED": STOPPED | FINE,
    "RECURSION": ERROR,
    "POISON": ERROR,
    "TEXTS": STOPPED | ERROR | FINE,
    "OUTSIDE": STOPPED | ERROR | FINE,
}
MOST_GROWTH_MB = 200


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=2, seconds=1.0, compile_seconds=1.0) as running:
        yield running


def run_each_before_a_normal_one(executor: Executor, programs: dict[str, str]) -> dict[str, Result]:
    """Run every program, each before a small one of its own that has to run."""
    after = [f"write 'still here', {number}" for number in range(len(programs))]
    mixed = [text for pair in zip(programs.values(), after, strict=True) for text in pair]
    results = list(executor.run(mixed))
    assert {result.status for result in results[1::2]} == {"success"}
    assert [result.output.split() for result in results[1::2]] == [
        ["still", "here", str(number)] for number in range(len(programs))
    ]
    return dict(zip(programs, results[::2], strict=True))


def test_there_are_at_least_sixty() -> None:
    assert sum(len(getattr(hostile, group)) for group in GROUPS) >= 60


@pytest.mark.parametrize("group", GROUPS)
def test_hostile_programs_get_their_verdict_and_harm_nobody(executor: Executor, group: str) -> None:
    results = run_each_before_a_normal_one(executor, getattr(hostile, group))
    other = {name: (r.status, r.message) for name, r in results.items() if r.status not in GROUPS[group]}
    assert other == {}
    for result in results.values():
        assert "READ" not in result.output
        assert "root:" not in result.output


def peak_mb(executor: Executor) -> float:
    """Memory at its peak, of all processes of an executor together."""
    pids = [pid for kind in executor.pids.values() for pid in kind]
    lines = [Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines() for pid in pids]
    return sum(int(line.split()[1]) / 1024 for status in lines for line in status if line.startswith("VmHWM"))


def test_a_worker_stays_small() -> None:
    with Executor(workers=1, seconds=1.0) as executor:
        list(executor.run(["fd 1"]))
        before = peak_mb(executor)
        bombs = ["x = []\nx.push (new Array 10000).fill(i) for i in [1..1e6]", hostile.TEXTS["long sum"]]
        list(executor.run(bombs))
        assert peak_mb(executor) - before < MOST_GROWTH_MB
