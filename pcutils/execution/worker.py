"""The process that runs programs: one fork of a loaded interpreter for each of them.

A worker reads one JSON line for a program on its standard input and writes one JSON line for the result. It
loads the turtle commands once; every program gets a forked copy of them, which ends with the program, so
nothing a program does can reach the next one, and its start costs a fork instead of loading. The copy is
killed by its own alarm when it does not answer.

A fork copies every page that it touches, so little is imported here and the copy does little in Python: with
the modules that a thread needs, a fork costs three times as much.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
from typing import Any

from pcutils.execution.engine import MEBIBYTE, TOO_MUCH_MEMORY, WALL, Engine

ANSWER_BYTES = 64 * MEBIBYTE
SPARE_SECONDS = 1
STACK_BYTES = 64 * MEBIBYTE
STACK_SPARE_KB = 1024
PAGE_BYTES = resource.getpagesize()
OUT_OF_TIME = (signal.SIGALRM, signal.SIGPROF, signal.SIGXCPU)


def _memory() -> tuple[int, int]:
    """Return the address space and the memory that this process has, in bytes."""
    with open("/proc/self/statm", "rb") as file:
        pages = file.read().split()
    return int(pages[0]) * PAGE_BYTES, int(pages[1]) * PAGE_BYTES


def _confine(room: int, seconds: float, wall_seconds: float) -> None:
    """Put walls around this process that no program can move."""
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)
    signal.setitimer(signal.ITIMER_PROF, seconds + SPARE_SECONDS)
    whole = int(seconds) + 1 + SPARE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _be_the_copy(engine: Engine, job: dict[str, Any], limits_text: str, room: int, pipe: int) -> None:
    """Run the program in this process, send its report, and end."""
    ended = 1
    try:
        limits = job["limits"]
        _confine(room, limits["seconds"], job["wall_seconds"])
        stopped, report = engine.run(job["code"], job["kind"], job["seed"], limits, limits_text)
        answer = f"{json.dumps(stopped) if stopped else 'null'}\n{report}".encode("utf-8", "surrogatepass")
        while answer:
            answer = answer[os.write(pipe, answer) :]
        ended = 0
    finally:
        os._exit(ended)


def run_job(engine: Engine, job: dict[str, Any]) -> bytes:
    """Run one program in a fork of this process."""
    limits_text = json.dumps(job["limits"])
    address_space, in_use = _memory()
    memory = int(job["limits"]["memory_mb"] * MEBIBYTE)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _be_the_copy(engine, job, limits_text, address_space + WALL * memory, writing)
    os.close(writing)
    with open(reading, "rb") as file:
        answer = file.read(ANSWER_BYTES)
    _, ended, used = os.wait4(child, 0)
    used_too_much = used.ru_maxrss * 1024 > in_use + memory
    if os.waitstatus_to_exitcode(ended) == 0:
        stopped, _, report = answer.partition(b"\n")
    else:
        stopped, report = json.dumps(_death(ended, used_too_much)).encode("ascii"), b"null"
    flag = b"true" if used_too_much else b"false"
    return b'{"stopped": %b, "report": %b, "used_too_much": %b}' % (stopped, report, flag)


def _death(ended: int, used_too_much: bool) -> dict[str, str]:
    """Say why a copy sent no report."""
    if os.WIFSIGNALED(ended) and os.WTERMSIG(ended) in OUT_OF_TIME:
        return {"status": "timeout", "message": "ran longer than its time limit"}
    if used_too_much:
        return TOO_MUCH_MEMORY
    how = f"signal {os.WTERMSIG(ended)}" if os.WIFSIGNALED(ended) else f"exit status {os.WEXITSTATUS(ended)}"
    return {"status": "crash", "message": f"the interpreter died ({how})"}


def _widen_stack() -> int:
    """Let the stack grow as deep as recursion in a browser goes; return its size in bytes."""
    _, most = resource.getrlimit(resource.RLIMIT_STACK)
    size = STACK_BYTES if most == resource.RLIM_INFINITY else min(STACK_BYTES, most)
    resource.setrlimit(resource.RLIMIT_STACK, (size, most))
    return size


def main() -> None:
    """Answer jobs until the standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    stack_kb = _widen_stack() // 1024 - STACK_SPARE_KB
    engine = Engine()
    gc.collect()
    gc.freeze()
    gc.disable()
    for line in sys.stdin.buffer:
        job = json.loads(line)
        job["limits"]["stack_kb"] = min(job["limits"]["stack_kb"], stack_kb)
        sys.stdout.buffer.write(run_job(engine, job) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
