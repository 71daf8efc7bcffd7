"""How often attempts fail and how long errors last, on cases worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from pcutils.analysis import failures

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


def test_recovery_is_recorded_under_the_name_of_whose_it_is() -> None:
    added: dict[str, Any] = {}
    results = SimpleNamespace(add=lambda name, value, **more: added.update({name: (value, more["unit"])}))
    found = failures.record_recovery(results, "students", failures.episode_table(MEASURES), resamples=10)
    assert set(added) == {f"{key}.students" for key in found}
    assert added["given_up.students"] == (pytest.approx(1 / 3), "share")
    # At risk of a first attempt are the three episodes with one; one of them recovers with it.
    assert added["recovered_next.students"] == (pytest.approx(1 / 3), "share")
    assert added["attempts_until_recovery.students"][1] == "attempts"


def test_samples_stand_beside_their_own_students() -> None:
    measures = MEASURES.assign(title=["x", "y", "x", "y"], split="train")
    sample = measures.iloc[[2, 2]].assign(outcomes=[[RUNS], ["name", RUNS]])
    empty = pd.DataFrame(columns=["row", "username"])
    tables = failures.beside_students(measures, {"trace": sample, "last": empty})
    assert list(tables) == ["students", "trace", "last"]
    assert tables["students"]["username"].tolist() == ["b"]
    states = failures.state_outcomes(tables)
    counts = states.groupby("model")["outcome"].value_counts().to_dict()
    assert counts == {("students", "compile"): 3, ("trace", RUNS): 2, ("trace", "name"): 1}
    curves = failures.recovery_curves(
        {name: failures.episode_table(table) for name, table in tables.items()}, resamples=10
    )
    assert list(dict.fromkeys(curves["series"])) == ["students", "trace", "last"]
    assert curves.set_index(["series", "attempts"]).loc[("trace", 1), "value"] == 1
