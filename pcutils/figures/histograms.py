"""How often each value occurs, with enough students in every bar."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from pcutils.errors import PcutilsError
from pcutils.few_students import bounded, joined_edges
from pcutils.figures.filmstrip import time_words
from pcutils.figures.notes import JOINED, add_note, say_empty
from pcutils.figures.theme import INK, PLAIN_COLOUR
from pcutils.pipeline import publication


def histogram(
    values: Any,
    *,
    xlabel: str,
    ylabel: str,
    owners: Any = None,
    whole_numbers: bool = False,
    log: bool = False,
    bins: int | None = None,
    marks: Mapping[str, float] | None = None,
    tick: Callable[[float], str] | None = None,
) -> Figure:
    """How often each value occurs.

    Parameters
    ----------
    values : array-like of float
        Missing values are left out; on a logarithmic axis so are values below or at 0.
    xlabel, ylabel : str
        What is counted, with units.
    owners : array-like, optional
        The student of each value. Where students must not be seen it has to be given: bars with too few
        students are then joined to their neighbours, with their mean height, and the ends hold all beyond.
    whole_numbers : bool
        Whether a bar holds whole numbers: one each, or equally many where that gives too many bars.
    log : bool
        Whether the horizontal axis is logarithmic.
    bins : int, optional
        How many bars at most; 60 for whole numbers and 30 otherwise.
    marks : mapping of str to float, optional
        Vertical lines with their words, such as the median.
    tick : callable, optional
        Writes the values of the horizontal axis.

    Returns
    -------
    matplotlib.figure.Figure
        The plot.

    Raises
    ------
    PcutilsError
        Where no value is left, or nobody says whose they are and students must not be seen.
    """
    numbers = pd.to_numeric(pd.Series(values)).to_numpy(dtype=float, na_value=np.nan)
    kept = np.isfinite(numbers) & ((numbers > 0) | (not log))
    numbers = numbers[kept]
    if not len(numbers):
        raise PcutilsError(f"no value to draw for {xlabel!r}")
    students = _students(owners, kept, xlabel)
    drawn = bounded(numbers, students)
    plain = bin_edges(drawn, bins or (60 if whole_numbers else 30), whole_numbers=whole_numbers, log=log)
    edges = joined_edges(drawn, students, plain)
    figure, axes = plt.subplots()
    if publication.is_too_few(pd.Series(students).nunique()):
        say_empty(axes, too_few=True)
    else:
        _bars(axes, drawn, edges, plain, log=log)
        _mark(axes, marks or {})
    if len(edges) < len(plain) or (drawn != numbers).any():
        add_note(figure, JOINED)
    if tick:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if whole_numbers:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(False, axis="x")
    return figure


def _students(owners: Any, kept: np.ndarray, xlabel: str) -> np.ndarray:
    if owners is not None:
        return np.asarray(owners)[kept]
    if publication.is_guarded():
        raise PcutilsError(f"{xlabel!r}: say whose each value is, with `owners`: students may not be seen")
    return np.zeros(int(kept.sum()))


def bin_edges(
    numbers: np.ndarray, bins: int, *, whole_numbers: bool = False, log: bool = False
) -> np.ndarray:
    """Cut the range of some numbers into bins.

    Parameters
    ----------
    numbers : array of float
        At least one, all finite.
    bins : int
        How many at most.
    whole_numbers, log : bool
        As in :func:`histogram`.

    Returns
    -------
    array of float, shape (n_bins + 1,)
        Ascending; all numbers lie between the first and the last.
    """
    low, high = float(numbers.min()), float(numbers.max())
    if whole_numbers:
        width = math.ceil((high - low + 1) / bins)
        return np.arange(low - 0.5, high + width, width)
    if log:
        return np.geomspace(low, high * 1.001, bins + 1)
    return np.linspace(low, high if high > low else low + 1, bins + 1)


def _bars(axes: Axes, numbers: np.ndarray, edges: np.ndarray, plain: np.ndarray, *, log: bool) -> None:
    """Draw bars whose area counts: one that joins several bins has their mean height."""
    counts, _ = np.histogram(numbers, bins=edges)
    spans = np.diff(np.searchsorted(plain, edges))
    left, right = edges[:-1], edges[1:]
    gap = 0.04 / spans
    if log:
        start, end = left * (right / left) ** gap, right * (left / right) ** gap
    else:
        start, end = left + gap * (right - left), right - gap * (right - left)
    axes.bar(start, counts / spans, width=end - start, align="edge", color=PLAIN_COLOUR, edgecolor="none")
    axes.set_ylim(0, 1.12 * (counts / spans).max())
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_minor_locator(NullLocator())


def time_tick(seconds: float) -> str:
    """Write seconds on an axis as a person would."""
    return time_words(timedelta(seconds=seconds)) if seconds >= 1 else f"{seconds:g} s"


def _mark(axes: Axes, marks: Mapping[str, float]) -> None:
    for place, (words, value) in enumerate(marks.items()):
        axes.axvline(value, color=INK, linewidth=1.2, linestyle=("-", "--", ":")[place % 3])
        axes.annotate(
            words,
            (value, 1 - 0.08 * place),
            xycoords=("data", "axes fraction"),
            xytext=(4, -2),
            textcoords="offset points",
            va="top",
            fontsize=9,
        )
