"""What is open where a program goes on: a quote, a bracket, an indented block; and how long it is so far.

A small network writes good lines long before it can count: it leaves quotes open and goes on without end.
This counts for it. It looks at characters alone: a hint, and no parser.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

_PARTNER = {")": "(", "]": "[", "}": "{"}
_INNERMOST = ("", "(", "[", "{", '"', "'", "#")
_DEEPEST = 8
_SPACES_A_LEVEL = 2
_LEVELS = 6
_REMEMBERED = 200_000

NESTINGS = 1 + len(_INNERMOST) * _LEVELS
LINE_NUMBERS = 20
"""How many numbers there are for what is open and for the line; 0 stands for a place outside a program."""


@dataclass(frozen=True)
class Nesting:
    """What is open at one place of a program.

    Parameters
    ----------
    brackets : str
        Those that are open, the innermost last.
    within : {"", '"', "'", "#"}
        The quote or the sign of a comment that holds this place.
    indent : int
        Spaces in front of this line, or of the line before where this one has only spaces so far.
    spaces : int
        How many those are; -1 behind them.
    is_escaped : bool
        Whether a backslash in quotes comes right before.
    """

    brackets: str = ""
    within: str = ""
    indent: int = 0
    spaces: int = 0
    is_escaped: bool = False

    @property
    def number(self) -> int:
        """A number from 1 to NESTINGS - 1 for the innermost of what is open and the indent."""
        innermost = _INNERMOST.index(self.within or self.brackets[-1:])
        return 1 + innermost * _LEVELS + min(self.indent // _SPACES_A_LEVEL, _LEVELS - 1)

    def after(self, text: str) -> Nesting:
        """Give what is open behind some more text."""
        place = self
        for character in text:
            place = place._after(character)
        return place

    def _after(self, character: str) -> Nesting:
        if character == "\n":
            return replace(self, within=self.within.strip("#"), spaces=0, is_escaped=False)
        if self.spaces >= 0 and character in " \t":
            return replace(self, spaces=min(self.spaces + 1, _LEVELS * _SPACES_A_LEVEL))
        place = self if self.spaces < 0 else replace(self, indent=self.spaces, spaces=-1)
        if place.is_escaped:
            return replace(place, is_escaped=False)
        if place.within in ('"', "'"):
            if character == place.within:
                return replace(place, within="")
            return replace(place, is_escaped=True) if character == "\\" else place
        if place.within or character not in "()[]{}\"'#":
            return place
        if character in "\"'#":
            return replace(place, within=character)
        if character not in _PARTNER:
            return replace(place, brackets=(place.brackets + character)[-_DEEPEST:])
        is_closed = place.brackets.endswith(_PARTNER[character])
        return replace(place, brackets=place.brackets[:-1]) if is_closed else place


class NestingOfTokens:
    """Follows tokens, and remembers where each led.

    Parameters
    ----------
    texts : sequence of str
        The text of each token.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self._known: dict[tuple[Nesting, int], Nesting] = {}

    def after(self, place: Nesting, tokens: Iterable[int]) -> Nesting:
        """Give what is open behind some more tokens."""
        for token in tokens:
            found = self._known.get((place, token))
            if found is None:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                found = self._known[place, token] = place.after(self.texts[token])
            place = found
        return place


def line_number(lines: int) -> int:
    """Give a number for how many lines a program has so far: exact up to eight, then in half octaves.

    Parameters
    ----------
    lines : int
        At least 0.

    Returns
    -------
    int
        From 1 to LINE_NUMBERS - 1.

    Examples
    --------
    >>> [line_number(lines) for lines in (0, 7, 8, 11, 12, 16, 10_000)]
    [1, 8, 9, 9, 10, 11, 19]
    """
    if lines < 8:
        return 1 + lines
    octave = lines.bit_length() - 4
    is_upper_half = lines >> (octave + 2) & 1
    return min(LINE_NUMBERS - 1, 9 + 2 * octave + is_upper_half)
