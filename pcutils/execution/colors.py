"""Which colours may stand in a picture."""

from __future__ import annotations

import re

_SAFE = re.compile(r"#[0-9a-f]{3,8}|[a-z]{3,20}|(?:rgb|hsl)a?\([-\d.,%\s/]{1,60}\)", re.IGNORECASE)
_PAPER = {"erase": "white", "path": "none", "off": "none", "null": "none"}


def safe_color(color: object) -> str:
    """Return a colour that is safe to write into a picture.

    Parameters
    ----------
    color : object
        What a program gave as a colour.

    Returns
    -------
    str
        A name, a hexadecimal value or a function of numbers; the canvas's white for the eraser; black for
        what is no colour.

    Examples
    --------
    >>> [safe_color(color) for color in ("SkyBlue", "hsl(20,100%,50%)", "erase", 'red" onload="x')]
    ['skyblue', 'hsl(20,100%,50%)', 'white', 'black']
    """
    text = str(color).strip()
    if not _SAFE.fullmatch(text):
        return "black"
    return _PAPER.get(text.lower(), text.lower())
