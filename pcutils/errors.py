"""The errors a user of this project can meet, and small helpers that every package uses."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from pathlib import Path

    from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10.0
_LINE = "{desc}: {percentage:3.0f} %, {n_fmt} of {total_fmt} {unit}, {elapsed} elapsed, {remaining} left"


class PcutilsError(Exception):
    """Base of every error that this project raises on purpose."""


class DataError(PcutilsError):
    """A file, a row or a field is not what it should be.

    Parameters
    ----------
    found : str
        What is there, shortened where it is long; never a student's program.
    expected : str
        What should be there.
    file, row, field : str or int, optional
        Where it is; `row` counts from 0.
    hint : str, optional
        What to do next.

    Examples
    --------
    >>> print(DataError("an empty list", "at least one state", file="a.parquet", row=3, field="programs"))
    a.parquet, row 3, field 'programs': found an empty list, expected at least one state.
    """

    def __init__(
        self,
        found: str,
        expected: str,
        *,
        file: str | None = None,
        row: int | None = None,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.found, self.expected = found, expected
        self.file, self.row, self.field, self.hint = file, row, field, hint
        super().__init__(self._message())

    def _message(self) -> str:
        place = [self.file] if self.file else []
        place += [f"row {self.row}"] if self.row is not None else []
        place += [f"field {self.field!r}"] if self.field else []
        where = ", ".join(place) + ": " if place else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{where}found {self.found}, expected {self.expected}.{hint}"


class TraceError(DataError):
    """A trace cannot be read, written or measured."""


class ProfileError(PcutilsError):
    """A profile, a `--set` option or a notebook's parameter is unknown or of the wrong type."""


class ExecutionError(PcutilsError):
    """The machinery that runs student programs failed; a program's own failure is a result, not an error."""


class ModelError(PcutilsError):
    """A model cannot be trained, loaded or asked for what was asked."""


class RunError(PcutilsError):
    """A run of the book failed or lacks a file that an earlier step writes."""


class _Lines:
    """A stream that turns tqdm's carriage returns into lines."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        """Write one line, unless it is blank."""
        line = text.strip("\r\n ")
        if line:
            self.stream.write(line + "\n")

    def flush(self) -> None:
        """Flush the stream."""
        self.stream.flush()


def track(
    items: Iterable[Any] | None = None,
    *,
    label: str,
    total: int | None = None,
    unit: str = "items",
    enabled: bool = True,
) -> tqdm:
    """Show the progress of a long step: a bar at a terminal, otherwise a line every ten seconds.

    Without `items`, call ``update(n)`` on the result. ``PCUTILS_PROGRESS=lines`` asks for lines everywhere.
    """
    from tqdm import tqdm

    if sys.stderr.isatty() and os.environ.get("PCUTILS_PROGRESS") != "lines":
        return tqdm(items, desc=label, total=total, unit=f" {unit}", disable=not enabled, leave=False)
    lines: Any = _Lines(sys.stderr)
    settings = {"bar_format": _LINE, "mininterval": SECONDS_BETWEEN_LINES, "miniters": 1, "file": lines}
    return tqdm(items, desc=label, total=total, unit=unit, disable=not enabled, **settings)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that replaces it if the block succeeds, and is removed if not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package whose names are imported from their modules on first use."""

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return get
