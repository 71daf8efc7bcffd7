import math
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, PretrainedConfig

from pcutils.models import StudentConfig, StudentLanguageModel
from pcutils.models.examples import Example, collate
from pcutils.models.network import quiet
from pcutils.models.notation import HINT_SIZES
from pcutils.models.trace_model import token_losses

UNSCORED = np.zeros(0, dtype=np.int8)  # what tokens say is of no matter for losses
VOCABULARY, WIDTH, HEADS, LENGTH, STUDENTS = 40, 24, 3, 12, 4
SPECIAL = {"bos_token_id": 1, "eos_token_id": 0, "pad_token_id": 2}


def gpt2() -> GPT2Config:
    return GPT2Config(vocab_size=VOCABULARY, n_positions=32, n_embd=WIDTH, n_layer=2, n_head=HEADS, **SPECIAL)


def llama() -> LlamaConfig:
    sizes = {"hidden_size": WIDTH, "intermediate_size": 48, "num_hidden_layers": 2}
    sizes |= {"num_attention_heads": HEADS, "max_position_embeddings": 32}
    return LlamaConfig(vocab_size=VOCABULARY, **sizes, **SPECIAL)


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
    places = [torch.randint(0, size, (2, LENGTH, 1)) for size in HINT_SIZES.values()]
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
    for token, (same, skip, *numbers) in zip(tokens, hints, strict=True):
        vector = table[token]
        for name, number in zip(HINT_SIZES, numbers, strict=True):
            vector = vector + state[f"{name}_input.weight"][number]
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
    first.weight.data = (model.average_student + model.student_table(slots)).data.T.clone()
    one_hot = torch.eye(STUDENTS + 1, dtype=torch.float64)
    expected = model.student_projection(torch.relu(first(one_hot)))
    assert torch.equal(model.student_vectors(slots), expected)


@pytest.mark.parametrize("decoder", [gpt2(), llama()], ids=["gpt2", "llama"])
def test_any_decoder_saves_and_loads(decoder: PretrainedConfig, tmp_path: Path) -> None:
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


def test_average_student_has_a_zero_row_and_the_papers_network_no_copy_parts() -> None:
    fresh = StudentLanguageModel(StudentConfig(decoder=gpt2().to_dict(), students=STUDENTS))
    assert (fresh.student_table.weight[0] == 0).all()
    assert (fresh.student_table.weight[1:] != 0).any(dim=1).all()
    assert (fresh.average_student > 0).all()
    model = network(copy_hints=False)
    tokens, hints = random_input()
    assert not [name for name, _ in model.named_parameters() if "copy" in name or "skip" in name]
    assert torch.equal(model(tokens, hints=hints).logits, model(tokens).logits)
