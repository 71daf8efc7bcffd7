"""The five training sets: the same students and programs, told with more or less of how they came about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from pcutils.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

VARIANTS = ("trace", "synthetic", "last", "trace_downsampled", "synthetic_downsampled")

Row = dict[str, Any]


def build_variant(
    dataset: Dataset,
    name: str,
    *,
    seed: int = 0,
    count: Callable[[str], int] = len,
) -> Dataset:
    """Turn a table of traces into what one of the five models is trained on.

    Parameters
    ----------
    dataset : datasets.Dataset
        Table of traces.
    name : {"trace", "synthetic", "last", "trace_downsampled", "synthetic_downsampled"}
        ``trace`` keeps the rows as they are; ``last`` keeps the final program alone; ``synthetic`` grows the
        final program line by line; the downsampled ones keep as many of the traces, drawn at random, as fill
        the size of ``last``.
    seed : int
        Decides which traces the downsampled variants keep.
    count : callable
        Size of a trace's text. Characters by default; pass a tokenizer's count to compare tokens.

    Returns
    -------
    datasets.Dataset
        Same columns, rows in the same order. What is told anew lies in a temporary file, so that memory does
        not hold the texts of all traces.

    Raises
    ------
    DataError
        If the name is unknown, or no complete trace is there to take a final program from.

    Notes
    -----
    The paper, section on models. Only a complete trace has a final program: the last state of a trace that
    was cut is one the student went on from, so ``last`` and ``synthetic`` leave such traces out.
    """
    if name not in VARIANTS:
        raise DataError(f"variant {name!r}", f"one of {', '.join(VARIANTS)}")
    base, _, downsampled = name.partition("_")
    if base == "trace" and not downsampled:
        return dataset
    is_complete = (row["is_complete"] for row in dataset.select_columns(["is_complete"]))
    whole = dataset.select([place for place, is_whole in enumerate(is_complete) if is_whole])
    if not len(whole):
        raise DataError(f"no complete trace among {len(dataset)}", "at least one, to take its final program")
    told = dataset if base == "trace" else _retell(whole, _last if base == "last" else _synthetic)
    if downsampled:
        budget = sum(_size(_last(row), count) for row in whole)
        told = told.select(_fill([_size(row, count) for row in told], budget, seed))
    return told


def grow(program: str, states: int) -> list[str]:
    r"""Grow a program from its first lines to the whole, at least one line of code a step.

    Parameters
    ----------
    program : str
        The final program.
    states : int
        How many states are wanted, at least 1.

    Returns
    -------
    list of str
        At most `states` and at most as many as there are lines that are not blank; the last is `program`.

    Examples
    --------
    >>> grow("pen red\n\nfd 100\nrt 90", 2)
    ['pen red\n\nfd 100', 'pen red\n\nfd 100\nrt 90']
    """
    lines = program.split("\n")
    ends = [index + 1 for index, line in enumerate(lines) if line.strip()]
    steps = max(1, min(states, len(ends)))
    cuts = [ends[-(-len(ends) * step // steps) - 1] for step in range(1, steps)]
    return ["\n".join(lines[:cut]) for cut in cuts] + [program]


def _retell(dataset: Dataset, tell: Callable[[Row], Row]) -> Dataset:
    with _without_bars():
        return dataset.map(tell, features=dataset.features, load_from_cache_file=False)


@contextmanager
def _without_bars() -> Iterator[None]:
    from datasets import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    were_shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if were_shown:
            enable_progress_bars()


def _last(row: Row) -> Row:
    return {**row, "programs": row["programs"][-1:], "timestamps": row["timestamps"][-1:]}


def _synthetic(row: Row) -> Row:
    """Grow the final program; each state takes the time of the real state at the same share of the way."""
    programs = grow(row["programs"][-1], len(row["programs"]))
    real = len(row["timestamps"])
    places = np.linspace(0, real - 1, len(programs)).round().astype(int) if len(programs) > 1 else [real - 1]
    return {**row, "programs": programs, "timestamps": [row["timestamps"][place] for place in places]}


def _size(row: Row, count: Callable[[str], int]) -> int:
    """Size of the text that a model reads: a header line a state, and its program."""
    states = enumerate(zip(row["timestamps"], row["programs"], strict=True), start=1)
    return count(
        "".join(f"CODE {number} ({timestamp}):\n{program}\n" for number, (timestamp, program) in states)
    )


def _fill(sizes: Sequence[int], budget: int, seed: int) -> list[int]:
    """Draw places at random while their sizes bring the total nearer to the budget; at least one."""
    total = 0
    kept: list[int] = []
    for place in np.random.default_rng(seed).permutation(len(sizes)):
        if kept and abs(total + sizes[place] - budget) > abs(total - budget):
            break
        kept.append(int(place))
        total += sizes[place]
    return sorted(kept)
