"""Plots of the chapter on errors and steering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from pcutils.analysis.statistics import estimate_table
from pcutils.analysis.steering import mean_of
from pcutils.figures.plots import forest, model_label

CONDITIONS = {
    "student": "the student",
    "revert": "back to the last state that ran",
    "delete_line": "without the suspect line",
    "strong": "whole traces, as strong students",
    "random": "whole traces, as random students",
}

#: Who wrote the rest of a trace, in the words of a caption.
WRITERS = {
    "student": "the student",
    "trace": "the model, with the student's own vector",
    "strong": "the model, with the vector of strong students",
}


def condition_label(name: str) -> str:
    """Words for what goes on from a failing program: a model, another vector, or no model at all."""
    return CONDITIONS.get(name) or model_label(name)


def completions_plot(
    tables: Mapping[str, pd.DataFrame],
    names: Sequence[str],
    measure: str,
    *,
    xlabel: str,
    percent: bool = False,
    resamples: int = 1000,
    seed: int = 0,
) -> Figure:
    """Means of one measure, one row a way of going on from the same failing programs.

    Parameters
    ----------
    tables : mapping from str to pandas.DataFrame
        From :func:`pcutils.analysis.recovery.judge`.
    names : sequence of str
        Which of them, top to bottom.
    measure : str
        One of their measures.
    xlabel : str
        What is measured, with its unit.
    percent : bool
        Whether to write the axis in per cent.
    resamples, seed : int
        As in :func:`pcutils.analysis.statistics.bootstrap_interval`.

    Returns
    -------
    matplotlib.figure.Figure
        With intervals over students.
    """
    rows = [
        {"label": condition_label(name)}
        | vars(mean_of(tables[name], measure, resamples=resamples, seed=seed))
        for name in names
        if name in tables
    ]
    return forest(estimate_table(rows), xlabel=xlabel, percent=percent)
