"""Probes: what a small model can read from a vector, about students whom it never saw.

A probe is trained on some students and scored on others. Its score says something only beside its controls:
the same probe on shuffled inputs, which should find nothing, and a probe on features that need no model.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from pcutils.analysis.statistics import RESAMPLES, Floats, interval_of, resample_weights, undefined
from pcutils.errors import track

Kind = Literal["number", "yes-no", "class"]
UNITS = {"number": "Spearman correlation", "yes-no": "ROC-AUC", "class": "balanced accuracy"}
RIDGE_STRENGTHS = np.logspace(-1, 5, 13)
LOGISTIC_STRENGTHS = (0.001, 0.01, 0.1)
#: With under `FEW_EXAMPLES` one shuffle can seem to find something, so the control is the mean of `SHUFFLES`.
SHUFFLES, FEW_EXAMPLES = 5, 500
MIN_STUDENTS, MIN_ROWS, MIN_OF_A_CLASS = 6, 12, 4


@dataclass(frozen=True)
class Target:
    """Something to be read from a vector.

    Parameters
    ----------
    name : str
        Column that holds it, and its name in the results.
    kind : {"number", "yes-no", "class"}
        Decides between regression and classification, and the score (see `UNITS`).
    label : str
        In words, for axes and tables.
    """

    name: str
    kind: Kind
    label: str


def score(kind: Kind, truth: np.ndarray, predicted: np.ndarray) -> float:
    """Rank correlation, area under the ROC curve or balanced accuracy; nan where the truth is constant.

    The same as `scipy.stats.spearmanr` (0 for constant predictions) and `sklearn.metrics`, in a tenth of the
    time, because a bootstrap scores thousands of times.

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
    """Score of always saying the mean or the majority: 0, 0.5, or one over the number of classes."""
    return {"number": 0.0, "yes-no": 0.5}.get(kind, 1.0 / max(1, len(np.unique(truth))))


def why_not_measurable(kind: Kind, truth: np.ndarray, students: np.ndarray) -> str | None:
    """What is missing for a probe of this target, in words, or None."""
    n_students = len(np.unique(students))
    if n_students < MIN_STUDENTS:
        return f"{n_students} students are too few to train on some, test on others ({MIN_STUDENTS} needed)"
    if len(truth) < MIN_ROWS:
        return f"{len(truth)} examples are too few ({MIN_ROWS} needed)"
    values, counts = np.unique(truth, return_counts=True)
    if len(values) < 2:
        return "every example has the same value"
    if kind != "number" and counts.min() < MIN_OF_A_CLASS:
        return f"one of the answers occurs only {counts.min()} times ({MIN_OF_A_CLASS} needed)"
    return None


def make_probe(kind: Kind, form: str, goal: np.ndarray, students: np.ndarray, seed: int = 0) -> Any:
    """Ridge or logistic regression ("linear"), or one hidden layer of 64 units ("mlp"), standardised.

    Logistic regression chooses its strength on a quarter of the training `students`.
    """
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.linear_model import RidgeCV
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if form == "linear":
        is_number = kind == "number"
        linear = RidgeCV(RIDGE_STRENGTHS) if is_number else _logistic(kind, goal, students, seed)
        return make_pipeline(StandardScaler(), linear)
    size = {
        "hidden_layer_sizes": (64,),
        "batch_size": min(128, len(goal)),
        "early_stopping": len(goal) >= 200,
    }
    rate = {"alpha": 1.0, "learning_rate_init": 3e-3, "max_iter": 40, "n_iter_no_change": 5}
    settings: dict[str, Any] = size | rate | {"random_state": seed}
    if kind != "number":
        return make_pipeline(StandardScaler(), MLPClassifier(**settings))
    network = TransformedTargetRegressor(MLPRegressor(**settings), transformer=StandardScaler())
    return make_pipeline(StandardScaler(), network)


def _logistic(kind: Kind, goal: np.ndarray, students: np.ndarray, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, GroupShuffleSplit

    middle = LOGISTIC_STRENGTHS[len(LOGISTIC_STRENGTHS) // 2]
    model = LogisticRegression(C=middle, class_weight="balanced", max_iter=300, tol=1e-3)
    inner = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=seed)
    parts = next(inner.split(goal, groups=students))
    if any(len(np.unique(goal[part])) < 2 for part in parts):
        return model
    scoring = "roc_auc" if kind == "yes-no" else "balanced_accuracy"
    return GridSearchCV(model, {"C": LOGISTIC_STRENGTHS}, cv=[parts], scoring=scoring)


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
    """Predict every example with a probe trained on other students (grouped cross-validation).

    Numbers, and log odds for yes-no, are relative to the mean over the fold's training students. Else the
    predictions of a probe that found nothing would follow the training means, which are high where the test
    students are low, and it would seem to score below chance.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import GroupKFold

    splitter = GroupKFold(min(folds, len(np.unique(students))), shuffle=True, random_state=seed)
    predicted = np.empty(len(truth), dtype=truth.dtype if kind == "class" else float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # few rounds regularise the MLP
        warnings.filterwarnings("ignore", "y_pred contains classes not in y_true")  # rare classes
        for train, test in splitter.split(inputs, truth, students):
            if kind != "number" and len(np.unique(truth[train])) < 2:
                predicted[test] = truth[train][0] if kind == "class" else 0.0
                continue
            model = make_probe(kind, probe, truth[train], students[train], seed)
            model.fit(inputs[train], truth[train], **_weights(kind, probe, truth[train]))
            answers = _answers(model, kind, inputs)
            if kind == "class":
                predicted[test] = answers[test]
            else:
                centre = truth[train].mean() if kind == "number" else answers[train].mean()
                predicted[test] = answers[test] - centre
    return predicted


def _weights(kind: Kind, probe: str, goal: np.ndarray) -> dict[str, Floats]:
    """Balance the classes for the MLP, which has no setting for it."""
    from sklearn.utils.class_weight import compute_sample_weight

    if probe == "linear" or kind == "number":
        return {}
    return {"mlpclassifier__sample_weight": compute_sample_weight("balanced", goal)}


def _answers(model: Any, kind: Kind, inputs: np.ndarray) -> np.ndarray:
    """Numbers, labels, or for yes-no log odds."""
    if kind != "yes-no":
        return model.predict(inputs)
    if hasattr(model, "decision_function"):
        return model.decision_function(inputs)
    chances = np.clip(model.predict_proba(inputs)[:, 1], 1e-9, 1 - 1e-9)
    return np.log(chances / (1 - chances))


def probe_all(
    targets: Sequence[Target],
    table: pd.DataFrame,
    inputs: Mapping[str, np.ndarray],
    students: Sequence[str] | pd.Index | pd.Series,
    *,
    probes: Sequence[str] = ("linear", "mlp"),
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Score probes of several targets on an input, on its controls, and the differences between them.

    Parameters
    ----------
    targets : sequence of Target
        Rows of `table` where a target is missing are left out for that target.
    table : pandas.DataFrame
        One row an example, with a column for each target.
    inputs : mapping of str to numpy.ndarray, shape (n, n_features) each
        The first is the one that the question is about; the others are what it is compared with.
    students : sequence of str, length n
        Whose example it is.
    probes : sequence of {"linear", "mlp"}
        Forms for the first input; the others are read by linear probes.
    resamples, seed : int
        Draws of whole students behind each interval.

    Returns
    -------
    pandas.DataFrame
        `target`, `label`, `unit`, `chance`, `score`, `estimate` and its fields (`n` counts students).
        `score` is a form of probe ("linear", "mlp") on the first input; the name of another input, or
        "shuffled" (the first input with its rows shuffled); "difference" (first input minus shuffled) and
        "over_<other>" (first input minus other), both on the same draws. Where a target cannot be measured,
        there is one row "linear" with the reason.

    Notes
    -----
    The probe is not trained again on each draw: intervals say how far a score depends on which students were
    asked, not on which students the probe learnt from.
    """
    rows = []
    for target in track(targets, label="probing", unit="targets"):
        known = table[target.name].notna().to_numpy()
        truth = table[target.name][known].to_numpy(str if target.kind == "class" else float)
        part = {name: values[known] for name, values in inputs.items()}
        owners = np.asarray(students)[known]
        head = {"target": target.name, "label": target.label, "unit": UNITS[target.kind]}
        head["chance"] = chance(target.kind, truth)
        reason = why_not_measurable(target.kind, truth, owners)
        n = len(np.unique(owners))
        if reason is not None:
            nothing = undefined(n, reason)
            rows.append(head | {"score": "linear", "estimate": nothing} | asdict(nothing))
            continue
        for name, draws in _score_draws(target.kind, part, truth, owners, probes, resamples, seed).items():
            estimate = interval_of(draws[0], draws[1:], n)
            rows.append(head | {"score": name, "estimate": estimate} | asdict(estimate))
    names = ["target", "label", "unit", "chance", "score", "estimate"]
    frame = pd.DataFrame(rows, columns=[*names, "value", "low", "high", "n", "reason"])
    return frame.astype(dict.fromkeys(("value", "low", "high"), float))


def _score_draws(
    kind: Kind,
    inputs: Mapping[str, np.ndarray],
    truth: np.ndarray,
    students: np.ndarray,
    probes: Sequence[str],
    resamples: int,
    seed: int,
) -> dict[str, Floats]:
    """Every score and difference on the same draws of students; the first draw is the data as they are."""
    main, *others = inputs
    generator = np.random.default_rng(seed)
    shuffles = SHUFFLES if len(truth) < FEW_EXAMPLES else 1
    shuffled = [inputs[main][generator.permutation(len(truth))] for _ in range(shuffles)]
    versions = {form: (form, [inputs[main]]) for form in dict.fromkeys(["linear", *probes])}
    versions |= {name: ("linear", [inputs[name]]) for name in others} | {"shuffled": ("linear", shuffled)}
    weights = resample_weights(students, resamples=resamples, seed=seed).astype(int)
    drawn = [np.repeat(np.arange(len(truth)), counts) for counts in weights]
    found: dict[str, Floats] = {}
    for name, (form, every) in versions.items():
        predicted = [
            predict_out_of_fold(each, truth, students, kind=kind, probe=form, seed=seed) for each in every
        ]
        found[name] = np.array(
            [np.mean([score(kind, truth[rows], one[rows]) for one in predicted]) for rows in drawn]
        )
    differences = {f"over_{name}": found["linear"] - found[name] for name in others}
    return found | {"difference": found["linear"] - found["shuffled"]} | differences
