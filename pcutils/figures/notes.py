"""Sentences that a figure carries into its caption, such as what the rule of publication changed in it."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pcutils.pipeline import publication

_NOTES: WeakKeyDictionary[Figure, list[str]] = WeakKeyDictionary()

#: What captions say of the rule of publication.
JOINED = f"Bars with fewer than {publication.LEAST_STUDENTS} students are joined, also at both ends."
JOINED_SPLITS = f"Parts with fewer than {publication.LEAST_STUDENTS} students are counted together."
BLANKED = f"Points with fewer than {publication.LEAST_STUDENTS} students or titles behind them are left out."


def add_note(figure: Figure, sentence: str) -> None:
    """Let the caption of a figure end with a sentence; the same sentence comes once."""
    notes = _NOTES.setdefault(figure, [])
    if sentence not in notes:
        notes.append(sentence)


def captioned(figure: Figure, caption: str) -> str:
    """Put a caption and the notes of its figure together."""
    return " ".join([caption, *_NOTES.get(figure, [])])


def say_empty(axes: Axes, *, too_few: bool) -> None:
    """Write into an empty plot why it is empty: too few students, or nothing to draw."""
    words = publication.TOO_FEW if too_few else "not defined on this data"
    axes.annotate(words, (0.5, 0.5), xycoords="axes fraction", ha="center")
