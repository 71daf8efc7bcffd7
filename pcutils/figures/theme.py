"""One look for every figure: fonts, ink, and a fixed colour, marker and line for each variant."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import seaborn as sns

from pcutils.errors import PcutilsError

#: Stands for the page's text colour while a figure is drawn; `pcutils.figures.show` turns it into
#: `currentColor`.
INK = "#010203"

#: At least 3 to 1 against a white and a dark page, and told apart with each kind of colour blindness.
VARIANT_COLOURS = {
    "trace": "#3362ba",
    "synthetic": "#ce7b07",
    "last": "#1ca780",
    "trace_downsampled": "#924bfd",
    "synthetic_downsampled": "#d0303c",
}
VARIANT_MARKERS = {
    "trace": "o",
    "synthetic": "s",
    "last": "^",
    "trace_downsampled": "D",
    "synthetic_downsampled": "v",
}
VARIANT_LINES: dict[str, str | tuple[int, tuple[int, ...]]] = {
    "trace": "-",
    "synthetic": (0, (5, 2)),
    "last": (0, (1, 1)),
    "trace_downsampled": (0, (6, 2, 1, 2)),
    "synthetic_downsampled": (0, (3, 1, 1, 1, 1, 1)),
}
VARIANT_LABELS = {
    "trace": "whole traces",
    "synthetic": "synthetic traces",
    "last": "final programs",
    "trace_downsampled": "fewer whole traces",
    "synthetic_downsampled": "fewer synthetic traces",
}
BASELINE_LABELS = {
    "EditNgram": "counting which edit follows",
    "MostCommonProgram": "the title's most common program",
    "NearestNeighbour": "the most similar trace",
}
SPLIT_LABELS = {
    "train": "training",
    "validation": "validation",
    "seen_student_seen_title": "seen student, seen title",
    "unseen_student_seen_title": "unseen student, seen title",
    "seen_student_unseen_title": "seen student, unseen title",
    "unseen_student_unseen_title": "unseen student, unseen title",
}
#: For series that are not variants, in order; the same five colours, so the same contrast.
SERIES_COLOURS = tuple(VARIANT_COLOURS.values())
#: One colour for figures with a single series.
PLAIN_COLOUR = VARIANT_COLOURS["trace"]


def use_theme() -> None:
    """Set the book's theme for seaborn and matplotlib, for the rest of the process."""
    sns.set_theme(
        context="notebook",
        style="ticks",
        palette=list(SERIES_COLOURS),
        rc={
            "figure.figsize": (4.8, 3.0),
            "figure.constrained_layout.use": True,
            "font.family": ["DejaVu Sans", "sans-serif"],
            "font.size": 10,
            "axes.titlesize": 10,
            "axes.labelsize": 10,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "legend.fontsize": 9,
            "legend.title_fontsize": 9,
            "legend.frameon": False,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.alpha": 0.2,
            "svg.fonttype": "none",
            **dict.fromkeys(_INKED, INK),
        },
    )
    mpl.rcParams["axes.unicode_minus"] = True


_INKED = (
    "text.color",
    "axes.labelcolor",
    "axes.edgecolor",
    "axes.titlecolor",
    "xtick.color",
    "ytick.color",
    "grid.color",
    "patch.edgecolor",
    "boxplot.flierprops.markeredgecolor",
)


def variant_style(variant: str) -> dict[str, Any]:
    """Give the keyword arguments that draw a variant the same way in the whole book.

    Parameters
    ----------
    variant : str
        One of `VARIANT_COLOURS`.

    Returns
    -------
    dict
        `color`, `marker`, `linestyle` and `label`, for matplotlib.

    Raises
    ------
    PcutilsError
        Where the variant has no colour.
    """
    if variant not in VARIANT_COLOURS:
        raise PcutilsError(
            f"no colour for variant {variant!r}; the variants are {', '.join(VARIANT_COLOURS)}"
        )
    return {
        "color": VARIANT_COLOURS[variant],
        "marker": VARIANT_MARKERS[variant],
        "linestyle": VARIANT_LINES[variant],
        "label": VARIANT_LABELS[variant],
    }
