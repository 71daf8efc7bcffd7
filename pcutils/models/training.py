"""Training: the same budget for every variant; interrupted, it goes on from its last checkpoint."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pcutils.data import traces_of
from pcutils.errors import ModelError, replacing, track
from pcutils.execution.outcomes import Outcomes
from pcutils.models.examples import Encoder, StoredExamples, collate, endless_batches
from pcutils.models.network import StudentLanguageModel, new_network, quiet
from pcutils.models.notation import NOTATIONS, make_notation
from pcutils.models.optimizers import Optimizers
from pcutils.models.settings import ModelSettings, model_settings
from pcutils.models.trace_model import STUDENTS_FILE, TraceModel, load_model, token_losses, trace_bits

if TYPE_CHECKING:
    from datasets import Dataset
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

CHECKPOINT, BEST, ENCODED, REPORT = "checkpoint.pt", "best.pt", "encoded", "training.json"
LEARNING_CURVE = "learning_curve.parquet"
CURVE_COLUMNS = ["step", "tokens", "seconds", "split", "bits_per_token", "bits_per_trace"]


def train(
    dataset: Dataset,
    validation: Dataset,
    tokenizer: PreTrainedTokenizerFast,
    output_dir: str | Path,
    *,
    outcomes: Outcomes | None = None,
    resume: bool = True,
    progress: bool = True,
    **settings: Any,
) -> TraceModel:
    """Train a student-conditioned language model on traces.

    Parameters
    ----------
    dataset, validation : datasets.Dataset
        Tables of traces of one variant. The weights with the lowest validation loss are kept.
    tokenizer : PreTrainedTokenizerFast
        From :func:`pcutils.models.train_tokenizer`, or :func:`pcutils.models.pretrained_tokenizer`.
    output_dir : path
        Where model, tokenizer, ``students.json``, ``learning_curve.parquet`` and ``training.json`` go.
    outcomes : Outcomes, optional
        Runs the programs for `outcome_hints`; by default with the usual limits.
    resume : bool
        Go on from a checkpoint of the same training, or load its result if it is finished.
    progress : bool
        Whether to show progress.
    **settings
        Those of :class:`pcutils.models.ModelSettings`.

    Returns
    -------
    TraceModel

    Raises
    ------
    ModelError
        If there is nothing to train or validate on, or a setting is unknown or out of range.

    Notes
    -----
    The learning rate follows the used share of the budget. With a budget in tokens or steps the weights
    depend on the seed alone, with seconds on the machine, too.
    """
    chosen, folder = model_settings(settings), Path(output_dir)
    if not len(dataset) or not len(validation):
        raise ModelError(
            f"{len(dataset)} traces to train and {len(validation)} to validate: both need at least one."
        )
    has_hints = chosen.copy_hints and NOTATIONS[chosen.notation].has_hints
    notation = make_notation(
        chosen.notation,
        tokenizer,
        title_tokens=chosen.title_tokens,
        outcomes=(outcomes or Outcomes()) if has_hints and chosen.outcome_hints else None,
    )
    names = sorted({row["username"] for row in dataset.select_columns(["username"])} - {None})
    students = {name: slot for slot, name in enumerate(names, start=1)}
    network = new_network(chosen, notation, len(students))
    encoder = Encoder(notation, students, network.config.context, has_hints)
    order = np.random.default_rng([chosen.seed, 1]).permutation(len(validation))
    some = validation.select(sorted(order[: chosen.validation_traces].tolist()))
    tables = {"training": dataset, "validation": some}
    fingerprint = _fingerprint(chosen, encoder, tables)
    if not (resume and _is_finished(folder, fingerprint)):
        for name in (STUDENTS_FILE, REPORT):  # what lies here is not the model of this training
            (folder / name).unlink(missing_ok=True)
        examples, validating = (
            encoder.store(table, folder / ENCODED / f"{name}-{fingerprint[:16]}.arrow", progress=progress)
            for name, table in tables.items()
        )
        loop = TrainingLoop(network, examples, validating, chosen, folder, fingerprint)
        if resume:
            loop.go_on()
        loop.run(progress=progress)
        loop.save(tokenizer, students)
    return load_model(folder, notation.outcomes)


def _fingerprint(settings: ModelSettings, encoder: Encoder, tables: dict[str, Dataset]) -> str:
    """Name a training by all that it depends on, the code that encodes traces included."""
    outcomes = encoder.notation.outcomes
    parts = [settings.model_dump(), None if outcomes is None else outcomes.conditions]
    digest = hashlib.sha256(json.dumps(parts).encode())
    digest.update(encoder.notation.tokenizer.backend_tokenizer.to_str().encode())
    for table in tables.values():
        for row in table:
            digest.update(repr(sorted(row.items())).encode("utf-8", "surrogatepass"))
        for example in encoder.examples(traces_of(table.select([0]))):
            digest.update(repr((example.tokens.tolist(), np.asarray(example.hints).tolist())).encode())
    return digest.hexdigest()


def _is_finished(folder: Path, fingerprint: str) -> bool:
    report = folder / REPORT
    return report.is_file() and json.loads(report.read_text(encoding="utf-8"))["fingerprint"] == fingerprint


class TrainingLoop:
    """One training under way: learn, evaluate, write checkpoints, stop."""

    _STATE = ("step", "tokens", "seconds", "best", "sums", "curve")

    def __init__(
        self,
        network: StudentLanguageModel,
        examples: StoredExamples,
        validation: StoredExamples,
        settings: ModelSettings,
        folder: Path,
        fingerprint: str,
    ) -> None:
        self.examples, self.validation = examples, validation
        self.settings, self.folder, self.fingerprint = settings, folder, fingerprint
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device).train()
        self.optimizers = Optimizers(self.network, settings.highest_rate)
        self.bf16 = _has_bf16(self.device) if settings.bf16 is None else settings.bf16
        self.step = self.tokens = 0
        self.seconds, self.best = 0.0, math.inf
        self.sums = [0.0, 0, 0]  # bits, scored tokens and traces since the last evaluation
        self.curve: list[list[Any]] = []
        self.random_state = torch.Generator().manual_seed(settings.seed).get_state()

    @property
    def share(self) -> float:
        """How much of the budget is used up, from 0 to 1."""
        used = {"tokens": self.tokens, "steps": self.step, "seconds": self.seconds}
        limits = self.settings.budgets.items()
        return min(1.0, max(used[name] / limit for name, limit in limits if limit is not None))

    def run(self, *, progress: bool) -> None:
        """Train until the budget is used up."""
        order = endless_batches(self.examples.lengths, self.settings.batch_tokens, self.settings.seed)
        started, times = time.perf_counter() - self.seconds, self.settings.evaluations
        torch.set_rng_state(self.random_state)
        with track(label=f"Training {self.folder.name}", total=1000, unit="\u2030", enabled=progress) as bar:
            for indices in islice(order, self.step, None):
                before = self.share
                bar.update(int(1000 * before) - bar.n)
                if before >= 1:
                    break
                self._learn(indices, before)
                self.seconds = time.perf_counter() - started
                is_due = self.share >= 1 or int(self.share * times) > int(before * times)
                if is_due:
                    self._evaluate()
                if is_due or self.step % self.settings.checkpoint_steps == 0:
                    self._checkpoint()

    def _learn(self, indices: NDArray[np.int64], share: float) -> None:
        examples = self.examples
        draws = np.random.default_rng([self.settings.seed, 2, self.step]).random(len(indices))
        slots = torch.from_numpy(examples.students[indices] * (draws >= self.settings.student_dropout))
        batch = collate([examples[index] for index in indices])._replace(students=slots)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            losses = token_losses(self.network, batch.to(self.device))
        losses.mean().backward()
        self.sums[0] += losses.detach().sum().item() / math.log(2)
        self.optimizers.step(share)
        self.step += 1
        self.tokens += int(examples.lengths[indices].sum())
        self.sums[1] += len(losses)
        self.sums[2] += len(indices)

    def _evaluate(self) -> None:
        bits, counts = trace_bits(
            self.network, [self.validation[index] for index in range(len(self.validation))]
        )
        mean = bits.sum() / len(bits)
        if not math.isfinite(mean):
            raise ModelError(f"The validation loss is {mean} at step {self.step}: lower the learning_rate.")
        learnt, tokens, traces = self.sums
        self.sums = [0.0, 0, 0]
        for split, per_token, per_trace in (
            ("train", learnt / tokens, learnt / traces),
            ("validation", bits.sum() / counts.sum(), mean),
        ):
            moment = [self.step, self.tokens, round(self.seconds, 3)]
            self.curve.append([*moment, split, float(per_token), float(per_trace)])
        if mean < self.best:
            self.best = float(mean)
            self._save(BEST, self._weights())

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}

    def _save(self, name: str, content: dict[str, Any]) -> None:
        with replacing(self.folder / name) as partial:
            torch.save(content, partial)

    def _checkpoint(self) -> None:
        content = {
            "fingerprint": self.fingerprint,
            "network": self._weights(),
            "optimizers": self.optimizers.state_dict(),
            "random_state": torch.get_rng_state(),
            "state": [getattr(self, name) for name in self._STATE],
        }
        self._save(CHECKPOINT, content)

    def go_on(self) -> None:
        """Take up the last checkpoint of the same training, if there is one."""
        file = self.folder / CHECKPOINT
        content = torch.load(file, map_location="cpu", weights_only=True) if file.is_file() else {}
        if content.get("fingerprint") == self.fingerprint:
            self.network.load_state_dict(content["network"])
            self.optimizers.load_state_dict(content["optimizers"])
            self.random_state = content["random_state"]
            for name, value in zip(self._STATE, content["state"], strict=True):
                setattr(self, name, value)

    def save(self, tokenizer: PreTrainedTokenizerFast, students: dict[str, int]) -> None:
        """Write the best weights and all that is needed to use them, the report last."""
        self.network.load_state_dict(torch.load(self.folder / BEST, map_location="cpu", weights_only=True))
        with quiet():
            self.network.cpu().eval().save_pretrained(self.folder)
        tokenizer.save_pretrained(self.folder)
        pd.DataFrame(self.curve, columns=CURVE_COLUMNS).to_parquet(self.folder / LEARNING_CURVE)
        (self.folder / STUDENTS_FILE).write_text(json.dumps(students), encoding="utf-8")
        with replacing(self.folder / REPORT) as partial:
            partial.write_text(json.dumps(self._report(), indent=1), encoding="utf-8")
        shutil.rmtree(self.folder / ENCODED)
        for name in (CHECKPOINT, BEST):
            (self.folder / name).unlink(missing_ok=True)

    def _report(self) -> dict[str, Any]:
        return {
            "fingerprint": self.fingerprint,
            "settings": {**self.settings.model_dump(), "learning_rate": self.settings.highest_rate},
            "parameters": sum(weight.numel() for weight in self.network.parameters()),
            "bf16": self.bf16,
            "traces": len(self.examples),
            "traces_cut_to_context": int(self.examples.is_cut.sum()),
            "tokens_of_all_traces": int(self.examples.lengths.sum()),
            "steps": self.step,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "best_validation_bits_per_trace": self.best,
        }


def _has_bf16(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
