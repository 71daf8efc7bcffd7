"""Raw Pencil Code server logs, plain or gzipped, as traces; the form of a line: :mod:`.log_lines`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from pcutils.errors import DataError
from pcutils.privacy import LEAST_KEY_BYTES, pseudonym
from pcutils.progress import track
from pcutils.sources.buckets import Buckets, bucket_count
from pcutils.sources.log_lines import LINE, Unreadable, line_pattern, numbered_lines, read_line
from pcutils.sources.quarantine import Quarantined
from pcutils.trace import Trace


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
    """Read server logs into memory.

    Parameters
    ----------
    path, key, pattern
        As for :func:`stream_logs`.

    Returns
    -------
    LogReading
        All traces, all lines kept aside, and the counts.

    Raises
    ------
    pcutils.errors.DataError
        As for :func:`stream_logs`.
    """
    reading = LogReading()
    for result in stream_logs(path, key, pattern=pattern, counts=reading.counts):
        if isinstance(result, Quarantined):
            reading.quarantined.append(result)
        else:
            reading.traces.append(result)
    return LogReading(sorted(reading.traces, key=_pair), reading.quarantined, reading.counts)


def stream_logs(
    path: str | Path, key: bytes | str, *, pattern: str = LINE, counts: Counter[str] | None = None
) -> Iterator[Trace | Quarantined]:
    r"""Go through server logs, of any size.

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
    counts : collections.Counter, optional
        Lines are counted here, as :class:`LogReading` says; complete once all traces have been given.

    Yields
    ------
    Trace or Quarantined
        First the lines that do not parse, then the traces. The states of a trace are its runs in order of
        time; runs of the same second stay in the order of the lines. A run of the same text as the run before
        it is a repeated run and no state; a text that comes back after another one is backtracking and stays.
        Lines with equal time and program in two files (rotated logs that overlap) count once. Times are in
        UTC. Names of users differ in more than capital letters, as names of web addresses do.

    Raises
    ------
    pcutils.errors.DataError
        If there is no file, no key, a key that is too short, or a pattern without the groups.

    Notes
    -----
    A student's runs may stand anywhere in the logs. Those of large logs are laid out on disk first, under
    pseudonyms, so many students to a file, and put in order file by file; the files are removed at the end.
    """
    counts = Counter() if counts is None else counts
    secret, expression, files = _secret(key), line_pattern(pattern), _files(Path(path))
    with Buckets(bucket_count(files)) as buckets:
        for number, file in enumerate(track(files, label="Reading logs", unit="files")):
            for row, line in numbered_lines(file):
                try:
                    if isinstance(line, Unreadable):
                        raise line
                    found = read_line(line, expression)
                except Unreadable as unreadable:
                    counts["kept aside"] += 1
                    yield Quarantined("logs", file.name, row, *unreadable.reason)
                    continue
                if found is None:
                    counts["other requests"] += 1
                    continue
                user, title, time, program = found
                username = pseudonym(user, secret)
                buckets.add(username, (username, title, _Run(time, (number, row), program)))
        for records in buckets.contents():
            runs: dict[tuple[str, str], list[_Run]] = defaultdict(list)
            while records:
                username, title, run = records.pop()
                runs[username, title].append(run)
            for pair in sorted(runs):
                yield from _trace(pair, runs.pop(pair), files, counts)


def _pair(trace: Trace) -> tuple[str, str]:
    return str(trace.username), str(trace.title)


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


def _trace(
    pair: tuple[str, str], runs: list[_Run], files: list[Path], counts: Counter[str]
) -> Iterator[Trace | Quarantined]:
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
    if not any(state.program.strip() for state in states):
        for state in states:
            number, row = state.place
            expected = "a trace with at least one state that is not"
            counts["kept aside"] += 1
            yield Quarantined("logs", files[number].name, row, "programs", "a blank state", expected)
        return
    counts["states"] += len(states)
    username, title = pair
    programs, times = [state.program for state in states], [state.time for state in states]
    yield Trace.from_states(programs, times, title=title, username=username)
