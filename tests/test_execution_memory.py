"""How much memory one program can make its copy of the interpreter take, at its worst."""

from __future__ import annotations

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
KEEP = """
var kept = [];
function fill(make, sizes) {
  sizes.forEach(function (size) { try { for (;;) kept[kept.length] = make(size); } catch (e) { } });
}
function bytes(n) { return new Uint8Array(n).fill(1); }
function deep(n) { return deep(n + 1) + 1; }
"""
STAY = "\nfor (var i = 0; i < 3e6; i++) ;"
# Each catches that there is no more memory, keeps what it has, and goes on with smaller pieces.
KEEPERS = {
    "bytes": "fill(bytes, [1e7, 1e6, 1e5, 1e4, 1e3, 10]);",
    "shared bytes": "fill(function (n) { return bytes(new SharedArrayBuffer(n)); }, [1e7, 1e6, 1e5, 1e4]);",
    "strings": "fill(function (n) { return ('y'.repeat(n) + n).toUpperCase(); }, [1e7, 1e6, 1e5, 1e4, 1e3]);",
    "arrays": "fill(function (n) { return new Array(n).fill(7); }, [1e6, 1e5, 1e4, 1e3, 10]);",
    "objects": "fill(function (n) { return {a: n, b: [n]}; }, [1]);",
    "long numbers": "fill(function (n) { return 1n << BigInt(n); }, [8e6, 8e5, 8e4, 8e3, 80]);",
    "closures": "fill(function (n) { return function () { return n; }; }, [1]);",
}
# What lies outside the interpreter's own sum: the stack, holes between the pieces, and the report.
AROUND_THE_WALL = {
    "depth, then bytes": "try { deep(0); } catch (e) { } fill(bytes, [1e7, 1e6, 1e5, 1e4, 1e3, 10]);",
    "bytes between holes": """
fill(bytes, [1000]);
for (var i = 0; i < kept.length; i += 2) kept[i] = null;
fill(bytes, [3000]);""",
    "a report without end": "speed(Infinity); for (;;) label('a', {color: 'x'.repeat(1e6)});",
}


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


def test_a_small_program_hardly_grows(executor: Executor) -> None:
    watcher = Watcher()
    watcher.start()
    (result,) = executor.run(["pen red\nfor i in [1..500]\n  fd i\n  rt 91"])
    assert result.status == "success"
    assert watcher.stop() < MOST_GROWTH_MB / 10
