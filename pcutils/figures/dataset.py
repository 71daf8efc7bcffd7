"""Plots of who wrote how much, when, in which language, and for how long."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pcutils.analysis.datasheet import datasheet
from pcutils.analysis.paper import FACTS
from pcutils.figures.notes import BLANKED, JOINED, add_note, say_empty
from pcutils.figures.plots import WIDTH, percent_axis, without_few_students
from pcutils.figures.prose import fill, plain
from pcutils.figures.theme import PLAIN_COLOUR, SERIES_COLOURS
from pcutils.pipeline import publication

_MARKERS = ("o", "s", "^")
#: With so many ranks an axis is logarithmic.
_MANY = 40


def datasheet_table(source: str) -> pd.DataFrame:
    """Write the datasheet of a source with the figures of the paper filled in.

    Parameters
    ----------
    source : str
        One of :data:`pcutils.sources.SOURCES`.

    Returns
    -------
    pandas.DataFrame
        A question and its answer in each row, ready to show.
    """
    facts = {fact.name: fact.value for fact in FACTS}
    years = f"{facts['first_year']} to {facts['last_year']}"
    published = {name: plain(value) for name, value in facts.items()}
    answers = {question: fill(text, years=years, **published) for question, text in datasheet(source).items()}
    return pd.DataFrame({"question": answers.keys(), "answer": answers.values()})


def survival_plot(curve: pd.DataFrame) -> Figure:
    """Share of traces that go on, by the number of attempts made.

    Parameters
    ----------
    curve : pandas.DataFrame
        From :func:`pcutils.analysis.survival.attempts_curve`.

    Returns
    -------
    matplotlib.figure.Figure
        Steps with a band for the intervals; the line at one half marks the middle trace.
    """
    shown, blanked = without_few_students(curve)
    shown = shown[shown["value"].notna()]
    figure, axes = plt.subplots()
    if len(shown):
        axes.fill_between(
            shown["attempts"],
            shown["low"],
            shown["high"],
            step="mid",
            alpha=0.3,
            color=PLAIN_COLOUR,
            linewidth=0,
        )
        axes.step(shown["attempts"], shown["value"], where="mid", color=PLAIN_COLOUR, linewidth=1.8)
    else:
        say_empty(axes, too_few=blanked)
    if blanked:
        add_note(figure, BLANKED)
    axes.set(xlabel="attempts made", ylabel="traces that go on to another", ylim=(0, 1.02))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    percent_axis(axes)
    return figure


def tails_plot(students: pd.DataFrame, titles: pd.DataFrame) -> Figure:
    """How unequal students and titles are, in two panels.

    Parameters
    ----------
    students : pandas.DataFrame
        From :func:`pcutils.analysis.tails.students_with`.
    titles : pandas.DataFrame
        From :func:`pcutils.analysis.tails.titles_by_rank`.

    Returns
    -------
    matplotlib.figure.Figure
        Above: the share of students with at least so many traces. Below: the traces of each title by its
        rank; where students must not be seen, only titles of enough of them.
    """
    figure, (above, below) = plt.subplots(2, 1, figsize=(WIDTH, 5.0))
    _share_of_students(above, students)
    few = titles["n"].map(publication.is_too_few).astype(bool)
    shown = titles[~few]
    below.plot(shown["rank"], shown["traces"], marker="o", markersize=4, color=PLAIN_COLOUR, linewidth=1)
    below.set(xlabel="rank of the title, the most frequent first", ylabel="traces")
    if len(titles) > _MANY:
        below.set(xscale="log", yscale="log")
        _plain_numbers(below, "xy")
    else:
        below.set_ylim(0, 1.08 * titles["traces"].max())
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
    if publication.is_guarded():
        add_note(figure, JOINED.replace("Bars", "Steps"))
    if few.any():
        add_note(figure, BLANKED)
    return figure


def _share_of_students(axes: Axes, students: pd.DataFrame) -> None:
    shown, blanked = without_few_students(students)
    shown = shown[shown["value"].notna()]
    axes.set(xlabel="traces, at least", ylabel="students", ylim=(0, 1.05))
    percent_axis(axes)
    if shown.empty:
        say_empty(axes, too_few=blanked)
        return
    axes.fill_between(
        shown["traces"], shown["low"], shown["high"], step="post", alpha=0.3, color=PLAIN_COLOUR, linewidth=0
    )
    axes.step(shown["traces"], shown["value"], where="post", color=PLAIN_COLOUR, linewidth=1.8)
    if shown["traces"].max() > _MANY:
        axes.set_xscale("log")
        _plain_numbers(axes, "x")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _plain_numbers(axes: Axes, which: str) -> None:
    for axis in (axes.xaxis, axes.yaxis)[: len(which)]:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def over_time(periods: pd.Series, languages: pd.DataFrame) -> Figure:
    """Traces begun in each year and, below, the share of states in the rarer languages.

    Parameters
    ----------
    periods : pandas.Series
        Of each trace; from :func:`pcutils.analysis.languages.periods`.
    languages : pandas.DataFrame
        From :func:`pcutils.analysis.languages.languages_over_time`; without rows there is one panel.

    Returns
    -------
    matplotlib.figure.Figure
        Both panels have the same years.
    """
    names = list(periods.cat.categories)
    rows = 2 if len(languages) else 1
    figure, panels = plt.subplots(
        rows, 1, figsize=(WIDTH, 1.4 + 1.7 * rows), sharex=True, squeeze=False, height_ratios=[1] * rows
    )
    counts = periods.value_counts().reindex(names)
    panels[0, 0].bar(range(len(names)), counts, color=PLAIN_COLOUR, width=0.85, edgecolor="none")
    panels[0, 0].set_ylabel("traces begun")
    if len(languages):
        blanked = _shares_by_period(panels[1, 0], names, languages)
        if blanked:
            add_note(figure, BLANKED)
    panels[-1, 0].set_xticks(range(len(names)), [name.replace(" to ", "\N{EN DASH}\n") for name in names])
    for axes in panels[:, 0]:
        axes.grid(False, axis="x")
    if any(" to " in name for name in names):
        add_note(figure, JOINED.replace("Bars", "Years"))
    return figure


def _shares_by_period(axes: Axes, names: list[str], languages: pd.DataFrame) -> bool:
    shown, blanked = without_few_students(languages)
    series = list(dict.fromkeys(shown["language"]))
    for number, name in enumerate(series):
        part = shown[(shown["language"] == name) & shown["value"].notna()]
        places = [names.index(period) + 0.12 * (number - (len(series) - 1) / 2) for period in part["period"]]
        colour = SERIES_COLOURS[number + 1]
        axes.vlines(places, part["low"], part["high"], color=colour, linewidth=1.6)
        axes.plot(
            places,
            part["value"],
            marker=_MARKERS[number],
            linestyle="none",
            markersize=5,
            color=colour,
            label=name,
        )
    axes.set_ylabel("share of states")
    axes.set_ylim(bottom=0)
    percent_axis(axes)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(series), borderaxespad=0)
    return blanked
