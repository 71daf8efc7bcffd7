"""Plots of the chapter on new students."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from pcutils.analysis.statistics import Estimate
from pcutils.figures.notes import BLANKED, add_note, say_empty
from pcutils.figures.theme import INK, PLAIN_COLOUR, SERIES_COLOURS
from pcutils.pipeline import publication


def adaptation_curve(gains: Mapping[str, Estimate]) -> Figure:
    """Bits saved by fitting a new student's vector, over the number of traces it was fitted on.

    Parameters
    ----------
    gains : mapping from str to Estimate
        From :func:`pcutils.analysis.adaptation.adaptation_gains`.

    Returns
    -------
    matplotlib.figure.Figure
        The curve with intervals; at its right end another new student's vector. What rests on too few
        students is left out.
    """
    shown = {name: gain for name, gain in gains.items() if not publication.is_too_few(gain.n)}
    curve = {
        int(name.removeprefix("gain.k")): gain for name, gain in shown.items() if name.startswith("gain.")
    }
    budgets = sorted(curve)
    figure, axes = plt.subplots()
    places = range(len(budgets))
    _with_intervals(
        axes, list(places), [curve[budget] for budget in budgets], "o", PLAIN_COLOUR, "own vector"
    )
    axes.plot(places, [curve[budget].value for budget in budgets], color=PLAIN_COLOUR)
    if "control" in shown and gains["control"].is_defined:
        place = [len(budgets) - 1]
        _with_intervals(
            axes, place, [gains["control"]], "X", SERIES_COLOURS[1], "another new student's vector"
        )
    axes.axhline(0, color=INK, linewidth=1)
    axes.set(
        xticks=list(places),
        xticklabels=[str(budget) for budget in budgets],
        xlabel="traces that the vector was fitted on",
        ylabel="bits saved a trace",
    )
    axes.grid(False, axis="x")
    if curve:
        figure.legend(loc="outside upper left", ncols=2)
    else:
        say_empty(axes, too_few=len(shown) < len(gains))
    if len(shown) < len(gains):
        add_note(figure, BLANKED)
    return figure


def _with_intervals(
    axes: plt.Axes, places: list[int], gains: list[Estimate], marker: str, colour: str, label: str
) -> None:
    lows = [gain.value if gain.low is None else gain.low for gain in gains]
    highs = [gain.value if gain.high is None else gain.high for gain in gains]
    axes.vlines(places, lows, highs, color=colour, linewidth=1.6)
    axes.plot(
        places, [gain.value for gain in gains], marker=marker, linestyle="none", color=colour, label=label
    )


def _spread(axes: plt.Axes, saved: pd.DataFrame) -> None:
    """Draw the middle of all students and the range of half of them, in the place of single students."""
    if publication.is_too_few(saved.shape[1]):
        say_empty(axes, too_few=True)
        return
    places = list(range(len(saved)))
    low, middle, high = (saved.quantile(share, axis=1).to_numpy(float) for share in (0.25, 0.5, 0.75))
    axes.fill_between(places, low, high, color=PLAIN_COLOUR, alpha=0.3, linewidth=0)
    axes.plot(places, middle, color=PLAIN_COLOUR, marker="o", markersize=4)


def students_lines(bits: pd.DataFrame) -> Figure:
    """Bits saved for each student, one line each; only median and quartiles where no student may be seen.

    Parameters
    ----------
    bits : pandas.DataFrame
        From :func:`pcutils.analysis.adaptation.measure_adaptation`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    own = bits[bits["condition"] == "own"].pivot_table(index="budget", columns="username", values="bits")
    saved = own.iloc[0] - own
    figure, axes = plt.subplots()
    places = range(len(saved))
    if publication.is_guarded():
        _spread(axes, saved)
    else:
        axes.plot(
            places, saved.to_numpy(), color=PLAIN_COLOUR, alpha=0.45, linewidth=1, marker="o", markersize=3
        )
    axes.axhline(0, color=INK, linewidth=1)
    axes.set(
        xticks=list(places),
        xticklabels=[str(budget) for budget in saved.index],
        xlabel="traces that the vector was fitted on",
        ylabel="bits saved a trace, student by student",
    )
    axes.grid(False, axis="x")
    return figure
