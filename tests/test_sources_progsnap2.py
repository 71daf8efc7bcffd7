from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from progsnap2_folders import CODES, METADATA, csv_text, event, write_folder

from pcutils.cli import main
from pcutils.errors import DataError
from pcutils.privacy import pseudonym
from pcutils.sources import Quarantined, QuarantineWarning, check, load, load_with_quarantine, stream
from pcutils.sources.progsnap2 import (
    Imported,
    event_types,
    importing,
    read_progsnap2,
    specification,
    stream_progsnap2,
)

ORDERED = METADATA | {"IsEventOrderingConsistent": "true", "EventOrderScope": "Global"}


def programs(imported: Imported) -> list[tuple[str, ...]]:
    return [trace.programs for trace in imported.traces]


def only_bad(imported: Imported) -> tuple[str, int, str]:
    [bad] = imported.quarantined
    assert bad.source == "progsnap2"
    assert bad.found
    assert bad.expected
    return bad.file, bad.row, bad.field


# Shapes


@pytest.mark.parametrize(
    "place", ["CodeStates/CodeStates.csv", "CodeStates.csv", "LinkTables/CodeStates.csv", None]
)
@pytest.mark.parametrize("representation", ["Table", "Directory"])
def test_code_states_are_found_in_all_customary_places(
    tmp_path: Path, place: str | None, representation: str
) -> None:
    metadata = METADATA | {"CodeStateRepresentation": representation}
    folder = write_folder(tmp_path, [event(0, 0), event(1, 1)], place=place, metadata=metadata)
    imported = read_progsnap2(path=folder)
    assert programs(imported) == [("fd 1", "fd 2")]
    assert imported.quarantined == []


def test_folders_by_subject_and_flat_files(tmp_path: Path) -> None:
    rows = [event(0, 1, SubjectID="1"), event(1, 2, SubjectID="1"), event(2, 1, SubjectID="2")]
    write_folder(tmp_path / "nested", rows, codes={"1/1": "a", "1/2": "b", "2/1": "c"}, place=None)
    assert programs(read_progsnap2(path=tmp_path / "nested")) == [("a", "b"), ("c",)]
    flat = write_folder(tmp_path / "flat", [event(0, "v1.5"), event(1, "b")], codes={}, place=None)
    (flat / "CodeStates").mkdir()
    for name in ("v1.5.py", "b"):
        (flat / "CodeStates" / name).write_text(name)
    assert programs(read_progsnap2(path=flat)) == [("v1.5.py", "b")]


def test_a_state_of_several_files_needs_to_be_told_which(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0), event(1, 1)], place=None)
    (folder / "CodeStates/0/lib").mkdir()
    (folder / "CodeStates/0/lib/more.py").write_text("more")
    imported = read_progsnap2(path=folder)
    assert only_bad(imported) == ("MainTable.csv", 0, "CodeStateID")
    assert "2 files" in imported.quarantined[0].found
    assert programs(read_progsnap2(path=folder, section="program.coffee")) == [("fd 1", "fd 2")]
    chosen = read_progsnap2(path=folder, section="lib/more.py")
    assert programs(chosen) == [("more",)]
    assert only_bad(chosen) == ("MainTable.csv", 1, "CodeStateID")


def test_sections_in_a_table(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0)])
    rows = [("0", "a.py", "A"), ("0", "b.py", "B")]
    text = csv_text(("CodeStateID", "CodeStateSection", "Code"), rows)
    (folder / "CodeStates/CodeStates.csv").write_text(text)
    assert only_bad(read_progsnap2(path=folder))[2] == "CodeStateID"
    assert programs(read_progsnap2(path=folder, section="b.py")) == [("B",)]


def test_two_tables_that_differ_are_not_guessed_between(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0)])
    text = (folder / "CodeStates/CodeStates.csv").read_text()
    (folder / "CodeStates.csv").write_text(text)
    assert programs(read_progsnap2(path=folder)) == [("fd 1",)]
    (folder / "CodeStates.csv").write_text(text.replace("fd 1", "fd 9"))
    with pytest.raises(DataError, match="code_states"):
        read_progsnap2(path=folder)
    assert programs(read_progsnap2(path=folder, code_states="CodeStates.csv")) == [("fd 9",)]


@pytest.mark.parametrize("kind", ["Git", "Keystroke", "Sqlite"])
def test_states_that_cannot_be_read_are_said(tmp_path: Path, kind: str) -> None:
    metadata = METADATA | {"CodeStateRepresentation": kind}
    folder = write_folder(tmp_path, [event(0, 0)], codes={}, place=None, metadata=metadata)
    with pytest.raises(DataError, match=f"the metadata say {kind}"):
        read_progsnap2(path=folder)


def test_folder_above_and_byte_order_mark_and_semicolons(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "All" / "Data", [event(0, 0), event(1, 1)])
    text = (folder / "MainTable.csv").read_text().replace(",", ";")
    (folder / "MainTable.csv").write_text(text, encoding="utf-8-sig")
    assert "EventID" not in {problem.field for problem in check(folder)}
    assert programs(read_progsnap2(path=tmp_path)) == [("fd 1", "fd 2")]
    assert programs(read_progsnap2(path=folder / "MainTable.csv")) == [("fd 1", "fd 2")]
    write_folder(tmp_path / "All" / "Other", [event(0, 0)])
    with pytest.raises(DataError, match=r"2 files MainTable\.csv"):
        read_progsnap2(path=tmp_path)


# Values that mean something else than they seem


def test_none_is_a_value_and_no_gap(tmp_path: Path) -> None:
    codes = {"0": "None", "1": "NA", "2": "", "3": "nan"}
    rows = [event(n, n, SubjectID="None", ProblemID="null", Order=9 - n) for n in range(4)]
    imported = read_progsnap2(path=write_folder(tmp_path, rows, codes=codes))
    assert imported.quarantined == []
    assert [(trace.username, trace.title) for trace in imported.traces] == [("None", "null")]
    # EventOrderScope "None": Order runs the other way, but says nothing.
    assert programs(imported) == [("None", "NA", "", "nan")]


@pytest.mark.parametrize("consistent", ["true", "TRUE", "1", "false", "FALSE", "0", ""])
@pytest.mark.parametrize("scope", ["Global", "None"])
def test_false_is_no_true_string(tmp_path: Path, consistent: str, scope: str) -> None:
    metadata = METADATA | {"IsEventOrderingConsistent": consistent, "EventOrderScope": scope}
    rows = [event(n, n, Order=9 - n) for n in range(3)]
    imported = read_progsnap2(path=write_folder(tmp_path, rows, metadata=metadata))
    if (
        consistent in ("true", "TRUE", "1") and scope == "Global"
    ):  # Order counts, and most times contradict it
        assert imported.rows == {"state": 1, "quarantined": 2}
    else:
        assert programs(imported) == [("fd 1", "fd 2", "fd 3")]
        assert imported.quarantined == []


def test_restricted_order_counts_only_within_its_columns(tmp_path: Path) -> None:
    metadata = ORDERED | {"EventOrderScope": "Restricted", "EventOrderScopeColumns": "SubjectID;SessionID"}
    rows = [event(n, n, Order=9 - n, SessionID="x", ServerTimestamp="") for n in range(3)]
    assert programs(read_progsnap2(path=write_folder(tmp_path / "a", rows, metadata=metadata))) == [
        ("fd 3", "fd 2", "fd 1")
    ]
    rows[1]["SessionID"] = "y"
    assert programs(read_progsnap2(path=write_folder(tmp_path / "b", rows, metadata=metadata))) == [
        ("fd 1", "fd 2", "fd 3")
    ]


def test_old_metadata_and_none_at_all(tmp_path: Path) -> None:
    rows = [event(n, n, Order=9 - n, ServerTimestamp="") for n in range(3)]
    old = {"Version": 3, "AreEventsOrdered": "true", "IsEventOrderingConsistent": "true"}
    assert programs(read_progsnap2(path=write_folder(tmp_path / "a", rows, metadata=old))) == [
        ("fd 3", "fd 2", "fd 1")
    ]
    assert programs(read_progsnap2(path=write_folder(tmp_path / "b", rows, metadata=None))) == [
        ("fd 1", "fd 2", "fd 3")
    ]


def test_whole_numbers_that_a_gap_made_broken(tmp_path: Path) -> None:
    rows = [event(0, "0.0", Order="2.0"), event(1, "1.0", Order="1.0")]
    metadata = METADATA | {"EventOrderScope": "Global"}
    imported = read_progsnap2(path=write_folder(tmp_path, rows, metadata=metadata))
    assert programs(imported) == [("fd 1", "fd 2")]
    assert programs(read_progsnap2(path=tmp_path, time_columns=())) == [("fd 2", "fd 1")]


def test_a_code_state_called_so_comes_before_the_whole_number(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, "1.0")], codes={"1": "whole", "1.0": "exact"})
    assert programs(read_progsnap2(path=folder)) == [("exact",)]


# States


def test_a_state_that_comes_back_is_backtracking(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(n, code) for n, code in enumerate([0, 1, 0, 0, 2, 1])])
    assert programs(read_progsnap2(path=folder)) == [("fd 1", "fd 2", "fd 1", "fd 1", "fd 3", "fd 2")]
    fewer = read_progsnap2(path=folder, repeats=False)
    assert programs(fewer) == [("fd 1", "fd 2", "fd 1", "fd 3", "fd 2")]
    assert fewer.rows == {"state": 5, "repeat": 1}


def test_events_of_one_action_are_one_state(tmp_path: Path) -> None:
    rows = [
        event(0, 0, EventType="Submit", ExecutionID="x"),
        event(1, 0, EventType="Run.Test", ExecutionID="x"),
        event(2, 0, EventType="Run.Test", ExecutionID="x"),
        event(3, 0, EventType="Submit"),
        event(4, 0, EventType="Run.Program", ParentEventID="e3"),
        event(5, 1, EventType="Run.Program", ParentEventID="e3"),
    ]
    imported = read_progsnap2(path=write_folder(tmp_path, rows))
    assert programs(imported) == [("fd 1", "fd 1", "fd 2")]
    assert imported.rows == {"state": 3, "same action": 3}


def test_which_events_make_a_state_is_asked(tmp_path: Path) -> None:
    types = ["File.Edit", "File.Save", "Run.Program", "Submit", "Compile", "X-Peek", "Session.End"]
    rows = [event(n, n, EventType=name) for n, name in enumerate(types)]
    folder = write_folder(tmp_path, rows, codes={str(n): name for n, name in enumerate(types)})
    imported = read_progsnap2(path=folder)
    assert programs(imported) == [tuple(types[:4])]
    assert imported.rows == {"state": 4, "other event": 3}
    assert programs(read_progsnap2(path=folder, events=["runs"])) == [("Run.Program",)]
    assert programs(read_progsnap2(path=folder, events=["X-Peek", "Compile"])) == [("Compile", "X-Peek")]
    for events in (["walks"], []):
        with pytest.raises(DataError, match="field 'events'"):
            read_progsnap2(path=folder, events=events)


def test_data_without_a_state_say_so(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0, EventType="X-Peek"), event(1, 0, EventType="Compile")])
    with pytest.raises(DataError, match=r"2 events, none of which makes a state.*`events`"):
        read_progsnap2(path=folder)
    assert programs(read_progsnap2(path=folder, events="X-Peek")) == [("fd 1",)]


def test_columns_that_are_asked_for_must_be_there(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0, **{"X-Level": "easy"})])
    assert read_progsnap2(path=folder, title_columns="X-Level").traces[0].title == "easy"
    for option in ("title_columns", "time_columns"):
        with pytest.raises(DataError, match=r"MainTable.csv, field 'X-Levels'"):
            read_progsnap2(path=folder, **{option: ["X-Levels"]})


def test_assignments_and_problems_are_traces_of_their_own(tmp_path: Path) -> None:
    places = [("a1", "p1"), ("a1", "p2"), ("a2", "p1"), ("", "p1"), ("a1", ""), ("", ""), ("a1", "p1")]
    rows = [event(n, n % 3, AssignmentID=a, ProblemID=p) for n, (a, p) in enumerate(places)]
    imported = read_progsnap2(path=write_folder(tmp_path, rows))
    titles = [trace.title for trace in imported.traces]
    assert titles == ["a1/p1", "a1/p2", "a2/p1", "p1", "a1", "untitled"]
    assert [len(trace.programs) for trace in imported.traces] == [2, 1, 1, 1, 1, 1]
    by_problem = read_progsnap2(path=tmp_path, title_columns=["ProblemID"])
    assert [(trace.title, len(trace.programs)) for trace in by_problem.traces] == [
        ("p1", 4),
        ("p2", 1),
        ("untitled", 2),
    ]


# Times


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2020-03-01T08:00:00", "", datetime(2020, 3, 1, 8)),
        ("2020-03-01 08:00:00.999", "", datetime(2020, 3, 1, 8)),
        ("2020-03-01T08:00", "", datetime(2020, 3, 1, 8)),
        ("2020-03-01T08:00:00Z", "", datetime(2020, 3, 1, 8)),
        ("2020-03-01T08:00:00+02:00", "", datetime(2020, 3, 1, 6)),
        ("2020-03-01T08:00:00-0530", "", datetime(2020, 3, 1, 13, 30)),
        ("2020-03-01 08:00:00 UTC", "", datetime(2020, 3, 1, 8)),
        ("2020-03-01T08:00:00", "+0200", datetime(2020, 3, 1, 6)),
        ("2020-03-01T08:00:00", "0", datetime(2020, 3, 1, 8)),
        ("2020-03-01T08:00:00", "UTC-5", datetime(2020, 3, 1, 13)),
        ("2020-03-01T08:00:00", "America/New_York", datetime(2020, 3, 1, 13)),
        ("2020-07-01T08:00:00", "America/New_York", datetime(2020, 7, 1, 12)),
        ("2020-03-01T08:00:00Z", "+0200", datetime(2020, 3, 1, 8)),
        ("", "", None),
    ],
)
def test_times_with_and_without_zone(tmp_path: Path, text: str, zone: str, expected: datetime | None) -> None:
    rows = [event(0, 0, ServerTimestamp=text, ServerTimezone=zone)]
    imported = read_progsnap2(path=write_folder(tmp_path, rows))
    assert imported.quarantined == []
    assert imported.traces[0].timestamps == (expected,)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2020-13-01T08:00:00", ""),
        ("2020-02-30 08:00:00", ""),
        ("1577865600000", ""),
        ("15101214000000", ""),
        ("2020-01-01", ""),
        ("01/02/2020 08:00", ""),
        ("2020-01-01T25:00:00", ""),
        ("2020-01-01T08:00:00", "Mars/Crater"),
        ("2020-01-01T08:00:00", "+9900"),
        ("0001-01-01T00:00:00+02:00", ""),
        ("２０２０-01-01T08:00:00", ""),
    ],
)
def test_what_is_no_time_is_kept_aside(tmp_path: Path, text: str, zone: str) -> None:
    rows = [event(0, 0), event(1, 1, ServerTimestamp=text, ServerTimezone=zone), event(2, 2)]
    imported = read_progsnap2(path=write_folder(tmp_path, rows))
    assert only_bad(imported) == ("MainTable.csv", 1, "ServerTimestamp")
    assert programs(imported) == [("fd 1", "fd 3")]
    assert not imported.traces[0].is_complete
    assert programs(read_progsnap2(path=tmp_path, time_columns=())) == [("fd 1", "fd 2", "fd 3")]


def test_zones_decide_the_order(tmp_path: Path) -> None:
    rows = [
        event(0, 0, ServerTimestamp="2020-01-01T08:00:00-05:00"),
        event(1, 1, ServerTimestamp="2020-01-01T10:00:00Z"),
    ]
    assert programs(read_progsnap2(path=write_folder(tmp_path, rows))) == [("fd 2", "fd 1")]


def test_one_clock_a_trace(tmp_path: Path) -> None:
    rows = [event(n, n, ClientTimestamp=f"2020-01-01T09:0{n}:00") for n in range(3)]
    assert read_progsnap2(path=write_folder(tmp_path / "a", rows)).traces[0].timestamps[0] == datetime(
        2020, 1, 1, 8
    )
    rows[1]["ServerTimestamp"] = ""
    times = read_progsnap2(path=write_folder(tmp_path / "b", rows)).traces[0].timestamps
    assert times == tuple(datetime(2020, 1, 1, 9, n) for n in range(3))


def test_few_times_that_contradict_the_order_are_kept_aside(tmp_path: Path) -> None:
    rows = [event(n, n % 3, Order=n) for n in range(6)]
    rows[1]["ServerTimestamp"] = "2030-01-01T00:00:00"
    rows[4]["ServerTimestamp"] = ""
    imported = read_progsnap2(path=write_folder(tmp_path, rows, metadata=ORDERED))
    assert only_bad(imported) == ("MainTable.csv", 1, "ServerTimestamp")
    assert programs(imported) == [("fd 1", "fd 3", "fd 1", "fd 2", "fd 3")]
    assert not imported.traces[0].is_complete
    assert imported.rows == {"state": 5, "quarantined": 1}


# Rows that cannot be used


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "unknown subject": ({"SubjectID": "UNKNOWN"}, "SubjectID"),
    "no subject": ({"SubjectID": ""}, "SubjectID"),
    "no event type": ({"EventType": ""}, "EventType"),
    "no event ID": ({"EventID": ""}, "EventID"),
    "event ID twice": ({"EventID": "e0"}, "EventID"),
    "no code state": ({"CodeStateID": ""}, "CodeStateID"),
    "code state that is not there": ({"CodeStateID": "77"}, "CodeStateID"),
    "way out of the folder": ({"CodeStateID": "../MainTable"}, "CodeStateID"),
    "order in words": ({"Order": "third"}, "Order"),
    "order without end": ({"Order": "9" * 5000}, "Order"),
    "lone surrogate": ({"ProblemID": "\udc22"}, "ProblemID"),
}


@pytest.mark.parametrize("place", ["CodeStates.csv", None])
@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_row_is_named_and_the_others_stay(tmp_path: Path, name: str, place: str | None) -> None:
    cells, field = BROKEN[name]
    rows = [
        event(0, 0),
        event(1, 1, **{key: cell for key, cell in cells.items() if cell != "\udc22"}),
        event(2, 2),
    ]
    folder = write_folder(tmp_path, rows, place=place)
    if "\udc22" in cells.values():
        text = (folder / "MainTable.csv").read_bytes()
        (folder / "MainTable.csv").write_bytes(text.replace(b"08:01:00,p1", b"08:01:00,\xff"))
    imported = read_progsnap2(path=folder)
    assert only_bad(imported) == ("MainTable.csv", 1, field)
    assert programs(imported) == [("fd 1", "fd 3")]
    assert imported.rows == {"state": 2, "quarantined": 1}


def test_a_trace_with_a_gap_is_not_complete(tmp_path: Path) -> None:
    rows = [event(0, 0), event(1, 77), event(2, 0, ProblemID="p2")]
    imported = read_progsnap2(path=write_folder(tmp_path, rows))
    assert [(trace.title, trace.is_complete) for trace in imported.traces] == [("p1", False), ("p2", True)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("e1,s1,Run.Program", "a row of 3 cells"),
        ("e1,s1,Run.Program,t,1,,p1,more", "a row of 8 cells"),
        ('e1,"s1"x,Run.Program,t,1,,p1', "over 1 lines"),
        ("\0", "a row of 1 cells"),
    ],
)
def test_lines_that_are_no_rows(tmp_path: Path, line: str, found: str) -> None:
    folder = write_folder(tmp_path, [event(0, 0), event(2, 2)])
    lines = (folder / "MainTable.csv").read_text().splitlines()
    (folder / "MainTable.csv").write_text("\n".join([*lines[:2], line, "", *lines[2:]]))
    imported = read_progsnap2(path=folder)
    assert only_bad(imported)[:2] == ("MainTable.csv", 1)
    assert found in imported.quarantined[0].found
    assert programs(imported) == [("fd 1", "fd 3")]


def test_an_open_quotation_mark_says_how_much_it_swallows(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(n, 0) for n in range(5)])
    text = (folder / "MainTable.csv").read_text().replace("e3,", '"e3,')
    (folder / "MainTable.csv").write_text(text)
    imported = read_progsnap2(path=folder)
    assert only_bad(imported) == ("MainTable.csv", 3, "row")
    assert "over 2 lines" in imported.quarantined[0].found
    assert len(imported.traces[0].programs) == 3


def test_code_states_that_cannot_be_used(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(n, n) for n in range(4)])
    text = 'CodeStateID,Code\n0,fd 1\n1,"fd\n2"\n1,fd 3\n,fd 4\n2,fd 5,6\n0,fd 1\n3,\n'
    (folder / "CodeStates/CodeStates.csv").write_text(text)
    imported = read_progsnap2(path=folder)
    assert programs(imported) == [("fd 1", "")]
    assert [(Path(bad.file).name, bad.row, bad.field) for bad in imported.quarantined] == [
        ("CodeStates.csv", 2, "CodeStateID"),
        ("CodeStates.csv", 3, "CodeStateID"),
        ("CodeStates.csv", 4, "row"),
        ("MainTable.csv", 1, "CodeStateID"),
        ("MainTable.csv", 2, "CodeStateID"),
    ]


def test_files_that_are_no_programs(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(n, n) for n in range(4)], place=None)
    (folder / "CodeStates/0/program.coffee").write_bytes(b"\xff\xfe")
    (folder / "CodeStates/1/program.coffee").unlink()
    (folder / "CodeStates/3").mkdir()
    (folder / "secret").write_text("secret")
    (folder / "CodeStates/3/program.coffee").symlink_to(folder / "secret")
    imported = read_progsnap2(path=folder)
    assert programs(imported) == [("fd 3",)]
    assert [bad.row for bad in imported.quarantined] == [0, 1, 3]


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", [event(n, n) for n in range(3)], codes={"0": "fd 1"}, place=None)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("secret")
    (folder / "CodeStates/1").symlink_to(tmp_path / "outside")
    (folder / "CodeStates/2").symlink_to(tmp_path / "outside/secret")
    imported = read_progsnap2(path=folder)
    assert programs(imported) == [("fd 1",)]
    assert [bad.row for bad in imported.quarantined] == [1, 2]


def test_long_programs_and_absurd_cells(tmp_path: Path) -> None:
    codes = {"0": "x" * 300_000, "1": "x" * 10_000_001}
    imported = read_progsnap2(path=write_folder(tmp_path, [event(0, 0), event(1, 1)], codes=codes))
    assert programs(imported) == [(codes["0"],)]
    assert [Path(bad.file).name for bad in imported.quarantined] == ["CodeStates.csv", "MainTable.csv"]


def test_metadata_that_cannot_be_used(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0)])
    lines = ["IsEventOrderingConsistent,perhaps", "EventOrderScope,Wide", "Version,6", "Version,7", "X-Own,1"]
    text = "\n".join(["Property,Value", *lines])
    (folder / "DatasetMetadata.csv").write_text(text)
    imported = read_progsnap2(path=folder)
    assert [(bad.row, bad.field) for bad in imported.quarantined] == [
        (0, "IsEventOrderingConsistent"),
        (1, "EventOrderScope"),
        (3, "Version"),
    ]
    (folder / "DatasetMetadata.csv").write_text("")
    assert only_bad(read_progsnap2(path=folder)) == ("DatasetMetadata.csv", 0, "row")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no header|no such column"),
        (b"EventID,SubjectID,EventType\n", "field 'CodeStateID'"),
        (b"EventType,SubjectID,CodeStateID,SubjectID\n", "a column that is there twice"),
        ("EventType,SubjectID,CodeStateID\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_main_tables_that_are_none(tmp_path: Path, text: bytes, message: str) -> None:
    folder = write_folder(tmp_path, [event(0, 0)])
    (folder / "MainTable.csv").write_bytes(text)
    with pytest.raises(DataError, match=message):
        read_progsnap2(path=folder)
    assert [problem.row for problem in check(folder)] == [None]


def test_no_data_set(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match=r"MainTable|no such folder"):
            read_progsnap2(path=path)


# Students


def test_students_take_only_what_is_asked_from_link_tables(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0), event(1, 1, SubjectID="s2"), event(2, 2, SubjectID="s3")])
    links = "SubjectID,X-Grade,X-Name\ns2,0.5,Made Up\ns1,None,Made Up Too\ns1,0.7,Other\nnobody,1,N\ns3\n"
    (folder / "LinkTables").mkdir()
    (folder / "LinkTables/Subject.csv").write_text(links)
    (folder / "LinkTables/Problem.csv").write_text("ProblemID,X-Level\np1,3\n")
    assert list(read_progsnap2(path=folder).students.columns) == ["username"]
    imported = read_progsnap2(path=folder, student_columns=["X-Grade"])
    assert imported.students.fillna("?").to_numpy().tolist() == [["s1", "None"], ["s2", "0.5"], ["s3", "?"]]
    assert [(bad.file, bad.row, bad.field) for bad in imported.quarantined] == [
        ("LinkTables/Subject.csv", 2, "X-Grade"),
        ("LinkTables/Subject.csv", 4, "row"),
    ]
    with pytest.raises(DataError, match="field 'X-Age'"):
        read_progsnap2(path=folder, student_columns=["X-Age"])


def test_pseudonyms_by_key(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0)])
    key = b"a secret of sixteen bytes or more"
    imported = read_progsnap2(path=folder, key=key)
    assert imported.traces[0].username == pseudonym("s1", key)
    assert list(imported.students.username) == [pseudonym("s1", key)]
    assert read_progsnap2(path=folder, key=key.decode()).traces[0].username == pseudonym("s1", key)
    with pytest.raises(DataError, match="field 'key'"):
        read_progsnap2(path=folder, key="")


# Doors


def test_load_gives_the_table_and_counts_aloud(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0), event(1, 77)])
    with pytest.warns(QuarantineWarning, match="an ID without a code state"):
        dataset = load("progsnap2", path=str(folder), events=["runs"])
    assert dataset.to_list() == [
        {
            "username": "s1",
            "title": "p1",
            "programs": ["fd 1"],
            "timestamps": [datetime(2020, 1, 1, 8)],
            "is_complete": False,
            "source": "progsnap2",
        }
    ]
    with pytest.raises(DataError, match="'pupils', expected one of path, events"):
        load("progsnap2", path=folder, pupils=3)
    with pytest.raises(DataError, match="field 'path': found nothing"):
        load("progsnap2")


def test_quarantine_holds_no_text_of_a_student(tmp_path: Path) -> None:
    secret = "my dear diary"
    rows = [
        event(n, n, **{column: secret})
        for n, column in enumerate(["ServerTimestamp", "Order", "X-IsComplete"])
    ]
    folder = write_folder(
        tmp_path, [*rows, event(3, secret), event(4, 0, ExecutionResult=secret, EventType=secret)]
    )
    told = json.dumps([vars(bad) for bad in read_progsnap2(path=folder).quarantined]) + str(check(folder))
    assert len(read_progsnap2(path=folder).quarantined) == 4
    assert secret not in told


def test_check_measures_by_the_specification(tmp_path: Path) -> None:
    rows = [
        event(0, 0, ExecutionResult="Success", Score="1.0", EventInitiator="X-Robot"),
        event(1, 1, ExecutionResult="Wonderful", Score="good"),
        event(2, 2, EventType="Program.Run", Attempt="first"),
        event(3, 0, EventType="X-Own"),
        event(4, 0, EventType="File.Edit", AssignmentIsGraded="perhaps"),
        event(5, 77, ExecutionResult="Error"),
    ]
    folder = write_folder(tmp_path / "data", rows)
    problems = {(Path(problem.file).name, problem.row, problem.field) for problem in check(tmp_path)}
    assert problems == {
        ("MainTable.csv", 5, "CodeStateID"),
        ("MainTable.csv", 1, "ExecutionResult"),
        ("MainTable.csv", 1, "Score"),
        ("MainTable.csv", 2, "EventType"),
        ("MainTable.csv", 2, "Attempt"),
        ("MainTable.csv", 4, "AssignmentIsGraded"),
        ("MainTable.csv", None, "CodeStateSection"),
        ("MainTable.csv", None, "EditType"),
    }
    (folder / "DatasetMetadata.csv").unlink()
    assert any(
        problem.file.endswith("DatasetMetadata.csv") and problem.row is None for problem in check(folder)
    )


def test_check_command_takes_a_folder(tmp_path: Path) -> None:
    good = write_folder(tmp_path / "good", [event(0, 0, ExecutionResult="Success")])
    done = CliRunner().invoke(main, ["check", str(good)])
    assert done.exit_code == 0, done.output
    bad = write_folder(tmp_path / "bad", [event(0, 0, ExecutionResult="Success"), event(1, 77)])
    done = CliRunner().invoke(main, ["check", str(bad)])
    assert done.exit_code == 1
    assert "MainTable.csv, row 1, field 'CodeStateID'" in done.output


def test_check_of_a_folder_takes_tables_beside_a_data_set(tmp_path: Path) -> None:
    write_folder(tmp_path / "ps2", [event(0, 0, ExecutionResult="Success")])
    (tmp_path / "rows.jsonl").write_text("no JSON\n")
    assert [Path(problem.file).name for problem in check(tmp_path)] == ["rows.jsonl"]


def test_specification_is_consistent() -> None:
    names = specification()
    columns = Counter(column for group in names.datatypes.values() for column in group)
    assert set(columns.values()) == {1}
    assert set(names.required_columns) <= set(columns)
    assert {column for needed in names.event_types.values() for column in needed} <= set(columns)
    assert set(names.datatypes["Enum"]) - {"EventType"} <= set(names.enums)
    assert set(names.open_enums) <= set(names.enums)
    assert "None" in names.enums["EventOrderScope"]
    assert names.metadata["IsEventOrderingConsistent"] == "false"
    assert event_types(list(names.groups)) <= set(names.event_types)


def test_large_class_keeps_every_row(tmp_path: Path) -> None:
    rows = [
        event(n, n % 4, SubjectID=f"s{n % 7}", ServerTimestamp="", ProblemID=f"p{n % 3}") for n in range(2000)
    ]
    imported = read_progsnap2(path=write_folder(tmp_path, rows, codes=CODES))
    assert sum(imported.rows.values()) == len(rows)
    assert imported.rows == {"state": 1500, "quarantined": 500}
    loaded = load_with_quarantine("progsnap2", path=tmp_path)
    assert loaded.quarantined == imported.quarantined
    assert loaded.counts == dict(imported.rows)
    assert loaded.published is None


# Size


def write_large(folder: Path, students: int, events: int) -> Path:
    """Events of many students in turn, every state a program of its own, every eleventh row broken."""
    rows = [
        event(
            number,
            "no such state" if number % 11 == 10 else number,
            SubjectID=f"s{number % students}",
            ServerTimestamp="",
        )
        for number in range(students * events)
    ]
    codes = {str(number): f"fd {number}\n" + "rt 90\n" * 40 for number in range(students * events)}
    return write_folder(folder, rows, codes=codes)


def test_subjects_of_a_large_data_set_are_held_a_part_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_large(tmp_path, students=100, events=15)

    def peak(buckets: int) -> tuple[int, int]:
        monkeypatch.setattr(importing, "bucket_count", lambda *files: buckets)
        tracemalloc.start()
        rows = sum(1 for _ in stream("progsnap2", path=folder).rows)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return rows, most

    apart, together = peak(25), peak(1)
    assert apart[0] == together[0] == 100 + 1500 // 11
    assert apart[1] < 0.5 * together[1]


def test_a_stream_gives_what_reading_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_large(tmp_path, students=12, events=10)
    read = read_progsnap2(path=folder)
    monkeypatch.setattr(importing, "bucket_count", lambda *files: 4)
    streamed = stream_progsnap2(path=folder)
    assert streamed.counts == {}, "nothing is read before a row is asked for"
    rows = list(streamed.rows)
    assert [row for row in rows if isinstance(row, Quarantined)] == read.quarantined
    assert [row for row in rows if not isinstance(row, Quarantined)] == read.traces
    assert [trace.username for trace in read.traces] == [f"s{number}" for number in range(12)]
    assert streamed.counts == read.rows == {"state": 110, "quarantined": 10}
    assert streamed.students.table().equals(read.students)


def test_a_code_state_that_is_there_twice_and_differs_stays_unusable(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0), event(1, 1)])
    table = folder / "CodeStates/CodeStates.csv"
    rows = [("0", "fd 1"), ("1", "fd 2"), ("0", "fd 1"), ("0", "fd 9"), ("0", "fd 1")]
    table.write_text(csv_text(("CodeStateID", "Code"), rows))
    imported = read_progsnap2(path=folder)
    assert [(bad.file, bad.row) for bad in imported.quarantined] == [
        ("CodeStates/CodeStates.csv", 3),
        ("CodeStates/CodeStates.csv", 4),
        ("MainTable.csv", 0),
    ]
    assert programs(imported) == [("fd 2",)]


def test_students_of_a_stream_have_the_columns_asked_for(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0, SubjectID="b"), event(1, 1, SubjectID="a")])
    (folder / "LinkTables").mkdir()
    (folder / "LinkTables/Subject.csv").write_text(
        csv_text(("SubjectID", "X-Grade"), [("a", "7"), ("c", "8")])
    )
    students = load_with_quarantine("progsnap2", path=folder, student_columns="X-Grade").students
    assert students.fillna("").to_dict("list") == {
        "username": ["a", "b"],
        "X-Grade": ["7", ""],
    }
