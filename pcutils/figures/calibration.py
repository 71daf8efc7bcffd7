"""How many times as large one population's properties are as another's, in a figure."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from pcutils.figures.plots import forest


def ratio_plot(distance: pd.DataFrame, *, xlabel: str) -> Figure:
    """Draw ratios with their intervals, so that twice and half are equally far from one.

    Parameters
    ----------
    distance : pandas.DataFrame
        From :func:`pcutils.analysis.calibration.distances`.
    xlabel : str
        What is divided by what.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = forest(distance, xlabel=xlabel, line=1)
    axes = figure.axes[0]
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    return figure
