"""Training: the same number of tokens for every variant; a kill costs a minute, not the result."""

from __future__ import annotations

import json
import math
import shutil
import time
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
from pcutils.models.batches import Batch, Example, collate, endless_batches, make_examples
from pcutils.models.building import new_network, quiet
from pcutils.models.formats import make_format
from pcutils.models.language_model import StudentLanguageModel
from pcutils.models.optimizers import Optimizers
from pcutils.models.scoring import to_device, token_losses, trace_bits
from pcutils.models.trace_model import STUDENTS_FILE, TraceModel, load_model
from pcutils.progress import track
from pcutils.sources import traces_of

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerFast

LEARNING_CURVE = "learning_curve.parquet"
CURVE_COLUMNS = ["step", "tokens", "seconds", "split", "bits_per_token", "bits_per_trace"]


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a training gives, besides the traces; see :func:`train`."""

    tokens: int = 1_000_000
    layers: int = 2
    width: int = 128
    heads: int = 4
    context: int = 1024
    batch_tokens: int = 1024
    learning_rate: float = 0.003
    student_dropout: float = 0.1
    seed: int = 0
    decoder: str = "llama"
    base: str | None = None
    form: str = "edits"
    copy_hints: bool = True
    title_tokens: int = 0
    evaluations: int = 12
    validation_traces: int = 256
    checkpoint_steps: int = 500


def train(
    dataset: Dataset,
    validation: Dataset,
    tokenizer: PreTrainedTokenizerFast,
    output_dir: str | Path,
    *,
    resume: bool = True,
    progress: bool = True,
    **settings: Any,
) -> TraceModel:
    """Train a student-conditioned language model on traces.

    Parameters
    ----------
    dataset, validation : datasets.Dataset
        Tables of traces, in the form of one variant. Validation chooses which weights are kept.
    tokenizer : PreTrainedTokenizerFast
        From :func:`pcutils.models.train_tokenizer`.
    output_dir : path
        Where model, tokenizer, ``students.json``, ``learning_curve.parquet`` and ``training.json`` are
        written.
    resume : bool
        Go on from a checkpoint of the same training, or return its result if it is finished.
    progress : bool
        Whether to show progress.
    tokens : int
        Tokens to train on, padding not counted; traces are repeated as often as needed.
    layers, width, heads, context : int
        Size of the decoder that is built from scratch; ignored with `base`. The student's vector takes one
        place of the context, and a longer trace is cut, as in the paper.
    decoder : {"llama", "gpt2"}
        Kind of the decoder that is built from scratch. Both learn; with Llama's relative positions a small
        one needs fewer traces than with GPT-2's absolute ones, which the paper has.
    batch_tokens : int
        Most tokens of one step, padding counted. Small batches learn most per second on a small machine.
    learning_rate : float
        Highest rate of AdamW; see :class:`pcutils.models.optimizers.Optimizers` for the others.
    student_dropout : float
        Share of the examples that are read as the average student's.
    seed : int
        Start weights, order and dropout.
    base : str, optional
        A pretrained causal decoder instead: a folder or a name that ``transformers`` finds.
    form : {"edits", "states"}
        How traces are written as tokens; see :mod:`pcutils.models.formats`. The paper's is ``states``.
    copy_hints : bool
        See :mod:`pcutils.models.formats.states_pointer`; false trains the paper's network.
    title_tokens : int
        Pad titles to this many tokens (the paper: 50); 0 leaves them as they are.
    evaluations : int
        How often to look at validation.
    validation_traces : int
        At most so many traces, drawn at random, are looked at.
    checkpoint_steps : int
        Steps between checkpoints.

    Returns
    -------
    TraceModel
        With the weights that did best on validation.

    Raises
    ------
    ModelError
        If there is nothing to train or validate on, or a setting is unknown.
    """
    chosen = _settings(settings)
    folder = Path(output_dir)
    traces, held_out = list(traces_of(dataset)), list(traces_of(validation))
    if not traces or not held_out:
        raise ModelError(
            f"{len(traces)} traces to train and {len(held_out)} to validate: both need at least one."
        )
    names = sorted({trace.username for trace in traces if trace.username is not None})
    students = {name: slot for slot, name in enumerate(names, start=1)}
    form = make_format(chosen.form, tokenizer, title_tokens=chosen.title_tokens)
    network = new_network(chosen, form, len(students))
    context = network.config.context
    examples = make_examples(traces, form, students, context)
    validating = make_examples(_some(held_out, chosen), form, students, context)
    fingerprint = checkpoints.fingerprint_of(asdict(chosen), examples, validating)
    if resume and checkpoints.is_finished(folder, fingerprint):
        return load_model(folder)
    folder.mkdir(parents=True, exist_ok=True)
    training = _Training(network, examples, validating, chosen, folder, fingerprint)
    if resume:
        training.go_on()
    training.run(progress=progress)
    training.save(tokenizer, students)
    return load_model(folder)


def _settings(given: dict[str, Any]) -> Settings:
    unknown = set(given) - set(Settings.__dataclass_fields__)
    if unknown:
        known = ", ".join(Settings.__dataclass_fields__)
        raise ModelError(f"Unknown training settings {', '.join(sorted(unknown))}; there are {known}.")
    return Settings(**given)


def _some(traces: list, settings: Settings) -> list:
    order = np.random.default_rng([settings.seed, 1]).permutation(len(traces))
    return [traces[place] for place in sorted(order[: settings.validation_traces].tolist())]


class _Training:
    """One training under way."""

    def __init__(
        self,
        network: StudentLanguageModel,
        examples: list[Example],
        validation: list[Example],
        settings: Settings,
        folder: Path,
        fingerprint: str,
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device).train()
        self.examples, self.validation = examples, validation
        self.settings, self.folder, self.fingerprint = settings, folder, fingerprint
        self.optimizers = Optimizers(self.network, settings.learning_rate)
        self.step = self.tokens = 0
        self.seconds, self.best = 0.0, math.inf
        self.sums = [0.0, 0, 0]  # bits, scored tokens and traces since the last evaluation
        self.curve: list[list[Any]] = []
        self.random_state = _generator_state(settings.seed)

    def run(self, *, progress: bool) -> None:
        """Train until the tokens are used up."""
        lengths = [len(example.tokens) for example in self.examples]
        batches = islice(
            endless_batches(lengths, self.settings.batch_tokens, self.settings.seed), self.step, None
        )
        label, started = f"Training {self.folder.name}", time.perf_counter() - self.seconds
        torch.set_rng_state(self.random_state)
        with track(label=label, total=self.settings.tokens, unit="tokens", enabled=progress) as bar:
            bar.update(self.tokens)
            while self.tokens < self.settings.tokens:
                before = self.tokens
                self._learn(next(batches))
                bar.update(min(self.tokens, self.settings.tokens) - before)
                self.seconds = time.perf_counter() - started
                due = self._evaluation_due(before)
                if due:
                    self._evaluate()
                if due or self.step % self.settings.checkpoint_steps == 0:
                    self._checkpoint()

    def _learn(self, places: list[int]) -> None:
        examples = [self.examples[place] for place in places]
        batch = to_device(self._without_some_students(collate(examples)), self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            losses = token_losses(self.network, batch)
        losses.mean().backward()
        self.optimizers.step(min(1.0, self.tokens / self.settings.tokens))
        self.step += 1
        self.tokens += sum(len(example.tokens) for example in examples)
        self.sums[0] += losses.detach().sum().item() / math.log(2)
        self.sums[1] += len(losses)
        self.sums[2] += len(examples)

    def _without_some_students(self, batch: Batch) -> Batch:
        draws = np.random.default_rng([self.settings.seed, 2, self.step]).random(len(batch.students))
        kept = torch.from_numpy(draws >= self.settings.student_dropout)
        return batch._replace(students=batch.students * kept)

    def _evaluation_due(self, tokens_before: int) -> bool:
        per_evaluation = self.settings.tokens / self.settings.evaluations
        return (
            self.tokens >= self.settings.tokens
            or self.tokens // per_evaluation > tokens_before // per_evaluation
        )

    def _evaluate(self) -> None:
        parts, counts = trace_bits(self.network, self.validation)
        bits = parts.sum(axis=1)
        total, tokens, traces = self.sums
        self._record("train", total / tokens, total / traces)
        self._record("validation", bits.sum() / counts.sum(), bits.mean())
        self.sums = [0.0, 0, 0]
        if bits.mean() < self.best:
            self.best = float(bits.mean())
            checkpoints.write_atomically(self.folder / checkpoints.BEST, self._weights())

    def _record(self, split: str, per_token: float, per_trace: float) -> None:
        row = [self.step, self.tokens, round(self.seconds, 3), split, float(per_token), float(per_trace)]
        self.curve.append(row)

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}

    def _checkpoint(self) -> None:
        content = {
            "fingerprint": self.fingerprint,
            "network": self._weights(),
            "optimizers": self.optimizers.state_dict(),
            "random_state": torch.get_rng_state(),
            "state": [self.step, self.tokens, self.seconds, self.best, self.sums, self.curve],
        }
        checkpoints.write_atomically(self.folder / checkpoints.CHECKPOINT, content)

    def go_on(self) -> None:
        """Take up the last checkpoint of the same training, if there is one."""
        content = checkpoints.read_checkpoint(self.folder / checkpoints.CHECKPOINT, self.fingerprint)
        if content is None:
            return
        self.network.load_state_dict(content["network"])
        self.optimizers.load_state_dict(content["optimizers"])
        self.random_state = content["random_state"]
        self.step, self.tokens, self.seconds, self.best, self.sums, self.curve = content["state"]

    def save(self, tokenizer: PreTrainedTokenizerFast, students: dict[str, int]) -> None:
        """Write the best weights and all that is needed to use them; an incomplete folder has no report."""
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

    def _report(self) -> dict[str, Any]:
        return {
            "fingerprint": self.fingerprint,
            "settings": asdict(self.settings),
            "parameters": sum(weight.numel() for weight in self.network.parameters()),
            "traces": len(self.examples),
            "traces_cut_to_context": sum(example.is_cut for example in self.examples),
            "tokens_of_all_traces": sum(len(example.tokens) for example in self.examples),
            "steps": self.step,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "best_validation_bits_per_trace": self.best,
        }


def _generator_state(seed: int) -> Tensor:
    return torch.Generator().manual_seed(seed).get_state()
