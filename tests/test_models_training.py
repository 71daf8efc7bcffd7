import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny_models
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from pcutils.data import traces_of
from pcutils.errors import ModelError
from pcutils.execution import Outcomes
from pcutils.models import load_model, load_tokenizer, train, train_tokenizer
from pcutils.models.examples import Encoder, StoredExamples, endless_batches, group_by_length
from pcutils.models.notation import make_notation
from pcutils.models.optimizers import Optimizers, StackedMuon
from pcutils.models.settings import model_settings
from pcutils.models.tokenizer import END, MASK, PAD, START, decode_tokens, encode_texts
from pcutils.models.training import CURVE_COLUMNS


class KilledError(Exception):
    """Stands for a process that dies in the middle of a step."""


def kill_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    step = Optimizers.step
    taken: list[float] = []

    def dying(self: Optimizers, progress: float) -> None:
        if len(taken) == steps:
            raise KilledError
        taken.append(progress)
        step(self, progress)

    monkeypatch.setattr(Optimizers, "step", dying)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def report(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "training.json").read_text())


def curve(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "learning_curve.parquet")


def test_killed_and_resumed_training_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"tokens": 4_000, "checkpoint_steps": 5}
    tiny_models.tiny_model(tmp_path / "whole", **options)
    for deaths in (7, 6):
        with monkeypatch.context() as patch:
            kill_after(deaths, patch)
            with pytest.raises(KilledError):
                tiny_models.tiny_model(tmp_path / "killed", **options)
    tiny_models.tiny_model(tmp_path / "killed", **options)
    whole, resumed = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    columns = [name for name in CURVE_COLUMNS if name != "seconds"]
    pd.testing.assert_frame_equal(curve(tmp_path / "whole")[columns], curve(tmp_path / "killed")[columns])
    assert not list((tmp_path / "killed").glob("*.p*t*ial")) + list((tmp_path / "killed").glob("*.pt"))


def test_finished_training_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tiny_models.tiny_model(tmp_path, tokens=2_000)
    kill_after(0, monkeypatch)
    again = tiny_models.tiny_model(tmp_path, tokens=2_000)
    assert torch.equal(first.network.student_table.weight, again.network.student_table.weight)
    with pytest.raises(KilledError):
        tiny_models.tiny_model(tmp_path, tokens=2_500)


def test_training_depends_on_its_seed_alone(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        torch.rand(3)  # what others draw does not matter
        tiny_models.tiny_model(tmp_path / name, tokens=2_000, seed=seed)
    a, b, c = (weights(tmp_path / name) for name in "abc")
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(a["student_table.weight"], c["student_table.weight"])


def test_network_learns_and_the_best_weights_are_kept(tmp_path: Path) -> None:
    model = tiny_models.tiny_model(tmp_path, tokens=15_000, evaluations=6)
    found = curve(tmp_path)
    validation = found[found.split == "validation"]
    assert list(found.columns) == CURVE_COLUMNS
    assert len(validation) == 6
    assert validation.bits_per_trace.iloc[-1] < 0.5 * validation.bits_per_trace.iloc[0]
    assert found.tokens.iloc[-1] >= 15_000 > found.tokens.iloc[-3]
    traces = list(traces_of(tiny_models.made_up_table().select(range(6))))
    assert model.score(traces).mean() == pytest.approx(validation.bits_per_trace.min(), rel=1e-6)


def test_papers_decoder_learns_too(tmp_path: Path) -> None:
    tiny_models.tiny_model(tmp_path, tokens=8_000, decoder="gpt2", copy_hints=False, title_tokens=6)
    bits = curve(tmp_path).query("split == 'validation'").bits_per_trace
    assert bits.iloc[-1] < 0.7 * bits.iloc[0]


def test_student_dropout_trains_the_average_student(tmp_path: Path) -> None:
    always = tiny_models.tiny_model(tmp_path / "always", tokens=2_000, student_dropout=1.0)
    never = tiny_models.tiny_model(tmp_path / "never", tokens=2_000, student_dropout=0.0)
    start = tiny_models.tiny_model(tmp_path / "start", tokens=1, student_dropout=1.0, learning_rate=1e-12)
    tables = [model.network.student_table.weight for model in (always, never, start)]
    averages = [model.network.average_student for model in (always, never, start)]
    assert torch.equal(tables[0], tables[2])
    assert not torch.allclose(tables[1][1:], tables[2][1:], atol=1e-3)
    assert all((table[0] == 0).all() for table in tables)
    for average in averages[:2]:
        assert not torch.allclose(average, averages[2], atol=1e-3)


def test_every_example_comes_once_an_epoch_in_batches_that_fit() -> None:
    lengths = np.random.default_rng(0).integers(5, 120, 200)
    seen: list[int] = []
    batches = endless_batches(lengths, 150, seed=1)
    while len(seen) < 200:
        batch = next(batches).tolist()
        assert len(batch) == 1 or len(batch) * max(lengths[place] for place in batch) <= 150
        seen += batch
    assert sorted(seen) == list(range(200))
    padded = sum(len(group) * max(lengths[i] for i in group) for group in group_by_length(lengths, 150, seen))
    assert padded < 1.5 * sum(lengths)


def test_products_of_sixteen_bits_change_only_the_rounding(tmp_path: Path) -> None:
    for is_short in (False, True):
        tiny_models.tiny_model(tmp_path / str(is_short), tokens=3_000, bf16=is_short)
        assert report(tmp_path / str(is_short))["bf16"] is is_short
    bits = [curve(tmp_path / str(is_short))["bits_per_trace"] for is_short in (False, True)]
    np.testing.assert_allclose(*bits, rtol=0.02)
    assert not (bits[0] == bits[1]).all()
    assert all(weight.dtype == torch.float32 for weight in weights(tmp_path / "True").values())


def test_budget_that_is_used_up_first_ends_the_training(tmp_path: Path) -> None:
    tiny_models.tiny_model(tmp_path / "a", tokens=None, seconds=0.5)
    assert report(tmp_path / "a")["seconds"] >= 0.5
    assert curve(tmp_path / "a")["seconds"].iloc[-3] < 0.5
    tiny_models.tiny_model(tmp_path / "b", tokens=1_000_000, seconds=3600.0, steps=4)
    assert report(tmp_path / "b")["steps"] == 4


def test_step_touches_only_the_students_it_met(tmp_path: Path) -> None:
    table = tiny_models.made_up_table()
    settings = {**tiny_models.TINY, "batch_tokens": 64, "tokens": None, "progress": False}
    tables = []
    for steps in (1, 2):
        model = train(
            *(table, table.select(range(2)), tiny_models.tiny_tokenizer(), tmp_path / str(steps)),
            **{**settings, "steps": steps, "evaluations": 1, "student_dropout": 0.0},
        )
        tables.append(model.network.student_table.weight.detach())
    changed = (tables[0] != tables[1]).any(dim=1)
    assert 0 < changed.sum() < len(changed) - 1  # not all of the six students


@pytest.mark.parametrize("units", [{}, {"avx512_bf16": True}])
def test_stacked_muon_takes_the_steps_of_torchs(
    units: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units)
    random = torch.Generator().manual_seed(0)
    shapes = [(16, 16), (16, 16), (48, 16), (16, 48), (16, 16)]
    start = [torch.randn(shape, generator=random) for shape in shapes]
    moved = []
    for kind in (torch.optim.Muon, StackedMuon):
        weights = [torch.nn.Parameter(value.clone()) for value in start]
        optimizer = kind(weights, lr=0.02, weight_decay=0.01)
        again = torch.Generator().manual_seed(1)
        for step in range(4):
            for place, weight in enumerate(weights):
                gradient = torch.randn(weight.shape, generator=again)
                weight.grad = None if place == step else gradient
            optimizer.step()
        moved.append(torch.cat([weight.detach().flatten() for weight in weights]))
    origin = torch.cat([value.flatten() for value in start])
    assert (moved[0] - moved[1]).norm() < 0.03 * (moved[0] - origin).norm()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": 3}, "layer: Extra inputs are not permitted, found 3"),
        ({"tokens": None}, "no budget"),
        ({"seconds": 0.0}, "seconds: .* greater than 0, found 0"),
        ({"evaluations": 0}, "evaluations: .* found 0"),
        ({"decoder": "rnn"}, "decoder: Input should be 'llama' or 'gpt2', found 'rnn'"),
        ({"width": 15, "heads": 2}, "an even multiple of the heads"),
        ({"width": 30, "heads": 2}, "an even multiple of the heads"),
        ({"base": "gpt2", "learning_rate": 0.003}, r"at most 0\.001, or null for 0\.0001"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        model_settings(options)


def test_nothing_to_train_on_or_to_load_says_so(tmp_path: Path) -> None:
    table = tiny_models.made_up_table()
    with pytest.raises(ModelError, match="0 to validate"):
        train(table, table.select([]), tiny_models.tiny_tokenizer(), tmp_path)
    with pytest.raises(ModelError, match="lacks config"):
        load_model(tmp_path)


def test_stored_examples_are_those_that_were_encoded(tmp_path: Path) -> None:
    form = make_notation("edits", tiny_models.tiny_tokenizer())
    table, slots = tiny_models.made_up_table(), {f"made-up-{number}": number + 1 for number in range(6)}
    for with_hints in (True, False):
        encoder = Encoder(form, slots, 30, with_hints)
        found = encoder.store(table, tmp_path / f"{with_hints}.arrow")
        expected = list(encoder.examples(traces_of(table)))
        assert len(found) == len(expected)
        for index, one in enumerate(expected):
            np.testing.assert_equal(vars(found[index]), vars(one))
        assert found.lengths.tolist() == [len(example.tokens) for example in expected]
        assert 0 < found.is_cut.sum() < len(found)


def test_encoded_traces_outlive_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"tokens": 1_000}
    with monkeypatch.context() as patch:
        kill_after(1, patch)
        with pytest.raises(KilledError):
            tiny_models.tiny_model(tmp_path, **options)
    assert len(list((tmp_path / "encoded").iterdir())) == 2
    monkeypatch.setattr(Encoder, "store", lambda _, table, file, progress: StoredExamples(file))
    tiny_models.tiny_model(tmp_path, **options)
    assert not (tmp_path / "encoded").exists()


def test_training_of_other_traces_or_settings_is_another(tmp_path: Path) -> None:
    def name_of(**options: Any) -> str:
        tiny_models.tiny_model(tmp_path, tokens=500, **options)
        return str(report(tmp_path)["fingerprint"])

    first = name_of()
    others = [
        {"seed": 1},
        {"title_tokens": 5},
        {"table": tiny_models.made_up_table(seed=1)},
        {"outcomes": Outcomes(conditions="two seconds")},
    ]
    assert name_of() == first
    assert len({first, *(name_of(**options) for options in others)}) == 5


def test_training_that_diverges_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Optimizers, "step", lambda self, progress: self.dense[0].data.fill_(float("nan")))
    with pytest.raises(ModelError, match=r"validation loss is nan at step \d+: lower the learning_rate"):
        tiny_models.tiny_model(tmp_path, tokens=500)


TOKENIZER = tiny_models.tiny_tokenizer()
odd_bits = st.sampled_from(
    ["CODE 3 (", "2019-01-02 10:11:12):\n", "\r\n", "\x0b", "\u2028", END, MASK, "é", "\0"]
)
any_text = st.lists(st.one_of(odd_bits, st.text(st.characters(exclude_categories=["Cs"])))).map("".join)


def pieces(text: str) -> list[str]:
    return [decode_tokens(TOKENIZER, [token]) for token in encode_texts(TOKENIZER, [text])[0]]


@settings(max_examples=300)
@given(any_text)
def test_any_text_comes_back(text: str) -> None:
    ids = encode_texts(TOKENIZER, [text])[0]
    assert decode_tokens(TOKENIZER, ids) == text
    assert not {TOKENIZER.convert_tokens_to_ids(name) for name in (END, START, MASK, PAD)} & set(ids)


@settings(max_examples=100)
@given(st.lists(any_text.map(lambda text: text + "\n")))
def test_lines_can_be_encoded_one_by_one(lines: list[str]) -> None:
    whole = encode_texts(TOKENIZER, ["".join(lines)])[0]
    assert whole == [token for ids in encode_texts(TOKENIZER, lines) for token in ids]


def test_date_is_cut_into_its_parts_even_where_never_seen() -> None:
    assert len(TOKENIZER) <= 520
    header = "CODE 17 (2025-12-31 23:59:07):\n"
    assert pieces(header) == ["CODE 17 (", "2025", "-12", "-31", " 23", ":59", ":07", "):\n"]


def test_lone_surrogate_becomes_the_replacement_character() -> None:
    ids = encode_texts(TOKENIZER, ["a\ud800b"])[0]
    assert decode_tokens(TOKENIZER, ids) == "a\ufffdb"


def test_saved_tokenizer_is_the_same(tmp_path: object) -> None:
    TOKENIZER.save_pretrained(str(tmp_path))
    loaded = load_tokenizer(str(tmp_path))
    text = "CODE 1 (2019-03-04 10:00:00):\npen red\n" + MASK
    assert encode_texts(loaded, [text]) == encode_texts(TOKENIZER, [text])
    assert (loaded.eos_token, loaded.pad_token) == (END, PAD)


def test_impossible_requests_say_so(tmp_path: object) -> None:
    with pytest.raises(ModelError, match="vocabulary of 300"):
        train_tokenizer(["a"], vocabulary=300)
    with pytest.raises(ModelError, match=r"no tokenizer\.json"):
        load_tokenizer(str(tmp_path))
