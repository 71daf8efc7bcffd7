"""Training: the same budget for every variant; a kill costs a minute, not the result."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pcutils.errors import ModelError
from pcutils.execution.outcomes import Outcomes
from pcutils.models import checkpoints
from pcutils.models.building import new_network
from pcutils.models.formats import make_format
from pcutils.models.history import History
from pcutils.models.processes import Processes
from pcutils.models.rates import highest_rate
from pcutils.models.stored_examples import Encoding
from pcutils.models.trace_model import TraceModel, load_model
from pcutils.models.training_loop import Settings, TrainingLoop

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerFast


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
        Tables of traces, in the form of one variant. Validation chooses which weights are kept.
    tokenizer : PreTrainedTokenizerFast
        From :func:`pcutils.models.train_tokenizer`, or :func:`pcutils.models.pretrained_tokenizer`.
    output_dir : path
        Where model, tokenizer, ``students.json``, ``learning_curve.parquet`` and ``training.json`` are
        written.
    outcomes : Outcomes, optional
        Who runs the programs; see `outcome_hints`.
    resume : bool
        Go on from a checkpoint of the same training, or return its result if it is finished.
    progress : bool
        Whether to show progress.
    tokens, seconds, steps : int, float, int, optional
        Budgets; the training ends when the first of those that are given is used up. Tokens are counted
        without padding, and traces are repeated as often as needed. Seconds are those of training and
        looking at validation, those before an interruption included. The learning rate follows the share of
        the budget that is used, so with seconds the weights depend on the machine; the report names the
        steps, and with as many steps as a budget they depend on the seed and the rounding alone.
    layers, width, heads, context : int
        Size of the decoder that is built from scratch; with `base` all but the context are ignored, and the
        context is at most what the base can read. The student's vector takes one place of the context, and
        a longer trace is cut, as in the paper.
    decoder : {"llama", "gpt2"}
        Kind of the decoder that is built from scratch; ignored with `base`. Both learn; with Llama's relative
        positions a small one needs fewer traces than with GPT-2's absolute ones, which the paper has.
    batch_tokens : int
        Most tokens of one step, padding counted. Small batches learn most per second on a small machine.
    accumulate : int
        Read the traces of a step in so many parts, one after the other, to save memory. The step is the same.
    pack : bool, optional
        Put several traces into one row, none of which sees another, instead of one a row with padding. By
        default only on a GPU: on a processor the larger attention costs more than the padding does.
    bf16 : bool, optional
        Multiply in bfloat16, while weights and losses stay float32. By default on GPUs that have units of
        their own for it; on a processor it gains nothing, see ``benchmarks/NOTES.md``.
    compiled : bool
        Compile the decoder with :func:`torch.compile` before the first step, which needs a C++ compiler on a
        processor. Compiling takes minutes and saves a tenth to a fifth of the time on a processor, see
        ``benchmarks/NOTES.md``, so it pays in trainings of an hour or more. Only the rounding changes.
    learning_rate : float, optional
        Highest rate of AdamW; see :class:`pcutils.models.optimizers.Optimizers` for the others. By default
        0.003, and 0.0001 with `base`, where more than 0.001 is refused.
    student_dropout : float
        Share of the examples that are read as the average student's.
    seed : int
        Start weights, order and dropout.
    base : str, optional
        A pretrained causal decoder instead: a folder or a name that ``transformers`` finds, with the
        tokenizer that :func:`pcutils.models.pretrained_tokenizer` gives for it.
    form : {"edits", "states"}
        How traces are written as tokens; see :mod:`pcutils.models.formats`. The paper's is ``states``.
    copy_hints : bool
        See :mod:`pcutils.models.formats.states_pointer`; false trains the paper's network.
    outcome_hints : bool
        Run every program, and tell the network how each ended before it goes on, as a student sees it; only
        with `copy_hints`. Sampling then runs what the model writes, too.
    title_tokens : int
        Pad titles to this many tokens (the paper: 50); 0 leaves them as they are.
    history_tokens : int
        Let the model read at most so many of the newest tokens of the student's trace before, found in
        `dataset`, ahead of the title; see :class:`pcutils.models.History`. 0, as in the paper, is none.
    evaluations : int
        How often to look at validation.
    patience : int
        Stop when validation has not got better so many times in a row; 0 never does.
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
        If there is nothing to train or validate on, a setting is unknown or out of range, or `compiled` is
        asked for where nothing can compile.

    Notes
    -----
    ``accelerate launch`` or ``torchrun`` starts it in several processes, on several GPUs or machines: each
    takes its part of every step, and the sum of their gradients moves the weights, which stay the same.
    """
    chosen = _settings(settings)
    folder = Path(output_dir)
    if not len(dataset) or not len(validation):
        raise ModelError(
            f"{len(dataset)} traces to train and {len(validation)} to validate: both need at least one."
        )
    names = sorted({row["username"] for row in dataset.select_columns(["username"])} - {None})
    students = {name: slot for slot, name in enumerate(names, start=1)}
    is_told = chosen.copy_hints and chosen.outcome_hints
    form = make_format(
        chosen.form,
        tokenizer,
        title_tokens=chosen.title_tokens,
        history_tokens=chosen.history_tokens,
        outcomes=(outcomes or Outcomes()) if is_told else None,
    )
    network = new_network(chosen, form, len(students))

    history = History(dataset) if chosen.history_tokens else None
    encoding = Encoding(form, students, network.config.context, chosen.copy_hints, history)
    tables = {"training": dataset, "validation": _some(validation, chosen)}
    keys = {name: encoding.keys(table) for name, table in tables.items()}
    fingerprint = checkpoints.fingerprint_of(asdict(chosen), keys)
    if resume and checkpoints.is_finished(folder, fingerprint):
        return load_model(folder, form.outcomes)
    examples, validating = (
        encoding.store(table, keys[name], folder / checkpoints.ENCODED / name, Processes(), progress=progress)
        for name, table in tables.items()
    )
    training = TrainingLoop(network, examples, validating, chosen, folder, fingerprint)
    if resume:
        training.go_on()
    training.run(progress=progress)
    training.save(tokenizer, students)
    return load_model(folder, form.outcomes)


def _settings(given: dict[str, Any]) -> Settings:
    unknown = set(given) - set(Settings.__dataclass_fields__)
    if unknown:
        known = ", ".join(Settings.__dataclass_fields__)
        raise ModelError(f"Unknown training settings {', '.join(sorted(unknown))}; there are {known}.")
    settings = Settings(**given)
    if all(budget is None for budget in settings.budgets.values()):
        raise ModelError("No budget: give tokens, seconds or steps, or several of them.")
    try:
        highest_rate(settings.learning_rate, settings.base)
    except ValueError as error:
        raise ModelError(f"Training settings: expected {error}.") from error
    counts = {"accumulate": settings.accumulate, "batch_tokens": settings.batch_tokens}
    for name, value in (settings.budgets | counts).items():
        if value is not None and value <= 0:
            raise ModelError(f"{name} is {value}: use a number above 0.")
    if not 0 <= 2 * settings.history_tokens <= settings.context:
        raise ModelError(
            f"history_tokens is {settings.history_tokens}: use 0, or at most half of the context of "
            f"{settings.context}, so that room is left for the trace itself."
        )
    return settings


def _some(table: Dataset, settings: Settings) -> Dataset:
    order = np.random.default_rng([settings.seed, 1]).permutation(len(table))
    return table.select(sorted(order[: settings.validation_traces].tolist()))
