"""The five training sets: the same students and programs, with more or less of how they came about.

A new variant is one decorated function: a table in, a table out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pcutils.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

Row = dict[str, Any]
Count = Callable[[str], int]
Build = Callable[["Dataset", int, Count], "Dataset"]


@dataclass(frozen=True)
class Variant:
    """What one model is trained on: its name, what figures call it, its colour, and how to build it."""

    name: str
    label: str
    color: str
    build: Build


VARIANTS: dict[str, Variant] = {}


def variant(name: str, label: str, color: str) -> Callable[[Build], Build]:
    """Register the function that builds a variant from a table, a seed and a size of text."""

    def register(build: Build) -> Build:
        VARIANTS[name] = Variant(name, label, color, build)
        return build

    return register


def build_variant(dataset: Dataset, name: str, *, seed: int = 0, count: Count = len) -> Dataset:
    """Turn a table of traces into what one of the models is trained on (the paper, section on models).

    Parameters
    ----------
    dataset : datasets.Dataset
        Table of traces.
    name : str
        One of :data:`VARIANTS`: ``trace`` keeps the rows as they are; ``last`` keeps the final program alone;
        ``synthetic`` grows the final program line by line; the downsampled ones keep as many of the traces,
        drawn at random, as fill the size of ``last``. Only a complete trace has a final program: ``last`` and
        ``synthetic`` leave the others out.
    seed : int
        Decides which traces the downsampled variants keep.
    count : callable
        Size of a trace's text: characters by default; pass a tokenizer's count to compare tokens.

    Returns
    -------
    datasets.Dataset
        Same columns, rows in the same order. Changed rows lie in a temporary file, not in memory.
    """
    if name not in VARIANTS:
        raise DataError(f"variant {name!r}", f"one of {', '.join(VARIANTS)}")
    return VARIANTS[name].build(dataset, seed, count)


@variant("trace", "whole traces", "#3a6cc6")
def _trace(dataset: Dataset, seed: int, count: Count) -> Dataset:
    return dataset


@variant("synthetic", "synthetic traces", "#ce7b07")
def _synthetic(dataset: Dataset, seed: int, count: Count) -> Dataset:
    return _mapped(_complete(dataset), _grown)


@variant("last", "final programs", "#18a07a")
def _last(dataset: Dataset, seed: int, count: Count) -> Dataset:
    return _mapped(_complete(dataset), _final)


@variant("trace_downsampled", "fewer whole traces", "#924bfd")
def _trace_downsampled(dataset: Dataset, seed: int, count: Count) -> Dataset:
    return _downsampled(dataset, dataset, seed, count)


@variant("synthetic_downsampled", "fewer synthetic traces", "#d0303c")
def _synthetic_downsampled(dataset: Dataset, seed: int, count: Count) -> Dataset:
    return _downsampled(_synthetic(dataset, seed, count), dataset, seed, count)


def grow(program: str, states: int) -> list[str]:
    """Grow a program from its first lines to the whole, at least one line of code a step."""
    lines = program.split("\n")
    ends = [index + 1 for index, line in enumerate(lines) if line.strip()]
    steps = max(1, min(states, len(ends)))
    cuts = [ends[-(-len(ends) * step // steps) - 1] for step in range(1, steps)]
    return ["\n".join(lines[:cut]) for cut in cuts] + [program]


def _complete(dataset: Dataset) -> Dataset:
    """Keep the traces that have a final program."""
    flags = (row["is_complete"] for row in dataset.select_columns(["is_complete"]))
    complete = dataset.select([place for place, is_complete in enumerate(flags) if is_complete])
    if not len(complete):
        raise DataError(f"no complete trace among {len(dataset)}", "at least one, to take its final program")
    return complete


def _mapped(dataset: Dataset, change: Callable[[Row], Row]) -> Dataset:
    with _without_bars():
        return dataset.map(change, features=dataset.features, load_from_cache_file=False)


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


def _final(row: Row) -> Row:
    """Keep the last state."""
    lists = {name: row[name][-1:] for name in ("programs", "timestamps", "outcomes") if row.get(name)}
    return {**row, **lists}


def _grown(row: Row) -> Row:
    """Grow the final program; each state takes the time of the real state at the same share of the way."""
    import numpy as np

    programs = grow(row["programs"][-1], len(row["programs"]))
    real = len(row["timestamps"])
    places = np.linspace(0, real - 1, len(programs)).round().astype(int) if len(programs) > 1 else [real - 1]
    changed = {**row, "programs": programs, "timestamps": [row["timestamps"][place] for place in places]}
    # Only the last state is one that the student had, so only its outcome is known.
    if row.get("outcomes"):
        changed["outcomes"] = [None] * (len(programs) - 1) + row["outcomes"][-1:]
    return changed


def _downsampled(chosen: Dataset, dataset: Dataset, seed: int, count: Count) -> Dataset:
    """Draw as many rows as fill the size of the variant `last`."""
    budget = sum(_size(_final(row), count) for row in _complete(dataset))
    return chosen.select(_fill([_size(row, count) for row in chosen], budget, seed))


def _size(row: Row, count: Count) -> int:
    """Size of the text that a model reads: a header line a state, and its program."""
    states = enumerate(zip(row["timestamps"], row["programs"], strict=True), start=1)
    return count(
        "".join(f"CODE {number} ({timestamp}):\n{program}\n" for number, (timestamp, program) in states)
    )


def _fill(sizes: Sequence[int], budget: int, seed: int) -> list[int]:
    """Draw places at random while their sizes bring the total nearer to the budget; at least one."""
    import numpy as np

    total = 0
    kept: list[int] = []
    for place in np.random.default_rng(seed).permutation(len(sizes)):
        if kept and abs(total + sizes[place] - budget) > abs(total - budget):
            break
        kept.append(int(place))
        total += sizes[place]
    return sorted(kept)
