"""The code states of a ProgSnap2 data set: in a table, wherever it stands, or in a folder of files."""

from __future__ import annotations

import filecmp
import os
import sqlite3
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
Code = int | str
"""Where a program is: a row of the table of code states, or the path of a file."""

_MISSING = NoCode("an ID without a code state", "an ID that the code states have")
_AMBIGUOUS = NoCode("an ID of two different code states", "one code state an ID")


class CodeStates(ABC):
    """The programs that events point to."""

    @abstractmethod
    def read(self, database: sqlite3.Connection) -> Iterator[Quarantined]:
        """Get ready to find programs.

        Parameters
        ----------
        database : sqlite3.Connection
            From :func:`pcutils.sources.progsnap2.scratch.scratch_database`; for as long as programs are
            looked for.

        Yields
        ------
        Quarantined
            Rows of the table of code states that cannot be used.
        """

    @abstractmethod
    def text(self, code: Code) -> str:
        """Give the program that :meth:`find` found, exactly as it is.

        ``"None"`` and ``"nan"`` are programs like any other, and an empty one is an empty program.
        """

    def find(self, code_state: str, subject: str) -> Code | NoCode:
        """Find the program of an event.

        Parameters
        ----------
        code_state, subject : str
            The event's ``CodeStateID`` and ``SubjectID``. ``"12.0"`` finds ``"12"``: tools write whole
            numbers so in columns with gaps.

        Returns
        -------
        Code or NoCode
            Where its text is, for :meth:`text`.
        """
        found = self._find(code_state, subject)
        whole, point, rest = code_state.partition(".")
        if found is _MISSING and point and whole.isdecimal() and not rest.strip("0"):
            return self._find(whole, subject)
        return found

    @abstractmethod
    def _find(self, code_state: str, subject: str) -> Code | NoCode: ...


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
        self._table, self._section = Table(path, name, ("CodeStateID", "Code")), section

    def read(self, database: sqlite3.Connection) -> Iterator[Quarantined]:
        """Copy the table into a database, so that it need not fit into memory."""
        self._database = database
        database.execute("CREATE TABLE code (state TEXT, section TEXT, program TEXT)")
        database.execute("CREATE UNIQUE INDEX of_state ON code (state, section)")
        for row in self._table.rows():
            if isinstance(row, Quarantined):
                yield row
                continue
            problem = self._problem(row.cells)
            if problem is not None:
                yield Quarantined(SOURCE, self._table.name, row.number, "CodeStateID", *problem)

    def _problem(self, cells: dict[str, str]) -> NoCode | None:
        """Add a row; a second one of the same file of the same state must say the same."""
        code_state, section, code = cells["CodeStateID"], cells.get("CodeStateSection", ""), cells["Code"]
        if not code_state:
            return NoCode("an empty text", "an ID")
        added = self._database.execute(
            "INSERT OR IGNORE INTO code VALUES (?, ?, ?)", (code_state, section, code)
        )
        if added.rowcount:
            return None
        [[row, known]] = self._database.execute(
            "SELECT rowid, program FROM code WHERE state = ? AND section = ?", (code_state, section)
        )
        if known == code:
            return None
        self._database.execute("UPDATE code SET program = NULL WHERE rowid = ?", (row,))
        return _AMBIGUOUS

    def text(self, code: Code) -> str:
        """Give the program of a row."""
        [[program]] = self._database.execute("SELECT program FROM code WHERE rowid = ?", (code,))
        return str(program)

    def _find(self, code_state: str, subject: str) -> Code | NoCode:
        found = self._database.execute(
            "SELECT section, rowid, program IS NULL FROM code WHERE state = ?", (code_state,)
        )
        files = {section: _AMBIGUOUS if is_ambiguous else row for section, row, is_ambiguous in found}
        if not files:
            return _MISSING
        return next(iter(files.values())) if set(files) == {""} else _chosen(files, self._section)


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
        self._folder, self._section = folder, section
        self._entries = lru_cache(maxsize=1024)(_entries)

    def read(self, database: sqlite3.Connection) -> Iterator[Quarantined]:
        """Read nothing: there is no table of which a row could be kept aside."""
        yield from ()

    def text(self, code: Code) -> str:
        """Give the program in a file."""
        program = _read(self._folder / str(code))
        if isinstance(program, NoCode):
            raise DataError(program.found, program.expected, file=str(code), hint="Was it changed just now?")
        return program

    def _find(self, code_state: str, subject: str) -> Code | NoCode:
        top = self._entries(self._folder)
        inner = top.get(subject)
        place = self._place(self._folder / inner, code_state) if inner else None
        place = place if place and place.is_dir() else self._place(self._folder, code_state)
        if place is None:
            return _MISSING
        file = place if place.is_file() else self._of_folder(place)
        if isinstance(file, NoCode):
            return file
        program = _read(file)
        return program if isinstance(program, NoCode) else str(file.relative_to(self._folder))

    def _of_folder(self, folder: Path) -> Path | NoCode:
        files = dict(_files(folder))
        return _chosen(files, self._section) if files else NoCode("an empty folder", "a program in a file")

    def _place(self, folder: Path, name: str) -> Path | None:
        entry = self._entries(folder).get(name)
        return folder / entry if entry else None


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
    if not all(filecmp.cmp(folder / tables[0], folder / name, shallow=False) for name in tables[1:]):
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


def _entries(folder: Path) -> dict[str, str]:
    """Give the names in a folder, and those of files also by name without ending where only one has it."""
    if not folder.is_dir():
        return {}
    found: dict[str, str] = {}
    stems: dict[str, str | None] = {}
    for entry in os.scandir(folder):
        if entry.is_symlink():
            continue
        found[entry.name] = entry.name
        if "." in entry.name and entry.is_file():
            stem = entry.name.rpartition(".")[0]
            stems[stem] = None if stem in stems else entry.name
    return {stem: name for stem, name in stems.items() if name is not None} | found


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
