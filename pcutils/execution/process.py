"""The caller's side of worker processes: start one, ask it, replace it, lend it to one thread at a time."""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import LifoQueue
from typing import Any, Generic, TypeVar

from pcutils.errors import ExecutionError

_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
_START = "import sys, importlib; sys.path.insert(0, sys.argv[1]); importlib.import_module(sys.argv[2]).main()"
START_SECONDS = 30.0
LOOK_SECONDS = 0.5
ANSWER_BYTES = 128 << 20


class WorkerDiedError(Exception):
    """A worker ended or stopped answering."""


class NoAnswerError(WorkerDiedError):
    """A worker stopped answering."""


class WorkerProcess:
    """One worker subprocess; it sees nothing of the caller's environment and ends with it."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, _PACKAGE_PARENT, module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},
            cwd="/",
            start_new_session=True,
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self._unread = b""
        self.pid = self._process.pid

    def ask(self, job: dict[str, Any], seconds: float, cpu_seconds: float = math.inf) -> dict[str, Any]:
        """Send one job and wait for its answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(job).encode("ascii") + b"\n")
            self._process.stdin.flush()
            answer = self._line(time.monotonic() + seconds, cpu_seconds)
        except OSError as error:
            raise WorkerDiedError(str(error)) from error
        report: dict[str, Any] = json.loads(answer)
        return report

    def cpu_seconds(self) -> float:
        """Return the processor time that the process has taken so far, 0 when it has ended."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _wait(self, deadline: float, cpu_seconds: float) -> None:
        """Wait until there is something to read."""
        started = None
        while not self._selector.select(max(0.0, min(LOOK_SECONDS, deadline - time.monotonic()))):
            now = self.cpu_seconds()
            started = now if started is None else started
            if time.monotonic() >= deadline or now - started >= cpu_seconds:
                raise NoAnswerError("no answer in time")

    def _line(self, deadline: float, cpu_seconds: float) -> bytes:
        assert self._process.stdout is not None
        parts = [self._unread]
        size = 0
        while b"\n" not in parts[-1]:
            self._wait(deadline, cpu_seconds)
            chunk = self._process.stdout.read(1 << 16)
            if chunk == b"":
                raise WorkerDiedError("the process ended")
            parts.append(chunk or b"")
            size += len(parts[-1])
            if size > ANSWER_BYTES:
                raise WorkerDiedError("an answer without end")
        line, _, self._unread = b"".join(parts).partition(b"\n")
        return line

    def kill(self) -> None:
        """End the process and whatever it started, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> str:
        """End the process and return what it wrote to its standard error."""
        self.kill()
        _, errors = self._process.communicate()
        self._selector.close()
        return errors.decode("utf-8", "replace").strip()


class Helper:
    """The caller's side of a process that is replaced when it dies."""

    def __init__(self, module: str, what: str, trial: dict[str, Any]) -> None:
        self._module, self._what, self._trial = module, what, trial
        self._process = WorkerProcess(module)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def check(self) -> None:
        """Make sure that the process starts and answers a trial job, or raise an ExecutionError."""
        try:
            self._process.ask(self._trial, START_SECONDS)
        except WorkerDiedError as death:
            said = self._process.stop()
            raise ExecutionError(f"{self._what} does not start ({death}): {said}") from death

    def replace(self) -> None:
        """End the process and start another."""
        self._process.stop()
        self._process = WorkerProcess(self._module)

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def stop(self) -> None:
        """End the process and wait for it."""
        self._process.stop()


CLOSED = "the executor was closed while programs were running"


HelperType = TypeVar("HelperType", bound=Helper)
Answer = TypeVar("Answer")


class Pool(Generic[HelperType]):
    """Starts a helper when no other is free, up to a number."""

    def __init__(self, size: int, start: Callable[[], HelperType]) -> None:
        self._start = start
        self._helpers: list[HelperType] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="pcutils-execution")
        self._free: LifoQueue[HelperType | None] = LifoQueue()
        for _ in range(size):
            self._free.put(None)
        try:
            self.submit(lambda helper: helper.check()).result()
        except BaseException:
            self.close()
            raise

    @property
    def pids(self) -> list[int]:
        """The processes' numbers."""
        return [helper.pid for helper in self._helpers]

    def submit(self, action: Callable[[HelperType], Answer]) -> Future[Answer]:
        """Do something with the next helper that is free."""
        try:
            return self._threads.submit(self._lend, action)
        except RuntimeError as error:
            raise ExecutionError(CLOSED) from error

    def _lend(self, action: Callable[[HelperType], Answer]) -> Answer:
        helper = self._free.get()
        try:
            helper = helper or self._new()
            return action(helper)
        finally:
            self._free.put(helper)

    def _new(self) -> HelperType:
        with self._lock:
            if self._is_closed:
                raise ExecutionError(CLOSED)
            helper = self._start()
            self._helpers.append(helper)
        return helper

    def close(self) -> None:
        """End every helper; what waits is cancelled."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._is_closed = True
        for helper in self._helpers:
            helper.kill()
        self._threads.shutdown(wait=True)
        for helper in self._helpers:
            helper.stop()
