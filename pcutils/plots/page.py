"""Figures and tables as HTML: an SVG in the page's own text colour, with caption and alternative text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from io import StringIO
from numbers import Real
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from pcutils.analysis.statistics import Estimate
from pcutils.errors import PcutilsError
from pcutils.plots.theme import INK

#: A scatter with more points than this becomes a bitmap inside the SVG, so that pages stay light.
MOST_POINTS = 1500
#: A figure fills its column up to this multiple of its natural width; on a narrow screen it shrinks.
LARGEST_SCALE = 1.2
PIXELS_PER_POINT = 4 / 3

_LONE_STYLE = "<style>@media (prefers-color-scheme:dark){svg{color:#eee}}</style>"


def figure_html(figure: Any, name: str, caption: str, alt: str, *, save_to: Path | None = None) -> str:
    """Write a matplotlib or seaborn figure as HTML and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure, or anything with a `figure` (axes, a seaborn grid)
        Drawn once; text and axes take the color of the page's text, in light and dark.
    name : str
        Lower-case letters, digits, `-` and `_`; unique on its page.
    caption, alt : str
        The finding, below the figure; and what a person sees in it, for a person who does not see it.
    save_to : pathlib.Path, optional
        Where to write the SVG alone; it follows the reader's light or dark setting.
    """
    import matplotlib.pyplot as plt

    check_words(name, caption, alt)
    drawn = figure if isinstance(figure, Figure) else figure.figure
    svg, width = _svg_of(drawn, name, alt)
    plt.close(drawn)
    if save_to is not None:
        head = svg.index(">") + 1
        save_to.parent.mkdir(parents=True, exist_ok=True)
        save_to.write_text(f"{svg[:head]}{_LONE_STYLE}{svg[head:]}\n", encoding="utf-8")
    scaled = svg.replace("<svg ", f'<svg style="max-width:{round(width * LARGEST_SCALE)}px" ', 1)
    return framed(scaled, name, caption)


def check_words(name: str, caption: str, alt: str) -> None:
    """Refuse a figure that lacks its words."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise PcutilsError(f"figure name {name!r}: use lower-case letters, digits, '-' and '_'")
    for what, text in (("caption", caption), ("alt text", alt)):
        if not text.strip():
            raise PcutilsError(f"figure {name!r} has no {what}: say in words what it shows")


@cache
def resource(name: str) -> str:
    """Read a file of this package."""
    return files("pcutils.plots").joinpath(name).read_text(encoding="utf-8").strip()


def framed(content: str, name: str, caption: str) -> str:
    """Put content into a figure with a caption that names it to screen readers."""
    label = f"caption-{name}"
    return (
        f"<style>{resource('page.css')}</style>"
        f'<figure class="pc-figure" role="figure" aria-labelledby="{label}">{content}'
        f'<figcaption id="{label}">{escape(caption)}</figcaption></figure>'
    )


def _svg_of(figure: Figure, name: str, alt: str) -> tuple[str, float]:
    """Draw a figure as one `<svg>` without styles that leak, and return its width in pixels, too."""
    import matplotlib as mpl

    for artist in (artist for axes in figure.axes for artist in axes.collections):
        if isinstance(artist, PathCollection) and len(artist.get_offsets()) > MOST_POINTS:  # type: ignore[arg-type]
            artist.set_rasterized(True)
    stream = StringIO()
    options: dict[str, Any] = {
        "format": "svg",
        "transparent": True,
        "bbox_inches": "tight",
        "pad_inches": 0.02,
        "dpi": 160,
    }
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(stream, metadata={"Date": None}, **options)
    svg = _clean(stream.getvalue())
    box, width = re.findall(r'(viewBox="0 0 ([\d.]+) [\d.]+")', svg)[0]
    head = (
        f'<svg role="img" aria-label="{escape(alt)}" {box} stroke-linejoin="round" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return head + svg[svg.index(">") + 1 :], float(width) * PIXELS_PER_POINT


def _clean(svg: str) -> str:
    """Remove metadata, styles and ids that nothing refers to, and put the text color in place of `INK`."""
    svg = svg[svg.index("<svg") : svg.rindex("</svg>") + len("</svg>")]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*</defs>", "", svg)
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda match: match[0] if match[1] in used else "", svg)
    return re.sub(r">\s+<", "><", re.sub(re.escape(INK), "currentColor", svg, flags=re.IGNORECASE))


def table_html(frame: pd.DataFrame, caption: str, formats: Mapping[str, str] | None = None) -> str:
    """Write a table as HTML that reads aloud well and scrolls on a phone.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index is left out; the first column names the rows. Cells may be `Estimate`.
    caption : str
        Stands above the table.
    formats : mapping of str to str, optional
        Python number formats by column.
    """
    formats = formats or {}
    if not caption.strip():
        raise PcutilsError("a table has no caption: say in words what it shows")
    if unknown := set(formats) - set(frame.columns):
        raise PcutilsError(f"formats for columns that are not there: {', '.join(sorted(unknown))}")
    sides = {column: " class='pc-number'" if _is_numeric(frame[column]) else "" for column in frame}
    head = "".join(f"<th scope='col'{side}>{escape(str(name))}</th>" for name, side in sides.items())
    rows = ""
    for values in frame.to_dict("records"):
        cells = [f"<td{sides[c]}>{_cell(value, formats.get(str(c), ''))}</td>" for c, value in values.items()]
        rows += f"<tr><th scope='row'{cells[0][3:-5]}</th>{''.join(cells[1:])}</tr>"
    table = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    label = escape(f"Table: {caption}")
    box = f'<div class="pc-scroll" role="region" tabindex="0" aria-label="{label}">'
    return f"<style>{resource('page.css')}</style><div class='pc-figure'>{box}{table}</table></div></div>"


def _cell(value: Any, spec: str) -> str:
    """Write a number as a reader expects it; without a format, three significant digits."""
    if (pd.api.types.is_scalar(value) and pd.isna(value)) or not getattr(value, "is_defined", True):
        return "not defined"
    if isinstance(value, Estimate):
        text = format(value, spec or ".2f").replace("-", "\N{MINUS SIGN}")
        return text.replace(" (", " <span class='pc-interval'>(", 1) + "</span>" * text.endswith(")")
    if isinstance(value, bool) or not isinstance(value, Real):
        return escape(str(value))
    is_whole = abs(float(value)) >= 100 or float(value).is_integer()
    text = format(value, spec) if spec else f"{round(value):,}" if is_whole else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")


def _is_numeric(column: pd.Series) -> bool:
    filled = [value for value in column if value is not None]
    return bool(filled) and all(isinstance(value, Real | Estimate) for value in filled)
