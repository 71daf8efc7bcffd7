"""The paper's public rollouts: samples of three of its models, as JSON lists of [text, username, title]."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pcutils.data.rows import NO_UTF8, Item, Problem, Record, RejectedRow, is_utf8, kind_of
from pcutils.data.sources import Count, FilePath, SourceOptions, source
from pcutils.errors import DataError, TraceError, track
from pcutils.trace import parse_trace

ROLLOUT_VARIANTS = {"trace": "all", "synthetic": "synthetic", "last": "last"}
"""Name of a variant in this project: what the published files call it."""

_FILE_NAME = re.compile(r"(all|synthetic|last)_([^.]+)(?:\.json)?(?:\.gz)?")


class RolloutsOptions(SourceOptions):
    """The paper's public rollouts, in a folder or in one file."""

    source: Literal["rollouts"] = "rollouts"
    path: FilePath
    titles: Count | list[str] | None = None  # how many (the first in alphabetical order) or which
    variant: Literal["trace", "synthetic", "last"] = "trace"  # the model that they were sampled from


def rollout_files(path: FilePath, variant: str = "trace") -> dict[str, Path]:
    """Find the published files of one variant, by title."""
    folder = Path(path)
    if not folder.exists():
        hint = "Give the folder of the published rollouts as `path`; `pcutils fetch rollouts` fills one."
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


def _recognise(path: Path) -> dict[str, Any] | None:
    match = _FILE_NAME.fullmatch(path.name)
    names = {published: name for name, published in ROLLOUT_VARIANTS.items()}
    return {"path": path, "variant": names[match[1]]} if match and path.is_file() else None


@source(RolloutsOptions, label="rollouts", recognise=_recognise, sampled=True)
def read(options: RolloutsOptions) -> Iterator[Item]:
    """Go through published rollouts, one file in memory at a time; a student has a title several times."""
    files = _chosen(rollout_files(options.path, options.variant), options.titles, folder=str(options.path))
    for file in track(files.values(), label="Reading rollouts", unit="files"):
        for number, row in enumerate(_rows_of(file)):
            problem = _problem(row)
            try:
                if problem is None:
                    trace = parse_trace(row[0], username=row[1], title=row[2])
                    yield Record(trace, file=file.name, row=number)
            except TraceError as error:
                problem = error.field or "text", error.found, error.expected
            if problem is not None:
                yield RejectedRow(file.name, number, *problem)


def _rows_of(file: Path) -> list[Any]:
    """Read one file, gzipped or not, told apart by the first bytes."""
    raw = file.read_bytes()
    expected = "a JSON list of rollouts, gzipped or not"
    try:
        rows = json.loads(gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError("a damaged gzip file", expected, file=file.name, hint="Fetch it again.") from error
    except (ValueError, RecursionError) as error:
        raise DataError("text that is no JSON", expected, file=file.name) from error
    if not isinstance(rows, list):
        raise DataError(f"a JSON {type(rows).__name__}", expected, file=file.name)
    return rows


def _problem(row: Any) -> Problem | None:
    if not isinstance(row, list) or len(row) != 3:
        size = f" of {len(row)}" if isinstance(row, list) else ""
        return "row", kind_of(row) + size, "a list of text, username and title"
    for field, value in zip(("text", "username", "title"), row, strict=True):
        if not isinstance(value, str):
            return field, kind_of(value), "a text"
        if not is_utf8(value):
            return field, NO_UTF8, "text that UTF-8 can hold"
    return None


def _chosen(files: dict[str, Path], titles: int | Sequence[str] | None, *, folder: str) -> dict[str, Path]:
    if titles is None:
        return files
    if isinstance(titles, int):
        if titles > len(files):
            raise DataError(repr(titles), f"a number from 1 to {len(files)}", file=folder, field="titles")
        return dict(list(files.items())[:titles])
    missing = sorted(set(titles) - set(files))
    if missing or not titles:
        found = f"no {missing}" if missing else "an empty list"
        raise DataError(found, f"some of {list(files)}", file=folder, field="titles")
    return {title: files[title] for title in files if title in set(titles)}
