"""Errors in a trace, worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcutils.metrics import (
    RESPONSES,
    SUCCESS,
    error_episodes,
    failing_share,
    named_in,
    recovery_share,
    response_to_error,
    state_outcome,
)

OUTCOMES = [SUCCESS, "name", "name", "type", SUCCESS, "compile", SUCCESS, "timeout", "limit"]
UNKNOWN = "ReferenceError: fdd is not defined"


def test_outcome_is_the_kind_of_error_or_the_status() -> None:
    statuses = [("success", None), ("error", "type"), ("error", None), ("limit", None)]
    assert [state_outcome(*one) for one in statuses] == ["success", "type", "other", "limit"]


def test_episodes_end_at_the_next_state_that_runs() -> None:
    assert error_episodes(OUTCOMES) == [
        (1, 3, True, ("name", "name", "type")),
        (5, 1, True, ("compile",)),
        (7, 1, False, ("timeout", "limit")),
    ]


def test_an_error_in_the_last_state_was_followed_by_no_attempt() -> None:
    assert error_episodes([SUCCESS, "name"]) == [(1, 0, False, ("name",))]
    assert error_episodes(["name"]) == [(0, 0, False, ("name",))]
    assert error_episodes([SUCCESS]) == error_episodes([]) == []


def test_shares_of_failing_and_of_recovering_states() -> None:
    assert failing_share(OUTCOMES) == pytest.approx(6 / 9)
    # Five failing states have a next one; two of those next ones run.
    assert recovery_share(OUTCOMES) == pytest.approx(2 / 5)
    assert math.isnan(recovery_share([SUCCESS, SUCCESS, "name"]))


@given(st.lists(st.sampled_from([SUCCESS, "name", "compile"]), min_size=1))
def test_episodes_hold_every_failing_state_once(outcomes: list[str]) -> None:
    episodes = error_episodes(outcomes)
    failing = [place for place, outcome in enumerate(outcomes) if outcome != SUCCESS]
    assert failing == [episode.start + step for episode in episodes for step in range(len(episode.kinds))]
    assert all(episode.attempts == len(episode.kinds) - (not episode.recovered) for episode in episodes)
    assert not any(episode.recovered is False for episode in episodes[:-1])
    followed = sum(episode.attempts for episode in episodes)
    if followed:
        assert recovery_share(outcomes) == sum(episode.recovered for episode in episodes) / followed


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (UNKNOWN, "fdd"),
        ("TypeError: lime is not a function", "lime"),
        ("TypeError: t.foo is not a constructor", "t.foo"),
        ("TypeError: Cannot read properties of undefined (reading 'length')", "length"),
        ("ReferenceError: Cannot access 'x' before initialization", "x"),
        ("SyntaxError: unexpected indentation", None),
        ("RangeError: Maximum call stack size exceeded", None),
        (None, None),
    ],
)
def test_the_name_in_a_message(message: str | None, name: str | None) -> None:
    assert named_in(message) == name


BEFORE, FAILING = "pen red\nfd 10", "pen red\nfd 10\nfdd 20\nrt 90"


@pytest.mark.parametrize(
    ("after", "response"),
    [
        (FAILING + "  \n\n", "unchanged"),
        (BEFORE + "\n", "undone"),
        ("pen red\nfd 10\nfd 20\nrt 90", "named"),
        ("pen red\nfd 10\nrt 90", "named"),
        ("pen red\nfd 10\nfdd 20\nrt 45", "recent"),
        ("pen blue\nfd 10\nfdd 20\nrt 90", "elsewhere"),
        ("pen red\nfd 10\nfdd 20\nrt 90\ndot blue", "adds"),
        ("speed 5\n" + FAILING, "adds"),
    ],
)
def test_what_is_edited_after_an_error(after: str, response: str) -> None:
    assert response_to_error(BEFORE, FAILING, after, UNKNOWN) == response
    assert response in RESPONSES


def test_a_message_without_a_name_leaves_the_last_edit_to_blame() -> None:
    syntax = "SyntaxError: unexpected indentation"
    assert response_to_error(BEFORE, FAILING, "pen red\nfd 10\nfd 20\nrt 90", syntax) == "recent"


def test_a_first_state_that_fails_is_all_recent() -> None:
    assert response_to_error("", "fd 9\nfdd 9", "fd 8\nfdd 9", UNKNOWN) == "recent"


def test_names_are_whole_words() -> None:
    before, failing = "fdd2 = 3", "fdd2 = 3\nfdd 4"
    assert response_to_error(before, failing, "fdd2 = 4\nfdd 4", UNKNOWN) == "elsewhere"
