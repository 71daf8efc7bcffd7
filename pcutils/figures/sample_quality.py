"""Samples beside students: quantiles in a figure, every property in a table."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pcutils.analysis.final_programs import STUDENTS
from pcutils.analysis.sample_distances import QUANTILES
from pcutils.analysis.sample_quality import MAIN, PROPERTIES
from pcutils.analysis.statistics import Estimate
from pcutils.figures.histograms import time_tick
from pcutils.figures.notes import BLANKED, add_note
from pcutils.figures.plots import ROW_HEIGHT, WIDTH, percent_axis, series_style, without_few_students
from pcutils.figures.prose import NOT_DEFINED, number
from pcutils.figures.theme import VARIANT_LABELS

_AXES = {
    "states": "states in a trace",
    "final_lines": "lines of the final program",
    "gap_seconds": "time between states",
    "changed": "share of lines touched by an edit",
}
#: Seconds at which the axis of times has a tick; it is linear up to the first.
_TICKS = (-600, -60, -10, 0, 10, 60, 600, 3600, 86400)
_LINEAR_SECONDS = 10


def quantile_plot(frame: pd.DataFrame) -> Figure:
    """Draw the middle of each distribution, students and models below each other.

    Parameters
    ----------
    frame : pandas.DataFrame
        From :func:`pcutils.analysis.sample_distances.quantile_table`.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a property. The thin line holds the middle eighty per cent, the thick one the middle half,
        the mark is the median. Models that have no such thing (no edits, no times) are left out.
    """
    frame, blanked = without_few_students(frame, [*QUANTILES])
    names = [name for name in _AXES if (frame["property"] == name).any()]
    rows = [frame[frame["property"] == name].reset_index(drop=True) for name in names]
    heights = [len(part) * ROW_HEIGHT + 0.75 for part in rows]
    figure, panels = plt.subplots(
        len(names), 1, figsize=(WIDTH, sum(heights)), squeeze=False, height_ratios=heights
    )
    for name, part, axes in zip(names, rows, panels[:, 0], strict=True):
        for place, row in enumerate(part.to_dict("records")):
            _draw(axes, place, row)
        labels = [_label(model) for model in part["model"]]
        axes.set(
            yticks=range(len(part)), yticklabels=labels, ylim=(len(part) - 0.4, -0.6), xlabel=_AXES[name]
        )
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
        _scale(axes, name)
    if blanked:
        add_note(figure, BLANKED)
    return figure


def _draw(axes: Axes, place: int, row: dict[Any, Any]) -> None:
    style = series_style(row["model"], [row["model"]])
    lowest, low, middle, high, highest = (row[part] for part in QUANTILES)
    axes.hlines(place, lowest, highest, color=style["color"], linewidth=1.2)
    axes.hlines(place, low, high, color=style["color"], linewidth=5, alpha=0.45)
    axes.plot(middle, place, linestyle="none", markersize=6, color=style["color"], marker=style["marker"])


def _scale(axes: Axes, name: str) -> None:
    if name == "gap_seconds":
        low, high = axes.get_xlim()
        axes.set_xscale("symlog", linthresh=_LINEAR_SECONDS)
        axes.set_xticks([tick for tick in _TICKS if low <= tick <= high])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _signed_time(value)))
        axes.minorticks_off()
    elif name == "changed":
        percent_axis(axes, "x")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _signed_time(seconds: float) -> str:
    if not seconds:
        return "0"
    return ("\N{MINUS SIGN}" if seconds < 0 else "") + time_tick(float(abs(seconds)))


def _label(model: str) -> str:
    return STUDENTS if model == STUDENTS else VARIANT_LABELS[model]


def quality_table(compared: pd.DataFrame, *, variant: str = MAIN) -> pd.DataFrame:
    """Put the comparison of one model into words, one row a property.

    Parameters
    ----------
    compared : pandas.DataFrame
        From :func:`pcutils.analysis.sample_distances.compare`.
    variant : str
        The model.

    Returns
    -------
    pandas.DataFrame
        For :func:`pcutils.figures.show_table`: text, in which numbers of too few students are left out where
        students must not be seen. Of the halves, the mean and the upper end.
    """
    rows = compared[compared["variant"] == variant].set_index("property")
    halves = zip(_apart(rows, "noise", "value"), _apart(rows, "noise", "high"), strict=True)
    return pd.DataFrame(
        {
            "": rows["label"],
            STUDENTS: _levels(rows, "students"),
            "samples": _levels(rows, "samples"),
            "distance": _apart(rows, "distance"),
            "two halves of the students": [
                mean if end == NOT_DEFINED else f"{mean}, up to {end}" for mean, end in halves
            ],
        }
    )


def models_table(compared: pd.DataFrame) -> pd.DataFrame:
    """Put what the samples of all models have beside each other, one row a property.

    Parameters
    ----------
    compared : pandas.DataFrame
        From :func:`pcutils.analysis.sample_distances.compare`.

    Returns
    -------
    pandas.DataFrame
        As from :func:`quality_table`; a star marks what is further from the students than their halves are.
    """
    models = {name: rows.set_index("property") for name, rows in compared.groupby("variant", sort=False)}
    first = next(iter(models.values()))
    table = pd.DataFrame({"": first["label"]})
    for name, rows in models.items():
        marks = zip(_levels(rows, "samples"), rows["is_further"], strict=True)
        table[VARIANT_LABELS[str(name)]] = [
            f"{words} *" if is_further else words for words, is_further in marks
        ]
    return table


def _levels(rows: pd.DataFrame, name: str) -> list[str]:
    """Shares and medians without their intervals."""
    words = []
    for one, estimate in rows[name].items():
        unit = PROPERTIES[str(one)].unit
        spec = ".0f" if unit in {"states", "lines", "seconds"} else ".1%"
        text = number(Estimate(estimate.value, None, None, estimate.n), spec)
        words.append(f"{text} s" if unit == "seconds" and text[-1:].isdigit() else text)
    return words


def _apart(rows: pd.DataFrame, name: str, end: str = "") -> list[str]:
    """Distances with their intervals, or one number of each."""
    words = []
    for one, estimate in rows[name].items():
        sign = "" if end else "+"
        spec = f"{sign}.1%" if PROPERTIES[str(one)].is_share else ".2f"
        if end:
            value = getattr(estimate, end)
            estimate = Estimate(float("nan") if value is None else value, None, None, estimate.n)
        words.append(number(estimate, spec))
    return words
