"""Which programs of a collection run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from pcutils.execution.executor import Executor
from pcutils.execution.result import Result

if TYPE_CHECKING:
    import pandas


class Verdict(NamedTuple):
    """How a program ended; see :class:`pcutils.execution.Result`."""

    program_hash: str
    status: str
    error_kind: str | None
    message: str | None
    language: str
    line: int | None
    column: int | None


COLUMNS = list(Verdict._fields)
_NUMBERS = ("line", "column")


def run_status(
    programs: Iterable[str],
    *,
    workers: int = 2,
    seconds: float = 3.0,
    seed: int = 0,
    progress: bool = False,
) -> pandas.DataFrame:
    """Run every distinct program once and tell how it ended.

    Parameters
    ----------
    programs : iterable of str
        Programs, repeats allowed.
    workers : int
        Processes side by side.
    seconds : float
        Time limit of a program.
    seed : int
        Seed of the programs' own random numbers.
    progress : bool
        Show how far it is.

    Returns
    -------
    pandas.DataFrame
        One row a distinct program, in the order of first appearance, with the columns ``program_hash``,
        ``status``, ``error_kind``, ``message``, ``language`` (strings; missing where there is none), ``line``
        and ``column`` (Int64).
    """
    distinct = list(dict.fromkeys(programs))
    with Executor(workers=workers, seconds=seconds) as executor:
        return verdict_table(map(verdict_of, executor.run(distinct, seed=seed, progress=progress)))


def verdict_of(result: Result) -> Verdict:
    """Take the verdict out of a result."""
    return Verdict(*(getattr(result, column) for column in COLUMNS))


def verdict_table(verdicts: Iterable[Verdict]) -> pandas.DataFrame:
    """Put verdicts into a table with the columns of :func:`run_status`."""
    import pandas

    return with_types(pandas.DataFrame(verdicts, columns=COLUMNS))


def with_types(table: pandas.DataFrame) -> pandas.DataFrame:
    """Give the columns of a table of verdicts their types."""
    return table.astype({column: "Int64" if column in _NUMBERS else "string" for column in COLUMNS})
