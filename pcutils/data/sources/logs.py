r"""Raw logs of a Pencil Code server, plain or gzipped: who ran which program when.

A line is expected to be that of a web server's access log, here broken in two::

    ADDRESS USER ID [04/Feb/2022:06:25:26 +0000]
        "GET /log/TITLE?run&mode=b&lang=coffeescript&code=fd+100|rt+90| HTTP/1.1" 200 ...

ADDRESS and the quotation marks may be missing. USER is the name before the site's domain, ``-`` where nobody
was logged in. Each run of a program requests ``/log/TITLE`` and carries the program as ``code``. What is
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
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from pcutils.data.privacy import pseudonym
from pcutils.data.rows import Item, Record, RejectedRow
from pcutils.data.sources import FilePath, Secret, SourceOptions, source
from pcutils.errors import DataError, track
from pcutils.trace import Trace

LINE = (
    r"(?:(?P<address>\S+) )?(?P<user>\S+) (?P<id>\S+) \[(?P<time>[^\]]*)\] "
    r'"?(?P<method>[A-Z]+) (?P<request>[^\s"]+)(?: HTTP/[0-9.]+)?"?(?: .*)?'
)
"""A line of the log, without its end."""

MOST_LINE_BYTES = 1 << 20
MOST_TITLE_CHARACTERS = 100
_NOBODY = "-"
_HEAD_LINES = 50
_SERVER_ESCAPE = re.compile(r"\\x([0-9A-Fa-f]{2})")


class LogsOptions(SourceOptions):
    """Raw logs of a Pencil Code server, in a file or a folder, gzipped or not."""

    source: Literal["logs"] = "logs"
    path: FilePath
    key: Secret  # for the pseudonyms, at least 16 bytes; with another key a student gets another pseudonym
    pattern: str = LINE  # of a whole line, with the groups user, time and request


class _Run(NamedTuple):
    """One run of a program; `place` is the number of the file and of the line."""

    time: datetime
    place: tuple[int, int]
    program: str


class _UnreadableError(Exception):
    """A line that is no run; its arguments are field, what was found, what was expected."""


def _recognise(path: Path) -> dict[str, Any] | None:
    """A file is a log if one of its first lines has the form of a request, whatever its name."""
    head = islice(_numbered_lines(path), _HEAD_LINES) if path.is_file() else ()
    texts = [line.decode("utf-8", "replace").rstrip("\r\n") for _, line in head if isinstance(line, bytes)]
    return {"path": path} if any(re.fullmatch(LINE, text) for text in texts) else None


@source(LogsOptions, label="logs of a Pencil Code server", recognise=_recognise)
def read(options: LogsOptions) -> Iterator[Item]:
    """Give the lines that do not parse, and then the traces, by pseudonym and title.

    The states of a trace are its runs in order of time (in UTC), then of the lines. A run of the same text as
    the run before it is no state. Lines with equal time and program in two files (rotated logs that overlap)
    count once. Names of users differ in more than capital letters.
    """
    secret, pattern = options.key.value(), _line_pattern(options.pattern)
    pseudonym("", secret)  # a key that is too short is an error before anything is read
    files = _files(Path(options.path))
    runs: dict[tuple[str, str], list[_Run]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for number, file in enumerate(track(files, label="Reading logs", unit="files")):
        for row, line in _numbered_lines(file):
            try:
                found = _read_line(line, pattern)
            except _UnreadableError as error:
                counts["rejected"] += 1
                yield RejectedRow(file.name, row, *error.args)
                continue
            if found is None:
                counts["other requests"] += 1
                continue
            user, title, time, program = found
            runs[pseudonym(user, secret), title].append(_Run(time, (number, row), program))
    for pair in sorted(runs):
        yield _trace(pair, runs.pop(pair), files, counts)
    yield counts


def _line_pattern(pattern: str) -> re.Pattern[str]:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise DataError(f"{error}", "a regular expression", field="pattern") from error
    missing = sorted({"user", "time", "request"} - set(expression.groupindex))
    if missing:
        raise DataError(f"no group {', '.join(missing)}", "user, time and request", field="pattern")
    return expression


def _files(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    shown = [file for file in files if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    if not shown:
        raise DataError("no file, or an empty folder", "server logs", file=str(path))
    return shown


def _numbered_lines(file: Path) -> Iterator[tuple[int, bytes | _UnreadableError]]:
    """Give the lines of a file, gzipped or not, from 0; where it breaks off, the reason as the last one."""
    row = -1
    try:
        with file.open("rb") as raw:
            is_packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            for row, line in enumerate(gzip.GzipFile(fileobj=raw) if is_packed else raw):
                yield row, line
    except (OSError, EOFError, zlib.error):
        yield row + 1, _UnreadableError("file", "a file that breaks off from about here", "a whole one")


def _read_line(
    line: bytes | _UnreadableError, pattern: re.Pattern[str]
) -> tuple[str, str, datetime, str] | None:
    """Give user, title, time and program of a run; None for another request."""
    if isinstance(line, _UnreadableError):
        raise line
    if len(line) > MOST_LINE_BYTES:
        raise _UnreadableError("line", f"more than {MOST_LINE_BYTES} bytes", "a shorter line")
    try:
        match = pattern.fullmatch(line.decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError as error:
        raise _UnreadableError("line", "bytes that are no UTF-8", "a line of the log") from error
    if match is None:
        raise _UnreadableError("line", "a line of another form", "user, time and request")
    path, _, query = _SERVER_ESCAPE.sub(r"%\1", match["request"] or "").partition("?")
    code = next((part[5:] for part in query.split("&") if part.startswith("code=")), None)
    if "/log/" not in path or code is None:
        return None
    user = (match["user"] or _NOBODY).lower()
    if user == _NOBODY:
        raise _UnreadableError("user", "nobody", "the name of the one who ran the program")
    try:
        title, program = _normal_title(path.rsplit("/", 1)[1]), decode_program(code)
    except UnicodeDecodeError as error:
        raise _UnreadableError("request", "percent escapes that are no UTF-8", "UTF-8") from error
    if not 1 <= len(title) <= MOST_TITLE_CHARACTERS:
        expected = f"1 to {MOST_TITLE_CHARACTERS} characters"
        raise _UnreadableError("title", f"{len(title)} characters", expected)
    return user, title, _read_time(match["time"] or ""), program


def _normal_title(text: str) -> str:
    """Give the one spelling of a title: decoded, in small letters, composed characters, single blanks."""
    return " ".join(unicodedata.normalize("NFC", unquote(text, errors="strict").lower()).split())


def _read_time(text: str) -> datetime:
    try:
        moment = datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")
        return moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        expected = "such as 04/Feb/2022:06:25:26 +0000"
        raise _UnreadableError("time", "a text that is no time", expected) from error


def _trace(
    pair: tuple[str, str], runs: list[_Run], files: list[Path], counts: Counter[str]
) -> Record | RejectedRow:
    """Put one student's runs of one title in order, leave repeated ones out, and give what is a trace."""
    runs.sort(key=lambda run: (run.time, run.place))
    states: list[_Run] = []
    first_file: dict[tuple[datetime, str], int] = {}
    for run in runs:
        if first_file.setdefault((run.time, run.program), run.place[0]) != run.place[0]:
            counts["repeated lines"] += 1
        elif states and run.program.strip() == states[-1].program.strip():
            counts["repeated runs"] += 1
        else:
            states.append(run)
    number, row = states[0].place
    if not any(state.program.strip() for state in states):
        counts["rejected"] += len(states)
        blank = ("programs", "blank states only", "a state that is not blank")
        return RejectedRow(files[number].name, row, *blank)
    counts["states"] += len(states)
    programs, times = [state.program for state in states], [state.time for state in states]
    trace = Trace.from_states(programs, times, username=pair[0], title=pair[1])
    return Record(trace, file=files[number].name, row=row)


def decode_program(text: str) -> str:
    """Decode ``|``, then ``+``, then percent escapes, as the paper's release does (`parse_state`)."""
    plain = unquote(text.replace("|", "\n").replace("+", " "), errors="strict")
    return plain.removesuffix("\n")
