"""Measure the students' traces and run their programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas

from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.measuring import measure
from pcutils.pipeline.verdicts import Verdicts
from pcutils.pipeline.writing import replacing
from pcutils.sources import read_table, traces_of

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Execution


def run(files: RunFiles, *, execution: Execution) -> None:
    """Write ``data/measures.parquet`` and ``data/programs.parquet``.

    Parameters
    ----------
    files : RunFiles
        Where to read and write.
    execution : Execution
        Section of the profile.
    """
    dataset = read_table(files.traces)
    measures, programs = measure(
        list(traces_of(dataset)), Verdicts(files, execution, "measures"), "students' traces"
    )
    rows = pandas.read_parquet(files.splits).assign(
        source=list(dataset["source"]), is_complete=list(dataset["is_complete"])
    )
    rows.insert(0, "row", range(len(rows)))
    with replacing(files.measures) as part:
        _beside(rows, measures).to_parquet(part, index=False)
    with replacing(files.programs) as part:
        programs.to_parquet(part, index=False)


def _beside(rows: pandas.DataFrame, measures: pandas.DataFrame) -> pandas.DataFrame:
    """Join columns, each once."""
    return pandas.concat([rows, measures.drop(columns=rows.columns, errors="ignore")], axis=1)
