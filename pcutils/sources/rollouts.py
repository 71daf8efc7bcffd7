"""The paper's public rollouts: samples of three of its models, as JSON lists of [text, username, title]."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pcutils.errors import DataError, TraceError
from pcutils.progress import track
from pcutils.sources.quarantine import Quarantined
from pcutils.trace import Trace, parse_trace

ROLLOUT_VARIANTS = {"trace": "all", "synthetic": "synthetic", "last": "last"}
"""Name of a variant in this project: how the published files call it."""

_FILE_NAME = re.compile(r"(all|synthetic|last)_(.+?)(?:\.json)?(?:\.gz)?")


def rollout_files(path: str | Path, variant: str = "trace") -> dict[str, Path]:
    """Find the published files of one variant.

    Parameters
    ----------
    path : str or pathlib.Path
        The folder that holds them, plain or gzipped, with or without ``.json``; or one file.
    variant : {"trace", "synthetic", "last"}
        Which model's samples.

    Returns
    -------
    dict of str to pathlib.Path
        Title to file, sorted by title.

    Raises
    ------
    pcutils.errors.DataError
        If the variant is unknown, there is no such folder, or no such file in it.
    """
    if variant not in ROLLOUT_VARIANTS:
        raise DataError(repr(variant), "one of " + ", ".join(ROLLOUT_VARIANTS), field="variant")
    folder = Path(path)
    if not folder.exists():
        hint = "Give the folder of the published rollouts as `path`."
        raise DataError("no such file or folder", "a folder of rollouts", file=str(folder), hint=hint)
    found = {}
    for file in sorted([folder] if folder.is_file() else folder.iterdir()):
        match = _FILE_NAME.fullmatch(file.name)
        if match and match[1] == ROLLOUT_VARIANTS[variant]:
            found[match[2]] = file
    if not found:
        expected = f"files named {ROLLOUT_VARIANTS[variant]}_TITLE.json or ... .json.gz"
        raise DataError("no rollouts of this variant", expected, file=str(folder), field="variant")
    return dict(sorted(found.items()))


def read_rows(file: Path) -> list[Any]:
    """Read one file of rollouts.

    Parameters
    ----------
    file : pathlib.Path
        JSON, gzipped or not; told apart by the first bytes, not by the name.

    Returns
    -------
    list
        The rows as they are; each should be ``[text, username, title]``.

    Raises
    ------
    pcutils.errors.DataError
        If the file cannot be unpacked, is no JSON, or is no JSON list.
    """
    raw = file.read_bytes()
    try:
        text = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
        rows = json.loads(text)
    except (OSError, EOFError, zlib.error) as error:
        hint = "Fetch it again."
        raise DataError("a broken gzip file", "a whole one", file=file.name, hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise DataError("text that is no JSON", "a JSON list of rollouts", file=file.name) from error
    if not isinstance(rows, list):
        raise DataError(f"a JSON {type(rows).__name__}", "a JSON list of rollouts", file=file.name)
    return rows


def read_row(row: Any, *, file: str, number: int) -> Trace | Quarantined:
    """Turn one row of a file into a trace, or say why not.

    Parameters
    ----------
    row : object
        Should be ``[text, username, title]``, all texts.
    file : str
        Name of the file.
    number : int
        Place of the row in the file, from 0.

    Returns
    -------
    Trace or Quarantined
        The trace has the title and the username of the row, whatever its text says.
    """

    def aside(field: str, found: str, expected: str) -> Quarantined:
        return Quarantined("rollouts", file, number, field, found, expected)

    if not isinstance(row, list) or len(row) != 3:
        size = f" of {len(row)}" if isinstance(row, list) else ""
        return aside("row", f"a {type(row).__name__}{size}", "a list of text, username and title")
    for field, value in zip(("text", "username", "title"), row, strict=True):
        if not isinstance(value, str) or (field != "text" and not value):
            return aside(field, "an empty text" if value == "" else f"a {type(value).__name__}", "a text")
        if _has_lone_surrogate(value):
            return aside(field, "half a character (a lone surrogate)", "text that UTF-8 can hold")
    text, username, title = row
    try:
        trace = parse_trace(text, username=username, title=title)
    except TraceError as error:
        return aside(error.field or "text", error.found, error.expected)
    if not trace.programs:
        return aside("programs", "no complete state", "at least one")
    return trace


def _has_lone_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text) if not text.isascii() else False


def _rows_of(files: dict[str, Path]) -> Iterator[tuple[str, int, Any]]:
    for file in track(files.values(), label="Reading rollouts", unit="files"):
        for number, row in enumerate(read_rows(file)):
            yield file.name, number, row


def stream_rollouts(
    *,
    path: str | Path,
    titles: int | Sequence[str] | None = None,
    variant: str = "trace",
    students: int | None = None,
) -> Iterator[Trace | Quarantined]:
    """Go through published rollouts, one file in memory at a time.

    Parameters
    ----------
    path : str or pathlib.Path
        The folder that holds them, or one file.
    titles : int or sequence of str, optional
        How many (the first in alphabetical order) or which; all if not given.
    variant : {"trace", "synthetic", "last"}
        Which model's samples.
    students : int, optional
        Keep only that many students: those with the most titles, ties by username. The files are read twice
        then.

    Yields
    ------
    Trace or Quarantined
        By file and row; a (student, title) pair has several traces, as it was sampled several times. Not all
        students have all titles. Rows that hold no complete state or cannot be read are kept aside.

    Raises
    ------
    pcutils.errors.DataError
        If a file or a title is missing, or a file is no JSON list.
    """
    files = _chosen(rollout_files(path, variant), titles, folder=str(path))
    kept = None if students is None else _students_with_most_titles(files, students)
    for result in _results(files):
        if isinstance(result, Quarantined) or kept is None or result.username in kept:
            yield result


def _results(files: dict[str, Path]) -> Iterator[Trace | Quarantined]:
    for file, number, row in _rows_of(files):
        yield read_row(row, file=file, number=number)


def _chosen(files: dict[str, Path], titles: int | Sequence[str] | None, *, folder: str) -> dict[str, Path]:
    if titles is None:
        return files
    if isinstance(titles, int):
        if not 1 <= titles <= len(files):
            raise DataError(repr(titles), f"a number from 1 to {len(files)}", file=folder, field="titles")
        return dict(list(files.items())[:titles])
    if isinstance(titles, str) or not titles:
        raise DataError(repr(titles), f"a list with some of {list(files)}", file=folder, field="titles")
    missing = sorted(set(titles) - set(files))
    if missing:
        raise DataError(f"no {missing}", f"some of {list(files)}", file=folder, field="titles")
    return {title: files[title] for title in files if title in set(titles)}


def _students_with_most_titles(files: dict[str, Path], students: int) -> set[str]:
    if students < 1:
        raise DataError(repr(students), "a number from 1 on", field="students")
    pairs = {(str(one.username), one.title) for one in _results(files) if not isinstance(one, Quarantined)}
    titles = Counter(username for username, _ in pairs)
    return set(sorted(titles, key=lambda username: (-titles[username], username))[:students])
