"""Train the tokenizer on the training split, or take that of a pretrained decoder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas

from pcutils.models import pretrained_tokenizer, train_tokenizer, training_texts
from pcutils.pipeline.base_decoder import base_of, fetch_base
from pcutils.pipeline.files import RunFiles
from pcutils.sources import read_table, traces_of

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Models


def run(files: RunFiles, *, models: Models, root: Path) -> None:
    """Write ``models/tokenizer``.

    Parameters
    ----------
    files : RunFiles
        Where to read and write.
    models : Models
        Section of the profile.
    root : pathlib.Path
        What a relative path in the profile is relative to.
    """
    base = base_of(models, root)
    if base is not None:
        fetch_base(base)
        pretrained_tokenizer(base).save_pretrained(files.tokenizer)
        return
    splits = pandas.concat(map(pandas.read_parquet, files.parts("splits")), ignore_index=True)["split"]
    training = read_table(files.parts("traces")).select(splits.index[splits == "train"])
    texts = training_texts(traces_of(training))
    train_tokenizer(texts, vocabulary=models.vocabulary).save_pretrained(files.tokenizer)
