"""The evidence for the paper's claims in one figure."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pcutils.errors import PcutilsError
from pcutils.figures.theme import INK, VARIANT_COLOURS

#: Inches; words stand above their interval, so that a phone shows both.
WIDTH, ROW_HEIGHT = 4.8, 0.46
_HOLDS = {True: VARIANT_COLOURS["trace"], False: VARIANT_COLOURS["synthetic_downsampled"]}


def evidence_panels(evidence: pd.DataFrame) -> Figure:
    """Draw every measure that a claim rests on, with its interval and the line it has to stay on one side of.

    Parameters
    ----------
    evidence : pandas.DataFrame
        From :func:`pcutils.analysis.claims.evidence_table`.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a unit, because bits and correlations share no axis. A filled dot holds, a hollow one does
        not; a measure that could not be taken has no row here.

    Raises
    ------
    PcutilsError
        Where nothing was measured.
    """
    measured = evidence[evidence["value"].notna()]
    if measured.empty:
        raise PcutilsError("no evidence was measured: run the other chapters first")
    units = list(dict.fromkeys(measured["unit"].fillna("")))
    parts = [measured[measured["unit"].fillna("") == unit] for unit in units]
    heights = [len(part) + 1.4 for part in parts]
    figure, panels = plt.subplots(
        len(parts),
        figsize=(WIDTH, ROW_HEIGHT * sum(heights)),
        height_ratios=heights,
        squeeze=False,
    )
    for axes, unit, part in zip(panels[:, 0], units, parts, strict=True):
        _panel(axes, unit, part)
    return figure


def _panel(axes: Axes, unit: str, part: pd.DataFrame) -> None:
    for height, row in enumerate(part.to_dict("records")):
        holds = row["holds"]
        colour = _HOLDS.get(holds, INK) if isinstance(holds, bool) else INK
        if pd.notna(row["low"]):
            axes.hlines(height, row["low"], row["high"], color=colour, linewidth=1.8)
            axes.plot(row["bound"], height, marker="|", markersize=11, color=INK)
        fill = colour if holds is True else "none"
        axes.plot(row["value"], height, marker="o", markersize=6, color=colour, markerfacecolor=fill)
        words = f"{row['claim']}  {row['words']}"
        axes.annotate(words, (0, height - 0.42), xycoords=("axes fraction", "data"), fontsize=9, va="center")
    axes.set(yticks=[], xlabel=unit, ylim=(len(part) - 0.5, -0.9))
    axes.spines["left"].set_visible(False)
