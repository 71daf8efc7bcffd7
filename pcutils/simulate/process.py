"""How a made-up student gets from nothing to a program: run by run, with detours, mistakes and repairs."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pcutils.simulate.mistakes import make_mistake
from pcutils.simulate.render import CODE, LATE, Line
from pcutils.simulate.students import COLOURS, SIZES, Student

MAX_STATES = 45
PATIENCE_CHARACTERS = 2600
"""After so many characters in all states, a student only finishes: the lesson is over."""

_NUMBER = re.compile(r"(?<=\.\.)[1-9]\d*\b|(?<![\w.\[])[1-9]\d*\b(?!\.)")
_TOUCHY = re.compile(r"[\"'+<>%]|==|\bis\b|\bspeed\b")
_COLOUR = re.compile(r"\b(" + "|".join(COLOURS) + r")\b")


class Writer:
    """A student who writes one program.

    Parameters
    ----------
    student : Student
        Who writes.
    lines : sequence of Line
        The program in mind.
    rng : numpy.random.Generator
        The student's own.
    states : list of str, optional
        What was run before, for a student who starts anew.

    Attributes
    ----------
    states : list of str
        What was run, oldest first; two in a row always differ.
    """

    def __init__(
        self,
        student: Student,
        lines: Sequence[Line],
        rng: np.random.Generator,
        states: list[str] | None = None,
    ) -> None:
        self.student, self.traits, self.rng = student, student.traits, rng
        self.lines = list(lines)
        self.shown: list[str | None] = [None] * len(self.lines)
        self.target = [line.text for line in self.lines]
        early = [i for i, line in enumerate(self.lines) if line.role != LATE]
        self.order = early + [i for i, line in enumerate(self.lines) if line.role == LATE]
        self.states: list[str] = [] if states is None else states

    def write(self, *, steps: int | None = None) -> bool:
        """Write the program.

        Parameters
        ----------
        steps : int, optional
            Stop after so many runs with new lines, for a false start.

        Returns
        -------
        bool
            False if the student gave up.
        """
        grown = 0
        while pending := self._pending():
            if grown == steps:
                return True
            if self.states and self._happens(0.03 * (1 - self.traits.persistence)):
                return False
            if grown and not self._is_tired() and self._happens(0.01 + 0.16 * self.traits.tinkering):
                self._delete()
            grown += 1
            new = self._grow(pending if not self._is_tired() else None)
            if not self._run_new(new):
                return False
            self._tinker_while(0.03 + 0.5 * self.traits.tinkering)
            if len(self.states) >= MAX_STATES:
                return True
        self._tinker_while(0.1 + 0.75 * self.traits.tinkering)
        return True

    def _happens(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def _is_tired(self) -> bool:
        return sum(map(len, self.states)) > PATIENCE_CHARACTERS or len(self.states) >= MAX_STATES

    def _pending(self) -> list[int]:
        return [i for i in self.order if self.shown[i] is None]

    def _run(self) -> None:
        text = "\n".join(shown for shown in self.shown if shown is not None).rstrip()
        if text and (not self.states or self.states[-1] != text):
            self.states.append(text)

    def _grow(self, pending: list[int] | None) -> list[int]:
        """Add the next lines, and what their blocks need to be whole."""
        everything = self._pending()
        size = len(everything)
        if pending is not None:
            mean = np.log(self.traits.step_size_lines)
            size = max(1, round(float(self.rng.lognormal(mean, 0.35))))
        new = everything[:size]
        while new[-1] != everything[-1] and self._needs_more(new[-1]):
            new = everything[: len(new) + 1]
        for i in new:
            self.shown[i] = self.target[i]
        return new

    def _needs_more(self, i: int) -> bool:
        """Whether a program should not end here: it says nothing, or its block is empty or loops for ever."""
        return not self._is_code(i) or self._opens_block(i) or self._is_in_unfinished_while(i)

    def _is_in_unfinished_while(self, i: int) -> bool:
        after = self.lines[i + 1].indent if i + 1 < len(self.lines) else 0
        return any(
            line.text.lstrip().startswith("while ") and line.indent < min(after, self.lines[i].indent)
            for line in self.lines[:i]
        )

    def _is_code(self, i: int) -> bool:
        return self.lines[i].role == CODE and bool(self.target[i].strip())

    def _opens_block(self, i: int) -> bool:
        following = next((j for j in range(i + 1, len(self.lines)) if self.lines[j].text.strip()), None)
        return following is not None and self.lines[following].indent > self.lines[i].indent

    def _delete(self) -> None:
        """Take the last lines away, to write them again."""
        present = [i for i in self.order if self.shown[i] is not None]
        count = int(self.rng.integers(1, 5))
        kept = present[: max(1, len(present) - count)]
        while len(kept) > 1 and self._needs_more(kept[-1]):
            kept.pop()
        if self._needs_more(kept[-1]):
            return
        for i in present[len(kept) :]:
            self.shown[i] = None
        self._run()

    def _run_new(self, new: list[int]) -> bool:
        """Run with new lines, which may hold a mistake; False if the student gives up on it."""
        broken = self._break(new)
        self._run()
        return broken is None or self._repair(broken)

    def _break(self, new: list[int]) -> int | None:
        dice = float(self.rng.random())
        for kind, rate in self.traits.error_rates.items():
            if dice < rate:
                for i in self.rng.permutation([i for i in new if self._is_code(i)]):
                    if self._break_line(int(i), kind):
                        return int(i)
            dice -= rate
            if dice < 0:
                break
        return None

    def _break_line(self, i: int, kind: str) -> bool:
        before = [j for j in range(i) if self.shown[j] is not None and self._is_code(j)]
        starts_block = not before or self._opens_block(before[-1])
        wrong = make_mistake(self.target[i], kind, self.rng, opens_block_before=starts_block)
        if wrong is not None:
            self.shown[i] = wrong
        return wrong is not None

    def _repair(self, i: int) -> bool:
        """Try until the line is right or gone; False if the student gives up."""
        while not self._happens(0.2 + 0.75 * self.traits.skill):
            if self._happens(0.35 * (1 - self.traits.persistence)) or len(self.states) >= MAX_STATES:
                return False
            choice = self.rng.random()
            if choice < 0.5:
                self._break_line(i, ("name", "compile", "type")[int(self.rng.integers(3))])
            elif choice < 0.85:
                self._change_value()
            elif not self._opens_block(i) and sum(shown is not None for shown in self.shown) > 2:
                break
            self._run()
        self.shown[i] = self.target[i]
        self._run()
        return True

    def _tinker_while(self, probability: float) -> None:
        while not self._is_tired() and self._happens(probability):
            self._tinker()
            probability *= 0.9

    def _tinker(self) -> None:
        """Try another value; mostly take it back."""
        changed = self._change_value()
        if changed is None:
            return
        self._run()
        if self._happens(0.3):
            self.shown[changed] = self._other_value(self.target[changed]) or self.target[changed]
            self._run()
        if self._happens(0.7):
            self.shown[changed] = self.target[changed]
            self._run()
        else:
            self.target[changed] = self.shown[changed] or self.target[changed]

    def _change_value(self) -> int | None:
        """Change a number or a colour in a line that is there; give the line."""
        right = [i for i, shown in enumerate(self.shown) if shown is not None and shown == self.target[i]]
        for i in self.rng.permutation([i for i in right if self.lines[i].role == CODE]):
            other = self._other_value(self.target[i])
            if other is not None:
                self.shown[i] = other
                return int(i)
        return None

    def _other_value(self, text: str) -> str | None:
        if _TOUCHY.search(text):
            return None
        colours = list(_COLOUR.finditer(text))
        numbers = list(_NUMBER.finditer(text))
        if colours and (not numbers or self._happens(0.25 + 0.7 * self.traits.colourfulness)):
            favourites = [colour for colour in self.student.habits.colours if colour not in text]
            other = str(self.rng.choice(favourites or COLOURS))
            return text[: colours[0].start()] + other + text[colours[0].end() :]
        if not numbers:
            return None
        match = numbers[int(self.rng.integers(len(numbers)))]
        other = str(_other_number(int(match[0]), self.rng))
        return text[: match.start()] + other + text[match.end() :]


def _other_number(value: int, rng: np.random.Generator) -> int:
    if value in SIZES:
        options = [size for size in (value - 20, value - 10, value + 10, value + 20, 2 * value) if size > 0]
    elif value < 10:
        options = [max(1, value - 1), value + 1, value + 2]
    else:
        options = [value - 5, value + 5, value + 10, 2 * value]
    return int(rng.choice([option for option in options if option != value]))
