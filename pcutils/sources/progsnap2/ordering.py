"""Put the events of a trace in order, and find the states among them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pcutils.sources.progsnap2.events import Event
from pcutils.sources.progsnap2.folder import Metadata


class Ordered(NamedTuple):
    """The events of a trace.

    Attributes
    ----------
    events : list of Event
        In order, those of `backwards` left out.
    times : list of datetime.datetime or None
        One an event.
    backwards : list of Event
        As few as possible that contradict the order of the others by their times.
    column : int
        Which of the columns of times was used.
    """

    events: list[Event]
    times: list[datetime | None]
    backwards: list[Event]
    column: int


def in_order(events: Sequence[Event], metadata: Metadata) -> Ordered:
    """Put the events of one trace in order.

    Parameters
    ----------
    events : sequence of Event
        In the order of the file.
    metadata : Metadata
        What the data set says of its order.

    Returns
    -------
    Ordered
        By ``Order`` where it can be compared and events have one clock; else by time where all are known;
        else by ``Order`` where it can be compared; else as in the file.
    """
    column = _time_column(events)
    ordered = list(events)
    is_timed = bool(events and events[0].times) and all(event.times[column] for event in events)
    is_comparable = _is_comparable(events, metadata)
    if is_comparable and (metadata.is_order_consistent or not is_timed):
        ordered.sort(key=_order)
    elif is_timed:
        ordered.sort(key=lambda event: (event.times[column], _order(event) if is_comparable else 0))
    times = [event.times[column] if event.times else None for event in ordered]
    kept = longest_ascent(times)
    left = sorted(set(range(len(ordered))) - set(kept))
    return Ordered(
        [ordered[place] for place in kept],
        [times[place] for place in kept],
        [ordered[place] for place in left],
        column,
    )


def longest_ascent(times: Sequence[datetime | None]) -> list[int]:
    """Choose as many places as possible whose times never run backwards.

    Parameters
    ----------
    times : sequence of datetime.datetime or None
        None is unknown and fits everywhere.

    Returns
    -------
    list of int
        Ascending. All places where the times are in order already.

    Examples
    --------
    >>> days = [datetime(2020, 1, day) for day in (1, 9, 2, 3)]
    >>> longest_ascent([*days[:2], None, *days[2:]])
    [0, 2, 3, 4]
    """
    ends: list[datetime] = []
    places: list[int] = []
    before: dict[int, int | None] = {}
    for place, time in enumerate(times):
        if time is None:
            continue
        length = bisect_right(ends, time)
        before[place] = places[length - 1] if length else None
        ends[length : length + 1] = [time]
        places[length : length + 1] = [place]
    kept = {place for place, time in enumerate(times) if time is None}
    last = places[-1] if places else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return sorted(kept)


def _time_column(events: Sequence[Event]) -> int:
    """Choose the first column in which every event has a time, else the first that has any."""
    columns = range(len(events[0].times)) if events else range(0)
    for enough in (all, any):
        for column in columns:
            if enough(event.times[column] is not None for event in events):
                return column
    return 0


def _is_comparable(events: Sequence[Event], metadata: Metadata) -> bool:
    return (
        metadata.order_scope is not None
        and all(event.order is not None for event in events)
        and len({event.scope for event in events}) <= 1
    )


def _order(event: Event) -> int:
    return event.order or 0


class Action:
    """A state and the events that belong to what the student did then.

    Parameters
    ----------
    event : Event
        The first one.
    program : str
        The state.
    """

    def __init__(self, event: Event, program: str) -> None:
        self.program = program
        self._events: set[str] = set()
        self._parents: set[str] = set()
        self._executions: set[str] = set()
        self.add(event)

    def add(self, event: Event) -> None:
        """Count one more event to this action."""
        for names, name in (
            (self._events, event.event),
            (self._parents, event.parent),
            (self._executions, event.execution),
        ):
            if name:
                names.add(name)

    def holds(self, event: Event, program: str) -> bool:
        """Say whether an event belongs to this action: same program, and parent or execution shared."""
        return program == self.program and (
            event.parent in self._events | self._parents
            or event.event in self._parents
            or event.execution in self._executions
        )
