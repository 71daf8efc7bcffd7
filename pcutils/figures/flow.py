"""The way of every row from the source into the table, as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pcutils.analysis.flow import MADE_STATE, OTHER_SPLITS, Flow
from pcutils.figures.notes import JOINED_SPLITS, add_note
from pcutils.figures.plots import WIDTH
from pcutils.figures.theme import INK, SERIES_COLOURS, SPLIT_LABELS

#: Parts of the axes: how wide a bar is, where the three columns begin, how much room a label needs.
_BAR, _COLUMNS, _LINE = 0.035, (0.0, 0.25, 0.56), 0.105
#: Height of all rows together, and of a bar that would be too thin to be seen.
_WHOLE, _THIN = 0.62, 0.006


@dataclass(frozen=True)
class _Block:
    """One bar: its left edge, its lower end, its height."""

    x: float
    bottom: float
    height: float

    @property
    def middle(self) -> float:
        return self.bottom + self.height / 2


def flow_plot(flow: Flow) -> Figure:
    """Draw how many rows were read, kept, kept aside, and dealt to each split.

    Parameters
    ----------
    flow : Flow
        From :func:`pcutils.analysis.flow.flow`.

    Returns
    -------
    matplotlib.figure.Figure
        Heights are proportional to rows; every label has its count. Where traces are made of lines or events,
        the upper part shows what became of these, the lower one the traces.
    """
    parts = 2 if len(flow.fates) else 1
    figure, panels = plt.subplots(parts, figsize=(WIDTH, 3.2 * parts), squeeze=False)
    for axes in panels[:, 0]:
        axes.set(xlim=(-0.01, 1.0), ylim=(-0.05, 1.02))
        axes.set_axis_off()
    scale = _WHOLE / max(flow.kept if len(flow.fates) else flow.read, 1)
    if len(flow.fates):
        _fates(panels[0, 0], flow)
        kept = _Block(_COLUMNS[0], 0.92 - _WHOLE, flow.kept * scale)
        _name(panels[1, 0], kept, f"traces\n{flow.kept:,}")
    else:
        kept = _rows(panels[0, 0], flow, scale)
    _bar(panels[-1, 0], kept, SERIES_COLOURS[0])
    labels = [SPLIT_LABELS.get(str(name), str(name)) for name in flow.splits["split"]]
    counts = [int(count) for count in flow.splits["traces"]]
    colours = [0] * len(labels)
    _fan(panels[-1, 0], kept, _COLUMNS[2], labels=labels, counts=counts, colours=colours, scale=scale)
    if OTHER_SPLITS in set(flow.splits["split"]):
        add_note(figure, JOINED_SPLITS)
    return figure


def _fates(axes: Axes, flow: Flow) -> None:
    """Draw what became of each line or event."""
    scale = _WHOLE / max(flow.read, 1)
    read = _Block(_COLUMNS[0], 0.92 - _WHOLE, flow.read * scale)
    _bar(axes, read, INK)
    _name(axes, read, f"{flow.unit} read\n{flow.read:,}")
    labels, counts = list(flow.fates["what"]), [int(count) for count in flow.fates["rows"]]
    colours = [0 if label == MADE_STATE else 1 for label in labels]
    _fan(axes, read, _COLUMNS[1], labels=labels, counts=counts, colours=colours, scale=scale)


def _rows(axes: Axes, flow: Flow, scale: float) -> _Block:
    """Draw the rows that were read and those kept aside; give the place of the kept ones."""
    read = _Block(_COLUMNS[0], 0.92 - _WHOLE, flow.read * scale)
    kept = _Block(_COLUMNS[1], 0.92 - flow.kept * scale, flow.kept * scale)
    _bar(axes, read, INK)
    _band(axes, read, kept, read.bottom + read.height - kept.height, kept.bottom, kept.height, 0)
    _name(axes, read, f"read\n{flow.read:,}")
    _name(axes, kept, f"kept\n{flow.kept:,}")
    _aside(axes, flow, read, scale)
    return kept


def _aside(axes: Axes, flow: Flow, read: _Block, scale: float) -> None:
    top = read.bottom - 0.04
    words = f"kept aside\n{flow.aside:,}" if flow.aside else "nothing\nkept aside"
    if flow.aside:
        height = max(flow.aside * scale, _THIN)
        block = _Block(_COLUMNS[1], top - height, height)
        _band(axes, read, block, read.bottom, block.bottom, block.height, 1)
        _bar(axes, block, SERIES_COLOURS[1])
        top = block.bottom
    axes.text(_COLUMNS[1], top - 0.02, words, va="top", fontsize=9, linespacing=1.0)


def _fan(
    axes: Axes,
    whole: _Block,
    x: float,
    *,
    labels: Sequence[str],
    counts: Sequence[int],
    colours: Sequence[int],
    scale: float,
) -> None:
    """Divide a bar into parts, in a column further to the right, each with its name and count."""
    heights = [count * scale for count in counts]
    top = whole.bottom + whole.height
    places = _spread([top - end for end in np.cumsum(heights) - np.array(heights) / 2])
    start = top
    for label, count, colour, height, middle in zip(labels, counts, colours, heights, places, strict=True):
        start -= height
        block = _Block(x, middle - height / 2, max(height, _THIN))
        _band(axes, whole, block, start, block.bottom, height, colour)
        _bar(axes, block, SERIES_COLOURS[colour])
        words = f"{label}\n{count:,}"
        axes.text(x + _BAR + 0.015, middle, words, va="center", fontsize=9, linespacing=1.0)


def _spread(middles: Sequence[float]) -> list[float]:
    """Push labels apart, from the top down, so that none hides another."""
    places: list[float] = []
    for middle in middles:
        places.append(min(middle, places[-1] - _LINE - 0.03) if places else middle)
    return places


def _bar(axes: Axes, block: _Block, colour: str) -> None:
    axes.bar(block.x, block.height, _BAR, block.bottom, align="edge", color=colour, edgecolor="none")


def _name(axes: Axes, block: _Block, words: str) -> None:
    axes.text(block.x, block.bottom + block.height + 0.02, words, va="bottom", fontsize=9, linespacing=1.0)


def _band(
    axes: Axes, left: _Block, right: _Block, start: float, end: float, height: float, colour: int
) -> None:
    """Connect two bars with a band of the same height all the way."""
    along = np.linspace(0, 1, 40)
    x = left.x + _BAR + along * (right.x - left.x - _BAR)
    low = start + (end - start) * (3 * along**2 - 2 * along**3)
    axes.fill_between(x, low, low + height, color=SERIES_COLOURS[colour], alpha=0.25, linewidth=0)
