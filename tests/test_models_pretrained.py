"""Tiny stand-ins of the shape of real pretrained decoders, each with a tokenizer of its own."""

import math
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny_models
import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GPT2Config,
    GraniteConfig,
    MistralConfig,
    Olmo2Config,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    Qwen3Config,
)

from pcutils.data import traces_of
from pcutils.errors import ModelError
from pcutils.models import (
    Prompt,
    TraceModel,
    load_model,
    load_tokenizer,
    pretrained_tokenizer,
    train,
    training_texts,
)
from pcutils.models.network import new_network, quiet
from pcutils.models.notation import HINT_SIZES, NOTATIONS, make_notation
from pcutils.models.settings import ModelSettings
from pcutils.models.tokenizer import END, MASK, PAD, START, decode_tokens, encode_texts
from pcutils.trace import Trace

WIDTH, HEADS, VOCABULARY = 32, 4, 330
CUTS = r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
"""As Qwen, OLMo 2 and others cut text: a token may hold several newlines, and signs before them."""
ODD_PROGRAMS = (
    "",
    "\n\n\npen red\n\n  fd 50\n\n\n    rt 90  \n",
    "pen red\r\n\r\n\tfd 50\r\n",
    "write 'e\u0301 \u212b \u1e9b\u0323 \u4f60\u597d \U0001f422'\n\u2028\u00a0x",
    f"say '{END}{START}{MASK}{PAD}<|im_start|><think>'\n'CODE 3 (2019-03-04 10:00:00):'",
    "CODE",
    "(((\n\n)))\n\n",
)


def gpt2() -> GPT2Config:
    return GPT2Config(n_positions=256, n_embd=WIDTH, n_layer=1, n_head=HEADS, bos_token_id=0, eos_token_id=0)


def relative(kind: type[PretrainedConfig], **options: Any) -> PretrainedConfig:
    sizes = {"hidden_size": WIDTH, "intermediate_size": 48, "num_hidden_layers": 1}
    sizes |= {"num_attention_heads": HEADS, "num_key_value_heads": HEADS, "max_position_embeddings": 4096}
    return kind(**{**sizes, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None, **options})


KINDS = {
    "gpt2": gpt2,
    "olmo2": partial(relative, Olmo2Config, tie_word_embeddings=False),
    "qwen3": partial(relative, Qwen3Config, num_key_value_heads=2, head_dim=16, tie_word_embeddings=False),
}


def base_tokenizer(kind: str) -> PreTrainedTokenizerFast:
    """Train a byte-level tokenizer that cuts and normalises as that of the real decoder does."""
    backend = Tokenizer(models.BPE())
    own = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=kind == "gpt2")
    split = pre_tokenizers.Split(Regex(CUTS), "isolated")
    backend.pre_tokenizer = own if kind == "gpt2" else pre_tokenizers.Sequence([split, own])
    if kind.startswith("qwen"):
        backend.normalizer = normalizers.NFC()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    options = {"vocab_size": VOCABULARY, "initial_alphabet": alphabet, "special_tokens": [END]}
    trainer = trainers.BpeTrainer(show_progress=False, **options)
    texts = [f"{text}\n\n\n    (\n)\n\n" for text in training_texts(tiny_models.made_up_traces())]
    backend.train_from_iterator(texts, trainer)
    backend.decoder = decoders.ByteLevel()
    result = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token=END)
    if kind.startswith("qwen"):
        result.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
        result.add_tokens(["<think>"])
    return result


def save_base(folder: Path, kind: str, config: PretrainedConfig | None = None) -> str:
    """Write a stand-in as a pretrained decoder is written; its table is larger than its vocabulary."""
    tokenizer = base_tokenizer(kind)
    config = KINDS[kind]() if config is None else config
    config.vocab_size = len(tokenizer) + 5
    torch.manual_seed(0)
    with quiet():
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module", params=list(KINDS))
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_base(tmp_path_factory.mktemp("base"), request.param)


def tiny(base: str, folder: Path, **settings: Any) -> TraceModel:
    table = tiny_models.made_up_table()
    options = {"context": 256, "batch_tokens": 1024, "evaluations": 2, "steps": 12, "tokens": None}
    options |= {"base": base, "progress": False, **settings}
    return train(table, table.select(range(6)), pretrained_tokenizer(base), folder, **options)


def odd_traces() -> Iterator[Trace]:
    moments = [datetime(2019, 3, 4, 10, 0, place) if place % 3 != 1 else None for place in range(8)]
    yield Trace.from_states(ODD_PROGRAMS, moments[: len(ODD_PROGRAMS)], title="e\u0301 \u212b")
    for program in ODD_PROGRAMS:
        yield Trace.from_states([program, program + "\n", program], title="x", is_complete=True)


def test_base_learns_saves_loads_and_samples(base: str, tmp_path: Path) -> None:
    for form in NOTATIONS:
        model = tiny(base, tmp_path / form, notation=form)
        assert model.context == 256
        curve = pd.read_parquet(tmp_path / form / "learning_curve.parquet").query("split == 'validation'")
        assert curve.bits_per_token.iloc[-1] < curve.bits_per_token.iloc[0] < math.log2(VOCABULARY) + 1
        traces = list(traces_of(tiny_models.made_up_table().select(range(6))))
        assert model.score(traces).mean() == pytest.approx(curve.bits_per_trace.min(), rel=1e-5)
        again = load_model(tmp_path / form)
        assert (again.score(traces) == model.score(traces)).all()
        tied = model.network.decoder.config.tie_word_embeddings
        tables = (model.network.decoder.get_input_embeddings(), model.network.decoder.get_output_embeddings())
        assert (tables[0].weight is tables[1].weight) == tied
        model.network.double()
        prefix = Trace.from_states(["pen red\n\nfd 1"])
        prompts = [Prompt("made-up-1", "star"), Prompt(None, "square", prefix)]
        found = model.generate(prompts, temperature=0, max_tokens=12, batch_size=2, progress=False)
        for prompt, got in zip(prompts, found, strict=True):
            assert got.text == model.notation.decode(tiny_models.by_hand(model, prompt, 12))


def test_texts_come_back_and_special_looking_text_stays_text(base: str, tmp_path: Path) -> None:
    tokenizer = pretrained_tokenizer(base)
    tokenizer.save_pretrained(tmp_path)
    loaded = load_tokenizer(tmp_path)
    plain = AutoTokenizer.from_pretrained(base)
    names = [END, START, MASK, PAD]
    assert (tokenizer.eos_token, tokenizer.bos_token, tokenizer.mask_token, tokenizer.pad_token) == (*names,)
    assert tokenizer.convert_tokens_to_ids(END) == plain.convert_tokens_to_ids(END)
    special = {*tokenizer.convert_tokens_to_ids([*names, "<|im_start|>", "<think>"])} - {None}
    for text in ODD_PROGRAMS:
        ids = encode_texts(tokenizer, [text])[0]
        assert decode_tokens(tokenizer, ids) == text
        assert not special & set(ids)
        assert encode_texts(loaded, [text]) == [ids]
    for line in ("pen red", "  rt 90", "\tfd 50 # \u4f60\u597d", "isn't 1234567"):
        assert encode_texts(tokenizer, [line])[0] == plain.encode(line, add_special_tokens=False)
    assert loaded.init_kwargs["tokens_of_base"] == tokenizer.init_kwargs["tokens_of_base"] < len(loaded)


def test_any_programs_come_back_through_edits_and_keep_the_form(base: str) -> None:
    form = make_notation("edits", pretrained_tokenizer(base))
    for trace, item in zip(odd_traces(), form.encode(odd_traces()), strict=True):
        tokens = [*np.concatenate(item.states), form.end]
        read = form.read(tokens, Trace((), (), ()), title=trace.title, username=None)
        assert read.programs == item.trace.programs
        assert read.timestamps == item.trace.timestamps
        place = form.place(Trace((), (), ()))
        for token in tokens:
            assert form.allow(torch.zeros(1, form.vocabulary), [place])[0, token] == 0, form.decode([token])
            place.push(int(token))


def test_new_rows_start_near_the_known_ones_and_the_rest_is_kept(base: str) -> None:
    tokenizer = pretrained_tokenizer(base)
    form = make_notation("edits", tokenizer)
    network = new_network(ModelSettings(base=base, context=64), form, students=3)
    original = AutoModelForCausalLM.from_pretrained(base)
    known = tokenizer.init_kwargs["tokens_of_base"]
    assert (network.config.context, network.config.known_tokens) == (64, known)
    most = original.config.max_position_embeddings
    assert new_network(ModelSettings(base=base, context=9999), form, 1).config.context == most
    for get in ("get_input_embeddings", "get_output_embeddings"):
        old, new = (getattr(decoder, get)().weight for decoder in (original, network.decoder))
        assert torch.equal(old[:known], new[:known])
        assert new.shape[0] == form.vocabulary
        centre, spread = old[:known].mean(dim=0), old[:known].std(dim=0)
        assert ((new[known:] - centre).abs() < spread).all()
        assert len(torch.unique(new[known:], dim=0)) == form.vocabulary - known
    kept = {name: weight for name, weight in original.named_parameters() if weight.shape[0] != known + 5}
    found = dict(network.decoder.named_parameters())
    assert len(kept) > 5
    assert all(torch.equal(found[name], weight) for name, weight in kept.items())
    tokens = torch.arange(9)[None]
    hints = torch.from_numpy(form.hints(range(9))).long()[None]
    hints[..., 2:] = 0
    for name in HINT_SIZES:
        getattr(network, f"{name}_input").weight.data.zero_()
    assert torch.equal(network.eval().embed(tokens, hints), original.get_input_embeddings()(tokens))


@pytest.mark.parametrize("kind", [GraniteConfig, MistralConfig])  # scales its scores; slides its window
def test_decoders_of_other_kinds_are_refused(kind: type[PretrainedConfig], tmp_path: Path) -> None:
    base = save_base(tmp_path, "olmo2", relative(kind))
    with pytest.raises(ModelError, match="choose one of gpt2,"):
        new_network(ModelSettings(base=base), make_notation("edits", pretrained_tokenizer(base)), 1)


def test_unfit_tokenizers_are_refused(tmp_path: Path) -> None:
    words = Tokenizer(models.WordPiece({"[UNK]": 0, "pen": 1, END: 2}, unk_token="[UNK]"))
    PreTrainedTokenizerFast(tokenizer_object=words, eos_token=END).save_pretrained(tmp_path / "words")
    with pytest.raises(ModelError, match="byte-level"):
        pretrained_tokenizer(str(tmp_path / "words"))
    spaces = base_tokenizer("olmo2").backend_tokenizer
    spaces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    PreTrainedTokenizerFast(tokenizer_object=spaces, eos_token=END).save_pretrained(tmp_path / "spaces")
    with pytest.raises(ModelError, match="does not give back every text"):
        pretrained_tokenizer(str(tmp_path / "spaces"))
    with pytest.raises(ModelError, match="No tokenizer"):
        pretrained_tokenizer(str(tmp_path))
    form = make_notation("edits", tiny_models.tiny_tokenizer())
    with pytest.raises(ModelError, match="No causal decoder"):
        new_network(ModelSettings(base=str(tmp_path)), form, 1)
