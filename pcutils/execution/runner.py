"""The caller's side of a worker: runs translated programs and replaces the worker when it dies over one."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from pcutils.errors import ExecutionError
from pcutils.execution import worker
from pcutils.execution.engine import TOO_MUCH_MEMORY
from pcutils.execution.limits import Limits
from pcutils.execution.pool import CLOSED
from pcutils.execution.process import WorkerDiedError, WorkerProcess
from pcutils.execution.translation import Translation, run_translation

ATTEMPTS = 2


class Runner:
    """Runs one program after the other.

    Parameters
    ----------
    limits : Limits
        For every program.
    """

    def __init__(self, limits: Limits) -> None:
        self._job = {"limits": asdict(limits), "wall_seconds": limits.wall_seconds}
        self._patience = ATTEMPTS * limits.wall_seconds
        self._process = WorkerProcess(worker.__name__)
        self._is_ended = False

    @property
    def pid(self) -> int:
        """The worker's number."""
        return self._process.pid

    def check(self) -> None:
        """Make sure that programs can be run at all.

        Raises
        ------
        ExecutionError
            With what the worker said when it could not start.
        """
        try:
            self._ask("", "js", 0)
        except WorkerDiedError as death:
            said = self._process.stop()
            raise ExecutionError(f"the worker that runs programs does not start ({death}): {said}") from death

    def run(self, translation: Translation, seed: int) -> dict[str, Any]:
        """Run a program.

        Parameters
        ----------
        translation : Translation
            The program.
        seed : int
            Seed of its random numbers.

        Returns
        -------
        dict
            ``status``, ``message``, ``language``, ``compiled`` (False when it never started) and, unless it
            died, ``output``, ``ops``, ``turtles``, ``items``.

        Raises
        ------
        ExecutionError
            When the runner was ended meanwhile.
        """
        return run_translation(translation, lambda code, kind: self._run_code(code, kind, seed))

    def _run_code(self, code: Any, kind: str, seed: int) -> dict[str, Any]:
        """Run JavaScript, a second time when the worker or its copy died over it."""
        for _ in range(ATTEMPTS):
            try:
                report = self._ask(code, kind, seed)
            except WorkerDiedError as death:
                if self._is_ended:
                    raise ExecutionError(CLOSED) from death
                self._process.stop()
                self._process = WorkerProcess(worker.__name__)
                report = {"status": "crash", "message": f"the worker died ({death})"}
            if report["status"] != "crash":
                break
        compiled = not str(report["message"]).startswith("SyntaxError")
        return {**report, "compiled": compiled, "language": kind}

    def _ask(self, code: Any, kind: str, seed: int) -> dict[str, Any]:
        job = {"code": json.dumps(code), "kind": kind, "seed": seed, **self._job}
        answer = self._process.ask(job, self._patience)
        report = {**(answer["report"] or {}), **(answer["stopped"] or {})}
        if answer["used_too_much"] and report["status"] in ("success", "error"):
            report |= TOO_MUCH_MEMORY
        return report

    def kill(self) -> None:
        """End the worker at once."""
        self._is_ended = True
        self._process.kill()

    def stop(self) -> None:
        """End the worker and wait for it."""
        self._process.stop()
