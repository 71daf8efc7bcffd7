"""The tokens that the edits format adds: when a program is run, which lines are kept or dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BUCKETS = 40
"""A gap of up to 2 ** 39 seconds, which is more than there is between two dates."""
DIGIT_BITS = 6

_FIELDS = (
    ("gap", BUCKETS),
    ("earlier", 1),
    ("unknown", 1),
    ("dated", 1),
    ("digit", 2**DIGIT_BITS),
    ("keep", 1),
    ("rest", 1),
    ("drop", 1),
    ("run", 1),
)
OPERATIONS = sum(size for _, size in _FIELDS)
"""How many tokens are added."""


@dataclass(frozen=True)
class Operation:
    """What an added token means.

    Parameters
    ----------
    kind : {"gap", "earlier", "unknown", "dated", "digit", "keep", "rest", "drop", "run"}
        ``run``: the program is run as it stands, which ends a state; ``gap``: a state begins so many binary
        digits of seconds after the last dated one; ``earlier``: before the ``gap`` of a state that is dated
        before the last one; ``unknown``: a state without a date begins; ``dated``: a state begins whose date
        follows in full, as no state before has one; ``digit``: binary digits of a gap; ``keep``, ``drop``:
        the next line of the state before is kept, dropped; ``rest``: all that are left are kept, and new ones
        follow.
    number : int
        Length in binary digits of a gap, value of a digit, else 0.
    """

    kind: str
    number: int

    def __str__(self) -> str:
        return f"<{self.kind} {self.number}>" if self.kind in ("gap", "digit") else f"<{self.kind}>"

    @property
    def begins_state(self) -> bool:
        """Whether the token begins a state."""
        return self.kind in ("gap", "earlier", "unknown", "dated")


_MEANINGS = [Operation(kind, number) for kind, size in _FIELDS for number in range(size)]
_OFFSETS = {kind: _MEANINGS.index(Operation(kind, 0)) for kind, _ in _FIELDS}


class Operations:
    """The added tokens of one vocabulary.

    Parameters
    ----------
    first : int
        The number of the first of them; all below are the tokenizer's.
    """

    def __init__(self, first: int) -> None:
        self.first = first
        self.earlier, self.unknown, self.dated, self.keep, self.rest, self.drop, self.run = (
            first + _OFFSETS[kind] for kind in ("earlier", "unknown", "dated", "keep", "rest", "drop", "run")
        )
        self.gaps = range(first + _OFFSETS["gap"], first + _OFFSETS["gap"] + BUCKETS)
        self.digits = range(first + _OFFSETS["digit"], first + _OFFSETS["digit"] + 2**DIGIT_BITS)

    def meaning(self, token: int) -> Operation | None:
        """Say what a token means; None for one of the tokenizer's."""
        if token < self.first:
            return None
        return _MEANINGS[token - self.first]

    def gap(self, seconds: int) -> list[int]:
        """Write a time between two states, in whole seconds.

        Examples
        --------
        >>> operations = Operations(0)
        >>> [str(operations.meaning(token).number) for token in operations.gap(25)]
        ['5', '9']
        """
        sign = [self.earlier] if seconds < 0 else []
        size = abs(seconds).bit_length()
        tokens, rest, left = [], abs(seconds), max(0, size - 1)
        for bits in digit_sizes(size):
            left -= bits
            tokens.append(self.digits[rest >> left & (1 << bits) - 1])
        return [*sign, self.gaps[size], *tokens]


def digit_sizes(size: int) -> list[int]:
    """Give how many binary digits each digit token of a gap holds, the highest first.

    Examples
    --------
    >>> digit_sizes(0), digit_sizes(5), digit_sizes(9)
    ([], [4], [6, 2])
    """
    left = max(0, size - 1)
    sizes = [DIGIT_BITS] * (left // DIGIT_BITS)
    return [*sizes, left % DIGIT_BITS] if left % DIGIT_BITS else sizes


def gap_seconds(size: int, digits: Sequence[int]) -> int:
    """Read a gap; digits that are missing count as zeros, what is too much of one is left out.

    Parameters
    ----------
    size : int
        Its length in binary digits.
    digits : sequence of int
        The values of its digit tokens.
    """
    if size == 0:
        return 0
    value = 1
    for place, bits in enumerate(digit_sizes(size)):
        digit = digits[place] if place < len(digits) else 0
        value = value << bits | digit & (1 << bits) - 1
    return value
