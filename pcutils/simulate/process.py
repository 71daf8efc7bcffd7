"""How a simulated student gets from nothing to a program: run by run, with detours, mistakes and repairs."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pcutils.simulate.mistakes import make_mistake
from pcutils.simulate.population import POPULATION
from pcutils.simulate.render import CODE, LATE, Line
from pcutils.simulate.students import COLOURS, SIZES, Student

_NUMBER = re.compile(r"(?<=\.\.)[1-9]\d*\b|(?<![\w.\[])[1-9]\d*\b(?!\.)")
_TOUCHY = re.compile(r"[\"'+<>%]|==|\bis\b|\bspeed\b")
_COLOUR = re.compile(r"\b(" + "|".join(COLOURS) + r")\b")


class Writer:
    """A student who writes one program.

    `lines` is the program in mind, `states` what was run so far, oldest first; two in a row always differ.
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
        self.characters = sum(map(len, self.states))
        self.indents = [line.indent for line in self.lines]
        self.unfinished = self._unfinished()

    def write(self, *, steps: int | None = None) -> bool:
        """Write the program, or only `steps` runs with new lines; return False if the student gave up."""
        grown = 0
        at_once = steps is None and not self.states and self._has_it_at_once()
        while pending := self._pending():
            if grown == steps:
                return True
            if self.states and self._happens(POPULATION.give_up * (1 - self.traits.persistence)):
                return False
            if (
                grown
                and not self._is_tired()
                and self._happens(self._tinkering(POPULATION.delete_least, POPULATION.delete_more))
            ):
                self._delete()
            if not self._run_new(self._grow(pending, at_once and not grown)):
                return False
            grown += 1
            self._tinker_while(self._tinkering(POPULATION.tinker_least, POPULATION.tinker_more))
            if len(self.states) >= POPULATION.most_states:
                return True
        self._tinker_while(self._tinkering(POPULATION.play_least, POPULATION.play_more))
        return True

    def _happens(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def _tinkering(self, least: float, more: float) -> float:
        return least + more * self.traits.tinkering

    def _has_it_at_once(self) -> bool:
        step_by_step = 1 - POPULATION.at_once_least - POPULATION.at_once_more * self.traits.step_size
        step_by_step *= POPULATION.step_by_step ** self.lines[-1].part
        return not self._happens(max(step_by_step, POPULATION.step_by_step_least))

    def _is_tired(self) -> bool:
        return self.characters > POPULATION.patience_characters or len(self.states) >= POPULATION.most_states

    def _pending(self) -> list[int]:
        return [i for i in self.order if self.shown[i] is None]

    def _run(self) -> None:
        text = "\n".join(shown for shown in self.shown if shown is not None).rstrip()
        if text and (not self.states or self.states[-1] != text):
            self.states.append(text)
            self.characters += len(text)

    def _grow(self, pending: list[int], at_once: bool) -> list[int]:
        """Add the next lines, and what their blocks need to be whole."""
        new = pending[: self._size(pending, at_once)]
        while new[-1] != pending[-1] and self._needs_more(new[-1]):
            new = pending[: len(new) + 1]
        for i in new:
            self.shown[i] = self.target[i]
        return new

    def _size(self, pending: list[int], at_once: bool) -> int:
        """How many lines come next."""
        if self._is_tired():
            return len(pending)
        if at_once:
            return max(1, sum(self.lines[i].role != LATE for i in pending))
        part = self.lines[pending[0]].part
        if part and self._begins_part(pending[0]) and self._happens(POPULATION.paste):
            return sum(self.lines[i].part == part for i in pending)
        mean = np.log(self.traits.step_size_lines)
        return max(1, round(float(self.rng.lognormal(mean, POPULATION.step_spread))))

    def _begins_part(self, i: int) -> bool:
        return i == 0 or self.lines[i - 1].part != self.lines[i].part

    def _needs_more(self, i: int) -> bool:
        """Whether a program should not end here: it says nothing, or its block is empty or loops for ever."""
        return not self._is_code(i) or self._opens_block(i) or self.unfinished[i]

    def _unfinished(self) -> list[bool]:
        """Whether each line stands inside a `while` that goes on after it."""
        found = [False] * len(self.lines)
        if not any(line.text.lstrip().startswith("while ") for line in self.lines):
            return found
        loops: list[int] = []
        for i, line in enumerate(self.lines):
            after = self.indents[i + 1] if i + 1 < len(self.lines) else 0
            loops = [indent for indent in loops if indent < self.indents[i]]
            found[i] = any(indent < after for indent in loops)
            if line.text.lstrip().startswith("while "):
                loops.append(self.indents[i])
        return found

    def _is_code(self, i: int) -> bool:
        return self.lines[i].role == CODE and bool(self.target[i].strip())

    def _opens_block(self, i: int) -> bool:
        following = next((j for j in range(i + 1, len(self.lines)) if self.lines[j].text.strip()), None)
        return following is not None and self.indents[following] > self.indents[i]

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
        succeeds = POPULATION.repair_least + POPULATION.repair_more * self.traits.skill
        while not (self._is_tired() or self._happens(succeeds)):
            if self._happens(POPULATION.give_up_repair * (1 - self.traits.persistence)):
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
        if self._happens(POPULATION.try_again):
            self.shown[changed] = self._other_value(self.target[changed]) or self.target[changed]
            self._run()
        if self._happens(POPULATION.take_back):
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
