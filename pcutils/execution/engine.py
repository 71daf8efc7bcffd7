"""The two interpreters of a worker: one holds the compiler, one the turtle commands.

Only the standard library and the QuickJS binding are imported here: this runs in the worker. The binding
is imported as ``_quickjs``, since its public module starts a thread, and a process with threads must not be
forked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import _quickjs  # type: ignore[import-not-found]

from pcutils.execution.page import Script, is_page, split_page

HERE = Path(__file__).parent
COMPILER_MODULES = ["coffee-script", "helpers", "iced", "lexer", "nodes", "parser", "rewriter", "scope"]
COMPILER_MODULES += ["sourcemap"]
RUNTIME_MODULES = ["const", "runtime"]
SHIM = ["core", "errors", "colors", "dom", "query", "effects", "turtle", "motion", "looks", "ink", "media"]
SHIM += ["commands", "page", "run"]
DOORS = ["start", "step", "report", "parses"]
MEBIBYTE = 1 << 20
COMPILER_MEMORY_MB = 96
STACK_BYTES = 4 * MEBIBYTE
UNCATCHABLE = "InternalError: interrupted"
JOBS_PER_TASK = 20_000
PARSE_SECONDS = 1.0
REPORT_SECONDS = 5.0
# The reference runs put a line of their own behind every program; it decides what an open last line means.
END = "\nnull"


def _sources(folder: str, names: list[str]) -> dict[str, str]:
    """Read the JavaScript modules of one vendored package."""
    return {name: (HERE / "vendor" / folder / f"{name}.js").read_text(encoding="utf-8") for name in names}


def load_compiler() -> Any:
    """Return an interpreter with a global function ``compile(json text) -> json text``."""
    context = _quickjs.Context()
    context.set_max_stack_size(STACK_BYTES)
    sources = _sources("iced-coffee-script", COMPILER_MODULES) | _sources("iced-runtime", ["const"])
    context.set("__sources", context.parse_json(json.dumps(sources)))
    context.eval((HERE / "js" / "compiler.js").read_text(encoding="utf-8"))
    return context


def load_commands() -> Any:
    """Return an interpreter that knows the turtle commands and has run no program yet."""
    context = _quickjs.Context()
    context.set_max_stack_size(STACK_BYTES)
    sources = _sources("iced-runtime", RUNTIME_MODULES)
    context.set("__sources", context.parse_json(json.dumps(sources)))
    context.eval("globalThis.__shim = {};")
    for name in SHIM:
        context.eval((HERE / "js" / f"{name}.js").read_text(encoding="utf-8"))
    return context


class Engine:
    """Compile and run one program; afterwards the interpreters are used up and the process must end."""

    def __init__(self) -> None:
        self.compiler = load_compiler()
        self.commands = load_commands()
        self._loaded_bytes = self.commands.memory()["memory_used_size"]
        self._compile = self.compiler.get("compile")
        self._doors = {name: self.commands.get(f"__{name}") for name in DOORS}
        for name in DOORS:
            self.commands.eval(f"delete globalThis.__{name};")

    def run(self, program: str, language: str, seed: int, limits: dict[str, float]) -> dict[str, Any]:
        """Run one program and report.

        Parameters
        ----------
        program : str
            Its text; a page of HTML is known by its first tag.
        language : {"coffee", "js"}
            What it is taken for.
        seed : int
            Seed of its random numbers.
        limits : dict
            :class:`pcutils.execution.limits.Limits` as a dict.

        Returns
        -------
        dict
            ``status``, ``message``, ``language``, ``compiled`` (False when it never started), ``output``,
            ``ops``, ``turtles``, ``items``, and ``retry`` (True when the text failed and may be JavaScript).
        """
        if is_page(program):
            return self._run_page(program, seed, limits)
        code = program
        if language == "coffee":
            compiled = self._compile_coffee(program + END, limits)
            if "code" not in compiled:
                return compiled | {"compiled": False, "language": "coffee", "retry": self._parses(program)}
            code = compiled["code"]
        report = self._run_compiled(code, language, seed, limits)
        may_be_js = report["status"] == "error" and language == "coffee" and self._parses(program)
        return report | {"language": language, "retry": may_be_js}

    def _run_page(self, program: str, seed: int, limits: dict[str, float]) -> dict[str, Any]:
        """Run the scripts of a web page."""
        markup, scripts = split_page(program)
        page = {"markup": markup, "scripts": [self._compile_script(script, limits) for script in scripts]}
        return self._run_compiled(page, "html", seed, limits) | {"language": "html", "retry": False}

    def _compile_script(self, script: Script, limits: dict[str, float]) -> dict[str, str]:
        if not script.is_coffee:
            return {"code": script.text}
        compiled = self._compile_coffee(script.text, limits)
        return {"code": compiled["code"]} if "code" in compiled else {"error": compiled["message"]}

    def _compile_coffee(self, source: str, limits: dict[str, float]) -> dict[str, Any]:
        """Return ``code``, or the status and message of the failure."""
        self.compiler.set_memory_limit(COMPILER_MEMORY_MB * MEBIBYTE)
        self.compiler.set_time_limit(limits["compile_seconds"])
        self.compiler.set_max_stack_size(int(limits["stack_kb"] * 1024))
        try:
            answer = json.loads(self._compile(json.dumps(source)))
        except (_quickjs.JSException, MemoryError) as error:
            return _stopped(error)
        if "code" in answer:
            return dict(answer)
        return {"status": "error", "message": f"{answer['name']}: {answer['message']}"}

    def _run_compiled(self, code: Any, kind: str, seed: int, limits: dict[str, float]) -> dict[str, Any]:
        """Run JavaScript, then its timers, and collect what it did."""
        context, stopped = self.commands, {}
        context.set_memory_limit(int(self._loaded_bytes + limits["memory_mb"] * MEBIBYTE))
        context.set_max_stack_size(int(limits["stack_kb"] * 1024))
        context.set_time_limit(limits["seconds"])
        try:
            goes_on = self._doors["start"](json.dumps(code), kind, seed, json.dumps(limits))
            self._jobs()
            while goes_on:
                goes_on = self._doors["step"]()
                self._jobs()
        except (_quickjs.JSException, MemoryError) as error:
            stopped = _stopped(error)
        context.set_memory_limit(-1)
        context.set_max_stack_size(STACK_BYTES)
        context.set_time_limit(REPORT_SECONDS)
        report: dict[str, Any] = json.loads(self._doors["report"]())
        return report | stopped | {"compiled": not str(report["message"]).startswith("SyntaxError")}

    def _jobs(self) -> None:
        """Run what promises have queued."""
        for _ in range(JOBS_PER_TASK):
            if not self.commands.execute_pending_job():
                return
        raise MemoryError("promises without end")

    def _parses(self, program: str) -> bool:
        """Tell whether a program's text could be JavaScript."""
        self.commands.set_time_limit(PARSE_SECONDS)
        try:
            return bool(self._doors["parses"](json.dumps(program)))
        except _quickjs.JSException:
            return False


def _stopped(error: Exception) -> dict[str, Any]:
    """Turn what stopped an interpreter into a status and a message."""
    text = str(error).strip()
    if UNCATCHABLE in text:
        return {"status": "timeout", "message": "ran longer than its time limit"}
    if isinstance(error, _quickjs.StackOverflow):
        return {"status": "error", "message": "RangeError: Maximum call stack size exceeded"}
    if "promises" in text:
        return {"status": "limit", "message": "queued promises without end"}
    return {"status": "limit", "message": "used more memory than its limit"}
