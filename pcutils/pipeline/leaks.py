"""Search pages for what must not be on them: students' lines, user names and personal data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from pcutils.pipeline.concealed import Secrets

__all__ = ["Leak", "Secrets", "leaks_of_folder", "leaks_of_notebook", "visible_text"]

_SPOKEN = frozenset(("alt", "title", "aria-label", "content", "value", "placeholder", "label"))


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
    return _leaks(path.name, _texts(path), secrets)


def _leaks(name: str, texts: Iterable[tuple[str, str]], secrets: Secrets) -> list[Leak]:
    found = ((place, secrets.in_text(text)) for place, text in texts)
    return [Leak(name, place, kind, count) for place, counts in found for kind, count in counts.items()]


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """Read what a file shows, by place."""
    if path.suffix == ".ipynb":
        for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
            yield f"cell {cell.get('id', number)}", "\n".join(_output_texts(cell))
    elif path.suffix in (".html", ".svg", ".md", ".txt") or path.name == "searchindex.js":
        text = path.read_text(encoding="utf-8", errors="replace")
        yield "", visible_text(text) if path.suffix in (".html", ".svg") else text


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
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    secrets.look_up(text for path in paths for _, text in _texts(path))
    named = ((path.relative_to(folder).as_posix(), path) for path in paths)
    return [leak for name, path in named for leak in _leaks(name, _texts(path), secrets)]
