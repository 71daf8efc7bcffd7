from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from pcutils.analysis.probe_studies import (
    above_chance,
    probe_prefixes,
    probe_students,
    probe_traits,
    record_probes,
    summarise_probes,
)
from pcutils.analysis.probe_targets import HABITS, PREFIX_TARGETS, RECOVERY_TARGETS
from pcutils.analysis.properties import PROPERTIES
from pcutils.pipeline.results import Results
from pcutils.trace import Trace

NAMES = [f"student {number}" for number in range(24)]


class KnowsAttempts:
    """A stand-in for a model: its states say how many attempts remain, its vectors the first habit."""

    students = dict.fromkeys(NAMES, 1)

    def prefix_states(self, traces: list[Trace]) -> list[np.ndarray]:
        return [
            np.array([[len(trace.programs) - place, 0.0] for place in range(len(trace.programs))])
            for trace in traces
        ]

    def student_vectors(self, usernames: list[str]) -> torch.Tensor:
        return torch.tensor([[float(NAMES.index(name)), 1.0] for name in usernames])


def make_traces() -> list[Trace]:
    generator = np.random.default_rng(0)
    lengths = generator.integers(2, 9, size=len(NAMES))
    return [
        Trace.from_states([f"fd {place}" for place in range(length)], title="line", username=name)
        for name, length in zip(NAMES, lengths, strict=True)
    ]


def make_measures() -> pd.DataFrame:
    rows = pd.DataFrame({"username": NAMES * 3, "title": ["line", "star", "maze"] * 24, "is_complete": True})
    noise = np.random.default_rng(1).normal(size=(len(rows), len(PROPERTIES)))
    for column, item in enumerate(PROPERTIES):
        rows[item.column] = 5 + noise[:, column]
    rows["backtracking_ratio_all"] = rows["username"].map(NAMES.index) / 24
    return rows


def scores(frame: pd.DataFrame, target: str) -> pd.Series:
    chosen = frame[(frame["target"] == target) & (frame["quantity"] == "score")]
    return chosen.set_index("input")["value"]


def test_prefixes_are_read_from_the_state_and_reasons_are_kept() -> None:
    frame = probe_prefixes(KnowsAttempts(), make_traces(), {}, probes=["linear"], resamples=40)
    found = scores(frame, "attempts_remaining")
    assert found["state"] > 0.95 > found["counted"]
    assert abs(found["shuffled"]) < 0.4
    assert set(frame["target"]) == {target.name for target in (*PREFIX_TARGETS, *RECOVERY_TARGETS)}
    assert frame.loc[frame["target"] == "next_fails", "reason"].notna().all()


def test_prefixes_are_capped_and_the_cap_is_drawn_by_the_seed() -> None:
    frame = probe_prefixes(
        KnowsAttempts(), make_traces(), {}, max_traces=10, probes=["linear"], resamples=20, seed=1
    )
    assert frame["n"].max() == 10


def test_a_habit_is_read_from_the_vector_and_noise_is_not() -> None:
    frame = probe_students(KnowsAttempts(), make_measures(), probes=["linear"], resamples=40)
    assert scores(frame, "backtracking")["vector"] > 0.95
    assert scores(frame, "attempts")["vector"] < 0.6
    assert set(frame["target"]) == set(HABITS)


def test_unknown_students_are_left_out() -> None:
    measures = make_measures().assign(username=lambda rows: rows["username"].str.upper())
    frame = probe_students(KnowsAttempts(), measures, probes=["linear"], resamples=20)
    assert (frame["n"] == 0).all()
    assert frame["reason"].str.contains("0 students").all()


def test_traits_are_read_from_vector_and_counts() -> None:
    traits = pd.DataFrame({"username": NAMES, "skill": np.arange(24.0), "language": "coffee"})
    traits["skill_percent"] = 100 * traits["skill"]
    frame = probe_traits(KnowsAttempts(), make_measures(), traits, probes=["linear"], resamples=40)
    assert set(frame["target"]) == {"skill"}
    found = scores(frame, "skill")
    assert found["vector"] > 0.95
    assert found["counted"] > 0.9
    assert probe_traits(KnowsAttempts(), make_measures(), traits[["username"]]).empty


def test_chance_is_zero_and_perfect_is_one() -> None:
    frame = pd.DataFrame({"value": [0.5, 1.0], "low": [0.4, 0.9], "high": [0.6, 1.0], "chance": [0.5, 0.25]})
    scaled = above_chance(frame)
    assert scaled["value"].to_list() == pytest.approx([0, 1])
    assert scaled.loc[0, "low"] == pytest.approx(-0.2)


def test_names_of_the_results(tmp_path: Path) -> None:
    results = Results(tmp_path / "04.json", dict)
    frame = probe_prefixes(KnowsAttempts(), make_traces(), {}, probes=["linear"], resamples=20)
    record_probes(results, "prefix_probe", frame, main="state", rival="counted")
    measured = {name.removesuffix(".attempts_remaining") for name in results.measures if "attempts" in name}
    assert measured == {
        f"prefix_probe.{part}" for part in ("linear", "counted", "shuffled", "difference", "over_counted")
    }
    parts = [
        results.measures[f"prefix_probe.{name}.attempts_remaining"]["value"]
        for name in ("linear", "shuffled", "difference")
    ]
    assert parts[0] - parts[1] == pytest.approx(parts[2])
    assert not any("next_fails" in name for name in results.measures)


def test_summary_counts_whole_intervals_and_names_what_is_missing() -> None:
    head = {"quantity": "difference", "input": "shuffled", "probe": "linear", "reason": None}
    frame = pd.DataFrame(
        [
            {**head, "label": "a", "value": 0.3, "low": 0.1, "high": 0.5},
            {**head, "label": "b", "value": 0.4, "low": -0.1, "high": 0.9},
            {**head, "label": "c", "value": -0.3, "low": -0.5, "high": -0.1},
            {"label": "d", "quantity": "score", "value": float("nan"), "reason": "too few"},
        ]
    )
    found = summarise_probes(frame, "shuffled")
    assert (found["above"], found["below"], found["best"]) == (["a"], ["c"], "b")
    assert (found["n_above"], found["n_below"], found["all"]) == (1, 1, 3)
    assert found["missing"] == ["d (too few)"]
    assert summarise_probes(frame, "titles")["best"] == "none"
