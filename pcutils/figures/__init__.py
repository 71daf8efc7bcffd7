"""Figures, tables and sentences of the book: one theme, alt text, numbers from the run."""

from __future__ import annotations

from pcutils.figures.filmstrip import filmstrip
from pcutils.figures.histograms import histogram, time_tick
from pcutils.figures.player import player
from pcutils.figures.plots import (
    forest,
    model_label,
    paired_points,
    percent_axis,
    stacked_shares,
)
from pcutils.figures.prose import count, fill, number, plain, reading, say
from pcutils.figures.scorecard import evidence_panels, show_verdicts
from pcutils.figures.svg import show
from pcutils.figures.tables import show_table
from pcutils.figures.theme import (
    BASELINE_LABELS,
    INK,
    PLAIN_COLOUR,
    SERIES_COLOURS,
    SPLIT_LABELS,
    VARIANT_COLOURS,
    VARIANT_LABELS,
    VARIANT_LINES,
    VARIANT_MARKERS,
    use_theme,
    variant_style,
)

__all__ = [
    "BASELINE_LABELS",
    "INK",
    "PLAIN_COLOUR",
    "SERIES_COLOURS",
    "SPLIT_LABELS",
    "VARIANT_COLOURS",
    "VARIANT_LABELS",
    "VARIANT_LINES",
    "VARIANT_MARKERS",
    "count",
    "evidence_panels",
    "fill",
    "filmstrip",
    "forest",
    "histogram",
    "model_label",
    "number",
    "paired_points",
    "percent_axis",
    "plain",
    "player",
    "reading",
    "say",
    "show",
    "show_table",
    "show_verdicts",
    "stacked_shares",
    "time_tick",
    "use_theme",
    "variant_style",
]
