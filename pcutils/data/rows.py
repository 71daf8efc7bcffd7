"""What a source yields, and the one validator of the rows of the table of traces."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pcutils.errors import DataError
from pcutils.trace import Trace

LONGEST_PROGRAM, MOST_STATES = 10_000_000, 100_000  # what is longer is a damaged file
Problem = tuple[str, str, str]  # field, what was found, what was expected

_TIME = re.compile(r"\s*[0-9]{4}-?[0-9]{2}-?[0-9]{2}[T ][0-9]{2}:?[0-9]{2}")
_UTC = re.compile(r" ?(?:UTC|GMT)$")
_OFFSET = re.compile(r"(?:Z|UTC|GMT)? ?(?:([+-]?)([0-9]{1,2})(?::?([0-9]{2}))?)?(?:\.0*)?")
_FIRST_MILLISECONDS = 10**11  # in seconds, this lies after the year 5000
NO_UTF8 = "half a character (a lone surrogate) or a byte that is no UTF-8"


class RejectedRowsWarning(UserWarning):
    """Some rows of a source were rejected."""


@dataclass(frozen=True)
class RejectedRow:
    """One row that could not become a trace, from 0 (None: the whole file); holds no text of a student."""

    file: str
    row: int | None
    field: str
    found: str
    expected: str

    def __str__(self) -> str:
        return str(DataError(self.found, self.expected, file=self.file, row=self.row, field=self.field))


class Record(NamedTuple):
    """A trace, or the columns of one, with its published split, place in a file, and student's traits."""

    trace: Trace | Mapping[str, Any]
    split: str | None = None
    file: str = "traces"
    row: int | None = None
    traits: Mapping[str, Any] | None = None


Item = Trace | Record | RejectedRow | Counter[str]  # the counter: what became of the other rows


def row_problems(record: Mapping[str, Any], *, in_order: bool = True) -> Iterator[Problem]:
    """Find what is wrong in one row of the table; its times are datetimes or null."""
    for field in ("username", "title"):
        yield from _text_problems(field, record.get(field))
    if not isinstance(record.get("is_complete"), bool):
        yield "is_complete", kind_of(record.get("is_complete")), "true or false"
    programs = record.get("programs")
    yield from _program_problems(programs)
    states = len(programs) if isinstance(programs, list) else None
    yield from _time_problems(record.get("timestamps"), states, in_order)
    outcomes = record.get("outcomes")
    if outcomes is not None and (not isinstance(outcomes, list) or len(outcomes) != states):
        found = f"{len(outcomes)} outcomes" if isinstance(outcomes, list) else kind_of(outcomes)
        yield "outcomes", found, f"{states}, one a state"


def _text_problems(field: str, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield field, kind_of(value), "a text"
    elif not value:
        yield field, "an empty text", "a text"
    elif not is_utf8(value):
        yield field, NO_UTF8, "text that UTF-8 can hold"


def _program_problems(programs: Any) -> Iterator[Problem]:
    if not isinstance(programs, list):
        yield "programs", kind_of(programs), "a list of texts"
        return
    if not 1 <= len(programs) <= MOST_STATES:
        found = f"{len(programs):,} states" if programs else "an empty list"
        yield "programs", found, f"at least one state and at most {MOST_STATES:,}"
    for number, program in enumerate(programs):
        if not isinstance(program, str):
            yield "programs", f"{kind_of(program)} as state {number}", "a text"
        elif not is_utf8(program):
            yield "programs", f"{NO_UTF8} in state {number}", "text that UTF-8 can hold"
        elif len(program) > LONGEST_PROGRAM:
            found = f"{len(program):,} characters in state {number}"
            yield "programs", found, f"at most {LONGEST_PROGRAM:,}"


def _time_problems(timestamps: Any, states: int | None, in_order: bool) -> Iterator[Problem]:
    if not isinstance(timestamps, list):
        yield "timestamps", kind_of(timestamps), "a list of times"
        return
    if states is not None and len(timestamps) != states:
        yield "timestamps", f"{len(timestamps)} times", f"{states}, one a state"
    known = []
    for number, time in enumerate(timestamps):
        if isinstance(time, datetime):
            known.append((number, time))
        elif time is not None:
            yield "timestamps", f"{kind_of(time)} that is no time, for state {number}", "a time or null"
    for (_, earlier), (number, later) in pairwise(known) if in_order else ():
        if later < earlier:
            yield "timestamps", f"state {number} before the one it follows", "times in order"


def is_utf8(text: str) -> bool:
    """Whether UTF-8 can hold a text."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def kind_of(value: Any) -> str:
    """Name the type of a value of JSON."""
    kinds = {str: "a text", list: "a list", dict: "an object", bool: "true or false", type(None): "nothing"}
    return kinds.get(type(value), "a number")


def read_time(value: Any, zone: str = "") -> datetime | None:
    """Read ISO text, datetimes, seconds or milliseconds, in UTC if a zone is known."""
    if value is None or value != value or value == "":
        return None
    try:
        if isinstance(value, str):
            if not _TIME.match(value):
                raise ValueError("a text that is no date and time")
            value = datetime.fromisoformat(_UTC.sub("Z", value.strip()))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            scale = 1000 if abs(value) >= _FIRST_MILLISECONDS else 1
            value = datetime(1970, 1, 1) + timedelta(seconds=math.floor(value / scale))
        if isinstance(value, datetime):
            moment = value.replace(tzinfo=_zone(zone)) if value.tzinfo is None and zone else value
            return (moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None, microsecond=0)
    except (OverflowError, KeyError, OSError) as error:
        raise ValueError("a time outside of the years 1 to 9999, or of an unknown zone") from error
    raise ValueError("no time")


@lru_cache(maxsize=64)
def _zone(text: str) -> tzinfo:
    """Read an offset such as ``+0200`` or ``UTC-5``, whole hours, or a name such as ``Europe/Berlin``."""
    match = _OFFSET.fullmatch(text.strip())
    if match:
        sign = -1 if match[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(match[2] or 0), minutes=int(match[3] or 0)))
    return ZoneInfo(text.strip())


def digest(parts: Iterable[str]) -> int:
    """Give 60 bits for some texts: 32 bytes in CPython; two of 4 million collide once in 100,000 tables."""
    hashed = blake2b(digest_size=8)
    for part in parts:
        content = part.encode("utf-8", "surrogatepass")
        hashed.update(len(content).to_bytes(8, "big") + content)
    return int.from_bytes(hashed.digest(), "big") >> 4


def write_rejected(rejected: Iterable[RejectedRow], path: str | Path) -> Path:
    """Write rejected rows as JSON lines, as they come; one at a time is in memory."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as lines:
        for row in rejected:
            lines.write(json.dumps(asdict(row)) + "\n")
    return path
