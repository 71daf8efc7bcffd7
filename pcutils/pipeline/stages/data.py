"""Go through the source once: write its traces to their shards, split them, keep bad rows aside."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas

from pcutils.errors import DataError
from pcutils.pipeline.files import SHARDED, RunFiles
from pcutils.pipeline.source_options import source_options
from pcutils.pipeline.writing import replacing
from pcutils.sources import Quarantined, stream, write_quarantine
from pcutils.sources.load import Reading, published_splits
from pcutils.sources.shards import ShardWriter
from pcutils.sources.table import trace_row
from pcutils.splits import Item, item_of, split_items

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Data, Splits

MANY = 50_000
"""Traces of one shard from which on its measures take long to redo, and much memory."""


def run(files: RunFiles, *, data: Data, splits: Splits, root: Path) -> None:
    """Write the tables of traces, splits and students, and the rows kept aside.

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
    shards = [_Shard() for _ in range(files.shards)]
    counts: Counter[str] = Counter()
    with ShardWriter(files.parts("traces")) as writer, replacing(files.quarantine) as part:
        write_quarantine(_bad_rows(reading, data.source, writer, shards, counts), part)
        _tell(counts, reading.counts, data.most_kept_aside)
    _write_splits(files, shards, splits.model_dump())
    with replacing(files.students) as part:
        reading.students().to_parquet(part, index=False)
    _remove_others(files)
    largest = max(len(shard.items) for shard in shards)
    if largest > MANY:
        enough = sum(len(shard.items) for shard in shards) // MANY + 1
        _say(f"A shard has {largest:,} traces; data.shards={enough} or more would make smaller jobs.")


class _Shard:
    """What splitting needs to know of the traces of one shard, in order."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.published: list[str | None] = []


def _bad_rows(
    reading: Reading, source: str, writer: ShardWriter, shards: list[_Shard], counts: Counter[str]
) -> Iterator[Quarantined]:
    """Write the traces of a source, and give the rows that are none."""
    for result, split in reading.rows:
        if isinstance(result, Quarantined):
            counts[f"with {result.found} ({result.field})"] += 1
            yield result
            continue
        counts["traces"] += 1
        row = trace_row(result, source)
        shard = shards[writer.write(row)]
        shard.items.append(item_of(row["username"], row["title"], row["programs"]))
        shard.published.append(split and sys.intern(split))


def _tell(counts: Counter[str], of_source: Counter[str], most: float) -> None:
    """Say what became of everything that was read; stop where too much of it was kept aside."""
    if of_source:
        _say(", ".join(f"{count:,} {what}" for what, count in of_source.most_common()))
    aside = Counter({reason: count for reason, count in counts.items() if reason != "traces"})
    if not aside:
        return
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in aside.most_common(5))
    said = f"{aside.total():,} of {counts.total():,} rows kept aside: {reasons}"
    if aside.total() > most * counts.total():
        hint = "`pcutils check` names each of them; where that is as it should be, raise the share."
        raise DataError(said, f"a share of at most {most}", field="data.most_kept_aside", hint=hint)
    _say(said)


def _write_splits(files: RunFiles, shards: list[_Shard], options: dict[str, Any]) -> None:
    published = published_splits([split for shard in shards for split in shard.published])
    items = [item for shard in shards for item in shard.items]
    pairs = len({item.pair for item in items})
    if pairs < len(items):
        _say(f"{len(items):,} traces of {pairs:,} pairs of student and title: some pairs have several.")
    labels = split_items(items, published=published, **options)
    start = 0
    for path, shard in zip(files.parts("splits"), shards, strict=True):
        end = start + len(shard.items)
        columns = {
            "username": [item.username for item in shard.items],
            "title": [item.title for item in shard.items],
            "split": labels.iloc[start:end].to_numpy(),
        }
        with replacing(path) as part:
            pandas.DataFrame(columns).to_parquet(part, index=False)
        start = end


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
