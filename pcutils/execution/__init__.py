"""Run students' programs safely, and look at what they drew.

Every program runs in its own forked process with an interpreter that has no file, network or clock: see
:mod:`pcutils.execution.worker` for the walls, and ``js/`` for the turtle commands.
"""

from __future__ import annotations

from pcutils.execution.drawing import Drawing
from pcutils.execution.executor import Executor
from pcutils.execution.result import Result, program_hash
from pcutils.execution.status import run_status

__all__ = ["Drawing", "Executor", "Result", "program_hash", "run_status"]
