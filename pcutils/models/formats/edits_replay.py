"""Carry out edits that somebody wrote, a model perhaps, whatever they are."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from pcutils.errors import TraceError
from pcutils.models.formats.edits_tokens import Operation, gap_seconds
from pcutils.trace import UNKNOWN_DATE, Trace

_HEADER = re.compile(r"CODE \d+ \(([^\n]*)\):")
_DATE = "%Y-%m-%d %H:%M:%S"


class Replay:
    """Build states from edits.

    Parameters
    ----------
    prefix : Trace
        The states that are there already, none equal to the one before.

    Attributes
    ----------
    programs : list of str
        The states, those of the prefix first.
    moments : list of datetime or None
        When each ran.

    Notes
    -----
    Nothing that comes in stops it, but a first state without a date line. Edits that the state before has no
    room for end with it; what stands between the end of a state and the next gap is left out; digits that a
    gap lacks are zeros; a date that no calendar has is unknown.
    """

    def __init__(self, prefix: Trace) -> None:
        self.programs, self.moments = list(prefix.programs), list(prefix.timestamps)
        self._dated = next((moment for moment in reversed(self.moments) if moment is not None), None)
        self._before = self.programs[-1].split("\n") if self.programs else []
        self._under_way: Operation | None = None if self.programs else Operation("dated", 0)
        self._start()

    def _start(self) -> None:
        self._cursor, self._sign = 0, 1
        self._lines: list[str] = []
        self._digits: list[int] = []
        self._header: str | None = None

    def write(self, text: str) -> None:
        """Take whole lines, or a part of one as if it were whole."""
        lines = text.removesuffix("\n").split("\n")
        if self._wants_header():
            self._header = lines.pop(0)
        self._lines += lines

    def apply(self, operation: Operation) -> None:
        """Take one added token."""
        if operation.kind == "run":
            self.finish()
        elif operation.begins_state:
            goes_on = operation.kind == "gap" and self._under_way == Operation("earlier", 0)
            if not goes_on:
                self.finish()
            self._under_way, self._sign = operation, -1 if goes_on else 1
        elif operation.kind == "digit":
            self._digits.append(operation.number)
        else:
            passed = self._before[self._cursor :][: None if operation.kind == "rest" else 1]
            self._cursor += len(passed)
            self._lines += passed if operation.kind != "drop" else []

    def finish(self) -> None:
        """End the state under way, if there is one.

        Raises
        ------
        pcutils.errors.TraceError
            If it is the first and has no date line.
        """
        if self._under_way is not None:
            moment = self._moment(self._under_way)
            self._before = [*self._lines, *self._before[self._cursor :]]
            self.programs.append("\n".join(self._before))
            self.moments.append(moment)
            self._dated = self._dated if moment is None else moment
        self._under_way = None
        self._start()

    def _wants_header(self) -> bool:
        return self._under_way is not None and self._under_way.kind == "dated" and self._header is None

    def _moment(self, begun: Operation) -> datetime | None:
        if begun.kind == "dated":
            return self._read_header()
        if begun.kind != "gap" or self._dated is None:
            return None
        try:
            return self._dated + self._sign * timedelta(seconds=gap_seconds(begun.number, self._digits))
        except OverflowError:
            return None

    def _read_header(self) -> datetime | None:
        found = _HEADER.fullmatch(self._header or "")
        if found is None and not self.programs:
            raise TraceError("no date line before the first program", "CODE, a number and a date")
        if found is None or found[1] == UNKNOWN_DATE:
            return None
        try:
            return datetime.strptime(found[1], _DATE)
        except ValueError:
            return None
