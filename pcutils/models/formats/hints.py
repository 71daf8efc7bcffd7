"""What a network is told of each place in a trace, worked out from the tokens up to there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pcutils.execution.outcomes import Outcome
    from pcutils.models.formats.states_pointer import Alphabet

SITUATIONS = 5

Hint = tuple[int, int, int, int, int, int]
"""Two tokens that may follow, -1 for none, and the first never what an error is about or what comes behind it
in its line; the situation; what is open and how many lines this state has, see
:mod:`pcutils.models.formats.nesting`; and how the state before ended when it was run, see
:func:`outcome_hint`."""
NO_HINT: Hint = (-1, -1, 0, 0, 0, 0)
HINTS = len(NO_HINT)

OUTCOME_HINTS = 6
UNKNOWN, RAN, FAILED, ERROR_AHEAD, ERROR_HERE, ERROR_BEHIND = range(OUTCOME_HINTS)


def outcome_hint(before: Outcome | None, line: int | None, named: tuple[int, int] | None = None) -> int:
    """Say how the state before ended, for one place in the next.

    Parameters
    ----------
    before : Outcome or None
        How it ended; None where there is none, or nobody says.
    line : int or None
        The line of it that the place is about, from 0; None where it is about none.
    named : tuple of int, optional
        The first character of this line, and the one behind the last, that come next there.

    Returns
    -------
    int
        UNKNOWN, RAN or FAILED; where the error is in this line, whether the characters named are what it is
        about: ERROR_HERE, or ERROR_BEHIND it, or it is still AHEAD, as it is where none are named.
    """
    if before is None:
        return UNKNOWN
    if before.runs:
        return RAN
    error = before.error
    if error is None or error.line != line:
        return FAILED
    if named is None or named[1] <= error.start:
        return ERROR_AHEAD
    return ERROR_HERE if named[0] < error.end else ERROR_BEHIND


class Pointer(ABC):
    """Follow a trace token by token and point into the state before.

    Parameters
    ----------
    alphabet : Alphabet
        What the tokens are.
    outcome_of : callable
        Says how a program ends that is written in so many tokens; None where nobody says.

    Attributes
    ----------
    ran : list of int, or None
        The program that the last token says was run, as tokens; None where it says no such thing.
    outcome : Outcome or None
        How the state before ended.
    """

    def __init__(self, alphabet: Alphabet, outcome_of: Callable[[list[int]], Outcome | None]) -> None:
        self.alphabet, self._outcome_of = alphabet, outcome_of
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
        same, other, situation, nesting, line, seen = self._hint()
        if seen in (ERROR_HERE, ERROR_BEHIND):
            same = -1
        return same, other, situation, nesting, line, seen

    def _seen(self, number: int, line: Sequence[int], place: int) -> int:
        """Say how the state before ended, for the token at a place of one of its lines."""
        error = self.outcome.error if self.outcome is not None else None
        if error is None or error.line != number or place >= len(line):
            return outcome_hint(self.outcome, number)
        lengths = [len(self.alphabet.texts[token]) for token in line[: place + 1]]
        return outcome_hint(self.outcome, number, (sum(lengths[:-1]), sum(lengths)))

    @abstractmethod
    def _push(self, token: int) -> None:
        """Take a token, and say what it `ran`."""

    @abstractmethod
    def _hint(self) -> Hint:
        """Give what is known, the outcome among it."""
