"""Keep people private: keyed pseudonyms, and a finder of addresses, phone numbers and names."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pcutils.errors import DataError
from pcutils.person_names import find_names, has_first_name

LEAST_KEY_BYTES = 16
PSEUDONYM_DIGITS = 32
MASK = "x"

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
#: Of two findings in one place the first kind in this order stays.
_KINDS = ("email", "web", "phone", "greeting", "name")


@dataclass(frozen=True)
class Finding:
    """A place in a text that holds personal data.

    Parameters
    ----------
    kind : {"email", "web", "phone", "greeting", "name"}
        What it looks like: a greeting is a name that was introduced or greeted.
    start, end : int
        Where it is, in characters; `end` is the first one after it.
    """

    kind: str
    start: int
    end: int


def pseudonym(identity: str, key: bytes) -> str:
    """Replace a user's name by a pseudonym that only the holder of a key can tie to it.

    Parameters
    ----------
    identity : str
        The name.
    key : bytes
        A secret of at least 16 bytes, kept apart from the data. Without it nobody can try out names, as
        they could with a plain hash.

    Returns
    -------
    str
        32 hexadecimal digits, the same for the same name and key.

    Raises
    ------
    pcutils.errors.DataError
        If the key is too short.

    Notes
    -----
    HMAC-SHA256 (RFC 2104), its first 128 bits.

    Examples
    --------
    >>> pseudonym("turtle", b"sixteen bytes or more") == pseudonym("turtle", b"another key of 16 bytes")
    False
    """
    if len(key) < LEAST_KEY_BYTES:
        hint = "Make one with `secrets.token_bytes(32)` and keep it out of the data."
        raise DataError(f"{len(key)} bytes", f"a key of at least {LEAST_KEY_BYTES}", field="key", hint=hint)
    digest = hmac.new(key, identity.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return digest.hexdigest()[:PSEUDONYM_DIGITS]


def find_personal_data(text: str) -> list[Finding]:
    """Find e-mail addresses, phone numbers, personal addresses of web sites, and names.

    Parameters
    ----------
    text : str
        A program. Names are looked for in its comments and strings, everything else everywhere.

    Returns
    -------
    list of Finding
        In order, without overlaps. A phone number has 7 to 15 digits (ITU-T E.164) in groups that a
        blank, a dot or a hyphen divides; a date is none. A web address is personal where its form says so
        (a user's own site or page) or a first name is in it.

    Notes
    -----
    A finder of this kind misses names: rare ones, nicknames, names of variables. What it leaves is not
    anonymous; it is a second fence behind the rule that programs of people are not shown.

    Examples
    --------
    >>> [finding.kind for finding in find_personal_data("write 'mail turtle@example.org or +1 555 010 9999'")]
    ['email', 'phone']
    >>> [finding.kind for finding in find_personal_data("write 'My name is Tess'  # by Tess")]
    ['greeting', 'greeting']
    """
    candidates = [Finding("email", *match.span()) for match in _EMAIL.finditer(text)]
    candidates += [*_web_addresses(text), *_phones(text)]
    candidates += [Finding(*found) for found in find_names(text)]
    candidates.sort(key=lambda finding: (_KINDS.index(finding.kind), finding.start, -finding.end))
    kept: list[Finding] = []
    for finding in candidates:
        if not any(finding.start < other.end and other.start < finding.end for other in kept):
            kept.append(finding)
    return sorted(kept, key=lambda finding: finding.start)


def _web_addresses(text: str) -> Iterator[Finding]:
    for match in _WEB.finditer(text):
        address = match[0].rstrip(".,;:!?")
        if _PERSONAL_WEB.search(address) or has_first_name(address):
            yield Finding("web", match.start(), match.start() + len(address))


def _phones(text: str) -> Iterator[Finding]:
    for match in _PHONE.finditer(text):
        digits = sum(character.isdigit() for character in match[0])
        if 7 <= digits <= 15 and not _DATE.fullmatch(match[0]):
            yield Finding("phone", *match.span())


def mask_personal_data(text: str) -> str:
    """Write ``x`` over every letter and digit of what :func:`find_personal_data` finds.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        As long as `text`, with the same lines.

    Examples
    --------
    >>> mask_personal_data("# turtle@example.org")
    '# xxxxxx@xxxxxxx.xxx'
    """
    pieces, done = [], 0
    for finding in find_personal_data(text):
        pieces.append(text[done : finding.start])
        pieces.append(re.sub(r"[^\W_]", MASK, text[finding.start : finding.end]))
        done = finding.end
    return "".join([*pieces, text[done:]])
