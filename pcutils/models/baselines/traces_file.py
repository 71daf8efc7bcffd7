"""Traces in a file, as a baseline keeps them between the steps of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pcutils.errors import ModelError
from pcutils.trace import Trace

TRACES_FILE = "traces.parquet"
_SCHEMA = pa.schema(
    [
        ("username", pa.string()),
        ("title", pa.string()),
        ("programs", pa.list_(pa.string())),
        ("timestamps", pa.list_(pa.timestamp("ms"))),
        ("is_complete", pa.bool_()),
    ]
)


def write_traces(traces: Sequence[Trace], path: Path) -> None:
    """Write traces, students' text and all, without lone surrogates, which UTF-8 cannot hold."""
    columns = {name: [getattr(trace, name) for trace in traces] for name in _SCHEMA.names}
    pq.write_table(pa.table(columns, schema=_SCHEMA), path)


def read_traces(path: Path) -> list[Trace]:
    """Read what :func:`write_traces` wrote.

    Raises
    ------
    ModelError
        If there is no such file.
    """
    if not path.is_file():
        raise ModelError(f"{path.parent} lacks {path.name}: fit the model and save it again.")
    return [Trace.from_states(**row) for row in pq.read_table(path).to_pylist()]
