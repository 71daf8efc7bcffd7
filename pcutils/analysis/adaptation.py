"""Adapting to new students: only the student's vector is fitted, to the first few traces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pcutils.errors import DataError
from pcutils.trace import Trace

if TYPE_CHECKING:
    from torch import Tensor

    from pcutils.models import TraceModel

BUDGETS = (0, 1, 2, 4, 8)
STEPS = (4, 8, 16, 32)


@dataclass(frozen=True)
class AdaptationPlan:
    """Which traces of each new student a vector is fitted to, and by which it is judged."""

    students: tuple[str, ...]
    learn: tuple[tuple[Trace, ...], ...]
    judge: tuple[tuple[Trace, ...], ...]
    budgets: tuple[int, ...]
    left_out: int


def plan_adaptation(
    traces: Iterable[Trace],
    *,
    budgets: Sequence[int] = BUDGETS,
    judge_traces: int = 4,
    max_students: int | None = None,
    min_share: float = 0.5,
) -> AdaptationPlan:
    """Order each new student's traces by time and split them into those to fit to and those to judge by.

    Parameters
    ----------
    traces : iterable of Trace
        Of students that training never saw.
    budgets : sequence of int
        Numbers of traces to fit to. A budget is dropped where fewer than `min_share` of the students have
        more traces than that.
    judge_traces : int
        At most so many traces a student are judged, the first ones after the largest budget, the same for all
        budgets.
    max_students : int, optional
        At most so many students, those with the most traces first.

    Raises
    ------
    DataError
        Where no student has two traces.

    Examples
    --------
    >>> traces = [Trace.from_states(["fd 1"], title="line", username="ada") for _ in range(4)]
    >>> plan = plan_adaptation(traces, budgets=(0, 1, 2, 4, 8))
    >>> plan.budgets, len(plan.learn[0]), len(plan.judge[0])
    ((0, 1, 2), 2, 2)
    """
    of_student: dict[str, list[Trace]] = {}
    for trace in traces:
        if trace.username is not None and trace.programs:
            of_student.setdefault(trace.username, []).append(trace)
    counts = np.array([len(items) for items in of_student.values()])
    needed = max(1.0, min_share * len(counts))
    kept = [k for k in sorted(set(budgets) | {0}) if k == 0 or np.sum(counts > k) >= needed]
    if len(kept) < 2:
        raise DataError(
            f"{len(counts)} new students, too few of them with more than one trace",
            "new students with several traces",
            hint="raise splits.students in the profile, or use a source with more traces a student",
        )
    most = kept[-1]
    able = [name for name, items in of_student.items() if len(items) > most]
    able = sorted(able, key=lambda name: (-len(of_student[name]), name))[:max_students]
    ordered = [sorted(of_student[name], key=_first_time) for name in able]
    return AdaptationPlan(
        students=tuple(able),
        learn=tuple(tuple(items[:most]) for items in ordered),
        judge=tuple(tuple(items[most : most + judge_traces]) for items in ordered),
        budgets=tuple(kept),
        left_out=int(np.sum(counts <= most)),
    )


def fit_and_score(
    model: TraceModel,
    plan: AdaptationPlan,
    *,
    steps: Sequence[int] = STEPS,
    learning_rate: float = 0.03,
    seed: int = 0,
    progress: bool = False,
) -> pd.DataFrame:
    """Fit a vector for each student and budget and score the student's later traces with it.

    A fit is scored after each of `steps`, ascending; `learning_rate` and `seed` are those of
    :meth:`pcutils.models.TraceModel.adapt`.

    Returns
    -------
    pandas.DataFrame
        One row a judged trace, vector and number of steps: `username`, `trace` (from 0 for each student),
        `vector` ("own", or "other": the vector fitted to the next student of the plan), `budget`, `steps`
        (0 for the average student, whose budget is 0) and `bits`.
    """
    budgets = plan.budgets[1:]
    groups = [learn[:budget] for budget in budgets for learn in plan.learn]
    fitted = model.adapt(groups, steps=steps, learning_rate=learning_rate, seed=seed, progress=progress)
    fitted = fitted.reshape(len(steps), len(budgets), len(plan.students), -1)
    average = model.student_vectors([None]).expand(len(plan.students), -1)
    tables = [_score(model, plan, average, vector="own", budget=0, steps=0)]
    for place, count in enumerate(steps):
        for number, budget in enumerate(budgets):
            tables.append(
                _score(model, plan, fitted[place, number], vector="own", budget=budget, steps=count)
            )
        others = fitted[place, -1].roll(-1, dims=0)
        tables.append(_score(model, plan, others, vector="other", budget=budgets[-1], steps=count))
    return pd.concat(tables, ignore_index=True)


def _first_time(trace: Trace) -> tuple[bool, float]:
    moment = trace.timestamps[0]
    return (True, 0.0) if moment is None else (False, moment.timestamp())


def _score(model: TraceModel, plan: AdaptationPlan, vectors: Tensor, **labels: object) -> pd.DataFrame:
    """Score the judged traces, each with the row of `vectors` that belongs to its student."""
    owner = [number for number, items in enumerate(plan.judge) for _ in items]
    return pd.DataFrame(
        {
            "username": [plan.students[number] for number in owner],
            "trace": [place for items in plan.judge for place in range(len(items))],
            "bits": model.score([trace for items in plan.judge for trace in items], vectors[owner]),
            **labels,
        }
    )
