"""The code states of a ProgSnap2 data set: in a table, wherever it stands, or in a folder of files."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from pcutils.errors import DataError
from pcutils.sources.progsnap2.folder import CODE_STATE_TABLES, CODE_STATES
from pcutils.sources.progsnap2.tables import LONGEST_CELL, SOURCE, Table
from pcutils.sources.quarantine import Quarantined


class NoCode(NamedTuple):
    """Why an event has no program: what was found and what was expected."""

    found: str
    expected: str


File = TypeVar("File")

_MISSING = NoCode("an ID without a code state", "an ID that the code states have")
_AMBIGUOUS = NoCode("an ID of two different code states", "one code state an ID")


class CodeStates(ABC):
    """The programs that events point to.

    Attributes
    ----------
    quarantined : list of Quarantined
        Rows of the table of code states that could not be used.
    """

    quarantined: list[Quarantined]

    def program(self, code_state: str, subject: str) -> str | NoCode:
        """Give the program of an event.

        Parameters
        ----------
        code_state, subject : str
            The event's ``CodeStateID`` and ``SubjectID``. ``"12.0"`` finds ``"12"``: tools write whole
            numbers so in columns with gaps.

        Returns
        -------
        str or NoCode
            Its text, exactly as it is; ``"None"`` and ``"nan"`` are programs like any other, and an empty
            one is an empty program.
        """
        found = self._program(code_state, subject)
        whole, point, rest = code_state.partition(".")
        if found is _MISSING and point and whole.isdecimal() and not rest.strip("0"):
            return self._program(whole, subject)
        return found

    @abstractmethod
    def _program(self, code_state: str, subject: str) -> str | NoCode: ...


class CodeStateTable(CodeStates):
    """Code states in a CSV table.

    Parameters
    ----------
    path : pathlib.Path
        The file, with the columns ``CodeStateID``, ``Code`` and, where a state has several files,
        ``CodeStateSection``.
    name : str
        What to call it in messages.
    section : str, optional
        Which file of a state is the program; needed where states have several.

    Raises
    ------
    pcutils.errors.DataError
        If it is no such table.
    """

    def __init__(self, path: Path, name: str, section: str | None = None) -> None:
        self.quarantined = []
        self._files: dict[str, dict[str, str | None]] = {}
        self._section = section
        for row in Table(path, name, ("CodeStateID", "Code")).rows():
            if isinstance(row, Quarantined):
                self.quarantined.append(row)
            else:
                self._add(name, row.number, row.cells)

    def _add(self, name: str, number: int, cells: dict[str, str]) -> None:
        code_state, code = cells["CodeStateID"], cells["Code"]
        if not code_state:
            aside = Quarantined(SOURCE, name, number, "CodeStateID", "an empty text", "an ID")
            self.quarantined.append(aside)
            return
        files = self._files.setdefault(code_state, {})
        if files.setdefault(cells.get("CodeStateSection", ""), code) != code:
            files[cells.get("CodeStateSection", "")] = None
            self.quarantined.append(Quarantined(SOURCE, name, number, "CodeStateID", *_AMBIGUOUS))

    def _program(self, code_state: str, subject: str) -> str | NoCode:
        files = self._files.get(code_state)
        if files is None:
            return _MISSING
        code = next(iter(files.values())) if set(files) == {""} else _chosen(files, self._section)
        return _AMBIGUOUS if code is None else code


class CodeStateFolder(CodeStates):
    """Code states in files: ``ID/FILES``, ``SUBJECT/ID/FILES`` or ``ID.EXT`` in the folder ``CodeStates``.

    Parameters
    ----------
    folder : pathlib.Path
        The folder ``CodeStates``.
    section : str, optional
        As for :class:`CodeStateTable`: the path of the program in the folder of a state.

    Notes
    -----
    An ID is only ever compared with the names that are there, and links are not followed, so that no ID leads
    out of the folder.
    """

    def __init__(self, folder: Path, section: str | None = None) -> None:
        self.quarantined = []
        self._folder, self._section = folder, section
        self._entries = lru_cache(maxsize=1024)(_entries)

    def _program(self, code_state: str, subject: str) -> str | NoCode:
        top = self._entries(self._folder)
        inner = top.get(subject)
        place = self._entries(inner).get(code_state) if inner else None
        place = place if place and place.is_dir() else top.get(code_state)
        if place is None:
            return _MISSING
        if place.is_file():
            return _read(place)
        files = dict(_files(place))
        file = _chosen(files, self._section) if files else NoCode("an empty folder", "a program in a file")
        return file if isinstance(file, NoCode) else _read(file)


def find_code_states(
    folder: Path, *, representation: str, place: str | None = None, section: str | None = None
) -> CodeStates:
    """Find the code states of a data set.

    Parameters
    ----------
    folder : pathlib.Path
        The data set.
    representation : str
        The metadata property of that name; decides where both a table and files are there.
    place : str, optional
        Path of the table or folder within the data set; found by itself if not given.
    section : str, optional
        Which file of a state is the program; needed where states have several.

    Returns
    -------
    CodeStates
        In the table at one of :data:`pcutils.sources.progsnap2.folder.CODE_STATE_TABLES`, or in the folder
        ``CodeStates``.

    Raises
    ------
    pcutils.errors.DataError
        If there is none, or several tables that differ, or the states are kept in a way we cannot read.
    """
    if place is not None:
        if (folder / place).is_dir():
            return CodeStateFolder(folder / place, section)
        return CodeStateTable(folder / place, place, section)
    tables = [name for name in CODE_STATE_TABLES if (folder / name).is_file()]
    files = folder / CODE_STATES
    others = files.is_dir() and any(f"{CODE_STATES}/{entry.name}" not in tables for entry in files.iterdir())
    if others and (representation == "Directory" or not tables):
        return CodeStateFolder(files, section)
    if len({(folder / name).read_bytes() for name in tables}) > 1:
        hint = "Say with the option `code_states` which one holds."
        raise DataError("different tables " + " and ".join(tables), "one", file=str(folder), hint=hint)
    if tables:
        return CodeStateTable(folder / tables[0], tables[0], section)
    found = f"no code states (the metadata say {representation})"
    raise DataError(found, f"{' or '.join(CODE_STATE_TABLES)} or files in {CODE_STATES}/", file=str(folder))


def _chosen(files: Mapping[str, File], section: str | None) -> File | NoCode:
    """Choose the file that is the program."""
    if len(files) == 1 and section is None:
        return next(iter(files.values()))
    if section is None:
        return NoCode(f"a code state of {len(files)} files", "one, or the option `section` to say which")
    if section in files:
        return files[section]
    return NoCode("a code state without the file that `section` names", "one with it")


def _entries(folder: Path) -> dict[str, Path]:
    """Give what is in a folder by name, and files also by name without ending where only one has it."""
    if not folder.is_dir():
        return {}
    found = {entry.name: Path(entry.path) for entry in os.scandir(folder) if not entry.is_symlink()}
    stems: dict[str, list[Path]] = {}
    for name, path in found.items():
        if "." in name and path.is_file():
            stems.setdefault(name.rpartition(".")[0], []).append(path)
    return {stem: paths[0] for stem, paths in stems.items() if len(paths) == 1} | found


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for name in sorted(os.listdir(folder)):
        path = folder / name
        if path.is_symlink():
            continue
        if path.is_dir():
            yield from ((f"{name}/{inner}", file) for inner, file in _files(path))
        elif path.is_file():
            yield name, path


def _read(file: Path) -> str | NoCode:
    if file.stat().st_size > 4 * LONGEST_CELL:
        return NoCode("a file that is too long for a program", f"at most {LONGEST_CELL} characters")
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return NoCode("a file with bytes that are no UTF-8", "a program in UTF-8")
