"""How models learn."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from pcutils.figures.plots import WIDTH
from pcutils.figures.theme import VARIANT_COLOURS, VARIANT_LABELS, VARIANT_LINES, VARIANT_MARKERS

PANELS = {"trace": "whole traces", "synthetic": "synthetic traces", "last": "final programs"}
_PANEL_HEIGHT = 1.7


def learning_curves(curves: Mapping[str, pd.DataFrame]) -> Figure:
    """Bits a token over the tokens trained on, one panel for each kind of text.

    Parameters
    ----------
    curves : mapping of str to pandas.DataFrame
        Learning curve of each variant, as :func:`pcutils.models.train` writes it.

    Returns
    -------
    matplotlib.figure.Figure
        Full colour: validation; faint: training; the marker is the checkpoint that is kept. Panels have their
        own scales, since kinds of text cannot be compared by bits a token.
    """
    kinds = [kind for kind in PANELS if any(name.partition("_")[0] == kind for name in curves)]
    height = _PANEL_HEIGHT * len(kinds) + 0.4
    figure, panels = plt.subplots(len(kinds), 1, figsize=(WIDTH, height), sharex=True, squeeze=False)
    for kind, axes in zip(kinds, panels[:, 0], strict=True):
        for variant in (name for name in curves if name.partition("_")[0] == kind):
            _draw(axes, variant, curves[variant])
        axes.set(title=f"Text: {PANELS[kind]}", ylabel="bits a token")
        axes.legend()
    panels[-1, 0].set_xlabel("tokens trained on, thousands")
    return figure


def _draw(axes: plt.Axes, variant: str, curve: pd.DataFrame) -> None:
    colour = VARIANT_COLOURS[variant]
    for split, alpha in (("train", 0.35), ("validation", 1.0)):
        part = curve[curve["split"] == split]
        label = VARIANT_LABELS[variant] if split == "validation" else None
        (line,) = axes.plot(part["tokens"] / 1000, part["bits_per_token"], color=colour, alpha=alpha)
        line.set(linestyle=VARIANT_LINES[variant], label=label)
    validation = curve[curve["split"] == "validation"]
    best = validation.sort_values("bits_per_trace").iloc[0]
    axes.plot(best["tokens"] / 1000, best["bits_per_token"], marker=VARIANT_MARKERS[variant], color=colour)
