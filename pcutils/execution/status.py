"""Which programs of a collection run."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from pcutils.execution.executor import Executor

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


COLUMNS = list(Verdict._fields)


def run_status(
    programs: Iterable[str],
    *,
    workers: int = 2,
    seconds: float = 3.0,
    executor: Executor | None = None,
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
    executor : Executor, optional
        Runs them in place of one that is started for this call, with `workers` and `seconds` of its own.
    seed : int
        Seed of the programs' own random numbers.
    progress : bool
        Show how far it is.

    Returns
    -------
    pandas.DataFrame
        One row a distinct program, in the order of first appearance, with the columns ``program_hash``,
        ``status``, ``error_kind``, ``message``, ``language`` (strings; missing where there is none) and
        ``line`` (Int64).
    """
    distinct = list(dict.fromkeys(programs))
    with nullcontext(executor) if executor else Executor(workers=workers, seconds=seconds) as runner:
        results = runner.run(distinct, seed=seed, progress=progress)
        return verdict_table(Verdict(*(getattr(one, column) for column in COLUMNS)) for one in results)


def verdict_table(verdicts: Iterable[Verdict]) -> pandas.DataFrame:
    """Put verdicts into a table with the columns of :func:`run_status`."""
    import pandas

    return with_types(pandas.DataFrame(verdicts, columns=COLUMNS))


def with_types(table: pandas.DataFrame) -> pandas.DataFrame:
    """Give the columns of a table of verdicts their types."""
    return table.astype({column: "Int64" if column == "line" else "string" for column in COLUMNS})
