"""Run many programs, in several processes, in a fixed order."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from queue import SimpleQueue
from types import TracebackType
from typing import Any

from pcutils.errors import ExecutionError
from pcutils.execution.drawing import Drawing
from pcutils.execution.limits import Limits
from pcutils.execution.process import WorkerDiedError, WorkerProcess
from pcutils.execution.result import Result, error_kind, program_hash
from pcutils.progress import track

CACHED_RESULTS = 20_000
AHEAD_PER_WORKER = 16


class Executor:
    """Runs students' programs in workers that can be thrown away.

    Parameters
    ----------
    workers : int
        Processes side by side.
    seconds : float
        Processor time of one program.
    memory_mb : int
        What one program may allocate, in MiB.
    **limits
        Other fields of :class:`pcutils.execution.limits.Limits`.

    Raises
    ------
    ExecutionError
        When no worker can be started.

    Examples
    --------
    >>> with Executor(workers=1) as executor:
    ...     [result.status for result in executor.run(["fd 100", "fdd 100"])]
    ['success', 'error']
    """

    def __init__(self, workers: int = 2, seconds: float = 3.0, memory_mb: int = 128, **limits: Any) -> None:
        if workers < 1:
            raise ExecutionError(f"{workers} workers cannot run anything: give at least 1")
        self.workers = workers
        self.limits = Limits(seconds=seconds, memory_mb=memory_mb, **limits)
        self._cache: OrderedDict[tuple[str, int], Result] = OrderedDict()
        self._idle: SimpleQueue[WorkerProcess | None] = SimpleQueue()
        self._alive: set[WorkerProcess] = set()
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None

    def __enter__(self) -> Executor:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        if self._threads is not None:
            return
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="pcutils-execution")
        first = self._new_process()
        first.check()
        self._idle.put(first)
        for _ in range(self.workers - 1):
            self._idle.put(None)

    def close(self) -> None:
        """End every worker. The executor starts again when it is used again."""
        if self._threads is None:
            return
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            processes, self._alive = self._alive, set()
        for process in processes:
            process.stop()
        self._threads.shutdown(wait=True)
        self._threads, self._idle = None, SimpleQueue()

    def run(self, programs: Iterable[str], *, seed: int = 0, progress: bool = False) -> Iterator[Result]:
        """Run programs; a text that was run before with the same seed is not run again.

        Parameters
        ----------
        programs : iterable of str
            CoffeeScript or JavaScript.
        seed : int
            Seed of the programs' own random numbers, the same for each of them.
        progress : bool
            Show how far it is.

        Yields
        ------
        Result
            One a program, in the order given.

        Raises
        ------
        ExecutionError
            When the machinery fails; a program's own failure is a result.
        """
        self._start()
        listed = list(programs)
        waiting: list[tuple[str, Future[Result]]] = []
        running: dict[str, Future[Result]] = {}
        upcoming = iter(listed)
        for _ in track(listed, label="Running programs", unit="programs", enabled=progress):
            while len(waiting) <= self.workers * AHEAD_PER_WORKER:
                program = next(upcoming, None)
                if program is None:
                    break
                waiting.append((program, self._submit(program, seed, running)))
            name, future = waiting.pop(0)
            yield future.result()

    def _submit(self, program: str, seed: int, running: dict[str, Future[Result]]) -> Future[Result]:
        """Return the promise of a result, the same one for the same text."""
        name = program_hash(program)
        known = self._cache.get((name, seed))
        if known is not None:
            self._cache.move_to_end((name, seed))
            done: Future[Result] = Future()
            done.set_result(known)
            return done
        if name not in running or running[name].done():
            assert self._threads is not None
            running[name] = self._threads.submit(self._run_one, program, name, seed)
        return running[name]

    def _run_one(self, program: str, name: str, seed: int) -> Result:
        """Run a program now, a second time when its worker died under it."""
        job = {
            "program": program,
            "seed": seed,
            "limits": self.limits.as_dict(),
            "wall_seconds": self.limits.wall_seconds,
        }
        report: dict[str, Any] = {}
        for _ in range(2):
            report = self._ask(job)
            if report["status"] != "crash":
                break
        result = self._result(name, report)
        with self._lock:
            self._cache[name, seed] = result
            if len(self._cache) > CACHED_RESULTS:
                self._cache.popitem(last=False)
        return result

    def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Give a job to an idle worker, and put a new one in its place when it dies."""
        process = self._idle.get() or self._new_process()
        try:
            report = process.ask(job, 2 * job["wall_seconds"] + 5.0)
        except WorkerDiedError as death:
            process.stop()
            with self._lock:
                self._alive.discard(process)
            self._idle.put(None)
            return {"status": "crash", "message": f"the worker died twice while running it ({death})"}
        self._idle.put(process)
        return report

    def _new_process(self) -> WorkerProcess:
        process = WorkerProcess()
        with self._lock:
            self._alive.add(process)
        return process

    def _result(self, name: str, report: dict[str, Any]) -> Result:
        """Build the result out of a worker's report; a crash of the interpreter counts as a limit."""
        status = "limit" if report["status"] == "crash" else report["status"]
        message = None if status == "success" else report["message"]
        kind = error_kind(message or "", not report.get("compiled", True)) if status == "error" else None
        result = Result(name, status, message, kind, report.get("language", "coffee"))
        drawing = Drawing.from_report(report)
        return replace(result, output=report.get("output", ""), drawing=drawing)
