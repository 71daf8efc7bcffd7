import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight

from pcutils.analysis.failures import CENSORED, GIVEN_UP, RECOVERED, episode_table
from pcutils.analysis.recovery import (
    Continuation,
    FailingPrefix,
    continuations,
    find_failing_prefixes,
    judge,
    simple_repairs,
    without_suspect_line,
)
from pcutils.errors import DataError
from pcutils.execution import program_hash
from pcutils.metrics import sample_bleu
from pcutils.models import Sample
from pcutils.trace import Trace

PROGRAMS = ["pen red", "pen red\nfdd 50", "pen red\nfdd 50\nrt 90", "pen red\nfd 50\nrt 90"]
FAILS = {program_hash(program): "fdd" in program for program in PROGRAMS}


def make_trace(username: str = "a", programs: list[str] = PROGRAMS, **fields: object) -> Trace:
    return Trace.from_states(programs, title="line", username=username, **fields)


def test_prefix_ends_at_the_failing_state() -> None:
    given = FailingPrefix(make_trace(), 1).given
    assert given.programs == ("pen red", "pen red\nfdd 50")
    assert given.username == "a"
    assert not given.is_complete


def test_prefixes_fail_have_a_next_state_and_take_turns_between_students() -> None:
    traces = [make_trace("a") for _ in range(5)] + [make_trace(name) for name in "bc"]
    traces += [make_trace("d", PROGRAMS[:3], is_complete=False), make_trace("e", PROGRAMS[:1])]
    found = find_failing_prefixes(traces, FAILS, count=4)
    assert len(found) == 4
    assert {item.username for item in found[:3]} == {"a", "b", "c"}
    assert all("fdd" in item.program and item.index < len(item.trace.programs) - 1 for item in found)
    assert found == find_failing_prefixes(traces, FAILS, count=4)
    assert len(find_failing_prefixes(traces, FAILS, count=99)) == 7
    with pytest.raises(DataError, match="failing state"):
        find_failing_prefixes(traces[-1:], FAILS)


def test_continuation_leaves_out_the_prefix_even_where_its_text_has_fewer_states() -> None:
    doubled = make_trace(programs=["pen red", "pen red", "fdd 1", "fd 1"])
    written = Trace.from_states(["pen red", "fdd 1", "fd 2", "fd 3"], title="line")
    samples = [Sample(0, 0, "", written, None), Sample(0, 1, "", None, "no trace")]
    found = continuations([FailingPrefix(doubled, 2)], samples)
    assert found == [Continuation(0, 0, ("fd 2", "fd 3"), True), Continuation(0, 1, (), False)]


def test_judge_on_continuations_worked_out_by_hand() -> None:
    prefix = FailingPrefix(make_trace(), 1)
    repaired, broken = "pen red\nfd 50", "pen red\nfdd 5"
    some = [
        Continuation(0, 0, (broken, repaired, "pen red\nfd 50\nrt 90")),
        Continuation(0, 1, (repaired, broken), is_finished=False),
        Continuation(0, 2, ()),
        Continuation(0, 3, ("fdd 1", "fdd 2", "fdd 3")),
        Continuation(0, 4, ("fdd 1",), is_finished=False),
        Continuation(0, 5, (), is_finished=False),
    ]
    table = judge([prefix], some)
    assert table["runs"].to_list() == [1, 0, 0, 0, 0, 0]
    assert table["adds"].to_list()[:3] == [1, 1, 0]
    assert table["attempts"].to_list() == [2, 1, 0, 3, 1, 0]
    assert table["ending"].to_list() == [RECOVERED, RECOVERED, GIVEN_UP, GIVEN_UP, CENSORED, CENSORED]
    assert table["closeness"].to_list()[0] == pytest.approx(1)
    assert table["closeness"].to_list()[2] == sample_bleu(prefix.program, PROGRAMS[-1])


def test_programs_are_run_by_the_callable_that_is_given() -> None:
    asked: list[str] = []

    def status(programs: list[str]) -> pd.DataFrame:
        asked.extend(programs)
        return pd.DataFrame({"program_hash": map(program_hash, programs), "status": "success"})

    table = judge([FailingPrefix(make_trace(), 1)], [Continuation(0, 0, ("fdd 1",))], status=status)
    assert (asked, table["runs"].to_list()) == (["fdd 1"], [1])


def test_simple_repairs_use_only_what_was_there_before() -> None:
    prefix = FailingPrefix(make_trace(), 2)
    message = {program_hash(PROGRAMS[2]): "ReferenceError: fdd is not defined"}
    found = simple_repairs([prefix], FAILS, message)
    assert found["revert"][0].states == ("pen red",)
    assert found["delete_line"][0].states == ("pen red\nrt 90",)
    assert found["student"][0].states == (PROGRAMS[3],)
    at_once = FailingPrefix(make_trace(programs=PROGRAMS[1:]), 0)
    assert simple_repairs([at_once], FAILS, {})["revert"][0].states == ()


def test_suspect_is_the_named_then_the_new_then_the_last_line() -> None:
    program = "pen red\nfor i in [1..3]\n  fd 5\nrt 90"
    assert without_suspect_line(program, "", "ReferenceError: pen is not defined").startswith("for")
    assert without_suspect_line(program, "pen red\nfor i in [1..3]\nrt 90", "SyntaxError") == program.replace(
        "\n  fd 5", ""
    )
    assert without_suspect_line(program, program, None) == program.removesuffix("\nrt 90")
    assert without_suspect_line("", "", None) == ""


RUNS = "success"
MEASURES = pd.DataFrame(
    {
        "username": ["a", "a", "b", "b"],
        "is_complete": [True, True, True, False],
        "outcomes": [
            np.array([RUNS, "name", "type", RUNS, "name", RUNS], dtype=object),
            np.array([RUNS, RUNS], dtype=object),
            np.array(["compile", "compile", "compile"], dtype=object),
            np.array([RUNS, "name"], dtype=object),
        ],
    }
)


def test_each_episode_has_its_length_and_ending() -> None:
    table = episode_table(MEASURES)
    assert table["username"].tolist() == ["a", "a", "b", "b"]
    assert table["kind"].tolist() == ["name", "name", "compile", "name"]
    assert table["attempts"].tolist() == [2, 1, 2, 0]
    assert table["ending"].tolist() == [RECOVERED, RECOVERED, GIVEN_UP, CENSORED]
    assert table["recovered"].tolist() == [True, True, False, False]
    assert table["given_up"].fillna(-1).tolist() == [0, 0, 1, -1]
    none = episode_table(MEASURES.iloc[[1]])
    assert (len(none), list(none)) == (0, list(table))


def test_statsmodels_reads_the_endings_as_competing_risks() -> None:
    # Of four episodes one is cut at 0 states; of three one recovers at 1; at 2 one recovers, one is given up.
    table = episode_table(MEASURES)
    with np.errstate(divide="ignore", invalid="ignore"):
        curves = CumIncidenceRight(table["attempts"], table["ending"])
    recovered, given_up = (curve[-1] for curve in curves.cinc)
    assert recovered == pytest.approx(1 / 3 + 2 / 3 / 2)
    assert given_up == pytest.approx(2 / 3 / 2)
