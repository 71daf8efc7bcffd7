"""What a network is told of each place in a trace, worked out from the tokens up to there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pcutils.execution.outcomes import Outcome

SITUATIONS = 5

Hint = tuple[int, int, int, int, int, int]
"""Two tokens that may follow, -1 for none; the situation; what is open and how many lines this state has, see
:mod:`pcutils.models.formats.nesting`; and how the state before ended when it was run, see
:func:`outcome_hint`."""
NO_HINT: Hint = (-1, -1, 0, 0, 0, 0)
HINTS = len(NO_HINT)

OUTCOME_HINTS = 4
UNKNOWN, RAN, FAILED, FAILED_HERE = range(OUTCOME_HINTS)


def outcome_hint(before: Outcome | None, line: int | None) -> int:
    """Say how the state before ended, for one place in the next.

    Parameters
    ----------
    before : Outcome or None
        How it ended; None where there is none, or nobody says.
    line : int or None
        The line of it that the place is about, from 0; None where it is about none.

    Returns
    -------
    int
        UNKNOWN, RAN, FAILED, or FAILED_HERE where the error is in this line.
    """
    if before is None:
        return UNKNOWN
    if before.runs:
        return RAN
    return FAILED_HERE if line is not None and line == before.line else FAILED


class Pointer(ABC):
    """Follow a trace token by token and point into the state before.

    Parameters
    ----------
    outcome_of : callable
        Says how a program ends that is written in so many tokens; None where nobody says.

    Attributes
    ----------
    ran : list of int, or None
        The program that the last token says was run, as tokens; None where it says no such thing.
    outcome : Outcome or None
        How the state before ended.
    """

    def __init__(self, outcome_of: Callable[[list[int]], Outcome | None]) -> None:
        self._outcome_of = outcome_of
        self.ran: list[int] | None = None
        self.outcome: Outcome | None = None

    def push(self, token: int) -> None:
        """Take the next token of the trace."""
        self.ran = None
        self._push(token)

    def hint(self) -> Hint:
        """Give what is known of the place behind the last token; to be asked after each."""
        if self.ran is not None:
            self.outcome = self._outcome_of(self.ran)
        return self._hint()

    @abstractmethod
    def _push(self, token: int) -> None:
        """Take a token, and say what it `ran`."""

    @abstractmethod
    def _hint(self) -> Hint:
        """Give what is known, the outcome among it."""
