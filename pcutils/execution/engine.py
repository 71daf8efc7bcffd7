"""The two interpreters of a worker: one holds the compiler, one the turtle commands.

Only the standard library and the QuickJS binding are imported here: this runs in the worker.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import _quickjs  # type: ignore[import-not-found]

HERE = Path(__file__).parent
COMPILER_MODULES = (
    "coffee-script",
    "helpers",
    "iced",
    "lexer",
    "nodes",
    "parser",
    "rewriter",
    "scope",
    "sourcemap",
)
RUNTIME_MODULES = ("const", "runtime")
SHIM = ("core", "colors", "dom", "query", "turtle", "motion", "ink", "media", "commands", "page", "run")
MEBIBYTE = 1 << 20
COMPILER_MEMORY_MB = 96
STACK_BYTES = 4 * MEBIBYTE
UNCATCHABLE = "InternalError: interrupted"
JOBS_PER_TASK = 20_000


def _sources(folder: str, names: tuple[str, ...]) -> dict[str, str]:
    """Read the JavaScript modules of one vendored package."""
    return {name: (HERE / "vendor" / folder / f"{name}.js").read_text(encoding="utf-8") for name in names}


def load_compiler() -> Any:
    """Return an interpreter with a global function ``compile(json text) -> json text``."""
    context = _quickjs.Context()
    context.set_max_stack_size(STACK_BYTES)
    sources = _sources("iced-coffee-script", COMPILER_MODULES) | _sources("iced-runtime", ("const",))
    context.set("__sources", context.parse_json(json.dumps(sources)))
    context.eval((HERE / "js" / "compiler.js").read_text(encoding="utf-8"))
    return context


def load_commands() -> Any:
    """Return an interpreter that knows the turtle commands and has run no program yet."""
    context = _quickjs.Context()
    context.set_max_stack_size(STACK_BYTES)
    context.set("__sources", context.parse_json(json.dumps(_sources("iced-runtime", RUNTIME_MODULES))))
    context.eval("globalThis.__shim = {};")
    for name in SHIM:
        context.eval((HERE / "js" / f"{name}.js").read_text(encoding="utf-8"))
    return context


class Engine:
    """Compile and run one program; afterwards the interpreters are used up and the process must end."""

    def __init__(self) -> None:
        self.compiler = load_compiler()
        self.commands = load_commands()
        self._compile = self.compiler.get("compile")
        self._shim = {name: self.commands.get(f"__{name}") for name in ("start", "step", "report", "parses")}
        self.commands.eval(
            "for (const n of ['start', 'step', 'report', 'parses']) delete globalThis['__' + n];"
        )

    def run(self, program: str, language: str, seed: int, limits: dict[str, float]) -> dict[str, Any]:
        """Run one program and report.

        Parameters
        ----------
        program : str
            Its text.
        language : {"coffee", "js"}
            What it is written in.
        seed : int
            Seed of its random numbers.
        limits : dict
            :class:`pcutils.execution.limits.Limits` as a dict.

        Returns
        -------
        dict
            ``status``, ``message``, ``compiled`` (False when it never started), ``output``, ``ops``, ``turtles``
            and ``retry`` (True when the text may be JavaScript).
        """
        source = json.dumps(program)
        if language == "coffee":
            compiled = self._compile_coffee(source, limits)
            if "code" not in compiled:
                return compiled | {"compiled": False, "retry": self._parses(source)}
            source = json.dumps(compiled["code"])
        report = self._run_compiled(source, seed, limits)
        report["retry"] = (
            report["status"] == "error" and language == "coffee" and self._parses(json.dumps(program))
        )
        return report

    def _compile_coffee(self, source: str, limits: dict[str, float]) -> dict[str, Any]:
        """Return ``code``, or the status and message of the failure."""
        self.compiler.set_memory_limit(COMPILER_MEMORY_MB * MEBIBYTE)
        self.compiler.set_time_limit(limits["compile_seconds"])
        try:
            answer = json.loads(self._compile(source))
        except (_quickjs.JSException, MemoryError) as error:
            return _stopped(error)
        if "code" in answer:
            return dict(answer)
        return {"status": "error", "message": f"{answer['name']}: {answer['message']}"}

    def _run_compiled(self, source: str, seed: int, limits: dict[str, float]) -> dict[str, Any]:
        """Run JavaScript, then its timers, and collect what it did."""
        context = self.commands
        used = context.memory()["memory_used_size"]
        context.set_memory_limit(int(used + limits["memory_mb"] * MEBIBYTE))
        context.set_max_stack_size(int(limits["stack_kb"] * 1024))
        context.set_time_limit(limits["seconds"])
        stopped: dict[str, Any] = {}
        try:
            self._shim["start"](source, seed, json.dumps(limits))
            self._jobs()
            while self._shim["step"]():
                self._jobs()
        except (_quickjs.JSException, MemoryError) as error:
            stopped = _stopped(error)
        context.set_memory_limit(-1)
        context.set_max_stack_size(STACK_BYTES)
        context.set_time_limit(limits["seconds"])
        report: dict[str, Any] = json.loads(self._shim["report"]())
        return report | stopped | {"compiled": True}

    def _jobs(self) -> None:
        """Run what promises have queued."""
        for _ in range(JOBS_PER_TASK):
            if not self.commands.execute_pending_job():
                return
        raise MemoryError("promises without end")

    def _parses(self, source: str) -> bool:
        """Tell whether a program's text could be JavaScript."""
        self.commands.set_time_limit(1.0)
        try:
            return bool(self._shim["parses"](source))
        except _quickjs.JSException:
            return False


def _stopped(error: Exception) -> dict[str, Any]:
    """Turn what stopped an interpreter into a status and a message."""
    text = str(error)
    if UNCATCHABLE in text:
        return {"status": "timeout", "message": "ran longer than its time limit"}
    if isinstance(error, _quickjs.StackOverflow):
        return {"status": "error", "message": "RangeError: Maximum call stack size exceeded"}
    return {"status": "limit", "message": f"memory limit reached ({text.strip() or 'null'})"}
