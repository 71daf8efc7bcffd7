from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from pcutils.analysis.statistics import (
    Estimate,
    bootstrap_interval,
    correlation_interval,
    difference_interval,
    interval_of,
    record,
    resample_weights,
    share_interval,
    weighted_correlations,
)
from pcutils.errors import DataError


def classes(
    seed: int, students: int = 30, traces: int = 6, between: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Values that resemble each other within a student; the true mean is 0."""
    generator = np.random.default_rng(seed)
    owners = np.repeat(np.arange(students), traces)
    return generator.normal(0, between, students)[owners] + generator.normal(0, 0.3, len(owners)), owners


def coverage(clustered: bool, rounds: int = 120) -> float:
    hits = 0
    for seed in range(rounds):
        values, owners = classes(seed)
        estimate = bootstrap_interval(values, groups=owners if clustered else None, resamples=199, seed=seed)
        hits += estimate.low <= 0 <= estimate.high  # type: ignore[operator]
    return hits / rounds


def test_drawing_students_covers_the_truth_and_drawing_traces_does_not() -> None:
    assert 0.88 <= coverage(clustered=True) <= 1.0
    assert coverage(clustered=False) < 0.75


def test_bca_agrees_with_scipy_without_groups() -> None:
    values = np.random.default_rng(1).exponential(size=40)
    ours = bootstrap_interval(values, method="BCa", resamples=500, seed=3)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=500, method="BCa", rng=np.random.default_rng(3)
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=0.05)


def test_the_same_seed_gives_the_same_interval() -> None:
    values, owners = classes(0)
    assert bootstrap_interval(values, groups=owners, seed=5) == bootstrap_interval(
        values, groups=owners, seed=5
    )
    assert bootstrap_interval(values, groups=owners, seed=5) != bootstrap_interval(
        values, groups=owners, seed=6
    )


def test_a_row_of_several_columns_stays_together() -> None:
    rows = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [5.0, 10.0]])
    estimate = bootstrap_interval(rows, lambda part: float((part[:, 1] - 2 * part[:, 0]).sum()))
    assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("values", "groups", "n"), [([], [], 0), ([1.0, 2.0], ["a", "a"], 1)])
def test_too_few_units_give_no_interval_and_a_reason(values: list, groups: list, n: int) -> None:
    estimate = bootstrap_interval(values, groups=groups)
    assert (estimate.low, estimate.high, estimate.n) == (None, None, n)
    assert estimate.reason


def test_groups_of_another_length_are_an_error() -> None:
    with pytest.raises(DataError, match="3, one a row"):
        bootstrap_interval([1, 2, 3], groups=["a", "b"])


def test_an_interval_needs_defined_draws() -> None:
    draws = np.array([0.1] * 80 + [np.nan] * 20)
    assert interval_of(0.1, draws, 10).low is None
    assert interval_of(0.1, draws[:85], 10).low == pytest.approx(0.1)
    assert not interval_of(math.nan, draws, 10).is_defined


def test_correlation_matches_scipy_and_its_interval_covers_fisher_closely() -> None:
    generator = np.random.default_rng(2)
    x = generator.normal(size=200)
    y = 0.6 * x + generator.normal(size=200)
    ours = correlation_interval(x, y, resamples=1500)
    theirs = scipy.stats.pearsonr(x, y)
    fisher = theirs.confidence_interval()
    assert ours.value == pytest.approx(theirs.statistic)
    assert (ours.low, ours.high) == pytest.approx((fisher.low, fisher.high), abs=0.05)


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [([1, 1, 1, 1], [1, 2, 3, 4], "same value"), ([1, 2, math.nan], [1, 2, 3], "fewer than three")],
)
def test_correlation_that_is_not_defined_says_why(x: list, y: list, reason: str) -> None:
    estimate = correlation_interval(x, y)
    assert not estimate.is_defined
    assert reason in str(estimate.reason)


def test_share_matches_wilson() -> None:
    theirs = scipy.stats.binomtest(3, 40).proportion_ci(method="wilson")
    ours = share_interval(3, 40)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert not share_interval(0, 0).is_defined


def test_a_paired_difference_is_sharper_than_two_intervals() -> None:
    values, owners = classes(7)
    generator = np.random.default_rng(8)
    second = values + 0.1 + generator.normal(0, 0.05, len(values))
    gap = difference_interval(second, values, groups=owners)
    assert gap.value == pytest.approx(0.1, abs=0.02)
    assert gap.low > 0  # type: ignore[operator]
    alone = bootstrap_interval(values, groups=owners)
    assert gap.high - gap.low < (alone.high - alone.low) / 5  # type: ignore[operator]


def test_a_difference_leaves_out_rows_that_lack_a_side() -> None:
    estimate = difference_interval([1.0, 2.0, math.nan], [0.5, 1.5, 9.0], groups=["a", "b", "c"])
    assert (estimate.value, estimate.n) == (0.5, 2)


def test_weights_draw_whole_students() -> None:
    weights = resample_weights(["a", "a", "b", "c"], resamples=50, seed=0)
    assert weights.shape == (51, 4)
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_weighted_correlation_is_the_correlation_of_repeated_rows() -> None:
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=20), generator.normal(size=20)
    weights = generator.integers(0, 4, size=(5, 20)).astype(float)
    ours = weighted_correlations(x, y, weights)
    for row, value in zip(weights.astype(int), ours, strict=True):
        assert value == pytest.approx(scipy.stats.pearsonr(np.repeat(x, row), np.repeat(y, row)).statistic)


def test_weighted_correlation_of_a_constant_side_is_not_defined() -> None:
    x = np.full(10, 2016.1)
    assert np.isnan(weighted_correlations(x, np.arange(10.0), np.ones((2, 10)))).all()


def test_record_keeps_value_interval_and_count() -> None:
    kept: dict[str, object] = {}

    class Results:
        def add(self, name: str, value: float, **rest: object) -> None:
            kept[name] = (value, rest)

    record(Results(), "a", Estimate(1.0, 0.5, 1.5, 9), "bits")
    assert kept["a"] == (1.0, {"low": 0.5, "high": 1.5, "n": 9, "unit": "bits"})
