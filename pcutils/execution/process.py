"""The caller's side of a worker: start it, ask it, replace it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

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
    """One worker subprocess; it sees nothing of the caller's environment and ends with it.

    It is a new interpreter rather than a fork, so that a notebook or a job with threads may use it and the
    caller's ``__main__`` is not imported again. It sits in its own session: Ctrl-C reaches the caller only.

    Parameters
    ----------
    module : str
        Module whose ``main`` answers lines of JSON.
    """

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
        """Send one job and wait for its answer.

        Parameters
        ----------
        job : dict
            What the module's ``main`` reads.
        seconds : float
            How long to wait.
        cpu_seconds : float
            How much processor time the process may take once it is seen to be slow.

        Returns
        -------
        dict
            The report.

        Raises
        ------
        NoAnswerError
            When the process did not answer in time.
        WorkerDiedError
            When it ended or broke its line off.
        """
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
    """The caller's side of a process that is replaced when it dies.

    Parameters
    ----------
    module : str
        Module whose ``main`` answers lines of JSON.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._process = WorkerProcess(module)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def try_out(self, job: dict[str, Any], what: str) -> None:
        """Make sure that the process starts and answers.

        Parameters
        ----------
        job : dict
            A job that asks for nothing.
        what : str
            What to call the process in the error.

        Raises
        ------
        ExecutionError
            With what the process said when it could not.
        """
        try:
            self._process.ask(job, START_SECONDS)
        except WorkerDiedError as death:
            said = self._process.stop()
            raise ExecutionError(f"{what} does not start ({death}): {said}") from death

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
