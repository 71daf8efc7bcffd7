"""Find names of people where students write them: in comments, in strings and on web pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module

#: Where the first names come from: the United States, Great Britain, India, Mexico and Spain.
LOCALES = ("en_US", "en_GB", "en_IN", "es_MX", "es_ES")
SHORTEST_NAME = 3

#: First names that are words or colours more often than people: they count only after a greeting.
_WORDS = (
    "amber angel ann april art ash august autumn avi bill blanca brook bud carol carolina chance "
    "chase christian clay cole coral crystal cruz daisy dakota dale dawn dean destiny dev diamond "
    "dolores don drew edu eta eve faith georgia ginger glen grace grant guy hazel heather holly hope "
    "hunter iris israel ivory ivy jack jade jean jersey joy jordan june kay lane leon lily luna luz "
    "madison mar marina mark mason max may melody mercy miles nieves olive paris pat paz pearl penny "
    "rain ray rex rich river rob robin rod rosa rose ruby rusty salvador sandy savannah sienna "
    "sierra sky sol star stone sue summer trinity victor violet virginia wade ward will wren "
)
WORDS = frozenset(_WORDS.split())
#: What follows a greeting without being a name.
_NO_NAMES = (
    "a|all|again|an|i|im|and|back|class|computer|everybody|everyone|friend|friends|guys|her|here|him|human|in|is|it|"
    "kids|me|mom|dad|my|not|of|on|our|people|player|programmer|scratch|sir|stranger|student|students|teacher|"
    "that|the|their|there|this|to|turtle|us|user|using|we|what|with|world|you|your|x+"
)
_NAME = rf"(?!(?i:(?:{_NO_NAMES})\b))[^\W\d_][\w'-]{{1,30}}"
_CAPITAL = rf"(?=[A-Z\u00c0-\u00de]){_NAME}"
_SAID = re.compile(
    rf"(?i:\b(?:my names?(?: is|'s)?|(?:made|created|written|coded|programmed|drawn|designed) by|authors?)\b"
    rf"\s*[:,=-]?\s*)({_NAME}(?:[ ]{_CAPITAL})?)"
)
_GREETED = re.compile(
    r"(?i:\b(?:hello|hi|hey|hola|dear|welcome|bye|goodbye|thanks|thank you|sincerely|love|by|from)\b"
    r"\s*[,:!-]?\s*)"
    rf"({_CAPITAL}(?:[ ]{_CAPITAL})?)"
)
_CLAIMED = re.compile(r"(?i:\b(?:i am|i'm|im|this is|call me)\s+)([^\W\d_]{3,30})\b")
_WORD = re.compile(r"[^\W\d_]{3,30}")
_SURNAME = re.compile(r"[ ][A-Z\u00c0-\u00de](?:[\w'-]{1,30}|\.)")

_PROSE = re.compile(
    r"\"\"\".*?\"\"\"|'''.*?'''|###.*?###|/\*.*?\*/|<!--.*?-->|(?:\#|//)[^\n]*"
    r"|\"(?:\\.|[^\"\\\n])*|'(?:\\.|[^'\\\n])*|`[^`\n]*",
    re.DOTALL,
)
_MARKUP = re.compile(r"</[a-zA-Z]\w*\s*>|<!doctype", re.IGNORECASE)


@cache
def first_names() -> frozenset[str]:
    """List first names, in small letters, without those that are words.

    Returns
    -------
    frozenset of str
        From the locales of Faker that `LOCALES` names; names of one word and at least three letters.
    """
    return _listed() - WORDS


@cache
def _listed() -> frozenset[str]:
    providers = [import_module(f"faker.providers.person.{locale}").Provider for locale in LOCALES]
    names = {name.casefold() for provider in providers for name in provider.first_names}
    return frozenset(name for name in names if name.isalpha() and len(name) >= SHORTEST_NAME)


def find_names(text: str) -> Iterator[tuple[str, int, int]]:
    """Find names in what a program says to people.

    Parameters
    ----------
    text : str
        A program. Of a web page all is read, of any other program the comments and strings, also those that
        are not closed.

    Yields
    ------
    kind : {"greeting", "name"}
        A name that was introduced or greeted, or a first name wherever it stands, with the surname after it.
    start, end : int
        Where the name is, in characters. Places of the two kinds may overlap.
    """
    for low, high in _prose(text):
        part = text[low:high]
        for pattern in (_SAID, _GREETED):
            for match in pattern.finditer(part):
                yield "greeting", low + match.start(1), low + match.end(1)
        for match in _CLAIMED.finditer(part):
            if match[1].casefold() in first_names() | WORDS:
                yield "greeting", low + match.start(1), low + match.end(1)
        for match in _WORD.finditer(part):
            if match[0].casefold() in first_names():
                surname = _SURNAME.match(part, match.end())
                yield "name", low + match.start(), low + (surname or match).end()


def has_first_name(text: str) -> bool:
    """Whether one of the words of a text is a first name and no common word."""
    return any(word.casefold() in first_names() for word in _WORD.findall(text))


def _prose(text: str) -> list[tuple[int, int]]:
    if _MARKUP.search(text):
        return [(0, len(text))]
    return [match.span() for match in _PROSE.finditer(text)]
