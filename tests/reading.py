"""Read a source whole: its table of traces, and what the table leaves out."""

from collections import Counter
from typing import Any, NamedTuple

import pandas
from datasets import Dataset

from pcutils.data import RejectedRow, options_of
from pcutils.data.load import Reading
from pcutils.data.table import rows_to_dataset


class Read(NamedTuple):
    dataset: Dataset
    rejected: list[RejectedRow]
    students: pandas.DataFrame
    published: list[str | None]
    counts: Counter[str]


def read_all(source: str, path: Any = None, **options: Any) -> Read:
    reading = Reading(options_of(source, path, **options))
    rows = list(reading.rows)
    dataset = rows_to_dataset(row for row in rows if not isinstance(row, RejectedRow))
    rejected = [row for row in rows if isinstance(row, RejectedRow)]
    return Read(dataset, rejected, reading.students(), reading.published, reading.counts)
