"""Samples beside students: correlations, baselines, and the final programs that are compared."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from pcutils.analysis import (
    Estimate,
    bootstrap_interval,
    correlation_interval,
    difference_interval,
    estimate_table,
)
from pcutils.analysis.behaviour import (
    STUDENT_MEAN,
    TITLE_MEAN,
    correlation_draws,
    draw_estimates,
    equal_numbers,
    final_programs,
    mean_over_measures,
    pair_up,
    within_titles,
)
from pcutils.analysis.statistics import interval_of, resample_weights
from pcutils.errors import DataError

FOUR = ["backtracking_ratio_all", "trace_length_all", "trace_year_last", "num_comments_last"]
BACK, LENGTH, YEAR, COMMENTS = FOUR
SPLITS = ("seen_student_seen_title", "unseen_student_seen_title")


def students(seed: int = 0, count: int = 60) -> pd.DataFrame:
    """Each student has a habit; each title asks for something; one row a trace, three in training."""
    generator = np.random.default_rng(seed)
    rows = []
    for student in range(count):
        habit = generator.normal()
        for number in range(5):
            title = (student + number) % 6
            split = SPLITS[student % 2] if number > 2 else "train"
            length = title + habit + generator.normal(0, 0.3)
            measured = (habit + generator.normal(0, 0.3), length, 2016, habit + generator.normal(0, 1.0))
            rows.append((f"s{student}", f"t{title}", split, True, *measured))
    return pd.DataFrame(rows, columns=["username", "title", "split", "is_complete", *FOUR])


def samples(measures: pd.DataFrame, noise: float, seed: int, constant: tuple[str, ...] = ()) -> pd.DataFrame:
    """Four noisy copies of each evaluation trace."""
    generator = np.random.default_rng(seed)
    wanted = measures[measures["split"] != "train"]
    copies = pd.concat([wanted.assign(number=number) for number in range(4)], ignore_index=True)
    for column in (BACK, LENGTH, COMMENTS):
        noisy = copies[column] + generator.normal(0, noise, len(copies))
        copies[column] = 0.0 if column in constant else noisy
    return copies


MEASURES = students()
SAMPLED = {
    "trace": samples(MEASURES, 0.5, 1),
    "synthetic": samples(MEASURES, 4.0, 2),
    "last": samples(MEASURES, 0.5, 3, constant=(BACK, LENGTH)),
}
PAIRS = pair_up(MEASURES, SAMPLED, FOUR)
DRAWS = correlation_draws(PAIRS, resamples=200)
MEANS = mean_over_measures(DRAWS)


def estimates(draws: pd.DataFrame) -> dict[object, Estimate]:
    return draw_estimates(draws, 60).to_dict()


def test_close_samples_follow_and_noisy_ones_less() -> None:
    found = estimates(DRAWS)
    assert found["trace", BACK].low > 0.85
    assert found["synthetic", BACK].high < found["trace", BACK].low
    gap = estimates((MEANS["trace"] - MEANS["synthetic"]).to_frame("gap"))["gap"]
    assert gap.side() == "above"
    assert gap.n == 60


def test_correlation_is_that_of_the_mean_sample_with_the_own_value() -> None:
    keys = ["username", "title"]
    mean = SAMPLED["trace"].groupby(keys)[BACK].mean()
    own = MEASURES[MEASURES["split"] != "train"].groupby(keys)[BACK].mean()
    expected = np.corrcoef(mean, own)[0, 1]
    assert DRAWS["trace", BACK][0] == pytest.approx(expected)
    assert PAIRS["students"].corrwith(PAIRS["trace"])[BACK] == pytest.approx(expected)


def test_a_draw_repeats_whole_students() -> None:
    """The same draws by hand: repeat the pairs of each student as often as drawn."""
    usernames = PAIRS.index.get_level_values("username")
    counts = resample_weights(usernames, resamples=3, seed=0)[3].astype(int)
    repeated = PAIRS.loc[PAIRS.index.repeat(counts)]
    expected = repeated["students"][BACK].corr(repeated["trace"][BACK])
    assert correlation_draws(PAIRS, resamples=3)["trace", BACK][3] == pytest.approx(expected)


def test_what_students_share_is_left_out_of_means_and_constant_samples_follow_nobody() -> None:
    assert DRAWS["trace", YEAR].isna().all()
    assert MEANS["trace"][0] == pytest.approx(DRAWS["trace"].loc[0, [BACK, LENGTH, COMMENTS]].mean())
    assert DRAWS["last", LENGTH].eq(0).all()
    assert MEANS["last"][0] == pytest.approx(DRAWS["last", COMMENTS][0] / 3)
    assert mean_over_measures(DRAWS, [COMMENTS])["last"][0] == pytest.approx(DRAWS["last", COMMENTS][0])


def test_baselines_hold_titles_and_seen_students() -> None:
    assert DRAWS[TITLE_MEAN, LENGTH][0] > 0.6
    seen = PAIRS.xs(SPLITS[0], level="split")
    means = mean_over_measures(correlation_draws(seen, resamples=200))
    gap = estimates((means[STUDENT_MEAN] - means[TITLE_MEAN]).to_frame("gap"))["gap"]
    assert gap.side() == "above"


def test_a_baseline_of_new_students_is_the_title() -> None:
    new = MEASURES.assign(
        username=MEASURES["username"].where(MEASURES["split"] == "train", "new " + MEASURES["username"])
    )
    wanted = {"trace": new[new["split"] != "train"]}
    pairs = pair_up(new, wanted, FOUR)
    pd.testing.assert_frame_equal(pairs[TITLE_MEAN], pairs[STUDENT_MEAN])


def test_within_a_title_the_title_says_nothing() -> None:
    within = correlation_draws(within_titles(PAIRS), resamples=50)
    assert within[TITLE_MEAN, LENGTH].eq(0).all()
    assert within["trace", LENGTH][0] > 0.8


def test_samples_of_other_students_do_not_correlate_within_titles() -> None:
    """A shuffled null: over many exchanges the mean is 0 up to its standard error."""
    by_title = PAIRS[["students", "trace"]].sort_index(level="title")
    values = []
    for seed in range(30):
        mixed = by_title.copy()
        mixed["trace"] = by_title["trace"].groupby("title").sample(frac=1, random_state=seed).to_numpy()
        draws = correlation_draws(within_titles(mixed), resamples=1)
        values.append(mean_over_measures(draws)["trace"][0])
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(30)
    real = mean_over_measures(correlation_draws(within_titles(by_title), resamples=1))["trace"][0]
    assert real > max(values) + 0.2


def test_pairs_that_a_variant_lacks_are_left_out() -> None:
    whole = SAMPLED["trace"]
    pairs = pair_up(MEASURES, {"trace": whole, "last": whole[whole["username"] != "s0"]}, FOUR)
    assert len(pairs) == len(PAIRS) - 2
    assert "s0" not in pairs.index.get_level_values("username")


@pytest.mark.parametrize("other", [SAMPLED["trace"].query("username == 's1'"), pd.DataFrame()])
def test_no_common_pair_leaves_everything_undefined(other: pd.DataFrame) -> None:
    pairs = pair_up(MEASURES, {"trace": SAMPLED["trace"].query("username == 's0'"), "last": other}, FOUR)
    means = mean_over_measures(correlation_draws(pairs, resamples=20))
    gap = draw_estimates((means["trace"] - means["last"]).to_frame("gap"), 0)["gap"]
    assert (gap.is_defined, gap.low, gap.n) == (False, None, 0)


def test_final_programs_leave_out_failures_and_on_request_cut_traces() -> None:
    traces = pd.DataFrame(
        {"title": "t", "programs": [["a", "b"], None, [], ["c"]], "is_complete": [True, None, True, False]}
    )
    assert final_programs(traces)["program"].tolist() == ["b", "c"]
    assert final_programs(traces, complete_only=True)["program"].tolist() == ["b"]
    assert final_programs(traces.iloc[1:2]).empty


def programs(model: str, title: str, owners: str) -> pd.DataFrame:
    return pd.DataFrame({"model": model, "title": title, "username": list(owners), "program": list(owners)})


def test_every_model_gives_as_many_programs_of_a_title() -> None:
    owners = {("trace", "t"): "abcdefg", ("last", "t"): "abcda", ("trace", "only"): "abcd"}
    many = [programs(*key, students) for key, students in owners.items()]
    chosen = equal_numbers(pd.concat(many))
    assert chosen.groupby(["title", "model"]).size().to_dict() == {("t", "trace"): 5, ("t", "last"): 5}
    assert equal_numbers(pd.concat(many), fewest=6).empty
    assert len(equal_numbers(pd.concat(many), most=4)) == 8
    assert equal_numbers(programs("trace", "t", "aaaaaa")).empty


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


def test_the_interval_agrees_with_scipy_without_groups() -> None:
    values = np.random.default_rng(1).exponential(size=40)
    ours = bootstrap_interval(values, resamples=4000, seed=3)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(3)
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=0.03)


def test_any_statistic_uses_the_draws_of_the_mean() -> None:
    values, owners = classes(0)
    slow = bootstrap_interval(values, lambda part: part.mean(), groups=owners)
    fast = bootstrap_interval(values, groups=owners)
    assert (slow.value, slow.low, slow.high) == pytest.approx((fast.value, fast.low, fast.high))


def test_a_row_of_several_columns_stays_together() -> None:
    rows = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [5.0, 10.0]])
    estimate = bootstrap_interval(rows, lambda part: float((part[:, 1] - 2 * part[:, 0]).sum()))
    assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("values", "groups", "n"), [([], [], 0), ([1.0, 2.0], ["a", "a"], 1)])
def test_too_few_units_give_no_interval_and_a_reason(values: list, groups: list, n: int) -> None:
    estimate = bootstrap_interval(values, groups=groups)
    with pytest.raises(DataError, match="one a row"):
        bootstrap_interval(values, groups=[*groups, "b"])
    assert (estimate.low, estimate.high, estimate.n) == (None, None, n)
    assert estimate.reason


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


@pytest.mark.parametrize(
    ("low", "high", "side"),
    [(0.1, 0.3, "above"), (-0.3, -0.1, "below"), (-1, 1, "unclear"), (None, None, "unclear")],
)
def test_a_side_needs_the_whole_interval(low: float | None, high: float | None, side: str) -> None:
    assert Estimate(0.2, low, high, 9).side() == side


def test_a_table_takes_its_names_from_the_keys() -> None:
    known, unknown = Estimate(0.5, 0.1, 0.9, 2), Estimate(math.nan, None, None, 0, "none")
    two = {("trace", "all"): known, ("last", "all"): unknown}
    table = estimate_table(two, "model", "split")
    assert table[["model", "split", "n"]].to_numpy().tolist() == [["trace", "all", 2], ["last", "all", 0]]
    assert table["low"].isna().tolist() == [False, True]
    pd.testing.assert_frame_equal(table, estimate_table(pd.Series(two).rename_axis(["model", "split"])))
