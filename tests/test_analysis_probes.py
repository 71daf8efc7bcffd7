from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from pcutils.analysis.probes import (
    Target,
    chance,
    compare_inputs,
    predict_out_of_fold,
    score,
    why_not_measurable,
)

KINDS = ("number", "yes-no", "class")


def make_truth(values: np.ndarray, kind: str) -> np.ndarray:
    if kind == "number":
        return values
    if kind == "yes-no":
        return (values > 0).astype(int)
    return np.array(["less", "same", "more"])[np.digitize(values, [-0.5, 0.5])]


@pytest.mark.parametrize("kind", KINDS)
def test_score_agrees_with_the_textbook(kind: str) -> None:
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


def test_score_of_saying_the_mean_is_chance() -> None:
    values = np.random.default_rng(1).normal(size=90)
    assert score("number", values, np.zeros(90)) == chance("number", values)
    assert score("yes-no", make_truth(values, "yes-no"), np.zeros(90)) == chance("yes-no", values)
    truth = make_truth(values, "class")
    assert score("class", truth, np.full(90, "same")) == pytest.approx(chance("class", truth))


@pytest.mark.parametrize("probe", ["linear", "mlp"])
@pytest.mark.parametrize("kind", KINDS)
def test_probe_finds_what_is_there(kind: str, probe: str) -> None:
    generator = np.random.default_rng(2)
    inputs = generator.normal(size=(400, 8))
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


def test_differences_are_paired() -> None:
    generator = np.random.default_rng(4)
    inputs, students = generator.normal(size=(200, 4)), np.repeat(np.arange(40), 5)
    frame = compare_inputs(
        {"state": inputs, "same": inputs},
        inputs[:, 0],
        students,
        Target("x", "number", "x"),
        probes=["linear"],
    ).set_index(["quantity", "input"])
    same = frame.loc[("difference", "same")]
    assert same["value"] == same["low"] == same["high"] == 0
    against_shuffled = frame.loc[("difference", "shuffled")]
    assert 0 < against_shuffled["low"] < against_shuffled["value"] < against_shuffled["high"]
    assert against_shuffled["value"] == pytest.approx(
        frame.loc[("score", "state"), "value"] - frame.loc[("score", "shuffled"), "value"]
    )


def test_too_little_is_said_and_not_scored() -> None:
    students = np.array(["a", "b"] * 10)
    frame = compare_inputs(
        {"state": np.zeros((20, 2))}, np.arange(20.0), students, Target("x", "number", "x")
    )
    assert len(frame) == 1
    assert "2 students" in frame["reason"][0]
    assert np.isnan(frame["value"][0])


def test_reasons_name_what_is_missing() -> None:
    students = np.arange(30)
    assert why_not_measurable("number", np.arange(30.0), students) is None
    assert "same value" in str(why_not_measurable("number", np.ones(30), students))
    rare = np.array([1] * 2 + [0] * 28)
    assert "2 times" in str(why_not_measurable("yes-no", rare, students))
