"""Find what a source has twice: a second trace of a student and title, or the same trace again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal, get_args

from pcutils.trace import Trace

RepeatedPairs = Literal["aside", "keep"]
REPEATED_PAIRS: tuple[RepeatedPairs, ...] = get_args(RepeatedPairs)
"""What may be done with the second trace of a student and title."""

MAY_REPEAT = {"rollouts", "simulated"}
"""Sources that may hold the same trace twice: samples of one prompt, and students who were made up so."""

SECOND_OF_PAIR = ("title", "a second trace of this student and title", "one trace a student and title")
SAME_TRACE = ("row", "the same trace again", "each trace once")


class Repeats:
    """Remembers the traces of one source, 8 bytes of each.

    Parameters
    ----------
    one_a_pair : bool
        Whether a student has one trace of a title at most, so that any second one is a repeat.

    Notes
    -----
    Of each trace, or pair, a digest is kept that is drawn from 2**60 numbers: those take 32 bytes in CPython,
    and less than 80 with their place in the set. With 4 million traces, two different ones are taken for the
    same with a chance of about one to 100,000.
    """

    def __init__(self, *, one_a_pair: bool = False) -> None:
        self._one_a_pair = one_a_pair
        self._seen: set[int] = set()

    def problem(self, trace: Trace) -> tuple[str, str, str] | None:
        """Tell whether a trace was there before, and remember it.

        Parameters
        ----------
        trace : Trace
            With a username and a title.

        Returns
        -------
        tuple of str or None
            Field, what was found, what was expected; None for a trace that is new.
        """
        parts = [str(trace.username), str(trace.title)]
        if not self._one_a_pair:
            parts += [*trace.programs, *map(str, trace.timestamps)]
        digest = _digest(parts)
        if digest in self._seen:
            return SECOND_OF_PAIR if self._one_a_pair else SAME_TRACE
        self._seen.add(digest)
        return None


def _digest(parts: list[str]) -> int:
    """Digest texts so that no two lists of them run together."""
    hashed = blake2b(digest_size=8)
    for part in parts:
        content = part.encode("utf-8", "surrogatepass")
        hashed.update(len(content).to_bytes(8, "big"))
        hashed.update(content)
    return int.from_bytes(hashed.digest(), "big") >> 4
