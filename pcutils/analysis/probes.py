"""Probes: what can be read from a vector by a small model that never saw the student before.

A probe is trained on some students and scored on others. What it scores says something only beside its
controls: the same probe on shuffled inputs (it should find nothing) and a probe on features that anybody can
count.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from pcutils.analysis.statistics import interval_of, resample_weights

Kind = Literal["number", "yes-no", "class"]
UNITS: dict[str, str] = {
    "number": "Spearman correlation",
    "yes-no": "ROC-AUC",
    "class": "balanced accuracy",
}
RIDGE_STRENGTHS = np.logspace(-1, 5, 13)
LOGISTIC_STRENGTHS = (0.001, 0.01, 0.1)
SHUFFLES = 5
FEW_EXAMPLES = 500
MIN_STUDENTS = 6
MIN_ROWS = 12
MIN_OF_A_CLASS = 4
COLUMNS = (
    "target", "label", "unit", "quantity", "input", "probe",
    "value", "low", "high", "n", "examples", "chance", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """Something to be read from a vector.

    Parameters
    ----------
    name : str
        Column that holds it, and its name in the results.
    kind : {"number", "yes-no", "class"}
        Decides the probe's form (regression or classification) and its score (see `UNITS`).
    label : str
        What it is, in words, for axes and tables.
    """

    name: str
    kind: Kind
    label: str


def score(kind: Kind, truth: np.ndarray, predicted: np.ndarray) -> float:
    """How well predictions agree with the truth, whatever their unit.

    Parameters
    ----------
    kind : {"number", "yes-no", "class"}
    truth : numpy.ndarray, shape (n,)
        Numbers; 0 or 1; or class labels.
    predicted : numpy.ndarray, shape (n,)
        Numbers; any score that is higher for 1; or class labels.

    Returns
    -------
    float
        Spearman correlation (0 where the predictions are constant), area under the ROC curve, or balanced
        accuracy; nan where the truth is constant.

    Examples
    --------
    >>> score("yes-no", np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.3, 0.9]))
    0.75
    """
    if len(truth) == 0 or np.all(truth == truth[0]):
        return float("nan")
    if kind == "class":
        return float(np.mean([np.mean(predicted[truth == label] == label) for label in np.unique(truth)]))
    ranks = rankdata(predicted)
    if kind == "yes-no":
        positive = truth == 1
        count, rest = positive.sum(), (~positive).sum()
        return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * rest))
    if np.all(ranks == ranks[0]):
        return 0.0
    return float(np.corrcoef(rankdata(truth), ranks)[0, 1])


def chance(kind: Kind, truth: np.ndarray) -> float:
    """Score of always saying the mean (numbers) or the most frequent class.

    Parameters
    ----------
    kind : {"number", "yes-no", "class"}
    truth : numpy.ndarray, shape (n,)

    Returns
    -------
    float
        0 for a number, 0.5 for yes or no, one over the number of classes for a class.
    """
    return {"number": 0.0, "yes-no": 0.5}.get(kind, 1.0 / max(1, len(np.unique(truth))))


def why_not_measurable(kind: Kind, truth: np.ndarray, students: np.ndarray) -> str | None:
    """Say what is missing for a probe of this target, or None where nothing is.

    Parameters
    ----------
    kind : {"number", "yes-no", "class"}
    truth : numpy.ndarray, shape (n,)
    students : numpy.ndarray, shape (n,)

    Returns
    -------
    str or None
        A reason in words.
    """
    n_students = len(np.unique(students))
    if n_students < MIN_STUDENTS:
        return (
            f"{n_students} students are too few to train on some and test on others ({MIN_STUDENTS} needed)"
        )
    if len(truth) < MIN_ROWS:
        return f"{len(truth)} examples are too few ({MIN_ROWS} needed)"
    values, counts = np.unique(truth, return_counts=True)
    if len(values) < 2:
        return "every example has the same value"
    if kind != "number" and counts.min() < MIN_OF_A_CLASS:
        return f"one of the answers occurs only {counts.min()} times ({MIN_OF_A_CLASS} needed)"
    return None


def _linear(kind: Kind, goal: np.ndarray, students: np.ndarray, seed: int) -> Any:
    """A regression of the strength that does best on a part of the students, or of a middling one."""
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.model_selection import GridSearchCV, GroupShuffleSplit

    if kind == "number":
        return RidgeCV(alphas=RIDGE_STRENGTHS)
    middling = LOGISTIC_STRENGTHS[len(LOGISTIC_STRENGTHS) // 2]
    model = LogisticRegression(C=middling, class_weight="balanced", max_iter=300, tol=1e-3)
    inner = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=seed)
    parts = next(inner.split(goal, groups=students))
    if any(len(np.unique(goal[part])) < 2 for part in parts):
        return model
    scoring = "roc_auc" if kind == "yes-no" else "balanced_accuracy"
    return GridSearchCV(model, {"C": LOGISTIC_STRENGTHS}, cv=[parts], scoring=scoring)


def _mlp(kind: Kind, seed: int, n_rows: int) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    settings: dict[str, Any] = {
        "hidden_layer_sizes": (64,),
        "alpha": 1.0,
        "learning_rate_init": 3e-3,
        "max_iter": 40,
        "batch_size": min(128, n_rows),
        "early_stopping": n_rows >= 200,
        "n_iter_no_change": 5,
        "random_state": seed,
    }
    return MLPRegressor(**settings) if kind == "number" else MLPClassifier(**settings)


def _balanced(goal: np.ndarray) -> np.ndarray:
    _, codes, counts = np.unique(goal, return_inverse=True, return_counts=True)
    return (len(goal) / (len(counts) * counts))[codes]


def _fit_and_predict(
    kind: Kind, probe: str, train: tuple[np.ndarray, np.ndarray, np.ndarray], test: np.ndarray, seed: int
) -> np.ndarray:
    """Predictions for `test`; those of numbers and of yes-no are relative to the training students' mean."""
    from sklearn.preprocessing import StandardScaler

    inputs, truth, students = train
    scaler = StandardScaler().fit(inputs)
    inputs, test = scaler.transform(inputs), scaler.transform(test)
    centre = truth.mean() if kind == "number" else 0.0
    scale = (truth.std() or 1.0) if kind == "number" else 1.0
    goal = (truth - centre) / scale if kind == "number" else truth
    is_linear = probe == "linear"
    model = _linear(kind, goal, students, seed) if is_linear else _mlp(kind, seed, len(goal))
    extra = {} if is_linear or kind == "number" else {"sample_weight": _balanced(goal)}
    model.fit(inputs, goal, **extra)
    if kind == "yes-no":
        if is_linear:
            return model.decision_function(test) - np.mean(model.decision_function(inputs))
        odds = np.log(np.clip(model.predict_proba(np.vstack([inputs, test]))[:, 1], 1e-9, 1 - 1e-9))
        return odds[len(inputs) :] - odds[: len(inputs)].mean()
    predicted = model.predict(test)
    return predicted * scale if kind == "number" else predicted


def predict_out_of_fold(
    inputs: np.ndarray,
    truth: np.ndarray,
    students: np.ndarray,
    *,
    kind: Kind,
    probe: str = "linear",
    folds: int = 5,
    seed: int = 0,
) -> np.ndarray:
    """Predict every example with a probe trained on other students.

    Parameters
    ----------
    inputs : numpy.ndarray, shape (n, n_features)
    truth : numpy.ndarray, shape (n,)
        Numbers, 0 or 1, or class labels.
    students : numpy.ndarray, shape (n,)
        Whose example it is: all examples of a student are in the same fold.
    kind : {"number", "yes-no", "class"}
    probe : {"linear", "mlp"}
        Ridge or logistic regression, their strength chosen within the training students; or one hidden layer
        of 64 units.
    folds : int
    seed : int

    Returns
    -------
    numpy.ndarray, shape (n,)
        Numbers and yes-no: relative to the mean over the fold's training students, so that a probe that
        found nothing gives 0 in every fold (else its predictions would follow the training means, which are
        high where the test students are low, and an empty probe would seem to score below chance).
        Classes: the most likely label.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import GroupKFold

    labels, goal = np.unique(truth, return_inverse=True) if kind == "class" else (np.empty(0), truth)
    splitter = GroupKFold(min(folds, len(np.unique(students))), shuffle=True, random_state=seed)
    predicted = np.empty(len(goal), dtype=goal.dtype if kind == "class" else float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the MLP's few rounds are its regularisation
        for train, test in splitter.split(inputs, goal, students):
            if kind != "number" and len(np.unique(goal[train])) < 2:
                predicted[test] = goal[train][0] if kind == "class" else 0.0
                continue
            known = (inputs[train], goal[train], students[train])
            predicted[test] = _fit_and_predict(kind, probe, known, inputs[test], seed)
    return labels[predicted] if kind == "class" else predicted


def compare_inputs(
    inputs: Mapping[str, np.ndarray],
    truth: np.ndarray,
    students: np.ndarray,
    target: Target,
    *,
    probes: Sequence[str] = ("linear", "mlp"),
    resamples: int = 300,
    seed: int = 0,
) -> pd.DataFrame:
    """Score probes of one target on several inputs, and on the first of them shuffled.

    Parameters
    ----------
    inputs : mapping from str to numpy.ndarray, shape (n, n_features) each
        The first is the one that the question is about; the others are what it has to beat.
    truth, students : numpy.ndarray, shape (n,)
    target : Target
    probes : sequence of {"linear", "mlp"}
    resamples : int
        Draws of whole students behind each interval.
    seed : int

    Returns
    -------
    pandas.DataFrame
        Columns `target`, `label`, `unit`, `quantity`, `input`, `probe`, `value`, `low`, `high` (95 %), `n`
        (students), `examples`, `chance`, `reason`. `quantity` is "score", or "difference": the first
        input's score minus that of `input` with the same probe, on the same draws. Where the target cannot
        be measured there is one row, with the reason.

    Notes
    -----
    With few examples one shuffle can seem to find something by chance, so the control is the mean of
    `SHUFFLES`. The probe is not trained again on each draw: the intervals say how far the score depends on
    which students were asked, not on which students the probe learnt from.
    """
    head = {"target": target.name, "label": target.label, "unit": UNITS[target.kind], "examples": len(truth)}
    head["chance"] = chance(target.kind, truth)
    reason = why_not_measurable(target.kind, truth, students)
    if reason is not None:
        head |= {"quantity": "score", "n": len(np.unique(students)), "value": np.nan, "reason": reason}
        return pd.DataFrame([head], columns=list(COLUMNS))
    main, generator = next(iter(inputs)), np.random.default_rng(seed)
    shuffles = SHUFFLES if len(truth) < FEW_EXAMPLES else 1
    shuffled = [inputs[main][generator.permutation(len(truth))] for _ in range(shuffles)]
    every = {**{name: [values] for name, values in inputs.items()}, "shuffled": shuffled}
    predicted = {
        (name, probe): [
            predict_out_of_fold(values, truth, students, kind=target.kind, probe=probe, seed=seed)
            for values in versions
        ]
        for name, versions in every.items()
        for probe in probes
    }
    drawn = _scores_of_draws(target.kind, truth, predicted, students, resamples, seed)
    rows = []
    for (name, probe), scores in drawn.items():
        cases = {"score": scores}
        if name != main:
            cases["difference"] = drawn[main, probe] - scores
        for quantity, values in cases.items():
            estimate = interval_of(float(values[0]), values[1:], len(np.unique(students)))
            row = {**head, "quantity": quantity, "input": name, "probe": probe, **asdict(estimate)}
            rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _scores_of_draws(
    kind: Kind,
    truth: np.ndarray,
    predicted: Mapping[tuple[str, str], Sequence[np.ndarray]],
    students: np.ndarray,
    resamples: int,
    seed: int,
) -> dict[tuple[str, str], np.ndarray]:
    """Score all predictions on the same draws of students; the first draw is the data as they are."""
    weights = resample_weights(students, resamples=resamples, seed=seed).astype(int)
    rows_of = [np.repeat(np.arange(len(truth)), counts) for counts in weights]
    return {
        key: np.array(
            [np.mean([score(kind, truth[rows], values[rows]) for values in versions]) for rows in rows_of]
        )
        for key, versions in predicted.items()
    }
