"""What models learn from, and how they learn."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import zip_longest

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from pcutils.figures.page import STYLE, put_on_page, scroll_box
from pcutils.figures.plots import WIDTH
from pcutils.figures.theme import VARIANT_COLOURS, VARIANT_LABELS, VARIANT_LINES, VARIANT_MARKERS
from pcutils.trace import Trace

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


def show_tellings(tellings: Mapping[str, Trace], *, caption: str) -> None:
    """Show the states of one trace as the variants tell it, side by side; what is new in a state is bold.

    Parameters
    ----------
    tellings : mapping of str to Trace
        Variant and what it makes of the trace, from :func:`pcutils.analysis.training_sets.shown_variants`.
        The trace is made up: programs of people are not shown.
    caption : str
        Stands above the table.
    """
    html = tellings_html(tellings, caption=caption)
    states = {VARIANT_LABELS[name]: len(trace.programs) for name, trace in tellings.items()}
    put_on_page(html, f"{caption}\n\nStates: {states}")


def tellings_html(tellings: Mapping[str, Trace], *, caption: str) -> str:
    """Write the table of :func:`show_tellings` as HTML."""
    columns = [_programs(trace) for trace in tellings.values()]
    head = "<th scope='col' class='pc-number'>state</th>"
    head += "".join(f"<th scope='col'>{escape(VARIANT_LABELS[name])}</th>" for name in tellings)
    rows = [
        f"<tr><th scope='row' class='pc-number'>{number}</th>"
        f"{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        for number, cells in enumerate(zip_longest(*columns, fillvalue=""), start=1)
    ]
    table = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
    table += f"<tbody>{''.join(rows)}</tbody></table>"
    return f"{STYLE}<div class='pc-figure'>{scroll_box(table, f'Table: {caption}')}</div>"


def _programs(trace: Trace) -> list[str]:
    cells = []
    for before, program in zip(("", *trace.programs), trace.programs, strict=False):
        old = set(before.split("\n"))
        lines = [(escape(line), line in old) for line in program.split("\n")]
        text = "\n".join(line if is_old else f"<b>{line}</b>" for line, is_old in lines)
        cells.append(f"<pre style='margin:0;background:none;border:0;padding:0'>{text}</pre>")
    return cells
