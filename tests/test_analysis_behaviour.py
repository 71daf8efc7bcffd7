from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pcutils.analysis.behaviour import ALL, STUDENT_MEAN, TITLE_MEAN, Comparison, compare, pair_up
from pcutils.analysis.properties import PROPERTIES, Property, property_values
from pcutils.errors import DataError
from pcutils.splits import EVALUATION_SPLITS

FOUR = (
    Property("backtracking", "backtracking", "back"),
    Property("attempts", "attempts", "length"),
    Property("year", "year", "when", final_program=True),
    Property("comments", "comments", "hash", final_program=True),
)
SPLITS = ("seen_student_seen_title", "unseen_student_seen_title")


def students(seed: int = 0, count: int = 60) -> pd.DataFrame:
    """Each student has a habit; each title asks for something; one row a trace, three in training."""
    generator = np.random.default_rng(seed)
    rows = []
    for student in range(count):
        habit = generator.normal()
        for place in range(5):
            title = (student + place) % 6
            split = SPLITS[student % 2] if place > 2 else "train"
            rows.append(
                {
                    "username": f"s{student}",
                    "title": f"t{title}",
                    "split": split,
                    "is_complete": True,
                    "back": habit + generator.normal(0, 0.3),
                    "length": title + habit + generator.normal(0, 0.3),
                    "when": 2016,
                    "hash": habit + generator.normal(0, 1.0),
                }
            )
    return pd.DataFrame(rows)


def samples(measures: pd.DataFrame, noise: float, seed: int, constant: tuple[str, ...] = ()) -> pd.DataFrame:
    """Four noisy copies of each evaluation trace."""
    generator = np.random.default_rng(seed)
    wanted = measures[measures["split"] != "train"]
    copies = pd.concat([wanted.assign(number=number) for number in range(4)], ignore_index=True)
    for column in ("back", "length", "hash"):
        copies[column] = (
            0.0 if column in constant else copies[column] + generator.normal(0, noise, len(copies))
        )
    return copies


@pytest.fixture(scope="module")
def measures() -> pd.DataFrame:
    return students()


@pytest.fixture(scope="module")
def comparison(measures: pd.DataFrame) -> Comparison:
    sampled = {
        "trace": samples(measures, 0.5, 1),
        "synthetic": samples(measures, 4.0, 2),
        "last": samples(measures, 0.5, 3, constant=("back", "length")),
    }
    return compare(pair_up(measures, sampled, FOUR), resamples=200)


def test_close_samples_follow_and_noisy_ones_less(comparison: Comparison) -> None:
    close = comparison.correlation(ALL, "trace", "backtracking")
    noisy = comparison.correlation(ALL, "synthetic", "backtracking")
    assert close.low > 0.85  # type: ignore[operator]
    assert noisy.high < close.low  # type: ignore[operator]
    gap = comparison.difference(ALL, "trace", "synthetic")
    assert gap.low > 0  # type: ignore[operator]
    assert gap.n == 60


def test_correlation_is_that_of_the_mean_sample_with_the_own_value(
    measures: pd.DataFrame, comparison: Comparison
) -> None:
    keys = ["username", "title"]
    mean = samples(measures, 0.5, 1).groupby(keys)["back"].mean()
    own = measures[measures["split"] != "train"].groupby(keys)["back"].mean()
    assert comparison.correlation(ALL, "trace", "backtracking").value == pytest.approx(
        np.corrcoef(mean, own)[0, 1]
    )


def test_what_students_share_is_not_defined_and_left_out_of_means(comparison: Comparison) -> None:
    year = comparison.correlation(ALL, "trace", "year")
    assert not year.is_defined
    assert year.reason == "the students do not differ in it"
    three = [
        comparison.correlation(ALL, "trace", name).value for name in ("backtracking", "attempts", "comments")
    ]
    assert comparison.mean(ALL, "trace").value == pytest.approx(np.mean(three))


def test_samples_that_are_all_alike_follow_nobody(comparison: Comparison) -> None:
    assert comparison.correlation(ALL, "last", "attempts").reason == "the samples do not differ in it"
    comments = comparison.correlation(ALL, "last", "comments").value
    assert comparison.mean(ALL, "last").value == pytest.approx(comments / 3)
    assert comparison.mean(ALL, "last", "shared").value == pytest.approx(comments)


def test_final_programs_alone(comparison: Comparison) -> None:
    expected = [comparison.correlation(ALL, name, "comments").value for name in ("trace", "last")]
    gap = comparison.difference(ALL, "trace", "last", "final_program")
    assert gap.value == pytest.approx(expected[0] - expected[1])


def test_a_model_does_not_differ_from_itself(comparison: Comparison) -> None:
    gap = comparison.difference(ALL, "trace", "trace")
    assert (gap.value, gap.low, gap.high) == (0.0, 0.0, 0.0)


def test_baselines_know_titles_and_seen_students(comparison: Comparison) -> None:
    seen, unseen = SPLITS
    assert comparison.correlation(ALL, TITLE_MEAN, "attempts").value > 0.6
    gap = comparison.difference(seen, STUDENT_MEAN, TITLE_MEAN)
    assert gap.low > 0  # type: ignore[operator]
    assert comparison.splits == [ALL, *EVALUATION_SPLITS]
    assert not comparison.mean(EVALUATION_SPLITS[-1], "trace").is_defined
    assert comparison.students[unseen] == 30


def test_within_a_title_the_title_tells_nothing(measures: pd.DataFrame) -> None:
    pairs = pair_up(measures, {"trace": samples(measures, 0.5, 1)}, FOUR)
    within = compare(pairs, within_title=True, resamples=50)
    assert not within.correlation(ALL, TITLE_MEAN, "attempts").is_defined
    assert within.correlation(ALL, "trace", "attempts").value > 0.8


def test_samples_of_the_wrong_students_do_not_correlate(measures: pd.DataFrame) -> None:
    right = samples(measures, 0.2, 1)
    wrong = right.copy()
    for _, rows in wrong.groupby("title").groups.items():
        order = np.random.default_rng(0).permutation(len(rows))
        wrong.loc[rows, ["back", "length", "hash"]] = wrong.loc[rows, ["back", "length", "hash"]].to_numpy()[
            order
        ]
    pairs = pair_up(measures, {"trace": right, "synthetic": wrong}, FOUR, baselines=False)
    comparison = compare(pairs, within_title=True, resamples=200)
    shuffled = comparison.mean(ALL, "synthetic")
    assert shuffled.low < 0.1 < comparison.mean(ALL, "trace").low  # type: ignore[operator]
    assert abs(shuffled.value) < 0.25


def test_pairs_that_a_variant_lacks_are_left_out_and_counted(measures: pd.DataFrame) -> None:
    whole = samples(measures, 0.5, 1)
    pairs = pair_up(measures, {"trace": whole, "last": whole[whole["username"] != "s0"]}, FOUR)
    assert pairs.left_out == 2
    assert "s0" not in set(pairs.keys["username"])


def test_no_common_pair_leaves_everything_undefined(measures: pd.DataFrame) -> None:
    whole = samples(measures, 0.5, 1)
    for other in (whole[whole["username"] == "s1"], pd.DataFrame()):
        pairs = pair_up(measures, {"trace": whole[whole["username"] == "s0"], "last": other}, FOUR)
        nothing = compare(pairs, resamples=20)
        gap = nothing.difference(ALL, "trace", "last")
        assert (gap.is_defined, gap.low, gap.n) == (False, None, 0)
        assert not nothing.table()["value"].notna().any()


def test_tables_have_a_row_for_every_split_model_and_property(comparison: Comparison) -> None:
    assert len(comparison.table()) == 5 * 5 * 4
    assert len(comparison.means_table()) == 5 * 5


def test_a_cut_trace_has_no_final_program_and_times_are_logarithms() -> None:
    columns = {item.column: [1.0, 3.0] for item in PROPERTIES} | {"is_complete": [True, False]}
    frame = pd.DataFrame(columns)
    frame["total_time_all"] = [-50.0, np.e - 1]
    values = property_values(frame)
    assert values["comments"].isna().tolist() == [False, True]
    assert values["attempts"].tolist() == [1.0, 3.0]
    assert values["total_time"].tolist() == pytest.approx([0.0, 1.0])


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="backtracking_ratio_all"):
        property_values(pd.DataFrame({"is_complete": [True]}))
