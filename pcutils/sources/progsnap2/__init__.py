"""ProgSnap2, the exchange format of programming process data: import, export, validation."""

from __future__ import annotations

from pcutils.sources.progsnap2.checking import check_progsnap2
from pcutils.sources.progsnap2.exporting import write_progsnap2
from pcutils.sources.progsnap2.folder import main_tables
from pcutils.sources.progsnap2.importing import Imported, Streamed, read_progsnap2, stream_progsnap2
from pcutils.sources.progsnap2.specification import STATE_EVENTS, Specification, event_types, specification

__all__ = [
    "STATE_EVENTS",
    "Imported",
    "Specification",
    "Streamed",
    "check_progsnap2",
    "event_types",
    "main_tables",
    "read_progsnap2",
    "specification",
    "stream_progsnap2",
    "write_progsnap2",
]
