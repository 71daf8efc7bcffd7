"""One look for every figure: fonts, ink, and a fixed color, marker and label for each variant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from pcutils import data, metrics

#: Stands for the page's text color while a figure is drawn; `figure_html` turns it into `currentColor`.
INK = "#010203"
#: For series that are not variants: 3:1 against both pages, and distinct with each kind of color blindness.
PALETTE = ("#3a6cc6", "#ce7b07", "#18a07a", "#924bfd", "#d0303c")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "d")

#: How a state ended, by its outcome in the measures.
OUTCOME_LABELS = {
    "success": "runs",
    "compile": "cannot be read",
    "name": "unknown name",
    "type": "wrong kind of value",
    "argument": "value out of range",
    "other": "other error",
    "timeout": "takes too long",
    "limit": "grows too large",
}
_LABELS = {
    "title_mean": "average of the title",
    "student_and_title_mean": "averages of title and student",
    "classmate": "a classmate's program",
    "all": "all splits",
    "EditNgram": "n-gram over edits",
    **{
        f"{a}_student_{b}_title": f"{a} student, {b} title"
        for a in ("seen", "unseen")
        for b in ("seen", "unseen")
    },
}


def use_theme() -> None:
    """Set the book's theme for seaborn and matplotlib, for the rest of the process.

    Figures are 4.1 inches wide with 11-point text, so that labels measure 12 pixels on a phone of 360 pixels.
    Put several panels below each other rather than side by side. A notebook shows no figure by itself at the
    end of a cell: `Chapter.show` does, with a caption. End a cell with `ax.figure` to look at one on the way.
    """
    import matplotlib.pyplot as plt
    import seaborn as sns
    from IPython import get_ipython
    from IPython.core.pylabtools import select_figure_formats

    plt.switch_backend("agg")
    if shell := get_ipython():
        select_figure_formats(shell, {"png"})
    sized = "font.size axes.titlesize axes.labelsize xtick.labelsize ytick.labelsize legend.fontsize"
    inked = "text.color axes.labelcolor axes.edgecolor axes.titlecolor xtick.color ytick.color grid.color"
    settings = {
        "figure.figsize": (4.1, 2.8),
        "figure.constrained_layout.use": True,
        "font.family": ["DejaVu Sans", "sans-serif"],
        "legend.frameon": False,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.alpha": 0.2,
        "svg.fonttype": "none",
        **dict.fromkeys([*sized.split(), "legend.title_fontsize", "figure.titlesize"], 11),
        **dict.fromkeys([*inked.split(), "patch.edgecolor", "boxplot.flierprops.markeredgecolor"], INK),
    }
    sns.set_theme(style="ticks", palette=list(PALETTE), rc=settings)


def palette() -> dict[str, str]:
    """Return the color of each variant, by name and by label, for `palette=` of a seaborn plot."""
    variants = data.VARIANTS.items()
    return {key: one.color for name, one in variants for key in (name, one.label)}


def label_of(name: str) -> str:
    """Write the name of a variant, a measure, a baseline or a split as words; other text stays as it is."""
    for registry in (data.VARIANTS, metrics.MEASURES):
        if name in registry:
            return str(registry[name].label)
    return _LABELS.get(name, name)


def styles_of(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return color and marker of several series: a variant's own; beside variants, ink for anything else."""
    colors = palette()
    markers = {name: MARKERS[index // 2] for index, name in enumerate(colors)}  # name and label of a variant
    others = [name for name in names if name not in colors]
    first = len(data.VARIANTS) if len(others) < len(names) else 0
    for index, name in enumerate(others):
        colors[name] = INK if first else PALETTE[index % len(PALETTE)]
        markers[name] = MARKERS[(first + index) % len(MARKERS)]
    return {name: {"color": colors[name], "marker": markers[name]} for name in names}


def percent_axis(ax: Axes, which: str = "y") -> Axes:
    """Write an axis of shares in per cent."""
    (ax.xaxis if which == "x" else ax.yaxis).set_major_formatter(PercentFormatter(1))
    return ax


def legend_above(ax: Axes, title: str = "") -> Axes:
    """Move the legend above the plot, in as many columns as the figure is wide enough for."""
    handles, names = ax.get_legend_handles_labels()
    if legend := ax.get_legend():
        legend.remove()
    figure: Any = ax.get_figure(root=True)
    columns = max(1, int(figure.get_figwidth() / (0.35 + 0.08 * max(map(len, names), default=0))))
    placed = {"loc": "outside upper left", "ncols": columns, "alignment": "left"}
    figure.legend(handles, names, title=title or None, **placed)
    return ax
