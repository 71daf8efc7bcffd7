"""Load the traces, split them, write the tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas

from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.writing import replacing
from pcutils.sources import load_with_quarantine, write_quarantine, write_table
from pcutils.splits import split_traces

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import RolloutsData, SimulatedData, Splits


def run(files: RunFiles, *, data: SimulatedData | RolloutsData, splits: Splits, root: Path) -> None:
    """Write ``data/traces.parquet``, ``data/students.parquet`` and ``data/splits.parquet``.

    Parameters
    ----------
    files : RunFiles
        Where to write.
    data, splits : pydantic models
        Sections of the profile.
    root : pathlib.Path
        What a relative ``data.path`` is relative to.
    """
    options = data.model_dump(exclude={"source"})
    if options.get("path"):
        options["path"] = str(root / Path(options["path"]).expanduser())
    loaded = load_with_quarantine(data.source, **options)
    labels = split_traces(loaded.dataset, **splits.model_dump())
    table = pandas.DataFrame(
        {
            "username": list(loaded.dataset["username"]),
            "title": list(loaded.dataset["title"]),
            "split": labels.to_numpy(),
        }
    )
    with replacing(files.traces) as part:
        write_table(loaded.dataset, part)
    with replacing(files.students) as part:
        loaded.students.to_parquet(part, index=False)
    with replacing(files.splits) as part:
        table.to_parquet(part, index=False)
    with replacing(files.quarantine) as part:
        write_quarantine(loaded.quarantined, part)
