"""Measure the traces sampled from one model and run their programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas
import pyarrow.parquet

from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.measuring import measure
from pcutils.pipeline.verdicts import Verdicts
from pcutils.pipeline.writing import replacing
from pcutils.sources import traces_of

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Execution

_COLUMNS = ["username", "title", "split", "source", "is_complete", "prompt", "number"]


def run(files: RunFiles, *, variant: str, execution: Execution) -> None:
    """Write ``samples/<variant>_measures.parquet``: one row a sample that parses.

    Parameters
    ----------
    files : RunFiles
        Where to read and write.
    variant : str
        One of :data:`pcutils.variants.VARIANTS`.
    execution : Execution
        Section of the profile.
    """
    parsed = [
        row for row in pyarrow.parquet.read_table(files.samples(variant)).to_pylist() if row["programs"]
    ]
    verdicts = Verdicts(files, execution, f"samples-{variant}")
    measures, _ = measure(list(traces_of(parsed)), verdicts, f"samples of {variant}")
    rows = pandas.DataFrame(parsed, columns=_COLUMNS)
    table = pandas.concat([rows, measures.drop(columns=_COLUMNS, errors="ignore")], axis=1)
    table.insert(0, "row", range(len(table)))
    with replacing(files.sample_measures(variant)) as part:
        table.to_parquet(part, index=False)
