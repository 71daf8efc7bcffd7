"""The recorded aggregates hold numbers only, and the simulator still gives those of the made-up students."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from pcutils.analysis import calibration
from pcutils.analysis.calibration import MEASURES, distances, population, recorded, recorded_facts
from pcutils.analysis.description import state_table, trace_table
from pcutils.figures.calibration import ratio_plot
from pcutils.metrics import corrected_metrics, trace_metrics
from pcutils.sources import load, to_dataset, traces_of
from pcutils.trace import Trace

#: Made-up students may differ by this factor, in every property; the population was set to come as close.
FARTHEST = 1.25


def tables(dataset: object, outcomes: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    programs = pd.DataFrame({"program_hash": [], "status": [], "error_kind": [], "language": []})
    states = state_table(dataset, programs)
    states["outcome"] = outcomes.get("all")
    rows = [
        {
            "username": trace.username,
            **trace_metrics(trace, unknown_time_is_nan=True),
            **corrected_metrics(trace),
        }
        for trace in traces_of(dataset)
    ]
    return trace_table(dataset), states, pd.DataFrame(rows)


def row(**values: object) -> dict[str, object]:
    return {
        "measure": "m",
        "label": "l",
        "unit": "u",
        "value": 2.0,
        "low": 1.8,
        "high": 2.2,
        "n": 50,
    } | values


@pytest.mark.parametrize("name", list(calibration.POPULATIONS))
def test_the_record_holds_aggregates_over_many_students_and_no_text(name: str) -> None:
    found, facts = recorded(name), recorded_facts(name)
    assert found["measure"].tolist() == [measure.name for measure in MEASURES]
    assert found["label"].tolist() == [measure.label for measure in MEASURES]
    assert set(found) == {"measure", "label", "unit", "value", "low", "high", "n"}
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()
    assert (found["n"] >= 100).all()
    assert all(isinstance(value, int | float) for value in facts.values())
    assert facts["traces"] >= facts["students"] >= found["n"].max()


def test_the_simulator_still_gives_the_recorded_students() -> None:
    """The exact figures, on what is quick to compute; a change of the simulator asks for a new record."""
    dataset = load("simulated", students=200, seed=0)
    traces = trace_table(dataset)
    states = state_table(
        dataset, pd.DataFrame({"program_hash": [], "status": [], "error_kind": [], "language": []})
    )
    hint = "call benchmarks/calibration.py, and read chapter 1 again"
    for measure in MEASURES:
        if measure.name in ("states_mean", "gap_median", "lines_mean", "characters_median"):
            values, _ = measure.rows(traces, states, pd.DataFrame())
            known = recorded("made_up").set_index("measure")["value"][measure.name]
            assert measure.statistic(values) == pytest.approx(known), hint


def test_made_up_students_are_not_further_away_than_chapter_1_says() -> None:
    apart = distances(recorded("made_up"), recorded("rollouts"))
    assert apart["value"].notna().all()
    assert apart["value"].map(calibration.fold).max() < FARTHEST
    assert apart["is_further"].any(), "within noise everywhere: let chapter 1 say so"


def test_population_of_two_students_by_hand() -> None:
    red = Trace.from_states(["fd 1", "fd 2", "fd 2\npen red # up"], title="t", username="a")
    blue = Trace.from_states(["fd 1"], title="t", username="b")
    found = population(
        *tables(to_dataset([red, blue], "simulated"), {"all": "success"}), resamples=50
    ).set_index("measure")["value"]
    assert found["states_mean"] == 2
    assert found["lines_mean"] == 1.5
    assert found["commented"] == 0.5
    assert found["colours"] == 0.5
    assert found["failing"] == 0
    assert found["edit_sum_num_modify_existing"] == 0.5
    assert found["edit_sum_num_small_add"] == 0.5
    assert math.isnan(found["gap_median"])


@pytest.mark.parametrize(
    ("other", "ratio", "is_further"),
    [
        (row(), 1.0, False),
        (row(value=1.9, low=1.7, high=2.1), 2 / 1.9, False),
        (row(value=1.0, low=0.9, high=1.1), 2.0, True),
        (row(value=8.0, low=7.0, high=9.0), 0.25, True),
    ],
)
def test_a_distance_is_a_ratio_with_the_noise_of_both(
    other: dict[str, object], ratio: float, is_further: bool
) -> None:
    found = distances(pd.DataFrame([row()]), pd.DataFrame([other])).iloc[0]
    assert found["value"] == pytest.approx(ratio)
    assert found["low"] < ratio < found["high"]
    assert bool(found["is_further"]) is is_further


@pytest.mark.parametrize(
    "broken", [{"low": 0.0}, {"value": math.nan}, {"value": 0.0, "low": 0.0, "high": 0.0}]
)
def test_a_distance_from_nothing_is_not_defined(broken: dict[str, float]) -> None:
    found = distances(pd.DataFrame([row()]), pd.DataFrame([row(**broken)]))
    assert math.isnan(found["value"][0])
    assert not found["is_further"][0]
    assert calibration.shown(found, "a", "b").iloc[0, -1] == "not defined"


def test_twice_and_half_are_equally_far_from_one() -> None:
    apart = distances(recorded("made_up"), recorded("rollouts"))
    axes = ratio_plot(apart, xlabel="ratio").axes[0]
    left, middle, right = axes.transData.transform([(0.5, 0), (1, 0), (2, 0)])[:, 0]
    assert right - middle == pytest.approx(middle - left)
