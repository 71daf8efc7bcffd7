from datetime import datetime, timedelta

import numpy as np
import pytest
import torch

from pcutils.analysis.adaptation import AdaptationPlan, fit_and_score, plan_adaptation
from pcutils.errors import DataError
from pcutils.trace import Trace

START = datetime(2024, 5, 6, 9, 30)


def make_trace(username: str, day: int, programs: tuple[str, ...] = ("fd 10", "fd 10\nrt 90")) -> Trace:
    times = [START + timedelta(days=day, minutes=minute) for minute in range(len(programs))]
    return Trace.from_states(programs, times, title="line", username=username)


def make_plan(students: str = "pqr", **options: object) -> AdaptationPlan:
    traces = [make_trace(name, day) for name in students for day in range(4)]
    return plan_adaptation(traces, budgets=(0, 1, 2), judge_traces=2, **options)


def test_plan_orders_by_time_and_judges_every_budget_by_the_same_traces() -> None:
    traces = [make_trace(name, day) for name in "abc" for day in (5, 3, 1, 4, 2)]
    plan = plan_adaptation([*traces, make_trace("d", 1)], budgets=(0, 1, 2, 8), judge_traces=2)
    assert plan.budgets == (0, 1, 2)
    assert plan.students == ("a", "b", "c")
    assert plan.left_out == 1
    days = [(trace.timestamps[0] - START).days for trace in (*plan.learn[0], *plan.judge[0])]
    assert days == [1, 2, 3, 4]


def test_plan_takes_the_students_with_most_traces() -> None:
    traces = [make_trace(name, day) for name, count in (("a", 3), ("b", 4), ("c", 3)) for day in range(count)]
    assert plan_adaptation(traces, budgets=(1, 2), max_students=2).students == ("b", "a")


@pytest.mark.parametrize("count", [0, 1])
def test_students_without_a_later_trace_are_refused(count: int) -> None:
    traces = [make_trace(name, 0) for name in "abc"][:count]
    with pytest.raises(DataError, match=f"{count} new students"):
        plan_adaptation(traces)


class Stand:
    """Instead of a model: a vector is (student, traces, steps), and a score tells which one it was given."""

    def student_vectors(self, usernames: list[None]) -> torch.Tensor:
        return torch.tensor([[-1.0, 0.0, 0.0]] * len(usernames))

    def adapt(self, groups: list[tuple[Trace, ...]], *, steps: tuple[int, ...], **_: object) -> torch.Tensor:
        rows = [
            [
                [float("pqr".index(str(group[0].username))), float(len(group)), float(count)]
                for group in groups
            ]
            for count in steps
        ]
        return torch.tensor(rows, dtype=torch.float)

    def score(self, traces: list[Trace], vectors: torch.Tensor) -> np.ndarray:
        return (100 * vectors[:, 0] + 10 * vectors[:, 1] + vectors[:, 2]).numpy()


def test_every_trace_is_scored_with_the_vector_of_its_student_budget_and_steps() -> None:
    table = fit_and_score(Stand(), make_plan(), steps=(3, 7))  # type: ignore[arg-type]
    assert len(table) == 6 * (1 + 2 * 2 + 2)
    average = table[table["budget"] == 0]
    assert (average["steps"].unique().tolist(), average["bits"].unique().tolist()) == ([0], [-100])
    for vector, shift in (("own", 0), ("other", 1)):
        part = table[(table["vector"] == vector) & (table["budget"] > 0)]
        student = (part["username"].map("pqr".index) + shift) % 3
        assert (part["bits"] == 100 * student + 10 * part["budget"] + part["steps"]).all()
        assert set(part["budget"]) == ({1, 2} if vector == "own" else {2})
