import math
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch
from safetensors.torch import load_file, save_file
from scipy.optimize import nnls

from pcutils.errors import ModelError
from pcutils.execution import Outcomes
from pcutils.models import Prompt, TraceModel, load_model
from pcutils.models.notation import SEGMENTS
from pcutils.trace import Trace

TRACES = tiny_models.made_up_traces()
BLUE = [
    Trace.from_states(["pen blue", "pen blue\nfd 50"], title=title, username="new")
    for title in tiny_models.TITLES
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceModel]:
    return tiny_models.tiny_model(tmp_path_factory.mktemp("model"), tokens=25_000, student_dropout=0.3)


def test_bits_are_those_of_the_network_token_by_token(model: TraceModel) -> None:
    trace = TRACES[4]
    (example,) = model.examples([trace])
    tokens, hints = torch.from_numpy(example.tokens).long(), torch.from_numpy(example.hints).long()
    student = torch.tensor([model.students["made-up-1"]])
    with torch.no_grad():
        scores = model.network(tokens[None], students=student, hints=hints[None]).logits[0].double()
    chances = torch.log_softmax(scores, dim=-1)
    bits = -sum(
        chances[place - 1, tokens[place]].item() / math.log(2) for place in range(example.given, len(tokens))
    )
    assert model.score([trace])[0] == pytest.approx(bits, rel=1e-5)


def test_bits_of_dates_and_programs_add_up(model: TraceModel) -> None:
    early = Trace.from_states(["pen red"], [datetime(2018, 3, 4, 10)], title="square", username="made-up-0")
    odd_day = Trace.from_states(["pen red"], [datetime(2025, 9, 9, 23)], title="square", username="made-up-0")
    odd_code = Trace.from_states(
        ["zzz qqq"], [datetime(2018, 3, 4, 10)], title="square", username="made-up-0"
    )
    parts = model.score([early, odd_day, odd_code], by_segment=True)
    np.testing.assert_allclose(parts.sum(axis=1), model.score([early, odd_day, odd_code]))
    assert parts.shape == (3, len(SEGMENTS))
    assert parts[1, 0] > parts[0, 0] + 3
    assert parts[2, 0] == pytest.approx(parts[0, 0])
    assert parts[2, 1] > parts[0, 1] + 3
    assert (parts[:, [SEGMENTS.index("gaps"), SEGMENTS.index("edits")]] == 0).all()


def test_bits_do_not_depend_on_company(model: TraceModel) -> None:
    alone = np.array([model.score([trace])[0] for trace in TRACES])
    np.testing.assert_allclose(model.score(TRACES), alone, rtol=1e-5)
    np.testing.assert_allclose(model.score(TRACES[::-1]), alone[::-1], rtol=1e-5)


def test_knowing_the_student_helps_and_an_unknown_one_is_the_average(model: TraceModel) -> None:
    average = model.student_vectors([None] * len(TRACES))
    others = model.student_vectors([f"made-up-{(int(str(trace.username)[-1]) + 1) % 6}" for trace in TRACES])
    true = model.score(TRACES)
    assert true.mean() < model.score(TRACES, average).mean() < model.score(TRACES, others).mean()
    vectors = model.student_vectors(["nobody", None, "made-up-2"])
    assert vectors.shape == (3, tiny_models.WIDTH)
    assert torch.equal(vectors[0], vectors[1])
    assert not torch.equal(vectors[0], vectors[2])
    stranger = Trace.from_states(TRACES[0].programs, TRACES[0].timestamps, title="square", username="nobody")
    assert model.score([stranger]) == pytest.approx(model.score([stranger], vectors[:1]))


def test_scores_that_are_not_finite_and_empty_groups_are_refused(model: TraceModel) -> None:
    with pytest.raises(ModelError, match="at least one trace each"):
        model.adapt([BLUE, []])
    with pytest.raises(ModelError, match="no finite score for 1 of 2"):
        model.score(TRACES[:2], torch.tensor([[0.0], [float("nan")]]).expand(2, tiny_models.WIDTH))


def test_loss_is_the_score_and_has_a_gradient(model: TraceModel) -> None:
    vector = model.student_vectors(["made-up-1"])[0].requires_grad_()
    loss = model.loss(TRACES[:3], vector)
    tokens = sum(len(example.tokens) - example.given for example in model.examples(TRACES[:3]))
    bits = model.score(TRACES[:3], vector.detach().expand(3, -1)).sum()
    assert loss.item() == pytest.approx(bits * math.log(2) / tokens, rel=1e-5)
    (gradient,) = torch.autograd.grad(loss, vector)
    smaller = model.loss(TRACES[:3], vector - 0.01 * gradient / gradient.norm())
    assert smaller < loss


def test_saved_model_scores_the_same_and_weights_of_another_version_are_refused(
    model: TraceModel, tmp_path: Path
) -> None:
    loaded = load_model(model.network.name_or_path)
    np.testing.assert_array_equal(loaded.score(TRACES), model.score(TRACES))
    assert loaded.students == model.students
    folder = shutil.copytree(model.network.name_or_path, tmp_path / "old")
    weights = load_file(folder / "model.safetensors")
    weights.pop("average_student")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="average_student"):
        load_model(folder)


def test_states_are_means_up_to_the_end_of_each_state(model: TraceModel) -> None:
    found = model.states(TRACES)
    examples = zip(TRACES, model.notation.encode(TRACES), model.examples(TRACES), found, strict=True)
    for trace, item, example, rows in examples:
        tokens, hints = torch.from_numpy(example.tokens).long(), torch.from_numpy(example.hints).long()
        student = model.student_vectors([trace.username])
        with torch.no_grad():
            hidden = model.network.read(tokens[None], student, hints[None])[0, 1:]
        ends = np.cumsum([len(item.prompt), *map(len, item.states)])[1:]
        expected = np.stack([hidden[:end].mean(dim=0).numpy() for end in ends])
        np.testing.assert_allclose(rows, expected, rtol=1e-3, atol=1e-4)


def test_states_do_not_see_what_comes_later_and_repeat_with_the_program(model: TraceModel) -> None:
    (rows,) = model.states([Trace.from_states(["pen red", "pen red", "fd 50"], title="star")])
    np.testing.assert_array_equal(rows[0], rows[1])
    trace = max(TRACES, key=lambda trace: len(trace.programs))
    short = Trace.from_states(
        trace.programs[:2], trace.timestamps[:2], title=trace.title, username=trace.username
    )
    whole, part = model.states([trace, short])
    np.testing.assert_allclose(whole[:2], part, rtol=1e-4, atol=1e-5)


def test_state_beyond_the_context_is_read_with_the_newest_before_it(model: TraceModel) -> None:
    programs = ["\n".join(f"fd {line * place}" for line in range(10 + place)) for place in range(8)]
    trace = Trace.from_states(programs, title="star", username="made-up-0")
    (rows,) = model.states([trace])
    assert model.examples([trace])[0].is_cut
    assert rows.shape == (8, tiny_models.WIDTH)
    assert np.isfinite(rows).all()
    assert len({row.tobytes() for row in rows}) == 8


def test_adapting_starts_from_the_average_student(model: TraceModel) -> None:
    """Row 0 of the table stays zero in training, as here, and is not where a fit begins."""
    network = model.network
    assert (network.student_table.weight[0] == 0).all()
    zero = network.student_projection(torch.zeros(network.config.student_size)).detach()
    assert np.abs(model.score(BLUE, zero.expand(3, -1)) - model.score(BLUE)).max() > 0.01
    vectors = model.adapt([TRACES[:1], BLUE], steps=(0,))
    torch.testing.assert_close(vectors[0], model.student_vectors([None, None]))
    first = model.adapt([BLUE], steps=(1,), learning_rate=1e-6)[0]
    torch.testing.assert_close(first, model.student_vectors([None]), rtol=0, atol=1e-3)


def test_adapting_lowers_the_bits_and_changes_nothing_else(model: TraceModel) -> None:
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    vectors = model.adapt([BLUE, TRACES[:2]], steps=(4, 40))
    assert vectors.shape == (2, 2, tiny_models.WIDTH)
    few, many = (model.score(BLUE, vector.expand(3, -1)).sum() for vector in vectors[:, 0])
    assert many < few < model.score(BLUE).sum()
    assert many < model.score(BLUE).sum() - 1
    after = model.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(weight.grad is None and weight.requires_grad for weight in model.network.parameters())
    assert torch.equal(vectors, model.adapt([BLUE, TRACES[:2]], steps=(4, 40)))


def test_students_adapted_side_by_side_do_not_influence_each_other(model: TraceModel) -> None:
    together, alone = model.adapt([BLUE, TRACES[:2]], steps=(10,)), model.adapt([BLUE], steps=(10,))
    torch.testing.assert_close(together[0, 0], alone[0, 0], rtol=0, atol=1e-3)
    assert not torch.allclose(together[0, 0], together[0, 1], atol=1e-2)


def test_adapted_vector_is_one_that_an_embedding_can_reach(model: TraceModel) -> None:
    projection = model.network.student_projection
    target = model.adapt([BLUE], steps=(20,))[0, 0] - projection.bias.detach()
    _, residual = nnls(projection.weight.detach().double().numpy(), target.double().numpy())
    assert residual < 1e-3


def all_end(status: str, asked: list[str] | None = None) -> Outcomes:
    """Outcomes that are all alike, and the programs that were asked for."""

    def run(programs: list[str]) -> list[SimpleNamespace]:
        if asked is not None:
            asked.extend(programs)
        return [SimpleNamespace(status=status, message=None, line=None, column=None) for _ in programs]

    return Outcomes(run)


@pytest.mark.parametrize(
    "settings", [{"outcome_hints": False}, {"copy_hints": False}, {"notation": "states"}]
)
def test_networks_without_outcome_hints_run_nothing(tmp_path: Path, settings: dict[str, Any]) -> None:
    asked: list[str] = []
    outcomes = all_end("success", asked)
    model = tiny_models.tiny_model(tmp_path, tokens=1_000, outcomes=outcomes, **settings)
    model.generate([Prompt("made-up-0", "square")], progress=False)
    assert not asked


def test_outcomes_are_those_of_the_programs(tmp_path: Path) -> None:
    """Programs that are sampled are run, and how programs end changes the bits."""
    tiny_models.tiny_model(tmp_path, tokens=40_000, outcomes=all_end("success"))
    asked: list[str] = []
    prompts = [Prompt(f"made-up-{student}", "square") for student in range(4)]
    model = load_model(tmp_path, all_end("success", asked))
    samples = model.generate(prompts, samples_per_prompt=2, progress=False)
    before_the_last = {program for one in samples if one.trace for program in one.trace.programs[:-1]}
    assert before_the_last
    assert before_the_last <= set(asked)
    ran, failed = (load_model(tmp_path, all_end(kind)).score(TRACES) for kind in ("success", "error"))
    assert (np.abs(ran - failed) > 1e-6).any()
