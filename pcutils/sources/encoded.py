"""Programs as the Pencil Code server logs them: ``|`` for a new line, ``+`` for a space, percent escapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal
from urllib.parse import unquote

Encoding = Literal["auto", "encoded", "decoded"]
ENCODINGS: tuple[Encoding, ...] = ("auto", "encoded", "decoded")

_WHITE_SPACE = re.compile(r"\s")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})?")
_CALL = re.compile(r"(?:^|\|)[A-Za-z_]\w*\+(?![+=])")
_WHITE_SPACE_CODES = {"09", "0A", "0D"}


def decode_program(text: str) -> str:
    r"""Turn a program from the server's log encoding into its text.

    Parameters
    ----------
    text : str
        As logged.

    Returns
    -------
    str
        The program, without the new line that the log puts after its last line.

    Raises
    ------
    UnicodeDecodeError
        If percent escapes are no UTF-8.

    Notes
    -----
    The order is that of the paper's release (`parse_state`): ``|``, then ``+``, then percent escapes, so that
    the escaped signs ``%7C``, ``%2B`` and ``%25`` come out as themselves. Unlike the release, blanks at the
    beginning stay, since they are indentation.

    Examples
    --------
    >>> decode_program("for+i+in+[1..3]|++fd+10%2Bi|")
    'for i in [1..3]\n  fd 10+i'
    """
    plain = unquote(text.replace("|", "\n").replace("+", " "), errors="strict")
    return plain.removesuffix("\n")


def is_encoded(programs: Sequence[str]) -> bool:
    """Tell whether the programs of one row are in the server's log encoding.

    Parameters
    ----------
    programs : sequence of str
        All states of one row; a row is encoded as a whole or not at all.

    Returns
    -------
    bool
        False where there is no sign of it.

    Notes
    -----
    Against it: white space within a program, a ``%`` without two hexadecimal digits after it, or an escape
    that no encoder writes (a letter, a digit, a control sign), in any state. For it, where nothing is against
    it, in any state: ``|`` at the end, an escape, or a line that begins with a name and ``+``, as in
    ``fd+100``.

    A program without any white space can mean both: ``x=i%25`` is a remainder or an escaped ``%``. Where that
    matters, say which encoding the data have.

    Examples
    --------
    >>> is_encoded(["fd+100|", "fd+100|rt+90|"]), is_encoded(["fd 100", "write 7 % 2 + (4 | 1)"])
    (True, False)
    """
    programs = [program.strip() for program in programs]
    if any(_WHITE_SPACE.search(program) or _has_odd_escape(program) for program in programs):
        return False
    return any(program.endswith("|") or "%" in program or _CALL.search(program) for program in programs)


def _has_odd_escape(program: str) -> bool:
    return any(
        code is None or not _is_plausible(code.upper())
        for code in (match[1] for match in _PERCENT.finditer(program))
    )


def _is_plausible(code: str) -> bool:
    """Whether an encoder would write this escape: for signs, white space and bytes of other alphabets."""
    sign = chr(int(code, 16))
    if sign >= "\x80" or code in _WHITE_SPACE_CODES:
        return True
    return sign.isprintable() and not sign.isalnum()


def decoded(programs: Sequence[str], encoding: Encoding = "auto") -> list[str]:
    """Give the text of the programs of one row.

    Parameters
    ----------
    programs : sequence of str
        All states of one row.
    encoding : {"auto", "encoded", "decoded"}
        What they are; "auto" looks at them, see :func:`is_encoded`.

    Returns
    -------
    list of str
        Decoded at most once.

    Raises
    ------
    UnicodeDecodeError
        If percent escapes are no UTF-8.
    """
    if encoding == "encoded" or (encoding == "auto" and is_encoded(programs)):
        return [decode_program(program.strip()) for program in programs]
    return list(programs)
