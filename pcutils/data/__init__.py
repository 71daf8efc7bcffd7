"""Every source becomes one table of traces; validation, splits, variants, privacy."""

from __future__ import annotations

from pcutils.data.load import check, examine, load, options_of
from pcutils.data.privacy import MINIMUM_STUDENTS, personal_data, pseudonym, suppress_small_groups
from pcutils.data.rows import Record, RejectedRow, RejectedRowsWarning
from pcutils.data.shards import shard_of, write_tables
from pcutils.data.sources import SOURCES, Secret, Source, SourceOptions
from pcutils.data.splits import EVALUATION_SPLITS, SPLITS, item_of, split_items, split_traces
from pcutils.data.table import TRACE_SCHEMA, read_batches, read_table, to_dataset, traces_of, write_table
from pcutils.data.variants import VARIANTS, Variant, build_variant

__all__ = [
    "EVALUATION_SPLITS",
    "MINIMUM_STUDENTS",
    "SOURCES",
    "SPLITS",
    "TRACE_SCHEMA",
    "VARIANTS",
    "Record",
    "RejectedRow",
    "RejectedRowsWarning",
    "Secret",
    "Source",
    "SourceOptions",
    "Variant",
    "build_variant",
    "check",
    "examine",
    "item_of",
    "load",
    "options_of",
    "personal_data",
    "pseudonym",
    "read_batches",
    "read_table",
    "shard_of",
    "split_items",
    "split_traces",
    "suppress_small_groups",
    "to_dataset",
    "traces_of",
    "write_table",
    "write_tables",
]
