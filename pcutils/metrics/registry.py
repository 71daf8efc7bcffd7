"""The registry of measures: what each one is called, what it is about, and how it is computed.

A new measure is one function with a decorator, in any module of this package::

    @measure("blank lines at the end", unit="lines", kind="style", level="program")
    def blank_lines_last(states):
        return sum(not line.strip() for line in states.last.splitlines())

From then on `measure_trace` computes it, and tables, correlations, probes and plots find it in `MEASURES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pcutils.errors import DataError, TraceError
from pcutils.metrics.edits import edit_distance, edit_kinds, levenshtein, line_changes
from pcutils.trace import Trace

if TYPE_CHECKING:
    from pandas import DataFrame

Kind = Literal["final", "process", "time", "style"]
Level = Literal["trace", "program"]
Number = int | float
Function = Callable[["States"], Number]


@dataclass(frozen=True)
class Measure:
    """A measure of a trace."""

    name: str  # its one name: column of tables and key of results
    label: str  # in words, for axes
    unit: str  # such as "seconds", "characters", "share"
    #: "final": what the final program contains or does. "process": attempts and edits. "time": seconds,
    #: compared on a logarithmic scale. "style": comments and functions.
    kind: Kind
    #: "program" where it is read from the final program alone; no value for a trace cut before its end.
    level: Level
    function: Function
    corrects: str | None = None  # the paper's measure that it corrects
    compared: bool = False  # whether chapters compare it between students and models
    is_paper: bool = False  # whether it is one of the 44 of the paper's release
    needs_outcomes: bool = False


#: All measures by name, in the order of the columns of a run's table.
MEASURES: dict[str, Measure] = {}


def measure(
    label: str, *, unit: str, kind: Kind, level: Level, name: str | None = None, **options: Any
) -> Callable[[Function], Function]:
    """Register the decorated function, which takes `States`, as a measure.

    Parameters
    ----------
    label, unit, kind, level : str
        As in `Measure`.
    name : str, optional
        The function's name if not given.
    **options
        The other fields of `Measure`: corrects, compared, is_paper, needs_outcomes.

    Returns
    -------
    callable
        A decorator that leaves the function as it is. It raises a DataError for a name that another module
        has taken; a notebook cell may run again.
    """

    def register(function: Function) -> Function:
        own = name or str(getattr(function, "__name__", ""))
        if own in MEASURES and _module(MEASURES[own].function) != _module(function):
            raise DataError("a measure of this name", "a new name", field=own)
        MEASURES[own] = Measure(own, label, unit, kind, level, function, **options)
        return function

    return register


def _module(function: Function) -> str | None:
    return getattr(getattr(function, "func", function), "__module__", None)  # of a partial: its function


class States:
    """The states of a trace and their outcomes, with what several measures share computed once."""

    def __init__(self, trace: Trace, outcomes: Sequence[str] | None = None) -> None:
        if not trace.programs:
            raise TraceError("a trace without states", "at least one", field="programs")
        if outcomes is not None and len(outcomes) != len(trace.programs):
            raise TraceError(f"{len(outcomes)} outcomes", f"{len(trace.programs)}", field="outcomes")
        self.trace, self.programs, self.timestamps = trace, trace.programs, trace.timestamps
        self.outcomes: Sequence[str] = outcomes or ()
        self.last = trace.programs[-1]

    @cached_property
    def release(self) -> tuple[str, ...]:
        """The programs as the paper's release sees them; see `release_programs`."""
        return release_programs(self.trace)

    @cached_property
    def release_to_last(self) -> list[int]:
        """The paper's edit distance of each state but the last to the last one."""
        return [edit_distance(program, self.release[-1]) for program in self.release[:-1]]

    @cached_property
    def release_steps(self) -> list[int]:
        """The paper's edit distance of each state to the next."""
        return [edit_distance(*pair) for pair in pairwise(self.release[:-1])] + self.release_to_last[-1:]

    @cached_property
    def release_edits(self) -> list[dict[str, int]]:
        """The paper's counts of each step."""
        return [edit_kinds(*pair) for pair in pairwise(self.release)]

    @cached_property
    def release_timestamps(self) -> tuple[datetime | None, ...]:
        """When each state of `release` ran."""
        return self.timestamps[: len(self.release)]

    @cached_property
    def to_last(self) -> list[int]:
        """Levenshtein distance of each state but the last to the last one."""
        return [levenshtein(program, self.last) for program in self.programs[:-1]]

    @cached_property
    def changes(self) -> list[dict[str, int]]:
        """Corrected counts of each step."""
        return [line_changes(*pair) for pair in pairwise(self.programs)]


def release_programs(trace: Trace) -> tuple[str, ...]:
    """Give the programs of a trace as the paper's release sees them once it has parsed the text form.

    Every program but the last of a complete trace ends in the newline before the next header, and one blank
    last state is taken away. Raises a TraceError if no state with text is left at the end.
    """
    followed = trace.fragment is not None or not trace.is_complete
    last = len(trace.programs) - 1
    programs = [
        program if position in trace.unseparated or (position == last and not followed) else program + "\n"
        for position, program in enumerate(trace.programs)
    ]
    if programs and not programs[-1].strip():
        programs.pop()
    if not programs or not programs[-1].strip():
        raise TraceError(
            f"a trace of {len(trace.programs)} states without text in the last one",
            "at least one state with text at the end",
            hint="Leave such traces out before measuring.",
        )
    return tuple(programs)


def measure_trace(trace: Trace, outcomes: Sequence[str] | None = None) -> dict[str, Number]:
    """Compute all registered measures of a trace.

    Parameters
    ----------
    trace : Trace
        With at least one state.
    outcomes : sequence of str, optional
        How each state ended ("success" or a kind of error). If not given,
        measures that need them are left out.

    Returns
    -------
    dict of str to int or float
        By name, in the order of `MEASURES`. NaN where there is nothing to measure: times that depend on an
        unknown timestamp, shares of no steps, and the paper's measures of a trace that its release refuses.

    Raises
    ------
    pcutils.errors.TraceError
        If the trace has no state, or not one outcome per state is given.

    Examples
    --------
    >>> measures = measure_trace(Trace.from_states(["fd 5", "fdd 6"]), ["success", "name"])
    >>> measures["trace_length_all"], measures["failing_share"]
    (2, 0.5)
    """
    states = States(trace, outcomes)
    wanted = (item for item in MEASURES.values() if outcomes is not None or not item.needs_outcomes)
    return {item.name: value_or_nan(item, states) for item in wanted}


def value_or_nan(item: Measure, states: States) -> Number:
    """Compute one measure; NaN where the paper's release refuses the trace."""
    try:
        return item.function(states)
    except TraceError:
        return math.nan


def compared_measures(*, corrected: bool = False) -> tuple[str, ...]:
    """Name the measures that chapters compare: those of the whole trace, then those of the final program.

    With `corrected`, the first corrected measure takes the place of the paper's where there is one.
    """
    compared = sorted(
        (item for item in MEASURES.values() if item.compared), key=lambda item: item.level == "program"
    )
    if not corrected:
        return tuple(item.name for item in compared)
    corrections: dict[str | None, str] = {}
    for item in MEASURES.values():
        corrections.setdefault(item.corrects, item.name)
    return tuple(corrections.get(item.name, item.name) for item in compared)


def measure_values(measures: DataFrame, names: Iterable[str] | None = None) -> DataFrame:
    """Read measures from a run's table, ready to be compared.

    Parameters
    ----------
    measures : pandas.DataFrame
        One row a trace, with a column ``is_complete``.
    names : iterable of str, optional
        Names in `MEASURES`; `compared_measures` if not given.

    Returns
    -------
    pandas.DataFrame
        One column of float a measure, in the order of `measures`. A trace that was cut before its end has no
        value for measures of its final program, because what it ends with is not its final program. Times
        are ``log(1 + seconds)``, so that one student who came back after a holiday does not decide a
        correlation; clocks that run backwards count as no time.

    Raises
    ------
    pcutils.errors.DataError
        Where a measure or a column is missing.
    """
    import pandas as pd

    complete = measures["is_complete"].to_numpy(dtype=bool)
    values = {}
    for name in compared_measures() if names is None else names:
        if name not in MEASURES or name not in measures:
            raise DataError("no such column", "a measure of the run's table", field=name)
        column = pd.to_numeric(measures[name]).to_numpy(dtype=float, na_value=np.nan)
        if MEASURES[name].kind == "time":
            column = np.log1p(np.clip(column, 0, None))
        values[name] = np.where(complete, column, np.nan) if MEASURES[name].level == "program" else column
    return pd.DataFrame(values, index=measures.index)
