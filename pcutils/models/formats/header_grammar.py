"""The date line of a trace while it is written, in whatever pieces a tokenizer cuts it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from pcutils.models.formats.base import header
from pcutils.models.formats.states_grammar import NOTHING, PROGRAM_START

_UNKNOWN, _DATED = header(1, None), header(1, datetime(2000, 1, 1))
_DIGITS = "0123456789"
_FIRST_DIGIT = _DATED.index("2000")
_LIMITS = ((5, 1, 12), (8, 1, 31), (11, 0, 23), (14, 0, 59), (17, 0, 59))
"""Where in a date month, day, hour, minute and second stand, and their lowest and highest values."""
_LINES_REMEMBERED = 4096


def begins_header(text: str) -> bool:
    r"""Say whether a text is a date line of a first state, or begins one.

    Examples
    --------
    >>> begins_header("CODE 1 (2019-1"), begins_header("CODE 1 (unkn"), begins_header("CODE 1 (2019-13")
    (True, True, False)
    >>> begins_header("CODE 1 (2019-03-04 10:00:00):\n")
    True
    """
    if _UNKNOWN.startswith(text):
        return True
    if len(text) > len(_DATED) or text[_FIRST_DIGIT : _FIRST_DIGIT + 1] == "0":
        return False
    for place, (found, model) in enumerate(zip(text, _DATED, strict=False)):
        is_digit = place >= _FIRST_DIGIT and model in _DIGITS
        if found not in _DIGITS if is_digit else found != model:
            return False
    date = text[_FIRST_DIGIT:]
    return all(_fits(date[place : place + 2], low, high) for place, low, high in _LIMITS)


def _fits(digits: str, low: int, high: int) -> bool:
    if len(digits) < 2:
        return not digits or int(digits) <= high // 10
    return low <= int(digits) <= high


class HeaderGrammar:
    """Which tokens may go on with a date line.

    Parameters
    ----------
    texts : sequence of str
        The text of each token.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        letters = {*_UNKNOWN, *_DATED, *_DIGITS}
        self._pieces = [
            (token, text) for token, text in enumerate(texts) if text and letters.issuperset(text)
        ]
        self.after = lru_cache(_LINES_REMEMBERED)(self._after)

    def _after(self, written: str) -> list[int]:
        return [token for token, text in self._pieces if begins_header(written + text)]


class HeaderPlace:
    """Where in the date line of its first state a trace is.

    Parameters
    ----------
    grammar : HeaderGrammar
        The form.
    """

    def __init__(self, grammar: HeaderGrammar) -> None:
        self.grammar, self.written = grammar, ""

    @property
    def kind(self) -> int:
        """PROGRAM_START behind the line, else NOTHING."""
        is_whole = self.written.endswith("\n") and begins_header(self.written)
        return PROGRAM_START if is_whole else NOTHING

    @property
    def tokens(self) -> list[int]:
        """Tokens that may come next."""
        return self.grammar.after(self.written)

    def push(self, token: int) -> None:
        """Take one more token."""
        self.written += self.grammar.texts[token]
