"""Go through the source once: write its traces to their shards, split them, keep bad rows aside."""

from __future__ import annotations

import json
import os
import sys
from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy
import pandas

from pcutils.errors import DataError
from pcutils.pipeline.files import SHARDED, RunFiles
from pcutils.pipeline.source_options import source_options
from pcutils.pipeline.writing import replacing
from pcutils.sources import Quarantined, stream, write_quarantine
from pcutils.sources.load import Reading, published_splits
from pcutils.sources.shards import ShardWriter
from pcutils.sources.table import trace_row
from pcutils.splits import Items, item_of, split_items

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Data, Splits

MANY = 50_000
"""Traces of one shard from which on its measures take long to redo, and much memory."""


def run(files: RunFiles, *, data: Data, splits: Splits, root: Path) -> None:
    """Write the tables of traces, splits and students, the rows kept aside, and what the source counted.

    Parameters
    ----------
    files : RunFiles
        Where to write.
    data, splits : pydantic models
        Sections of the profile.
    root : pathlib.Path
        What a relative path in the profile is relative to.

    Raises
    ------
    pcutils.errors.DataError
        Where the source cannot be read, or more of its rows are kept aside than ``data.most_kept_aside``.
    """
    options = source_options(data, root)
    if data.source == "hub" and "path" not in options:
        os.environ["HF_HUB_OFFLINE"] = "0"  # the only step that needs the network; all others are kept off it
    reading = stream(data.source, **options)
    known = _Known()
    counts: Counter[str] = Counter()
    with ShardWriter(files.parts("traces")) as writer, replacing(files.quarantine) as part:
        write_quarantine(_bad_rows(reading, data.source, writer, known, counts), part)
        _tell(counts, reading.counts, data.most_kept_aside)
    with replacing(files.reading) as part:
        part.write_text(json.dumps(dict(reading.counts)) + "\n", encoding="utf-8")
    sizes = _write_splits(files, known, splits.model_dump())
    with replacing(files.students) as part:
        reading.students().to_parquet(part, index=False)
    _remove_others(files)
    if max(sizes) > MANY:
        enough = sum(sizes) // MANY + 1
        _say(f"A shard has {max(sizes):,} traces; data.shards={enough} or more would make smaller jobs.")


class _Known:
    """What splitting needs to know of the traces, in the order of the source, and the shard of each."""

    def __init__(self) -> None:
        self.items = Items()
        self.shards = array("i")
        self.published: list[str | None] = []


def _bad_rows(
    reading: Reading, source: str, writer: ShardWriter, known: _Known, counts: Counter[str]
) -> Iterator[Quarantined]:
    """Write the traces of a source, and give the rows that are none."""
    for result, split in reading.rows:
        if isinstance(result, Quarantined):
            counts[f"with {result.found} ({result.field})"] += 1
            yield result
            continue
        counts["traces"] += 1
        row = trace_row(result, source)
        known.shards.append(writer.write(row))
        known.items.append(item_of(row["username"], row["title"], row["programs"]))
        known.published.append(split and sys.intern(split))


def _tell(counts: Counter[str], of_source: Counter[str], most: float) -> None:
    """Say what became of everything that was read; stop where too much of it was kept aside."""
    if of_source:
        _say(", ".join(f"{count:,} {what}" for what, count in of_source.most_common()))
    aside = Counter({reason: count for reason, count in counts.items() if reason != "traces"})
    if not aside:
        return
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in aside.most_common(5))
    read = max(counts.total(), of_source.total())
    said = f"{aside.total():,} of {read:,} rows kept aside: {reasons}"
    if aside.total() > most * read:
        hint = "`pcutils check` names each of them; where that is as it should be, raise the share."
        raise DataError(said, f"a share of at most {most}", field="data.most_kept_aside", hint=hint)
    _say(said)


def _write_splits(files: RunFiles, known: _Known, options: dict[str, Any]) -> list[int]:
    """Split the traces, write the splits of each shard in its order, and say how many traces each has."""
    items = known.items
    labels = split_items(items, published=published_splits(known.published), **options)
    students, titles = items.students, items.titles
    names = students.distinct, students.codes, titles.distinct, titles.codes
    shards = numpy.array(known.shards)
    sizes = numpy.bincount(shards, minlength=files.shards)
    rows_of_shards = numpy.split(numpy.argsort(shards, kind="stable"), numpy.cumsum(sizes)[:-1])
    for path, rows in zip(files.parts("splits"), rows_of_shards, strict=True):
        columns = {
            "username": [names[0][code] for code in names[1][rows]],
            "title": [names[2][code] for code in names[3][rows]],
            "split": labels.iloc[rows].to_numpy(),
        }
        with replacing(path) as part:
            pandas.DataFrame(columns).to_parquet(part, index=False)
    return [int(size) for size in sizes]


def _remove_others(files: RunFiles) -> None:
    """Remove what was written under another number of shards, which nothing reads any more."""
    for table in SHARDED:
        kept = set(files.parts(table))
        whole: Path = getattr(files, table)
        for path in [whole, *whole.with_suffix("").glob("*-of-*.parquet")]:
            if path not in kept:
                path.unlink(missing_ok=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
