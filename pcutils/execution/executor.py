"""Run many programs, in several processes, in a fixed order."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Any

from pcutils.errors import ExecutionError
from pcutils.execution.limits import Limits
from pcutils.execution.result import Result, program_hash, result_of
from pcutils.execution.station import Station
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
        self._stations: list[Station] = []
        self._idle: SimpleQueue[Station | None] = SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None

    def __enter__(self) -> Executor:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> ThreadPoolExecutor:
        """Start one station and see that it answers; the others start when they are needed."""
        if self._threads is None:
            self._idle = SimpleQueue()
            self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="pcutils-execution")
            try:
                first = self._new_station()
                first.check()
            except BaseException:
                self.close()
                raise
            for station in (first, *[None] * (self.workers - 1)):
                self._idle.put(station)
        return self._threads

    def close(self) -> None:
        """End every worker. The executor starts again when it is used again."""
        threads, self._threads = self._threads, None
        if threads is None:
            return
        threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            stations, self._stations = self._stations, []
        for station in stations:
            station.kill()
        threads.shutdown(wait=True)
        for station in stations:
            station.stop()

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
            yield waiting.popleft().result()

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
            running[name] = self._start().submit(self._run_one, program, name, seed)
        return running[name]

    def _run_one(self, program: str, name: str, seed: int) -> Result:
        """Run a program now, on the next station that is free."""
        station = self._idle.get()
        try:
            if station is None:
                station = self._new_station()
            result = result_of(name, station.run(program, seed))
        finally:
            self._idle.put(station)
        with self._lock:
            self._cache[name, seed] = result
            if len(self._cache) > CACHED_RESULTS:
                self._cache.popitem(last=False)
        return result

    def _new_station(self) -> Station:
        with self._lock:
            if self._threads is None:
                raise ExecutionError("the executor was closed while programs were running")
            station = Station(self.limits)
            self._stations.append(station)
        return station
