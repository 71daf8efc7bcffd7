"""Write a table of traces as a ProgSnap2 data set."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pcutils.errors import DataError
from pcutils.sources.progsnap2.events import IS_COMPLETE, TRACE_ID
from pcutils.sources.progsnap2.folder import CODE_STATE_TABLES, CODE_STATES, MAIN_TABLE, METADATA
from pcutils.sources.progsnap2.specification import UNKNOWN_SUBJECT

VERSION = "6"
COLUMNS = (
    "EventType",
    "EventID",
    "Order",
    "SubjectID",
    "ToolInstances",
    "CodeStateID",
    "ServerTimestamp",
    "ProblemID",
    "ExecutionResult",
    TRACE_ID,
    IS_COMPLETE,
)
FILE_NAME = "program.coffee"

Cells = Iterable[object]


def write_progsnap2(
    dataset: Iterable[Mapping[str, Any]],
    folder: str | Path,
    *,
    representation: str = "Table",
    tool: str = "Pencil Code",
    times: bool = True,
) -> Path:
    """Write a table of traces as a ProgSnap2 data set.

    Parameters
    ----------
    dataset : datasets.Dataset or iterable of mappings
        Rows of the table of traces.
    folder : str or pathlib.Path
        Where to; must not exist or be empty. An interrupted call leaves nothing there.
    representation : {"Table", "Directory"}
        Whether the code states become ``CodeStates/CodeStates.csv`` or a folder of files.
    tool : str
        For the column ``ToolInstances``.
    times : bool
        Whether to write the times; without them a table whose times run backwards can be written, such as
        that of the rollouts.

    Returns
    -------
    pathlib.Path
        `folder`.

    Raises
    ------
    pcutils.errors.DataError
        If the folder holds something, a row is none of the table, or a student is called ``UNKNOWN``, which
        the format keeps for events of unknown subjects.

    Notes
    -----
    A state is a ``Run.Program``, a title a ``ProblemID``. :func:`pcutils.sources.load` gives back the same
    traces. The column ``source`` is not written: what is loaded from here is ``progsnap2``, and its students
    are as protected as anybody's.
    """
    folder = Path(folder)
    if representation not in ("Table", "Directory"):
        raise DataError(repr(representation), "Table or Directory", field="representation")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError("a file or a folder that holds something", "a new or empty folder", file=str(folder))
    part = folder.with_name(folder.name + ".part")
    part.mkdir(parents=True)
    try:
        codes: dict[str, int] = {}
        _write_csv(part / MAIN_TABLE, COLUMNS, _event_rows(dataset, codes, tool, times))
        _write_csv(part / METADATA, ("Property", "Value"), _metadata(representation).items())
        (part / CODE_STATES).mkdir()
        _write_codes(part, codes, representation)
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _metadata(representation: str) -> dict[str, str]:
    return {
        "Version": VERSION,
        "IsEventOrderingConsistent": "true",
        "EventOrderScope": "Restricted",
        "EventOrderScopeColumns": TRACE_ID,
        "CodeStateRepresentation": representation,
    }


def _event_rows(
    dataset: Iterable[Mapping[str, Any]], codes: dict[str, int], tool: str, times: bool
) -> Iterator[Cells]:
    event = 0
    for number, row in enumerate(dataset):
        _require_exportable(row, number, times)
        moments = row["timestamps"] if times else [None] * len(row["programs"])
        for order, (program, moment) in enumerate(zip(row["programs"], moments, strict=True)):
            code = codes.setdefault(program, len(codes))
            yield (
                "Run.Program",
                event,
                order,
                row["username"],
                tool,
                code,
                moment.isoformat() if moment else "",
                row["title"],
                "",
                number,
                str(row["is_complete"]).lower(),
            )
            event += 1


def _require_exportable(row: Mapping[str, Any], number: int, times: bool) -> None:
    from pcutils.sources.rows import row_problems

    fields = ("username", "title", "programs", "is_complete", *(("timestamps",) if times else ()))
    for field, found, expected in row_problems({**row, "source": "progsnap2"}, fields=fields):
        hint = "`times=False` leaves the times out." if field == "timestamps" else None
        raise DataError(found, expected, row=number, field=field, hint=hint)
    if row["username"] == UNKNOWN_SUBJECT:
        raise DataError(f"a student called {UNKNOWN_SUBJECT}", "another name", row=number, field="username")


def _write_codes(folder: Path, codes: dict[str, int], representation: str) -> None:
    if representation == "Table":
        rows = ((code, program) for program, code in codes.items())
        _write_csv(folder / CODE_STATE_TABLES[0], ("CodeStateID", "Code"), rows)
        return
    for program, code in codes.items():
        place = folder / CODE_STATES / str(code)
        place.mkdir()
        (place / FILE_NAME).write_bytes(program.encode("utf-8"))


def _write_csv(path: Path, header: Iterable[str], rows: Iterable[Cells]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)
