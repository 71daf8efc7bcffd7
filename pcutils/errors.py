"""The errors a user of this project can meet, and what each of them says."""

from __future__ import annotations


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
