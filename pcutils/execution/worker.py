"""The process that runs programs: one fork of a loaded interpreter for each of them.

A worker reads one JSON line for a program on its standard input and writes one JSON line for the result. It
loads the compiler and the turtle commands once; every program gets a forked copy of both, which ends with the
program, so nothing a program does can reach the next one, and its start costs a fork instead of loading.
The copy is killed by its own alarm when it does not answer.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
from typing import Any

from pcutils.execution.engine import MEBIBYTE, Engine

ANSWER_BYTES = 64 * MEBIBYTE
ADDRESS_SPACE_MARGIN_MB = 512
SPARE_SECONDS = 2
STACK_BYTES = 64 * MEBIBYTE
STACK_SPARE_KB = 1024
OUT_OF_TIME = (signal.SIGALRM, signal.SIGXCPU)


def _confine(limits: dict[str, float], wall_seconds: float) -> None:
    """Put walls around this process that no program can move."""
    for number in OUT_OF_TIME:
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)
    with open("/proc/self/statm", encoding="ascii") as file:
        in_use = int(file.read().split()[0]) * resource.getpagesize()
    room = in_use + int((limits["memory_mb"] + ADDRESS_SPACE_MARGIN_MB) * MEBIBYTE)
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    seconds = math.ceil(limits["seconds"] + limits["compile_seconds"]) + SPARE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _answer_of_child(engine: Engine, job: dict[str, Any], language: str) -> dict[str, Any]:
    """Run a program in a fork of this process and return its report."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            _confine(job["limits"], job["wall_seconds"])
            report = engine.run(job["program"], language, job["seed"], job["limits"])
            with os.fdopen(writing, "wb") as file:
                file.write(json.dumps(report).encode("ascii"))
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        answer = file.read(ANSWER_BYTES)
    _, ended = os.waitpid(child, 0)
    return _report(answer, ended)


def _report(answer: bytes, ended: int) -> dict[str, Any]:
    """Read a child's answer, or explain its death."""
    if os.waitstatus_to_exitcode(ended) == 0:
        report: dict[str, Any] = json.loads(answer)
        return report
    if os.WIFSIGNALED(ended) and os.WTERMSIG(ended) in OUT_OF_TIME:
        return {
            "status": "timeout",
            "message": "ran longer than its time limit",
            "compiled": True,
            "retry": False,
        }
    how = f"signal {os.WTERMSIG(ended)}" if os.WIFSIGNALED(ended) else f"exit status {os.WEXITSTATUS(ended)}"
    return {"status": "crash", "message": f"the interpreter died ({how})", "compiled": True, "retry": False}


def run_job(engine: Engine, job: dict[str, Any]) -> dict[str, Any]:
    """Run a program as CoffeeScript and, where that fails and it may help, as JavaScript.

    Parameters
    ----------
    engine : Engine
        The loaded interpreters.
    job : dict
        ``program``, ``seed``, ``limits``, ``wall_seconds``.

    Returns
    -------
    dict
        The report of :meth:`Engine.run`. If both fail, it is the CoffeeScript one.
    """
    report = _answer_of_child(engine, job, "coffee")
    if report.pop("retry", False):
        second = _answer_of_child(engine, job, "js")
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
    engine = Engine()
    for line in sys.stdin.buffer:
        job = json.loads(line)
        job["limits"]["stack_kb"] = min(job["limits"]["stack_kb"], stack_kb)
        report = run_job(engine, job)
        sys.stdout.buffer.write(json.dumps(report).encode("ascii") + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
