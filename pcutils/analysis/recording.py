"""Names under which the behaviour chapter leaves its measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from pcutils.analysis.behaviour import ALL, BASELINE_LABELS, Comparison
from pcutils.analysis.final_programs import STUDENTS, difference_of, mean_of
from pcutils.analysis.statistics import Estimate, estimate_table, record

CORRELATION, BLEU, SHARE = "correlation", "BLEU", "share"


def contrasts(models: Sequence[str]) -> list[tuple[str, str]]:
    """Which models are compared: the one trained on traces with every other, and equal amounts of training.

    Examples
    --------
    >>> contrasts(["trace", "last", "trace_downsampled"])
    [('trace', 'last'), ('trace', 'trace_downsampled'), ('trace_downsampled', 'last')]
    """
    pairs = [("trace", other) for other in models if other != "trace"] if "trace" in models else []
    if {"trace_downsampled", "last"} <= set(models):
        pairs.append(("trace_downsampled", "last"))
    return pairs


def record_behaviour(results: Any, comparison: Comparison, *, prefix: str = "behaviour") -> None:
    """Add mean correlations, their differences and, for the main comparison, every property.

    Parameters
    ----------
    results : Results
        Of the chapter.
    comparison : Comparison
        Of samples with students.
    prefix : str
        ``behaviour`` for the main comparison; another one keeps a variation apart. ``<prefix>.mean.<model>``
        is over all pairs, ``<prefix>.mean.<model>.<split>`` over one split. The main comparison adds the same
        for properties of final programs under ``final_program`` and for properties that no variant has
        constant under ``shared``.
    """
    scopes = {prefix: "all"}
    if prefix == "behaviour":
        scopes |= {"final_program": "final_program", "shared": "shared"}
        for model in comparison.models:
            for name in comparison.properties:
                estimate = comparison.correlation(ALL, model, name)
                record(results, f"{prefix}.correlation.{model}.{name}", estimate, CORRELATION)
    for name, scope in scopes.items():
        for split, model in comparison.draws:
            place = "" if split == ALL else f".{split}"
            record(results, f"{name}.mean.{model}{place}", comparison.mean(split, model, scope), CORRELATION)
        for first, second in contrasts(comparison.models):
            estimate = comparison.difference(ALL, first, second, scope)
            record(results, f"{name}.difference.{first}-{second}", estimate, CORRELATION)


def difference_table(comparisons: dict[str, tuple[Comparison, str]], first: str = "trace") -> pd.DataFrame:
    """Differences between one model and the others, counted in several ways.

    Parameters
    ----------
    comparisons : dict of str to (Comparison, str)
        How it is counted, in words, and the comparison and scope that count so.
    first : str
        The model that is compared with all others.

    Returns
    -------
    pandas.DataFrame
        `label` (how it is counted), `model` (compared with which), `value`, `low`, `high`, `n`, `reason`.
        Above 0 where `first` follows the students more closely.
    """
    rows = []
    for label, (comparison, scope) in comparisons.items():
        for other in comparison.models:
            if other != first:
                estimate = comparison.difference(ALL, first, other, scope)
                rows.append({"label": label, "model": other, "side": estimate.side()} | vars(estimate))
    return estimate_table(rows)


def record_scores(
    results: Any, name: str, frame: pd.DataFrame, models: Sequence[str], **bootstrap: int
) -> None:
    """Add the mean of each model's scores and the paired differences.

    Parameters
    ----------
    results : Results
        Of the chapter.
    name : str
        Of the score: ``<name>.mean.<model>`` and ``<name>.difference.<first>-<second>``.
    frame : pandas.DataFrame
        One row a title or pair, one column a model.
    models : sequence of str
        Columns to use.
    **bootstrap
        `resamples` and `seed`.
    """
    for model in models:
        record(results, f"{name}.mean.{model}", mean_of(frame, model, **bootstrap), BLEU)
    for first, second in contrasts(models):
        record(
            results,
            f"{name}.difference.{first}-{second}",
            difference_of(frame, first, second, **bootstrap),
            BLEU,
        )


def record_titles(results: Any, name: str, frame: pd.DataFrame, models: Sequence[str]) -> None:
    """Add each title's score, without interval: ``<name>.<title>.<model>``."""
    for row in frame.to_dict("records"):
        for model in models:
            estimate = Estimate(float(row[model]), None, None, int(row["n"]))
            record(results, f"{name}.{row['title']}.{model}", estimate, BLEU)


def record_runs(results: Any, shares: pd.DataFrame) -> None:
    """Add the share of final programs that run: ``runs.<model>`` and ``runs.<model>.<split>``."""
    for row in shares.to_dict("records"):
        place = "" if row["split"] == ALL else f".{row['split']}"
        estimate = Estimate(row["value"], row["low"], row["high"], row["n"])
        record(results, f"runs.{row['model']}{place}", estimate, SHARE)


def model_words(model: str) -> str:
    """Words for what is compared beside the variants: baselines and the students themselves.

    Examples
    --------
    >>> model_words("title_mean")
    'average of the title'
    """
    return {**BASELINE_LABELS, STUDENTS: "the students themselves", "classmate": "a classmate's program"}.get(
        model, model
    )
