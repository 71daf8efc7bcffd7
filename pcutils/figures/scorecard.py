"""The verdicts on the paper's claims, and their evidence in one figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pcutils.analysis.claims import CANNOT, NOT_SUPPORTED, SUPPORTED, Verdict
from pcutils.errors import PcutilsError
from pcutils.figures.notes import BLANKED, add_note
from pcutils.figures.page import STYLE, put_on_page
from pcutils.figures.theme import INK, VARIANT_COLOURS
from pcutils.pipeline import publication

#: Inches; words stand above their interval, so that a phone shows both.
WIDTH, ROW_HEIGHT = 4.8, 0.46
_HOLDS = {True: VARIANT_COLOURS["trace"], False: VARIANT_COLOURS["synthetic_downsampled"]}

#: The dot is that of the figure: filled where the evidence holds, hollow where it does not.
_SIGNS = {SUPPORTED: "\N{BLACK CIRCLE}", NOT_SUPPORTED: "\N{WHITE CIRCLE}", CANNOT: "?"}
_STYLE = """<style>
.pc-figure dl.pc-verdicts{display:grid;grid-template-columns:auto 1fr;margin:0;font-size:.9em}
.pc-figure .pc-verdicts :is(dt,dd){margin:0;padding:.5em 0;
border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent)}
.pc-figure .pc-verdicts dt{padding-right:.8em}
.pc-figure .pc-verdicts p{margin:0 0 .2em}
.pc-figure .pc-verdicts .pc-why{opacity:.85}
</style>"""


def show_verdicts(verdicts: Sequence[Verdict], *, caption: str, reasons: bool = True) -> None:
    """Display what a run says to each claim, readable on a phone and aloud.

    Parameters
    ----------
    verdicts : sequence of Verdict
        From :func:`pcutils.analysis.claims.judge_claims`.
    caption : str
        Stands above the list.
    reasons : bool
        Whether to say which measures decided.

    Raises
    ------
    PcutilsError
        Where there is no caption.
    """
    if not caption.strip():
        raise PcutilsError("the verdicts have no caption: say in words on whom they were reached")
    plain = [
        f"{verdict.claim.id}: {verdict.claim.text} {verdict.verdict} ({_agreement(verdict)})"
        for verdict in verdicts
    ]
    put_on_page(verdicts_html(verdicts, caption=caption, reasons=reasons), "\n".join([caption, *plain]))


def verdicts_html(verdicts: Sequence[Verdict], *, caption: str, reasons: bool = True) -> str:
    """Write the verdicts as HTML; see :func:`show_verdicts`."""
    items = []
    for verdict in verdicts:
        why = f"<p class='pc-why'>{escape(verdict.reason)}</p>" if reasons else ""
        items.append(
            f"<dt>{escape(verdict.claim.id)}</dt><dd><p>{escape(verdict.claim.text)}</p>"
            f"<p>{_SIGNS[verdict.verdict]} <strong>{verdict.verdict}</strong>, {_agreement(verdict)}</p>"
            f"{why}</dd>"
        )
    return (
        f"{STYLE}{_STYLE}<figure class='pc-figure'><figcaption>{escape(caption)}</figcaption>"
        f"<dl class='pc-verdicts'>{''.join(items)}</dl></figure>"
    )


def _agreement(verdict: Verdict) -> str:
    if not verdict.decided:
        return "no measure to judge"
    return f"{sum(verdict.decided)} of {len(verdict.decided)} measures agree"


def evidence_panels(evidence: pd.DataFrame) -> Figure:
    """Draw every measure that a claim rests on, with its interval and the line it has to stay on one side of.

    Parameters
    ----------
    evidence : pandas.DataFrame
        From :func:`pcutils.analysis.claims.evidence_table`.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a unit, because bits and correlations share no axis. A filled dot holds, a hollow one does
        not, one in the colour of the text decides nothing. A measure that could not be taken, or must not be
        shown because too few students stand behind it, has no row here.

    Raises
    ------
    PcutilsError
        Where nothing was measured.
    """
    measured = _with_headings(evidence[evidence["value"].notna()])
    if measured.empty:
        raise PcutilsError("no evidence was measured: run the other chapters first")
    units = list(dict.fromkeys(measured["unit"].fillna("")))
    parts = [measured[measured["unit"].fillna("") == unit] for unit in units]
    heights = [len(part) + 1.4 for part in parts]
    figure, panels = plt.subplots(
        len(parts),
        figsize=(WIDTH, ROW_HEIGHT * sum(heights)),
        height_ratios=heights,
        squeeze=False,
    )
    for axes, unit, part in zip(panels[:, 0], units, parts, strict=True):
        _panel(axes, unit, part)
    if evidence["why"].str.contains(publication.TOO_FEW, regex=False).any():
        add_note(figure, BLANKED)
    return figure


def _with_headings(evidence: pd.DataFrame) -> pd.DataFrame:
    """Say once what several measures of a claim have in common, in a row of its own above them.

    Parameters
    ----------
    evidence : pandas.DataFrame
        With `claim`, `asked` (the words that the measures share) and `words`.

    Returns
    -------
    pandas.DataFrame
        With `line`, what stands above the interval; `value` is missing in the rows that are headings.
    """
    rows: list[dict[str, Any]] = []
    for (claim, asked, unit), part in evidence.groupby(["claim", "asked", "unit"], sort=False, dropna=False):
        records = part.to_dict("records")
        shared = len(records) > 1
        if shared:
            rows.append({"unit": unit, "line": f"{claim}  {asked}:", "value": math.nan})
        for record in records:
            own = str(record["words"]).removeprefix(f"{asked}, ")
            named = {str(key): value for key, value in record.items()}
            rows.append(named | {"line": own if shared else f"{claim}  {record['words']}"})
    return pd.DataFrame(rows, columns=[*evidence.columns, "line"])


def _panel(axes: Axes, unit: str, part: pd.DataFrame) -> None:
    for height, row in enumerate(part.to_dict("records")):
        is_heading = pd.isna(row["value"])
        axes.annotate(
            row["line"],
            (0, height + (0.1 if is_heading else -0.42)),
            xycoords=("axes fraction", "data"),
            fontsize=9,
            va="center",
            fontweight="bold" if is_heading else "normal",
        )
        if is_heading:
            continue
        holds = row["holds"]
        colour = _HOLDS.get(holds, INK) if isinstance(holds, bool) else INK
        if pd.notna(row["low"]):
            axes.hlines(height, row["low"], row["high"], color=colour, linewidth=1.8)
        if pd.notna(row["low"]) and row["side"] != "reported":
            axes.plot(row["bound"], height, marker="|", markersize=11, color=INK)
        fill = colour if holds is True else "none"
        axes.plot(row["value"], height, marker="o", markersize=6, color=colour, markerfacecolor=fill)
    axes.set(yticks=[], xlabel=unit, ylim=(len(part) - 0.5, -0.9))
    axes.spines["left"].set_visible(False)
