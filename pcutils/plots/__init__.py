"""Figures of the book: theme, HTML of figures and tables, intervals, trace player.

For everything else use seaborn: after `use_theme()` its plots look like the rest of the book.
"""

from __future__ import annotations

from pcutils.errors import lazy_names

_THEME = "INK OUTCOME_LABELS PALETTE label_of legend_above palette percent_axis styles_of use_theme"
_HOMES = {
    **dict.fromkeys(_THEME.split(), "theme"),
    "interval_plot": "intervals",
    "figure_html": "page",
    "table_html": "page",
    "trace_player": "player",
}

__all__ = [*_HOMES]
__getattr__ = lazy_names(__name__, _HOMES)
