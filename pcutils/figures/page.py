"""What every figure and table on a page shares: frame, caption, style, and the way onto the page."""

from __future__ import annotations

import re
from html import escape

from pcutils.errors import PcutilsError
from pcutils.pipeline import publication

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")

#: Travels with every output, so that a page reads the same in the book, in Jupyter and in a viewer. The first
#: rule undoes the light box that the book's theme puts behind outputs in dark mode.
STYLE = """<style>
.text_html:has(> .pc-figure){background:transparent!important;color:inherit!important;padding:0!important}
.pc-figure{margin:1em 0;color:inherit}
.pc-figure figcaption,.pc-figure caption{font-size:.9em;text-align:left;margin:.4em 0}
.pc-figure caption{caption-side:top;color:inherit}
.pc-scroll{overflow-x:auto;max-width:100%}
.pc-scroll svg{display:block;height:auto}
.pc-figure table{border-collapse:collapse;font-size:.9em;color:inherit;margin:0}
.pc-figure th,.pc-figure td{padding:.25em .7em;text-align:left;vertical-align:top}
.pc-figure th,.pc-figure td{border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent)}
.pc-figure td:not(.pc-number){min-width:7em}
.pc-figure .pc-number{text-align:right;font-variant-numeric:tabular-nums}
.pc-figure td.pc-number,.pc-figure .pc-interval{white-space:nowrap}
.pc-figure td.pc-number:is(:has(.pc-interval),.pc-words){white-space:normal}
@media(max-width:30rem){.pc-figure table{font-size:.82em}.pc-figure :is(th,td){padding:.25em .35em}
.pc-figure td:not(.pc-number){min-width:5em}}
</style>"""


def check_words(name: str, caption: str, alt: str) -> None:
    """Refuse a figure that lacks its words.

    Raises
    ------
    PcutilsError
        Where the name is no plain file name, or the caption or the alternative text is empty.
    """
    if not _NAME.fullmatch(name):
        raise PcutilsError(f"figure name {name!r}: use lower-case letters, digits, '-' and '_'")
    for what, text in (("caption", caption), ("alt text", alt)):
        if not text.strip():
            raise PcutilsError(f"figure {name!r} has no {what}: say in words what it shows")


def scroll_box(content: str, label: str) -> str:
    """Wrap wide content so that it scrolls inside the page, by touch and by keyboard."""
    return f'<div class="pc-scroll" role="region" tabindex="0" aria-label="{escape(label)}">{content}</div>'


def figure_html(content: str, *, name: str, caption: str) -> str:
    """Put content into a figure with a caption that names it to screen readers."""
    label = f"caption-{name}"
    return (
        f'{STYLE}<figure class="pc-figure" role="figure" aria-labelledby="{label}">{content}'
        f'<figcaption id="{label}">{escape(caption)}</figcaption></figure>'
    )


def put_on_page(html: str, plain: str) -> None:
    """Display HTML in a notebook, with plain text for readers that take no HTML.

    Every figure and table passes here.

    Raises
    ------
    PublicationError
        Where a run is open whose source does not allow what is in it.
    """
    from IPython.display import display

    publication.check_page(html, plain)
    display({"text/html": html, "text/plain": plain}, raw=True)
