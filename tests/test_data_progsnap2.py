from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fuzzing import mutations
from progsnap2_folders import METADATA, event, write_folder
from reading import Read, read_all

from pcutils.data import check, pseudonym
from pcutils.data.sources.progsnap2 import CODE_STATE_TABLES
from pcutils.errors import DataError

ORDERED = METADATA | {"IsEventOrderingConsistent": "true", "EventOrderScope": "Global"}
PLACES = [
    "CodeStates/CodeStates.csv",
    "CodeStates/CodeState.csv",
    "CodeStates.csv",
    "LinkTables/CodeStates.csv",
]


def read(path: Path, **options: Any) -> Read:
    return read_all("progsnap2", path, **options)


def programs(path: Path, **options: Any) -> list[list[str]]:
    return read(path, **options).dataset["programs"][:]


def only_bad(imported: Read) -> tuple[str, int, str]:
    [bad] = imported.rejected
    assert bad.found
    assert bad.expected
    return bad.file, bad.row, bad.field


@pytest.mark.parametrize("place", [*CODE_STATE_TABLES, None])
def test_code_states_are_found_in_all_customary_places(tmp_path: Path, place: str | None) -> None:
    folder = write_folder(tmp_path, [event(0, 0), event(1, 1)], place=place)
    assert programs(folder) == [["fd 1", "fd 2"]]
    assert read(folder).rejected == []


def test_code_states_may_be_flat_files(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, "v1.5"), event(1, "b")], codes={}, place=None)
    (folder / "CodeStates").mkdir()
    for name in ("v1.5.py", "b"):
        (folder / "CodeStates" / name).write_text(name)
    assert programs(folder) == [["v1.5.py", "b"]]


def test_a_state_of_several_files_needs_a_section(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0), event(1, 1)], place=None)
    (folder / "CodeStates/0/lib").mkdir()
    (folder / "CodeStates/0/lib/more.py").write_text("more")
    imported = read(folder)
    assert only_bad(imported) == ("MainTable.csv", 0, "CodeStateID")
    assert "2 files" in imported.rejected[0].found
    assert programs(folder, section="program.coffee") == [["fd 1", "fd 2"]]
    chosen = read(folder, section="lib/more.py")
    assert chosen.dataset["programs"] == [["more"]]
    assert only_bad(chosen) == ("MainTable.csv", 1, "CodeStateID")


def test_folder_above_and_byte_order_mark_and_semicolons(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "All" / "Data", [event(0, 0), event(1, 1)])
    text = (folder / "MainTable.csv").read_text().replace(",", ";")
    (folder / "MainTable.csv").write_text(text, encoding="utf-8-sig")
    assert programs(tmp_path) == programs(folder / "MainTable.csv") == [["fd 1", "fd 2"]]
    write_folder(tmp_path / "All" / "Other", [event(0, 0)])
    with pytest.raises(DataError, match=r"2 files MainTable\.csv"):
        read(tmp_path)
    with pytest.raises(DataError, match=r"0 files MainTable\.csv"):
        read(tmp_path / "none")


def test_none_is_a_value_and_no_gap(tmp_path: Path) -> None:
    codes = {"0": "None", "1": "NA", "2": "", "3": "nan"}
    rows = [event(n, n, SubjectID="None", ProblemID="null", Order=9 - n) for n in range(4)]
    imported = read(write_folder(tmp_path, rows, codes=codes))
    assert imported.rejected == []
    [row] = imported.dataset
    assert (row["username"], row["title"]) == ("None", "null")
    # EventOrderScope "None": Order runs the other way, but says nothing.
    assert row["programs"] == ["None", "NA", "", "nan"]


@pytest.mark.parametrize("consistent", ["true", "1", "FALSE", "0", ""])
@pytest.mark.parametrize("scope", ["Global", "None"])
def test_order_decides_only_where_the_metadata_say_so(tmp_path: Path, consistent: str, scope: str) -> None:
    metadata = METADATA | {"IsEventOrderingConsistent": consistent, "EventOrderScope": scope}
    rows = [event(n, n, Order=9 - n) for n in range(3)]
    imported = read(write_folder(tmp_path, rows, metadata=metadata))
    decides = consistent in ("true", "1") and scope == "Global"
    expected = ["fd 1", "fd 2", "fd 3"]
    assert imported.dataset["programs"] == [expected[::-1] if decides else expected]
    times = imported.dataset["timestamps"][0]
    assert times.count(None) == (2 if decides else 0), "times that contradict the order are unknown"


def test_without_times_order_decides_and_whole_numbers_may_have_a_point(tmp_path: Path) -> None:
    rows = [event(0, "0.0", Order="2.0", ServerTimestamp=""), event(1, "1.0", Order="1.0")]
    write_folder(tmp_path, rows, metadata=METADATA | {"EventOrderScope": "Global"})
    assert programs(tmp_path) == [["fd 2", "fd 1"]]
    write_folder(tmp_path, rows)
    assert programs(tmp_path) == [["fd 1", "fd 2"]]


def test_events_of_one_action_are_one_state(tmp_path: Path) -> None:
    rows = [
        event(0, 0, EventType="Submit", ExecutionID="x"),
        event(1, 0, EventType="Run.Test", ExecutionID="x"),
        event(2, 0, EventType="Run.Test", ExecutionID="x"),
        event(3, 0, EventType="Submit"),
        event(4, 0, EventType="Run.Program", ParentEventID="e3"),
        event(5, 1, EventType="Run.Program", ParentEventID="e3"),
    ]
    imported = read(write_folder(tmp_path, rows))
    assert imported.dataset["programs"] == [["fd 1", "fd 1", "fd 2"]]
    assert imported.counts == {"state": 3, "same action": 3}


def test_an_option_says_which_events_make_a_state(tmp_path: Path) -> None:
    types = ["File.Edit", "File.Save", "Run.Program", "Submit", "Compile", "X-Peek", "Session.End"]
    rows = [event(n, n, EventType=name) for n, name in enumerate(types)]
    folder = write_folder(tmp_path, rows, codes={str(n): name for n, name in enumerate(types)})
    imported = read(folder)
    assert imported.dataset["programs"] == [types[:4]]
    assert imported.counts == {"state": 4, "other event": 3}
    assert programs(folder, events=["runs"]) == [["Run.Program"]]
    assert programs(folder, events=["X-Peek", "Compile"]) == [["Compile", "X-Peek"]]
    for events in (["walks"], []):
        with pytest.raises(DataError, match="field 'events'"):
            read(folder, events=events)
    with pytest.raises(DataError, match=r"7 events, none of which makes a state.*`events`"):
        read(folder, events=["Other"])


def test_assignments_and_problems_are_traces_of_their_own(tmp_path: Path) -> None:
    places = [("a1", "p1"), ("a1", "p2"), ("a2", "p1"), ("", "p1"), ("a1", ""), ("", ""), ("a1", "p1")]
    rows = [event(n, n % 3, AssignmentID=a, ProblemID=p) for n, (a, p) in enumerate(places)]
    dataset = read(write_folder(tmp_path, rows)).dataset
    assert dataset["title"] == ["a1/p1", "a1/p2", "a2/p1", "p1", "a1", "untitled"]
    assert [len(states) for states in dataset["programs"]] == [2, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2020-03-01 08:00:00.999", "", datetime(2020, 3, 1, 8)),
        ("2020-03-01T08:00:00-0530", "", datetime(2020, 3, 1, 13, 30)),
        ("2020-03-01 08:00:00 UTC", "", datetime(2020, 3, 1, 8)),
        ("2020-03-01T08:00:00", "+0200", datetime(2020, 3, 1, 6)),
        ("2020-03-01T08:00:00", "UTC-5", datetime(2020, 3, 1, 13)),
        ("2020-03-01T08:00:00", "America/New_York", datetime(2020, 3, 1, 13)),
        ("2020-03-01T08:00:00Z", "+0200", datetime(2020, 3, 1, 8)),
        ("", "", None),
    ],
)
def test_times_with_and_without_zone(tmp_path: Path, text: str, zone: str, expected: datetime | None) -> None:
    imported = read(write_folder(tmp_path, [event(0, 0, ServerTimestamp=text, ServerTimezone=zone)]))
    assert imported.rejected == []
    assert imported.dataset["timestamps"] == [[expected]]


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2020-13-01T08:00:00", ""),
        ("1577865600000", ""),
        ("01/02/2020 08:00", ""),
        ("2020-01-01T08:00:00", "Mars/Crater"),
        ("2020-01-01T08:00:00", "+9900"),
        ("0001-01-01T00:00:00+02:00", ""),
        ("２０２０-01-01T08:00:00", ""),
    ],
)
def test_an_event_with_an_unreadable_time_is_rejected(tmp_path: Path, text: str, zone: str) -> None:
    rows = [event(0, 0), event(1, 1, ServerTimestamp=text, ServerTimezone=zone), event(2, 2)]
    imported = read(write_folder(tmp_path, rows))
    assert only_bad(imported) == ("MainTable.csv", 1, "ServerTimestamp")
    assert imported.dataset["programs"] == [["fd 1", "fd 3"]]
    assert imported.dataset["is_complete"] == [False]


def test_a_trace_uses_one_clock(tmp_path: Path) -> None:
    rows = [event(n, n, ClientTimestamp=f"2020-01-01T09:0{n}:00") for n in range(3)]
    write_folder(tmp_path, rows)
    assert read(tmp_path).dataset["timestamps"][0][0] == datetime(2020, 1, 1, 8)
    rows[1]["ServerTimestamp"] = ""
    write_folder(tmp_path, rows)
    assert read(tmp_path).dataset["timestamps"] == [[datetime(2020, 1, 1, 9, n) for n in range(3)]]


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "unknown subject": ({"SubjectID": "UNKNOWN"}, "SubjectID"),
    "no subject": ({"SubjectID": ""}, "SubjectID"),
    "no event ID": ({"EventID": ""}, "EventID"),
    "event ID twice": ({"EventID": "e0"}, "EventID"),
    "no code state": ({"CodeStateID": ""}, "CodeStateID"),
    "code state that is not there": ({"CodeStateID": "77"}, "CodeStateID"),
    "way out of the folder": ({"CodeStateID": "../MainTable"}, "CodeStateID"),
    "order in words": ({"Order": "third"}, "Order"),
    "order without end": ({"Order": "9" * 5000}, "Order"),
}


@pytest.mark.parametrize("place", ["CodeStates.csv", None])
@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_row_is_named_and_the_others_stay(tmp_path: Path, name: str, place: str | None) -> None:
    cells, field = BROKEN[name]
    imported = read(write_folder(tmp_path, [event(0, 0), event(1, 1, **cells), event(2, 2)], place=place))
    assert only_bad(imported) == ("MainTable.csv", 1, field)
    assert imported.dataset["programs"] == [["fd 1", "fd 3"]]
    assert imported.dataset["is_complete"] == [field == "SubjectID"]
    assert imported.counts == {"state": 2, "rejected": 1}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"e1,s1,Run.Program", "a row of 3 cells"),
        (b"e1,s1,Run.Program,t,1,,p1,more", "a row of 8 cells"),
        (b"\0", "a row of 1 cells"),
        (b"e1,s1,Run.Program,t,1,,\xff", "no UTF-8"),
    ],
)
def test_lines_that_are_no_rows(tmp_path: Path, line: bytes, found: str) -> None:
    folder = write_folder(tmp_path, [event(0, 0), event(2, 2)])
    lines = (folder / "MainTable.csv").read_bytes().splitlines()
    (folder / "MainTable.csv").write_bytes(b"\n".join([*lines[:2], line, b"", *lines[2:]]))
    imported = read(folder)
    assert only_bad(imported)[:2] == ("MainTable.csv", 1)
    assert found in imported.rejected[0].found
    assert imported.dataset["programs"] == [["fd 1", "fd 3"]]


def test_code_states_that_cannot_be_used(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(n, n) for n in range(4)])
    text = 'CodeStateID,Code\n0,fd 1\n1,"fd\n2"\n1,fd 3\n,fd 4\n2,fd 5,6\n0,fd 1\n3,\n'
    (folder / "CodeStates/CodeStates.csv").write_text(text)
    imported = read(folder)
    assert imported.dataset["programs"] == [["fd 1", ""]]
    assert [(bad.file, bad.row, bad.field) for bad in imported.rejected] == [
        ("CodeStates.csv", 2, "CodeStateID"),
        ("CodeStates.csv", 3, "CodeStateID"),
        ("CodeStates.csv", 4, "row"),
        ("MainTable.csv", 1, "CodeStateID"),
        ("MainTable.csv", 2, "CodeStateID"),
    ]


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", [event(n, n) for n in range(3)], codes={"0": "fd 1"}, place=None)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("secret")
    (folder / "CodeStates/1").symlink_to(tmp_path / "outside")
    (folder / "CodeStates/2").symlink_to(tmp_path / "outside/secret")
    imported = read(folder)
    assert imported.dataset["programs"] == [["fd 1"]]
    assert [bad.row for bad in imported.rejected] == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "field 'EventType': found 0 columns"),
        (b"EventID,SubjectID,EventType\n", "field 'CodeStateID'"),
        (b"EventType,SubjectID,CodeStateID,SubjectID\n", "field 'SubjectID': found 2 columns"),
        ("EventType,SubjectID,CodeStateID\n".encode("utf-16"), "UTF-8"),
    ],
)
def test_main_tables_that_are_none(tmp_path: Path, text: bytes, message: str) -> None:
    folder = write_folder(tmp_path, [event(0, 0)])
    (folder / "MainTable.csv").write_bytes(text)
    with pytest.raises(DataError, match=message):
        read(folder)
    assert [problem.row for problem in check(folder)] == [None]


def test_a_data_set_without_code_states_says_where_they_may_be(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0)], codes={}, place=None)
    with pytest.raises(DataError, match=r"no code states, expected CodeStates/CodeStates\.csv"):
        read(folder)


def test_pseudonyms_by_key(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(0, 0)])
    key = b"a secret of sixteen bytes or more"
    assert read(folder, key=key).dataset["username"] == [pseudonym("s1", key)]
    with pytest.raises(DataError, match="field 'key'"):
        read(folder, key="")


def test_rejected_rows_hold_no_text_of_a_student(tmp_path: Path) -> None:
    secret = "my dear diary"
    rows = [event(n, n, **{column: secret}) for n, column in enumerate(["ServerTimestamp", "Order"])]
    folder = write_folder(tmp_path, [*rows, event(3, secret)])
    assert len(read(folder).rejected) == 3
    assert secret not in str(check(folder))


def test_mutated_main_tables_lose_no_row(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [event(n, n % 3, Order=n) for n in range(5)], metadata=ORDERED)
    seed = (folder / "MainTable.csv").read_bytes()
    for content in mutations([seed]):
        (folder / "MainTable.csv").write_bytes(content)
        try:
            imported = read(folder)
        except DataError:  # the header is damaged, or no event makes a state
            continue
        assert imported.counts["rejected"] == len(imported.rejected)
        assert imported.counts["state"] == sum(map(len, imported.dataset["programs"]))
