from __future__ import annotations

import pytest

from pcutils.analysis.failures import recovery_curve
from pcutils.analysis.recovery import (
    Continuation,
    FailingPrefix,
    baseline_continuations,
    continuations,
    continued_episodes,
    find_failing_prefixes,
    judge,
    why_not_measurable,
    without_suspect_line,
)
from pcutils.execution import program_hash
from pcutils.metrics import edit_distance, sample_bleu
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
    assert all("fdd" in item.program and item.place < len(item.trace.programs) - 1 for item in found)
    assert found == find_failing_prefixes(traces, FAILS, count=4)
    assert len(find_failing_prefixes(traces, FAILS, count=99)) == 7
    assert find_failing_prefixes([], FAILS) == []


def test_too_few_prefixes_are_said() -> None:
    prefixes = [FailingPrefix(make_trace(), 1)]
    assert "1 held-out traces" in str(why_not_measurable(prefixes))
    assert "1 students" in str(why_not_measurable(prefixes * 9))
    assert why_not_measurable([FailingPrefix(make_trace(name), 1) for name in "abcde"]) is None


def test_continuation_leaves_out_the_prefix_even_where_its_text_has_fewer_states() -> None:
    doubled = make_trace(programs=["pen red", "pen red", "fdd 1", "fd 1"])
    written = Trace.from_states(["pen red", "fdd 1", "fd 2", "fd 3"], title="line")
    samples = [Sample(0, 0, "", written, None), Sample(0, 1, "", None, "no trace")]
    found = continuations([FailingPrefix(doubled, 2)], samples)
    assert found == [Continuation(0, 0, ("fd 2", "fd 3"), True), Continuation(0, 1, (), False)]


def test_judge_on_continuations_worked_out_by_hand() -> None:
    prefix = FailingPrefix(make_trace(), 1)
    repaired, broken = "pen red\nfd 50", "pen red\nfdd 5"
    table = judge(
        [prefix],
        [
            Continuation(0, 0, (broken, repaired, "pen red\nfd 50\nrt 90")),
            Continuation(0, 1, (repaired, broken), is_finished=False),
            Continuation(0, 2, ()),
        ],
    )
    assert table["runs"].to_list() == [1, 0, 0]
    assert table["adds"].to_list() == [1, 1, 0]
    assert table["finished"].to_list() == [1, 0, 1]
    assert table["attempts"].to_list()[:2] == [2, 1]
    assert table["attempts"].isna().to_list() == [False, False, True]
    assert table["tried"].to_list() == [2, 1, 0]
    assert table["edit_size"].to_list()[0] == edit_distance(prefix.program, repaired)
    assert table["closeness"].to_list()[0] == pytest.approx(1)
    assert table["closeness"].to_list()[2] == sample_bleu(prefix.program, PROGRAMS[-1])


def test_continuations_that_never_run_are_censored() -> None:
    table = judge(
        [FailingPrefix(make_trace(), 1)],
        [
            Continuation(0, 0, ("fdd 1", "fd 1")),
            Continuation(0, 1, ("fdd 1", "fdd 2", "fdd 3")),
            Continuation(0, 2, ("fdd 1",), is_finished=False),
        ],
    )
    episodes = continued_episodes(table)
    assert episodes["attempts"].to_list() == [2, 3, 1]
    assert episodes["recovered"].to_list() == [True, False, False]
    assert episodes["given_up"].fillna(-1).to_list() == [0, 1, -1]
    # All three are at risk of a first attempt, two of a second, and one of those two recovers.
    assert recovery_curve(episodes, horizon=2, resamples=10)["value"].to_list() == [0, 0, 0.5]


def test_baselines_use_only_what_was_there_before() -> None:
    prefix = FailingPrefix(make_trace(), 2)
    message = {program_hash(PROGRAMS[2]): "ReferenceError: fdd is not defined"}
    found = baseline_continuations([prefix], FAILS, message)
    assert found["revert"][0].states == ("pen red",)
    assert found["delete_line"][0].states == ("pen red\nrt 90",)
    assert found["student"][0].states == (PROGRAMS[3],)
    at_once = FailingPrefix(make_trace(programs=PROGRAMS[1:]), 0)
    assert baseline_continuations([at_once], FAILS, {})["revert"][0].states == ()


def test_suspect_is_the_named_then_the_new_then_the_last_line() -> None:
    program = "pen red\nfor i in [1..3]\n  fd 5\nrt 90"
    assert without_suspect_line(program, "", "ReferenceError: pen is not defined").startswith("for")
    assert without_suspect_line(program, "pen red\nfor i in [1..3]\nrt 90", "SyntaxError") == program.replace(
        "\n  fd 5", ""
    )
    assert without_suspect_line(program, program, None) == program.removesuffix("\nrt 90")
    assert without_suspect_line("", "", None) == ""
