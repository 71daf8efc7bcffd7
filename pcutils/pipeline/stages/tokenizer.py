"""Train the tokenizer on the training split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas

from pcutils.models import train_tokenizer, training_texts
from pcutils.pipeline.files import RunFiles
from pcutils.sources import read_table, traces_of

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Models


def run(files: RunFiles, *, models: Models) -> None:
    """Write ``models/tokenizer``.

    Parameters
    ----------
    files : RunFiles
        Where to read and write.
    models : Models
        Section of the profile.
    """
    splits = pandas.concat(map(pandas.read_parquet, files.parts("splits")), ignore_index=True)["split"]
    training = read_table(files.parts("traces")).select(splits.index[splits == "train"])
    texts = training_texts(traces_of(training))
    train_tokenizer(texts, vocabulary=models.vocabulary).save_pretrained(files.tokenizer)
