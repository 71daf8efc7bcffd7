"""Read the cells of a ProgSnap2 table: truths, whole numbers, times and time zones."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

_TRUE, _FALSE = {"true", "t", "yes", "1", "1.0"}, {"false", "f", "no", "0", "0.0", ""}
_INTEGER = re.compile(r"([+-]?[0-9]{1,18})(?:\.0*)?")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)? ?(.*)"
)
_OFFSET = re.compile(r"(?:UTC|GMT)? ?([+-])([0-9]{1,2})(?::?([0-9]{2}))?")
_HOURS = re.compile(r"[0-9]{1,2}(?:\.0*)?")


def parse_truth(text: str) -> bool | None:
    """Read true or false; the text ``"false"`` is false, though Python takes every text for true.

    Parameters
    ----------
    text : str
        A cell.

    Returns
    -------
    bool or None
        None where it is neither. An empty cell is false.

    Examples
    --------
    >>> parse_truth("FALSE"), parse_truth("true"), parse_truth("perhaps")
    (False, True, None)
    """
    word = text.strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def parse_integer(text: str) -> int | None:
    """Read a whole number, also as ``"3.0"``, which tools write in columns with gaps.

    Parameters
    ----------
    text : str
        A cell.

    Returns
    -------
    int or None
        None where it is no whole number of at most 18 digits.

    Examples
    --------
    >>> parse_integer("12"), parse_integer("12.0"), parse_integer("12.5")
    (12, 12, None)
    """
    match = _INTEGER.fullmatch(text.strip())
    return int(match[1]) if match else None


@lru_cache(maxsize=1024)
def parse_time(text: str, zone: str = "") -> datetime | None:
    """Read a date and time of the ISO form.

    Parameters
    ----------
    text : str
        A cell, with or without a time zone at its end. A zone counts before `zone`.
    zone : str
        The cell of the column of time zones, empty where there is none.

    Returns
    -------
    datetime.datetime or None
        Without a time zone: in UTC where a zone is known, and as it stands where none is. None where it is
        no time or no zone.

    Examples
    --------
    >>> parse_time("2020-01-02T03:04:05+01:00")
    datetime.datetime(2020, 1, 2, 2, 4, 5)
    >>> parse_time("2020-01-02 03:04:05") == parse_time("2020-01-02 03:04:05", "UTC")
    True
    """
    match = _TIME.fullmatch(text.strip())
    if not match:
        return None
    *parts, fraction, own_zone = match.groups(default="")
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    microsecond = int(fraction[:6].ljust(6, "0")) if fraction else 0
    zone_text = (own_zone or zone).strip()
    try:
        moment = datetime(year, month, day, hour, minute, second, microsecond)
        if not zone_text:
            return moment
        found = parse_zone(zone_text)
        return None if found is None else moment.replace(tzinfo=found).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1024)
def parse_zone(text: str) -> tzinfo | None:
    """Read a time zone.

    Parameters
    ----------
    text : str
        ``Z``, ``UTC``, an offset such as ``+0200``, ``-05:00`` or ``UTC+2``, whole hours such as ``0``, or a
        name such as ``Europe/Berlin``.

    Returns
    -------
    datetime.tzinfo or None
        None where it is no zone.

    Examples
    --------
    >>> parse_zone("-05:00").utcoffset(None).total_seconds() / 3600
    -5.0
    """
    if text.upper() in {"Z", "UTC", "GMT"}:
        return UTC
    text = f"+{text}" if _HOURS.fullmatch(text) else text
    match = _OFFSET.fullmatch(re.sub(r"\.0*$", "", text))
    if match:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        if offset > timedelta(hours=14):
            return None
        return timezone(-offset if match[1] == "-" else offset)
    return ZoneInfo(text) if text in _zone_names() else None


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())
