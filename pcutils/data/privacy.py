"""Keep people private: pseudonyms, suppression of small groups, and patterns of personal data."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pcutils.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

MINIMUM_STUDENTS = 10
"""A number on a page stands for at least so many students, wherever students are not simulated."""

SHORTEST_KEY_BYTES = 16
_PSEUDONYM_DIGITS = 32
_EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_+-])?"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}(?![\w-])"
)
_PHONE = re.compile(
    r"(?<![\w.+#-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,5}\)[ .-]?)?"
    r"\d{2,5}(?:[ .-]\d{2,9}){1,4}(?![\w-]|\.\d)"
)
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[.-]\d{1,2}[.-]\d{2,4}")
_WEB = re.compile(
    r"(?:https?://|www\.)[^\s\"'`<>()\[\]{}]+|(?<![\w.@-])(?:[\w-]+\.)+(?:com|net|org|edu|io|me)\b[^\s\"'`<>()\[\]{}]*",
    re.IGNORECASE,
)
#: Addresses that belong to a person by their form: a user's own site, page or channel.
_PERSONAL_WEB = re.compile(
    r"(?:^|/)(?!www\.|book\.|guide\.|activity\.|gym\.)[\w-]+\.(?:pencilcode\.net|github\.io|wordpress\.com|blogspot\.com)"
    r"|(?:facebook|instagram|twitter|tiktok|snapchat|github|linkedin|soundcloud|twitch)\.(?:com|tv)/(?:in/)?@?[\w.-]{2,}"
    r"|/(?:~|@|users?/|people/|profiles?/|members?/|channel/)[\w.-]{2,}",
    re.IGNORECASE,
)
#: Of two matches in one place the first kind in this order stays.
_KINDS = ("email", "web", "phone", "greeting", "name")


#: Where the first names come from: the United States, Great Britain, India, Mexico and Spain.
_LOCALES = ("en_US", "en_GB", "en_IN", "es_MX", "es_ES")
_SHORTEST_NAME = 3

_LISTS = json.loads(Path(__file__).with_name("names.json").read_text(encoding="utf-8"))
#: First names that are words or colours more often than people: they count only after a greeting.
_WORDS = frozenset(_LISTS["words"].split())
#: What follows a greeting without being a name.
_NO_NAMES = "|".join(_LISTS["no_names"].split())
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


class Match(NamedTuple):
    """Where a text holds an "email", "web" address, "phone" number, "greeting" or "name"."""

    kind: str
    start: int
    end: int


def suppress_small_groups(
    table: DataFrame, counts: str | Series | Sequence[int] | int, minimum: int = MINIMUM_STUDENTS
) -> DataFrame:
    """Leave out the rows of a table that stand for fewer than `minimum` students.

    `counts` says how many students stand behind each row: a column, a series with the table's index, a number
    for each row, or one for all rows. A row without a count is left out.

    Examples
    --------
    >>> import pandas
    >>> table = pandas.DataFrame({"title": ["star", "house"], "students": [12, 3]})
    >>> list(suppress_small_groups(table, "students")["title"])
    ['star']
    """
    import pandas

    if isinstance(counts, str):
        numbers = table[counts]
    else:
        same = counts.reindex(table.index) if isinstance(counts, pandas.Series) else counts
        numbers = pandas.Series(same, index=table.index, dtype=float)
    return table[numbers >= minimum]


def pseudonym(identity: str, key: bytes | str) -> str:
    """Replace a name by 128 bits of HMAC-SHA256, which only the holder of the key can tie to it."""
    secret = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
    if len(secret) < SHORTEST_KEY_BYTES:
        hint = "Make one with `secrets.token_bytes(32)` and keep it out of the data."
        expected = f"a key of at least {SHORTEST_KEY_BYTES} bytes"
        raise DataError(f"{len(secret)} bytes", expected, field="key", hint=hint)
    digest = hmac.new(secret, identity.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return digest.hexdigest()[:_PSEUDONYM_DIGITS]


def personal_data(text: str) -> list[Match]:
    """Find e-mail addresses, phone numbers, personal addresses of web sites, and names in a program.

    Names are looked for in comments and strings, everything else everywhere. A phone number has 7 to 15
    digits (ITU-T E.164); a date is none. A web address is personal where its form says so (a user's own site
    or page) or a first name is in it. A "greeting" is a name that was introduced or greeted. Rare names and
    nicknames are missed: it is a second barrier behind the rule that programs of real students are not shown.

    Examples
    --------
    >>> [match.kind for match in personal_data("write 'My name is Tess, +1 555 010 9999'")]
    ['greeting', 'phone']
    """
    candidates = [Match("email", *match.span()) for match in _EMAIL.finditer(text)]
    candidates += [*_web_addresses(text), *_phones(text), *_names(text)]
    candidates.sort(key=lambda found: (_KINDS.index(found.kind), found.start, -found.end))
    kept: list[Match] = []
    for found in candidates:
        if not any(found.start < other.end and other.start < found.end for other in kept):
            kept.append(found)
    return sorted(kept, key=lambda found: found.start)


def _web_addresses(text: str) -> Iterator[Match]:
    for match in _WEB.finditer(text):
        address = match[0].rstrip(".,;:!?")
        has_name = any(word.casefold() in first_names() for word in _WORD.findall(address))
        if has_name or _PERSONAL_WEB.search(address):
            yield Match("web", match.start(), match.start() + len(address))


def _phones(text: str) -> Iterator[Match]:
    for match in _PHONE.finditer(text):
        digits = sum(character.isdigit() for character in match[0])
        if 7 <= digits <= 15 and not _DATE.fullmatch(match[0]):
            yield Match("phone", *match.span())


def _names(text: str) -> Iterator[Match]:
    """Find names in comments and strings; of a web page in all."""
    prose = [(0, len(text))] if _MARKUP.search(text) else [match.span() for match in _PROSE.finditer(text)]
    for low, high in prose:
        part = text[low:high]
        for pattern in (_SAID, _GREETED, _CLAIMED):
            for match in pattern.finditer(part):
                if pattern is not _CLAIMED or match[1].casefold() in first_names() | _WORDS:
                    yield Match("greeting", low + match.start(1), low + match.end(1))
        for match in _WORD.finditer(part):
            if match[0].casefold() in first_names():
                surname = _SURNAME.match(part, match.end())
                yield Match("name", low + match.start(), low + (surname or match).end())


@cache
def first_names() -> frozenset[str]:
    """List the first names of Faker's locales in small letters, without those that are short or words."""
    providers = [import_module(f"faker.providers.person.{locale}").Provider for locale in _LOCALES]
    names = {name.casefold() for provider in providers for name in provider.first_names}
    return frozenset(name for name in names if name.isalpha() and len(name) >= _SHORTEST_NAME) - _WORDS
