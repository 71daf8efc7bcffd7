"""A compiler and a worker side by side: together they run one program after the other."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from pcutils.errors import ExecutionError
from pcutils.execution import worker
from pcutils.execution.compiler import Compiler
from pcutils.execution.limits import Limits
from pcutils.execution.page import is_page, split_page
from pcutils.execution.process import WorkerDiedError, WorkerProcess

ATTEMPTS = 2
TOO_MUCH_MEMORY = {"status": "limit", "message": "used more memory than its limit"}
# The reference runs put a line of their own behind every program; it decides what an open last line means.
END = "\nnull"


class Station:
    """Runs programs, and replaces whichever of its two processes dies over one.

    Parameters
    ----------
    limits : Limits
        For every program.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._job = {"limits": asdict(limits), "wall_seconds": limits.wall_seconds}
        self._compiler = Compiler()
        self.worker = WorkerProcess(worker.__name__)
        self._is_ended = False

    @property
    def pids(self) -> tuple[int, int]:
        """The processes' numbers: the compiler's and the worker's."""
        return self._compiler.pid, self.worker.pid

    def check(self) -> None:
        """Make sure that programs can be run at all.

        Raises
        ------
        ExecutionError
            With what the compiler or the worker said when it could not start.
        """
        self._compiler.check()
        try:
            self._ask("", "js", 0)
        except WorkerDiedError as death:
            said = self.worker.stop()
            raise ExecutionError(f"the worker that runs programs does not start ({death}): {said}") from death

    def run(self, program: str, seed: int) -> dict[str, Any]:
        """Run a program: a web page as such, else as CoffeeScript and, where that fails, as JavaScript.

        Parameters
        ----------
        program : str
            Its text; a page of HTML is known by its first tag.
        seed : int
            Seed of its random numbers.

        Returns
        -------
        dict
            ``status``, ``message``, ``language``, ``compiled`` (False when it never started) and, unless it
            died, ``output``, ``ops``, ``turtles``, ``items``. If both languages fail, it is the report of the
            CoffeeScript, unless only the JavaScript could start and hit a limit.

        Raises
        ------
        ExecutionError
            When the station was ended meanwhile.
        """
        if is_page(program):
            return self._run_page(program, seed)
        first = self._compile(program, END)
        if "code" in first:
            report = self._run_code(first["code"], "coffee", seed)
        else:
            report = {**first, "compiled": False, "language": "coffee"}
        if first["parses_as_js"] and (report["status"] == "error" or "code" not in first):
            second = self._run_code(program, "js", seed)
            if second["status"] == "success" or (second["status"] != "error" and "code" not in first):
                return second
        return report

    def _run_page(self, program: str, seed: int) -> dict[str, Any]:
        """Run the scripts of a web page."""
        markup, scripts = split_page(program)
        codes = []
        for script in scripts:
            answer = self._compile(script.text, "") if script.is_coffee else {"code": script.text}
            codes.append({"code": answer["code"]} if "code" in answer else {"error": answer["message"]})
        return self._run_code({"markup": markup, "scripts": codes}, "html", seed)

    def _compile(self, text: str, end: str) -> dict[str, Any]:
        return self._compiler.compile(text, end, self._limits.compile_seconds, self._limits.wall_seconds)

    def _run_code(self, code: Any, kind: str, seed: int) -> dict[str, Any]:
        """Run JavaScript, a second time when the worker or its copy died over it."""
        for _ in range(ATTEMPTS):
            try:
                report = self._ask(code, kind, seed)
            except WorkerDiedError as death:
                if self._is_ended:
                    raise ExecutionError("the executor was closed while programs were running") from death
                self.worker.stop()
                self.worker = WorkerProcess(worker.__name__)
                report = {"status": "crash", "message": f"the worker died ({death})"}
            if report["status"] != "crash":
                break
        compiled = not str(report["message"]).startswith("SyntaxError")
        return {**report, "compiled": compiled, "language": kind}

    def _ask(self, code: Any, kind: str, seed: int) -> dict[str, Any]:
        job = {"code": json.dumps(code), "kind": kind, "seed": seed, **self._job}
        answer = self.worker.ask(job, ATTEMPTS * self._limits.wall_seconds)
        report = {**(answer["report"] or {}), **(answer["stopped"] or {})}
        if answer["used_too_much"] and report["status"] in ("success", "error"):
            report |= TOO_MUCH_MEMORY
        return report

    def kill(self) -> None:
        """End both processes at once."""
        self._is_ended = True
        self._compiler.kill()
        self.worker.kill()

    def stop(self) -> None:
        """End both processes and wait for them."""
        self._compiler.stop()
        self.worker.stop()
