"""Plots of errors: how soon a program runs again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pcutils.figures.notes import BLANKED, add_note, say_empty
from pcutils.figures.plots import (
    WIDTH,
    legend_above,
    percent_axis,
    series_style,
    without_few_students,
)
from pcutils.figures.theme import SERIES_COLOURS, VARIANT_COLOURS

_MARKERS = ("o", "s", "^", "D", "v")
_DASHES = ("-", "--", ":", "-.")
#: Series stand side by side by so many attempts, so that their intervals do not hide each other.
_SHIFT = 0.09


def recovery_plot(
    frame: pd.DataFrame, *, legend_title: str = "", labels: Mapping[str, str] | None = None
) -> Figure:
    """Share of errors after which a program runs again, by the number of attempts.

    Parameters
    ----------
    frame : pandas.DataFrame
        `series` (a variant, the students, or other words), and what
        :func:`pcutils.analysis.failures.recovery_curve` gives.
    legend_title : str
        Stands above the names of the series.
    labels : mapping from str to str, optional
        Words for series that are no variants.

    Returns
    -------
    matplotlib.figure.Figure
        One line a series from the first attempt on, with intervals. A series ends where its curve is no
        longer known; one that never begins is left out.
    """
    frame, blanked = without_few_students(frame)
    known = frame[frame["value"].notna() & (frame["attempts"] > 0)]
    names = list(dict.fromkeys(known["series"]))
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4))
    for place, name in enumerate(names):
        part = known[known["series"] == name]
        style = _style(name, names) | ({"label": labels[name]} if labels and name in labels else {})
        steps = part["attempts"].to_numpy(float) + _SHIFT * (place - (len(names) - 1) / 2)
        axes.plot(steps, part["value"], markersize=5, linewidth=1.4, **style)
        axes.vlines(steps, part["low"], part["high"], color=style["color"], linewidth=1.2)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="attempts since the first that fails", ylabel="programs that run again")
    axes.set_ylim(top=1.02)
    percent_axis(axes)
    if names:
        legend_above(figure, legend_title)
    else:
        say_empty(axes, too_few=blanked)
    if blanked:
        add_note(figure, BLANKED)
    return figure


def _style(name: str, names: list[str]) -> dict[str, Any]:
    """Give a variant its own colour, all else the next one, where there are no variants."""
    if not VARIANT_COLOURS.keys().isdisjoint(names):
        others = [other for other in names if other not in VARIANT_COLOURS]
        dashes = "-" if name in VARIANT_COLOURS else _DASHES[others.index(name) % len(_DASHES)]
        return series_style(name, names) | {"linestyle": dashes}
    place = names.index(name) % min(len(SERIES_COLOURS), len(_MARKERS))
    return {"color": SERIES_COLOURS[place], "marker": _MARKERS[place], "label": name}
