import json
import re
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.errors import DataError, TraceError
from pcutils.metrics import trace_metrics
from pcutils.trace import Trace, format_trace, parse_trace

END = "<|endoftext|>"
HEADER = "CODE 1 (2020-01-01 00:00:01):\n"
PIECES = ("fd 50", "\n", " ", "CODE 5", "CODE ", "7", "):\n", " (", END, "<start>", "<mask>", "ü🐢", "\r\n")
PIECES += ("CODE 1 (2020-01-01 00:00:01):\n", "CODE 2 (2020-1-1 0:0:2):\n", "CODE 3 (yesterday):\n")
PIECES += ("CODE 007 (2020-01-01 00:00:03):\n", "\ud83d", "\x0b", "#", "<pad>")
awkward = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda t: t.replace(microsecond=0))


@st.composite
def traces(draw: st.DrawFn, programs: st.SearchStrategy[str]) -> Trace:
    states = draw(st.lists(programs, max_size=4))
    return Trace(
        programs=tuple(states),
        timestamps=tuple(draw(st.none() | moments) for _ in states),
        numbers=tuple(draw(st.integers(0, 10**12)) for _ in states),
        is_complete=draw(st.booleans()),
        fragment=draw(st.none() | awkward),
        title=draw(st.none() | awkward),
        username=draw(st.none() | st.just("made-up")),
    )


def release_reading(raw_text: str) -> tuple[list[int], list[str], bool] | None:
    """Numbers, programs and end marker by the release's regular expressions; None where it stops."""
    blocks = re.findall(r"CODE \d+.*?(?=CODE \d+|\Z)", raw_text, re.DOTALL)
    header = r"CODE (\d+) \((.*?)\):\n"
    found = [re.match(header + "(.*)", block, re.DOTALL) for block in blocks[:-1]]
    found += [re.match(header + r"(.*?)<\|endoftext\|>", block, re.DOTALL) for block in blocks[-1:]]
    states = [match.groups() for match in found if match]
    if len(found) - len(states) > 1:
        return None
    if states and not states[-1][2].strip():
        states.pop()
        if not states or not states[-1][2].strip():
            return None
    text = "".join(f"CODE {int(number)} ({date}):\n{program}" for number, date, program in states)
    if text not in raw_text:
        return None
    ended = bool(blocks) and END in blocks[-1]
    return [int(number) for number, _, _ in states], [program for _, _, program in states], ended


def with_format_newlines(trace: Trace) -> list[str]:
    ends_exactly = trace.is_complete and trace.fragment is None
    bare = {*trace.unseparated, *([len(trace.programs) - 1] if ends_exactly else [])}
    return [program + ("" if i in bare else "\n") for i, program in enumerate(trace.programs)]


@settings(max_examples=400)
@given(traces(awkward))
def test_a_trace_comes_back_equal_or_is_refused(trace: Trace) -> None:
    refused = None
    try:
        text = format_trace(trace)
    except TraceError as error:
        refused = error
    if refused:
        assert refused.expected == "a trace that the text form can carry"
    else:
        assert parse_trace(text) == trace


@settings(max_examples=200)
@given(
    programs=st.lists(st.text(), min_size=1, max_size=5),
    title=st.none() | st.text(alphabet="ab 🐢-"),
    times=st.lists(st.none() | moments, min_size=5, max_size=5),
    is_complete=st.booleans(),
)
def test_ordinary_traces_are_never_refused(programs, title, times, is_complete) -> None:
    programs = [program.replace("CODE", "code") for program in programs]
    programs[-1] += "x"
    trace = Trace.from_states(programs, times[: len(programs)], title=title, is_complete=is_complete)
    assert parse_trace(format_trace(trace)) == trace


@settings(max_examples=500)
@given(awkward)
def test_any_text_is_read_like_the_release_and_written_back(raw_text: str) -> None:
    expected = release_reading(raw_text)
    if expected is None:
        with pytest.raises(TraceError):
            parse_trace(raw_text)
        return
    trace = parse_trace(raw_text)
    assert (list(trace.numbers), with_format_newlines(trace), trace.is_complete) == expected
    assert parse_trace(format_trace(trace)) == trace


def test_every_edge_case_of_the_release(shared_dir) -> None:
    cases = json.loads((shared_dir / "golden" / "parse_edge_cases.json").read_text(encoding="utf-8"))
    crashed = 0
    for name, case in cases.items():
        if "parse_exc" in case:
            crashed += 1
            with pytest.raises(TraceError):
                parse_trace(case["raw"])
            continue
        trace = parse_trace(case["raw"])
        assert list(trace.numbers) == case["nums"], name
        assert with_format_newlines(trace) == case["programs"], name
        assert trace.is_complete == case["eos"], name
        assert parse_trace(format_trace(trace)) == trace, name
        if "metrics" in case:
            assert trace_metrics(trace) == case["metrics"], name
            assert trace_metrics(parse_trace(format_trace(trace))) == case["metrics"], name
        else:
            crashed += 1
            with pytest.raises(TraceError):
                trace_metrics(trace)
    assert 0 < crashed < len(cases)


def test_title_is_read_from_the_text_unless_given() -> None:
    text = "pond<mask><mask><start>CODE 1 (2020-01-01 00:00:01):\nfd 50" + END + END + "<pad>"
    assert parse_trace(text).title == "pond"
    assert parse_trace(text, title="lake", username="made-up").title == "lake"
    assert parse_trace(text.partition("<start>")[2]).title is None
    assert parse_trace(text).programs == ("fd 50",)


def test_padding_does_not_change_what_is_read_and_a_start_inside_a_program_is_no_title() -> None:
    trace = Trace.from_states(["fd 50"], [datetime(2020, 1, 1)], title="pond")
    padded = format_trace(trace, title_padding=3)
    assert padded.startswith("pond<mask><mask><mask><start>CODE 1 (2020-01-01 00")
    assert parse_trace(padded) == trace
    assert parse_trace("CODE 1 (2020-01-01 00:00:01):\nwrite '<start>'" + END).title is None


def test_text_without_a_state_is_a_trace_without_programs() -> None:
    assert parse_trace("just words") == Trace((), (), (), is_complete=False)
    cut = parse_trace("pond<mask><start>CODE 1 (2020-01-01 00:00:01):\nfd 5")
    assert (cut.programs, cut.title, cut.is_complete) == ((), "pond", False)
    assert cut.fragment == "CODE 1 (2020-01-01 00:00:01):\nfd 5"


def test_cut_state_and_blank_last_state_are_fragments() -> None:
    start = "CODE 1 (2020-01-01 00:00:01):\nfd 50\n\nCODE 2 (2020-01-01 00:00:02):\n"
    cut = parse_trace(start + "fd 60")
    assert (cut.programs, cut.is_complete) == (("fd 50\n",), False)
    assert cut.fragment == "CODE 2 (2020-01-01 00:00:02):\nfd 60"
    blank = parse_trace(start + " \n" + END)
    assert (blank.programs, blank.is_complete, blank.fragment) == (
        ("fd 50\n",), True, "CODE 2 (2020-01-01 00:00:02):\n \n",
    )  # fmt: skip


def test_a_cut_table_row_measures_like_the_cut_text() -> None:
    times = [datetime(2020, 1, 1), datetime(2020, 1, 1, 0, 0, 9)]
    row = Trace.from_states(["fd 50\nrt 90", "fd 60\nrt 95"], times, is_complete=False)
    text = parse_trace(format_trace(row) + " (2020-01-01 00:00:20):\nfd 6")
    assert text.programs == row.programs
    assert trace_metrics(text) == trace_metrics(row)


def test_dates() -> None:
    text = "CODE 1 (2020-1-2 3:4:5):\na\nCODE 2 (2020-02-31 00:00:00):\nb\nCODE 3 (unknown):\nc" + END
    trace = parse_trace(text)
    assert trace.timestamps == (datetime(2020, 1, 2, 3, 4, 5), None, None)
    assert trace.unread_dates == ((1, "2020-02-31 00:00:00"),)
    assert "CODE 2 (2020-02-31 00:00:00):" in format_trace(trace)


UNREADABLE = {
    HEADER + "write 'BARCODE 12'\n" + HEADER + "fd 5" + END: "character 40",
    (HEADER + "a\n").replace("\n", "\r\n") * 2 + END: "2 headers without date",
    HEADER.replace("1", "01", 1) + "a" + END: "without leading zero",
    HEADER.replace("1", "١", 1) + "a" + END: "ASCII digits",
    HEADER + " \n" + HEADER + "\n" + END: "blank states only",
}
CANNOT_BE_CARRIED = {
    "CODE and a number in state 2": Trace.from_states(["fd 1", "write 'CODE 5'"]),
    "a blank last state": Trace.from_states(["fd 1", " \n"]),
    "in the last state": Trace.from_states(["write '<|endoftext|>'"]),
    "a title that holds <start>": Trace.from_states(["fd 1"], title="a<start>b"),
    "a complete trace without a state": Trace.from_states([]),
    "fragment": Trace(("a",), (None,), (1,), fragment="b"),
}
FIELDS_THAT_DO_NOT_FIT = {
    "0 timestamps, expected one for each of the 1 states": {"timestamps": ()},
    "row 0, field 'programs': found int": {"programs": (5,)},
    "whole seconds": {"timestamps": (datetime(2020, 1, 1, microsecond=5),)},
    "a number from 0 on": {"numbers": (-1,)},
}


def test_what_cannot_be_read_carried_or_made_says_why() -> None:
    for raw_text, reason in UNREADABLE.items():
        with pytest.raises(TraceError, match=reason):
            parse_trace(raw_text)
    for reason, trace in CANNOT_BE_CARRIED.items():
        with pytest.raises(TraceError, match=re.escape(reason)):
            format_trace(trace)
    for reason, fields in FIELDS_THAT_DO_NOT_FIT.items():
        with pytest.raises(TraceError, match=re.escape(reason)):
            Trace(**{"programs": ("fd 5",), "timestamps": (None,), "numbers": (1,), **fields})


def test_from_states_takes_missing_pandas_times() -> None:
    import pandas as pd

    times = pd.to_datetime(pd.Series(["2020-01-01 00:00:05", None]))
    assert Trace.from_states(["a", "b"], times).timestamps == (datetime(2020, 1, 1, 0, 0, 5), None)
    assert Trace.from_states(["a"], username="x") == Trace.from_states(["a"], username="y")


def test_message_names_place_found_and_expected() -> None:
    error = DataError("3 times", "2, one each", file="a.parquet", row=7, field="timestamps", hint="Cut it.")
    expected = "a.parquet, row 7, field 'timestamps': found 3 times, expected 2, one each. Cut it."
    assert str(error) == expected
