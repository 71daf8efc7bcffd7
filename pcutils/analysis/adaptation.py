"""Getting to know a new student: only the student's vector is fitted, on the first few traces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pcutils.analysis.statistics import Estimate, bootstrap_interval, undefined
from pcutils.trace import Trace

if TYPE_CHECKING:
    from pcutils.models import TraceModel

BUDGETS = (0, 1, 2, 4, 8)
CHECKPOINTS = (4, 8, 16, 32)
MIN_STUDENTS = 3


@dataclass(frozen=True)
class Plan:
    """Which traces of each new student a vector is fitted on, and which it is judged by.

    Parameters
    ----------
    students : tuple of str
        Who takes part.
    learn : tuple of tuple of Trace
        The first ``max(budgets)`` traces of each student, oldest first.
    judge : tuple of tuple of Trace
        Later traces of each student, the same for every budget.
    budgets : tuple of int
        How many of the first traces are used, ascending; 0 stands for the average student.
    left_out : int
        How many students had too few traces.
    """

    students: tuple[str, ...]
    learn: tuple[tuple[Trace, ...], ...]
    judge: tuple[tuple[Trace, ...], ...]
    budgets: tuple[int, ...]
    left_out: int

    @property
    def why_not(self) -> str | None:
        """Reason why nothing can be measured, or None."""
        if len(self.students) < MIN_STUDENTS:
            return f"{len(self.students)} new students with enough traces are too few ({MIN_STUDENTS} needed)"
        return None


def plan_adaptation(
    traces: Iterable[Trace],
    *,
    budgets: Sequence[int] = BUDGETS,
    judge_traces: int = 4,
    max_students: int | None = None,
    min_share: float = 0.5,
) -> Plan:
    """Order each new student's traces by time and part them into those to learn from and those to judge by.

    Parameters
    ----------
    traces : iterable of Trace
        Of students that training never saw.
    budgets : sequence of int
        Numbers of traces to learn from. Those that fewer than `min_share` of the students can afford, with
        one trace left to be judged by, are dropped.
    judge_traces : int
        At most so many traces a student are judged, the first ones after the largest budget.
    max_students : int, optional
        At most so many students, those with the most traces first.
    min_share : float

    Returns
    -------
    Plan

    Notes
    -----
    The judged traces are the same for all budgets, so a difference between budgets is not one between
    traces. A trace without a time comes after those with one, in the given order.

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
    affordable = [k for k in sorted(set(budgets) | {0}) if k == 0 or np.sum(counts > k) >= needed]
    most = affordable[-1]
    able = [name for name, items in of_student.items() if len(items) > most]
    able = sorted(able, key=lambda name: (-len(of_student[name]), name))[:max_students]
    ordered = [sorted(of_student[name], key=_first_time) for name in able]
    return Plan(
        students=tuple(able),
        learn=tuple(tuple(items[:most]) for items in ordered),
        judge=tuple(tuple(items[most : most + judge_traces]) for items in ordered),
        budgets=tuple(affordable),
        left_out=sum(count <= most for count in counts),
    )


def measure_adaptation(
    model: TraceModel,
    plan: Plan,
    *,
    checkpoints: Sequence[int] = CHECKPOINTS,
    learning_rate: float = 0.03,
    seed: int = 0,
    progress: bool = True,
) -> pd.DataFrame:
    """Fit a vector per student and budget, and judge it by the student's later traces.

    Parameters
    ----------
    model : TraceModel
        Stays as it is.
    plan : Plan
    checkpoints : sequence of int
        Numbers of steps to choose from. For each student the one is taken that serves the *other* students
        best, as somebody would do who meets this student for the first time.
    learning_rate : float
    seed : int
    progress : bool

    Returns
    -------
    pandas.DataFrame
        One row a judged trace and condition: `username`, `trace` (from 0 for each student), `condition`
        ("own" or "other", the vector fitted to the next student in the plan), `budget`, `steps`, `bits` (for
        the trace, lower is better).

    Raises
    ------
    pcutils.errors.ModelError
        Where the plan says that nothing can be measured.
    """
    from pcutils.analysis.vector_fitting import fit_vectors
    from pcutils.errors import ModelError

    if plan.why_not:
        raise ModelError(f"adaptation cannot be measured: {plan.why_not}.")
    budgets = [budget for budget in plan.budgets if budget]
    rows = [learn[:budget] for budget in budgets for learn in plan.learn]
    vectors = fit_vectors(
        model, rows, checkpoints=checkpoints, learning_rate=learning_rate, seed=seed, progress=progress
    )
    vectors = vectors.reshape(len(checkpoints), len(budgets), len(plan.students), -1)
    average = model.student_vectors([None])[0]
    tables = [_judge(model, plan, [average] * len(plan.students), condition="own", budget=0, steps=0)]
    for place, budget in enumerate(budgets):
        candidates = [
            _judge(model, plan, list(vectors[stop, place]), condition="own", budget=budget, steps=steps)
            for stop, steps in enumerate(checkpoints)
        ]
        chosen = _choose_by_others(candidates)
        tables.append(chosen)
        if budget == budgets[-1]:
            stop_of = chosen.drop_duplicates("username").set_index("username")["steps"]
            stops = [list(checkpoints).index(int(stop_of[name])) for name in plan.students]
            own = [vectors[stop, place, number] for number, stop in enumerate(stops)]
            others = own[1:] + own[:1]
            tables.append(_judge(model, plan, others, condition="other", budget=budget, steps=-1))
    return pd.concat(tables, ignore_index=True)


def _first_time(trace: Trace) -> tuple[bool, float]:
    moment = trace.timestamps[0]
    return (True, 0.0) if moment is None else (False, moment.timestamp())


def _judge(model: TraceModel, plan: Plan, vectors: Sequence, **labels: object) -> pd.DataFrame:
    import torch

    from pcutils.analysis.vector_fitting import finite_bits

    traces = [trace for items in plan.judge for trace in items]
    owner = [number for number, items in enumerate(plan.judge) for _ in items]
    bits = finite_bits(model, traces, torch.stack([vectors[number] for number in owner]))
    return pd.DataFrame(
        {
            "username": [plan.students[number] for number in owner],
            "trace": [place for items in plan.judge for place in range(len(items))],
            "bits": bits,
            **labels,
        }
    )


def _choose_by_others(candidates: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """For each student the candidate under which the other students' traces cost fewest bits."""
    means = pd.DataFrame([frame.groupby("username", sort=False)["bits"].mean() for frame in candidates])
    others = means.sum(axis=1).to_numpy()[:, None] - means.to_numpy()
    best = dict(zip(means.columns, others.argmin(axis=0), strict=True))
    parts = [frame[frame["username"].map(best) == number] for number, frame in enumerate(candidates)]
    return pd.concat(parts, ignore_index=True)


def adaptation_gains(bits: pd.DataFrame, *, resamples: int = 1000, seed: int = 0) -> dict[str, Estimate]:
    """Bits saved by a fitted vector, on the same traces of the same students.

    Parameters
    ----------
    bits : pandas.DataFrame
        From :func:`measure_adaptation`.
    resamples, seed : int

    Returns
    -------
    dict from str to Estimate
        ``gain.k<K>`` for each budget K (0 for K = 0): bits a trace saved over the average student;
        ``control``: the same for the vector of another new student with the largest budget;
        ``own_over_other``: how much more the student's own vector saves. Intervals over students.
    """
    keys = ["username", "trace"]
    wide = bits.assign(name=bits["condition"] + bits["budget"].astype(str)).pivot_table(
        index=keys, columns="name", values="bits", sort=False
    )
    students = wide.index.get_level_values("username")
    most = int(bits["budget"].max())

    def saved(name: str, reference: str = "own0") -> Estimate:
        if name not in wide:
            return undefined(0, "no student has enough traces")
        gaps = (wide[reference] - wide[name]).to_numpy()
        return bootstrap_interval(gaps, groups=students, resamples=resamples, seed=seed)

    budgets = sorted({int(budget) for budget in bits["budget"]})
    return {
        **{f"gain.k{budget}": saved(f"own{budget}") for budget in budgets},
        "control": saved(f"other{most}"),
        "own_over_other": saved(f"own{most}", reference=f"other{most}"),
    }


def measure_gap(
    model: TraceModel,
    seen: Sequence[Trace],
    unseen: Sequence[Trace],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Estimate]:
    """How much harder traces of unseen students are than held-out traces of seen ones.

    Parameters
    ----------
    model : TraceModel
    seen : sequence of Trace
        Held-out traces of students that training saw; read with each student's own vector.
    unseen : sequence of Trace
        Traces of other students; read with the average student's vector.
    resamples, seed : int

    Returns
    -------
    dict from str to Estimate
        ``gap``: bits a trace, unseen minus seen, of traces with the same title, number of states and length
        of the last program (least squares; titles that only one side has say nothing, and are left out);
        ``seen_gain``: bits a trace that a seen student's own vector saves over the average student's.
    """
    import torch

    from pcutils.analysis.vector_fitting import finite_bits

    if not seen or not unseen:
        missing = undefined(0, f"{len(seen)} traces of seen and {len(unseen)} of unseen students")
        return {"gap": missing, "seen_gain": missing}
    own = finite_bits(model, seen)
    average = model.student_vectors([None])[0]
    as_average = finite_bits(model, seen, torch.stack([average] * len(seen)))
    strangers = finite_bits(model, unseen)
    frame = pd.DataFrame(
        {
            "username": [trace.username for trace in [*seen, *unseen]],
            "title": [trace.title for trace in [*seen, *unseen]],
            "unseen": [0.0] * len(seen) + [1.0] * len(unseen),
            "states": [float(len(trace.programs)) for trace in [*seen, *unseen]],
            "characters": [float(len(trace.programs[-1])) for trace in [*seen, *unseen]],
            "bits": np.concatenate([own, strangers]),
        }
    )
    frame = frame[frame.groupby("title")["unseen"].transform("nunique") == 2]
    columns = ["bits", "unseen", "states", "characters"]
    within = frame[columns] - frame.groupby("title")[columns].transform("mean")
    gap = bootstrap_interval(
        within.to_numpy(), _coefficient, groups=frame["username"].to_numpy(), resamples=resamples, seed=seed
    )
    seen_names = [trace.username for trace in seen]
    return {
        "gap": gap,
        "seen_gain": bootstrap_interval(as_average - own, groups=seen_names, resamples=resamples, seed=seed),
    }


def _coefficient(rows: np.ndarray) -> float:
    """Least-squares coefficient of the second column in predicting the first from all the others."""
    if not rows[:, 1].any():
        return float("nan")
    return float(np.linalg.lstsq(rows[:, 1:], rows[:, 0], rcond=None)[0][0])
