"""Where a model is in the state before: most of a state is a copy of the one that precedes it.

A small network needs long to find out that states repeat. A pointer to the aligned place in the state before
tells it: after every token it names the token that comes next if the student goes on as before, and the one
that starts the line after. It is worked out from the tokens already there, so it gives nothing away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pcutils.models.formats.hints import NO_HINT, Hint, Pointer, outcome_hint
from pcutils.models.formats.nesting import Nesting, NestingOfTokens, line_number
from pcutils.models.tokenizer import END, START, decode_tokens

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from pcutils.execution.outcomes import Outcome

FIRST, HEADER, FOLLOWING, INSIDE_CHANGE, AFTER_CHANGE = range(5)
_OPENING = "CODE "


@dataclass(frozen=True)
class Alphabet:
    """What pointers and grammars must know about tokens.

    Parameters
    ----------
    texts : list of str, shape (vocabulary,)
        The text of each token; of one that is only a part of a character, a sign that stands for any.
    pieces : list of str, shape (vocabulary,)
        Each token as the tokenizer names it: other bytes, other name.
    ends_line, opens_header : list of bool, shape (vocabulary,)
        Whether a token ends in a newline; whether it starts with ``CODE`` and a number.
    start, end : int
        ``<start>`` and ``<|endoftext|>``.
    nesting : NestingOfTokens
        What they open and close.
    """

    texts: list[str]
    pieces: list[str]
    ends_line: list[bool]
    opens_header: list[bool]
    start: int
    end: int
    nesting: NestingOfTokens

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast) -> Alphabet:
        """Read the tokens of a tokenizer."""
        texts = [decode_tokens(tokenizer, [token]) for token in range(len(tokenizer))]
        return cls(
            texts=texts,
            pieces=tokenizer.convert_ids_to_tokens(range(len(tokenizer))),
            ends_line=[text.endswith("\n") for text in texts],
            opens_header=[opens_header(text) for text in texts],
            start=tokenizer.convert_tokens_to_ids(START),
            end=tokenizer.convert_tokens_to_ids(END),
            nesting=NestingOfTokens(texts),
        )


def opens_header(text: str) -> bool:
    """Say whether a line that starts with a text counts as a header: ``CODE`` and a number."""
    return text.startswith(_OPENING) and text[len(_OPENING) : len(_OPENING) + 1].isdigit()


class StatesPointer(Pointer):
    """Follow a trace token by token and point at the aligned place in the state before.

    Parameters
    ----------
    alphabet : Alphabet
        What the tokens are.
    outcome_of : callable
        As for :class:`~pcutils.models.formats.hints.Pointer`.

    Notes
    -----
    A line that differs from its first token on counts as inserted: the pointer waits. A line that starts
    alike and then differs counts as changed: the pointer goes to the line after. A line found further down
    means that the lines between were deleted. The first of the two tokens named comes next if this line goes
    on as in the state before, the second starts the line after, and has no place in headers. The situation is
    FIRST, HEADER, FOLLOWING, INSIDE_CHANGE or AFTER_CHANGE.
    """

    def __init__(self, alphabet: Alphabet, outcome_of: Callable[[list[int]], Outcome | None]) -> None:
        super().__init__(alphabet, outcome_of)
        self.in_header, self.line_starts = False, True
        self.nesting = Nesting()
        self.opening: list[int] | None = []  # tokens of this line as long as it may become a header
        self._begin([], [])

    def _push(self, token: int) -> None:
        if token == self.alphabet.start:
            self._begin([], [])
            return
        if not self.in_header and (opening := self._opening_of_header(token)) is not None:
            self._begin_state(opening)
        self._take(token)

    def _hint(self) -> Hint:
        if not self.current:
            return NO_HINT
        if self.in_header:
            return *self._next(), 0, 0, outcome_hint(self.outcome, None)
        start = self.old_lines[self.line]
        line = self.old[start : self._line_end()]
        seen = self._seen(self.line - 1, line, self.place - start)  # the first line is the header
        return *self._next(), self.nesting.number, line_number(len(self.current_lines) - 1), seen

    def _opening_of_header(self, token: int) -> list[int] | None:
        """Give the tokens of this line before one that says that it is a header."""
        texts = self.alphabet.texts
        if self.line_starts:
            self.opening = []
        if self.opening is None:
            return None
        text = "".join(texts[piece] for piece in (*self.opening, token))
        if opens_header(text):
            return self.opening
        self.opening = [*self.opening, token] if _OPENING.startswith(text) else None
        return None

    def _begin_state(self, opening: list[int]) -> None:
        if opening:  # they were taken for a line of the program
            del self.current[-len(opening) :], self.current_lines[-1]
        self._begin(self.current, self.current_lines)
        self.in_header = True
        for token in opening:
            self._take(token)

    def _take(self, token: int) -> None:
        place = len(self.current)
        if self.line_starts:
            self.current_lines.append(place)
        self.current.append(token)
        if self.in_header:
            self._follow_header(token)
        else:
            self.nesting = self.alphabet.nesting.after(self.nesting, [token])
            if self.old:
                self._follow_program(token)
        self.line_starts = self.alphabet.ends_line[token]

    def _begin(self, old: list[int], old_lines: list[int]) -> None:
        self.old, self.old_lines = old, [*old_lines, len(old)]
        self.current: list[int] = []
        self.current_lines: list[int] = []
        self.place = 0  # in self.old: what comes next if nothing changes
        self.line = 0  # in self.old_lines: the line that self.place is in
        self.anchor = 1  # the line that the current one was expected to repeat
        self.exact = self.alike = True
        self.changed = False
        self.in_header, self.line_starts = False, True
        self.nesting = Nesting()
        self.ran = old[old_lines[1] :] if len(old_lines) > 1 else None
        self.outcome = None

    def _follow_header(self, token: int) -> None:
        self.place += 1
        if self.alphabet.ends_line[token]:
            self.in_header = False
            self._go_to_line(1)
            self.changed = False
        elif len(self.old_lines) > 1:
            self.place = min(self.place, self.old_lines[1] - 1)

    def _follow_program(self, token: int) -> None:
        if self.line_starts:
            self.exact, self.alike = True, self._find_line(token)
        elif self.place < self._line_end() and self.old[self.place] == token:
            self.place += 1
        else:
            self.exact = False
            self._find_in_line(token)
        if self.alphabet.ends_line[token]:
            self._finish_line()

    def _find_line(self, token: int) -> bool:
        """Look for a line that starts with the token, here or further down."""
        for line in range(self.anchor, len(self.old_lines) - 1):
            place = self.old_lines[line]
            if self.old[place] == token:
                self.line, self.place = line, place + 1
                return True
        self.exact = False
        return False

    def _find_in_line(self, token: int) -> None:
        end = self._line_end()
        for place in range(self.place + 1, end):
            if self.old[place] == token:
                self.place = place + 1
                return
        self.place = min(self.place + 1, max(end - 1, self.place)) if self.alike else self.place

    def _line_end(self) -> int:
        return self.old_lines[min(self.line + 1, len(self.old_lines) - 1)]

    def _finish_line(self) -> None:
        whole = self.exact and self.place == self._line_end()
        if whole:
            self._go_to_line(self.line + 1)
        elif self.alike and self.line == self.anchor:
            self._go_to_line(self.anchor + 1)
        else:
            self._go_to_line(self.anchor)
        self.changed = not whole

    def _go_to_line(self, line: int) -> None:
        self.anchor = self.line = min(line, len(self.old_lines) - 1)
        self.place = self.old_lines[self.line]
        self.exact = self.alike = True

    def _next(self) -> tuple[int, int, int]:
        if not self.old:
            return -1, -1, FIRST
        same = self.old[self.place] if self.place < len(self.old) else self.alphabet.end
        if self.in_header:
            return same, -1, HEADER
        after = self._line_end()
        skip = self.old[after] if after < len(self.old) else self.alphabet.end
        if self.line_starts:
            return same, skip, AFTER_CHANGE if self.changed else FOLLOWING
        return same, skip, FOLLOWING if self.exact else INSIDE_CHANGE
