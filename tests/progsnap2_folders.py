"""Small made-up ProgSnap2 data sets, written as text so that every trap stands where a tool would put it."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

HEADER = ("EventID", "SubjectID", "EventType", "ToolInstances", "CodeStateID", "ServerTimestamp", "ProblemID")
METADATA = {"Version": "6", "IsEventOrderingConsistent": "false", "EventOrderScope": "None"}
METADATA |= {"EventOrderScopeColumns": "", "CodeStateRepresentation": "Table"}
CODES = {"0": "fd 1", "1": "fd 2", "2": "fd 3"}


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def event(number: int, code: object, **cells: object) -> dict[str, object]:
    """A run of made-up student s1 on problem p1, a minute after the one before."""
    values = (f"e{number}", "s1", "Run.Program", "made up", code, f"2020-01-01T08:{number:02}:00", "p1")
    return {**dict(zip(HEADER, values, strict=True)), **cells}


def write_folder(
    folder: Path,
    events: Sequence[Mapping[str, object]],
    *,
    codes: Mapping[str, str] = CODES,
    place: str | None = "CodeStates/CodeStates.csv",
    metadata: Mapping[str, object] | None = METADATA,
) -> Path:
    """Write a data set; `place` is the table of code states, or None for a folder of files."""
    columns = list(dict.fromkeys([*HEADER, *(column for row in events for column in row)]))
    rows = [[row.get(column, "") for column in columns] for row in events]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "MainTable.csv").write_text(csv_text(columns, rows), encoding="utf-8")
    if metadata is not None:
        text = csv_text(("Property", "Value"), metadata.items())
        (folder / "DatasetMetadata.csv").write_text(text, encoding="utf-8")
    if place is not None:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(csv_text(("CodeStateID", "Code"), codes.items()).encode())
        return folder
    for name, code in codes.items():
        (folder / "CodeStates" / name).mkdir(parents=True)
        (folder / "CodeStates" / name / "program.coffee").write_bytes(code.encode())
    return folder
