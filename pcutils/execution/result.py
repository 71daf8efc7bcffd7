"""What running one program gave, and how much it may use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pcutils.execution.drawing import Drawing

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Walls around one program; virtual time is that of its timers and animations."""

    seconds: float = 3.0  # processor time of the program
    compile_seconds: float = 3.0  # processor time of the compiler
    memory_mb: int = 88  # at its peak, in MiB; twice as much is refused at once
    stack_kb: int = 23_000  # holds as many calls as a browser's
    output_characters: int = 200_000
    commands: int = 200_000  # turtle motions and drawing commands
    tasks: int = 20_000  # timers and animation steps after its main part
    timer_seconds: float = 5.0  # virtual time for which timers go on after the main part
    virtual_seconds: float = 600.0  # virtual time after which everything ends
    watched_seconds: float = 5.0  # virtual time in which an error counts, as in the paper's harness

    @property
    def wall_seconds(self) -> float:
        """Real time after which a silent process is killed; a busy machine may need a multiple."""
        return 4.0 * (self.seconds + self.compile_seconds) + 10.0


Status = Literal["success", "error", "timeout", "limit"]
ErrorKind = Literal["compile", "name", "type", "argument", "other"]

_KINDS: dict[str, ErrorKind] = {"ReferenceError": "name", "TypeError": "type", "RangeError": "argument"}


def program_hash(program: str) -> str:
    """Name of a program's text, the same on every machine.

    Parameters
    ----------
    program : str
        The program, lone surrogates included.

    Returns
    -------
    str
        SHA-256 of its UTF-8 bytes, 64 hexadecimal digits.

    Examples
    --------
    >>> program_hash("fd 100")[:12]
    '38fc609fe377'
    """
    return hashlib.sha256(program.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Result:
    """One program's verdict, output and drawing.

    Attributes
    ----------
    program_hash : str
        See :func:`program_hash`.
    status : {"success", "error", "timeout", "limit"}
        ``success`` when nothing threw, also while the program waits for input or runs for ever; ``error``
        when it does not compile or an error reached nobody who would catch it; ``timeout`` when it used up
        its time or gave more commands than fit into it; ``limit`` when it hit a limit on memory or output,
        or brought the interpreter down.
    message : str or None
        The error as a browser would print it, or the limit that was hit; None on success.
    error_kind : {"compile", "name", "type", "argument", "other"} or None
        What went wrong, None unless `status` is ``error``.
    language : {"coffee", "js", "html"}
        What the program was run as: CoffeeScript, JavaScript where only that works, or a web page.
    output : str
        The text it wrote, a line for each paragraph, button and question.
    drawing : Drawing
        What it drew until it ended or was stopped.
    line, column : int or None
        Where the compiler stopped, from 1, columns in units of UTF-16; the line may be the one behind the
        last. None where it did not.
    """

    program_hash: str
    status: Status
    message: str | None = None
    error_kind: ErrorKind | None = None
    language: str = "coffee"
    output: str = ""
    drawing: Drawing = field(default_factory=Drawing)
    line: int | None = None
    column: int | None = None


def error_kind(message: str, while_compiling: bool) -> ErrorKind:
    """Sort an error message into one of five kinds."""
    if while_compiling:
        return "compile"
    if "call stack" in message:
        return "other"
    return _KINDS.get(message.partition(":")[0], "other")


def result_of(name: str, report: Mapping[str, Any]) -> Result:
    """Build a result out of a worker's report."""
    status: Status = "limit" if report["status"] == "crash" else report["status"]
    message = None if status == "success" else str(report["message"])
    kind = error_kind(message or "", not report["compiled"]) if status == "error" else None
    line, column = (report.get(key) if status == "error" else None for key in ("line", "column"))
    return Result(
        name,
        status,
        message,
        kind,
        report.get("language", "coffee"),
        report.get("output", ""),
        Drawing.from_report(report),
        line,
        column,
    )
