from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch

from pcutils.errors import ModelError
from pcutils.models import Prompt, TraceModel
from pcutils.models.notation import NOTATIONS
from pcutils.models.sampling import draw_tokens, fitting_rows
from pcutils.trace import Trace, parse_trace

PROMPTS = [Prompt(f"made-up-{student}", title) for student in range(4) for title in tiny_models.TITLES]


@pytest.fixture(scope="module", params=list(NOTATIONS))
def model(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> TraceModel:
    folder = tmp_path_factory.mktemp("model")
    return tiny_models.tiny_model(folder, tokens=40_000, notation=request.param)


@pytest.fixture
def double(model: TraceModel) -> Iterator[TraceModel]:
    """The model in float64, where the shape of a batch changes no draw."""
    model.network.double()
    yield model
    model.network.float()


def test_likeliest_samples_agree_with_passes_without_a_cache(double: TraceModel) -> None:
    prefix = Trace.from_states(["pen red"], [datetime(2019, 3, 4, 10)])
    prompts = [
        PROMPTS[0],
        Prompt("made-up-3", "flower", prefix),
        Prompt(None, "square", student_vector=torch.linspace(-1, 1, tiny_models.WIDTH)),
    ]
    found = double.generate(prompts, temperature=0, max_tokens=30, progress=False)
    for prompt, got in zip(prompts, found, strict=True):
        written = double.notation.decode(tiny_models.by_hand(double, prompt, 30))
        assert got.text == written


def test_sample_does_not_depend_on_its_batch(double: TraceModel) -> None:
    together = double.generate(PROMPTS, samples_per_prompt=2, seed=5, batch_size=64, progress=False)
    apart = double.generate(PROMPTS, samples_per_prompt=2, seed=5, batch_size=3, progress=False)
    alone = double.generate(PROMPTS[7:8], samples_per_prompt=2, seed=5, progress=False)
    other = double.generate(PROMPTS, samples_per_prompt=2, seed=6, progress=False)
    assert [item.text for item in together] == [item.text for item in apart]
    assert [item.text for item in together if item.prompt == 7] == [item.text for item in alone]
    assert [item.text for item in together] != [item.text for item in other]
    assert [(item.prompt, item.number) for item in together] == [(p, n) for p in range(12) for n in range(2)]


def test_sample_does_not_depend_on_who_left_the_batch_before(double: TraceModel) -> None:
    """Prompts of all lengths, so that rows are padded and dropped in every order."""
    programs = ["\n".join(f"fd {line * place}" for line in range(4 * place + 1)) for place in range(6)]
    prefixes = [Trace.from_states(programs[:count]) for count in range(6)]
    prompts = [Prompt(f"made-up-{place % 4}", "star", prefixes[place % 6]) for place in range(40)]
    options = {"seed": 3, "max_tokens": 70, "progress": False}
    whole = [item.text for item in double.generate(prompts, batch_size=40, **options)]
    for batch_size in (1, 17, 35):
        assert [item.text for item in double.generate(prompts, batch_size=batch_size, **options)] == whole
    free = [item.text for item in double.generate(prompts, keep_form=False, batch_size=35, **options)]
    assert free == [item.text for item in double.generate(prompts, keep_form=False, batch_size=4, **options)]


@pytest.mark.parametrize("settings", [{"decoder": "gpt2"}, {"notation": "states", "copy_hints": False}])
def test_other_networks_agree_with_passes_without_a_cache(tmp_path: Path, settings: dict[str, Any]) -> None:
    model = tiny_models.tiny_model(tmp_path, tokens=3_000, **settings)
    model.network.double()
    found = model.generate(PROMPTS, temperature=0, max_tokens=25, batch_size=3, progress=False)
    for prompt, got in zip(PROMPTS[:4], found, strict=False):
        assert got.text == model.notation.decode(tiny_models.by_hand(model, prompt, 25))


def test_samples_read_as_traces_and_failures_are_kept(model: TraceModel) -> None:
    found = model.generate(PROMPTS, samples_per_prompt=3, progress=False)
    assert len(found) == 3 * len(PROMPTS)
    read = [item for item in found if item.trace is not None]
    assert len(read) > len(found) / 2
    for item in found:
        assert (item.trace is None) == (item.failure is not None)
    for item in read:
        assert item.trace.title == PROMPTS[item.prompt].title
        assert item.trace.username == PROMPTS[item.prompt].username
        assert item.trace.is_complete == item.text.endswith("<|endoftext|>")
        if model.notation.name == "states":
            assert item.trace == parse_trace(item.text, title=item.trace.title)
    cut = model.generate(PROMPTS[:2], max_tokens=3, progress=False)
    assert all(item.trace is None and item.failure for item in cut)


def test_prefix_is_kept_and_gone_on_from(model: TraceModel) -> None:
    programs = ["pen gold", "pen gold\nfd 50"]
    prefix = Trace.from_states(programs, [datetime(2019, 3, 4, 10), datetime(2019, 3, 4, 11)], title="star")
    found = model.generate([Prompt("made-up-1", "star", prefix)], samples_per_prompt=8, progress=False)
    read = [item.trace for item in found if item.trace is not None]
    assert read
    assert {item.given_states for item in found} == {2}
    for trace in read:
        assert trace.programs[:2] == tuple(programs)
        assert trace.timestamps[:2] == prefix.timestamps
        assert trace.numbers[:2] == (1, 2)


def test_prefix_longer_than_the_context_keeps_its_newest_states(model: TraceModel) -> None:
    programs = ["\n".join(f"fd {line * place}" for line in range(20 + place)) for place in range(8)]
    prefix = Trace.from_states(programs, title="star")
    (found,) = model.generate([Prompt("made-up-1", "star", prefix)], progress=False)
    assert found.given_states == len(programs)
    if model.notation.has_grammar:
        assert found.trace is not None
        assert found.trace.programs[: found.given_states] == tuple(programs)


def test_students_vector_decides(model: TraceModel) -> None:
    vectors = model.student_vectors(["made-up-0", "made-up-1"])
    share = []
    for vector in vectors:
        prompts = [Prompt(None, "star", student_vector=vector)]
        texts = [item.text for item in model.generate(prompts, samples_per_prompt=40, progress=False)]
        share.append(np.mean(["pen red" in text for text in texts]))
    assert share[0] > share[1] + 0.2  # made-up student 0 draws in red, student 1 in blue


def test_draws_follow_the_chances() -> None:
    scores = torch.log(torch.tensor([[0.5, 0.2, 0.3]], dtype=torch.float64)).expand(5, -1)
    uniforms = np.array([0.0, 0.49, 0.51, 0.69, 0.99])
    assert draw_tokens(scores, uniforms, 1.0, 1.0).tolist() == [0, 0, 1, 1, 2]
    assert draw_tokens(scores, uniforms, 1.0, 0.6).tolist() == [0, 0, 0, 2, 2]
    assert draw_tokens(scores, uniforms, 0.0, 1.0).tolist() == [0] * 5
    assert draw_tokens(scores, uniforms, 0.1, 1.0).tolist() == [0] * 5
    single = torch.tensor([[0.0, 1.0, -torch.inf]], dtype=torch.float32)
    assert draw_tokens(single, np.array([1 - 2**-53]), 1.0, 1.0).tolist() == [1]  # float32 rounds it to 1
    never = torch.tensor([[-torch.inf, 0.0, -torch.inf]], dtype=torch.float64).expand(5, -1)
    assert draw_tokens(never, uniforms, 1.0, 1.0).tolist() == [1] * 5


def test_structure_is_drawn_as_the_model_has_it() -> None:
    scores = torch.log(torch.tensor([[0.5, 0.2, 0.25, 0.05]], dtype=torch.float64)).expand(4, -1)
    structure = torch.tensor([False, False, True, True])
    uniforms = np.array([0.0, 0.69, 0.71, 0.96])
    for temperature, top_p in ((0.01, 1.0), (1.0, 0.5)):
        assert draw_tokens(scores, uniforms, temperature, top_p, structure).tolist() == [0, 0, 2, 3]
    assert draw_tokens(scores, uniforms, 1.0, 1.0, structure).tolist() == [0, 1, 2, 3]
    words, moves = scores.masked_fill(structure, -torch.inf), scores.masked_fill(~structure, -torch.inf)
    assert draw_tokens(words, uniforms, 0.01, 0.9, structure).tolist() == [0] * 4
    assert draw_tokens(moves, uniforms, 0.01, 0.9, structure).tolist() == [2, 2, 2, 3]


@pytest.mark.parametrize("sharpness", [0.1, 3.0, 30.0])
def test_likeliest_tokens_are_those_of_a_whole_order(sharpness: float) -> None:
    """Flat rows, whose likeliest tokens are many, stand beside steep ones."""
    torch.manual_seed(0)
    scores = torch.randn(6, 700, dtype=torch.float64) * torch.linspace(0.1, sharpness, 6)[:, None]
    chances = torch.softmax(scores, dim=-1)
    uniforms = np.random.default_rng(0).random((200, 6))
    for share in (0.3, 0.95, 0.999):
        allowed = []
        for row in chances:
            ranked, order = row.sort(descending=True)
            allowed.append(set(order[: int((ranked.cumsum(0) - ranked < share).sum())].tolist()))
        drawn = [draw_tokens(scores, some, 1.0, share).tolist() for some in uniforms]
        assert all(token in allowed[row] for tokens in drawn for row, token in enumerate(tokens))
        edges = [draw_tokens(scores, np.full(6, place), 1.0, share).tolist() for place in (0.0, 1 - 1e-12)]
        assert edges == [[edge(tokens) for tokens in allowed] for edge in (min, max)]


def test_wrong_requests_say_so(model: TraceModel) -> None:
    for name, value in (("temperature", -1), ("temperature", float("nan")), ("batch_size", 0)):
        with pytest.raises(ModelError, match=f"{name} of {value}"):
            model.generate(PROMPTS, **{name: value})
    with pytest.raises(ModelError, match="no room"):
        model.generate([Prompt("a", "x" * 400)], progress=False)


def test_rows_fit_the_memory_of_a_cache(model: TraceModel) -> None:
    network = model.network
    assert fitting_rows(network, model.context) == 512
    # a row: keys and values of one layer, WIDTH numbers of 4 bytes a token
    tokens = 2**30 // (2 * tiny_models.WIDTH * 4) // 10
    assert fitting_rows(network, tokens) == 10
    assert fitting_rows(network, 11 * tokens) == 1
