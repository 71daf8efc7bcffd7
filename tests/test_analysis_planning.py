"""The arithmetic of the plan, against networks that are built and optimizers that have moved them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny_models import made_up_traces, tiny_tokenizer
from torch.utils.flop_counter import FlopCounterMode

from pcutils.analysis import planning
from pcutils.analysis.planning import Accelerator, Shape
from pcutils.models.batches import collate, make_examples
from pcutils.models.building import new_network
from pcutils.models.formats import make_format
from pcutils.models.optimizers import Optimizers
from pcutils.models.scoring import token_losses
from pcutils.models.training_loop import Settings

STUDENTS = 30
SETTINGS = Settings(layers=2, width=16, heads=2, context=192, decoder="gpt2", form="states", copy_hints=False)


@pytest.fixture(scope="module")
def stepped() -> tuple[Shape, torch.nn.Module, Optimizers, int]:
    """A tiny network after one step, with its size in words of the plan, and how many students it met."""
    form = make_format("states", tiny_tokenizer())
    network = new_network(SETTINGS, form, STUDENTS)
    optimizers = Optimizers(network, 0.01)
    traces = made_up_traces()
    slots = {str(trace.username): 1 + place for place, trace in enumerate(traces[::3])}
    token_losses(network, collate(make_examples(traces, form, slots, SETTINGS.context))).sum().backward()
    met = int(network.student_table.weight.grad.coalesce().indices().numel())
    optimizers.step(0.5)
    shape = Shape(SETTINGS.layers, SETTINGS.width, form.vocabulary, SETTINGS.context)
    return shape, network, optimizers, met


def test_parameters_are_those_of_a_network(stepped: tuple) -> None:
    shape, network, optimizers, _ = stepped
    table = network.student_table.weight.numel()
    assert shape.table_parameters(STUDENTS) == table
    assert shape.parameters == sum(weight.numel() for weight in network.parameters()) - table
    adam, _, muon = (
        sum(weight.numel() for group in part.param_groups for weight in group["params"])
        for part in optimizers.parts
    )
    assert (shape.others, shape.matrices) == (adam, muon)


def test_bytes_are_those_of_weights_and_moments(stepped: tuple) -> None:
    shape, network, optimizers, met = stepped
    weights = list(network.parameters())
    moments = [
        value
        for part in optimizers.parts
        for state in part.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor) and value.numel() > 1
    ]
    held = sum(one.numel() * one.element_size() for one in weights + moments)
    assert planning.training_bytes(shape, STUDENTS) == held
    assert planning.weights_bytes(shape, STUDENTS) == sum(one.numel() * one.element_size() for one in weights)
    row = shape.student_size * planning.BYTES
    assert planning.gradient_bytes(shape, met) == met * (row + 8)
    assert planning.gradient_bytes(shape, met) < planning.table_bytes(shape, STUDENTS) / 3


def test_operations_are_those_that_torch_counts() -> None:
    form = make_format("states", tiny_tokenizer())
    network = new_network(replace(SETTINGS, width=64), form, STUDENTS)
    network.decoder.set_attn_implementation("eager")  # torch does not count the products of the other on CPUs
    shape = Shape(SETTINGS.layers, 64, form.vocabulary, SETTINGS.context)
    rows, length = 3, 96
    tokens = torch.randint(4, 300, (rows, length - 1))
    with FlopCounterMode(display=False) as counter:
        network(tokens, students=torch.tensor([1, 2, 3]), labels=tokens).loss.backward()
    products = planning.training_flops(shape, rows * length)
    attention = 2 * planning.attention_flops(shape, rows * length, length)  # what is masked is computed here
    assert attention > 0.1 * products
    assert counter.get_total_flops() == pytest.approx(products + attention, rel=0.05)


def test_muon_is_counted_product_by_product() -> None:
    shape = Shape(layers=3, width=8)
    counted = 0
    for rows, columns in ((24, 8), (8, 8), (32, 8), (8, 32)):
        m, n = min(rows, columns), max(rows, columns)
        counted += 5 * (2 * m * m * n + 2 * m**3 + 2 * m * m * n)
    assert planning.muon_flops(shape, steps=7) == 7 * 3 * counted


def test_hours_and_cost_follow_what_is_assumed() -> None:
    fast = Accelerator(peak_flops=2e12, utilisation=0.5, hourly_price=4.0)
    assert fast.hours(7.2e15) == pytest.approx(2.0)
    assert fast.cost(7.2e15) == pytest.approx(8.0)
    assert replace(fast, utilisation=0.25).hours(7.2e15) == pytest.approx(4.0)


@pytest.mark.parametrize(("hours", "days", "count"), [(0.5, 7, 1), (168, 7, 1), (169, 7, 2), (1000, 1, 42)])
def test_accelerators_side_by_side(hours: float, days: float, count: int) -> None:
    assert planning.accelerators_for(hours, days) == count


def test_encoded_traces_take_what_an_example_takes() -> None:
    form = make_format("states", tiny_tokenizer())
    examples = make_examples(made_up_traces(), form, {}, SETTINGS.context)
    tokens = sum(len(one.tokens) for one in examples)
    bare = sum(one.tokens.nbytes + one.segments.nbytes for one in examples)
    hints = sum(one.hints.nbytes for one in examples if one.hints is not None)
    assert planning.examples_bytes(tokens, with_hints=False) == bare
    assert planning.examples_bytes(tokens) == bare + hints


def test_last_gain_is_negative_where_validation_had_turned() -> None:
    assert planning.last_gain([(1, 10.0), (2, 8.0), (3, 10.0)]) == pytest.approx(-0.25)


def test_a_stage_takes_longer_with_more_things() -> None:
    assert planning.Stage("run", per_second=10.0, things=72_000).hours == pytest.approx(2.0)
