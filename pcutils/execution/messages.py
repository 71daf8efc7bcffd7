"""What an error message says of the program that fails: the name it is about, and the line."""

from __future__ import annotations

import re

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


def error_line(program: str, message: str | None, line: int | None) -> int | None:
    r"""Find the line that an error points at.

    Parameters
    ----------
    program : str
        The program that fails.
    message : str or None
        The error.
    line : int or None
        Where the compiler stopped, from 1.

    Returns
    -------
    int or None
        Place of a line, from 0: where the compiler stopped, at most the last; or the first line with the name
        in the message. None where neither is known.

    Examples
    --------
    >>> error_line("fd 9\nfdd 9", "ReferenceError: fdd is not defined", None)
    1
    >>> error_line("fd (9", "SyntaxError: missing )", 2)
    0
    """
    lines = program.split("\n")
    if line is not None:
        return min(line, len(lines)) - 1
    name = named_in(message)
    return next((place for place, text in enumerate(lines) if name and mentions(text, name)), None)


def mentions(line: str, name: str) -> bool:
    """Say whether a line has a name in it, as a word of its own."""
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", line) is not None
