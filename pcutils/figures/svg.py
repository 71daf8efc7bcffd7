"""Put a matplotlib figure on the page as inline SVG in the page's own ink, and keep a copy in the run."""

from __future__ import annotations

import re
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from pcutils.errors import PcutilsError
from pcutils.figures.notes import captioned
from pcutils.figures.page import check_words, figure_html, put_on_page, scroll_box
from pcutils.figures.theme import INK

#: A scatter with more points than this becomes a picture inside the SVG, so that pages stay light.
MOST_POINTS = 1500
#: A figure may shrink to this part of its width before it scrolls, and grow to that: text stays between nine
#: and sixteen pixels, and a figure of the theme's width fits a phone of 390 pixels.
SMALLEST_SCALE, LARGEST_SCALE = 0.75, 1.2
PIXELS_PER_POINT = 4 / 3
_LONE_STYLE = "<style>@media (prefers-color-scheme:dark){svg{color:#eee}}</style>"


def show(figure: Any, *, name: str, caption: str, alt: str, run: Any = None, chapter: str = "") -> None:
    """Display a figure with its caption and save it under the run.

    Parameters
    ----------
    figure : matplotlib.figure.Figure, or anything with a `figure` (axes, a seaborn grid)
        What to show. It is closed afterwards, so that a notebook does not show it twice.
    name : str
        File name without ending; unique in the chapter.
    caption : str
        Shown below the figure. It says what is measured, on whom, and what the intervals are. What the rule
        of publication changed in the figure is added to it.
    alt : str
        What a person sees in the figure, for a person who does not see it.
    run : Run, optional
        Where to save: ``run.dir/figures/<chapter>/<name>.svg``. Without it nothing is saved.
    chapter : str
        Name of the chapter; needed with `run`.

    Raises
    ------
    PcutilsError
        Where name, caption, alternative text or chapter is missing.
    """
    check_words(name, caption, alt)
    drawn = figure if isinstance(figure, Figure) else figure.figure
    caption = captioned(drawn, caption)
    svg, width = svg_of(drawn, name=f"{chapter}-{name}" if chapter else name, alt=alt)
    plt.close(drawn)
    if run is not None:
        save_svg(svg, run, chapter, name)
    style = (
        f"width:100%;min-width:{round(width * SMALLEST_SCALE)}px;max-width:{round(width * LARGEST_SCALE)}px"
    )
    inline = svg.replace("<svg ", f'<svg style="{style}" ', 1)
    html = figure_html(scroll_box(inline, f"Figure: {caption}"), name=name, caption=caption)
    put_on_page(html, f"{caption}\n\n{alt}")


def save_svg(svg: str, run: Any, chapter: str, name: str) -> Path:
    """Write an SVG into the run's figures; alone it follows the reader's light or dark setting."""
    if not chapter:
        raise PcutilsError(f"figure {name!r}: say which chapter it belongs to, so that it can be saved")
    path = Path(run.dir) / "figures" / chapter / f"{name}.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = svg.index(">") + 1
    path.write_text(svg[:head] + _LONE_STYLE + svg[head:] + "\n", encoding="utf-8")
    return path


def svg_of(figure: Figure, *, name: str, alt: str) -> tuple[str, float]:
    """Draw a figure as SVG for use inside a page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to draw.
    name : str
        Goes into every id, so that two figures on one page do not share one; the same name and figure give
        the same bytes.
    alt : str
        Alternative text.

    Returns
    -------
    svg : str
        One ``<svg>`` element with transparent ground, ink in the page's text colour, and no style that leaks.
    width : float
        Natural width in CSS pixels.
    """
    _rasterise_heavy(figure)
    stream = StringIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(
            stream, format="svg", transparent=True, bbox_inches="tight", dpi=160, metadata={"Date": None}
        )
    text = stream.getvalue()
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    if size is None:
        raise PcutilsError(f"figure {name!r}: matplotlib wrote an SVG without a viewBox")
    body = _own_ids(_clean(text[text.index("<svg") : text.rindex("</svg>") + len("</svg>")]), name)
    head = (
        f'<svg role="img" aria-label="{escape(alt)}" {size[0]} stroke-linejoin="round" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return head + body[body.index(">") + 1 :], float(size[1]) * PIXELS_PER_POINT


def _rasterise_heavy(figure: Figure) -> None:
    for axes in figure.axes:
        for artist in axes.collections:
            if isinstance(artist, PathCollection) and len(artist.get_offsets()) > MOST_POINTS:  # type: ignore[arg-type]
                artist.set_rasterized(True)


def _clean(svg: str) -> str:
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*</defs>", "", svg)
    return re.sub(r">\s+<", "><", re.sub(re.escape(INK), "currentColor", svg, flags=re.IGNORECASE))


def _own_ids(svg: str, name: str) -> str:
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))

    def rename(match: re.Match[str]) -> str:
        return f' id="{name}-{match[1]}"' if match[1] in used else ""

    svg = re.sub(r' id="([^"]+)"', rename, svg)
    return re.sub(r'(url\(#|href="#)([^")]+)', lambda match: f"{match[1]}{name}-{match[2]}", svg)
