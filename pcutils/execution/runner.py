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
from pcutils.execution.process import Helper, WorkerDiedError
from pcutils.execution.translation import Translation, run_translation

ATTEMPTS = 2


class Runner(Helper):
    """Runs one program after the other.

    Parameters
    ----------
    limits : Limits
        For every program.
    """

    def __init__(self, limits: Limits) -> None:
        self._job = {"limits": asdict(limits), "wall_seconds": limits.wall_seconds}
        self._patience = ATTEMPTS * limits.wall_seconds
        super().__init__(worker.__name__)
        self._is_ended = False

    def check(self) -> None:
        """Make sure that programs can be run at all, or raise :class:`pcutils.errors.ExecutionError`."""
        self.try_out(self._job_of("", "js", 0), "the worker that runs programs")

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
