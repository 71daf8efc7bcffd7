"""Run students' programs safely, and look at what they drew.

Every program runs in its own forked process with an interpreter that has no file, network or clock: see
:mod:`pcutils.execution.worker` for the walls, and ``js/`` for the turtle commands. A name is imported when it
is first used, so that a worker stays small.
"""

from __future__ import annotations

from pcutils.errors import lazy_names

_HOMES = {
    "Drawing": "drawing",
    "ErrorPlace": "outcomes",
    "Executor": "executor",
    "Outcome": "outcomes",
    "Outcomes": "outcomes",
    "Result": "result",
    "program_hash": "result",
    "run_status": "executor",
}

__all__ = [*_HOMES]

__getattr__ = lazy_names(__name__, _HOMES)
