"""Which colours may stand in a picture."""

from __future__ import annotations

import re

_SAFE = re.compile(r"#[0-9a-f]{3,8}|[a-z]{3,20}|(?:rgb|hsl)a?\([-\d.,%\s/]{1,60}\)", re.IGNORECASE)
# The colours that CSS knows by name; a browser draws in black what is none.
_WORDS = """
    aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown
    burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan
    darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid
    darkred darksalmon darkseagreen darkslateblue darkslategray darkslategrey darkturquoise darkviolet
    deeppink deepskyblue dimgray dimgrey dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro
    ghostwhite gold goldenrod gray green greenyellow grey honeydew hotpink indianred indigo ivory khaki
    lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan lightgoldenrodyellow
    lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue lightslategray
    lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine
    mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise
    mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab
    orange orangered orchid palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru
    pink plum powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen
    seashell sienna silver skyblue slateblue slategray slategrey snow springgreen steelblue tan teal thistle
    tomato transparent turquoise violet wheat white whitesmoke yellow yellowgreen
"""
_NAMES = frozenset(_WORDS.split())
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
    >>> [safe_color(color) for color in ("SkyBlue", "hsl(20,100%,50%)", "erase", "purpel", 'red" onload="x')]
    ['skyblue', 'hsl(20,100%,50%)', 'white', 'black', 'black']
    """
    text = str(color).strip().lower()
    if text in _PAPER:
        return _PAPER[text]
    if not _SAFE.fullmatch(text) or (text.isalpha() and text not in _NAMES):
        return "black"
    return text
