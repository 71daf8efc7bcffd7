"""One door to all sources of traces."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pcutils.errors import DataError
from pcutils.sources.progsnap2 import load_progsnap2
from pcutils.sources.quarantine import Quarantined, QuarantineWarning, summary
from pcutils.sources.rollouts import load_rollouts
from pcutils.sources.table import to_dataset
from pcutils.trace import Trace

if TYPE_CHECKING:
    from datasets import Dataset
    from pandas import DataFrame


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
    """

    dataset: Dataset
    quarantined: list[Quarantined]
    students: DataFrame


def _simulated(
    *,
    students: int = 200,
    titles: int | Sequence[str] | None = None,
    assignments_per_student: int = 12,
    seed: int = 0,
) -> tuple[list[Trace], list[Quarantined], DataFrame]:
    from pcutils.simulate import simulate

    traces, traits = simulate(students, seed, titles=titles, assignments_per_student=assignments_per_student)
    return traces, [], traits


def _rollouts(
    *,
    path: str,
    titles: int | Sequence[str] | None = None,
    variant: str = "trace",
    students: int | None = None,
) -> tuple[list[Trace], list[Quarantined], DataFrame]:
    import pandas

    traces, quarantined = load_rollouts(path=path, titles=titles, variant=variant, students=students)
    usernames = sorted({str(trace.username) for trace in traces})
    return traces, quarantined, pandas.DataFrame({"username": usernames})


SOURCES: dict[str, Callable[..., tuple[list[Trace], list[Quarantined], DataFrame]]] = {
    "simulated": _simulated,
    "rollouts": _rollouts,
    "progsnap2": load_progsnap2,
}
"""Name of a source: what reads it."""


def load(name: str, **options: Any) -> Dataset:
    """Get a table of traces from a source.

    Parameters
    ----------
    name : {"simulated", "rollouts", "progsnap2"}
        Which source.
    **options
        ``simulated``: ``students`` (how many, 200), ``titles`` (how many or which, all),
        ``assignments_per_student`` (12), ``seed`` (0); see :func:`pcutils.simulate.simulate`.
        ``rollouts``: ``path`` (folder of the published files), ``titles``, ``variant`` ("trace"),
        ``students``; see :func:`pcutils.sources.rollouts.load_rollouts`.
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
    traces, quarantined, students = reader(**options)
    return Loaded(to_dataset(traces, name), quarantined, students)
