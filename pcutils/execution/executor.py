"""Run many programs, in several processes, in a fixed order."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Any

from pcutils.errors import ExecutionError
from pcutils.execution.compiler import Compiler
from pcutils.execution.limits import Limits
from pcutils.execution.pool import CLOSED, Pool
from pcutils.execution.result import Result, program_hash, result_of
from pcutils.execution.runner import Runner
from pcutils.execution.translation import Translation, translate
from pcutils.progress import track

CACHED_RESULTS = 20_000
AHEAD_PER_WORKER = 16
# Compiling takes a third of the time of running, and a compiler gets faster the more it has compiled.
WORKERS_PER_COMPILER = 3


class Executor:
    """Runs students' programs in workers that can be thrown away.

    Parameters
    ----------
    workers : int
        Processes side by side.
    seconds : float
        Processor time of one program.
    memory_mb : int
        What one program may use at its peak, in MiB.
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

    def __init__(self, workers: int = 2, seconds: float = 3.0, memory_mb: int = 88, **limits: Any) -> None:
        if workers < 1:
            raise ExecutionError(f"{workers} workers cannot run anything: give at least 1")
        self.workers = workers
        self.limits = Limits(seconds=seconds, memory_mb=memory_mb, **limits)
        self._cache: OrderedDict[tuple[str, int], Result] = OrderedDict()
        self._lock = threading.Lock()
        self._compilers: Pool[Compiler] | None = None
        self._runners: Pool[Runner] | None = None

    def __enter__(self) -> Executor:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> tuple[Pool[Compiler], Pool[Runner]]:
        """Start a compiler and a worker and see that they answer; the others start when they are needed."""
        if self._compilers is None:
            self._compilers = Pool(-(-self.workers // WORKERS_PER_COMPILER), Compiler)
        if self._runners is None:
            self._runners = Pool(self.workers, lambda: Runner(self.limits))
        return self._compilers, self._runners

    @property
    def pids(self) -> dict[str, list[int]]:
        """The numbers of the processes: ``compilers`` and ``workers``."""
        compilers, runners = self._start()
        return {"compilers": compilers.pids, "workers": runners.pids}

    def close(self) -> None:
        """End every process. The executor starts again when it is used again."""
        compilers, self._compilers = self._compilers, None
        runners, self._runners = self._runners, None
        for pool in (compilers, runners):
            if pool is not None:
                pool.close()

    def run(self, programs: Iterable[str], *, seed: int = 0, progress: bool = False) -> Iterator[Result]:
        """Run programs; a text that was run before with the same seed is not run again.

        Parameters
        ----------
        programs : iterable of str
            CoffeeScript, JavaScript, or web pages.
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
        listed = list(programs)
        waiting: deque[Future[Result]] = deque()
        running: dict[str, Future[Result]] = {}
        upcoming = iter(listed)
        for _ in track(listed, label="Running programs", unit="programs", enabled=progress):
            while len(waiting) < self.workers * AHEAD_PER_WORKER:
                program = next(upcoming, None)
                if program is None:
                    break
                waiting.append(self._submit(program, seed, running))
            try:
                yield waiting.popleft().result()
            except CancelledError as error:
                raise ExecutionError(CLOSED) from error

    def _submit(self, program: str, seed: int, running: dict[str, Future[Result]]) -> Future[Result]:
        """Return the promise of a result, the same one for the same text."""
        name = program_hash(program)
        with self._lock:
            known = self._cache.get((name, seed))
            if known is not None:
                self._cache.move_to_end((name, seed))
        if known is not None:
            done: Future[Result] = Future()
            done.set_result(known)
            return done
        if name not in running or running[name].done():
            compilers, runners = self._start()
            translating = compilers.submit(lambda compiler: translate(program, compiler, self.limits))
            running[name] = runners.submit(lambda runner: self._run_one(runner, translating, name, seed))
        return running[name]

    def _run_one(self, runner: Runner, translating: Future[Translation], name: str, seed: int) -> Result:
        """Run a program as soon as it is compiled."""
        result = result_of(name, runner.run(translating.result(), seed))
        with self._lock:
            self._cache[name, seed] = result
            if len(self._cache) > CACHED_RESULTS:
                self._cache.popitem(last=False)
        return result
