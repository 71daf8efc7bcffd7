"""Recognise what a file of traces is, by its name and its first lines."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from pcutils.sources.log_lines import LINE

Shape = Literal["table", "hub", "rollouts", "logs", "progsnap2"]

SHAPES: dict[Shape, str] = {
    "table": "a table of traces",
    "hub": "traces in the shape of the hub",
    "rollouts": "rollouts",
    "logs": "server logs",
    "progsnap2": "a ProgSnap2 data set",
}
"""What each is called."""

_ONLY_IN_TABLE = {"is_complete", "source"}
_HEAD_BYTES = 1 << 20
_HEAD_LINES = 50


def shape_of(file: Path) -> Shape | None:
    """Tell what a file is.

    Parameters
    ----------
    file : pathlib.Path
        Any file.

    Returns
    -------
    str or None
        A key of :data:`SHAPES`; None where it looks like nothing that we read.

    Notes
    -----
    Parquet and JSON lines are a table of traces where they have one of its columns ``is_complete`` and
    ``source``, else they have the shape of the hub if they have ``programs``. A file is a log if one of its
    first lines has the form of a run of a program, whatever its name.
    """
    if file.name.endswith(".parquet"):
        return _shape_of_columns(_parquet_columns(file))
    lines = _first_lines(file)
    if file.name.endswith((".jsonl", ".jsonl.gz")):
        return _shape_of_columns(_json_columns(lines))
    if file.name.endswith((".json", ".json.gz")) or (lines and lines[0].lstrip().startswith(b"[")):
        return "rollouts"
    pattern = re.compile(LINE)
    is_log = any(pattern.fullmatch(line.decode("utf-8", "replace").rstrip("\r\n")) for line in lines)
    return "logs" if is_log else None


def _shape_of_columns(columns: Iterable[str]) -> Shape:
    names = set(columns)
    return "hub" if "programs" in names and not names & _ONLY_IN_TABLE else "table"


def _parquet_columns(file: Path) -> list[str]:
    try:
        return pq.read_schema(file).names
    except (pa.ArrowException, OSError):
        return []


def _json_columns(lines: Iterable[bytes]) -> list[str]:
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            return list(record)
    return []


def _first_lines(file: Path) -> list[bytes]:
    """Give the first lines, unpacked; as many as can be read."""
    lines: list[bytes] = []
    try:
        with file.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(file, "rb") if packed else file.open("rb") as stream:
            while len(lines) < _HEAD_LINES and (line := stream.readline(_HEAD_BYTES)):
                lines.append(line)
    except (OSError, EOFError, zlib.error):
        pass
    return lines
