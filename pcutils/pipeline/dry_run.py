"""Try a plan without its cost: build everything at its real size, weightless, and run tiny stand-ins."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pcutils.analysis.paper import paper_fact
from pcutils.pipeline.base_decoder import base_of
from pcutils.pipeline.files import CHAPTERS, RunFiles
from pcutils.pipeline.steps import Steps, step_names, targets

if TYPE_CHECKING:
    from pcutils.models.batches import Example
    from pcutils.pipeline.profiles import Models, Profile

STUDENTS, TITLES = 12, 6
"""Made-up students that stand in for the data, and assignments of each."""
VOCABULARY = 600
_NUMBERS_A_HEAD = 4
_NOT_FOR_TRAINING = {"vocabulary", "processes"}


@dataclass(frozen=True)
class DryRun:
    """What a dry run has found.

    Parameters
    ----------
    parameters : int
        Of the network at its real size, the students' table included.
    student_parameters : int
        Of the students' table.
    moved : tuple of int
        Parameters that AdamW, sparse Adam and Muon move.
    traces : dict of str to int
        Made-up traces in each split.
    batch_shape : tuple of int
        Rows and places of one batch as long as the profile's.
    batch_tokens : int
        Tokens in it, padding and students' places not counted.
    sampled : int
        Traces that the stand-in was asked for and gave.
    steps : list of str
        Steps of the workflow.
    files : int
        Files that they bring up to date.
    """

    parameters: int
    student_parameters: int
    moved: tuple[int, ...]
    traces: dict[str, int]
    batch_shape: tuple[int, int]
    batch_tokens: int
    sampled: int
    steps: list[str]
    files: int

    def lines(self) -> list[str]:
        """Say it in sentences."""
        adam, rows, muon = self.moved
        rows_of_batch, places = self.batch_shape
        splits = ", ".join(f"{name} {count}" for name, count in self.traces.items())
        return [
            f"network: {self.parameters:,} parameters, {self.student_parameters:,} of them students'",
            f"optimizers: {muon:,} parameters for Muon, {adam:,} for AdamW, {rows:,} for sparse Adam",
            f"stand-ins: {sum(self.traces.values())} made-up traces ({splits})",
            f"batch: {self.batch_tokens:,} tokens in {rows_of_batch} rows of {places:,} places",
            f"stand-in network: one step of training, {self.sampled} sampled traces",
            f"workflow: {len(self.steps)} steps, {self.files} files",
        ]


def students_of(profile: Profile) -> int:
    """Say how many students a profile has; as many as the paper's data where it does not say."""
    return int(getattr(profile.data, "students", None) or paper_fact("students"))


def dry_run(root: Path, profile: Profile, students: int) -> DryRun:
    """Build every object of a profile, none of it at its real cost.

    Parameters
    ----------
    root : pathlib.Path
        The clone.
    profile : Profile
        The plan.
    students : int
        Rows of the students' table.

    Returns
    -------
    DryRun

    Raises
    ------
    ProfileError, ModelError
        Where something does not fit together.
    """
    Steps(root, profile).check()
    parts = _stand_ins(profile)
    models = profile.models.model_copy(update={"base": base_of(profile.models, root)})
    tokenizer = _tokenizer(parts["train"])
    parameters, rows, moved = real_size(models, tokenizer, students)
    shape, tokens = _batch(profile.models, tokenizer, parts["train"])
    files = RunFiles(Path("."), profile.data.shards)
    return DryRun(
        parameters=parameters,
        student_parameters=rows,
        moved=moved,
        traces={name: len(part) for name, part in parts.items()},
        batch_shape=shape,
        batch_tokens=tokens,
        sampled=_train_and_sample(profile, tokenizer, parts),
        steps=step_names(shards=files.shard_names),
        files=len(targets(CHAPTERS, files)),
    )


def real_size(models: Models, tokenizer: Any, students: int) -> tuple[int, int, tuple[int, ...]]:
    """Build the network of a profile and its optimizers without memory for weights.

    Parameters
    ----------
    models : Models
        Section of the profile.
    tokenizer : PreTrainedTokenizerFast
        Any; the vocabulary's size is taken from the profile, or from its pretrained decoder, of which nothing
        but configuration and tokenizer are read.
    students : int
        Rows of the students' table.

    Returns
    -------
    parameters : int
        All of them.
    student_parameters : int
        Those of the students' table.
    moved : tuple of int
        Parameters that each optimizer moves.
    """
    import torch

    from pcutils.models import pretrained_tokenizer
    from pcutils.models.building import new_network
    from pcutils.models.formats import make_format
    from pcutils.models.optimizers import Optimizers
    from pcutils.models.training_loop import Settings

    tokenizer = tokenizer if models.base is None else pretrained_tokenizer(models.base)
    form = make_format(models.form, tokenizer, title_tokens=models.title_tokens)
    if models.base is None:
        form.vocabulary += models.vocabulary - len(tokenizer)
    settings = Settings(**models.model_dump(exclude=_NOT_FOR_TRAINING))
    with torch.device("meta"):
        network = new_network(settings, form, students)
    optimizers = Optimizers(network, settings.highest_rate)
    moved = (
        sum(weight.numel() for group in part.param_groups for weight in group["params"])
        for part in optimizers.parts
    )
    whole = sum(weight.numel() for weight in network.parameters())
    return whole, network.student_table.weight.numel(), tuple(moved)


def _stand_ins(profile: Profile) -> dict[str, Any]:
    """Split made-up students as the profile would, with shares large enough for so few."""
    from pcutils.sources import load
    from pcutils.splits import PRESETS, split_traces

    table = load("simulated", students=STUDENTS, titles=TITLES, assignments_per_student=TITLES, seed=0)
    labels = split_traces(table, **PRESETS["smoke"], seed=profile.splits.seed)
    return {str(name): table.select(labels.index[labels == name]) for name in labels.unique()}


def _tokenizer(table: Any) -> Any:
    from pcutils.models import train_tokenizer, training_texts
    from pcutils.sources import traces_of

    return train_tokenizer(training_texts(list(traces_of(table))), vocabulary=VOCABULARY)


def _batch(models: Models, tokenizer: Any, table: Any) -> tuple[tuple[int, int], int]:
    """Cut traces to the profile's context and pack as many as one step has."""
    from pcutils.models.batches import collate, make_examples
    from pcutils.models.formats import make_format
    from pcutils.sources import traces_of

    form = make_format(models.form, tokenizer, title_tokens=models.title_tokens)
    pool = make_examples(traces_of(table), form, {}, models.context)
    chosen: list[Example] = []
    places = 0
    while places + (size := len(pool[len(chosen) % len(pool)].tokens) + 1) <= models.batch_tokens:
        chosen.append(pool[len(chosen) % len(pool)])
        places += size
    batch = collate(chosen, row_length=models.context)
    rows, length = batch.tokens.shape
    return (rows, length), places - len(chosen)


def _train_and_sample(profile: Profile, tokenizer: Any, parts: dict[str, Any]) -> int:
    """Take a narrow network of the profile's kind one step, then sample from it; give how many traces.

    In place of a pretrained decoder, whose weights may be many gigabytes, it is one from scratch.
    """
    from pcutils.models import Prompt, sample, train
    from pcutils.variants import VARIANTS, build_variant

    models = profile.models
    small: dict[str, Any] = {
        "base": None,
        "layers": 1,
        "width": _NUMBERS_A_HEAD * models.heads,
        "batch_tokens": models.context,
    }
    options = {**models.model_dump(exclude=_NOT_FOR_TRAINING), **small, "steps": 1, "progress": False}

    def variant(part: str) -> Any:
        return build_variant(
            parts[part], VARIANTS[0], seed=models.seed, count=lambda text: len(tokenizer.encode(text))
        )

    with tempfile.TemporaryDirectory() as folder:
        model = train(variant("train"), variant("validation"), tokenizer, folder, **options)
    row = parts["train"][0]
    sampling = {**profile.sampling.model_dump(exclude={"prompts_per_split"}), "samples_per_prompt": 1}
    return len(sample(model, [Prompt(username=row["username"], title=row["title"])], **sampling))
