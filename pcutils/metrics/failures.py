"""How programs of a trace fail, and how long until one runs again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import groupby, pairwise
from typing import NamedTuple

from pcutils.metrics.registry import States, measure

#: The outcome of a state that runs. All others are kinds of errors and limits.
SUCCESS = "success"


class ErrorEpisode(NamedTuple):
    """A stretch of failing states, from the first that fails to the next that runs.

    `start` is the position of the first failing state, `attempts` the number of states after it up to the
    one that runs; where none does (`recovered` is False), all that follow, and the number is censored.
    `kinds` are the outcomes of the failing states.
    """

    start: int
    attempts: int
    recovered: bool
    kinds: tuple[str, ...]


def state_outcome(status: str, error_kind: str | None) -> str:
    """Give the outcome of a state: the kind of its error ("other" if unknown), else its status."""
    return (error_kind or "other") if status == "error" else status


def error_episodes(outcomes: Sequence[str]) -> list[ErrorEpisode]:
    """Find the stretches of failing states in a trace, in order.

    >>> for episode in error_episodes(["success", "name", "type", "success", "compile"]):
    ...     print(episode.start, episode.attempts, episode.recovered, episode.kinds)
    1 2 True ('name', 'type')
    4 0 False ('compile',)
    """
    episodes, start = [], 0
    for fails, stretch in groupby(outcomes, key=lambda outcome: outcome != SUCCESS):
        kinds = tuple(stretch)
        if fails:
            recovered = start + len(kinds) < len(outcomes)
            episodes.append(ErrorEpisode(start, len(kinds) - (not recovered), recovered, kinds))
        start += len(kinds)
    return episodes


_outcome_measure = partial(measure, compared=True, needs_outcomes=True)


@_outcome_measure("final program runs", unit="yes or no", kind="final", level="program")
def final_runs(states: States) -> bool:
    """Whether the last state runs."""
    return states.outcomes[-1] == SUCCESS


@_outcome_measure("failing attempts", unit="share", kind="process", level="trace")
def failing_share(states: States) -> float:
    """Share of states that do not run."""
    return sum(outcome != SUCCESS for outcome in states.outcomes) / len(states.outcomes)


@_outcome_measure("recovery at the next attempt", unit="share", kind="process", level="trace")
def recovery_share(states: States) -> float:
    """Share of failing states whose next state runs; NaN where no failing state has a next one.

    The discrete hazard of recovery; its inverse is the mean number of attempts until recovery if every
    attempt has the same chance.
    """
    after_errors = [after == SUCCESS for before, after in pairwise(states.outcomes) if before != SUCCESS]
    return sum(after_errors) / len(after_errors) if after_errors else math.nan
