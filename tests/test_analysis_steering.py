from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from pcutils.analysis.recovery import FailingPrefix
from pcutils.analysis.steering import (
    choose_example,
    complete,
    difference_of,
    finish_all,
    mean_of,
    rank_students,
    record_steering,
    standing,
    steering_groups,
)
from pcutils.models import TraceModel, train_tokenizer
from pcutils.models.building import new_network
from pcutils.models.formats import make_format
from pcutils.models.tokenizer import SMALLEST_VOCABULARY
from pcutils.models.training_loop import Settings
from pcutils.pipeline.results import Results
from pcutils.trace import Trace, format_trace

TRACE = Trace.from_states(["fd 10", "fdd 10", "fd 10\nrt 90"], title="line", username="a")


@pytest.fixture(scope="module")
def model() -> TraceModel:
    tokenizer = train_tokenizer([format_trace(TRACE)], vocabulary=SMALLEST_VOCABULARY)
    settings = Settings(layers=1, width=16, heads=2, context=128, copy_hints=False)
    network = new_network(settings, make_format("edits", tokenizer), students=3)
    torch.manual_seed(0)
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return TraceModel(network, tokenizer, {"a": 1, "b": 2, "c": 3})


def test_a_group_of_one_is_that_student(model: TraceModel) -> None:
    prefixes = [FailingPrefix(TRACE, 1)] * 2
    own = complete(model, prefixes, samples=2, progress=False)
    same = complete(model, prefixes, group=["a"], samples=2, progress=False)
    other = complete(model, prefixes, group=["b", "c"], samples=2, progress=False)
    assert [(item.prompt, item.number) for item in own] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [item.text for item in own] == [item.text for item in same]
    assert [item.text for item in own] != [item.text for item in other]
    assert {item.given_states for item in own} == {2}
    assert all(item.trace is None or item.trace.programs[:2] == TRACE.programs[:2] for item in own)


def test_strong_students_end_most_often_in_a_program_that_runs() -> None:
    measures = pd.DataFrame(
        {
            "username": ["a"] * 4 + ["b"] * 4 + ["c"] * 4 + ["d"] * 2,
            "final_runs": [True, True, True, False] * 2 + [True] * 4 + [True] * 2,
            "failing_share": [0.5] * 4 + [0.1] * 4 + [0.9] * 4 + [0.0] * 2,
        }
    )
    ranking = rank_students(measures, min_traces=3)
    assert list(ranking.index) == ["c", "b", "a"]
    assert ranking.loc["c", "final_runs"] == 1
    assert ranking.loc["b", "traces"] == 4


def test_groups_have_the_same_size_and_do_not_overlap() -> None:
    ranking = pd.DataFrame(index=[f"s{number}" for number in range(40)])
    known = [f"s{number}" for number in range(1, 40)]
    groups = steering_groups(ranking, known, share=0.1)
    assert groups["strong"] == ["s1", "s2", "s3", "s4"]
    assert len(groups["random"]) == 4
    assert not set(groups["random"]) & {"s0", *groups["strong"]}
    assert groups == steering_groups(ranking, known, share=0.1)
    assert steering_groups(ranking.iloc[:3], known) == {"strong": [], "random": []}


def make_table(runs: list[float], usernames: str) -> pd.DataFrame:
    prefixes = range(len(runs) // 2)
    return pd.DataFrame(
        {
            "prefix": [place for place in prefixes for _ in range(2)],
            "number": [0, 1] * len(prefixes),
            "username": [name for name in usernames for _ in range(2)],
            "runs": runs,
        }
    )


def test_means_and_paired_differences_worked_out_by_hand() -> None:
    nan = float("nan")
    first = make_table([1, 1, 1, 0, 0, 0], "aab")
    second = make_table([0, 1, 1, 0, nan, nan], "aab")
    assert mean_of(first, "runs", resamples=50).value == pytest.approx(0.5)
    assert mean_of(first, "runs", resamples=50).n == 2
    found = difference_of(first, second, "runs", resamples=50)
    assert found.value == pytest.approx(0.25)
    assert difference_of(first, first, "runs", resamples=50).value == 0


def test_standing_is_a_place_among_all() -> None:
    skill = {name: number / 10 for number, name in enumerate("abcdefghij")}
    assert standing(skill, ["j"]).value == 1
    assert standing(skill, ["a", "j"]).value == pytest.approx(0.55)


def test_every_variant_and_group_gets_its_completions(model: TraceModel) -> None:
    asked: list[str] = []

    def load(variant: str) -> TraceModel:
        asked.append(variant)
        return model

    found = finish_all(
        load,
        ["trace", "last"],
        [FailingPrefix(TRACE, 1)],
        {"strong": ["b"], "random": []},
        samples=1,
        max_tokens=20,
        progress=False,
    )
    assert list(found) == ["trace", "strong", "last"]
    assert asked == ["trace", "last"]
    assert [item.text for item in found["trace"]] == [item.text for item in found["last"]]


def test_names_and_values_of_the_results(tmp_path: Path) -> None:
    shape = {"attempts": 2.0, "edit_size": 5.0, "adds": 1.0}
    tables = {
        "trace": make_table([1, 1, 0, 0], "ab").assign(closeness=0.5, **shape),
        "last": make_table([1, 0, 0, 0], "ab").assign(closeness=0.4, **shape),
        "strong": make_table([1, 1, 1, 1], "ab").assign(closeness=0.45, **shape),
        "random": make_table([1, 1, 1, 0], "ab").assign(closeness=0.5, **shape),
        "student": make_table([1, 1, 1, 1], "ab").assign(closeness=1.0, **shape),
    }
    results = Results(tmp_path / "06.json", dict)
    record_steering(results, tables, resamples=50)
    values = {name: measure["value"] for name, measure in results.measures.items()}
    assert values["recovery.trace"] == 0.5
    assert values["recovery.difference.trace-last"] == 0.25
    assert values["steering.runs.strong-own"] == 0.5
    assert values["steering.runs.strong-random"] == 0.25
    assert values["steering.style.strong-own"] == pytest.approx(-0.05)
    assert values["steering.attempts.strong-own"] == 0
    assert "recovery.difference.trace-student" not in values


def test_example_is_the_shortest_prefix_that_most_models_repair() -> None:
    longer = FailingPrefix(Trace.from_states(["a", "b", "c", "d"], title="line", username="b"), 2)
    prefixes = [longer, FailingPrefix(TRACE, 1), FailingPrefix(TRACE, 0)]
    tables = [make_table([1, 0, 1, 0, 0, 1], "bac"), make_table([1, 0, 1, 0, 0, 1], "bac")]
    assert choose_example(prefixes, tables) == 1
    assert choose_example([], []) is None
