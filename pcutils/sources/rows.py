"""The one validator of a row of the table of traces, whatever its source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from pcutils.sources.table import TRACE_SCHEMA

SAMPLED_SOURCES = {"rollouts"}
"""Sources whose times were made up by a model, so that they may run backwards."""

LONGEST_PROGRAM, MOST_STATES = 10_000_000, 100_000
"""What is longer is no program, and what has more states no trace, but a broken file."""

_NO_UTF8 = "half a character (a lone surrogate) or a byte that is no UTF-8"


def row_problems(
    record: Mapping[str, Any], fields: Iterable[str] = tuple(TRACE_SCHEMA.names)
) -> Iterator[tuple[str, str, str]]:
    """Find what is wrong in one row of the table.

    Parameters
    ----------
    record : mapping
        One value a column; times as :class:`datetime.datetime` or as ISO text.
    fields : iterable of str
        The columns to look at.

    Yields
    ------
    tuple of str
        Field, what was found, what was expected.
    """
    fields = list(fields)
    for field in ("username", "title", "source"):
        if field in fields:
            yield from _text_problems(field, record.get(field))
    if "is_complete" in fields and not isinstance(record.get("is_complete"), bool):
        yield "is_complete", _kind(record.get("is_complete")), "true or false"
    programs, timestamps = record.get("programs"), record.get("timestamps")
    if "programs" in fields:
        yield from _program_problems(programs)
    if "timestamps" in fields:
        states = len(programs) if isinstance(programs, list) else None
        in_order = record.get("source") not in SAMPLED_SOURCES
        yield from _time_problems(timestamps, states=states, in_order=in_order)


def _text_problems(field: str, value: Any) -> Iterator[tuple[str, str, str]]:
    if not isinstance(value, str):
        yield field, _kind(value), "a text"
    elif not value:
        yield field, "an empty text", "a text"
    elif not _is_utf8(value):
        yield field, _NO_UTF8, "text that UTF-8 can hold"


def _program_problems(programs: Any) -> Iterator[tuple[str, str, str]]:
    if not isinstance(programs, list):
        yield "programs", _kind(programs), "a list of texts"
        return
    if not 1 <= len(programs) <= MOST_STATES:
        found = f"{len(programs):,} states" if programs else "an empty list"
        yield "programs", found, f"at least one state and at most {MOST_STATES:,}"
    for number, program in enumerate(programs):
        if not isinstance(program, str):
            yield "programs", f"{_kind(program)} as state {number}", "a text"
        elif not _is_utf8(program):
            yield "programs", f"{_NO_UTF8} in state {number}", "text that UTF-8 can hold"
        elif len(program) > LONGEST_PROGRAM:
            found = f"{len(program):,} characters in state {number}"
            yield "programs", found, f"at most {LONGEST_PROGRAM:,}"


def _time_problems(timestamps: Any, *, states: int | None, in_order: bool) -> Iterator[tuple[str, str, str]]:
    if not isinstance(timestamps, list):
        yield "timestamps", _kind(timestamps), "a list of times"
        return
    if states is not None and len(timestamps) != states:
        yield "timestamps", f"{len(timestamps)} times", f"{states}, one a state"
    times = []
    for number, value in enumerate(timestamps):
        time = _as_time(value)
        if value is not None and time is None:
            found = f"{_kind(value)} that is no time, for state {number}"
            yield "timestamps", found, "an ISO date and time, or null"
        elif time is not None and time.microsecond:
            yield "timestamps", f"a part of a second, for state {number}", "whole seconds"
        times.append(time)
    known = [(number, time) for number, time in enumerate(times) if time is not None]
    if in_order:
        for (_, earlier), (number, later) in pairwise(known):
            if later < earlier:
                yield "timestamps", f"state {number} before the one it follows", "times in order"


def _as_time(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).replace(tzinfo=None)
        except ValueError:
            return None
    return None


def _is_utf8(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    kinds = {str: "a text", list: "a list", dict: "an object", bool: "true or false"}
    return kinds.get(type(value), "a number")
