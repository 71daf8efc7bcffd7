"""Search pages for lines of programs, usernames and personal data of students who are not simulated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

from pcutils.data import personal_data

SHORTEST_LINE = 16
"""A line of a program is a leak from this length on, in characters; everybody writes the shorter ones."""

_WORD = re.compile(r"\w+")
_SPOKEN = re.compile(r"""\b(?:alt|title|aria-label|content|value|label|data-[\w-]+)=("[^"]*"|'[^']*')""")
_TAG = re.compile(r"<!--|-->|<[^<>]*>")
_PUBLIC = (".md", ".py", ".bib", ".ipynb", ".yml", ".yaml", ".js", ".css", ".html", ".json")


class Secrets:
    """What students wrote and are called, except for what the book's own sources say in public.

    `rows` are those of the table of traces; `public` is compared without regard to case.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]], public: str = "") -> None:
        found: dict[str, set[str]] = {"lines of programs": set(), "usernames": set(), "personal data": set()}
        for row in rows:
            found["usernames"].add(str(row["username"]))
            for program in set(row["programs"]):
                found["personal data"] |= {program[one.start : one.end] for one in personal_data(program)}
                found["lines of programs"] |= set(map(_plain, program.splitlines()))
        known = _plain(public)
        words = set(_WORD.findall(known.lower()))
        self._lines: dict[str, set[str]] = {}
        for line in found.pop("lines of programs"):
            if len(line) >= SHORTEST_LINE and line not in known:
                self._lines.setdefault(line[:SHORTEST_LINE], set()).add(line)
        self._items = {
            kind: {
                item for item in map(_plain, items) if _is_telling(item) and not _words(item.lower()) <= words
            }
            for kind, items in found.items()
        }

    def found_in(self, text: str) -> dict[str, int]:
        """Count the different secrets in a text or a page by kind; those that occur."""
        texts = [_plain(reading) for reading in _readings(text)]
        starts = self._lines.keys() & (
            one[at : at + SHORTEST_LINE] for one in texts for at in range(len(one))
        )
        lines = {line for start in starts for line in self._lines[start] if any(line in one for one in texts)}
        shown = " ".join(texts[1:])  # words of the mark-up itself name nobody
        words = _words(shown)
        found = {"lines of programs": len(lines)}
        for kind, items in self._items.items():
            near = (re.escape(item) for item in items if _words(item) <= words)
            found[kind] = sum(re.search(rf"(?<!\w){item}(?!\w)", shown) is not None for item in near)
        return {kind: count for kind, count in found.items() if count}


def find_leaks(folder: Path, secrets: Secrets) -> list[str]:
    """Name each page and place that shows a secret, with kind and count, never the secret.

    The search index is left out: it holds the words of the pages, which are searched, cut to their stems.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        for place, text in _texts(path):
            counts = ", ".join(f"{kind} ({count})" for kind, count in secrets.found_in(text).items())
            found += [f"{path.relative_to(folder).as_posix()}{place}: {counts}"] if counts else []
    return found


def public_text(root: Path) -> str:
    """What the repository shows to everybody: pages, notebooks, code."""
    paths = [path for name in ("book", "notebooks", "pcutils") for path in (root / name).rglob("*")]
    public = (path for path in [root / "README.md", root / "_config.yml", *paths] if path.suffix in _PUBLIC)
    return "\n".join(path.read_text("utf-8", errors="replace") for path in public)


def _readings(text: str) -> Iterator[str]:
    """A page as it stands; its text, joined because a line may be marked up, and apart; spoken attributes."""
    text = re.sub(r'\\([\\"/])', r"\1", re.sub(r"\\[nrt]", " ", text))  # as in JSON
    for reading in (text, _TAG.sub("", text), _TAG.sub(" ", text), " ".join(_SPOKEN.findall(text))):
        yield unescape(reading)


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """What a file shows, by place in it."""
    if path.suffix == ".ipynb":
        for number, cell in enumerate(json.loads(path.read_text("utf-8"))["cells"]):
            yield f", cell {cell.get('id', number)}", json.dumps(cell.get("outputs", []), ensure_ascii=False)
    elif path.suffix in (".html", ".svg", ".md", ".txt"):
        yield "", path.read_text("utf-8", errors="replace")


def _plain(text: str) -> str:
    return " ".join(text.split())


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text))


def _is_telling(item: str) -> bool:
    """Whether an item names somebody: a short number, such as an id of three digits, is on any page."""
    return len(item) > 2 and not (item.isdigit() and len(item) < 6)
