"""How programs of a trace fail, how long until one runs again, and what is edited after an error."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

from pcutils.execution.messages import mentions, named_in

#: The outcome of a state that runs. All others are kinds of errors (``compile``, ``name``, ``type``,
#: ``argument``, ``other``) and the limits (``timeout``, ``limit``).
SUCCESS = "success"
#: What an edit after an error can be, in the order in which they are asked.
RESPONSES = ("unchanged", "undone", "named", "recent", "elsewhere", "adds")


class ErrorEpisode(NamedTuple):
    """A run of failing states, from the first that fails to the next that runs.

    Parameters
    ----------
    start : int
        Place of the first failing state, from 0.
    attempts : int
        States after the first failing one, up to and with the one that runs; where none does, all states
        that follow it.
    recovered : bool
        Whether a state runs again. Where not, the number of attempts is *censored*: it would have taken more.
    kinds : tuple of str
        Outcomes of its failing states, in order.
    """

    start: int
    attempts: int
    recovered: bool
    kinds: tuple[str, ...]


def state_outcome(status: str, error_kind: str | None) -> str:
    """Say in one word what a state did.

    Parameters
    ----------
    status : {"success", "error", "timeout", "limit"}
        Verdict of :mod:`pcutils.execution`.
    error_kind : str or None
        Kind of the error where the status is "error".

    Returns
    -------
    str
        The kind of the error ("other" where it is unknown), or the status where there is none.

    Examples
    --------
    >>> state_outcome("error", "name"), state_outcome("timeout", None)
    ('name', 'timeout')
    """
    return (error_kind or "other") if status == "error" else status


def failing_share(outcomes: Sequence[str]) -> float:
    """Share of states that do not run.

    Parameters
    ----------
    outcomes : sequence of str
        One a state, oldest first; at least one.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> failing_share(["success", "name", "name", "success"])
    0.5
    """
    return sum(outcome != SUCCESS for outcome in outcomes) / len(outcomes)


def recovery_share(outcomes: Sequence[str]) -> float:
    """Share of failing states whose next state runs.

    Parameters
    ----------
    outcomes : sequence of str
        One a state, oldest first.

    Returns
    -------
    float
        From 0 to 1; NaN where no failing state has a next one. A last state that fails has no next one, so a
        student who gave up is not counted as one who took long.

    Notes
    -----
    The discrete hazard of recovery. One over it is the mean number of attempts until recovery, if every
    attempt has the same chance.

    Examples
    --------
    >>> recovery_share(["name", "name", "success", "type"])
    0.5
    """
    after_errors = [after == SUCCESS for before, after in pairwise(outcomes) if before != SUCCESS]
    return sum(after_errors) / len(after_errors) if after_errors else float("nan")


def error_episodes(outcomes: Sequence[str]) -> list[ErrorEpisode]:
    """Find the stretches of failing states in a trace.

    Parameters
    ----------
    outcomes : sequence of str
        One a state, oldest first.

    Returns
    -------
    list of ErrorEpisode
        In order; empty where every state runs.

    Examples
    --------
    >>> for episode in error_episodes(["success", "name", "type", "success", "compile"]):
    ...     print(episode.start, episode.attempts, episode.recovered, episode.kinds)
    1 2 True ('name', 'type')
    4 0 False ('compile',)
    """
    episodes = []
    start = None
    for place, outcome in enumerate([*outcomes, None]):
        if start is None and outcome not in (SUCCESS, None):
            start = place
        elif start is not None and outcome in (SUCCESS, None):
            recovered = outcome == SUCCESS
            kinds = tuple(outcomes[start:place])
            episodes.append(ErrorEpisode(start, place - start - (not recovered), recovered, kinds))
            start = None
    return episodes


def response_to_error(before: str, failing: str, after: str, message: str | None) -> str:
    r"""Say which part of a failing program the next edit changes.

    Parameters
    ----------
    before : str
        The state before the failing one; an empty text where there is none.
    failing : str
        The state that fails.
    after : str
        The next state.
    message : str or None
        The error message of the failing state.

    Returns
    -------
    str
        The first of `RESPONSES` that holds. "unchanged": the same program again. "undone": back to the state
        before. "named": a line with the name in the message went or changed. "recent": a line that the last
        edit brought did. "elsewhere": only other lines did. "adds": no line went or changed, some came.

    Notes
    -----
    Blank lines and white space at the end of lines do not count. Lines that stay are a longest common
    subsequence, as in `pcutils.metrics.line_changes`.

    Examples
    --------
    >>> response_to_error("fd 9", "fd 9\nfdd 9", "fd 9\nfd 9", "ReferenceError: fdd is not defined")
    'named'
    """
    old, broken, new = (_lines(text) for text in (before, failing, after))
    if broken == new:
        return "unchanged"
    if old == new:
        return "undone"
    gone = _not_shared(broken, new)
    if not gone:
        return "adds"
    name = named_in(message)
    if name and any(mentions(broken[place], name) for place in gone):
        return "named"
    return "recent" if gone & _not_shared(broken, old) else "elsewhere"


def _lines(program: str) -> list[str]:
    return [line.rstrip() for line in program.splitlines() if line.strip()]


def _not_shared(lines: Sequence[str], others: Sequence[str]) -> set[int]:
    """Places of the lines that the others do not have in the same order."""
    places: set[int] = set()
    for step in LCSseq.opcodes(lines, others):
        if step.tag != "equal":
            places.update(range(step.src_start, step.src_end))
    return places
