"""Plots of errors: how soon a program runs again."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pcutils.figures.plots import WIDTH, legend_above, percent_axis, series_style
from pcutils.figures.theme import SERIES_COLOURS, VARIANT_COLOURS

_MARKERS = ("o", "s", "^", "D", "v")
#: Series stand side by side by so many attempts, so that their intervals do not hide each other.
_SHIFT = 0.09


def recovery_plot(frame: pd.DataFrame, *, legend_title: str = "") -> Figure:
    """Share of errors after which a program runs again, by the number of attempts.

    Parameters
    ----------
    frame : pandas.DataFrame
        `series` (a variant, the students, or other words), and what
        :func:`pcutils.analysis.failures.recovery_curve` gives.
    legend_title : str
        Stands above the names of the series.

    Returns
    -------
    matplotlib.figure.Figure
        One line a series, with intervals. A series is cut where its curve is no longer known.
    """
    names = list(dict.fromkeys(frame["series"]))
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4))
    for place, name in enumerate(names):
        part = frame[(frame["series"] == name) & frame["value"].notna()]
        style = _style(name, names)
        steps = part["attempts"].to_numpy(float) + _SHIFT * (place - (len(names) - 1) / 2)
        axes.plot(steps, part["value"], markersize=5, linewidth=1.4, **style)
        axes.vlines(steps, part["low"], part["high"], color=style["color"], linewidth=1.2)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="attempts since the first that fails", ylabel="runs again", ylim=(-0.03, 1.03))
    percent_axis(axes)
    if any(names):
        legend_above(figure, legend_title)
    return figure


def _style(name: str, names: list[str]) -> dict[str, str]:
    """Give a variant its own colour, all else the next one, where there are no variants."""
    if not VARIANT_COLOURS.keys().isdisjoint(names):
        return series_style(name, names)
    place = names.index(name) % min(len(SERIES_COLOURS), len(_MARKERS))
    return {"color": SERIES_COLOURS[place], "marker": _MARKERS[place], "label": name}
