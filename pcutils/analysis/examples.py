"""A trace that is worth looking at, and that may be looked at."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from pcutils.errors import DataError
from pcutils.trace import Trace

#: How many made-up traces are tried.
MOST_TRIED = 400


def example_trace(run: Any, executor: Any, *, fewest: int = 5, most: int = 9, seed: int = 0) -> Trace:
    """Find a made-up trace with a mistake in the middle and a drawing at the end.

    Parameters
    ----------
    run : Run
        Its own traces are used where its students are made up; else some are made up on the spot, because
        programs of people are not shown. A line that a student of the run happens to have written is not in
        them.
    executor : Executor
        Runs the programs.
    fewest, most : int
        How many states it may have.
    seed : int
        Of students made up on the spot.

    Returns
    -------
    Trace
        Some state of it fails, the last one runs and draws.

    Raises
    ------
    DataError
        Where none of the first traces is like that.
    """
    fitting = (
        trace
        for trace in _made_up(run, seed)
        if fewest <= len(trace.programs) <= most and run.may_show("\n".join(trace.programs))
    )
    for trace in islice(fitting, MOST_TRIED):
        results = list(executor.run(trace.programs))
        failed = any(result.status != "success" for result in results[1:-1])
        if failed and results[-1].status == "success" and len(results[-1].drawing.ops) >= 3:
            return trace
    raise DataError(
        f"no trace with a mistake and a drawing among {MOST_TRIED}",
        "one",
        hint="Try another seed or other lengths.",
    )


def _made_up(run: Any, seed: int) -> Iterable[Trace]:
    if run.may_show_programs:
        from pcutils.sources import traces_of

        return traces_of(run.traces())
    from pcutils.simulate import simulate

    return simulate(students=12, seed=seed)[0]
