"""One row of the shape username, title, programs, timestamps: a trace, or the reason why not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pcutils.sources.encoded import Encoding, decoded
from pcutils.sources.quarantine import Quarantined
from pcutils.sources.rows import row_problems
from pcutils.trace import Trace

FIELDS = ("username", "title", "programs", "timestamps")
_EPOCH = datetime(1970, 1, 1)
_FIRST_MILLISECONDS = 10**11
"""A number from here on counts milliseconds: in seconds, it would lie after the year 5000."""


def read_record(record: Any, *, file: str, number: int, encoding: Encoding = "auto") -> Trace | Quarantined:
    """Turn a row into a trace, or say why not.

    Parameters
    ----------
    record : object
        Should be a mapping with :data:`FIELDS`; more fields do no harm.
    file : str
        Where it comes from.
    number : int
        Its place there, from 0.
    encoding : {"auto", "encoded", "decoded"}
        Whether the programs are in the server's log encoding; "auto" looks at each row, see
        :func:`pcutils.sources.encoded.is_encoded`.

    Returns
    -------
    Trace or Quarantined
        A state that is null becomes a blank program, as in the paper's release; a row of blank states only is
        no trace. Times may be ISO text, dates or seconds or milliseconds since 1970; they become UTC and
        whole seconds. Null is an unknown time.
    """

    def aside(field: str, found: str, expected: str) -> Quarantined:
        return Quarantined("hub", file, number, field, found, expected)

    if not isinstance(record, Mapping):
        return aside("row", f"a {type(record).__name__}", "a row with " + ", ".join(FIELDS))
    for field in FIELDS:
        if field not in record:
            return aside(field, "no such field", "one of " + ", ".join(FIELDS))
    programs, timestamps = record["programs"], record["timestamps"]
    if isinstance(programs, list):
        programs = ["" if program is None else program for program in programs]
    if isinstance(timestamps, list):
        try:
            timestamps = [read_time(value) for value in timestamps]
        except ValueError:
            expected = "ISO text, a date, seconds since 1970 or null, in the years 1 to 9999"
            return aside("timestamps", "a value that is no time", expected)
    row = {"username": record["username"], "title": record["title"], "source": "hub", "is_complete": True}
    for problem in row_problems(row | {"programs": programs, "timestamps": timestamps}):
        return aside(*problem)
    try:
        programs = decoded(programs, encoding)
    except UnicodeDecodeError:
        return aside(
            "programs", "percent escapes that are no UTF-8", "a program in the server's log encoding"
        )
    if not any(program.strip() for program in programs):
        return aside("programs", "blank states only", "at least one state that is not blank")
    return Trace.from_states(programs, timestamps, title=row["title"], username=row["username"])


def read_time(value: Any) -> datetime | None:
    """Read a time in one of the ways in which tables write it.

    Parameters
    ----------
    value : object
        ISO text, a date, seconds or milliseconds since 1970, or null.

    Returns
    -------
    datetime.datetime or None
        In UTC, without a zone, in whole seconds; None for null.

    Raises
    ------
    ValueError
        If it is no time, or one before the year 1 or after 9999.

    Examples
    --------
    >>> read_time("2022-02-04T07:25:26.5+01:00")
    datetime.datetime(2022, 2, 4, 6, 25, 26)
    """
    if value is None:
        return None
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            scale = 1000 if abs(value) >= _FIRST_MILLISECONDS else 1
            value = _EPOCH + timedelta(seconds=math.floor(value / scale))
        if isinstance(value, datetime):
            moment = value.astimezone(UTC) if value.tzinfo is not None else value
            return moment.replace(tzinfo=None, microsecond=0)
    except OverflowError as error:
        raise ValueError("a time outside of the years 1 to 9999") from error
    raise ValueError("no time")
