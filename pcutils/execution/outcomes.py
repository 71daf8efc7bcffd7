"""How programs end when they are run, and where an error is: what students see before they go on."""

from __future__ import annotations

import atexit
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

from pcutils.execution.executor import Executor
from pcutils.execution.result import program_hash

_NAMES = (
    re.compile(r"ReferenceError: (\S+) is not defined"),
    re.compile(r"TypeError: (\S+) is not a (?:function|constructor)"),
    re.compile(r"TypeError: Cannot \w+ properties of \w+ \(\w+ '([^']+)'\)"),
    re.compile(r"ReferenceError: Cannot access '([^']+)' before initialization"),
)


def named_in(message: str | None) -> str | None:
    """Read the name that an error message is about."""
    matches = (pattern.match(message or "") for pattern in _NAMES)
    return next((match[1] for match in matches if match), None)


class ErrorPlace(NamedTuple):
    """Where in a program an error is."""

    line: int
    start: int
    end: int


def error_place(program: str, message: str | None, line: int | None, column: int | None) -> ErrorPlace | None:
    """Find the place that an error points at."""
    lines = program.split("\n")
    if line is not None and column is not None:
        place = min(line, len(lines)) - 1
        units = lines[place].encode("utf-16-le", "surrogatepass")
        before = units[: 2 * (column - 1)] if line <= len(lines) else units
        start = len(before.decode("utf-16-le", "surrogatepass"))
        return ErrorPlace(place, start, start + 1)
    if (name := named_in(message)) is not None:
        for place, text in enumerate(lines):
            if found := _mention(text, name):
                return ErrorPlace(place, *found.span())
    return None


def _mention(line: str, name: str) -> re.Match[str] | None:
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", line)


_REMEMBERED = 200_000


class Outcome(NamedTuple):
    """What a student sees of a run."""

    runs: bool
    error: ErrorPlace | None = None


class Outcomes:
    r"""Outcomes of programs, each run once.

    Parameters
    ----------
    run : callable, optional
        Takes distinct programs and says of each how it ended. By default they are run with the usual limits,
        by processes that are started when the first program comes and shared by all models.
    conditions : str
        Names all that outcomes depend on besides the program, so that a training with
        other outcomes is another training.

    Examples
    --------
    >>> outcomes = Outcomes()
    >>> outcomes("fd 100").runs, outcomes("fd 100\nfdd 100")
    (True, Outcome(runs=False, error=ErrorPlace(line=1, start=0, end=3)))
    """

    def __init__(
        self, run: Callable[[list[str]], Iterable[Any]] | None = None, conditions: str = "the usual"
    ) -> None:
        self._run, self.conditions = run or _run, conditions
        self._known: dict[str, Outcome] = {}

    def learn(self, programs: Iterable[str]) -> None:
        """Run programs side by side, so that each is known when it is asked for."""
        texts = {program_hash(program): program for program in programs}
        if len(self._known) + len(texts) > _REMEMBERED:
            self._known.clear()
        unknown = {name: text for name, text in texts.items() if name not in self._known}
        if unknown:
            for (name, text), ended in zip(unknown.items(), self._run([*unknown.values()]), strict=True):
                place = error_place(text, ended.message, ended.line, ended.column)
                self._known[name] = Outcome(ended.status == "success", place)

    def __call__(self, program: str) -> Outcome:
        """Say how a program ends."""
        self.learn([program])
        return self._known[program_hash(program)]


@cache
def _executor() -> Executor:
    executor = Executor()
    atexit.register(executor.close)
    return executor


def _run(programs: list[str]) -> Iterable[Any]:
    return _executor().run(programs)
