"""Simulated students, whose traits are known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pcutils.data.rows import Item, Record
from pcutils.data.sources import Count, SourceOptions, source


class SimulatedOptions(SourceOptions):
    """Simulated students; `titles` is how many assignments there are, or which."""

    source: Literal["simulated"] = "simulated"
    students: Count = 200
    titles: Count | list[str] | None = None
    assignments_per_student: Count = 12
    seed: int = 0


@source(SimulatedOptions, label="simulated students", sampled=True)
def read(options: SimulatedOptions) -> Iterator[Item]:
    """Simulate one student after the other, so that only one is in memory."""
    from pcutils.simulate import simulate_students, traits_row

    chosen = options.model_dump(include={"students", "titles", "assignments_per_student", "seed"})
    for student, traces in simulate_students(**chosen):
        yield from (Record(trace, traits=traits_row(student)) for trace in traces)
