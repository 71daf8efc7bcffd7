"""What samples have in common with students' traces, and how far apart is further than chance."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy.stats import ks_2samp

from pcutils import few_students
from pcutils.analysis import sample_distances, sample_quality
from pcutils.analysis.description import EDIT_KINDS
from pcutils.analysis.final_programs import STUDENTS
from pcutils.analysis.sample_quality import PROPERTIES, Observed
from pcutils.figures.sample_quality import models_table, quality_table, quantile_plot
from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.results import Results
from pcutils.pipeline.steps import chapter_inputs

START = datetime(2020, 5, 4, 9, 0)
SMALL_ADD = "edit_sum_num_small_add_all"
TRAINING = pd.DataFrame(
    {
        "title": ["line", "line"],
        "programs": [["fd 1", "fd 1\nrt 2"], ["pen red"]],
        "is_complete": [True, False],
    }
)


def row(
    username: str, programs: list[str] | None, seconds: tuple[int, ...] = (), **other: Any
) -> dict[str, Any]:
    moments = None if programs is None else [START + timedelta(seconds=one) for one in seconds]
    edits = dict.fromkeys(EDIT_KINDS, np.nan if programs is None else 0)
    base = {"username": username, "title": "line", "split": "s", "programs": programs, "timestamps": moments}
    return base | {"is_complete": programs is not None, "final_runs": True} | edits | other


def measured(*rows: dict[str, Any]) -> dict[str, Observed]:
    return sample_quality.observe(pd.DataFrame(rows), TRAINING)


def mean(one: Observed) -> float:
    return float(np.average(one.values, weights=one.weights))


def flat(values: Any, owners: Any = None) -> Observed:
    numbers = np.asarray(values, dtype=float)
    names = [f"student {place}" for place in range(len(numbers))] if owners is None else owners
    return Observed(numbers, np.ones(len(numbers)), np.asarray(names))


def everything(one: Observed) -> dict[str, Observed]:
    return dict.fromkeys(PROPERTIES, one)


def test_pairs_count_alike_however_many_samples_they_have() -> None:
    found = measured(
        row("a", ["x"], (0,)),
        row("a", ["x", "y", "z"], (0, 5, 9)),
        row("b", ["x"], (0,)),
    )
    assert mean(found["states"]) == pytest.approx((2 + 1) / 2)


def test_samples_that_cannot_be_read_count_as_not_ended_and_nowhere_else() -> None:
    found = measured(row("a", None), row("a", ["x"], (0,)), row("b", ["x"], (0,), is_complete=False))
    assert mean(found["readable"]) == pytest.approx((0.5 + 1) / 2)
    assert mean(found["ends"]) == pytest.approx((0.5 + 0) / 2)
    assert len(found["states"].values) == 2
    assert len(found["runs"].values) == 1


def test_edits_are_timed_and_sized() -> None:
    found = measured(row("a", ["fd 1\n\nrt 2", "fd 1\nrt 2\nlt 90", "fd 1\nrt 2\nlt 90"], (0, 30, 20)))
    assert found["gap_seconds"].values.tolist() == [30, -10]
    assert mean(found["backwards"]) == 0.5
    assert found["changed"].values.tolist() == pytest.approx([1 / 3, 0])
    assert mean(found["unchanged"]) == 0.5


def test_lines_of_the_first_and_of_whole_final_programs_are_counted() -> None:
    found = measured(
        row("a", ["x", "x\ny\nz"], (0, 1)),
        row("b", ["x\ny"], (0,), is_complete=False),
    )
    assert found["first_lines"].values.tolist() == [1, 2]
    assert found["final_lines"].values.tolist() == [3]


def test_the_mix_of_edits_is_that_of_all_edits() -> None:
    found = measured(
        row("a", ["x", "y"], (0, 1), **{SMALL_ADD: 1}),
        row("b", ["x", "y"], (0, 1), edit_sum_num_modify_existing_all=3),
        row("c", ["x"], (0,)),
    )
    assert mean(found["small_add"]) == pytest.approx(1 / 4)
    assert mean(found["modify_existing"]) == pytest.approx(3 / 4)


def test_unknown_times_are_left_out() -> None:
    found = measured(row("a", ["x", "y", "z"]) | {"timestamps": [None, START, START]})
    assert found["gap_seconds"].values.tolist() == [0]


def test_copies_are_found_up_to_white_space_and_only_in_known_titles() -> None:
    found = measured(
        row("a", ["fd 1  ", "fd 1\nrt 2\n"], (0, 1)),
        row("b", ["rt 9", "fd 1\nrt 2"], (0, 1)),
        row("c", ["pen red"], (0,)),
        row("d", ["fd 1", "fd 1\nrt 2"], (0, 1), title="another"),
    )
    assert found["copied_trace"].values.tolist() == [1, 0, 1]
    # A training trace that was cut has no final program that could be copied.
    assert found["copied_final"].values.tolist() == [1, 1, 0]
    assert found["copied_trace"].owners.tolist() == ["a", "b", "c"]


def test_the_distance_is_that_of_scipy() -> None:
    generator = np.random.default_rng(0)
    own, other = generator.normal(size=40), generator.normal(0.7, 2, size=40)
    table = sample_distances.compare(
        {STUDENTS: everything(flat(own)), "trace": everything(flat(other))}, resamples=50
    ).set_index("property")
    found = table.loc["gap_seconds"]
    assert found["distance"].value == pytest.approx(ks_2samp(own, other).statistic)
    assert found["students"].value == np.sort(own)[19]
    assert found["distance"].n == 40


def test_the_same_students_are_drawn_on_both_sides() -> None:
    own = flat([0, 1] * 20)
    table = sample_distances.compare({STUDENTS: everything(own), "trace": everything(own)}, resamples=50)
    for estimate in table["distance"]:
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0, 0, 0))
    assert not table["is_further"].any()
    assert (table["noise"].map(lambda one: one.high) > 0).all()


def test_what_is_far_is_told_from_chance() -> None:
    generator = np.random.default_rng(1)
    own = flat(generator.random(60) < 0.9)
    alike, apart = (flat(generator.random(60) < share) for share in (0.9, 0.3))
    observed = {STUDENTS: everything(own), "trace": everything(alike), "last": everything(apart)}
    table = sample_distances.compare(observed, resamples=200).set_index(["variant", "property"])
    assert not table.loc[("trace", "runs"), "is_further"]
    assert table.loc[("last", "runs"), "is_further"]
    assert table.loc[("last", "runs"), "distance"].side() == "below"
    near, far = sample_distances.sorted_out(table.loc["last"].assign(variant="last"))
    assert PROPERTIES["runs"].label in far
    assert PROPERTIES["readable"].label not in near + far


def test_a_share_of_all_is_not_certain() -> None:
    table = sample_distances.compare(
        {STUDENTS: everything(flat([1] * 20)), "trace": everything(flat([1] * 20))}, resamples=50
    ).set_index("property")
    assert table.loc["readable", "samples"].value == 1
    assert 0.8 < table.loc["readable", "samples"].low < 1


def test_what_a_model_does_not_write_is_not_defined() -> None:
    nothing, own = flat([]), flat([0, 1, 0, 1])
    observed = {STUDENTS: everything(own), "last": everything(own) | {"changed": nothing, "runs": nothing}}
    table = sample_distances.compare(observed, resamples=50).set_index("property")
    for name in ("changed", "runs"):
        assert not table.loc[name, "distance"].is_defined
        assert not table.loc[name, "is_further"]
        assert table.loc[name, "students"].is_defined
    quantiles = sample_distances.quantile_table(observed)
    assert set(quantiles.loc[quantiles["property"] == "changed", "model"]) == {STUDENTS}
    words = quality_table(table.reset_index(), variant="last").set_index("")
    assert words.loc[PROPERTIES["runs"].label, "samples"] == "not defined"


def test_every_comparison_is_recorded_once() -> None:
    observed = {name: everything(flat([0, 1, 1])) for name in (STUDENTS, "trace", "last")}
    results = Results(Path("results.json"), provenance=dict)
    sample_distances.record_distances(results, sample_distances.compare(observed, resamples=20))
    assert results.measures["samples.runs.trace"]["value"] == pytest.approx(2 / 3)
    assert results.measures["samples.runs_distance.last"]["value"] == pytest.approx(0)
    assert {"samples.runs.students", "samples.runs_noise.students"} <= results.measures.keys()
    assert len(results.measures) == len(PROPERTIES) * (2 * 2 + 2)


def test_figure_and_tables_name_all_who_have_something_to_show() -> None:
    observed = {name: everything(flat([1, 2, 30, 400])) for name in (STUDENTS, "trace", "last")}
    figure = quantile_plot(sample_distances.quantile_table(observed))
    assert isinstance(figure, Figure)
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "states in a trace",
        "lines of the final program",
        "time between states",
        "share of lines touched by an edit",
    ]
    assert [one.get_text() for one in figure.axes[0].get_yticklabels()] == [
        "students",
        "whole traces",
        "final programs",
    ]
    shares = {name: everything(flat([0, 1, share, 1])) for name, share in ((STUDENTS, 1), ("trace", 0))}
    table = models_table(sample_distances.compare(shares, resamples=20))
    assert list(table.columns) == ["", "whole traces"]
    assert table["whole traces"].iloc[0].startswith("50.0")


def test_numbers_of_few_students_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    observed = {name: everything(flat([0, 1] * 4)) for name in (STUDENTS, "trace")}
    compared = sample_distances.compare(observed, resamples=20)
    monkeypatch.setitem(few_students.GUARDED, "a run", None)
    words = quality_table(compared)
    cells = words.drop(columns="").to_numpy().ravel()
    assert not any(sign.isdigit() for cell in cells for sign in cell)
    quantiles = quantile_plot(sample_distances.quantile_table(observed))
    assert not any(np.isfinite(line.get_xdata()).any() for line in quantiles.axes[0].get_lines())


def test_samples_to_look_at_are_chosen_by_rule() -> None:
    samples = pd.DataFrame(
        [
            row("a", ["x"] * states, tuple(range(states)), title=title, prompt=0, number=number)
            for title, sizes in (("a", (5, 1, 2)), ("b", (3,)), ("c", (4, 4)))
            for number, states in enumerate(sizes)
        ]
        + [row("a", None, title="b", prompt=1, number=0)] * 9
    )
    chosen = sample_quality.typical_samples(samples, most=2)
    assert [(trace.title, len(trace.programs)) for trace in chosen] == [("a", 2), ("c", 4)]
    assert chosen[0].timestamps[0] == START


def test_a_run_without_samples_has_nothing_to_compare(tmp_path: Path) -> None:
    run = SimpleNamespace(files=RunFiles(tmp_path))
    assert sample_quality.tables(run) == {}
    compared = sample_distances.compare({}, resamples=20)
    results = Results(tmp_path / "results.json", provenance=dict)
    sample_distances.record_distances(results, compared)
    assert results.measures == {}


def test_the_workflow_makes_samples_before_the_chapter_that_compares_them() -> None:
    files = RunFiles(Path("."))
    assert files.samples("trace") in chapter_inputs("02_model_training", files)
