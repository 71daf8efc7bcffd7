"""Run the same programs with our executor and with its peers, one after the other in one run.

    python benchmarks/execution.py [PROGRAMS] [--programs 600] [--workers 2] [--seed 0]
                                   [--runtime TURTLEBITS_JS --chromium PATH --browser-programs 40]

PROGRAMS is a file of JSON lines, plain or gzipped, with `program` and, where a browser's verdict is known,
its `status` and the `kind` of program; without it the programs are states of simulated students. Identical
programs are left out first, and no cache is filled. The peer mini-racer runs our own turtle commands in V8,
with a new context for each program and as many processes as there are workers; without the walls that ours
has, except a limit on time. The browser is Chromium with Pencil Code's own runtime, where its file is given.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import random
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from pcutils.execution import Executor
from pcutils.execution import compiler as compiling
from pcutils.execution.engine import SHIM, runtime_script
from pcutils.execution.result import Limits
from pcutils.execution.translation import END, is_page

HERE = Path(compiling.HERE)
SECONDS = Limits().seconds
PATIENCE_SECONDS = 10 * SECONDS
Outcome = tuple[list[str], float, float]


def read_programs(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.decode("utf-8").split("\n") if line]


def simulated_programs(count: int, seed: int) -> list[dict[str, Any]]:
    """Take the states of simulated students' traces."""
    from pcutils.simulate import simulate

    traces, _ = simulate(max(10, count // 40), seed=seed)
    return [{"program": program} for trace in traces for program in trace.programs]


def choose(rows: Sequence[dict[str, Any]], count: int, seed: int) -> list[dict[str, Any]]:
    """Choose programs by chance, none twice."""
    distinct = list({row["program"]: row for row in rows}.values())
    random.Random(seed).shuffle(distinct)
    return distinct[:count]


def with_memory(run: Callable[[], list[str]]) -> Outcome:
    """Return the statuses, the seconds it took, and the most memory of child processes together, in MB."""
    most, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            total = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    total += child.memory_full_info().pss
                except psutil.Error:
                    continue
            most[0] = max(most[0], total / 2**20)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    started = time.perf_counter()
    statuses = run()
    seconds = time.perf_counter() - started
    over.set()
    watcher.join()
    return statuses, seconds, most[0]


def ours(programs: Sequence[str], workers: int) -> list[str]:
    """Run programs with our executor, its start included."""
    with Executor(workers=workers) as executor:
        return [result.status for result in executor.run(programs)]


_V8: dict[str, Any] = {}


def _start_v8() -> None:
    """Load the compiler into this process, and read the turtle commands."""
    from py_mini_racer import MiniRacer, init_mini_racer

    init_mini_racer(flags=compiling.FLAGS)
    _V8["compiler"] = MiniRacer()
    compiling.load_compiler(_V8["compiler"])
    shim = "".join((HERE / "js" / f"{name}.js").read_text("utf-8") + "\n" for name in SHIM)
    head = "class InternalError extends Error {}; globalThis.InternalError = InternalError;"
    _V8["shim"] = f"{head}\n{runtime_script()}\nglobalThis.__shim = {{}};\n{shim}"


def _run_v8(program: str) -> str:
    """Run one program in a context of its own and return its status."""
    from py_mini_racer import JSTimeoutException, MiniRacer

    if is_page(program):
        return "not run"
    answer = json.loads(
        _V8["compiler"].eval(f"compile({json.dumps(json.dumps({'text': program, 'end': END}))})")
    )
    sources = [(answer["code"], "coffee")] if "code" in answer else []
    sources += [(program, "js")] if answer["parses_as_js"] else []
    statuses = []
    for code, kind in sources:
        limits = json.dumps(asdict(Limits()))
        start = f"__start({json.dumps(json.dumps(code))}, '{kind}', 0, {json.dumps(limits)})"
        with MiniRacer() as context:
            context.eval(_V8["shim"])
            try:
                context.eval(f"if ({start}) while (__step()) {{}}", timeout_sec=SECONDS)
                statuses.append(json.loads(context.eval("__report()"))["status"])
            except JSTimeoutException:
                statuses.append("timeout")
        if statuses[-1] == "success":
            break
    return "success" if "success" in statuses else statuses[0] if statuses else "error"


def mini_racer(programs: Sequence[str], workers: int) -> list[str]:
    """Run programs in V8, one context each; what does not heed its limit on time counts as hung."""
    statuses: list[str] = []
    while len(statuses) < len(programs):
        with multiprocessing.get_context("spawn").Pool(workers, initializer=_start_v8) as pool:
            answers = pool.imap(_run_v8, programs[len(statuses) :])
            try:
                while len(statuses) < len(programs):
                    statuses.append(answers.next(timeout=PATIENCE_SECONDS))
            except multiprocessing.TimeoutError:
                statuses.append("hung")
    return statuses


def browser(programs: Sequence[str], runtime: Path, chromium: Path | None) -> list[str]:
    """Run programs in Chromium."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from browser import Browser
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = Browser(playwright, str(chromium or playwright.chromium.executable_path), runtime)
        statuses = [result.status for result in running.run(programs)]
        running.close()
    return statuses


def share(first: Sequence[str], second: Sequence[str]) -> str:
    """Write how often two lists of statuses agree, where both have one."""
    known = [(one, two) for one, two in zip(first, second, strict=False) if "not run" not in (one, two)]
    return f"{sum(one == two for one, two in known) / len(known):.1%} of {len(known)}" if known else "unknown"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--kinds", nargs="*", help="only programs of these kinds")
    parser.add_argument("--programs", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runtime", type=Path)
    parser.add_argument("--chromium", type=Path)
    parser.add_argument("--browser-programs", type=int, default=40)
    options = parser.parse_args()
    rows = read_programs(options.path) if options.path else simulated_programs(options.programs, options.seed)
    rows = [row for row in rows if not options.kinds or row.get("kind") in options.kinds]
    chosen = choose(rows, options.programs, options.seed)
    programs = [row["program"] for row in chosen]
    verdicts = [row.get("status", "not run") for row in chosen]
    peers: dict[str, tuple[int, Callable[[list[str]], list[str]]]] = {
        "ours": (len(programs), lambda texts: ours(texts, options.workers)),
        "mini-racer": (len(programs), lambda texts: mini_racer(texts, options.workers)),
    }
    if options.runtime:
        peers["browser"] = (
            options.browser_programs,
            lambda texts: browser(texts, options.runtime, options.chromium),
        )
    print(f"{len(programs)} different programs, {options.workers} workers, start of processes included")
    rates, first = {}, None
    for name, (count, run) in peers.items():
        statuses, seconds, memory = with_memory(lambda run=run, count=count: run(programs[:count]))  # type: ignore[misc]
        first = first or statuses
        rates[name] = count / seconds
        print(
            f"{name:11} {rates[name]:7.1f} programs/s  {memory:6.0f} MB  "
            f"as ours {share(statuses, first)}, as the given verdicts {share(statuses, verdicts)}  "
            f"(ours/this: {rates['ours'] / rates[name]:.1f})"
        )
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"processor time of all: {cpu.ru_utime + cpu.ru_stime:.0f} s")


if __name__ == "__main__":
    main()
