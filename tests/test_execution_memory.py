"""How much memory one program can make its copy of the interpreter take, at its worst."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcutils.execution import Executor

MOST_GROWTH_MB = 200.0
# What a program that keeps all it can get must reach: else the probe looks at the wrong thing.
LEAST_GROWTH_MB = 150.0
LOOK_SECONDS = 0.002
STAY = "\nfor (var i = 0; i < 3e6; i++) ;"
PROGRAMS = json.loads((Path(__file__).parent / "data" / "memory_programs.json").read_text())
KEEP, KEEPERS, AROUND_THE_WALL = PROGRAMS.values()
"""Functions that programs begin with; programs that catch that there is no more memory, keep what they have
and go on with smaller pieces; and what lies outside the interpreter's own sum: stack, holes, report."""


def status(pid: int, field: str) -> float:
    """Return a line of what the system says about a process, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{field}:"))


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text(encoding="ascii").split()]


class Watcher(threading.Thread):
    """Look at the copies of each worker, again and again, for how much more than the worker they take."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._own = {pid: status(pid, "VmRSS") for pid in children(os.getpid())}
        self._is_over = threading.Event()
        self.peak_mb = 0.0

    def run(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            for pid, own in self._own.items():
                try:
                    for copy in children(pid):
                        self.peak_mb = max(self.peak_mb, status(copy, "VmHWM") - own)
                except OSError:
                    continue

    def stop(self) -> float:
        """End; return the most that was seen, in MB."""
        self._is_over.set()
        self.join()
        return self.peak_mb


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=1, seconds=4.0) as running:
        next(iter(running.run(["fd 1"])))
        yield running


def growth_mb(executor: Executor, program: str) -> float:
    """Run a program; return by how much its copy of the worker grew at its peak."""
    watcher = Watcher()
    watcher.start()
    (result,) = executor.run([KEEP + program + STAY])
    peak = watcher.stop()
    assert result.status in ("limit", "timeout")
    return peak


@pytest.mark.parametrize("name", KEEPERS)
def test_who_keeps_all_he_can_get_stays_small(executor: Executor, name: str) -> None:
    assert LEAST_GROWTH_MB < growth_mb(executor, KEEPERS[name]) < MOST_GROWTH_MB


@pytest.mark.parametrize("name", AROUND_THE_WALL)
def test_no_way_leads_around_the_wall(executor: Executor, name: str) -> None:
    assert growth_mb(executor, AROUND_THE_WALL[name]) < MOST_GROWTH_MB
