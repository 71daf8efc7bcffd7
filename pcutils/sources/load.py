"""One door to all sources of traces."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pcutils.errors import DataError
from pcutils.sources.hub import load_hub, read_hub
from pcutils.sources.progsnap2 import load_progsnap2
from pcutils.sources.quarantine import Quarantined, QuarantineWarning, summary
from pcutils.sources.rollouts import load_rollouts
from pcutils.sources.table import to_dataset
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


class Reading(NamedTuple):
    """What the reader of a source gives; see :class:`Loaded`."""

    traces: list[Trace]
    quarantined: list[Quarantined]
    students: DataFrame
    published: Series | None = None
    counts: Mapping[str, int] = {}


def _simulated(
    *,
    students: int = 200,
    titles: int | Sequence[str] | None = None,
    assignments_per_student: int = 12,
    seed: int = 0,
) -> Reading:
    from pcutils.simulate import simulate

    traces, traits = simulate(students, seed, titles=titles, assignments_per_student=assignments_per_student)
    return Reading(traces, [], traits)


@wraps(load_rollouts)
def _rollouts(**options: Any) -> Reading:
    traces, quarantined = load_rollouts(**options)
    return Reading(traces, quarantined, _students_of(traces))


@wraps(read_hub)
def _hub(**options: Any) -> Reading:
    import pandas

    traces, quarantined, splits = load_hub(**options)
    published = pandas.Series(splits, name="split", dtype="str")
    return Reading(traces, quarantined, _students_of(traces), published)


def _logs(*, path: str | Path, key: bytes | str, pattern: str | None = None) -> Reading:
    from pcutils.sources.logs import LINE, read_logs

    read = read_logs(path, key, pattern=pattern or LINE)
    return Reading(read.traces, read.quarantined, _students_of(read.traces), counts=read.counts)


def _students_of(traces: Iterable[Trace]) -> DataFrame:
    import pandas

    return pandas.DataFrame({"username": sorted({str(trace.username) for trace in traces})})


SOURCES: dict[str, Callable[..., tuple[Any, ...]]] = {
    "simulated": _simulated,
    "rollouts": _rollouts,
    "hub": _hub,
    "logs": _logs,
    "progsnap2": load_progsnap2,
}
"""Name of a source: what reads it, and gives the fields of a :class:`Reading`."""


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
        ``students``; see :func:`pcutils.sources.rollouts.load_rollouts`.
        ``hub``: ``repository`` (the gated Pencil Code data) or ``path`` (a local folder of that shape),
        ``split``, ``streaming``, ``token``, ``revision``, ``encoding``, ``limit``; see
        :func:`pcutils.sources.hub.read_hub`.
        ``logs``: ``path`` (file or folder), ``key`` (the secret for pseudonyms), ``pattern`` (of a line); see
        :func:`pcutils.sources.logs.read_logs`.
        ``progsnap2``: ``path`` (folder of the data set), ``events`` (which make a state) and more; see
        :func:`pcutils.sources.progsnap2.read_progsnap2`.

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
    read = Reading(*reader(**options))
    dataset = to_dataset(read.traces, name)
    return Loaded(dataset, read.quarantined, read.students, read.published, dict(read.counts))
