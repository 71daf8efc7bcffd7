"""Plots of the probe chapter."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from pcutils.analysis.probe_studies import above_chance
from pcutils.figures.notes import BLANKED, add_note, say_empty
from pcutils.figures.plots import WIDTH, without_few_students
from pcutils.figures.theme import INK, SERIES_COLOURS

_MARKERS = ("o", "D", "s", "X")
_GAP = 0.19
#: Longer words are broken into lines, so that a phone shows the plot beside them.
_LABEL = 24


def probe_scores(frame: pd.DataFrame, inputs: Mapping[tuple[str, str], str]) -> Figure:
    """Scores of probes on one scale, target by target.

    Parameters
    ----------
    frame : pandas.DataFrame
        From :mod:`pcutils.analysis.probe_studies`; targets without a score are left out.
    inputs : mapping from (input, probe) to str
        Which scores to draw, and what each is called.

    Returns
    -------
    matplotlib.figure.Figure
        One row a target; 0 is chance and 1 is perfect, with intervals.
    """
    scores, blanked = without_few_students(frame[frame["quantity"] == "score"])
    shown = above_chance(scores[scores["value"].notna()])
    targets = list(dict.fromkeys(shown["label"]))
    figure, axes = plt.subplots(figsize=(WIDTH, 1.3 + 0.5 * max(1, len(targets))))
    for number, ((name, probe), words) in enumerate(inputs.items()):
        rows = shown[(shown["input"] == name) & (shown["probe"] == probe)]
        heights = [targets.index(label) + (number - (len(inputs) - 1) / 2) * _GAP for label in rows["label"]]
        colour = SERIES_COLOURS[number]
        axes.hlines(heights, rows["low"], rows["high"], color=colour, linewidth=1.5)
        axes.plot(
            rows["value"],
            heights,
            linestyle="none",
            marker=_MARKERS[number],
            markersize=5,
            color=colour,
            label=words,
        )
    axes.axvline(0, color=INK, linewidth=1)
    axes.set(
        yticks=range(len(targets)),
        yticklabels=[textwrap.fill(label, _LABEL) for label in targets],
        ylim=(max(1, len(targets)) - 0.5, -0.5),
        xlabel="score above chance (1 is perfect)",
    )
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    if len(targets):
        figure.legend(loc="outside upper left", ncols=2)
    else:
        say_empty(axes, too_few=blanked)
    if blanked:
        add_note(figure, BLANKED)
    return figure
