"""The process that runs programs: one fork of a loaded interpreter for each of them.

A worker reads one JSON line for a program on its standard input and writes one JSON line for the result. It
loads the turtle commands once; every program gets a forked copy of them, which ends with the program, so
nothing a program does can reach the next one, and its start costs a fork instead of loading. The copy is
killed by its own alarm when it does not answer. CoffeeScript is compiled beforehand, in a process beside it.
"""

from __future__ import annotations

import gc
import json
import math
import os
import resource
import signal
import sys
from typing import Any

from pcutils.execution.compiler import Compiler
from pcutils.execution.engine import MEBIBYTE, WALL, Engine
from pcutils.execution.page import is_page, split_page

ANSWER_BYTES = 64 * MEBIBYTE
ADDRESS_SPACE_MARGIN_MB = 512
SPARE_SECONDS = 1.0
STACK_BYTES = 64 * MEBIBYTE
STACK_SPARE_KB = 1024
PAGE_BYTES = resource.getpagesize()
OUT_OF_TIME = (signal.SIGALRM, signal.SIGPROF, signal.SIGXCPU)
# The reference runs put a line of their own behind every program; it decides what an open last line means.
END = "\nnull"


def _memory() -> tuple[int, int]:
    """Return the address space and the memory that this process has, in bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = file.read().split()
    return int(pages[0]) * PAGE_BYTES, int(pages[1]) * PAGE_BYTES


def _confine(limits: dict[str, float], wall_seconds: float) -> None:
    """Put walls around this process that no program can move."""
    for number in OUT_OF_TIME:
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)
    room = _memory()[0] + int((WALL * limits["memory_mb"] + ADDRESS_SPACE_MARGIN_MB) * MEBIBYTE)
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    seconds = limits["seconds"] + SPARE_SECONDS
    signal.setitimer(signal.ITIMER_PROF, seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), math.ceil(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _answer_of_child(engine: Engine, job: dict[str, Any], code: Any, kind: str) -> dict[str, Any]:
    """Run JavaScript in a fork of this process and return its report."""
    most = _memory()[1] + int(job["limits"]["memory_mb"]) * MEBIBYTE
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        ended = 1
        try:
            os.close(reading)
            _confine(job["limits"], job["wall_seconds"])
            report = engine.run(code, kind, job["seed"], job["limits"])
            with os.fdopen(writing, "wb") as file:
                file.write(json.dumps(report).encode("ascii"))
            ended = 0
        finally:
            os._exit(ended)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        answer = file.read(ANSWER_BYTES)
    _, ended, used = os.wait4(child, 0)
    report = _report(answer, ended)
    if report["status"] in ("success", "error") and used.ru_maxrss * 1024 > most:
        report |= {"status": "limit", "message": "used more memory than its limit"}
    return report


def _report(answer: bytes, ended: int) -> dict[str, Any]:
    """Read a child's answer, or explain its death."""
    if os.waitstatus_to_exitcode(ended) == 0:
        report: dict[str, Any] = json.loads(answer)
        return report
    if os.WIFSIGNALED(ended) and os.WTERMSIG(ended) in OUT_OF_TIME:
        return {"status": "timeout", "message": "ran longer than its time limit", "compiled": True}
    how = f"signal {os.WTERMSIG(ended)}" if os.WIFSIGNALED(ended) else f"exit status {os.WEXITSTATUS(ended)}"
    return {"status": "crash", "message": f"the interpreter died ({how})", "compiled": True}


def run_job(engine: Engine, compiler: Compiler, job: dict[str, Any]) -> dict[str, Any]:
    """Run a program: a web page as such, anything else as CoffeeScript and, where that fails, as JavaScript.

    Parameters
    ----------
    engine : Engine
        The loaded interpreter.
    compiler : Compiler
        The process that compiles.
    job : dict
        ``program``, ``seed``, ``limits``, ``wall_seconds``.

    Returns
    -------
    dict
        The report of :meth:`Engine.run`. If both languages fail, it is the CoffeeScript one.
    """
    program, limits = job["program"], job["limits"]

    def compiled(text: str, end: str) -> dict[str, Any]:
        return compiler.compile(text, end, limits["compile_seconds"], job["wall_seconds"])

    if is_page(program):
        markup, scripts = split_page(program)
        answers = [compiled(part.text, "") if part.is_coffee else {"code": part.text} for part in scripts]
        codes = [{"code": each["code"]} if "code" in each else {"error": each["message"]} for each in answers]
        return _answer_of_child(engine, job, {"markup": markup, "scripts": codes}, "html")
    first = compiled(program, END)
    if "code" in first:
        report = _answer_of_child(engine, job, first["code"], "coffee")
        may_be_js = first["parses_as_js"] and report["status"] == "error"
    else:
        report = {**first, "compiled": False, "language": "coffee"}
        may_be_js = first["parses_as_js"]
    if may_be_js:
        second = _answer_of_child(engine, job, program, "js")
        if second["status"] == "success":
            return second
    return report


def _widen_stack() -> int:
    """Let the stack grow as deep as recursion in a browser goes; return its size in bytes.

    One call takes about ten times the stack in this interpreter that it takes in a browser's.
    """
    _, most = resource.getrlimit(resource.RLIMIT_STACK)
    size = STACK_BYTES if most == resource.RLIM_INFINITY else min(STACK_BYTES, most)
    resource.setrlimit(resource.RLIMIT_STACK, (size, most))
    return size


def main() -> None:
    """Answer jobs until the standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stack_kb = _widen_stack() // 1024 - STACK_SPARE_KB
    sys.set_int_max_str_digits(0)
    compiler = Compiler()
    engine = Engine()
    gc.collect()
    gc.freeze()
    gc.disable()
    for line in sys.stdin.buffer:
        job = json.loads(line)
        job["limits"]["stack_kb"] = min(job["limits"]["stack_kb"], stack_kb)
        report = run_job(engine, compiler, job)
        sys.stdout.buffer.write(json.dumps(report).encode("ascii") + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
