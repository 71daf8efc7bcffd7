"""The process that compiles CoffeeScript: V8 with the vendored compiler in it.

V8 compiles some fifteen times faster than the small interpreter that runs the programs. It cannot be forked
and its walls are soft, so it never runs a program: all it gets is text, and all it gives back is JavaScript.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from pcutils.execution.process import Helper, NoAnswerError, WorkerDiedError

HERE = Path(__file__).parent
MODULES = ["coffee-script", "helpers", "iced", "lexer", "nodes", "parser", "rewriter", "scope", "sourcemap"]
# The deepest nesting that `compiler.js` lets through needs far less stack than this, compiled code or not.
# V8's optimising compiler costs more on many short texts than it gives back.
FLAGS = ["--stack-size=40000", "--no-opt"]
MEMORY_MB = 96
ATTEMPTS = 2


class Compiler(Helper):
    """Compiles in a process of its own, which is replaced when a text is too much for it."""

    def __init__(self) -> None:
        super().__init__(__name__, "the compiler", {"text": "", "end": ""})

    def compile(self, text: str, end: str, seconds: float, wall_seconds: float) -> dict[str, Any]:
        """Compile CoffeeScript."""
        job = {"text": text, "end": end}
        for _ in range(ATTEMPTS):
            try:
                answer = self._process.ask(job, wall_seconds, cpu_seconds=seconds)
            except NoAnswerError:
                self.replace()
                return _failure("timeout", "took longer to compile than its time limit")
            except WorkerDiedError:
                self.replace()
            else:
                return answer if "code" in answer else answer | {"status": "error"}
        return _failure("limit", "needs more memory to compile than its limit")


def _failure(status: str, message: str) -> dict[str, Any]:
    return {"status": status, "message": message, "parses_as_js": False}


def load_compiler(context: Any) -> None:
    """Give a V8 context a global function ``compile(JSON text of a job) -> JSON text``."""
    context.set_hard_memory_limit(MEMORY_MB << 20)
    folders = {"iced-coffee-script": MODULES, "iced-runtime": ["const"]}
    sources = {
        name: (HERE / "vendor" / folder / f"{name}.js").read_text(encoding="utf-8")
        for folder, names in folders.items()
        for name in names
    }
    context.eval(f"globalThis.__sources = {json.dumps(sources)}")
    context.eval((HERE / "js" / "compiler.js").read_text(encoding="utf-8"))


async def _answer() -> None:
    """Answer jobs until the standard input ends; on the loop that V8 is asked from, which saves a thread."""
    from py_mini_racer import init_mini_racer, mini_racer

    init_mini_racer(flags=FLAGS)
    with mini_racer() as context:
        load_compiler(context)
        for line in sys.stdin:
            answer = context.eval(f"compile({json.dumps(line)})")
            sys.stdout.buffer.write(answer.encode("utf-8") + b"\n")
            sys.stdout.buffer.flush()
        os._exit(0)  # V8's own threads would keep the process alive


def main() -> None:
    """Compile in this process."""
    asyncio.run(_answer())


if __name__ == "__main__":
    main()
