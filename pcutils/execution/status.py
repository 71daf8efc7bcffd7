"""Which programs of a collection run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pcutils.execution.executor import Executor

if TYPE_CHECKING:
    import pandas

COLUMNS = ["program_hash", "status", "error_kind", "message", "language"]


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
        ``status``, ``error_kind``, ``message``, ``language`` (strings; missing where there is none).
    """
    import pandas

    distinct = list(dict.fromkeys(programs))
    with Executor(workers=workers, seconds=seconds) as executor:
        rows = [
            [getattr(result, column) for column in COLUMNS]
            for result in executor.run(distinct, seed=seed, progress=progress)
        ]
    return pandas.DataFrame(rows, columns=COLUMNS).astype("string")
