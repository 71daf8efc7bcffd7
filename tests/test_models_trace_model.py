from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import tiny_models
import torch
from safetensors.torch import load_file, save_file

from pcutils.errors import ModelError
from pcutils.models import TraceModel, load_model
from pcutils.models.formats import SEGMENTS
from pcutils.trace import Trace

TRACES = tiny_models.made_up_traces()


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
    parts = model.score_parts([early, odd_day, odd_code])
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


def test_knowing_the_student_helps(model: TraceModel) -> None:
    average = model.student_vectors([None] * len(TRACES))
    others = model.student_vectors([f"made-up-{(int(str(trace.username)[-1]) + 1) % 6}" for trace in TRACES])
    true = model.score(TRACES)
    assert true.mean() < model.score(TRACES, average).mean() < model.score(TRACES, others).mean()


def test_unknown_student_is_the_average_one(model: TraceModel) -> None:
    vectors = model.student_vectors(["nobody", None, "made-up-2"])
    embeddings = model.student_embeddings(["nobody", None, "made-up-2"])
    assert torch.equal(vectors[0], vectors[1])
    assert not torch.equal(vectors[0], vectors[2])
    apart = model.network.student_table.weight[model.students["made-up-2"]]
    assert torch.equal(embeddings[0], model.network.average_student)
    assert torch.equal(embeddings[2], model.network.average_student + apart)
    assert (vectors.shape, embeddings.shape) == ((3, tiny_models.WIDTH), (3, 64))
    stranger = Trace.from_states(TRACES[0].programs, TRACES[0].timestamps, title="square", username="nobody")
    assert model.score([stranger]) == pytest.approx(model.score([stranger], vectors[:1]))


def test_saved_model_scores_the_same(model: TraceModel, tmp_path: Path) -> None:
    loaded = load_model(model.network.name_or_path)
    np.testing.assert_array_equal(loaded.score(TRACES), model.score(TRACES))
    assert loaded.students == model.students


def test_weights_of_another_version_are_refused(model: TraceModel, tmp_path: Path) -> None:
    folder = shutil.copytree(model.network.name_or_path, tmp_path / "old")
    weights = load_file(folder / "model.safetensors")
    weights.pop("average_student")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="average_student"):
        load_model(folder)


def means_by_hand(model: TraceModel, trace: Trace) -> np.ndarray:
    (item,) = model.form.encode([trace])
    (example,) = model.examples([trace])
    tokens, hints = torch.from_numpy(example.tokens).long(), torch.from_numpy(example.hints).long()
    embeds = torch.cat([model.student_vectors([trace.username]), model.network.embed(tokens, hints)])
    with torch.no_grad():
        hidden = model.network.hidden_states(embeds[None]).last_hidden_state[0, 1:]
    ends = np.cumsum([len(item.prompt), *map(len, item.states)])[1:]
    return np.stack([hidden[:end].mean(dim=0).numpy() for end in ends])


def test_prefix_states_are_means_up_to_the_end_of_each_state(model: TraceModel) -> None:
    found = model.prefix_states(TRACES)
    for trace, rows in zip(TRACES, found, strict=True):
        assert rows.shape == (len(trace.programs), tiny_models.WIDTH)
        np.testing.assert_allclose(rows, means_by_hand(model, trace), rtol=1e-3, atol=1e-4)


def test_prefix_states_do_not_see_what_comes_later(model: TraceModel) -> None:
    trace = max(TRACES, key=lambda trace: len(trace.programs))
    short = Trace.from_states(
        trace.programs[:2], trace.timestamps[:2], title=trace.title, username=trace.username
    )
    whole, part = model.prefix_states([trace, short])
    np.testing.assert_allclose(whole[:2], part, rtol=1e-4, atol=1e-5)


def test_repeated_state_has_the_same_prefix_state(model: TraceModel) -> None:
    (rows,) = model.prefix_states([Trace.from_states(["pen red", "pen red", "fd 50"], title="star")])
    assert rows.shape == (3, tiny_models.WIDTH)
    np.testing.assert_array_equal(rows[0], rows[1])


def test_state_beyond_the_context_is_read_with_the_newest_before_it(model: TraceModel) -> None:
    programs = ["\n".join(f"fd {line * place}" for line in range(10 + place)) for place in range(8)]
    trace = Trace.from_states(programs, title="star", username="made-up-0")
    (rows,) = model.prefix_states([trace])
    assert model.examples([trace])[0].is_cut
    assert rows.shape == (8, tiny_models.WIDTH)
    assert np.isfinite(rows).all()
    assert len({row.tobytes() for row in rows}) == 8


def test_adapting_lowers_the_loss_and_changes_nothing_else(model: TraceModel) -> None:
    blue = [
        Trace.from_states(["pen blue", "pen blue\nfd 50"], title=title, username="new")
        for title in tiny_models.TITLES
    ]
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    vector = model.adapt(blue, steps=30)
    assert vector.shape == (tiny_models.WIDTH,)
    assert model.score(blue, vector.expand(3, -1)).sum() < model.score(blue).sum() - 1
    after = model.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(weight.grad is None for weight in model.network.parameters())
    assert torch.equal(vector, model.adapt(blue, steps=30))


def test_adapting_without_steps_is_the_average_student(model: TraceModel) -> None:
    vector = model.adapt(TRACES[:1], steps=0)
    torch.testing.assert_close(vector, model.student_vectors([None])[0])


def test_adapting_to_nothing_says_so(model: TraceModel) -> None:
    with pytest.raises(ModelError, match="at least one"):
        model.adapt([])
