"""The steps of a training: learn, look at validation, write checkpoints, stop."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pcutils.errors import ModelError
from pcutils.models import checkpoints
from pcutils.models.batches import Example, collate, endless_batches
from pcutils.models.building import quiet
from pcutils.models.language_model import StudentLanguageModel
from pcutils.models.optimizers import Optimizers
from pcutils.models.processes import Processes
from pcutils.models.rates import highest_rate
from pcutils.models.scoring import to_device, token_losses, trace_bits
from pcutils.models.stored_examples import StoredExamples
from pcutils.models.trace_model import STUDENTS_FILE
from pcutils.progress import track

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

LEARNING_CURVE = "learning_curve.parquet"
CURVE_COLUMNS = ["step", "tokens", "seconds", "split", "bits_per_token", "bits_per_trace"]


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a training gives, besides the traces; see :func:`train`."""

    tokens: int | None = 1_000_000
    seconds: float | None = None
    steps: int | None = None
    layers: int = 2
    width: int = 128
    heads: int = 4
    context: int = 1024
    batch_tokens: int = 1024
    learning_rate: float | None = None
    student_dropout: float = 0.1
    seed: int = 0
    decoder: str = "llama"
    base: str | None = None
    form: str = "edits"
    copy_hints: bool = True
    outcome_hints: bool = True
    title_tokens: int = 0
    history_tokens: int = 0
    accumulate: int = 1
    pack: bool | None = None
    bf16: bool | None = None
    compiled: bool = False
    evaluations: int = 12
    patience: int = 0
    validation_traces: int = 256
    checkpoint_steps: int = 500

    @property
    def highest_rate(self) -> float:
        """The learning rate that was asked for, or the usual one."""
        return highest_rate(self.learning_rate, self.base)

    @property
    def budgets(self) -> dict[str, float | None]:
        """What may be used up, None where there is no limit."""
        return {"tokens": self.tokens, "steps": self.steps, "seconds": self.seconds}


class TrainingLoop:
    """One training under way.

    Parameters
    ----------
    network : StudentLanguageModel
        With the weights it starts from.
    examples : StoredExamples
        What to learn from.
    validation : sequence of Example
        What decides which weights are kept.
    settings : Settings
        Everything else that decides the result.
    folder : path
        Where checkpoints and the result go.
    fingerprint : str
        Of the training, by which it knows its checkpoints.
    """

    def __init__(
        self,
        network: StudentLanguageModel,
        examples: StoredExamples,
        validation: Sequence[Example],
        settings: Settings,
        folder: Path,
        fingerprint: str,
    ) -> None:
        self.processes = Processes()
        self.device = self.processes.device
        self.network = network.to(self.device).train()
        self.examples, self.validation = examples, validation
        self.settings, self.folder, self.fingerprint = settings, folder, fingerprint
        self.optimizers = Optimizers(self.network, settings.highest_rate)
        pack = settings.pack if settings.pack is not None else self.device.type == "cuda"
        self.row_length = settings.batch_tokens // settings.accumulate if pack else None
        self.bf16 = _has_bf16(self.device) if settings.bf16 is None else settings.bf16
        if settings.compiled:
            self.network.decoder.base_model.compile(dynamic=True)
        self.step = self.tokens = self.without_gain = 0
        self.seconds, self.best = 0.0, math.inf
        self.sums = [0.0, 0, 0]  # bits, scored tokens and traces since the last evaluation
        self.curve: list[list[Any]] = []
        self.random_state = _generator_state(settings.seed)

    @property
    def share(self) -> float:
        """How much of the budget is used up, from 0 to 1."""
        used = {"tokens": self.tokens, "steps": self.step, "seconds": self.seconds}
        limits = self.settings.budgets.items()
        return min(1.0, max(used[name] / limit for name, limit in limits if limit is not None))

    @property
    def has_stopped(self) -> bool:
        """Whether validation has not got better for too long."""
        return 0 < self.settings.patience <= self.without_gain

    def run(self, *, progress: bool) -> None:
        """Train until the budget is used up or nothing gets better."""
        order = endless_batches(self.examples.lengths, self.settings.batch_tokens, self.settings.seed)
        batches = islice(order, self.step, None)
        started = time.perf_counter() - self.seconds
        torch.set_rng_state(self.random_state)
        unit, total = next(
            (name, limit) for name, limit in self.settings.budgets.items() if limit is not None
        )
        shown, label = progress and self.processes.is_main, f"Training {self.folder.name}"
        with track(label=label, total=math.ceil(total), unit=unit, enabled=shown) as bar:
            bar.update(self._used(unit))
            while self.share < 1 and not self.has_stopped:
                share, used = self.share, self._used(unit)
                try:
                    self._learn(next(batches), share)
                except torch._dynamo.exc.BackendCompilerFailed as error:
                    raise ModelError(
                        f"This network cannot be compiled: {error.inner_exception}. Install what is missing,"
                        " or set `compiled` to false."
                    ) from error
                self.seconds = self.processes.agree(time.perf_counter() - started)
                bar.update(self._used(unit) - used)
                due = self._evaluation_due(share)
                if due:
                    self._evaluate()
                if due or self.step % self.settings.checkpoint_steps == 0:
                    self._checkpoint()

    def _used(self, unit: str) -> int:
        used = {"tokens": self.tokens, "seconds": self.seconds, "steps": self.step}[unit]
        return min(int(used), math.ceil(self.settings.budgets[unit] or 0))

    def _learn(self, places: NDArray[np.int64], share: float) -> None:
        examples = self.examples
        draws = np.random.default_rng([self.settings.seed, 2, self.step]).random(len(places))
        known = draws >= self.settings.student_dropout
        slots = torch.from_numpy(examples.students[places] * known)
        scored = int((examples.lengths[places] - examples.given[places]).sum())
        for part in self.processes.share_of(range(len(places)), self.settings.accumulate):
            chosen = [examples[places[turn]] for turn in part]
            batch = collate(chosen, row_length=self.row_length)._replace(students=slots[part])
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                losses = token_losses(self.network, to_device(batch, self.device))
            (losses.sum() / scored).backward()
            self.sums[0] += losses.detach().sum().item() / math.log(2)
        self.processes.add_gradients(self.optimizers.dense)
        self.processes.add_row_gradients(self.optimizers.table, slots[slots > 0].unique().to(self.device))
        self.optimizers.step(share)
        self.step += 1
        self.tokens += int(examples.lengths[places].sum())
        self.sums[1] += scored
        self.sums[2] += len(places)

    def _evaluation_due(self, share_before: float) -> bool:
        times = self.settings.evaluations
        return self.share >= 1 or int(self.share * times) > int(share_before * times)

    def _evaluate(self) -> None:
        (mine, *_) = self.processes.share_of(range(len(self.validation))) or [[]]
        parts, counts = trace_bits(self.network, [self.validation[place] for place in mine])
        learnt, bits, scored = self.processes.sum([self.sums[0], parts.sum(), counts.sum()])
        self._record("train", learnt / self.sums[1], learnt / self.sums[2])
        mean = bits / len(self.validation)
        self._record("validation", bits / scored, mean)
        self.sums = [0.0, 0, 0]
        self.without_gain += 1
        if mean < self.best:
            self.best, self.without_gain = float(mean), 0
            if self.processes.is_main:
                checkpoints.write_atomically(self.folder / checkpoints.BEST, self._weights())

    def _record(self, split: str, per_token: float, per_trace: float) -> None:
        row = [self.step, self.tokens, round(self.seconds, 3), split, float(per_token), float(per_trace)]
        self.curve.append(row)

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}

    def _checkpoint(self) -> None:
        self.sums[0], *_ = self.processes.sum([self.sums[0]])
        content = {
            "fingerprint": self.fingerprint,
            "network": self._weights(),
            "optimizers": self.optimizers.state_dict(),
            "random_state": torch.get_rng_state(),
            "state": [getattr(self, name) for name in _STATE],
        }
        if self.processes.is_main:
            checkpoints.write_atomically(self.folder / checkpoints.CHECKPOINT, content)
        else:
            self.sums[0] = 0.0  # the main process has it now
        self.processes.wait()

    def go_on(self) -> None:
        """Take up the last checkpoint of the same training, if there is one."""
        content = checkpoints.read_checkpoint(self.folder / checkpoints.CHECKPOINT, self.fingerprint)
        if content is None:
            return
        self.network.load_state_dict(content["network"])
        self.optimizers.load_state_dict(content["optimizers"])
        self.random_state = content["random_state"]
        for name, value in zip(_STATE, content["state"], strict=True):
            setattr(self, name, value)
        if not self.processes.is_main:
            self.sums[0] = 0.0

    def save(self, tokenizer: PreTrainedTokenizerFast, students: dict[str, int]) -> None:
        """Write the best weights and all that is needed to use them; an incomplete folder has no report."""
        if self.processes.is_main:
            best = torch.load(self.folder / checkpoints.BEST, map_location="cpu", weights_only=True)
            self.network.load_state_dict(best)
            staged = self.folder / "staged"
            shutil.rmtree(staged, ignore_errors=True)
            staged.mkdir()
            with quiet():
                self.network.cpu().eval().save_pretrained(staged)
            tokenizer.save_pretrained(staged)
            (staged / STUDENTS_FILE).write_text(json.dumps(students), encoding="utf-8")
            pd.DataFrame(self.curve, columns=CURVE_COLUMNS).to_parquet(staged / LEARNING_CURVE)
            (staged / checkpoints.REPORT).write_text(json.dumps(self._report(), indent=1), encoding="utf-8")
            checkpoints.publish(self.folder, staged)
        self.processes.wait()

    def _report(self) -> dict[str, Any]:
        return {
            "fingerprint": self.fingerprint,
            "settings": {**asdict(self.settings), "learning_rate": self.settings.highest_rate},
            "parameters": sum(weight.numel() for weight in self.network.parameters()),
            "processes": self.processes.count,
            "bf16": self.bf16,
            "traces": len(self.examples),
            "traces_cut_to_context": int(self.examples.is_cut.sum()),
            "tokens_of_all_traces": int(self.examples.lengths.sum()),
            "steps": self.step,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "stopped_early": self.has_stopped and self.share < 1,
            "best_validation_bits_per_trace": self.best,
        }


_STATE = ("step", "tokens", "seconds", "best", "without_gain", "sums", "curve")


def _has_bf16(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def _generator_state(seed: int) -> Tensor:
    return torch.Generator().manual_seed(seed).get_state()
