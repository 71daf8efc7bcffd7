"""How wide text is, near enough to leave room for it."""

from __future__ import annotations

# Shares of the font size, for a plain sans-serif font.
_NARROW, _WIDE = frozenset("ijlft.,:;'|!()[]{}\"` I"), frozenset("mwMW@%—…")
_NARROW_SHARE, _WIDE_SHARE, _CAPITAL_SHARE, _OTHER_SHARE, _FULL_SHARE = 0.32, 0.9, 0.7, 0.57, 1.0


def text_width(text: str, size: float) -> float:
    """Estimate the width of one line of text.

    Parameters
    ----------
    text : str
        The line.
    size : float
        Size of the font, in pixels.

    Returns
    -------
    float
        In pixels.

    Examples
    --------
    >>> text_width("ill", 10) < text_width("all", 10) < text_width("ALL", 10) < text_width("mmm", 10)
    True
    """
    return size * sum(map(_share, text))


def _share(letter: str) -> float:
    if letter in _NARROW:
        return _NARROW_SHARE
    if letter in _WIDE:
        return _WIDE_SHARE
    if letter > "\u2e7f":
        return _FULL_SHARE
    return _CAPITAL_SHARE if letter.isupper() else _OTHER_SHARE


def shortened(text: str, width: float, size: float) -> str:
    """Cut a line of text to a width, with an ellipsis where something is missing.

    Parameters
    ----------
    text : str
        The line.
    width : float
        Room for it, in pixels.
    size : float
        Size of the font, in pixels.

    Returns
    -------
    str
        At least one letter of it.

    Examples
    --------
    >>> shortened("rainbow", 100, 10), shortened("rainbow", 30, 10)
    ('rainbow', 'rain…')
    """
    if text_width(text, size) <= width:
        return text
    kept = text
    while len(kept) > 1 and text_width(kept + "…", size) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"
