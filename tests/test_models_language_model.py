from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, PretrainedConfig

from pcutils.models import StudentConfig, StudentLanguageModel
from pcutils.models.batches import Example, collate
from pcutils.models.building import quiet
from pcutils.models.formats.hints import OUTCOME_HINTS, SITUATIONS
from pcutils.models.formats.nesting import LINE_NUMBERS, NESTINGS
from pcutils.models.scoring import token_losses

UNSCORED = np.zeros(0, dtype=np.int8)  # what tokens say is of no matter for losses
VOCABULARY, WIDTH, HEADS, LENGTH, STUDENTS = 40, 24, 3, 12, 4
SPECIAL = {"bos_token_id": 1, "eos_token_id": 0, "pad_token_id": 2}


def gpt2() -> GPT2Config:
    return GPT2Config(vocab_size=VOCABULARY, n_positions=32, n_embd=WIDTH, n_layer=2, n_head=HEADS, **SPECIAL)


def llama() -> LlamaConfig:
    return LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=32,
        **SPECIAL,
    )


def network(decoder: PretrainedConfig | None = None, **options: object) -> StudentLanguageModel:
    torch.manual_seed(0)
    config = StudentConfig(decoder=(decoder or gpt2()).to_dict(), students=STUDENTS, **options)
    result = StudentLanguageModel(config).double().eval()
    for weight in result.parameters():  # also those that start at zero or one, so that a test sees them
        torch.nn.init.normal_(weight, std=0.3)
    result.student_table.weight.data[0] = 0
    return result


def random_input() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    tokens = torch.randint(3, VOCABULARY, (2, LENGTH))
    named = torch.randint(-1, VOCABULARY, (2, LENGTH, 2))
    sizes = (SITUATIONS, NESTINGS, LINE_NUMBERS, OUTCOME_HINTS)
    places = [torch.randint(0, size, (2, LENGTH, 1)) for size in sizes]
    hints = torch.cat([named, *places], dim=-1)
    return tokens, hints


def attention(state: dict[str, torch.Tensor], name: str, hidden: torch.Tensor) -> torch.Tensor:
    """GPT-2's attention, one head and place at a time."""
    query, key, value = (hidden @ state[f"{name}.c_attn.weight"] + state[f"{name}.c_attn.bias"]).chunk(3, -1)
    size, result = WIDTH // HEADS, torch.zeros_like(hidden)
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        for place in range(len(hidden)):
            weights = torch.softmax(key[: place + 1, part] @ query[place, part] / math.sqrt(size), dim=0)
            result[place, part] = weights @ value[: place + 1, part]
    return result @ state[f"{name}.c_proj.weight"] + state[f"{name}.c_proj.bias"]


def norm(state: dict[str, torch.Tensor], name: str, hidden: torch.Tensor) -> torch.Tensor:
    centred = hidden - hidden.mean(-1, keepdim=True)
    scaled = centred / torch.sqrt((centred**2).mean(-1, keepdim=True) + 1e-5)
    return scaled * state[f"{name}.weight"] + state[f"{name}.bias"]


def own_forward(
    state: dict[str, torch.Tensor], tokens: list[int], student: int, hints: list[list[int]]
) -> torch.Tensor:
    """Scores of one trace, worked out from the weights without the library's network."""
    table = state["decoder.transformer.wte.weight"]
    embedding = (state["average_student"] + (student > 0) * state["student_table.weight"][student]).clamp(
        min=0
    )
    vectors = [state["student_projection.weight"] @ embedding + state["student_projection.bias"]]
    for token, (same, skip, situation, nesting, line, outcome) in zip(tokens, hints, strict=True):
        vector = table[token] + state["situation_input.weight"][situation]
        vector = vector + state["nesting_input.weight"][nesting] + state["line_input.weight"][line]
        vector = vector + state["outcome_input.weight"][outcome]
        if same >= 0:
            vector = vector + state["copy_input.weight"] @ table[same]
        if skip >= 0:
            vector = vector + state["skip_input.weight"] @ table[skip]
        vectors.append(vector)
    hidden = torch.stack(vectors) + state["decoder.transformer.wpe.weight"][: len(vectors)]
    for layer in range(2):
        name = f"decoder.transformer.h.{layer}"
        hidden = hidden + attention(state, f"{name}.attn", norm(state, f"{name}.ln_1", hidden))
        inner = norm(state, f"{name}.ln_2", hidden) @ state[f"{name}.mlp.c_fc.weight"]
        inner = inner + state[f"{name}.mlp.c_fc.bias"]
        inner = 0.5 * inner * (1 + torch.tanh(math.sqrt(2 / math.pi) * (inner + 0.044715 * inner**3)))
        hidden = hidden + inner @ state[f"{name}.mlp.c_proj.weight"] + state[f"{name}.mlp.c_proj.bias"]
    hidden = norm(state, "decoder.transformer.ln_f", hidden)[1:]
    scores = hidden @ table.T
    situations = torch.tensor([pointed[2] for pointed in hints])
    gates = hidden @ state["copy_gate.weight"].T + state["situation_gate.weight"][situations]
    for place, pointed in enumerate(hints):
        for which in (0, 1):
            if pointed[which] >= 0:
                scores[place, pointed[which]] += gates[place, which]
    return scores


def test_scores_agree_with_an_independent_forward_pass() -> None:
    model = network()
    tokens, hints = random_input()
    scores = model(tokens, students=torch.tensor([3, 0]), hints=hints).logits
    state = model.state_dict()
    for row, student in enumerate([3, 0]):
        expected = own_forward(state, tokens[row].tolist(), student, hints[row].tolist())
        torch.testing.assert_close(scores[row], expected, rtol=1e-9, atol=1e-9)


def test_losses_agree_with_the_independent_forward_pass() -> None:
    model = network()
    tokens, hints = random_input()
    examples = [
        Example(tokens[row, :end].int().numpy(), hints[row, :end].int().numpy(), UNSCORED, 3, row + 1, False)
        for row, end in ((0, LENGTH), (1, 7))
    ]
    losses = token_losses(model, collate(examples))
    expected = []
    for row, example in enumerate(examples):
        ids = example.tokens.tolist()
        scores = own_forward(model.state_dict(), ids, row + 1, example.hints.tolist())
        chances = torch.log_softmax(scores, dim=-1)
        expected += [-chances[place - 1, ids[place]] for place in range(3, len(ids))]
    torch.testing.assert_close(losses.double(), torch.stack(expected), rtol=1e-5, atol=1e-5)


def test_table_is_the_papers_one_hot_product() -> None:
    model = network()
    first = torch.nn.Linear(STUDENTS + 1, 64, bias=False).double()
    slots = torch.arange(STUDENTS + 1)
    first.weight.data = model.student_embeddings(slots).data.T.clone()
    one_hot = torch.eye(STUDENTS + 1, dtype=torch.float64)
    expected = model.student_projection(torch.relu(first(one_hot)))
    assert torch.equal(model.student_vectors(model.student_embeddings(slots)), expected)


@pytest.mark.parametrize("decoder", [gpt2(), llama()], ids=["gpt2", "llama"])
def test_any_decoder_saves_loads_and_goes_on_from_its_cache(
    decoder: PretrainedConfig, tmp_path: Path
) -> None:
    model = network(decoder)
    tokens, hints = random_input()
    students = torch.tensor([1, 2])
    with quiet():
        model.save_pretrained(tmp_path)
        loaded = StudentLanguageModel.from_pretrained(tmp_path, dtype=torch.float64).eval()
        other = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float64).eval()
    whole = model(tokens, students=students, hints=hints)
    for copy in (loaded, other):
        assert torch.equal(copy(tokens, students=students, hints=hints).logits, whole.logits)
    part = loaded(tokens[:, :5], students=students, hints=hints[:, :5], use_cache=True)
    rest = loaded(tokens[:, 5:], hints=hints[:, 5:], past_key_values=part.past_key_values, use_cache=True)
    torch.testing.assert_close(torch.cat([part.logits, rest.logits], dim=1), whole.logits)


def test_no_trace_reaches_another_or_its_own_future() -> None:
    model = network()
    tokens, hints = random_input()
    before = model(tokens, hints=hints).logits
    changed = tokens.clone()
    changed[0, 8] = (changed[0, 8] + 1) % VOCABULARY
    after = model(changed, hints=hints).logits
    assert torch.equal(before[0, :8], after[0, :8])
    assert torch.equal(before[1], after[1])
    assert not torch.equal(before[0, 8:], after[0, 8:])


def test_loss_is_that_of_the_next_token_and_none_of_the_students_place() -> None:
    model = network()
    tokens, hints = random_input()
    result = model(tokens, hints=hints, labels=tokens)
    chances = torch.log_softmax(result.logits, dim=-1)
    expected = -chances[:, :-1].gather(-1, tokens[:, 1:, None]).mean()
    torch.testing.assert_close(result.loss.double(), expected, rtol=1e-5, atol=1e-6)


def test_paper_network_has_no_copy_parts() -> None:
    model = network(copy_hints=False)
    tokens, hints = random_input()
    assert not [name for name, _ in model.named_parameters() if "copy" in name or "skip" in name]
    assert torch.equal(model(tokens, hints=hints).logits, model(tokens).logits)


def test_nothing_sets_the_average_student_apart() -> None:
    model = StudentLanguageModel(StudentConfig(decoder=gpt2().to_dict(), students=STUDENTS))
    assert torch.equal(model.student_embeddings(torch.tensor([0]))[0], model.average_student)
    assert (model.average_student > 0).all()  # where ReLU lets it learn
    assert not torch.equal(model.student_embeddings(torch.tensor([1]))[0], model.average_student)
