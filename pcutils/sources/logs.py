r"""Raw Pencil Code server logs, plain or gzipped, as traces.

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
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast
from urllib.parse import unquote

from pcutils.errors import DataError
from pcutils.privacy import LEAST_KEY_BYTES, pseudonym
from pcutils.progress import track
from pcutils.sources.encoded import decode_program
from pcutils.sources.quarantine import Quarantined
from pcutils.trace import Trace

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


class _Unreadable(Exception):  # noqa: N818 - a reason, not an error that anybody outside sees
    def __init__(self, field: str, found: str, expected: str) -> None:
        super().__init__(field, found, expected)
        self.reason = (field, found, expected)


class _Run(NamedTuple):
    """One run of a program; `place` is the number of the file and of the line."""

    time: datetime
    place: tuple[int, int]
    program: str


@dataclass
class LogReading:
    """What was read from logs; every line is counted once.

    Parameters
    ----------
    traces : list of Trace
        By pseudonym and title.
    quarantined : list of Quarantined
        Lines that do not parse, and traces of blank states only.
    counts : collections.Counter
        Lines by what became of them: ``states``, ``repeated runs``, ``repeated lines``, ``other requests``,
        ``kept aside``.
    """

    traces: list[Trace] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def read_logs(path: str | Path, key: bytes | str, *, pattern: str = LINE) -> LogReading:
    r"""Read server logs.

    Parameters
    ----------
    path : str or pathlib.Path
        A file, or a folder, all of whose files (but hidden ones) are read, those in folders below, too.
        Gzipped or not is told by the first bytes.
    key : bytes or str
        The secret for the pseudonyms, at least 16 bytes; a text counts as its UTF-8 bytes. Keep it apart from
        the data; with another key the same student gets another pseudonym.
    pattern : str
        Regular expression of a whole line, with the groups ``user``, ``time`` (as ``04/Feb/2022:06:25:26
        +0000``) and ``request`` (as ``/log/TITLE?code=...``).

    Returns
    -------
    LogReading
        The states of a trace are its runs in order of time; runs of the same second stay in the order of the
        lines. A run of the same text as the run before it is a repeated run and no state; a text that comes
        back after another one is backtracking and stays. Lines with equal time and program in two files
        (rotated logs that overlap) count once. Times are in UTC. Names of users differ in more than capital
        letters, as names of web addresses do.

    Raises
    ------
    pcutils.errors.DataError
        If there is no file, no key, a key that is too short, or a pattern without the groups.

    Notes
    -----
    Memory grows with the programs that are read; take a large archive month by month.
    """
    secret = _secret(key)
    expression = _expression(pattern)
    reading = LogReading()
    files = _files(Path(path))
    runs: dict[tuple[str, str], list[_Run]] = defaultdict(list)
    for number, file in enumerate(track(files, label="Reading logs", unit="files")):
        for row, line in _numbered_lines(file, reading):
            try:
                found = _read_line(line, expression)
            except _Unreadable as unreadable:
                _keep_aside(reading, file.name, row, *unreadable.reason)
                continue
            if found is None:
                reading.counts["other requests"] += 1
                continue
            user, title, time, program = found
            runs[pseudonym(user, secret), title].append(_Run(time, (number, row), program))
    for pair in sorted(runs):
        _add_trace(reading, pair, runs.pop(pair), files)
    return reading


def _secret(key: bytes | str | None) -> bytes:
    secret = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
    if not isinstance(secret, bytes) or len(secret) < LEAST_KEY_BYTES:
        found = f"{len(secret)} bytes" if isinstance(secret, bytes) else "nothing"
        hint = (
            "Make one with `secrets.token_bytes(32)` and keep it out of the data: whoever has it can tie a "
            "name to its pseudonym. Names are never kept as they are, nor under a hash without a key."
        )
        raise DataError(found, f"a key of at least {LEAST_KEY_BYTES} bytes", field="key", hint=hint)
    return secret


def _expression(pattern: str) -> re.Pattern[str]:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise DataError(f"{error}", "a regular expression", field="pattern") from error
    missing = sorted(_GROUPS - set(expression.groupindex))
    if missing:
        raise DataError(f"no group {', '.join(missing)}", "user, time and request", field="pattern")
    return expression


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError("no such file or folder", "server logs", file=str(path))
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if not files:
        raise DataError("an empty folder", "server logs", file=str(path))
    return files


def _keep_aside(reading: LogReading, file: str, row: int, field: str, found: str, expected: str) -> None:
    reading.counts["kept aside"] += 1
    reading.quarantined.append(Quarantined("logs", file, row, field, found, expected))


def _numbered_lines(file: Path, reading: LogReading) -> Iterator[tuple[int, bytes]]:
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
        _keep_aside(reading, file.name, row, "file", "a file that breaks off from about here", "a whole one")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Give the lines; of one that is too long, enough to see that."""
    while line := stream.readline(MOST_LINE_BYTES + 1):
        rest = line
        while len(rest) > MOST_LINE_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MOST_LINE_BYTES + 1)
        yield line


def _read_line(line: bytes, expression: re.Pattern[str]) -> tuple[str, str, datetime, str] | None:
    """Give user, title, time and program of a run; None for another request."""
    if len(line) > MOST_LINE_BYTES:
        raise _Unreadable("line", f"more than {MOST_LINE_BYTES} bytes", "a shorter line")
    try:
        match = expression.fullmatch(line.decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError as error:
        raise _Unreadable("line", "bytes that are no UTF-8", "a line of the log") from error
    if match is None:
        raise _Unreadable("line", "a line of another form", "user, time and request")
    request = _SERVER_ESCAPE.sub(r"%\1", match["request"] or "")
    path, _, query = request.partition("?")
    code = next((part[5:] for part in query.split("&") if part.startswith("code=")), None)
    if "/log/" not in path or code is None:
        return None
    user = (match["user"] or NOBODY).lower()
    if user == NOBODY:
        raise _Unreadable("user", "nobody", "the name of the one who ran the program")
    try:
        title, program = normal_title(path.rsplit("/", 1)[1]), decode_program(code)
    except UnicodeDecodeError as error:
        raise _Unreadable("request", "percent escapes that are no UTF-8", "UTF-8") from error
    if not 1 <= len(title) <= MOST_TITLE_CHARACTERS:
        expected = f"1 to {MOST_TITLE_CHARACTERS} characters"
        raise _Unreadable("title", f"{len(title)} characters", expected)
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
    raise _Unreadable("time", "a text that is no time", "such as 04/Feb/2022:06:25:26 +0000")


def _add_trace(reading: LogReading, pair: tuple[str, str], runs: list[_Run], files: list[Path]) -> None:
    """Put one student's runs of one title in order, leave repeated ones out, and keep what is a trace."""
    runs.sort(key=lambda run: (run.time, run.place))
    states: list[_Run] = []
    first_file: dict[tuple[datetime, str], int] = {}
    for run in runs:
        if first_file.setdefault((run.time, run.program), run.place[0]) != run.place[0]:
            reading.counts["repeated lines"] += 1
        elif states and run.program.strip() == states[-1].program.strip():
            reading.counts["repeated runs"] += 1
        else:
            states.append(run)
    if not any(state.program.strip() for state in states):
        for state in states:
            number, row = state.place
            expected = "a trace with at least one state that is not"
            _keep_aside(reading, files[number].name, row, "programs", "a blank state", expected)
        return
    reading.counts["states"] += len(states)
    username, title = pair
    programs, times = [state.program for state in states], [state.time for state in states]
    reading.traces.append(Trace.from_states(programs, times, title=title, username=username))
