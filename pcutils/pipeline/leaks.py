"""Search pages for what must not be on them: students' lines, user names and personal data."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from pcutils.privacy import find_personal_data

#: A line of a program is a leak from this length on, in characters; shorter ones everybody writes.
SHORTEST_LINE = 16
#: A shorter user name or name would be found inside any text.
SHORTEST_NAME = 3
_SPOKEN = frozenset(("alt", "title", "aria-label", "content", "value", "placeholder", "label"))
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Leak:
    """One place of a page that shows what it must not.

    Parameters
    ----------
    file : str
        The page.
    place : str
        Where on it; empty where that is not known.
    kind : {"line", "username", "personal"}
        What was found; the text itself is not repeated.
    count : int
        How many different ones.
    """

    file: str
    place: str
    kind: str
    count: int

    def __str__(self) -> str:
        words = {"line": "lines of students' programs", "username": "user names", "personal": "personal data"}
        where = f"{self.file}, {self.place}" if self.place else self.file
        return f"{where}: {words[self.kind]} ({self.count})"


class Secrets:
    """What students wrote and are called, ready to be looked for in pages.

    Parameters
    ----------
    rows : iterable of mapping
        Rows of a table of traces, with `username` and `programs`.
    public : str
        Text that everybody can read already, such as the pages of the book as they are in the repository:
        what is in it is no secret.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]], public: str = "") -> None:
        self.usernames: set[str] = set()
        lines: set[str] = set()
        personal: set[str] = set()
        seen: set[bytes] = set()
        for row in rows:
            self.usernames.add(str(row["username"]))
            for program in row["programs"]:
                digest = blake2b(program.encode("utf-8", "surrogatepass"), digest_size=16).digest()
                if digest not in seen:
                    seen.add(digest)
                    lines.update(_long_lines(program))
                    personal.update(_personal(program))
        self.students = len(self.usernames)
        known = _plain(public)
        self._lines = _by_start(lines, SHORTEST_LINE, known)
        self._names = _by_start(self.usernames, SHORTEST_NAME, known)
        self._personal = _by_start(personal, SHORTEST_NAME, known)

    def in_text(self, text: str) -> dict[str, int]:
        """Count the different secrets in a text.

        Parameters
        ----------
        text : str
            Plain text; for pages see :func:`visible_text`.

        Returns
        -------
        dict of str to int
            `line`, `username` and `personal`, those that occur. A user name or a personal item counts only
            as a word of its own.
        """
        plain = _plain(text)
        found = {
            "line": len(_found(plain, self._lines, SHORTEST_LINE, whole_words=False)),
            "username": len(_found(plain, self._names, SHORTEST_NAME, whole_words=True)),
            "personal": len(_found(plain, self._personal, SHORTEST_NAME, whole_words=True)),
        }
        return {kind: count for kind, count in found.items() if count}


def _long_lines(program: str) -> Iterator[str]:
    """Lines that are a leak; short ones everybody writes."""
    plain = map(_plain, program.splitlines())
    return (line for line in plain if len(line) >= SHORTEST_LINE)


def _personal(program: str) -> Iterator[str]:
    return (_plain(program[found.start : found.end]) for found in find_personal_data(program))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _by_start(items: Iterable[str], shortest: int, known: str) -> dict[str, list[str]]:
    starts: dict[str, list[str]] = defaultdict(list)
    for item in sorted(items):
        if len(item) >= shortest and not _is_known(item, known):
            starts[item[:shortest]].append(item)
    return dict(starts)


def _is_known(item: str, known: str) -> bool:
    """Whether a text holds an item, and not merely inside a longer word."""
    return item in known and re.search(rf"(?<!\w){re.escape(item)}(?!\w)", known) is not None


def _found(text: str, starts: Mapping[str, list[str]], size: int, *, whole_words: bool) -> set[str]:
    places = (match.start() for match in _WORD.finditer(text)) if whole_words else range(len(text) - size + 1)
    found: set[str] = set()
    for place in places if starts else ():
        for item in starts.get(text[place : place + size], ()):
            end = place + len(item)
            if text.startswith(item, place) and not (whole_words and text[end : end + 1].isalnum()):
                found.add(item)
    return found


def visible_text(html: str) -> str:
    """Read what a page shows, says or carries.

    Parameters
    ----------
    html : str
        A page or a part of one.

    Returns
    -------
    str
        Its text, the attributes that are read aloud, and the strings inside scripts that hold data. All of it
        comes twice: joined, because a line may be marked up in its middle, and with a blank at every tag,
        because words of neighbouring elements are not one word.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "".join(reader.pieces) + "\n" + " ".join(reader.pieces)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._data: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "script" and "json" in (values.get("type") or ""):
            self._data = []
        for name, value in attrs:
            if value and (name in _SPOKEN or name.startswith("data-")):
                self.pieces.append(f" {value} ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._data is not None:
            content, self._data = "".join(self._data), None
            self.pieces.append(f" {_strings(content)} ")

    def handle_data(self, data: str) -> None:
        (self.pieces if self._data is None else self._data).append(data)

    def handle_comment(self, data: str) -> None:
        self.pieces.append(f" {data} ")


def _strings(content: str) -> str:
    try:
        waiting = [json.loads(content)]
    except ValueError:
        return content
    pieces: list[str] = []
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif isinstance(item, dict):
            waiting += [*item.values(), *item.keys()][::-1]
        elif isinstance(item, list):
            waiting += item[::-1]
    return visible_text("".join(pieces)) if pieces else ""


def leaks_of_notebook(path: Path, secrets: Secrets) -> list[Leak]:
    """Search the outputs of an executed notebook.

    Parameters
    ----------
    path : pathlib.Path
        The notebook.
    secrets : Secrets
        What to look for.

    Returns
    -------
    list of Leak
        The place names the cell.
    """
    leaks = []
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        text = "\n".join(_output_texts(cell))
        place = f"cell {cell.get('id', number)}"
        leaks += [Leak(path.name, place, kind, count) for kind, count in secrets.in_text(text).items()]
    return leaks


def _output_texts(cell: Mapping[str, Any]) -> Iterator[str]:
    for output in cell.get("outputs", []):
        yield _joined(output.get("text", ""))
        yield _joined(output.get("traceback", ""))
        yield f"{output.get('ename', '')} {output.get('evalue', '')}"
        for kind, content in output.get("data", {}).items():
            text = json.dumps(content) if isinstance(content, dict) else _joined(content)
            if kind in ("text/html", "image/svg+xml", "text/markdown"):
                yield visible_text(text)
            if kind.startswith("text/") or kind.endswith("json"):
                yield "" if kind == "text/html" else text


def _joined(text: Any) -> str:
    return text if isinstance(text, str) else "".join(map(str, text))


def leaks_of_folder(folder: Path, secrets: Secrets) -> list[Leak]:
    """Search rendered pages, pictures and notebooks.

    Parameters
    ----------
    folder : pathlib.Path
        Every ``.html``, ``.svg``, ``.ipynb``, ``.md`` and ``.txt`` file in it, at any depth, is read, and the
        index that the book is searched by.
    secrets : Secrets
        What to look for.

    Returns
    -------
    list of Leak
        By file.
    """
    leaks = []
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".ipynb":
            found = leaks_of_notebook(path, secrets)
            leaks += [Leak(name, leak.place, leak.kind, leak.count) for leak in found]
        elif path.suffix in (".html", ".svg", ".md", ".txt") or path.name == "searchindex.js":
            text = path.read_text(encoding="utf-8", errors="replace")
            shown = visible_text(text) if path.suffix in (".html", ".svg") else text
            leaks += [Leak(name, "", kind, count) for kind, count in secrets.in_text(shown).items()]
    return leaks
