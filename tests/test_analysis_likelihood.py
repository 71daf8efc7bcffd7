from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_models

from pcutils.analysis.likelihood import (
    PARTS,
    WHOSE,
    baseline_bits,
    bits_table,
    by_split,
    by_vector,
    gain_table,
    has_overfitted,
    mean_bits,
    student_gain,
)
from pcutils.figures.theme import BASELINE_LABELS, SPLIT_LABELS, VARIANT_LABELS
from pcutils.models import BASELINES
from pcutils.models.formats import SEGMENTS
from pcutils.trace import Trace

SPLIT = "seen_student_seen_title"


@pytest.fixture(scope="module")
def bits(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    model = tiny_models.tiny_model(tmp_path_factory.mktemp("model"), tokens=25_000, student_dropout=0.3)
    known = tiny_models.made_up_traces()
    strangers = [
        Trace.from_states(
            trace.programs, trace.timestamps, title=trace.title, username="nobody", is_complete=False
        )
        for trace in known[:4]
    ]
    traces = {SPLIT: known, "unseen_student_seen_title": strangers}
    return bits_table([("trace", model)], traces).assign(total=model.score([*known, *strangers]))


def test_bits_are_the_models(bits: pd.DataFrame) -> None:
    assert tuple(SEGMENTS) == PARTS["all"]
    parts = sum(bits[f"true_{segment}"] for segment in SEGMENTS)
    np.testing.assert_allclose(parts, bits["total"], rtol=1e-5)
    assert bits["is_known"].tolist() == [True] * 18 + [False] * 4
    assert bits["final_first"].isna().tolist() == [False] * 18 + [True] * 4


def test_stranger_costs_the_same_behind_their_own_and_the_average_vector(bits: pd.DataFrame) -> None:
    strangers = bits[~bits["is_known"]]
    np.testing.assert_allclose(strangers["true_edits"], strangers["average_edits"], rtol=1e-6)


def test_gain_is_what_the_own_vector_saves_on_known_students(bits: pd.DataFrame) -> None:
    known = bits[bits["is_known"]]
    saved = sum(known[f"average_{name}"] - known[f"true_{name}"] for name in ("first", "edits", "end"))
    gain = student_gain(bits, "trace", part="programs", resamples=50)
    assert gain.value == pytest.approx(saved.mean())
    assert gain.n == 6
    assert gain.low is not None
    assert 0 < gain.low < gain.value  # the made-up students have one colour each
    assert student_gain(bits, "trace", over="other", part="programs", resamples=50).value > gain.value
    table = gain_table(bits, resamples=50).set_index("part")["value"]
    assert table["all"] == pytest.approx(table["date"] + table["gaps"] + table["programs"])


def test_models_that_count_are_priced_on_the_same_traces(tmp_path: Path) -> None:
    model = tiny_models.tiny_model(tmp_path, tokens=1_000)
    traces = tiny_models.made_up_traces()
    found = baseline_bits(model, traces[:12], {SPLIT: traces[12:]})
    assert set(found["variant"]) == set(BASELINES) == set(BASELINE_LABELS)
    assert found.groupby("variant").size().tolist() == [6, 6, 6]
    assert np.isfinite(found[[f"true_{segment}" for segment in SEGMENTS]]).all(axis=None)
    table = by_split(mean_bits(found, resamples=50), splits=SPLIT_LABELS, variants=BASELINE_LABELS)
    assert table["model"].tolist() == list(BASELINE_LABELS.values())


def test_unknown_model_has_no_gain(bits: pd.DataFrame) -> None:
    assert not student_gain(bits[~bits["is_known"]], "trace", resamples=50).is_defined


def test_tables_hold_the_means(bits: pd.DataFrame) -> None:
    paid = {whose: mean_bits(bits, whose, resamples=50) for whose in WHOSE}
    table = by_split(paid["true"], splits=SPLIT_LABELS, variants=VARIANT_LABELS)
    assert table["model"].tolist() == ["whole traces"]
    assert table[SPLIT_LABELS[SPLIT]][0].value == pytest.approx(bits["total"][:18].mean())
    vectors = by_vector(paid, SPLIT_LABELS, VARIANT_LABELS)
    assert vectors["split"].tolist() == [SPLIT_LABELS[SPLIT]]
    values = [mean.value for mean in vectors.iloc[0].tolist()[2:]]
    assert values == sorted(values)  # own, average, somebody else's


def test_overfitting_is_a_rise_beyond_chance() -> None:
    def curve(*values: float) -> pd.DataFrame:
        return pd.DataFrame({"split": "validation", "bits_per_trace": values})

    assert has_overfitted(curve(9, 5, 6))
    assert not has_overfitted(curve(9, 5, 5.05))
    assert not has_overfitted(curve(9, 6, 5))
