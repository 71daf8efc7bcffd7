"""The caller's side of a worker: start it, ask it, replace it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pcutils.errors import ExecutionError
from pcutils.execution.limits import Limits

_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
_START = "import sys; sys.path.insert(0, sys.argv[1]); from pcutils.execution.worker import main; main()"
START_SECONDS = 30.0
ANSWER_BYTES = 128 << 20


class WorkerDiedError(Exception):
    """A worker ended or stopped answering."""


class WorkerProcess:
    """One worker subprocess; it sees nothing of the caller's environment and dies with it.

    It is a new interpreter rather than a fork, so that a notebook or a job with threads may use it and the
    caller's ``__main__`` is not imported again. It sits in its own session: Ctrl-C reaches the caller only.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, _PACKAGE_PARENT],
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

    def ask(self, job: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send one job and wait for its answer.

        Parameters
        ----------
        job : dict
            See :func:`pcutils.execution.worker.run_job`.
        seconds : float
            How long to wait.

        Returns
        -------
        dict
            The report.

        Raises
        ------
        WorkerDiedError
            When the process ended, broke its line off, or did not answer in time.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(job).encode("ascii") + b"\n")
            self._process.stdin.flush()
            answer = self._line(time.monotonic() + seconds)
        except OSError as error:
            raise WorkerDiedError(str(error)) from error
        report: dict[str, Any] = json.loads(answer)
        return report

    def _line(self, deadline: float) -> bytes:
        assert self._process.stdout is not None
        parts = [self._unread]
        size = 0
        while b"\n" not in parts[-1]:
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                raise WorkerDiedError("no answer in time")
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

    def check(self) -> None:
        """Make sure that programs can be run at all.

        Raises
        ------
        ExecutionError
            With what the worker said when it could not start.
        """
        job = {"program": "", "seed": 0, "limits": Limits().as_dict(), "wall_seconds": START_SECONDS}
        try:
            self.ask(job, START_SECONDS)
        except WorkerDiedError as death:
            said = self.stop()
            raise ExecutionError(f"the worker that runs programs does not start ({death}): {said}") from death
