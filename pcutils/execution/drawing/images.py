"""Pictures that a program loads: drawn where the program holds them itself, else a frame with their name."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from pcutils.execution.drawing.letters import shortened, text_width
from pcutils.execution.drawing.marks import xml_text
from pcutils.execution.drawing.strokes import number

FRAME = 'fill="#fff" fill-opacity=".6" stroke="#888" stroke-dasharray="3"'
NAME_LETTERS = 24
SMALLEST_FONT, LARGEST_FONT = 8.0, 14.0
LONGEST_SIDE = 4096
_DATA = re.compile(r"data:image/(png|jpeg);base64,([A-Za-z0-9+/]+={0,2})")
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"


def address_of(size: Sequence[Any] | None) -> str:
    """Return the address that stands behind width and height, or nothing."""
    return str(size[2] or "") if size and len(size) > 2 else ""


def short_name(address: str) -> str:
    """Name a picture by its address.

    Parameters
    ----------
    address : str
        Where a program loads it from.

    Returns
    -------
    str
        The last part of the path, without an extension and without the size that Pencil Code lets stand
        in front of a name; ``picture`` where nothing is left.

    Examples
    --------
    >>> [short_name(one) for one in ("/img/100x100-rainbow", "https://x.example/a/cat.png?v=2", "data:,x")]
    ['rainbow', 'cat', 'picture']
    """
    if address.lower().startswith("data:"):
        return "picture"
    last = unquote(re.split(r"[?#]", address)[0].rstrip("/").rpartition("/")[2])
    name = re.sub(r"^\d+x\d+-|\.\w{2,5}$", "", last).strip()
    if not name:
        return "picture"
    return name if len(name) <= NAME_LETTERS else name[: NAME_LETTERS - 1] + "…"


def own_size(address: str) -> tuple[int, int] | None:
    """Measure a picture that its address holds, if it is of a kind that can do nothing else.

    Parameters
    ----------
    address : str
        Any text.

    Returns
    -------
    tuple of int or None
        Width and height of a PNG or JPEG in base64, at most `LONGEST_SIDE` pixels; None for anything else.
        An SVG has none: it may hold scripts and load other files.

    Examples
    --------
    >>> own_size("data:image/jpeg;base64,/9j/wAALCAACAAMBASIA/9k="), own_size("https://x.example/cat.png")
    ((3, 2), None)
    """
    match = _DATA.fullmatch(address)
    if not match:
        return None
    try:
        content = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        return None
    sides = _png_sides(content) if match[1] == "png" else _jpeg_sides(content)
    return sides if sides and min(sides) > 0 and max(sides) <= LONGEST_SIDE else None


def _png_sides(content: bytes) -> tuple[int, int] | None:
    if not content.startswith(_PNG) or content[12:16] != b"IHDR" or len(content) < 33:
        return None
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _jpeg_sides(content: bytes) -> tuple[int, int] | None:
    """Go from segment to segment up to the one that starts a frame."""
    at = 2 if content.startswith(_JPEG) else len(content)
    while at + 9 <= len(content) and content[at] == 0xFF:
        kind, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            return (
                int.from_bytes(content[at + 7 : at + 9], "big"),
                int.from_bytes(content[at + 5 : at + 7], "big"),
            )
        at += 2 + length
    return None


def image_svg(left: float, top: float, width: float, height: float, address: str) -> str:
    """Draw a loaded picture in its room.

    Parameters
    ----------
    left, top : float
        Its corner, y downwards.
    width, height : float
        Its size in pixels.
    address : str
        Where it is loaded from.

    Returns
    -------
    str
        The picture itself where its address holds it, else a dashed frame with its name.
    """
    room = f'x="{number(left)}" y="{number(top)}" width="{number(width)}" height="{number(height)}"'
    if own_size(address):
        return f'<image {room} href="{address}"/>'
    name = short_name(address)
    font = min(max(width / (text_width(name, 1.0) + 0.5), SMALLEST_FONT), LARGEST_FONT)
    return (
        f'<rect {room} {FRAME}/><text x="{number(left + width / 2)}" y="{number(top + height / 2)}"'
        f' font-size="{number(font)}" fill="#555" text-anchor="middle" dominant-baseline="central">'
        f"{xml_text(shortened(name, width - 2, font))}</text>"
    )
