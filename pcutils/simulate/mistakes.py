"""Mistakes that beginners make: each turns a right line into one that does not run."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from pcutils.simulate.students import COLOURS

COMMANDS = (
    *("fd", "bk", "rt", "lt", "pen", "dot", "box", "fill", "speed", "jumpto", "jump", "moveto", "turnto"),
    *("label", "write", "button", "keydown", "random"),
)
_COMMAND = re.compile(r"\b(" + "|".join(COMMANDS) + r")\b(?= |\()")
_COLOUR = re.compile(r"\b(" + "|".join(COLOURS) + r")\b")
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'")
_KNOWN = frozenset((*COMMANDS, *COLOURS, "in", "is", "if", "or", "on", "no", "of", "by"))

Mistake = Callable[[str, np.random.Generator], str | None]


def _outside_strings(pattern: re.Pattern[str], line: str) -> list[re.Match[str]]:
    strings = [match.span() for match in _STRINGS.finditer(line)]
    return [
        match
        for match in pattern.finditer(line)
        if not any(start <= match.start() < end for start, end in strings)
    ]


def _replace(line: str, match: re.Match[str], word: str) -> str:
    return line[: match.start()] + word + line[match.end() :]


def misspell(word: str, rng: np.random.Generator) -> str:
    """Misspell a word: two letters change places, one is doubled or one is lost; never into a known word."""
    spellings = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)]
    spellings += [word[:i] + word[i] + word[i:] for i in range(len(word))]
    if len(word) > 3:
        spellings += [word[:i] + word[i + 1 :] for i in range(1, len(word))]
    wrong = sorted({spelling for spelling in spellings if spelling != word and spelling not in _KNOWN})
    return wrong[int(rng.integers(len(wrong)))]


def misspelt_command(line: str, rng: np.random.Generator) -> str | None:
    """``fd 50`` becomes ``df 50``; None where the line has no command."""
    found = _outside_strings(_COMMAND, line)
    return _replace(line, found[0], misspell(found[0][0], rng)) if found else None


def capital_letter(line: str, rng: np.random.Generator) -> str | None:
    """``pen red`` becomes ``Pen red``; None where the line has no command."""
    found = _outside_strings(_COMMAND, line)
    return _replace(line, found[0], found[0][0].capitalize()) if found else None


def misspelt_colour(line: str, rng: np.random.Generator) -> str | None:
    """``pen purple`` becomes ``pen purpel``; None where no colour stands outside quotes."""
    found = _outside_strings(_COLOUR, line)
    return _replace(line, found[-1], misspell(found[-1][0], rng)) if found else None


def unknown_name(line: str, rng: np.random.Generator) -> str | None:
    """``fd 50`` becomes ``fd steps``, a name without a value; None where the line ends in no number."""
    match = re.search(r"(?<=[ (])\d+(?=\)?$)", line)
    return _replace(line, match, ("steps", "num", "big")[int(rng.integers(3))]) if match else None


def missing_quote(line: str, rng: np.random.Generator) -> str | None:
    """``write "hi"`` becomes ``write "hi``; None where there is no string."""
    found = list(_STRINGS.finditer(line))
    if not found:
        return None
    end = found[-1].end()
    return line[: end - 1] + line[end:]


def missing_bracket(line: str, rng: np.random.Generator) -> str | None:
    """``for [1..4]`` becomes ``for [1..4``; None where no bracket is closed outside quotes."""
    found = _outside_strings(re.compile(r"[\])](?! *->)"), line)
    return _replace(line, found[-1], "") if found else None


def extra_indent(line: str, rng: np.random.Generator) -> str | None:
    """Push a line to the right; it fails where the line before does not open a block."""
    return "   " + line if line.strip() and not line.startswith(" ") else " " + line


def lost_number(line: str, rng: np.random.Generator) -> str | None:
    """``jumpto 50, 20`` becomes ``jumpto 50 20``; None where no comma stands between two numbers."""
    match = re.search(r"(?<=\d), ?(?=-?\d)", line)
    return _replace(line, match, " ") if match else None


def missing_comma(line: str, rng: np.random.Generator) -> str | None:
    """``pen red, 5`` becomes ``pen red 5``: the colour is called as a function; None without a comma."""
    found = [
        match
        for match in re.finditer(r"(?<=[a-z]), ?(?=\w)", line)
        if any(colour.end() == match.start() for colour in _outside_strings(_COLOUR, line))
    ]
    return _replace(line, found[0], " ") if found else None


def missing_plus(line: str, rng: np.random.Generator) -> str | None:
    """``"Sum: " + total`` becomes ``"Sum: " total``; None where no plus sign follows a text."""
    match = re.search(r"(?<=[\"']) \+ (?=\w)", line)
    return _replace(line, match, " ") if match else None


def missing_operator(line: str, rng: np.random.Generator) -> str | None:
    """``fd i * 5`` becomes ``fd i 5``: the number is called as a function; None without such an operator."""
    match = re.search(r"(?<=[a-z]) [*+/-] (?=\d)", line)
    return _replace(line, match, " ") if match else None


#: What each kind of mistake may look like.
MISTAKES: dict[str, tuple[Mistake, ...]] = {
    "compile": (missing_quote, missing_bracket, missing_plus, lost_number, extra_indent),
    "name": (misspelt_command, misspelt_command, misspelt_colour, unknown_name, capital_letter),
    "type": (missing_comma, missing_operator),
}


def make_mistake(
    line: str, kind: str, rng: np.random.Generator, *, opens_block_before: bool = False
) -> str | None:
    """Break a right line by one of the mistakes of a kind; None where that kind cannot be made in this line.

    `opens_block_before` says that the line is the first of a block, where more indentation is no mistake.
    """
    for position in rng.permutation(len(MISTAKES[kind])):
        mistake = MISTAKES[kind][position]
        if mistake is extra_indent and opens_block_before:
            continue
        wrong = mistake(line, rng)
        if wrong is not None and wrong != line:
            return wrong
    return None
