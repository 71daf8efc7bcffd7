from __future__ import annotations

import copy
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
import torch

from pcutils.analysis.adaptation import (
    adaptation_gains,
    measure_adaptation,
    measure_gap,
    plan_adaptation,
)
from pcutils.analysis.vector_fitting import finite_bits, fit_vectors
from pcutils.errors import ModelError
from pcutils.models import TraceModel, train_tokenizer
from pcutils.models.building import new_network
from pcutils.models.formats import make_format
from pcutils.models.tokenizer import SMALLEST_VOCABULARY
from pcutils.models.training_loop import Settings
from pcutils.trace import Trace, format_trace

START = datetime(2024, 5, 6, 9, 30)


def make_trace(username: str, day: int, programs: tuple[str, ...] = ("fd 10", "fd 10\nrt 90")) -> Trace:
    times = [START + timedelta(days=day, minutes=minute) for minute in range(len(programs))]
    return Trace.from_states(programs, times, title="line", username=username)


@pytest.fixture(scope="module")
def model() -> TraceModel:
    tokenizer = train_tokenizer([format_trace(make_trace("a", 0))], vocabulary=SMALLEST_VOCABULARY)
    settings = Settings(layers=1, width=16, heads=2, context=128, copy_hints=False)
    network = new_network(settings, make_format("edits", tokenizer), students=2)
    torch.manual_seed(0)
    for weight in network.parameters():  # a start this small would hide what the vector does
        torch.nn.init.normal_(weight, std=0.3)
    return TraceModel(network, tokenizer, {"a": 1, "b": 2})


def test_plan_orders_by_time_and_judges_every_budget_by_the_same_traces() -> None:
    traces = [make_trace(name, day) for name in "abc" for day in (5, 3, 1, 4, 2)]
    plan = plan_adaptation([*traces, make_trace("d", 1)], budgets=(0, 1, 2, 8), judge_traces=2)
    assert plan.budgets == (0, 1, 2)
    assert plan.students == ("a", "b", "c")
    assert plan.left_out == 1
    days = [(trace.timestamps[0] - START).days for trace in (*plan.learn[0], *plan.judge[0])]
    assert days == [1, 2, 3, 4]


def test_plan_of_too_few_students_says_why() -> None:
    plan = plan_adaptation([make_trace("a", day) for day in range(5)])
    assert "1 new students" in str(plan.why_not)
    assert "0 new students" in str(plan_adaptation([]).why_not)
    with pytest.raises(ModelError, match="too few"):
        measure_adaptation(None, plan)


def test_fitting_saves_bits_and_moves_nothing_else(model: TraceModel) -> None:
    traces = [[make_trace("x", 0)], [make_trace("y", 1, ("bk 5", "bk 5\npen red"))]]
    before = {name: weight.clone() for name, weight in model.network.state_dict().items()}
    wanted = [weight.requires_grad for weight in model.network.parameters()]
    vectors = fit_vectors(model, traces, checkpoints=(2, 30), progress=False)
    assert vectors.shape == (2, 2, 16)
    average = model.student_vectors([None])
    for row, learnt in enumerate(traces):
        bits = [model.score(learnt, student_vectors=vector[None])[0] for vector in vectors[:, row]]
        assert bits[1] < bits[0] < model.score(learnt, student_vectors=average)[0]
    after = model.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert wanted == [weight.requires_grad for weight in model.network.parameters()]


def test_students_fitted_side_by_side_do_not_influence_each_other(model: TraceModel) -> None:
    groups = [[make_trace("x", 0), make_trace("x", 1, ("fd 1",))], [make_trace("y", 2, ("bk 5\npen red",))]]
    together = fit_vectors(model, groups, checkpoints=(10,), progress=False)[0]
    alone = fit_vectors(model, groups[:1], checkpoints=(10,), progress=False)[0]
    assert torch.allclose(together[0], alone[0], atol=1e-3)
    assert not torch.allclose(together[0], together[1], atol=1e-1)


def test_every_fitted_vector_is_one_that_an_embedding_can_reach(model: TraceModel) -> None:
    vector = fit_vectors(model, [[make_trace("x", 0)]], checkpoints=(10,), progress=False)[0, 0]
    from scipy.optimize import nnls

    projection = model.network.student_projection
    weights, target = projection.weight.detach().numpy(), (vector - projection.bias.detach()).numpy()
    _, residual = nnls(weights.astype(float), target.astype(float))
    assert residual < 1e-3


def test_a_student_without_traces_is_refused(model: TraceModel) -> None:
    with pytest.raises(ModelError, match="without traces"):
        fit_vectors(model, [[]], progress=False)


def test_adaptation_table_has_every_budget_and_the_control(model: TraceModel) -> None:
    plan = plan_adaptation(
        [make_trace(name, day) for name in "pqr" for day in range(4)], budgets=(0, 1, 2), judge_traces=2
    )
    table = measure_adaptation(model, plan, checkpoints=(2, 4), progress=False)
    counts = table.groupby(["condition", "budget"]).size()
    assert counts.to_dict() == {("own", 0): 6, ("own", 1): 6, ("own", 2): 6, ("other", 2): 6}
    learnt = [trace for items in plan.judge for trace in items]
    average = table[(table["condition"] == "own") & (table["budget"] == 0)]
    assert average["bits"].to_numpy() == pytest.approx(model.score(learnt))
    gains = adaptation_gains(table, resamples=50)
    assert set(gains) == {"gain.k0", "gain.k1", "gain.k2", "control", "own_over_other"}
    assert gains["gain.k0"].value == 0


def test_gains_worked_out_by_hand() -> None:
    rows = []
    for name, start in (("a", 10.0), ("b", 20.0), ("c", 30.0)):
        for condition, budget, saved in (("own", 0, 0), ("own", 4, 3), ("other", 4, -1)):
            rows += [
                {
                    "username": name,
                    "trace": t,
                    "condition": condition,
                    "budget": budget,
                    "bits": start - saved,
                }
                for t in range(2)
            ]
    gains = adaptation_gains(pd.DataFrame(rows), resamples=50)
    assert (gains["gain.k4"].value, gains["gain.k4"].low, gains["gain.k4"].n) == (3, 3, 3)
    assert gains["control"].value == -1
    assert gains["own_over_other"].value == 4


class Scale:
    """A stand-in for a model whose bits are known: 10 a state, 2 less for known students' own vectors."""

    def student_vectors(self, usernames: list[str | None]) -> torch.Tensor:
        return torch.zeros(len(usernames), 1)

    def score(self, traces: list[Trace], student_vectors: torch.Tensor | None = None) -> np.ndarray:
        known = student_vectors is None
        return np.array(
            [10.0 * len(trace.programs) - 2 * (known and trace.username in "abc") for trace in traces]
        )


def test_gap_compares_within_titles() -> None:
    """The unseen students' titles take more states; that is no gap. What is left are the two bits."""
    short, long = ("fd 1",), ("fd 1", "fd 2", "fd 3")

    def titled(name: str, title: str, programs: tuple[str, ...]) -> Trace:
        return Trace.from_states(programs, title=title, username=name)

    seen = [titled(name, "short", short) for name in "abc"] + [titled("a", "long", long)]
    unseen = [titled(name, "long", long) for name in "xyz"] + [titled("x", "short", short)]
    found = measure_gap(Scale(), seen, [*unseen, titled("x", "nobody else", long * 9)], resamples=50)
    assert found["gap"].value == pytest.approx(2)
    assert found["seen_gain"].value == pytest.approx(2)


def test_gap_without_unseen_students_says_why() -> None:
    found = measure_gap(Scale(), [make_trace("a", 0)], [])
    assert not found["gap"].is_defined
    assert "0 of unseen" in str(found["gap"].reason)


def test_a_model_without_finite_scores_is_refused(model: TraceModel) -> None:
    broken = copy.deepcopy(model)
    with torch.no_grad():
        broken.network.student_projection.weight.fill_(float("nan"))
    traces = [make_trace("a", 0)]
    with pytest.raises(ModelError, match="no finite score for 1 of 1"):
        finite_bits(broken, traces)
    with pytest.raises(ModelError, match="no finite score"):
        measure_gap(broken, traces, traces)
    assert finite_bits(model, traces) == pytest.approx(model.score(traces))
