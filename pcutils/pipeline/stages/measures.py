"""Measure the students' traces and run their programs, one shard of the table at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas

from pcutils.errors import DataError
from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.measuring import measure
from pcutils.pipeline.verdicts import Verdicts
from pcutils.pipeline.writing import replacing
from pcutils.progress import track
from pcutils.sources import traces_of
from pcutils.sources.shards import read_batches, shard_of

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Execution

ROWS_IN_MEMORY = 1_000
"""Traces whose programs are held, and run, at a time; what they gave is kept even if the next ones fail."""

_AGAIN = "Delete it and its splits, and call `pcutils run` again."


def run(files: RunFiles, *, execution: Execution, shard: str = "") -> None:
    """Write one shard of the tables of measures and programs, or the whole tables where there is one shard.

    Parameters
    ----------
    files : RunFiles
        Where to read and write.
    execution : Execution
        Section of the profile.
    shard : str
        One of ``files.shard_names``.

    Raises
    ------
    pcutils.errors.DataError
        Where the shard is missing, damaged, does not fit its splits, or was written for another number of
        shards.

    Notes
    -----
    The measures and verdicts of the shard are in memory, its programs only a part at a time.
    """
    traces = files.part("traces", shard)
    splits = _read_splits(files.part("splits", shard))
    verdicts = Verdicts(files, execution, f"measures/{shard}" if shard else "measures")
    measured: list[pandas.DataFrame] = []
    ran: list[pandas.DataFrame] = []
    read = 0
    # Of a single table every step is shown, of one of many shards only how many of its traces are through.
    words = f"measuring shard {shard}"
    with track(label=words, total=len(splits), unit="traces", enabled=bool(shard)) as bar:
        for batch in read_batches(traces, ROWS_IN_MEMORY):
            rows = splits[read : read + len(batch)].reset_index(drop=True)
            _check_batch(batch, rows, traces, files, shard)
            label = f"students' traces {read + 1} to {read + len(batch)} of {len(splits)}"
            measures, programs = measure(list(traces_of(batch)), verdicts, label, progress=not shard)
            measured.append(_beside(rows.assign(**_columns(batch)), measures))
            ran.append(programs)
            read += len(batch)
            bar.update(len(batch))
    if read < len(splits):
        raise DataError(f"{read} traces", f"{len(splits)}, one a split", file=str(traces), hint=_AGAIN)
    if not measured:
        measures, programs = measure([], verdicts, "no traces")
        measured, ran = [_beside(splits.assign(**_columns([])), measures)], [programs]
    table = pandas.concat(measured, ignore_index=True)
    table.insert(0, "row", range(len(table)))
    with replacing(files.part("measures", shard)) as part:
        table.to_parquet(part, index=False)
    with replacing(files.part("programs", shard)) as part:
        distinct = pandas.concat(ran, ignore_index=True).drop_duplicates("program_hash", ignore_index=True)
        distinct.to_parquet(part, index=False)


def _read_splits(path: Path) -> pandas.DataFrame:
    columns = ["username", "title", "split"]
    rows = [row for batch in read_batches(path, ROWS_IN_MEMORY, columns) for row in batch]
    return pandas.DataFrame(rows, columns=columns).astype("str")


def _check_batch(
    batch: list[Mapping[str, Any]], rows: pandas.DataFrame, path: Path, files: RunFiles, shard: str
) -> None:
    """Make sure that the traces belong into this shard and are those that were split."""
    expected = files.shard_names.index(shard)
    if any(shard_of(row["username"], files.shards) != expected for row in batch):
        found = "a student of another shard"
        raise DataError(found, f"those of {shard}", file=str(path), field="username", hint=_AGAIN)
    pairs = list(zip(rows["username"], rows["title"], strict=True))
    if pairs != [(row["username"], row["title"]) for row in batch]:
        raise DataError("other traces than were split", "the same ones", file=str(path), hint=_AGAIN)


def _columns(batch: list[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in batch] for name in ("source", "is_complete")}


def _beside(rows: pandas.DataFrame, measures: pandas.DataFrame) -> pandas.DataFrame:
    """Join columns, each once."""
    return pandas.concat([rows, measures.drop(columns=["row", *rows.columns], errors="ignore")], axis=1)
