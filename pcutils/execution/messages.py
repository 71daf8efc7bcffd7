"""What an error message says of the program that fails: the name it is about, and the place."""

from __future__ import annotations

import re
from typing import NamedTuple

_NAMES = (
    re.compile(r"ReferenceError: (\S+) is not defined"),
    re.compile(r"TypeError: (\S+) is not a (?:function|constructor)"),
    re.compile(r"TypeError: Cannot \w+ properties of \w+ \(\w+ '([^']+)'\)"),
    re.compile(r"ReferenceError: Cannot access '([^']+)' before initialization"),
)


def named_in(message: str | None) -> str | None:
    """Read the name that an error message is about.

    Parameters
    ----------
    message : str or None
        Type and text.

    Returns
    -------
    str or None
        None where it names nothing that stands in the program, as with errors of the compiler.

    Examples
    --------
    >>> named_in("ReferenceError: fdd is not defined"), named_in("SyntaxError: missing ]")
    ('fdd', None)
    """
    matches = (pattern.match(message or "") for pattern in _NAMES)
    return next((match[1] for match in matches if match), None)


class ErrorPlace(NamedTuple):
    """Where in a program an error is.

    Parameters
    ----------
    line : int
        From 0.
    start, end : int
        The characters of the line that it is about, from 0, the last left out; ``end`` may be one behind the
        line's last, where something is missing.
    """

    line: int
    start: int
    end: int


def error_place(program: str, message: str | None, line: int | None, column: int | None) -> ErrorPlace | None:
    r"""Find the place that an error points at.

    Parameters
    ----------
    program : str
        The program that fails.
    message : str or None
        The error.
    line, column : int or None
        Where the compiler stopped, see :class:`pcutils.execution.Result`.

    Returns
    -------
    ErrorPlace or None
        The character at which the compiler stopped, or the end of the last line where it read on behind it;
        or the first mention of the name in the message. None where neither is known.

    Examples
    --------
    >>> error_place("fd 9\nfdd 9", "ReferenceError: fdd is not defined", None, None)
    ErrorPlace(line=1, start=0, end=3)
    >>> error_place("fd (9", "SyntaxError: missing )", 1, 4)
    ErrorPlace(line=0, start=3, end=4)
    """
    lines = program.split("\n")
    if line is not None and column is not None:
        place = min(line, len(lines)) - 1
        units = lines[place].encode("utf-16-le", "surrogatepass")
        before = units[: 2 * (column - 1)] if line <= len(lines) else units
        start = len(before.decode("utf-16-le", "surrogatepass"))
        return ErrorPlace(place, start, start + 1)
    if (name := named_in(message)) is not None:
        for place, text in enumerate(lines):
            if found := _mention(text, name):
                return ErrorPlace(place, *found.span())
    return None


def mentions(line: str, name: str) -> bool:
    """Say whether a line has a name in it, as a word of its own."""
    return _mention(line, name) is not None


def _mention(line: str, name: str) -> re.Match[str] | None:
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", line)
