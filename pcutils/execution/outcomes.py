"""How programs end when they are run: what students see before they go on."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple, Protocol

from pcutils.execution.executor import Executor
from pcutils.execution.messages import ErrorPlace, error_place
from pcutils.execution.result import program_hash

_REMEMBERED = 200_000


class Ended(Protocol):
    """What is asked about a program; :class:`pcutils.execution.Result` has it."""

    @property
    def status(self) -> str:
        """How it ended."""

    @property
    def message(self) -> str | None:
        """The error."""

    @property
    def line(self) -> int | None:
        """Where the compiler stopped, from 1."""

    @property
    def column(self) -> int | None:
        """The same, in its line."""


class Outcome(NamedTuple):
    """What a student sees of a run.

    Parameters
    ----------
    runs : bool
        Whether the program runs without an error.
    error : ErrorPlace or None
        What the error points at; None where there is none, or it points at nothing.
    """

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
        Names all that outcomes depend on besides the program, so that a training that was told others is not
        taken for the same.

    Examples
    --------
    >>> outcomes = Outcomes()
    >>> outcomes("fd 100").runs, outcomes("fd 100\nfdd 100")
    (True, Outcome(runs=False, error=ErrorPlace(line=1, start=0, end=3)))
    """

    def __init__(
        self, run: Callable[[list[str]], Iterable[Ended]] | None = None, conditions: str = "the usual"
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


def _run(programs: list[str]) -> Iterable[Ended]:
    return _executor().run(programs)
