from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny_models
import torch
from safetensors.torch import load_file

from pcutils.errors import ModelError
from pcutils.models import load_model, train
from pcutils.models.batches import collate, endless_batches, group_by_length
from pcutils.models.muon import StackedMuon
from pcutils.models.optimizers import Optimizers, schedule
from pcutils.models.scoring import token_losses
from pcutils.models.training_loop import CURVE_COLUMNS


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


def test_resumed_training_does_not_start_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        kill_after(7, patch)
        with pytest.raises(KilledError):
            tiny_models.tiny_model(tmp_path, tokens=4_000, checkpoint_steps=5, evaluations=1)
    taken: list[float] = []
    step = Optimizers.step

    def counting(self: Optimizers, progress: float) -> None:
        taken.append(progress)
        step(self, progress)

    monkeypatch.setattr(Optimizers, "step", counting)
    tiny_models.tiny_model(tmp_path, tokens=4_000, checkpoint_steps=5, evaluations=1)
    steps = json.loads((tmp_path / "training.json").read_text())["steps"]
    assert len(taken) == steps - 5


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
    traces = list(tiny_models.traces_of(tiny_models.made_up_table().select(range(6))))
    assert model.score(traces).mean() == pytest.approx(validation.bits_per_trace.min(), rel=1e-6)


def test_papers_decoder_learns_too(tmp_path: Path) -> None:
    tiny_models.tiny_model(tmp_path, tokens=8_000, decoder="gpt2", copy_hints=False, title_tokens=6)
    bits = curve(tmp_path).query("split == 'validation'").bits_per_trace
    assert bits.iloc[-1] < 0.7 * bits.iloc[0]
    config = load_model(tmp_path).network.config
    assert (config.decoder["model_type"], config.copy_hints, config.title_tokens) == ("gpt2", False, 6)


def test_report_counts_what_was_cut(tmp_path: Path) -> None:
    tiny_models.tiny_model(tmp_path, tokens=1_000, context=32)
    report = json.loads((tmp_path / "training.json").read_text())
    model = load_model(tmp_path)
    examples = model.examples(tiny_models.made_up_traces())
    assert report["traces_cut_to_context"] == sum(example.is_cut for example in examples) > 0
    assert max(len(example.tokens) for example in examples) == 31


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


def test_pretrained_decoder_can_be_the_base(tmp_path: Path) -> None:
    first = tiny_models.tiny_model(tmp_path / "first", tokens=2_000)
    first.network.decoder.save_pretrained(tmp_path / "base")
    settings: dict[str, Any] = {"tokens": 1, "learning_rate": 1e-12, "base": str(tmp_path / "base")}
    second = tiny_models.tiny_model(tmp_path / "second", **settings)
    for name, weight in first.network.decoder.state_dict().items():
        torch.testing.assert_close(second.network.decoder.state_dict()[name], weight, atol=1e-6, rtol=0)
    assert not torch.equal(first.network.student_table.weight, second.network.student_table.weight)


def test_wrong_requests_say_so(tmp_path: Path) -> None:
    table, tokenizer = tiny_models.made_up_table(), tiny_models.tiny_tokenizer()
    with pytest.raises(ModelError, match="Unknown training settings layer;"):
        train(table, table, tokenizer, tmp_path, layer=3)
    with pytest.raises(ModelError, match="0 to validate"):
        train(table, table.select([]), tokenizer, tmp_path)
    with pytest.raises(ModelError, match="there are gpt2, llama"):
        train(table, table, tokenizer, tmp_path, decoder="rnn")
    with pytest.raises(ModelError, match="multiple"):
        train(table, table, tokenizer, tmp_path, width=15, heads=2)
    with pytest.raises(ModelError, match="even number a head"):
        train(table, table, tokenizer, tmp_path, width=30, heads=2)
    with pytest.raises(ModelError, match="lacks config"):
        load_model(tmp_path)


def test_every_example_comes_once_an_epoch_in_batches_that_fit() -> None:
    lengths = np.random.default_rng(0).integers(5, 120, 200)
    seen: list[int] = []
    batches = endless_batches(lengths, 150, seed=1)
    while len(seen) < 200:
        batch = next(batches).tolist()
        assert len(batch) == 1 or len(batch) * max(lengths[place] for place in batch) <= 150
        seen += batch
    assert sorted(seen) == list(range(200))
    padded = sum(len(group) * max(lengths[i] for i in group) for group in group_by_length(lengths, seen, 150))
    assert padded < 1.5 * sum(lengths)


def test_rate_rises_then_falls_to_almost_nothing() -> None:
    rates = [schedule(share) for share in np.linspace(0, 1, 101)]
    top = int(np.argmax(rates))
    assert 0 < top < 10
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == 0.01


def test_packed_traces_see_nothing_of_each_other(tmp_path: Path) -> None:
    """Losses and gradients are those of each trace alone."""
    model = tiny_models.tiny_model(tmp_path, tokens=2_000)
    network, examples = model.network.double(), model.examples(tiny_models.made_up_traces())
    for decoder_row in (64, 200):
        packed = collate(examples, row_length=decoder_row)
        assert len(packed.tokens) < len(examples) == len(packed.students)
        alone = torch.cat([token_losses(network, collate([example])) for example in examples])
        together = token_losses(network, packed)
        torch.testing.assert_close(together, alone, rtol=1e-9, atol=1e-9)
        weight = network.get_input_embeddings().weight
        (expected,) = torch.autograd.grad(alone.sum(), weight)
        (found,) = torch.autograd.grad(together.sum(), weight)
        torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("options", [{"accumulate": 3}, {"pack": True}, {"accumulate": 2, "pack": True}])
def test_how_a_step_is_read_changes_only_the_rounding(tmp_path: Path, options: dict[str, Any]) -> None:
    tiny_models.tiny_model(tmp_path / "whole", tokens=1_500)
    tiny_models.tiny_model(tmp_path / "parts", tokens=1_500, **options)
    bits = [curve(tmp_path / name)["bits_per_trace"] for name in ("whole", "parts")]
    np.testing.assert_allclose(*bits, rtol=1e-3)


@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler")
@pytest.mark.timeout(600)
def test_compiling_changes_only_the_rounding(tmp_path: Path) -> None:
    for is_compiled in (False, True):
        tiny_models.tiny_model(tmp_path / str(is_compiled), tokens=None, steps=3, compiled=is_compiled)
    bits = [curve(tmp_path / str(is_compiled))["bits_per_trace"] for is_compiled in (False, True)]
    np.testing.assert_allclose(*bits, rtol=1e-3)
    names = [weights(tmp_path / str(is_compiled)).keys() for is_compiled in (False, True)]
    assert names[0] == names[1]


def test_compiling_without_a_compiler_says_what_to_do(tmp_path: Path) -> None:
    from torch._inductor import config

    torch.compiler.reset()
    with (
        config.patch({"cpp.cxx": ("no-such-compiler",), "force_disable_caches": True}),
        pytest.raises(ModelError, match=r"cannot be compiled.*no-such-compiler.*set `compiled` to false"),
    ):
        tiny_models.tiny_model(tmp_path, tokens=None, steps=1, compiled=True)


def test_products_of_sixteen_bits_change_only_the_rounding(tmp_path: Path) -> None:
    for is_short in (False, True):
        tiny_models.tiny_model(tmp_path / str(is_short), tokens=3_000, bf16=is_short)
        report = json.loads((tmp_path / str(is_short) / "training.json").read_text())
        assert report["bf16"] is is_short
    bits = [curve(tmp_path / str(is_short))["bits_per_trace"] for is_short in (False, True)]
    np.testing.assert_allclose(*bits, rtol=0.02)
    assert not (bits[0] == bits[1]).all()
    assert all(weight.dtype == torch.float32 for weight in weights(tmp_path / "True").values())


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    """Started as torch starts several processes, on the processor."""
    tiny_models.tiny_model(tmp_path / "one", tokens=3_000)
    done = train_in_two_processes(tmp_path / "two")
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads((tmp_path / "two" / "training.json").read_text())
    assert report["processes"] == 2
    bits = [curve(tmp_path / name)["bits_per_trace"] for name in ("one", "two")]
    np.testing.assert_allclose(*bits, rtol=1e-3)


def test_two_killed_and_resumed_processes_end_with_the_same_weights(tmp_path: Path) -> None:
    assert train_in_two_processes(tmp_path / "whole").returncode == 0
    assert train_in_two_processes(tmp_path / "killed", deadly_step=8).returncode != 0
    assert (tmp_path / "killed" / "checkpoint.pt").is_file()
    done = train_in_two_processes(tmp_path / "killed")
    assert done.returncode == 0, done.stderr[-3000:]
    whole, resumed = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def train_in_two_processes(folder: Path, deadly_step: int | None = None) -> subprocess.CompletedProcess[str]:
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"),
        *("--master_port", str(free_port()), "-m", "tiny_models", str(folder)),
        *([] if deadly_step is None else [str(deadly_step)]),
    ]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_seconds_are_a_budget(tmp_path: Path) -> None:
    tiny_models.tiny_model(tmp_path, tokens=None, seconds=1.0)
    report = json.loads((tmp_path / "training.json").read_text())
    assert report["seconds"] >= 1.0
    assert curve(tmp_path)["seconds"].iloc[-3] < 1.0
    assert len(curve(tmp_path)) == 2 * tiny_models.TINY["evaluations"]


def test_as_many_steps_as_a_budget_give_the_same_weights(tmp_path: Path) -> None:
    for name in "ab":
        tiny_models.tiny_model(tmp_path / name, tokens=None, steps=9)
    a, b = weights(tmp_path / "a"), weights(tmp_path / "b")
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert json.loads((tmp_path / "a" / "training.json").read_text())["steps"] == 9


def test_budget_that_is_used_up_first_ends_the_training(tmp_path: Path) -> None:
    tiny_models.tiny_model(tmp_path, tokens=1_000_000, seconds=3600.0, steps=4)
    assert json.loads((tmp_path / "training.json").read_text())["steps"] == 4


def test_training_stops_when_nothing_gets_better(tmp_path: Path) -> None:
    tiny_models.tiny_model(tmp_path, tokens=60_000, evaluations=60, patience=2, learning_rate=0.1)
    found = curve(tmp_path)
    bits = found[found.split == "validation"]["bits_per_trace"].tolist()
    report = json.loads((tmp_path / "training.json").read_text())
    assert report["stopped_early"]
    assert len(bits) < 60
    assert min(bits) == bits[-3] == report["best_validation_bits_per_trace"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokens": None}, "No budget"),
        ({"seconds": 0}, "seconds is 0"),
        ({"accumulate": 0}, "accumulate is 0"),
        ({"steps": -1}, "steps is -1"),
    ],
)
def test_budgets_that_make_no_sense_are_refused(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        tiny_models.tiny_model(tmp_path, **options)


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
