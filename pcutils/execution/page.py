"""Take the scripts out of a program that is a web page."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)(?:</script\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_COFFEE = re.compile(r"coffee", re.IGNORECASE)
_OTHER_TYPE = re.compile(
    r"type\s*=\s*[\"']?\s*(?!text/javascript|application/javascript|module)[\w/+-]", re.IGNORECASE
)
_PAGE = re.compile(r"\s*<(?:!doctype|!--|[a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Script:
    """One script of a page: its text and whether it is CoffeeScript."""

    text: str
    is_coffee: bool


def is_page(program: str) -> bool:
    """Tell whether a program is a web page: its text starts with a tag.

    Examples
    --------
    >>> is_page("<!doctype html><p>Hello"), is_page("write '<p>Hello'")
    (True, False)
    """
    return _PAGE.match(program) is not None


def split_page(program: str) -> tuple[str, list[Script]]:
    """Separate a page's markup from its scripts.

    Parameters
    ----------
    program : str
        HTML.

    Returns
    -------
    markup : str
        The page without its scripts.
    scripts : list of Script
        The scripts that stand in the page, in order; those it only names, and data, are left out.

    Examples
    --------
    >>> split_page("<p>Hi<script>fd(1)</script><script src='x.js'></script>")
    ('<p>Hi', [Script(text='fd(1)', is_coffee=False)])
    """
    scripts = []
    for attributes, text in _SCRIPT.findall(program):
        is_coffee = _COFFEE.search(attributes) is not None
        if text.strip() and (is_coffee or not _OTHER_TYPE.search(attributes)):
            scripts.append(Script(text, is_coffee))
    return _SCRIPT.sub("", program), scripts
