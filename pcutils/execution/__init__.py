"""Run students' programs safely, and look at what they drew.

Every program runs in its own forked process with an interpreter that has no file, network or clock: see
:mod:`pcutils.execution.worker` for the walls, and ``js/`` for the turtle commands. A name is imported when it
is first used, so that a worker stays small.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "Drawing": "drawing",
    "Executor": "executor",
    "Result": "result",
    "program_hash": "result",
    "run_status": "status",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
