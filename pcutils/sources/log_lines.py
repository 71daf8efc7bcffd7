r"""The lines of a Pencil Code server log: who ran which program when.

A line is expected to be that of a web server's access log, here broken in two::

    ADDRESS USER ID [04/Feb/2022:06:25:26 +0000]
        "GET /log/TITLE?run&mode=b&lang=coffeescript&code=fd+100|rt+90| HTTP/1.1" 200 ...

ADDRESS and the quotation marks may be missing. USER is the name before the site's domain, ``-`` where nobody
was logged in. Each run of a program asks for ``/log/TITLE`` and carries the program as ``code``. What is
known of this form comes from the code release of the paper (``process_file`` and ``parse_state`` in
``src/utils.py``, ``src/data/anonymize.py``): user, time, last part of the path and ``code`` are where it
looks for them. Logs of another form need another pattern.
"""

from __future__ import annotations

import gzip
import re
import unicodedata
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import unquote

from pcutils.errors import DataError
from pcutils.sources.encoded import decode_program

LINE = (
    r"(?:(?P<address>\S+) )?(?P<user>\S+) (?P<id>\S+) \[(?P<time>[^\]]*)\] "
    r'"?(?P<method>[A-Z]+) (?P<request>[^\s"]+)(?: HTTP/[0-9.]+)?"?(?: .*)?'
)
"""A line of the log, without its end."""

MOST_LINE_BYTES = 1 << 20
MOST_TITLE_CHARACTERS = 100
NOBODY = "-"
_GROUPS = {"user", "time", "request"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})", re.ASCII)
_SERVER_ESCAPE = re.compile(r"\\x([0-9A-Fa-f]{2})")


class Unreadable(Exception):  # noqa: N818 - a reason, not an error that anybody outside sees
    """A line that is no run: its `reason` is field, what was found, what was expected."""

    def __init__(self, field: str, found: str, expected: str) -> None:
        super().__init__(field, found, expected)
        self.reason = (field, found, expected)


def line_pattern(pattern: str) -> re.Pattern[str]:
    """Compile the pattern of a line; a DataError where it is none or lacks a group."""
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise DataError(f"{error}", "a regular expression", field="pattern") from error
    missing = sorted(_GROUPS - set(expression.groupindex))
    if missing:
        raise DataError(f"no group {', '.join(missing)}", "user, time and request", field="pattern")
    return expression


def numbered_lines(file: Path) -> Iterator[tuple[int, bytes | Unreadable]]:
    """Give the lines of a file, gzipped or not, from 0; where it breaks off, the reason as the last one."""
    row = 0
    try:
        with file.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
            for line in _lines(stream):
                yield row, line
                row += 1
    except (OSError, EOFError, zlib.error):
        yield row, Unreadable("file", "a file that breaks off from about here", "a whole one")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Give the lines; of one that is too long, enough to see that."""
    while line := stream.readline(MOST_LINE_BYTES + 1):
        rest = line
        while len(rest) > MOST_LINE_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MOST_LINE_BYTES + 1)
        yield line


def read_line(line: bytes, expression: re.Pattern[str]) -> tuple[str, str, datetime, str] | None:
    """Give user, title, time and program of a run; None for another request; Unreadable for neither."""
    if len(line) > MOST_LINE_BYTES:
        raise Unreadable("line", f"more than {MOST_LINE_BYTES} bytes", "a shorter line")
    try:
        match = expression.fullmatch(line.decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError as error:
        raise Unreadable("line", "bytes that are no UTF-8", "a line of the log") from error
    if match is None:
        raise Unreadable("line", "a line of another form", "user, time and request")
    request = _SERVER_ESCAPE.sub(r"%\1", match["request"] or "")
    path, _, query = request.partition("?")
    code = next((part[5:] for part in query.split("&") if part.startswith("code=")), None)
    if "/log/" not in path or code is None:
        return None
    user = (match["user"] or NOBODY).lower()
    if user == NOBODY:
        raise Unreadable("user", "nobody", "the name of the one who ran the program")
    try:
        title, program = normal_title(path.rsplit("/", 1)[1]), decode_program(code)
    except UnicodeDecodeError as error:
        raise Unreadable("request", "percent escapes that are no UTF-8", "UTF-8") from error
    if not 1 <= len(title) <= MOST_TITLE_CHARACTERS:
        expected = f"1 to {MOST_TITLE_CHARACTERS} characters"
        raise Unreadable("title", f"{len(title)} characters", expected)
    return user, title, _read_time(match["time"] or ""), program


def normal_title(text: str) -> str:
    """Give the one spelling of a title.

    Parameters
    ----------
    text : str
        Last part of the path of a request, with percent escapes or not.

    Returns
    -------
    str
        Decoded, in small letters, composed characters, with single blanks and none at the ends.

    Raises
    ------
    UnicodeDecodeError
        If percent escapes are no UTF-8.

    Examples
    --------
    >>> normal_title("My%20%20Star ")
    'my star'
    """
    plain = unquote(text, errors="strict").lower()
    return " ".join(unicodedata.normalize("NFC", plain).split())


def _read_time(text: str) -> datetime:
    match = _TIME.fullmatch(text)
    if match and match[2] in _MONTHS:
        month = _MONTHS.index(match[2]) + 1
        try:
            moment = datetime.fromisoformat(f"{match[3]}-{month:02}-{match[1]}T{match[4]}{match[5]}")
            return moment.astimezone(UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):
            pass
    raise Unreadable("time", "a text that is no time", "such as 04/Feb/2022:06:25:26 +0000")
