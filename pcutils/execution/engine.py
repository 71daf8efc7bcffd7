"""The interpreter of a worker: it knows the turtle commands and runs one program.

Little is imported here, because this runs in the worker. The binding
is imported as ``_quickjs``, since its public module starts a thread, and a process with threads must not be
forked.
"""

from __future__ import annotations

import json
import os.path
from typing import Any

import _quickjs  # type: ignore[import-not-found]

HERE = os.path.dirname(__file__)
RUNTIME_MODULES = ["const", "runtime"]
SHIM = ["core", "errors", "colors", "dom", "query", "effects", "turtle", "motion", "looks", "ink", "media"]
SHIM += ["canvas", "commands", "images", "page", "window", "run"]
DOORS = ["start", "step", "report"]
MEBIBYTE = 1 << 20
# The interpreter refuses memory at this multiple of the limit. A program may catch that, but has by then
# used more than the limit, which the worker sees.
WALL = 2
STACK_BYTES = 4 * MEBIBYTE
UNCATCHABLE = "InternalError: interrupted"
TOO_MUCH_MEMORY = {"status": "limit", "message": "used more memory than its limit"}
JOBS_PER_TASK = 20_000
REPORT_SECONDS = 5.0


def _read(*parts: str) -> str:
    with open(os.path.join(HERE, *parts), encoding="utf-8") as file:
        return file.read()


def runtime_script() -> str:
    """Return JavaScript that gives the global ``iced``, which compiled `await` and `defer` ask for."""
    sources = {name: _read("vendor", "iced-runtime", f"{name}.js") for name in RUNTIME_MODULES}
    return f"globalThis.__sources = {json.dumps(sources)};\n{_read('js', 'iced.js')}"


def load_commands() -> Any:
    """Return an interpreter that knows the turtle commands and has run no program yet."""
    context = _quickjs.Context()
    context.set_max_stack_size(STACK_BYTES)
    context.eval(runtime_script())
    context.eval("globalThis.__shim = {};")
    for name in SHIM:
        context.eval(_read("js", f"{name}.js"))
    return context


class Engine:
    """Run one program; afterwards the interpreter is used up and the process must end."""

    def __init__(self) -> None:
        self.commands = load_commands()
        self._loaded_bytes = self.commands.memory()["memory_used_size"]
        self._doors = {name: self.commands.get(f"__{name}") for name in DOORS}
        for name in DOORS:
            self.commands.eval(f"delete globalThis.__{name};")

    def run(
        self, code: str, kind: str, seed: int, limits: dict[str, float], limits_text: str
    ) -> tuple[dict[str, str] | None, str]:
        """Run JavaScript, then its timers, and report what it did."""
        context, stopped = self.commands, None
        context.set_memory_limit(int(self._loaded_bytes + WALL * limits["memory_mb"] * MEBIBYTE))
        context.set_max_stack_size(int(limits["stack_kb"] * 1024))
        context.set_time_limit(limits["seconds"])
        try:
            goes_on = self._doors["start"](code, kind, seed, limits_text)
            self._jobs()
            while goes_on:
                goes_on = self._doors["step"]()
                self._jobs()
        except (_quickjs.JSException, MemoryError) as error:
            stopped = _stopped(error)
        context.set_memory_limit(-1)
        context.set_max_stack_size(STACK_BYTES)
        context.set_time_limit(REPORT_SECONDS)
        return stopped, self._doors["report"]()

    def _jobs(self) -> None:
        """Run what promises have queued."""
        for _ in range(JOBS_PER_TASK):
            if not self.commands.execute_pending_job():
                return
        raise MemoryError("promises without end")


def _stopped(error: Exception) -> dict[str, str]:
    """Turn what stopped an interpreter into a status and a message."""
    text = str(error).strip()
    if UNCATCHABLE in text:
        return {"status": "timeout", "message": "ran longer than its time limit"}
    if isinstance(error, _quickjs.StackOverflow):
        return {"status": "error", "message": "RangeError: Maximum call stack size exceeded"}
    if "promises" in text:
        return {"status": "limit", "message": "queued promises without end"}
    if isinstance(error, MemoryError) or "out of memory" in text:
        return TOO_MUCH_MEMORY
    return {"status": "error", "message": f"Uncaught {text.splitlines()[0]}"}
