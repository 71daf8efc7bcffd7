"""Estimates with their intervals, one below the other."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pcutils.errors import PcutilsError
from pcutils.plots.theme import INK, PALETTE, label_of, legend_above, palette, percent_axis, styles_of

#: Inches: of the figure, of a row, and of each further group within a row.
WIDTH, ROW_HEIGHT, GROUP_HEIGHT = 4.1, 0.3, 0.15
#: Characters of a label before it wraps.
LONGEST_LABEL = 24


def interval_plot(
    table: pd.DataFrame,
    *,
    x: str = "value",
    y: str = "label",
    hue: str | None = None,
    xlabel: str = "",
    line: float | None = None,
    percent: bool = False,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a dot and a whisker for each row of a table.

    Parameters
    ----------
    table : pandas.DataFrame
        Column `x` holds `Estimate` objects, or numbers whose intervals stand in the columns `low` and `high`.
    x, y : str
        What is measured, and what stands on the vertical axis, top to bottom in the order of the table.
    hue : str, optional
        What color and marker tell apart within a row. Variants, named or labelled, have their own colors.
    xlabel, title : str
        What is measured, with its unit; the title of the legend.
    line, percent : float, bool
        Where to draw a line to compare with, such as 0; whether to write the axis in per cent.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure, as high as it needs to be.
    """
    points = _points(table, x, [y, *([hue] if hue else [])])
    rows, names = list(dict.fromkeys(points[y])), list(dict.fromkeys(points[hue or y]))
    groups = len(names) if hue else 1
    words = [fill(label_of(row), LONGEST_LABEL) for row in rows]
    if ax is None:
        row_height = ROW_HEIGHT * (1.4 if any("\n" in row for row in words) else 1)
        height = 0.8 + max(len(rows), 1) * (row_height + GROUP_HEIGHT * (groups - 1)) + 0.45 * (groups > 1)
        _, ax = plt.subplots(figsize=(WIDTH, max(height, 1.5)))
    plain: dict[str, dict[str, Any]] = {name: {"color": PALETTE[0], "marker": "o"} for name in names}
    styles = styles_of(names) if hue or palette().keys() & set(names) else plain
    for index, name in enumerate(names):
        part = points[points[hue or y] == name]
        shift = (index - (groups - 1) / 2) * 0.8 / groups if hue else 0.0
        heights = np.array([rows.index(row) for row in part[y]]) + shift
        ax.hlines(heights, part["low"], part["high"], color=styles[name]["color"], linewidth=1.8)
        ax.plot(part["value"], heights, ls="none", ms=6.5, label=label_of(name), **styles[name])
    _dress(ax, words, xlabel, line)
    if points["value"].notna().sum() == 0:
        ax.annotate("not defined on this data", (0.5, 0.5), xycoords="axes fraction", ha="center")
    if percent:
        percent_axis(ax, "x")
    return legend_above(ax, title) if groups > 1 else ax


def _points(table: pd.DataFrame, x: str, keys: list[str]) -> pd.DataFrame:
    """Bring estimates, or numbers with columns `low` and `high`, into the columns value, low and high."""
    if table.empty:
        return pd.DataFrame(columns=[*keys, "value", "low", "high"])
    is_estimate = x in table and "low" not in table and table[x].dtype == object
    needed = [x, *keys] if is_estimate else [x, "low", "high", *keys]
    if missing := [name for name in needed if name not in table]:
        raise PcutilsError(f"no column {missing[0]!r} to plot; the table has {', '.join(map(str, table))}")
    points = table[keys].astype(str)
    for name, column in {"value": x, "low": "low", "high": "high"}.items():
        values = [getattr(one, name, None) for one in table[x]] if is_estimate else table[column].to_numpy()
        points[name] = pd.to_numeric(pd.Series(values, index=table.index)).astype(float)
    return points


def _dress(ax: Axes, rows: list[str], xlabel: str, line: float | None) -> None:
    """Name the rows from top to bottom and draw the line to compare with."""
    if line is not None:
        ax.axvline(line, color=INK, linewidth=1, zorder=0)
    end = max(len(rows), 1) - 0.4
    ax.set(yticks=range(len(rows)), yticklabels=rows, xlabel=xlabel, ylabel="", ylim=(end, -0.6))
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(4))
