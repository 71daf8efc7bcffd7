"""Do samples behave like the student they imitate? Pairs of both, their correlations, and baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pcutils.analysis.statistics import RESAMPLES, interval_of, resample_weights, weighted_correlations
from pcutils.metrics import measure_values

KEYS = ["username", "title", "split"]
#: The students themselves, in a table that also holds models.
STUDENTS = "students"
TITLE_MEAN, STUDENT_MEAN = "title_mean", "student_and_title_mean"
#: In the average of a student, the overall average counts as this many traces.
PRIOR_TRACES = 2


def pair_up(
    measures: pd.DataFrame,
    samples: Mapping[str, pd.DataFrame],
    names: Sequence[str],
    *,
    baselines: bool = True,
) -> pd.DataFrame:
    """Put the samples of models beside the students' own traces.

    Parameters
    ----------
    measures : pandas.DataFrame
        ``run.measures()``: one row a trace.
    samples : mapping of variant to pandas.DataFrame
        ``run.sample_measures(variant)``: one row a sample.
    names : sequence of str
        Measures to compare.
    baselines : bool
        Whether to add two predictions that need no model: `TITLE_MEAN` and `STUDENT_MEAN`.

    Returns
    -------
    pandas.DataFrame
        One row a (student, title) pair that every variant has a readable sample of, indexed by `username`,
        `title` and `split`. Columns are (model, measure): under `STUDENTS` the student's own value, under
        each variant the mean over its samples. So ``pairs["students"].corrwith(pairs["trace"])`` gives one
        correlation a measure.

    Notes
    -----
    `TITLE_MEAN` is the title's average over training traces. `STUDENT_MEAN` adds how far the student's
    training traces deviate from the overall average, shrunken as if `PRIOR_TRACES` more of them were average.
    A title or student that training lacks deviates by 0.
    """
    values = {STUDENTS: measures[measures["split"] != "train"]} | dict(samples)
    means = {model: _means(frame, names) for model, frame in values.items()}
    pairs = pd.concat(means, axis=1, join="inner", names=["model", "measure"]).sort_index()
    if not baselines:
        return pairs
    parts = _baselines(measures[measures["split"] == "train"], pairs.index, names)
    return pairs.join(pd.concat(parts, axis=1, names=["model", "measure"]))


def _means(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    if frame.empty:
        index = pd.MultiIndex.from_arrays([[], [], []], names=KEYS)
        return pd.DataFrame({name: [] for name in names}, index=index, dtype=float)
    return measure_values(frame, names).groupby([frame[key] for key in KEYS]).mean()


def _baselines(training: pd.DataFrame, pairs: pd.Index, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    values = measure_values(training, names)
    deviations = values - values.mean()
    by_title = deviations.groupby(training["title"]).mean()
    by_student = deviations.groupby(training["username"])
    shrunken = by_student.sum() / (by_student.count() + PRIOR_TRACES)
    title = by_title.reindex(pairs.get_level_values("title")).fillna(0).set_axis(pairs) + values.mean()
    student = shrunken.reindex(pairs.get_level_values("username")).fillna(0).set_axis(pairs)
    return {TITLE_MEAN: title, STUDENT_MEAN: title + student}


def within_titles(pairs: pd.DataFrame) -> pd.DataFrame:
    """Subtract each title's average, so that what is left is the student, not the assignment."""
    centred = pairs - pairs.groupby("title").transform("mean")
    residue = centred.abs() <= 1e-9 * pairs.abs().max()  # rounding is no difference between students
    return centred.mask(residue, 0.0)


def correlation_draws(pairs: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0) -> pd.DataFrame:
    """Correlate models with students, measure by measure, on cluster-bootstrap draws of students.

    Parameters
    ----------
    pairs : pandas.DataFrame
        From :func:`pair_up`.
    resamples, seed : int
        How often to draw, and the seed; every model and measure is judged on the same draws.

    Returns
    -------
    pandas.DataFrame
        Pearson correlations: row 0 of the data as they are, every other row of one draw. Columns are (model,
        measure). Missing where the students do not differ in the measure; 0 where they do and the model's
        samples are all alike, because such a model follows nobody.
    """
    weights = resample_weights(pairs.index.get_level_values("username"), resamples=resamples, seed=seed)
    own = {name: column.to_numpy(float) for name, column in pairs[STUDENTS].items()}
    differ = {name: ~np.isnan(weighted_correlations(x, x, weights)) for name, x in own.items()}
    draws = {}
    for model in pairs.columns.unique("model").drop(STUDENTS):
        for name, column in pairs[model].items():
            found = weighted_correlations(column.to_numpy(float), own[name], weights)
            draws[model, name] = np.where(differ[name], np.nan_to_num(found), np.nan)
    return pd.DataFrame(draws).rename_axis(columns=["model", "measure"])


def mean_over_measures(draws: pd.DataFrame, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Average correlations over measures (all, or the named ones): one column a model, one row a draw."""
    kept = draws if names is None else draws.loc[:, draws.columns.get_level_values("measure").isin(names)]
    return kept.T.groupby(level="model", sort=False).mean().T


def draw_estimates(draws: pd.DataFrame, n: int) -> pd.Series:
    """Read an :class:`Estimate` from each column of draws (row 0 is the data) of `n` students.

    Examples
    --------
    >>> draw_estimates(pd.DataFrame({"trace": [0.5, 0.4, 0.6]}), n=9)["trace"].value
    0.5
    """
    columns = {name: column.to_numpy(float) for name, column in draws.items()}
    found = {name: interval_of(values[0], values[1:], n) for name, values in columns.items()}
    return pd.Series(found, dtype=object).rename_axis(list(draws.columns.names))


def final_programs(traces: pd.DataFrame, *, complete_only: bool = False) -> pd.DataFrame:
    """Take the last program of each trace: the other columns, and `program`.

    Parameters
    ----------
    traces : pandas.DataFrame
        With `programs` and `is_complete`; rows without programs (samples that do not parse) are left out.
    complete_only : bool
        Whether to leave out traces that were cut; the paper keeps them, with their last whole state.
    """
    kept = traces[traces["programs"].notna() & (traces["programs"].str.len() > 0)]
    if complete_only:
        kept = kept[kept["is_complete"].astype(bool)]
    return kept.drop(columns="programs").assign(program=kept["programs"].str[-1])


def equal_numbers(programs: pd.DataFrame, *, fewest: int = 4, most: int = 250, seed: int = 0) -> pd.DataFrame:
    """Draw equally many programs of every model for each title, because Self-BLEU grows with their number.

    Parameters
    ----------
    programs : pandas.DataFrame
        With `model`, `title` and `username`; some of its rows are returned.
    fewest, most : int
        A title needs at least and takes at most so many programs of every model, of two students or more.
    """
    counts = programs.groupby(["title", "model"]).size().unstack(fill_value=0).min(axis=1).clip(upper=most)
    kept = []
    for title in counts.index[counts >= fewest]:
        of_title = programs[programs["title"] == title].groupby("model", sort=False)
        parts = [part.sample(counts[title], random_state=seed) for _, part in of_title]
        kept += parts if min(part["username"].nunique() for part in parts) > 1 else []
    return pd.concat(kept) if kept else programs.iloc[:0]
