"""The trace of a student's program, and the text form that the paper's models read and write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from pcutils.errors import TraceError

TITLE_END = "<start>"
TITLE_PADDING = "<mask>"
TRACE_END = "<|endoftext|>"
UNKNOWN_DATE = "unknown"

_HEADER_START = re.compile(r"CODE (\d+)")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
_HEADER_END = "):\n"
_MOST_DIGITS = 18  # a number still fits a column of 64-bit integers


@dataclass(frozen=True, slots=True)
class Trace:
    """What one student ran on the way to one program.

    Parameters
    ----------
    programs : tuple of str
        The states, oldest first, as clean text. Empty where a sampled text holds no whole state.
    timestamps : tuple of datetime.datetime or None, same length
        When each state ran, without a time zone, in whole seconds; None where unknown.
    numbers : tuple of int, same length
        The number each state's header carries; 1, 2, 3, ... unless a model wrote something else.
    is_complete : bool
        Whether the end of the trace was reached. False for a record that was cut.
    fragment : str, optional
        What follows the last state without being one: a state cut off before its end, a header that is not
        one, or a blank last state, as raw text from its header on.
    title : str, optional
        The assignment.
    username : str, optional
        Pseudonym of the student; the text form has none, so it takes no part in comparisons.
    unseparated : tuple of int
        Positions of the states whose text runs into the next header without a newline (sampled text only).
    unread_dates : tuple of (int, str)
        Position and text of every date in a header that is no date (sampled text only).

    Raises
    ------
    pcutils.errors.TraceError
        If the fields do not fit together.
    """

    programs: tuple[str, ...]
    timestamps: tuple[datetime | None, ...]
    numbers: tuple[int, ...]
    is_complete: bool = True
    fragment: str | None = None
    title: str | None = None
    username: str | None = field(default=None, compare=False)
    unseparated: tuple[int, ...] = ()
    unread_dates: tuple[tuple[int, str], ...] = ()

    def __post_init__(self) -> None:
        for name in ("programs", "timestamps", "numbers", "unseparated", "unread_dates"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        states = len(self.programs)
        for name in ("timestamps", "numbers"):
            if len(getattr(self, name)) != states:
                raise TraceError(
                    f"{len(getattr(self, name))} {name}", f"one for each of the {states} states", field=name
                )
        for position, program in enumerate(self.programs):
            if not isinstance(program, str):
                raise TraceError(type(program).__name__, "a string", row=position, field="programs")
        for position, moment in enumerate(self.timestamps):
            if moment is not None and (moment.tzinfo is not None or moment.microsecond):
                raise TraceError(
                    str(moment), "whole seconds without a time zone", row=position, field="timestamps"
                )
        for position, number in enumerate(self.numbers):
            if number < 0:
                raise TraceError(str(number), "a number from 0 on", row=position, field="numbers")

    @classmethod
    def from_states(
        cls,
        programs: Sequence[str],
        timestamps: Iterable[datetime | None] | None = None,
        *,
        title: str | None = None,
        username: str | None = None,
        is_complete: bool = True,
    ) -> Trace:
        """Build a trace, numbered from 1, from states that are already split, such as a row of a table.

        Times that are not given, None or a pandas ``NaT`` are unknown.

        Examples
        --------
        >>> Trace.from_states(["fd 50", "fd 100"], title="line").numbers
        (1, 2)
        """
        moments = [None] * len(programs) if timestamps is None else list(timestamps)
        return cls(
            programs=tuple(programs),
            timestamps=tuple(None if moment is None or moment != moment else moment for moment in moments),
            numbers=tuple(range(1, len(programs) + 1)),
            is_complete=is_complete,
            title=title,
            username=username,
        )


class _Block(NamedTuple):
    """A stretch of raw text from one header to the next; `date` is None where the header is not one."""

    start: int
    number: str
    date: str | None
    program: str


def parse_trace(raw_text: str, *, username: str | None = None, title: str | None = None) -> Trace:
    r"""Read the text form of a trace as the paper's release reads it.

    Parameters
    ----------
    raw_text : str
        Title padded with ``<mask>``, ``<start>``, then per state ``CODE k (YYYY-MM-DD HH:MM:SS):``, a
        newline, the program and a newline; ``<|endoftext|>`` right after the last program. The title may be
        missing. Text before the first header and after the end marker is no part of the trace.
    username : str, optional
        The student, which the text does not say.
    title : str, optional
        The assignment; taken from the text where absent.

    Returns
    -------
    Trace
        Without programs where the text holds no whole state. A last state without end marker is cut off, so
        it is the trace's `fragment`, and so is a blank last state.

    Raises
    ------
    pcutils.errors.TraceError
        Where the release stops: more than one header that is not one, one in the middle, a number with
        leading zeros or other than ASCII digits, or nothing but blank states at the end.

    Notes
    -----
    Every ``CODE`` followed by a number counts as a header, even inside a word of a program, as in the
    release.

    Examples
    --------
    >>> trace = parse_trace("line<mask><start>CODE 1 (2020-01-01 09:30:00):\nfd 50<|endoftext|>")
    >>> trace.title, trace.programs, trace.is_complete
    ('line', ('fd 50',), True)
    """
    blocks = _split_blocks(raw_text)
    first, last = _range_of_states(blocks)
    states, dropped = blocks[first:last], blocks[last:]
    end = raw_text.find(TRACE_END, blocks[-1].start) if blocks else -1
    programs, unseparated = _without_format_newlines(states, last_is_exact=end >= 0 and not dropped)
    numbers = tuple(int(block.number) for block in states)
    dates = [block.date or "" for block in states]
    timestamps = tuple(_read_date(date) for date in dates)
    fragment = raw_text[dropped[0].start : end if end >= 0 else None] if dropped else None
    if end < 0 and numbers and fragment == _bare_header(numbers):
        fragment = None
    return Trace(
        programs=programs,
        timestamps=timestamps,
        numbers=numbers,
        is_complete=end >= 0,
        fragment=fragment,
        title=_read_title(raw_text, blocks) if title is None else title,
        username=username,
        unseparated=unseparated,
        unread_dates=tuple(
            (position, date)
            for position, date in enumerate(dates)
            if timestamps[position] is None and date != UNKNOWN_DATE
        ),
    )


def format_trace(trace: Trace, *, title_padding: int = 0) -> str:
    r"""Write a trace in the text form that the paper's models read.

    Parameters
    ----------
    trace : Trace
        What to write. Where `is_complete` is false and there is no `fragment`, the text breaks off after the
        word and number of the next header, since a last state without end marker would not count as a state.
    title_padding : int
        How many ``<mask>`` follow the title. The release fills the title up to 50 tokens, which depends on
        the tokenizer.

    Returns
    -------
    str
        Text such that ``parse_trace(format_trace(trace)) == trace``.

    Raises
    ------
    pcutils.errors.TraceError
        Where the text form cannot carry this trace; the message says why.

    Examples
    --------
    >>> format_trace(Trace.from_states(["fd 50"], [datetime(2020, 1, 1, 9, 30)], title="line"))
    'line<start>CODE 1 (2020-01-01 09:30:00):\nfd 50<|endoftext|>'
    """
    text = _write(trace, title_padding)
    try:
        read_back = parse_trace(text)
    except TraceError as error:
        raise TraceError(_obstacle(trace, None), "a trace that the text form can carry") from error
    if read_back != trace:
        raise TraceError(_obstacle(trace, read_back), "a trace that the text form can carry")
    return text


def _split_blocks(text: str) -> list[_Block]:
    headers = list(_HEADER_START.finditer(text))
    ends = [*(header.start() for header in headers), len(text)][1:]
    blocks = []
    for header, end in zip(headers, ends, strict=True):
        date, program = None, ""
        start = header.end() + 2
        date_end = text.find(_HEADER_END, start, end) if text.startswith(" (", header.end()) else -1
        program_start = date_end + len(_HEADER_END)
        program_end = end
        if date_end >= 0 and header is headers[-1]:
            program_end = text.find(TRACE_END, program_start)
        if date_end >= 0 and program_end >= 0:
            date, program = text[start:date_end], text[program_start:program_end]
        blocks.append(_Block(header.start(), header[1], date, program))
    return blocks


def _range_of_states(blocks: list[_Block]) -> tuple[int, int]:
    """First and one-past-last position of the blocks that are states."""
    kept = [position for position, block in enumerate(blocks) if block.date is not None]
    unread = [str(block.start) for block in blocks if block.date is None]
    if len(unread) > 1:
        raise TraceError(
            f"{len(unread)} headers without date or end, at characters {', '.join(unread[:5])}",
            "at most one, where the text was cut",
            hint="CODE and a number inside a program look like a header.",
        )
    if kept and not blocks[kept[-1]].program.strip():
        kept.pop()
        if not kept or not blocks[kept[-1]].program.strip():
            raise TraceError(
                "a trace that ends in blank states only", "a last or second last state with text"
            )
    if not kept:
        return len(blocks) - len(unread), len(blocks) - len(unread)
    if kept[-1] - kept[0] >= len(kept):
        raise TraceError(
            f"a header without date, at character {unread[0]}",
            "none between two states",
            hint="CODE and a number inside a program look like a header.",
        )
    for position in kept:
        digits = blocks[position].number
        if not digits.isascii() or digits != (digits.lstrip("0") or "0") or len(digits) > _MOST_DIGITS:
            raise TraceError(
                f"the number {digits[:40]!r}",
                "ASCII digits without leading zero",
                row=position,
                field="numbers",
            )
    return kept[0], kept[-1] + 1


def _without_format_newlines(
    states: list[_Block], *, last_is_exact: bool
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    programs, unseparated = [], []
    for position, block in enumerate(states):
        if last_is_exact and position == len(states) - 1:
            programs.append(block.program)
        elif block.program.endswith("\n"):
            programs.append(block.program[:-1])
        else:
            programs.append(block.program)
            unseparated.append(position)
    return tuple(programs), tuple(unseparated)


def _read_date(text: str) -> datetime | None:
    usual = _DATE.fullmatch(text)
    try:
        if usual:
            return datetime(*map(int, usual.groups()))  # type: ignore[arg-type]
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None


def _read_title(text: str, blocks: list[_Block]) -> str | None:
    readable = [block.start for block in blocks if block.date is not None]
    first_header = (readable or [block.start for block in blocks[-1:]] or [len(text)])[0]
    end = text.find(TITLE_END, 0, first_header)
    if end < 0:
        return None
    title = text[:end]
    while title.endswith(TITLE_PADDING):
        title = title.removesuffix(TITLE_PADDING)
    return title


def _bare_header(numbers: tuple[int, ...]) -> str:
    return f"CODE {numbers[-1] + 1}"


def _write(trace: Trace, title_padding: int) -> str:
    unread = dict(trace.unread_dates)
    parts = [] if trace.title is None else [trace.title, TITLE_PADDING * title_padding, TITLE_END]
    fragment = trace.fragment
    if fragment is None and not trace.is_complete and trace.programs:
        fragment = _bare_header(trace.numbers)
    last = len(trace.programs) - 1
    for position, program in enumerate(trace.programs):
        moment = trace.timestamps[position]
        date = unread.get(position, UNKNOWN_DATE) if moment is None else moment.isoformat(" ")
        parts += ["CODE ", str(trace.numbers[position]), " (", date, _HEADER_END, program]
        if position not in trace.unseparated and (position < last or fragment is not None):
            parts.append("\n")
    parts.append(fragment or "")
    parts.append(TRACE_END if trace.is_complete else "")
    return "".join(parts)


def _obstacle(trace: Trace, read_back: Trace | None) -> str:
    """Say why the text form cannot carry a trace, the most telling reason first."""
    for position, program in enumerate(trace.programs):
        if _HEADER_START.search(program):
            return f"CODE and a number in state {position + 1}, which read like the header of a state"
    if trace.programs and not trace.programs[-1].strip():
        return "a blank last state, which the text form drops"
    if trace.programs and trace.fragment is None and TRACE_END in trace.programs[-1]:
        return f"{TRACE_END} in the last state, which ends the text there"
    if trace.title is not None and (TITLE_END in trace.title or trace.title.endswith(TITLE_PADDING)):
        return f"a title that holds {TITLE_END} or ends in {TITLE_PADDING}"
    if not trace.programs and trace.is_complete:
        return "a complete trace without a state"
    if read_back is None:
        return "a trace whose text cannot be read"
    differing = [name for name in Trace.__slots__ if getattr(trace, name) != getattr(read_back, name)]
    return f"a trace whose text reads back with other {', '.join(n for n in differing if n != 'username')}"
