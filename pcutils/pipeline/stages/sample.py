"""Sample traces from one model, for the same students and titles as from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas
import pyarrow

from pcutils.models import Prompt, Sample
from pcutils.models.sampling_parts import write_samples
from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.verdicts import Verdicts
from pcutils.sources import TRACE_SCHEMA
from pcutils.splits import EVALUATION_SPLITS

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Execution, Sampling

SAMPLE_SCHEMA = pyarrow.schema(
    [
        *TRACE_SCHEMA,
        ("split", pyarrow.string()),
        ("prompt", pyarrow.int64()),
        ("number", pyarrow.int64()),
        ("failure", pyarrow.string()),
    ]
)
"""The table of traces, with the prompt and its split, the sample's number, and why it does not parse."""


def run(files: RunFiles, *, variant: str, sampling: Sampling, execution: Execution) -> None:
    """Write ``samples/<variant>.parquet``; interrupted, it goes on where it was.

    Parameters
    ----------
    files : RunFiles
        Where to read and write.
    variant : str
        One of :data:`pcutils.variants.VARIANTS`.
    sampling, execution : Sampling, Execution
        Sections of the profile.
    """
    splits = pandas.concat(map(pandas.read_parquet, files.parts("splits")), ignore_index=True)
    pairs = choose_pairs(splits, sampling.prompts_per_split, sampling.seed)
    prompts = [Prompt(username=pair.username, title=pair.title) for pair in pairs.itertuples()]
    options = sampling.model_dump(exclude={"prompts_per_split"})

    def make_row(one: Sample) -> dict[str, Any]:
        return _row(one, pairs.iloc[one.prompt], variant)

    target, model = files.samples(variant), files.model(variant)
    target.parent.mkdir(parents=True, exist_ok=True)
    verdicts = Verdicts(files, execution, f"sampling-{variant}")
    options["outcomes"] = verdicts.outcomes()
    try:
        write_samples(target, model, prompts, make_row, SAMPLE_SCHEMA, **options)
    finally:
        verdicts.keep()


def choose_pairs(splits: pandas.DataFrame, per_split: int, seed: int) -> pandas.DataFrame:
    """Choose the students and titles to sample for, the same for every model.

    Parameters
    ----------
    splits : pandas.DataFrame
        ``username``, ``title``, ``split``.
    per_split : int
        At most so many pairs of each evaluation split.
    seed : int
        Another seed, another choice.

    Returns
    -------
    pandas.DataFrame
        ``username``, ``title``, ``split``; split by split, one row a pair.
    """
    pairs = splits.drop_duplicates(["username", "title"]).sort_values(["username", "title"])
    chosen = []
    for split in EVALUATION_SPLITS:
        of_split = pairs[pairs["split"] == split]
        chosen.append(of_split.sample(min(per_split, len(of_split)), random_state=seed))
    return pandas.concat(chosen, ignore_index=True)


def _row(one: Sample, pair: pandas.Series, variant: str) -> dict[str, Any]:
    trace = one.trace if one.trace is not None and one.trace.programs else None
    return {
        "username": pair["username"],
        "title": pair["title"],
        "programs": list(trace.programs) if trace else None,
        "timestamps": list(trace.timestamps) if trace else None,
        "is_complete": trace.is_complete if trace else None,
        "source": f"sampled from {variant}",
        "split": pair["split"],
        "prompt": one.prompt,
        "number": one.number,
        "failure": None if trace else one.failure or "no complete state",
    }
