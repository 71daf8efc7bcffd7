"""Do samples behave like the student they imitate? With intervals and baselines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pcutils.analysis.properties import IS_FINAL, LABELS, PROPERTIES, Property, property_values
from pcutils.analysis.statistics import (
    RESAMPLES,
    Estimate,
    Floats,
    estimate_table,
    interval_of,
    resample_weights,
    undefined,
    weighted_correlations,
)
from pcutils.errors import DataError
from pcutils.splits import EVALUATION_SPLITS
from pcutils.variants import VARIANTS

KEYS = ["username", "title", "split"]
#: All evaluation pairs together, whatever their split.
ALL = "all"
TITLE_MEAN, STUDENT_MEAN = "title_mean", "student_and_title_mean"
BASELINE_LABELS = {TITLE_MEAN: "average of the title", STUDENT_MEAN: "averages of title and student"}
#: In the student's average, the overall average counts as this many traces.
PRIOR_TRACES = 2
#: Which properties a mean is taken over.
SCOPES = ("all", "final_program", "shared")


@dataclass(frozen=True)
class Pairs:
    """What students did and what models sampled for the same (student, title) pairs.

    Parameters
    ----------
    keys : pandas.DataFrame
        `username`, `title`, `split` of each pair.
    own : pandas.DataFrame, shape (n_pairs, n_properties)
        The student's own values.
    sampled : dict of str to pandas.DataFrame
        The mean over the samples of each model, and the prediction of each baseline, same shape.
    left_out : int
        Sampled pairs that some model had no readable sample for.
    """

    keys: pd.DataFrame
    own: pd.DataFrame
    sampled: dict[str, pd.DataFrame]
    left_out: int

    @property
    def models(self) -> list[str]:
        """Variants first, baselines last."""
        return list(self.sampled)


def sampled_variants(run: Any) -> list[str]:
    """List the variants that a run has measured samples of, in the order of the book."""
    return [variant for variant in VARIANTS if run.files.sample_measures(variant).exists()]


def pair_up(
    measures: pd.DataFrame,
    samples: Mapping[str, pd.DataFrame],
    properties: tuple[Property, ...] = PROPERTIES,
    *,
    baselines: bool = True,
) -> Pairs:
    """Put samples beside the student's own traces.

    Parameters
    ----------
    measures : pandas.DataFrame
        The run's measures, one row a trace.
    samples : mapping of variant to pandas.DataFrame
        The measures of its samples.
    properties : tuple of Property
        What to compare.
    baselines : bool
        Whether to add two predictions that need no model: the title's average over training traces, and the
        sum of the title's and the student's deviation from the overall average. An unseen title or student
        deviates by 0.

    Returns
    -------
    Pairs
        Only pairs for which every variant has at least one readable sample; none where a model writes nothing
        that can be read, and then every comparison is "not defined".
    """
    means = {name: _means(frame, properties) for name, frame in samples.items()}
    own = _means(measures[measures["split"] != "train"], properties)
    wanted = pd.concat([frame.index.to_frame() for frame in means.values()]).drop_duplicates()
    kept = own.index.intersection(pd.MultiIndex.from_frame(wanted))
    for frame in means.values():
        kept = kept.intersection(frame.index)
    kept = kept.sort_values()
    keys = kept.to_frame(index=False)[KEYS]
    sampled = {name: frame.loc[kept].reset_index(drop=True) for name, frame in means.items()}
    if baselines:
        sampled |= _baselines(measures, keys, properties)
    return Pairs(keys, own.loc[kept].reset_index(drop=True), sampled, len(wanted) - len(kept))


@dataclass(frozen=True)
class Comparison:
    """Correlations between samples and students, with all their bootstrap draws.

    Parameters
    ----------
    properties : list of str
        Names, in the order of the draws' last axis.
    draws : dict of (split, model) to array, shape (n_resamples + 1, n_properties)
        Correlations; row 0 is the data as they are. The same students are drawn for all models of a split.
    varies : dict of split to array, same shape
        Whether the students themselves differ in that property, in that draw.
    students : dict of split to int
        How many students stand behind it.
    """

    properties: list[str]
    draws: dict[tuple[str, str], Floats]
    varies: dict[str, np.ndarray]
    students: dict[str, int]

    @property
    def splits(self) -> list[str]:
        """`ALL` first."""
        return list(self.students)

    @property
    def models(self) -> list[str]:
        """Variants first, baselines last."""
        return list(dict.fromkeys(model for _, model in self.draws))

    def correlation(self, split: str, model: str, name: str) -> Estimate:
        """Correlation over pairs between the mean of the samples and the student's own value."""
        place, n = self.properties.index(name), self.students[split]
        column = self.draws[split, model][:, place]
        if not self.varies[split][0, place]:
            return undefined(n, "the students do not differ in it")
        if np.isnan(column[0]):
            return undefined(n, "the samples do not differ in it")
        return interval_of(column[0], column[1:], n)

    def mean(self, split: str, model: str, scope: str = "all") -> Estimate:
        """Mean correlation over properties; see :meth:`difference` for `scope`."""
        column = self._means(split, model, self._selected(split, scope))
        return interval_of(column[0], column[1:], self.students[split])

    def difference(self, split: str, first: str, second: str, scope: str = "all") -> Estimate:
        """Mean correlation of one model minus that of another, on the same draws of students.

        Parameters
        ----------
        split : str
            A split or `ALL`.
        first, second : str
            Models or baselines.
        scope : {"all", "final_program", "shared"}
            "all": every property in which the students differ; a model whose samples are all alike follows
            nobody and counts as correlation 0. "final_program": of those, the ones read from the last state.
            "shared": of those, the ones in which the samples of every variant differ.

        Returns
        -------
        Estimate
            Above 0 where `first` follows the students more closely.
        """
        selected = self._selected(split, scope)
        column = self._means(split, first, selected) - self._means(split, second, selected)
        return interval_of(column[0], column[1:], self.students[split])

    def table(self) -> pd.DataFrame:
        """One row a split, model and property, with its words and the fields of an estimate."""
        rows = []
        for split, model in self.draws:
            for name in self.properties:
                estimate = self.correlation(split, model, name)
                rows.append(
                    {"split": split, "model": model, "property": name, "label": LABELS[name]}
                    | {"final_program": IS_FINAL[name]}
                    | vars(estimate)
                )
        return estimate_table(rows)

    def means_table(self, scope: str = "all") -> pd.DataFrame:
        """One row a split and model: mean correlation over properties."""
        rows = [
            {"split": split, "model": model} | vars(self.mean(split, model, scope))
            for split, model in self.draws
        ]
        return estimate_table(rows)

    def _selected(self, split: str, scope: str) -> np.ndarray:
        if scope not in SCOPES:
            raise DataError(f"scope {scope!r}", f"one of {', '.join(SCOPES)}")
        selected = self.varies[split][0].copy()
        if scope == "final_program":
            selected &= np.array([IS_FINAL[name] for name in self.properties])
        if scope == "shared":
            for model in self.models:
                if model not in BASELINE_LABELS:
                    selected &= ~np.isnan(self.draws[split, model][0])
        return selected

    def _means(self, split: str, model: str, selected: np.ndarray) -> Floats:
        if not selected.any():
            return np.full(len(self.varies[split]), np.nan)
        values = np.nan_to_num(self.draws[split, model][:, selected])
        counted = self.varies[split][:, selected]
        with np.errstate(invalid="ignore"):
            return (values * counted).sum(axis=1) / counted.sum(axis=1)


def compare(
    pairs: Pairs,
    *,
    splits: Iterable[str] | None = None,
    within_title: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Correlate samples with students, property by property.

    Parameters
    ----------
    pairs : Pairs
        From :func:`pair_up`.
    splits : iterable of str, optional
        Which splits to look at beside `ALL`; the four evaluation splits by default.
    within_title : bool
        Whether to subtract each title's average first, so that what is left is the student, not the
        assignment.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    Comparison
        Everything the chapter reads.
    """
    draws: dict[tuple[str, str], Floats] = {}
    varies: dict[str, np.ndarray] = {}
    students: dict[str, int] = {}
    for split in [ALL, *(EVALUATION_SPLITS if splits is None else splits)]:
        rows = np.ones(len(pairs.keys), bool) if split == ALL else (pairs.keys["split"] == split).to_numpy()
        keys = pairs.keys[rows]
        own = _centred(pairs.own[rows], keys, within_title)
        weights = resample_weights(keys["username"], resamples=resamples, seed=seed)
        students[split] = keys["username"].nunique()
        varies[split] = ~np.isnan(_correlations(own, own, weights))
        for model, frame in pairs.sampled.items():
            draws[split, model] = _correlations(_centred(frame[rows], keys, within_title), own, weights)
    return Comparison(list(pairs.own.columns), draws, varies, students)


def _correlations(first: pd.DataFrame, second: pd.DataFrame, weights: Floats) -> Floats:
    columns = [
        weighted_correlations(first[name].to_numpy(float), second[name].to_numpy(float), weights)
        for name in first
    ]
    return np.stack(columns, axis=1)


def _centred(values: pd.DataFrame, keys: pd.DataFrame, within_title: bool) -> pd.DataFrame:
    if not within_title:
        return values
    centred = values - values.groupby(keys["title"]).transform("mean")
    residue = centred.abs() <= 1e-9 * values.abs().max()  # rounding is no difference between students
    return centred.mask(residue, 0.0)


def _means(measures: pd.DataFrame, properties: tuple[Property, ...]) -> pd.DataFrame:
    if measures.empty:
        index = pd.MultiIndex.from_arrays([[], [], []], names=KEYS)
        return pd.DataFrame({item.name: [] for item in properties}, index=index, dtype=float)
    values = property_values(measures, properties)
    return values.groupby([measures[key] for key in KEYS]).mean()


def _baselines(
    measures: pd.DataFrame, keys: pd.DataFrame, properties: tuple[Property, ...]
) -> dict[str, pd.DataFrame]:
    training = measures[measures["split"] == "train"]
    values = property_values(training, properties)
    overall = values.mean()
    by_title = (values.groupby(training["title"]).mean() - overall).reindex(keys["title"]).fillna(0)
    grouped = (values - overall).groupby(training["username"])
    by_student = (grouped.sum() / (grouped.count() + PRIOR_TRACES)).reindex(keys["username"]).fillna(0)
    title = by_title.reset_index(drop=True) + overall
    return {TITLE_MEAN: title, STUDENT_MEAN: title + by_student.reset_index(drop=True)}
