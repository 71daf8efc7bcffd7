"""How long errors last and what is edited after them, on cases worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from pcutils.analysis import failures
from pcutils.execution import program_hash
from pcutils.metrics import RESPONSES
from pcutils.sources import to_dataset
from pcutils.trace import Trace

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


def episodes_of(attempts: list[int], recovered: list[bool], students: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"username": students, "attempts": attempts, "recovered": recovered})


def test_episodes_know_whether_they_ended() -> None:
    table = failures.episode_table(MEASURES)
    assert table["kind"].tolist() == ["name", "name", "compile", "name"]
    assert table["kinds"].tolist() == [2, 1, 1, 1]
    assert table["attempts"].tolist() == [2, 1, 2, 0]
    assert table["recovered"].tolist() == [True, True, False, False]
    # The last one stands at the end of a record that was cut: whether it was given up nobody knows.
    assert table["given_up"].fillna(-1).tolist() == [0, 0, 1, -1]


def test_those_who_never_recover_count_as_long_as_they_were_seen() -> None:
    # Of four at risk one recovers at once; of the three left one is seen no longer, so two are at risk of a
    # second attempt, and one of them recovers: 3/4 and then 3/4 * 1/2 are still without a running program.
    episodes = episodes_of([1, 1, 2, 2], [True, False, True, False], list("abcd"))
    curve = failures.recovery_curve(episodes, horizon=2, resamples=20)
    assert curve["value"].tolist() == pytest.approx([0, 1 / 4, 1 - 3 / 8])
    mean = failures.attempts_until_recovery(episodes, horizon=2, resamples=20)
    assert mean.value == pytest.approx(1 + 3 / 4)
    assert mean.n == 4


def test_the_curve_is_that_of_statsmodels() -> None:
    generator = np.random.default_rng(0)
    attempts, recovered = generator.integers(1, 9, 300), generator.random(300) < 0.7
    students = [f"s{number}" for number in generator.integers(0, 30, 300)]
    curve = failures.recovery_curve(episodes_of(list(attempts), list(recovered), students), resamples=50)
    theirs = SurvfuncRight(attempts, recovered)
    expected = dict(zip(theirs.surv_times, 1 - theirs.surv_prob, strict=True))
    for row in curve[curve["attempts"] > 0].itertuples():
        assert row.value == pytest.approx(expected[row.attempts])
        assert row.low <= row.value <= row.high


def test_leaving_out_the_unrecovered_would_look_quicker() -> None:
    episodes = episodes_of([1, 1, 5, 5], [True, True, True, False], list("abcd"))
    everybody = failures.attempts_until_recovery(episodes, resamples=10)
    only_recovered = failures.attempts_until_recovery(episodes[episodes["recovered"]], resamples=10)
    assert only_recovered.value == pytest.approx(7 / 3)
    assert everybody.value > only_recovered.value


def test_where_all_recover_early_the_curve_stays_at_its_end() -> None:
    curve = failures.recovery_curve(episodes_of([1, 2], [True, True], ["a", "b"]), resamples=10)
    assert curve["value"].tolist() == [0, 0.5, 1, 1, 1, 1, 1]


def test_nothing_is_said_where_nothing_was_seen() -> None:
    seen = episodes_of([0, 0], [False, False], ["a", "b"])
    assert np.isnan(failures.recovery_curve(seen, resamples=10)["value"].iloc[1])
    assert not failures.attempts_until_recovery(seen, resamples=10).is_defined
    empty = failures.episode_table(MEASURES.iloc[1:2])
    assert empty.empty
    assert not failures.attempts_until_recovery(empty, resamples=10).is_defined
    assert not failures.student_share(empty["given_up"] == 1, empty["username"], 10).is_defined


STATES = ["pen red", "pen red\nfdd 50", "pen red\nfd 50", "pen red\nfd 50\nrt (", "pen red\nfd 50"]
FAILING = {"fdd": ("name", "ReferenceError: fdd is not defined"), "(": ("compile", "SyntaxError: missing )")}


def programs_of(states: list[str]) -> pd.DataFrame:
    found = [next((FAILING[sign] for sign in FAILING if sign in state), None) for state in states]
    return pd.DataFrame(
        {
            "program_hash": [program_hash(state) for state in states],
            "status": ["error" if one else "success" for one in found],
            "error_kind": [one[0] if one else None for one in found],
            "message": [one[1] if one else None for one in found],
        }
    ).drop_duplicates("program_hash")


def test_edits_know_what_came_before_them() -> None:
    trace = Trace.from_states(STATES, username="a", title="t")
    table = failures.response_table(to_dataset([trace], "simulated"), programs_of(STATES))
    after = [failures.AFTER_RUN, failures.AFTER_ERROR] * 2
    assert table["after"].tolist() == after
    edits = ["few lines added", "lines changed", "few lines added", "few lines deleted"]
    assert table["edit"].tolist() == edits
    errors = table[table["after"] == failures.AFTER_ERROR]
    assert errors["error"].tolist() == ["name", "compile"]
    assert errors["response"].tolist() == ["named", "undone"]
    assert errors["repaired"].tolist() == [1, 1]
    assert not set("".join(STATES).split()) & set(map(str, table.to_numpy().ravel()))


def test_shares_of_a_group_add_up() -> None:
    frame = pd.DataFrame(
        {"username": list("aab"), "error": ["name"] * 3, "response": ["named", "named", "adds"]}
    )
    shares = failures.share_table(
        frame, "response", failures.RESPONSE_LABELS, by="error", groups={"name": "unknown name", "x": "x"},
        resamples=50,
    )  # fmt: skip
    values = shares.set_index("value_of")["value"]
    assert values.sum() == pytest.approx(1)
    assert (values["named"], values["adds"]) == pytest.approx((2 / 3, 1 / 3))
    assert set(shares["group"]) == {"unknown name"}
    # Students are drawn, not rows: with a alone or b alone a share is 0 or 1.
    named = shares.set_index("value_of").loc["named"]
    assert (named["low"], named["high"]) == (0, 1)
    assert set(failures.RESPONSE_LABELS) == set(RESPONSES)


def test_frequent_kinds_come_first_and_rare_ones_not_at_all() -> None:
    kinds = pd.Series(["compile"] * 5 + ["name"] * 7 + ["type"])
    assert list(failures.frequent_kinds(kinds, fewest=2)) == ["name", "compile"]


def test_recovery_is_recorded_under_the_name_of_whose_it_is() -> None:
    added: dict[str, Any] = {}
    results = SimpleNamespace(add=lambda name, value, **more: added.update({name: (value, more["unit"])}))
    found = failures.record_recovery(results, "students", failures.episode_table(MEASURES), resamples=10)
    assert set(added) == {f"{key}.students" for key in found}
    assert added["given_up.students"] == (pytest.approx(1 / 3), "share")
    # At risk of a first attempt are the three episodes with one; one of them recovers with it.
    assert added["recovered_next.students"] == (pytest.approx(1 / 3), "share")
    assert added["attempts_until_recovery.students"][1] == "attempts"
