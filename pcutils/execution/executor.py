"""Run many programs, in several processes, in a fixed order."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from pcutils.errors import ExecutionError, track
from pcutils.execution import worker
from pcutils.execution.compiler import Compiler
from pcutils.execution.engine import TOO_MUCH_MEMORY
from pcutils.execution.process import CLOSED, Helper, Pool, WorkerDiedError
from pcutils.execution.result import Limits, Result, program_hash, result_of
from pcutils.execution.translation import Translation, run_translation, translate

if TYPE_CHECKING:
    import pandas

ATTEMPTS = 2


class Runner(Helper):
    """Runs one program after the other."""

    def __init__(self, limits: Limits) -> None:
        self._job = {"limits": asdict(limits), "wall_seconds": limits.wall_seconds}
        self._patience = ATTEMPTS * limits.wall_seconds
        super().__init__(worker.__name__, "the worker that runs programs", self._job_of("", "js", 0))
        self._is_ended = False

    def run(self, translation: Translation, seed: int) -> dict[str, Any]:
        """Run a program."""
        return run_translation(translation, lambda code, kind: self._run_code(code, kind, seed))

    def _run_code(self, code: Any, kind: str, seed: int) -> dict[str, Any]:
        """Run JavaScript, a second time when the worker or its copy died over it."""
        for _ in range(ATTEMPTS):
            try:
                report = self._ask(code, kind, seed)
            except WorkerDiedError as death:
                if self._is_ended:
                    raise ExecutionError(CLOSED) from death
                self.replace()
                report = {"status": "crash", "message": f"the worker died ({death})"}
            if report["status"] != "crash":
                break
        compiled = not str(report["message"]).startswith("SyntaxError")
        return {**report, "compiled": compiled, "language": kind}

    def _ask(self, code: Any, kind: str, seed: int) -> dict[str, Any]:
        answer = self._process.ask(self._job_of(code, kind, seed), self._patience)
        report = {**(answer["report"] or {}), **(answer["stopped"] or {})}
        if answer["used_too_much"] and report["status"] in ("success", "error"):
            report |= TOO_MUCH_MEMORY
        return report

    def _job_of(self, code: Any, kind: str, seed: int) -> dict[str, Any]:
        return {"code": json.dumps(code), "kind": kind, "seed": seed, **self._job}

    def kill(self) -> None:
        """End the worker at once, and start no other."""
        self._is_ended = True
        super().kill()


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
        Other fields of :class:`pcutils.execution.result.Limits`.

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


class StatusRow(NamedTuple):
    """How a program ended; see :class:`pcutils.execution.Result`."""

    program_hash: str
    status: str
    error_kind: str | None
    message: str | None
    language: str
    line: int | None
    column: int | None


COLUMNS = list(StatusRow._fields)
_NUMBERS = ("line", "column")


def run_status(
    programs: Iterable[str],
    *,
    workers: int = 2,
    seconds: float = 3.0,
    seed: int = 0,
    progress: bool = False,
) -> pandas.DataFrame:
    """Run every distinct program once and tell how it ended.

    Parameters
    ----------
    programs : iterable of str
        Programs, repeats allowed.
    workers : int
        Processes side by side.
    seconds : float
        Time limit of a program.
    seed : int
        Seed of the programs' own random numbers.
    progress : bool
        Show how far it is.

    Returns
    -------
    pandas.DataFrame
        One row a distinct program, in the order of first appearance, with the columns ``program_hash``,
        ``status``, ``error_kind``, ``message``, ``language`` (strings; missing where there is none), ``line``
        and ``column`` (Int64).
    """
    distinct = list(dict.fromkeys(programs))
    with Executor(workers=workers, seconds=seconds) as executor:
        return status_table(map(status_row, executor.run(distinct, seed=seed, progress=progress)))


def status_row(result: Result) -> StatusRow:
    """Leave the output and the drawing of a result out."""
    return StatusRow(*(getattr(result, column) for column in COLUMNS))


def status_table(rows: Iterable[StatusRow]) -> pandas.DataFrame:
    """Put rows into a table with the columns of :func:`run_status`."""
    import pandas

    types = {column: "Int64" if column in _NUMBERS else "string" for column in COLUMNS}
    return pandas.DataFrame(rows, columns=COLUMNS).astype(types)
