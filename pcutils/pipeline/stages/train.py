"""Train one of the five models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas

from pcutils.models import load_tokenizer, train
from pcutils.models.processes import Processes
from pcutils.pipeline.base_decoder import base_of
from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.verdicts import Verdicts
from pcutils.sources import read_table
from pcutils.variants import build_variant

if TYPE_CHECKING:
    from datasets import Dataset

    from pcutils.pipeline.profiles import Execution, Models

_FOR_OTHERS = {"vocabulary", "processes"}


def run(files: RunFiles, *, variant: str, models: Models, execution: Execution, root: Path) -> None:
    """Write ``models/<variant>``.

    Parameters
    ----------
    files : RunFiles
        Where to read and write.
    variant : str
        One of :data:`pcutils.variants.VARIANTS`.
    models, execution : Models, Execution
        Sections of the profile.
    root : pathlib.Path
        What a relative path in the profile is relative to.
    """
    base = base_of(models, root)
    tokenizer = load_tokenizer(files.tokenizer)
    dataset = read_table(files.parts("traces"))
    splits = pandas.concat(map(pandas.read_parquet, files.parts("splits")), ignore_index=True)["split"]

    def part(split: str, form: str) -> Dataset:
        rows = dataset.select(splits.index[splits == split])
        return build_variant(rows, form, seed=models.seed, count=lambda text: len(tokenizer.encode(text)))

    # A downsampled validation split is too small to choose a checkpoint by, so the whole one chooses.
    training, validation = part("train", variant), part("validation", variant.removesuffix("_downsampled"))
    options = models.model_dump(exclude=_FOR_OTHERS) | {"base": base}
    verdicts = Verdicts(files, execution, f"training-{variant}-{Processes().index}")
    options["outcomes"] = verdicts.outcomes()
    try:
        train(training, validation, tokenizer, files.model(variant), **options)
    finally:
        verdicts.keep()
