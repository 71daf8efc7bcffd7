"""A program as numbered lines, with the edit since the state before marked by signs, words and colour."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import takewhile
from typing import Literal, NamedTuple

from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist

from pcutils.metrics.matching import matched_blocks

#: A line that went and one that came are shown as one changed line from this similarity on.
SIMILAR_ENOUGH = 0.5
SIGNS: dict[str, str] = {"added": "+", "removed": "\N{MINUS SIGN}", "changed": "\N{PLUS-MINUS SIGN}"}

_LINE_END = re.compile(r"\r\n|\r|\n")
_UNSEEN = {code: chr(0x2400 + code) for code in range(32) if code != 9} | {
    0x7F: "\N{SYMBOL FOR DELETE}",
    0x2028: "\N{SYMBOL FOR NEWLINE}",
    0x2029: "\N{SYMBOL FOR NEWLINE}",
}
_MISLEADING = (range(0x80, 0xA0), range(0x202A, 0x202F), range(0x2066, 0x206A), range(0xD800, 0xE000))
_UNSEEN |= {code: "\N{REPLACEMENT CHARACTER}" for codes in _MISLEADING for code in codes}


class Row(NamedTuple):
    """One line of a listing: its text now (of a removed line, the text that went) and, if changed, before."""

    kind: Literal["kept", "added", "removed", "changed"]
    line: str
    before: str = ""


def program_lines(program: str) -> list[str]:
    """Cut a program where an editor would, without an empty line after the last line end."""
    lines = _LINE_END.split(program)
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def visible(text: str) -> str:
    """Replace characters that no page can hold, or that would mislead a reader; the length stays."""
    return text.translate(_UNSEEN)


def edit_rows(before: Sequence[str] | None, after: Sequence[str]) -> list[Row]:
    """List the lines of a program and those that went, in reading order; of a first state all are kept."""
    if before is None:
        return [Row("kept", line) for line in after]
    rows: list[Row] = []
    start = other_start = 0
    for low, other, size in [*_kept_blocks(before, after), (len(before), len(after), 0)]:
        rows += _replacement(before[start:low], after[other_start:other])
        rows += [Row("kept", line) for line in after[other : other + size]]
        start, other_start = low + size, other + size
    return rows


def _kept_blocks(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int, int]]:
    """Find the lines that stay; those at both ends first, since repeated lines match in many ways."""
    head = _equal_at_start(before, after)
    tail = _equal_at_start(before[head:][::-1], after[head:][::-1])
    codes = {line: chr(code) for code, line in enumerate(dict.fromkeys([*before, *after]))}
    old, new = ("".join(codes[line] for line in lines[head : len(lines) - tail]) for lines in (before, after))
    middle = sorted(
        (low + head, other + head, size) for low, other, size in matched_blocks(old, new, popular_seeds=True)
    )
    return [(0, 0, head), *middle, (len(before) - tail, len(after) - tail, tail)]


def _replacement(gone: Sequence[str], come: Sequence[str]) -> list[Row]:
    """List lines that replace others: the most similar two become one changed line, then what is around."""
    alike = cdist(gone, come, scorer=Indel.normalized_similarity)
    if not alike.size or alike.max() < SIMILAR_ENOUGH:
        return [Row("removed", line) for line in gone] + [Row("added", line) for line in come]
    line, other = divmod(int(alike.argmax()), len(come))
    pair = Row("changed", come[other], gone[line])
    return [
        *_replacement(gone[:line], come[:other]),
        pair,
        *_replacement(gone[line + 1 :], come[other + 1 :]),
    ]


def changed_parts(before: str, after: str) -> tuple[str, str, str, str]:
    """Split two lines into common head, old part, new part and common tail; no word or number is cut."""
    head = _equal_at_start(before, after)
    while head and _inside_word(before, head) | _inside_word(after, head):
        head -= 1
    tail = _equal_at_start(before[head:][::-1], after[head:][::-1])
    while tail and _inside_word(before, len(before) - tail) | _inside_word(after, len(after) - tail):
        tail -= 1
    end, other_end = len(before) - tail, len(after) - tail
    return before[:head], before[head:end], after[head:other_end], after[other_end:]


def _equal_at_start(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _inside_word(text: str, index: int) -> bool:
    return 0 < index < len(text) and all(c.isalnum() or c in "_." for c in text[index - 1 : index + 1])


def edit_words(rows: Sequence[Row]) -> str:
    """Count in words what an edit did: 2 lines added, 1 changed."""
    counts = {kind: sum(row.kind == kind for row in rows) for kind in SIGNS}
    parts = [f"{count} {kind}" for kind, count in counts.items() if count]
    if not parts:
        return "no line changed"
    number, _, rest = parts[0].partition(" ")
    return ", ".join([f"{number} line{'' if number == '1' else 's'} {rest}", *parts[1:]])


def row_pieces(rows: Sequence[Row]) -> Iterator[str]:
    """Write a listing as items of an HTML list, in pieces of which equal ones repeat (no line numbers)."""
    for row in rows:
        if row.kind == "kept":
            yield f"<li><b></b><i></i><code>{_marked(row)}</code></li>"
        else:
            word = f'<span class="pc-unseen">{row.kind}: </span>'
            yield f'<li class="pc-{row.kind}"><b></b><i aria-hidden="true">{SIGNS[row.kind]}</i>{word}'
            yield f"<code>{_marked(row)}</code></li>"


def _marked(row: Row) -> str:
    text = escape(visible(row.line))
    if row.kind == "changed":
        head, gone, come, tail = (escape(visible(part)) for part in changed_parts(row.before, row.line))
        gone, come = gone and f"<del>{gone}</del>", come and f"<ins>{come}</ins>"
        return head + gone + come + tail
    return {"added": f"<ins>{text}</ins>", "removed": f"<del>{text}</del>"}.get(row.kind, text)
