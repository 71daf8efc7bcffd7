"""The plots that several chapters share; each returns a figure for :func:`pcutils.figures.show`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pcutils.analysis.recording import model_words
from pcutils.errors import PcutilsError
from pcutils.figures.notes import BLANKED, add_note, say_empty
from pcutils.figures.theme import (
    INK,
    PLAIN_COLOUR,
    SERIES_COLOURS,
    VARIANT_COLOURS,
    VARIANT_LABELS,
    VARIANT_MARKERS,
    variant_style,
)
from pcutils.pipeline import publication

#: Inches.
WIDTH, ROW_HEIGHT, SERIES_HEIGHT = 4.8, 0.24, 0.13
_SPARE_MARKERS = ("P", "X", "p", "d")


def model_label(name: str) -> str:
    """Words for a variant, a baseline or the students themselves."""
    return VARIANT_LABELS.get(name) or model_words(name)


def series_style(name: str, names: Sequence[str]) -> dict[str, Any]:
    """Colour, marker and label of one series: fixed for a variant, ink for anything else.

    Parameters
    ----------
    name : str
        The series.
    names : sequence of str
        All series of the figure, so that those that are no variants get different markers.

    Returns
    -------
    dict
        `color`, `marker` and `label`, for matplotlib.
    """
    if name in VARIANT_COLOURS:
        style = variant_style(name)
        return {key: style[key] for key in ("color", "marker", "label")}
    others = [other for other in names if other not in VARIANT_COLOURS]
    marker = _SPARE_MARKERS[others.index(name) % len(_SPARE_MARKERS)]
    return {"color": INK, "marker": marker, "label": model_label(name)}


def forest(
    frame: pd.DataFrame,
    *,
    row: str = "label",
    series: str | None = None,
    xlabel: str,
    line: float | None = None,
    percent: bool = False,
    legend_title: str = "",
) -> Figure:
    """Estimates with their intervals, one below the other.

    Parameters
    ----------
    frame : pandas.DataFrame
        With `value`, `low`, `high` (missing where not defined) and the columns named by `row` and `series`.
    row : str
        What stands on the vertical axis, top to bottom in the order of the frame.
    series : str, optional
        What is told apart by colour and marker within a row. Without it, a row that stands for a variant has
        the variant's colour and marker.
    xlabel : str
        What is measured, with its unit.
    line : float, optional
        Where to draw a line to compare with, such as 0.
    percent : bool
        Whether to write the axis in per cent.
    legend_title : str
        Stands above the names of the series.

    Returns
    -------
    matplotlib.figure.Figure
        The legend stands above the plot, so that it is seen first on a phone.
    """
    frame, blanked = without_few_students(frame)
    rows = list(dict.fromkeys(frame[row]))
    names = list(dict.fromkeys(frame[series])) if series else [""]
    height = 0.7 + len(rows) * (ROW_HEIGHT + SERIES_HEIGHT * (len(names) - 1)) + 0.5 * (series is not None)
    figure, axes = plt.subplots(figsize=(WIDTH, max(height, 1.6)))
    step = 0.8 / max(len(names), 1)
    for place, name in enumerate(names if series else rows):
        part = frame[frame[series or row] == name]
        shift = (place - (len(names) - 1) / 2) * step if series else 0.0
        heights = np.array([rows.index(label) for label in part[row]]) + shift
        _dots(axes, part, heights, series_style(name, names) if series else _row_style(name, rows))
    if not pd.to_numeric(frame["value"]).notna().any():
        say_empty(axes, too_few=blanked)
    if line is not None:
        axes.axvline(line, color=INK, linewidth=1)
    axes.set(yticks=range(len(rows)), yticklabels=rows, xlabel=xlabel, ylim=(max(len(rows), 1) - 0.4, -0.6))
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    if percent:
        percent_axis(axes, "x")
    if series and names:
        legend_above(figure, legend_title)
    if blanked:
        add_note(figure, BLANKED)
    return figure


def without_few_students(
    frame: pd.DataFrame, columns: Sequence[str] = ("value", "low", "high")
) -> tuple[pd.DataFrame, bool]:
    """Take the numbers off that stand for too few students of a source that must not be seen.

    Parameters
    ----------
    frame : pandas.DataFrame
        Numbers, and how many students stand behind each row in `n`.
    columns : sequence of str
        What is taken off, the most important first; those that are not there are passed over.

    Returns
    -------
    frame : pandas.DataFrame
        The same rows, the numbers missing where `n` is too small.
    blanked : bool
        Whether any was taken off.

    Raises
    ------
    PcutilsError
        Where students must not be seen and nobody says how many stand behind each number.
    """
    if not publication.is_guarded():
        return frame, False
    if "n" not in frame:
        raise PcutilsError("students may not be seen: say in a column `n` how many stand behind each number")
    few = frame["n"].map(publication.is_too_few).astype(bool)
    blanked = bool((few & pd.to_numeric(frame[columns[0]]).notna()).any())
    numbers = [name for name in columns if name in frame]
    return frame.assign(**{name: frame[name].mask(few) for name in numbers}), blanked


def _row_style(label: str, rows: Sequence[str]) -> dict[str, Any]:
    """Colour and marker of a row: a variant's own where rows are variants, else the same for all."""
    variants = {words: name for name, words in VARIANT_LABELS.items()}
    if label in variants:
        style = variant_style(variants[label])
        return {key: style[key] for key in ("color", "marker")}
    return {"color": PLAIN_COLOUR if variants.keys().isdisjoint(rows) else INK, "marker": "o"}


def _dots(axes: Axes, part: pd.DataFrame, heights: np.ndarray, style: dict[str, Any]) -> None:
    value, low, high = (pd.to_numeric(part[key]).to_numpy(float) for key in ("value", "low", "high"))
    axes.hlines(heights, low, high, color=style["color"], linewidth=1.6)
    axes.plot(value, heights, linestyle="none", markersize=6, **style)


def legend_above(figure: Figure, title: str = "") -> None:
    """Put the legend above the plot, in as many columns as the figure is wide enough for."""
    labels = [
        str(artist.get_label()) for axes in figure.axes for artist in axes.get_legend_handles_labels()[0]
    ]
    column = 0.45 + 0.075 * max(map(len, labels), default=0)
    columns = max(1, int(figure.get_figwidth() / column))
    figure.legend(loc="outside upper left", ncols=columns, title=title or None, alignment="left")


def percent_axis(axes: Axes, which: str = "y") -> None:
    """Write an axis in per cent."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g}\N{NARROW NO-BREAK SPACE}%"))


def stacked_shares(frame: pd.DataFrame, *, row: str, part: str, xlabel: str) -> Figure:
    """Parts of a whole, one bar a row.

    Parameters
    ----------
    frame : pandas.DataFrame
        With `value` (shares that add up to 1 in each row) and the columns named by `row` and `part`; at most
        five parts. Where students must not be seen, `n` says how many stand behind each.
    row, part : str
        What a bar is and what its pieces are, both in the order of the frame.
    xlabel : str
        What the whole is.

    Returns
    -------
    matplotlib.figure.Figure
        The plot, with the legend above.

    Raises
    ------
    PcutilsError
        Where there are more parts than colours.
    """
    frame, blanked = without_few_students(frame)
    wide = frame.pivot(index=row, columns=part, values="value")
    wide = wide.loc[list(dict.fromkeys(frame[row])), list(dict.fromkeys(frame[part]))]
    if wide.shape[1] > len(SERIES_COLOURS):
        raise PcutilsError(
            f"{wide.shape[1]} parts in one bar: join some, there are {len(SERIES_COLOURS)} colours"
        )
    figure, axes = plt.subplots(figsize=(WIDTH, 1.2 + 0.42 * len(wide)))
    left = np.zeros(len(wide))
    for colour, name in zip(SERIES_COLOURS, wide.columns, strict=False):
        axes.barh(
            range(len(wide)), wide[name], left=left, color=colour, label=name, height=0.7, edgecolor="none"
        )
        left = left + wide[name].to_numpy()
    axes.set(
        yticks=range(len(wide)),
        yticklabels=wide.index,
        xlabel=xlabel,
        xlim=(0, 1),
        ylim=(len(wide) - 0.5, -0.5),
    )
    axes.grid(False, axis="y")
    percent_axis(axes, "x")
    legend_above(figure)
    if blanked:
        add_note(figure, BLANKED)
    return figure


def paired_points(
    frame: pd.DataFrame, *, x: str, y: str, xlabel: str, ylabel: str, colour: str = PLAIN_COLOUR
) -> Figure:
    """Two measures of the same thing against each other, with the line where they agree.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a thing. Where students must not be seen, `n` says how many stand behind each; things of few
        are left out.
    x, y : str
        Its two measures, in the same unit.
    xlabel, ylabel : str
        In words, with units.
    colour : str
        Of the points.

    Returns
    -------
    matplotlib.figure.Figure
        Square, both axes alike.
    """
    frame, blanked = without_few_students(frame, (x, y))
    figure, axes = plt.subplots(figsize=(4.0, 3.8))
    if blanked:
        add_note(figure, BLANKED)
    both = frame[[x, y]].dropna().to_numpy(float)
    low, high = (float(both.min()), float(both.max())) if len(both) else (0.0, 1.0)
    room = 0.05 * (high - low or 1)
    axes.plot([low - room, high + room], [low - room, high + room], color=INK, linewidth=1, linestyle="--")
    axes.scatter(
        frame[x], frame[y], s=18, color=colour, alpha=0.75, linewidths=0, marker=VARIANT_MARKERS["trace"]
    )
    limits = (low - room, high + room)
    axes.set(xlabel=xlabel, ylabel=ylabel, xlim=limits, ylim=limits, aspect="equal")
    return figure
