"""Tiny stand-ins of the shape of real pretrained decoders, each with a tokenizer of its own."""

from __future__ import annotations

import json
import math
import shutil
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
    LlamaConfig,
    MistralConfig,
    Olmo2Config,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

from pcutils.errors import ModelError, ProfileError
from pcutils.models import (
    Prompt,
    TraceModel,
    load_model,
    load_tokenizer,
    pretrained_tokenizer,
    sample,
    train,
    training_texts,
)
from pcutils.models.building import new_network, quiet
from pcutils.models.formats import FORMATS, make_format
from pcutils.models.formats.header_grammar import HeaderGrammar, HeaderPlace, begins_header
from pcutils.models.formats.states import state_texts
from pcutils.models.formats.states_grammar import PROGRAM_START
from pcutils.models.optimizers import Optimizers
from pcutils.models.row_cache import fitting_rows
from pcutils.models.tokenizer import END, MASK, PAD, START, decode_tokens, encode_texts
from pcutils.models.training_loop import Settings
from pcutils.pipeline.base_decoder import base_of
from pcutils.pipeline.dry_run import dry_run, real_size
from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.profiles import Models, find_profile, load_profile
from pcutils.pipeline.stages import tokenizer as tokenizer_stage
from pcutils.trace import Trace

ROOT = Path(__file__).resolve().parents[1]
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
    return kind(
        **{
            **sizes,
            "num_attention_heads": HEADS,
            "num_key_value_heads": HEADS,
            "max_position_embeddings": 4096,
            "bos_token_id": 0,
            "eos_token_id": 0,
            "pad_token_id": None,
            **options,
        }
    )


KINDS = {
    "gpt2": gpt2,
    "smollm": partial(relative, LlamaConfig, num_key_value_heads=2, tie_word_embeddings=True),
    "olmo2": partial(relative, Olmo2Config, tie_word_embeddings=False),
    "qwen2": partial(relative, Qwen2Config, num_key_value_heads=1, tie_word_embeddings=True),
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
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[END],
        show_progress=False,
    )
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


@pytest.fixture(scope="module")
def gpt2_base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_base(tmp_path_factory.mktemp("one"), "gpt2")


def tiny(base: str, folder: Path, **settings: Any) -> TraceModel:
    table = tiny_models.made_up_table()
    options = {"context": 256, "batch_tokens": 1024, "evaluations": 2, "steps": 12, "tokens": None}
    return train(
        table,
        table.select(range(6)),
        pretrained_tokenizer(base),
        folder,
        base=base,
        progress=False,
        **(options | settings),
    )


def odd_traces() -> Iterator[Trace]:
    moments = [datetime(2019, 3, 4, 10, 0, place) if place % 3 != 1 else None for place in range(8)]
    yield Trace.from_states(ODD_PROGRAMS, moments[: len(ODD_PROGRAMS)], title="e\u0301 \u212b")
    for program in ODD_PROGRAMS:
        yield Trace.from_states([program, program + "\n", program], title="x", is_complete=True)


def test_base_learns_saves_loads_and_samples(base: str, tmp_path: Path) -> None:
    for form in FORMATS:
        model = tiny(base, tmp_path / form, form=form)
        assert model.context == 256
        curve = pd.read_parquet(tmp_path / form / "learning_curve.parquet").query("split == 'validation'")
        assert curve.bits_per_token.iloc[-1] < curve.bits_per_token.iloc[0] < math.log2(VOCABULARY) + 1
        traces = list(tiny_models.traces_of(tiny_models.made_up_table().select(range(6))))
        assert model.score(traces).mean() == pytest.approx(curve.bits_per_trace.min(), rel=1e-5)
        with quiet():
            model.network.save_pretrained(tmp_path / "again" / form)
            model.tokenizer.save_pretrained(tmp_path / "again" / form)
        (tmp_path / "again" / form / "students.json").write_text(json.dumps(model.students))
        again = load_model(tmp_path / "again" / form)
        assert (again.score(traces) == model.score(traces)).all()
        tied = model.network.decoder.config.tie_word_embeddings
        tables = (model.network.decoder.get_input_embeddings(), model.network.decoder.get_output_embeddings())
        assert (tables[0].weight is tables[1].weight) == tied
        model.network.double()
        prompts = [
            Prompt("made-up-1", "star"),
            Prompt(None, "square", Trace.from_states(["pen red\n\nfd 1"])),
        ]
        found = sample(model, prompts, temperature=0, max_tokens=12, batch_size=2, progress=False)
        for prompt, got in zip(prompts, found, strict=True):
            assert got.text == model.form.decode(by_hand(model, prompt, 12))


def by_hand(model: TraceModel, prompt: Prompt, count: int) -> list[int]:
    """Likeliest tokens, each from a whole forward pass without a cache."""
    prefix = prompt.prefix or Trace((), (), ())
    trace = Trace(prefix.programs, prefix.timestamps, prefix.numbers, is_complete=False, title=prompt.title)
    (item,) = model.form.encode([trace])
    tokens = np.concatenate([item.prompt, *item.states]).tolist()
    place = model.form.place(prefix) if model.form.has_grammar else None
    vector = model.student_vectors([prompt.username]).double()
    written: list[int] = []
    while len(written) < count and model.form.end not in written:
        hints = torch.from_numpy(model.form.hints(tokens)).long()[None]
        with torch.no_grad():
            scores = model.network(torch.tensor([tokens]), student_vectors=vector, hints=hints).logits[0, -1]
        token = int(model.form.allow(scores[None], None if place is None else [place]).argmax())
        if place is not None:
            forced = model.form.closing(place, count - len(written))
            token = token if forced is None else forced
            place.push(token)
        written.append(token)
        tokens.append(token)
    return written


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
    form = make_format("edits", pretrained_tokenizer(base))
    for trace, item in zip(odd_traces(), form.encode(odd_traces()), strict=True):
        tokens = [*np.concatenate(item.states), form.end]
        read = form.read(tokens, Trace((), (), ()), title=trace.title, username=None)
        assert read.programs == item.trace.programs
        assert read.timestamps == item.trace.timestamps
        place = form.place(Trace((), (), ()))
        for token in tokens:
            assert form.allow(torch.zeros(1, form.vocabulary), [place])[0, token] == 0, form.decode([token])
            place.push(int(token))


def test_any_programs_come_back_through_states(base: str) -> None:
    form = make_format("states", pretrained_tokenizer(base))
    for item in form.encode(odd_traces()):
        text = "".join(state_texts(item.trace))
        assert form.decode(np.concatenate(item.states)) == text
    for trace in tiny_models.made_up_traces():
        (item,) = form.encode([trace])
        tokens = [*np.concatenate(item.states), form.end]
        assert form.read(tokens, Trace((), (), ()), title=trace.title, username=trace.username) == item.trace


def test_samples_of_a_hardly_trained_base_can_be_read(base: str, tmp_path: Path) -> None:
    model = tiny(base, tmp_path, steps=1)
    prompts = [Prompt(f"made-up-{number}", "star") for number in range(8)]
    found = sample(model, prompts, temperature=1.5, max_tokens=60, progress=False)
    for item in found:
        assert item.trace is not None or item.failure.startswith("found no whole state")
    assert sum(item.trace is not None for item in found) >= 4


def spell(form: Any, text: str) -> HeaderPlace:
    """Write a date line letter by letter, as far as the form allows."""
    place = HeaderPlace(HeaderGrammar(form.alphabet.nesting.texts))
    for letter in text:
        (token,) = encode_texts(form.tokenizer, [letter])[0]
        assert token in place.tokens, f"{place.written!r} may not go on with {letter!r}"
        place.push(token)
    return place


def test_date_lines_are_whole_in_whatever_pieces(gpt2_base: str) -> None:
    form = make_format("edits", pretrained_tokenizer(gpt2_base))
    for line in ("CODE 1 (2019-12-31 23:59:59):\n", "CODE 1 (unknown):\n"):
        assert spell(form, line).kind == PROGRAM_START
        assert all(
            begins_header(line[:end]) and spell(form, line[:end]).kind != PROGRAM_START
            for end in range(30)
            if end < len(line)
        )
    for wrong in (
        "CODE 2",
        "CODE 1 (0",
        "CODE 1 (2019-2",
        "CODE 1 (2019-00",
        "CODE 1 (2019-12-32",
        "CODE 1 (2019-12-31 24",
    ):
        assert begins_header(wrong[:-1])
        assert not begins_header(wrong)


@pytest.mark.parametrize("kind", ["gpt2", "olmo2"])
def test_hints_of_states_find_headers_of_several_tokens(kind: str, tmp_path: Path) -> None:
    form = make_format("states", pretrained_tokenizer(save_base(tmp_path, kind)))
    programs = ["pen red\nfd 50\nCODE", "pen red\nfd 50\nCODE\nrt 90"]
    (item,) = form.encode([Trace.from_states(programs, [datetime(2019, 3, 4, 10)] * 2)])
    tokens = np.concatenate([item.prompt, *item.states])
    hints = form.hints(tokens)
    first = len(item.prompt) + len(item.states[0])
    assert (hints[:first, :2] == -1).all()
    header = next(place for place, token in enumerate(item.states[1]) if form.alphabet.ends_line[token])
    repeated = range(first + header, first + len(item.states[0]) - 1)
    assert len(repeated) > 5
    assert [hints[place, 0] for place in repeated] == [tokens[place + 1] for place in repeated]


def test_new_rows_start_near_the_known_ones_and_the_rest_is_kept(base: str) -> None:
    tokenizer = pretrained_tokenizer(base)
    form = make_format("edits", tokenizer)
    network = new_network(Settings(base=base, context=64), form, students=3)
    original = AutoModelForCausalLM.from_pretrained(base)
    known = tokenizer.init_kwargs["tokens_of_base"]
    assert (network.config.context, network.config.known_tokens) == (64, known)
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
    for part in (network.situation_input, network.nesting_input, network.line_input, network.outcome_input):
        part.weight.data.zero_()
    assert torch.equal(network.eval().embed(tokens, hints), original.get_input_embeddings()(tokens))


def test_base_is_moved_by_adamw_and_new_rows_faster(base: str) -> None:
    form = make_format("edits", pretrained_tokenizer(base))
    network = new_network(Settings(base=base), form, students=3)
    rate, known = 1e-4, network.config.known_tokens
    optimizers = Optimizers(network, rate)
    adamw, rows, muon = optimizers.parts
    of_decoder = {id(weight) for weight in network.decoder.parameters()}
    assert not of_decoder & {id(weight) for group in muon.param_groups for weight in group["params"]}
    assert [{id(weight) in of_decoder for weight in group["params"]} for group in adamw.param_groups] == [
        {False},
        {True},
    ]
    assert [group["lr"] for group in adamw.param_groups] == [pytest.approx(30 * rate), rate]
    assert (rows.param_groups[0]["lr"], muon.param_groups[0]["lr"]) == (
        pytest.approx(1200 * rate),
        pytest.approx(90 * rate),
    )
    table = network.decoder.get_input_embeddings().weight
    before = table.detach().clone()
    for weight in optimizers.dense:
        weight.grad = torch.ones_like(weight)
    optimizers.step(0.03)
    moved = (before - table).detach()
    torch.testing.assert_close(moved[:known], torch.full_like(moved[:known], rate), rtol=0.01, atol=1e-7)
    torch.testing.assert_close(moved[known:], torch.full_like(moved[known:], 30 * rate), rtol=0.01, atol=1e-6)


def test_context_is_cut_to_what_is_asked_and_to_what_the_base_can_read(base: str) -> None:
    form = make_format("edits", pretrained_tokenizer(base))
    network = new_network(Settings(base=base, context=100), form, students=1)
    most = 256 if network.config.decoder["model_type"] == "gpt2" else 4096
    assert network.config.context == 100
    assert new_network(Settings(base=base, context=9999), form, 1).config.context == most
    decoder = network.decoder.config
    heads = getattr(decoder, "num_key_value_heads", None) or HEADS
    size = getattr(decoder, "head_dim", None) or WIDTH // HEADS
    row = 2 * heads * size * 4  # bytes of a token: keys and values of one layer
    assert fitting_rows(network.decoder, 2**30 // row // 7) == 7


def test_sliding_windows_are_refused_where_they_would_cut(tmp_path: Path) -> None:
    base = save_base(tmp_path, "smollm", relative(MistralConfig, sliding_window=128))
    form = make_format("edits", pretrained_tokenizer(base))
    assert new_network(Settings(base=base, context=128), form, 1).config.context == 128
    with pytest.raises(ModelError, match="context of at most 128"):
        new_network(Settings(base=base, context=129), form, 1)


def test_decoders_that_scale_their_scores_are_refused(tmp_path: Path) -> None:
    base = save_base(tmp_path, "smollm", relative(GraniteConfig, logits_scaling=3.0))
    with pytest.raises(ModelError, match="scaling scores"):
        new_network(Settings(base=base), make_format("edits", pretrained_tokenizer(base)), 1)


def test_unfit_tokenizers_are_refused(tmp_path: Path) -> None:
    words = Tokenizer(models.WordPiece({"[UNK]": 0, "pen": 1, END: 2}, unk_token="[UNK]"))
    PreTrainedTokenizerFast(tokenizer_object=words, eos_token=END).save_pretrained(tmp_path / "words")
    with pytest.raises(ModelError, match="byte-level"):
        pretrained_tokenizer(str(tmp_path / "words"))
    spaces = base_tokenizer("smollm").backend_tokenizer
    spaces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    PreTrainedTokenizerFast(tokenizer_object=spaces, eos_token=END).save_pretrained(tmp_path / "spaces")
    with pytest.raises(ModelError, match="does not give back every text"):
        pretrained_tokenizer(str(tmp_path / "spaces"))
    with pytest.raises(ModelError, match="No tokenizer"):
        pretrained_tokenizer(str(tmp_path))
    form = make_format("edits", tiny_models.tiny_tokenizer())
    with pytest.raises(ModelError, match="No causal decoder"):
        new_network(Settings(base=str(tmp_path)), form, 1)


def test_gaps_between_the_numbers_of_tokens_are_filled(tmp_path: Path) -> None:
    base_tokenizer("olmo2").save_pretrained(tmp_path)
    content = json.loads((tmp_path / "tokenizer.json").read_text())
    last = max(content["model"]["vocab"].values())
    content["added_tokens"].append({**content["added_tokens"][0], "id": last + 4, "content": "<|far|>"})
    content["model"]["vocab"]["<|far|>"] = last + 4
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    tokenizer = pretrained_tokenizer(str(tmp_path))
    assert sorted(tokenizer.get_vocab().values()) == list(range(len(tokenizer)))
    assert tokenizer.init_kwargs["tokens_of_base"] == last + 5
    assert tokenizer.convert_tokens_to_ids("<|far|>") == last + 4
    form = make_format("edits", tokenizer)
    assert not form.grammar.writable[last + 1 : last + 8].any()  # nothing that no text has is written


def test_training_with_a_rate_for_small_networks_is_refused(gpt2_base: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"at most 0\.001, or null for 0\.0001"):
        tiny(gpt2_base, tmp_path, learning_rate=0.003)
    tiny(gpt2_base, tmp_path, steps=1)
    assert json.loads((tmp_path / "training.json").read_text())["settings"]["learning_rate"] == 0.0001


def test_killed_and_resumed_training_of_a_base_ends_with_the_same_weights(
    gpt2_base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tiny(gpt2_base, tmp_path / "whole", steps=8, evaluations=1)
    step = Optimizers.step

    def dying(self: Optimizers, progress: float) -> None:
        if progress >= 0.75:
            raise KeyboardInterrupt
        step(self, progress)

    options: dict[str, Any] = {"steps": 8, "evaluations": 1, "checkpoint_steps": 5}
    with monkeypatch.context() as patch:
        patch.setattr(Optimizers, "step", dying)
        with pytest.raises(KeyboardInterrupt):
            tiny(gpt2_base, tmp_path / "killed", **options)
    assert (tmp_path / "killed" / "checkpoint.pt").is_file()
    resumed = tiny(gpt2_base, tmp_path / "killed", **options)
    found = resumed.network.state_dict()
    assert all(torch.equal(found[name], weight) for name, weight in whole.network.state_dict().items())


def test_profile_with_a_base_takes_its_tokenizer(
    gpt2_base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    place = find_profile("smoke")
    with pytest.raises(ProfileError, match="a learning_rate of at most"):
        load_profile(place, [f"models.base={gpt2_base}", "models.learning_rate=0.003"])
    profile = load_profile(place, [f"models.base={gpt2_base}", "models.learning_rate=null"])
    assert base_of(Models(base="base"), Path(gpt2_base).parent) == "base"
    assert base_of(Models(base=Path(gpt2_base).name), Path(gpt2_base).parent) == gpt2_base
    assert base_of(Models(), ROOT) is None
    files = RunFiles(tmp_path)
    tokenizer_stage.run(files, models=profile.models, root=ROOT)
    with pytest.raises(ModelError, match="no folder no such/base"):
        tokenizer_stage.run(files, models=Models(base="no such/base"), root=ROOT)
    assert load_tokenizer(files.tokenizer).get_vocab() == pretrained_tokenizer(gpt2_base).get_vocab()


def test_dry_run_reads_no_weights(gpt2_base: str, tmp_path: Path) -> None:
    folder = tmp_path / "weightless"
    shutil.copytree(gpt2_base, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    whole, students, moved = real_size(Models(base=str(folder)), tiny_models.tiny_tokenizer(), 7)
    network = new_network(
        Settings(base=gpt2_base), make_format("edits", pretrained_tokenizer(gpt2_base)), students=7
    )
    assert whole == sum(moved) == sum(weight.numel() for weight in network.parameters())
    assert students == network.student_table.weight.numel()
    profile = load_profile(find_profile("smoke"), [f"models.base={folder}", "models.learning_rate=null"])
    found = dry_run(ROOT, profile, 7)
    assert (found.parameters, found.sampled) == (whole, 1)
