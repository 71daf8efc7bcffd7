"""How far samples are from students' traces, beside how far two halves of the students are apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pcutils.analysis.final_programs import STUDENTS
from pcutils.analysis.resampling import RESAMPLES, Floats, resample_weights
from pcutils.analysis.sample_quality import PROPERTIES, Observed
from pcutils.analysis.statistics import Estimate, interval_of, record, share_interval, undefined
from pcutils.few_students import bounded

QUANTILES = {"lowest": 0.1, "low": 0.25, "middle": 0.5, "high": 0.75, "highest": 0.9}
#: A distribution is read at so many values at most.
_MOST_VALUES = 512


def compare(
    observed: Mapping[str, Mapping[str, Observed]], *, resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Compare samples with students, property by property.

    Parameters
    ----------
    observed : mapping of str to (mapping of str to Observed)
        From :func:`observe`, for `STUDENTS` and each variant.
    resamples, seed : int
        Of the bootstrap over students, and of the halves.

    Returns
    -------
    pandas.DataFrame
        One row a variant and property: `variant`, `property`, `label`, and four Estimates. `students` and
        `samples` are shares or medians (a share of none or all has Wilson's interval). `distance` is the
        second share minus the first, or Kolmogorov and Smirnov's distance. `noise` is the size of the same
        between two random halves of the students: its mean, and the range that holds the share `CONFIDENCE`
        of all halves. `is_further` says whether the distance is larger than that range; of a difference of
        shares, the interval must leave out 0, too.

    Notes
    -----
    Each draw takes the same students on both sides. A resample repeats students, so the interval of a
    Kolmogorov-Smirnov distance leans upwards. A half has fewer students than the class, and other ones than
    the other half, so the noise is rather too large than too small.
    """
    rows = []
    for variant in (name for name in observed if name != STUDENTS):
        for name, one in PROPERTIES.items():
            own, other = observed[STUDENTS][name], observed[variant][name]
            estimates = _compare(own, other, one.is_share, resamples, seed)
            names = {"variant": variant, "property": name, "label": one.label}
            rows.append(names | estimates | {"is_further": _is_further(one.is_share, **estimates)})
    return pd.DataFrame(rows)


def _compare(
    own: Observed, other: Observed, is_share: bool, resamples: int, seed: int
) -> dict[str, Estimate]:
    students = np.union1d(own.owners, other.owners) if len(own.owners) + len(other.owners) else np.array([])
    grid = _grid(np.concatenate([own.values, other.values]), is_share)
    first, second = (_by_student(side, students, grid, is_share) for side in (own, other))
    draws = resample_weights(students, resamples=resamples, seed=seed)
    a, b = _cumulative(draws @ first), _cumulative(draws @ second)
    numbers = [len(np.unique(side.owners)) for side in (own, other)]
    halves = np.random.default_rng(seed).permuted(
        np.tile(np.arange(len(students)) % 2 == 0, (resamples, 1)), axis=1
    )
    apart = np.abs(_distance(_cumulative(halves @ first), _cumulative(~halves @ first), is_share))
    noise = float(np.nanmean(apart)) if np.isfinite(apart).any() else float("nan")
    return {
        "students": _level_estimate(_level(a, grid, is_share), numbers[0], is_share),
        "samples": _level_estimate(_level(b, grid, is_share), numbers[1], is_share),
        "distance": _estimate(_distance(a, b, is_share), min(numbers)),
        "noise": interval_of(noise, apart, numbers[0]),
    }


def _is_further(is_share: bool, distance: Estimate, noise: Estimate, **_: Estimate) -> bool:
    if noise.high is None or not distance.is_defined:
        return False
    return abs(distance.value) > noise.high and not (is_share and distance.side() == "unclear")


def _grid(values: Floats, is_share: bool) -> Floats:
    if is_share or not len(values):
        return np.array([0.0, 1.0])
    levels = np.linspace(0, 1, _MOST_VALUES)
    distinct = np.unique(values)
    return distinct if len(distinct) <= _MOST_VALUES else np.unique(np.quantile(distinct, levels))


def _by_student(side: Observed, students: Any, grid: Floats, is_share: bool) -> Floats:
    """Weight of each student in each cell, shape (n_students, n_cells); a share is spread over no and yes."""
    cells = len(grid)
    rows = np.searchsorted(students, side.owners) if len(side.owners) else np.array([], dtype=int)
    if is_share:
        places = np.concatenate([rows * cells, rows * cells + 1])
        parts = np.concatenate([side.weights * (1 - side.values), side.weights * side.values])
    else:
        places, parts = rows * cells + np.searchsorted(grid, side.values), side.weights
    sums = np.bincount(places, parts, len(students) * cells).astype(float)
    return sums.reshape(len(students), cells)


def _cumulative(cells: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.cumsum(cells, axis=1) / cells.sum(axis=1, keepdims=True)


def _level(cumulative: Floats, grid: Floats, is_share: bool, quantile: float = 0.5) -> Floats:
    """Share of yes, or the quantile, for each row."""
    if is_share:
        return 1 - cumulative[:, 0]
    places = (cumulative >= quantile - 1e-9).argmax(axis=1)
    return np.where(np.isnan(cumulative[:, 0]), np.nan, grid[places])


def _distance(a: Floats, b: Floats, is_share: bool) -> Floats:
    return a[:, 0] - b[:, 0] if is_share else np.abs(a - b).max(axis=1)


def _estimate(draws: Floats, n: int) -> Estimate:
    return interval_of(draws[0], draws[1:], n) if n else undefined(0, "nothing to measure")


def _level_estimate(draws: Floats, n: int, is_share: bool) -> Estimate:
    """A share of none or all has no spread to resample: Wilson's interval then, each student counted once."""
    if is_share and n and np.isclose(draws[0], np.round(draws[0]), atol=1e-9):
        return share_interval(round(draws[0]) * n, n)
    return _estimate(draws, n)


def quantile_table(observed: Mapping[str, Mapping[str, Observed]]) -> pd.DataFrame:
    """Quantiles of what is no share, of students and samples beside each other.

    Parameters
    ----------
    observed : mapping of str to (mapping of str to Observed)
        As for :func:`compare`.

    Returns
    -------
    pandas.DataFrame
        `property`, `model`, `n` students, and a column for each of `QUANTILES`. Where students
        must not be seen, enough of them stand behind the ends.
    """
    rows = []
    for name in (name for name, one in PROPERTIES.items() if not one.is_share):
        for model, found in observed.items():
            values, weights, owners = found[name]
            if not len(values):
                continue
            side = Observed(bounded(values, owners), weights, owners)
            grid, students = np.unique(side.values), np.unique(owners)
            whole = _cumulative(_by_student(side, students, grid, False).sum(axis=0, keepdims=True))
            ends = {end: float(_level(whole, grid, False, part)[0]) for end, part in QUANTILES.items()}
            rows.append({"property": name, "model": model, "n": len(students)} | ends)
    return pd.DataFrame(rows)


def record_distances(results: Any, compared: pd.DataFrame) -> None:
    """Add every comparison to a chapter's results.

    Parameters
    ----------
    results : Results
        Of the chapter.
    compared : pandas.DataFrame
        From :func:`compare`. ``samples.<property>.<variant>`` and ``samples.<property>.students`` are what
        samples and students have, ``samples.<property>_distance.<variant>`` is how far they are apart, and
        ``samples.<property>_noise.students`` how far two halves of the students are.
    """
    for place, row in enumerate(compared.to_dict("records")):
        name, one = f"samples.{row['property']}", PROPERTIES[row["property"]]
        apart = one.unit if one.is_share else "Kolmogorov-Smirnov distance"
        record(results, f"{name}.{row['variant']}", row["samples"], one.unit)
        record(results, f"{name}_distance.{row['variant']}", row["distance"], apart)
        if place < len(PROPERTIES):
            record(results, f"{name}.{STUDENTS}", row["students"], one.unit)
            record(results, f"{name}_noise.{STUDENTS}", row["noise"], apart)


def sorted_out(rows: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Name the properties in which samples are no further from students than halves are, and the others.

    Parameters
    ----------
    rows : pandas.DataFrame
        The rows of one variant, from :func:`compare`. Properties that are not defined are in neither list,
        nor is whether samples can be read: that has an aim of its own.

    Returns
    -------
    near, far : list of str
        Labels.
    """
    defined = rows[
        [one.is_defined and noise.is_defined for one, noise in rows[["distance", "noise"]].to_numpy()]
    ]
    judged = defined[defined["label"] != PROPERTIES["readable"].label]
    near, far = (judged.loc[judged["is_further"] == side, "label"].tolist() for side in (False, True))
    return near, far
