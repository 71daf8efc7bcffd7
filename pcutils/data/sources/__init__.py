"""The registry of sources: every module of this package registers one; a new source is a new module.

A source is a pydantic model of its options and a decorated function that yields traces and rejected rows; the
book's how-to has one of nine lines. Profiles (``data:``) and :func:`pcutils.data.load` take its options.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from pcutils.data.rows import Item
from pcutils.errors import DataError

MOST_SHARDS = 500
"""All are written side by side, and a system keeps only so many files open."""

FilePath = str | Path
Count = Annotated[int, Field(ge=1)]


class Secret(BaseModel):
    """Where a secret is: in a file or a variable of the environment; a profile never holds it itself."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    file: str | None = None
    variable: str | None = None
    _value: str | bytes | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _one_place(self) -> Secret:
        if self._value is None and (self.file is None) == (self.variable is None):
            raise ValueError("one of `file` and `variable`")
        return self

    @classmethod
    def of(cls, value: str | bytes) -> Secret:
        """Wrap a secret that a caller holds in memory."""
        secret = cls.model_construct()
        secret._value = value
        return secret

    def value(self, root: Path = Path()) -> str | bytes:
        """Read the secret; a relative file is relative to `root`."""
        if self._value is not None:
            return self._value
        expected = "a text file or an environment variable that holds the secret"
        if self.file is not None:
            place = str(root / Path(self.file).expanduser())
            try:
                found = Path(place).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise DataError("a file that cannot be read", expected, file=place) from error
        else:
            place, found = f"environment variable {self.variable}", os.environ.get(self.variable or "", "")
        if not found.strip():
            raise DataError("nothing", expected, file=place)
        return found.strip()


class SourceOptions(BaseModel):
    """Options that every source has; each adds its own and its name."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)
    secrets: ClassVar = frozenset({"key", "token"})
    source: str  # a Literal with the name as its default in every subclass
    shards: Annotated[int, Field(ge=1, le=MOST_SHARDS)] = 1  # of the table of a run; each has whole students
    max_rejected: Annotated[float, Field(ge=0, le=1)] = 0.2  # share of rejected rows above which a run stops

    def located(self, root: Path) -> SourceOptions:
        """Give the options with absolute paths and with secrets read, relative to `root`."""
        update: dict[str, Any] = {}
        for name, value in self:
            if isinstance(value, Secret):
                update[name] = Secret.of(value.value(root))
            elif name == "path" and value is not None:
                update[name] = str(root / Path(value).expanduser())
        return self.model_copy(update=update)


Read = Callable[[Any], Iterator[Item]]
Recognise = Callable[[Path], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Source:
    """One place where traces come from; `recognise` gives the options with which to read a path of it."""

    name: str
    label: str
    options: type[SourceOptions]
    read: Read
    recognise: Recognise
    sampled: bool  # whether equal traces and times out of order are no fault


SOURCES: dict[str, Source] = {}


def source(
    options: type[SourceOptions],
    *,
    label: str,
    recognise: Recognise = lambda path: None,
    sampled: bool = False,
) -> Callable[[Read], Read]:
    """Register the function that reads a source; its name is the default of the options' field `source`."""
    name = options.model_fields["source"].default

    def register(read: Read) -> Read:
        SOURCES[name] = Source(name, label, options, read, recognise, sampled)
        return read

    return register


for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
