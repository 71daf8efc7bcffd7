"""Probes find what is there, find nothing in shuffled labels, and never see a student twice."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from pcutils.analysis.probe_targets import COUNTED, PREFIX_TARGETS, distinct_traits, log_seconds, prefix_table
from pcutils.analysis.probes import Target, chance, predict_out_of_fold, probe_all, score, why_not_measurable
from pcutils.execution import program_hash
from pcutils.trace import Trace

KINDS = ("number", "yes-no", "class")
NUMBER = Target("x", "number", "a number")


def make_truth(values: np.ndarray, kind: str) -> np.ndarray:
    if kind == "number":
        return values
    if kind == "yes-no":
        return (values > 0).astype(float)
    return np.array(["less", "same", "more"])[np.digitize(values, [-0.5, 0.5])]


@pytest.mark.parametrize("kind", KINDS)
def test_score_agrees_with_scipy_and_sklearn(kind: str) -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=200)
    truth = make_truth(values, kind)
    predicted = np.round(values + generator.normal(size=200), 1)
    if kind == "class":
        predicted = make_truth(predicted, kind)
    expected = {
        "number": lambda: spearmanr(truth, predicted).statistic,
        "yes-no": lambda: roc_auc_score(truth, predicted),
        "class": lambda: balanced_accuracy_score(truth, predicted),
    }[kind]()
    assert score(kind, truth, predicted) == pytest.approx(expected)


@pytest.mark.parametrize(("kind", "always"), [("number", 0.0), ("yes-no", 0.0), ("class", "same")])
def test_saying_the_mean_or_the_majority_scores_chance(kind: str, always: object) -> None:
    truth = make_truth(np.random.default_rng(1).normal(size=90), kind)
    assert score(kind, truth, np.full(90, always)) == pytest.approx(chance(kind, truth))


@pytest.mark.parametrize("probe", ["linear", "mlp"])
@pytest.mark.parametrize("kind", KINDS)
def test_probe_finds_what_is_there(kind: str, probe: str) -> None:
    inputs = np.random.default_rng(2).normal(size=(400, 8))
    truth = make_truth(inputs[:, 0], kind)
    students = np.repeat(np.arange(40), 10)
    predicted = predict_out_of_fold(inputs, truth, students, kind=kind, probe=probe)
    assert score(kind, truth, predicted) > chance(kind, truth) + 0.3


@pytest.mark.parametrize("probe", ["linear", "mlp"])
@pytest.mark.parametrize("kind", KINDS)
def test_probe_finds_nothing_in_shuffled_labels(kind: str, probe: str) -> None:
    """Mean over many shuffles: a biased score (such as one that follows the folds' means) would show."""
    scores = []
    for seed in range(12):
        generator = np.random.default_rng(seed)
        inputs, students = generator.normal(size=(90, 8)), np.repeat(np.arange(30), 3)
        truth = generator.permutation(make_truth(inputs[:, 0], kind))
        predicted = predict_out_of_fold(inputs, truth, students, kind=kind, probe=probe, seed=seed)
        scores.append(score(kind, truth, predicted) - chance(kind, truth))
    spread = np.std(scores) / np.sqrt(len(scores))
    assert abs(np.mean(scores)) < 3 * spread
    assert abs(np.mean(scores)) < 0.1


def test_students_are_never_on_both_sides() -> None:
    """Inputs that name the student give the training mean at best, though they would identify each one."""
    students = np.repeat(np.arange(12), 10)
    truth = np.random.default_rng(3).normal(size=12)[students]
    names = np.eye(12)[students]
    known = predict_out_of_fold(names, truth, np.arange(120), kind="number")
    unknown = predict_out_of_fold(names, truth, students, kind="number")
    assert score("number", truth, known) > 0.9
    assert score("number", truth, unknown) < 0.5


@pytest.mark.filterwarnings("error")
def test_a_part_of_the_students_that_says_nothing_chooses_no_strength() -> None:
    """Only one student says yes, so that no part without this one has both answers."""
    random = np.random.default_rng(0)
    students = np.repeat(np.arange(10), 4)
    truth = (students == 3).astype(float)
    inputs = random.normal(size=(40, 3)) + truth[:, None]
    found = predict_out_of_fold(inputs, truth, students, kind="yes-no")
    assert np.isfinite(found).all()
    assert found.any()


def probed(inputs: dict[str, np.ndarray], truth: np.ndarray, students: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"x": truth})
    frame = probe_all([NUMBER], table, inputs, students, probes=["linear"], resamples=100)
    return frame.set_index("score")


def test_differences_are_paired_and_the_shuffled_control_is_the_difference() -> None:
    inputs, students = np.random.default_rng(4).normal(size=(200, 4)), np.repeat(np.arange(40), 5)
    found = probed({"state": inputs, "same": inputs}, inputs[:, 0], students)
    same, gap = found.loc["over_same"], found.loc["difference"]
    assert same["value"] == same["low"] == same["high"] == 0
    assert 0 < gap["low"] < gap["value"] < gap["high"]
    assert gap["value"] == pytest.approx(found.loc["linear", "value"] - found.loc["shuffled", "value"])
    assert (found["n"] == 40).all()


def test_a_null_gives_no_difference_above_the_control() -> None:
    """Labels that have nothing to do with the inputs: the interval excludes 0 upwards in few of 20 rounds."""
    above = 0
    for seed in range(20):
        generator = np.random.default_rng(seed)
        inputs, students = generator.normal(size=(80, 4)), np.repeat(np.arange(40), 2)
        above += probed({"state": inputs}, generator.normal(size=80), students).loc["difference", "low"] > 0
    assert above <= 4


def test_missing_answers_are_left_out_for_their_target_only() -> None:
    inputs, students = np.random.default_rng(5).normal(size=(90, 3)), np.repeat(np.arange(30), 3)
    table = pd.DataFrame({"x": inputs[:, 0], "some": np.where(students < 12, inputs[:, 0], np.nan)})
    targets = [NUMBER, Target("some", "number", "some")]
    found = probe_all(targets, table, {"state": inputs}, students, probes=["linear"], resamples=20)
    assert found.groupby("target")["n"].first().to_dict() == {"x": 30, "some": 12}


def test_too_little_is_reported_and_not_scored() -> None:
    students = np.array(["a", "b"] * 10)
    found = probed({"state": np.zeros((20, 2))}, np.arange(20.0), students)
    assert found.index.tolist() == ["linear"]
    assert "2 students" in found.loc["linear", "reason"]
    assert np.isnan(found.loc["linear", "value"])
    assert probe_all([], pd.DataFrame(), {"state": np.zeros((0, 2))}, []).empty
    assert why_not_measurable("number", np.arange(30.0), np.arange(30)) is None
    assert "same value" in str(why_not_measurable("number", np.ones(30), np.arange(30)))
    assert "2 times" in str(why_not_measurable("yes-no", np.array([1] * 2 + [0] * 28), np.arange(30)))


START = datetime(2024, 5, 6, 9, 30)


def make_trace(programs: list[str], seconds: list[int], **fields: object) -> Trace:
    times = [START + timedelta(seconds=gap) for gap in seconds]
    return Trace.from_states(programs, times, title="line", username="a", **fields)


def test_prefix_table_on_a_trace_worked_out_by_hand() -> None:
    programs = [
        "fd 10\n",
        "fd 10\nbk 20\nrt 90\n",
        "fd 10\nbk 20\nrt 90\npen red, 5\nfdd 7\n",
        "fd 10\nbk 20\n",
    ]
    fails = {program_hash(program): "fdd" in program for program in programs}
    table = prefix_table([make_trace(programs, [0, 30, 45, 145])], fails)
    assert list(table["state_index"]) == [0, 1, 2]
    assert np.expm1(table["attempts_remaining"]).to_list() == pytest.approx([3, 2, 1])
    assert np.expm1(table["time_remaining"]).to_list() == pytest.approx([145, 115, 100])
    assert list(table["backtracks"]) == [0, 1, 0]
    assert list(table["next_kind"]) == ["adds lines", "adds lines", "deletes lines"]
    assert list(table["next_fails"]) == [0, 1, 0]
    assert list(table["fails"]) == [0, 0, 1]
    assert table["next_recovers"].fillna(-1).to_list() == [-1, -1, 1]
    assert np.expm1(table["log_seconds_before"]).to_list() == pytest.approx([0, 30, 15])
    assert table["log_size_before"].iloc[1:].to_numpy() == pytest.approx(table["next_size"].iloc[:-1])


def test_what_is_counted_does_not_look_ahead() -> None:
    """Another ending changes the targets and none of the counted features."""
    one = prefix_table([make_trace(["a", "a b", "a b c"], [0, 5, 9])], {})
    other = prefix_table([make_trace(["a", "a b", "x" * 90, "y"], [0, 5, 700, 900])], {})
    pd.testing.assert_frame_equal(one.loc[0:1, COUNTED], other.loc[0:1, COUNTED])
    assert one.loc[0, "attempts_remaining"] != other.loc[0, "attempts_remaining"]


def test_cut_traces_and_unknown_times() -> None:
    cut = make_trace(["a", "b"], [0, 1], is_complete=False)
    timeless = Trace.from_states(["a", "b"], title="line", username="a")
    table = prefix_table([cut, timeless], {})
    assert list(table["trace"]) == [1]
    assert table["time_remaining"].isna().all()
    assert {target.name for target in PREFIX_TARGETS} < set(table.columns)
    assert len(prefix_table([], {})) == 0
    assert log_seconds(START, START - timedelta(days=1)) == 0
    assert np.isnan(log_seconds(None, START))


def test_a_trait_in_two_units_counts_once() -> None:
    skill = np.arange(9.0)
    students = pd.DataFrame({"username": list("abcdefghi"), "language": "coffee", "skill": skill})
    traits = distinct_traits(students.assign(skill_percent=100 * skill, speed=skill[::-1] ** 2 + skill))
    assert list(traits) == ["skill", "speed"]
    assert distinct_traits(students[["username"]]).empty
