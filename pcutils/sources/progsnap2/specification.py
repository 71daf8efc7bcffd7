"""The names of the ProgSnap2 specification, read from the data file beside this module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pcutils.errors import DataError

CUSTOM = "X-"
"""What the names of a data set's own event types, columns and values begin with."""

UNKNOWN_SUBJECT = "UNKNOWN"
"""The subject of an event of which nobody knows who did it."""

STATE_EVENTS = ("runs", "submissions", "saves", "edits")
"""Groups of events that make a state unless told otherwise."""


@dataclass(frozen=True)
class Specification:
    """The names of ProgSnap2.

    Parameters
    ----------
    datatypes : mapping of str to list of str
        Datatype: the columns of the main table that hold it.
    required_columns : list of str
        Columns that every main table has.
    enums : mapping of str to list of str
        Column or metadata property: the values it may have.
    open_enums : list of str
        Those to which a data set may add values.
    metadata : mapping of str to str
        Property: what it is where the data set does not say.
    event_types : mapping of str to list of str
        Event type: columns that it needs.
    groups : mapping of str to list of str
        Our names for groups of event types that record a state of the program.
    """

    datatypes: Mapping[str, list[str]]
    required_columns: list[str]
    enums: Mapping[str, list[str]]
    open_enums: list[str]
    metadata: Mapping[str, str]
    event_types: Mapping[str, list[str]]
    groups: Mapping[str, list[str]]


@cache
def specification() -> Specification:
    """Give the names of ProgSnap2.

    Returns
    -------
    Specification
        Read once from ``specification.yaml``.

    Examples
    --------
    >>> specification().enums["CompileResult"]
    ['Success', 'Warning', 'Error']
    """
    import yaml

    text = Path(__file__).with_name("specification.yaml").read_text(encoding="utf-8")
    # The base loader leaves every scalar a text, so that no name becomes a number, a truth or nothing.
    return Specification(**yaml.load(text, Loader=yaml.BaseLoader))


def event_types(events: Sequence[str]) -> frozenset[str]:
    """Turn names of groups and of event types into event types.

    Parameters
    ----------
    events : sequence of str
        Groups ("runs", "submissions", "saves", "edits"), event types of the specification, or a data set's
        own event types, which begin with ``X-``.

    Returns
    -------
    frozenset of str
        The event types.

    Raises
    ------
    pcutils.errors.DataError
        If a name is none of these, or there is none.

    Examples
    --------
    >>> sorted(event_types(["submissions", "X-Run"]))
    ['Submit', 'X-Run']
    """
    names = specification()
    found: set[str] = set()
    for name in [events] if isinstance(events, str) else events:
        if name in names.groups:
            found.update(names.groups[name])
        elif name in names.event_types or name.startswith(CUSTOM):
            found.add(name)
        else:
            expected = (
                f"one of {', '.join(names.groups)}, an event type of ProgSnap2, or one that begins with X-"
            )
            raise DataError(repr(name), expected, field="events")
    if not found:
        raise DataError("an empty list", "at least one event that makes a state", field="events")
    return frozenset(found)
