"""One door to all sources of traces."""

from __future__ import annotations

import inspect
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pcutils.errors import DataError
from pcutils.progress import track
from pcutils.sources.hub import read_hub
from pcutils.sources.progsnap2 import stream_progsnap2
from pcutils.sources.quarantine import Quarantined, QuarantineWarning, summary
from pcutils.sources.repeats import MAY_REPEAT, Repeats
from pcutils.sources.rollouts import stream_rollouts
from pcutils.sources.rows import row_problems
from pcutils.sources.table import to_dataset, trace_row
from pcutils.trace import Trace

if TYPE_CHECKING:
    from datasets import Dataset
    from pandas import DataFrame, Series


@dataclass(frozen=True)
class Loaded:
    """What a source gave.

    Parameters
    ----------
    dataset : datasets.Dataset
        One row a trace.
    quarantined : list of Quarantined
        Rows that could not become a trace.
    students : pandas.DataFrame
        One row a student: ``username`` and, for made-up students, their true traits.
    published : pandas.Series, optional
        The split of each row of `dataset`, where the source publishes splits.
    counts : dict of str to int
        What became of everything that was read, where a source counts more than traces and rows kept aside.
    """

    dataset: Dataset
    quarantined: list[Quarantined]
    students: DataFrame
    published: Series | None = None
    counts: dict[str, int] = field(default_factory=dict)


class Read(NamedTuple):
    """What one row of a source became, and the split that it was published in."""

    result: Trace | Quarantined
    split: str | None = None


@dataclass
class Reading:
    """What a source gives, row by row.

    Parameters
    ----------
    rows : iterator of Read
        To be gone through once.
    traits : list of dict or pandas.DataFrame, optional
        The table of students, whole once all rows have been given; without it, their names are all there is.
    counts : collections.Counter
        As in :class:`Loaded`, complete once all rows have been given.
    """

    rows: Iterator[Read]
    traits: list[dict[str, Any]] | DataFrame | None = None
    counts: Counter[str] = field(default_factory=Counter)
    usernames: set[str] = field(default_factory=set)

    def students(self) -> DataFrame:
        """One row a student, once all rows have been given."""
        import pandas

        if self.traits is None:
            return pandas.DataFrame({"username": sorted(self.usernames)})
        return pandas.DataFrame(self.traits)


def _simulated(
    *,
    students: int = 200,
    titles: int | Sequence[str] | None = None,
    assignments_per_student: int = 12,
    seed: int = 0,
) -> Reading:
    from pcutils.simulate import simulate_students, traits_row

    options: dict[str, Any] = {"titles": titles, "assignments_per_student": assignments_per_student}
    traits: list[dict[str, Any]] = []

    def rows() -> Iterator[Read]:
        for student, traces in simulate_students(students, seed, **options):
            traits.append(traits_row(student))
            yield from map(Read, traces)

    return Reading(rows(), traits)


@wraps(stream_rollouts)
def _rollouts(**options: Any) -> Reading:
    return Reading(map(Read, stream_rollouts(**options)))


@wraps(read_hub)
def _hub(**options: Any) -> Reading:
    rows = track(read_hub(**options), label="Reading traces", unit="rows")
    return Reading(Read(row.result, row.split) for row in rows)


def _logs(*, path: str | Path, key: bytes | str, pattern: str | None = None) -> Reading:
    from pcutils.sources.logs import LINE, stream_logs

    counts: Counter[str] = Counter()
    rows = map(Read, stream_logs(path, key, pattern=pattern or LINE, counts=counts))
    return Reading(rows, counts=counts)


@wraps(stream_progsnap2)
def _progsnap2(**options: Any) -> Reading:
    read = stream_progsnap2(**options)
    students: list[dict[str, Any]] = []

    def rows() -> Iterator[Read]:
        yield from map(Read, read.rows)
        students.extend(read.students.rows())

    return Reading(rows(), students if read.students.columns else None, read.counts)


SOURCES: dict[str, Callable[..., Reading]] = {
    "simulated": _simulated,
    "rollouts": _rollouts,
    "hub": _hub,
    "logs": _logs,
    "progsnap2": _progsnap2,
}
"""Name of a source: what reads it."""

_FINDS_REPEATS = {"hub"}
"""Sources whose reader finds repeats by itself, because it knows the file and the row of each."""


def load(name: str, **options: Any) -> Dataset:
    """Get a table of traces from a source.

    Parameters
    ----------
    name : {"simulated", "rollouts", "hub", "progsnap2", "logs"}
        Which source.
    **options
        ``simulated``: ``students`` (how many, 200), ``titles`` (how many or which, all),
        ``assignments_per_student`` (12), ``seed`` (0); see :func:`pcutils.simulate.simulate`.
        ``rollouts``: ``path`` (folder of the published files), ``titles``, ``variant`` ("trace"),
        ``students``; see :func:`pcutils.sources.rollouts.stream_rollouts`.
        ``hub``: ``repository`` (the gated Pencil Code data) or ``path`` (a local folder of that shape),
        ``split``, ``streaming``, ``token``, ``revision``, ``encoding``, ``limit``,
        ``repeated_pairs``; see
        :func:`pcutils.sources.hub.read_hub`.
        ``logs``: ``path`` (file or folder), ``key`` (the secret for pseudonyms), ``pattern`` (of a line); see
        :func:`pcutils.sources.logs.stream_logs`.
        ``progsnap2``: ``path`` (folder of the data set), ``events`` (which make a state) and more; see
        :func:`pcutils.sources.progsnap2.stream_progsnap2`.

    Returns
    -------
    datasets.Dataset
        With :data:`pcutils.sources.TRACE_SCHEMA`. Rows that could not be read are counted in a
        :class:`QuarantineWarning`; :func:`load_with_quarantine` also returns them.

    Raises
    ------
    pcutils.errors.DataError
        If the source or an option is unknown, an option is missing or wrong, or the source cannot be read.
    """
    loaded = load_with_quarantine(name, **options)
    if loaded.quarantined:
        total = len(loaded.dataset) + len(loaded.quarantined)
        warnings.warn(summary(loaded.quarantined, total), QuarantineWarning, stacklevel=2)
    return loaded.dataset


def load_with_quarantine(name: str, **options: Any) -> Loaded:
    """Get a table of traces, the rows that were kept aside, and the students.

    Parameters
    ----------
    name, **options
        As for :func:`load`.

    Returns
    -------
    Loaded
        The table, the rows kept aside and the table of students.

    Raises
    ------
    pcutils.errors.DataError
        As for :func:`load`.
    """
    reading = stream(name, **options)
    traces: list[Trace] = []
    quarantined: list[Quarantined] = []
    splits: list[str | None] = []
    for result, split in reading.rows:
        if isinstance(result, Quarantined):
            quarantined.append(result)
        else:
            traces.append(result)
            splits.append(split)
    dataset = to_dataset(traces, name)
    return Loaded(dataset, quarantined, reading.students(), published_splits(splits), dict(reading.counts))


def published_splits(splits: Sequence[str | None]) -> Series | None:
    """Give the published splits as a column, or None where a source publishes none."""
    import pandas

    is_split = any(split is not None for split in splits)
    return pandas.Series(splits, name="split", dtype="str") if is_split else None


def stream(name: str, **options: Any) -> Reading:
    """Open a source to go through it row by row.

    Parameters
    ----------
    name, **options
        As for :func:`load`.

    Returns
    -------
    Reading
        Every trace has passed :func:`pcutils.sources.rows.row_problems`, and but for ``rollouts`` none is the
        same as one before. What stays in memory: for ``hub`` and ``simulated`` a row or a student, for
        ``rollouts`` a file, for ``logs`` and ``progsnap2`` the states of some of the students, while the
        others lie in a temporary folder; and a few bytes of each trace, to find repeats.

    Raises
    ------
    pcutils.errors.DataError
        As for :func:`load`; some of them only when the first row is asked for.
    """
    if name not in SOURCES:
        raise DataError(repr(name), "one of " + ", ".join(SOURCES), field="source")
    reader = SOURCES[name]
    known = inspect.signature(reader).parameters
    for option in options:
        if option not in known:
            raise DataError(f"option {option!r}", "one of " + ", ".join(known), field=f"options of {name}")
    for option, parameter in known.items():
        if parameter.default is inspect.Parameter.empty and options.get(option) is None:
            raise DataError("nothing", "a value", field=option, hint=f"The source {name!r} needs it.")
    reading = reader(**options)
    return replace(reading, rows=_validated(reading.rows, name, reading.usernames))


def _validated(rows: Iterator[Read], source: str, usernames: set[str]) -> Iterator[Read]:
    """Let every trace pass the one validator, whatever its reader has checked."""
    repeats = None if source in MAY_REPEAT | _FINDS_REPEATS else Repeats()
    for number, (result, split) in enumerate(rows):
        if not isinstance(result, Quarantined):
            problem = next(row_problems(trace_row(result, source, row=number)), None)
            if problem is None and repeats is not None:
                problem = repeats.problem(result)
            if problem is None:
                usernames.add(str(result.username))
            else:
                result = Quarantined(source, "traces", number, *problem)
        yield Read(result, split)
