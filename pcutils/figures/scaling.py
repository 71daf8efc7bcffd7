"""How bits a trace fall with more traces and larger networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from pcutils.figures.plots import WIDTH, legend_above
from pcutils.figures.theme import SERIES_COLOURS, VARIANT_MARKERS


def scaling_curves(cells: Sequence[Mapping[str, Any]]) -> Figure:
    """Bits a trace over the traces learnt from, one line for each width.

    Parameters
    ----------
    cells : sequence of mapping
        With ``width``, ``traces``, ``bits`` and ``standard_error``, as in ``records/scaling.json``.

    Returns
    -------
    matplotlib.figure.Figure
        Both axes logarithmic; bars are two standard errors of the traces that were scored, to both sides.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 3.0))
    widths = sorted({cell["width"] for cell in cells})
    for width, colour, marker in zip(widths, SERIES_COLOURS, VARIANT_MARKERS.values(), strict=False):
        row = sorted((cell for cell in cells if cell["width"] == width), key=lambda cell: cell["traces"])
        axes.errorbar(
            [cell["traces"] for cell in row],
            [cell["bits"] for cell in row],
            yerr=[2 * cell["standard_error"] for cell in row],
            color=colour,
            marker=marker,
            capsize=3,
            label=f"width {width}",
        )
    axes.set(xscale="log", yscale="log", xlabel="traces learnt from", ylabel="bits a trace")
    _plain_ticks(axes.xaxis, sorted({cell["traces"] for cell in cells}))
    low, high = min(cell["bits"] for cell in cells), max(cell["bits"] for cell in cells)
    _plain_ticks(axes.yaxis, [tick for tick in range(100, 5000, 100) if 0.7 * low < tick < 1.2 * high])
    legend_above(figure)
    return figure


def _plain_ticks(axis: Any, ticks: Sequence[float]) -> None:
    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
