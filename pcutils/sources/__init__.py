"""Where traces come from: every source becomes the one table of traces."""

from __future__ import annotations

from pcutils.sources.check import Checked, Problem, check, examine
from pcutils.sources.fetch import fetch_rollouts
from pcutils.sources.hub import HUB_SPLITS, read_hub
from pcutils.sources.load import SOURCES, Loaded, load, load_with_quarantine, stream
from pcutils.sources.logs import read_logs
from pcutils.sources.progsnap2 import write_progsnap2
from pcutils.sources.quarantine import Quarantined, QuarantineWarning, write_quarantine
from pcutils.sources.rollouts import ROLLOUT_VARIANTS
from pcutils.sources.table import TRACE_SCHEMA, read_table, to_dataset, traces_of, write_table

__all__ = [
    "HUB_SPLITS",
    "ROLLOUT_VARIANTS",
    "SOURCES",
    "TRACE_SCHEMA",
    "Checked",
    "Loaded",
    "Problem",
    "QuarantineWarning",
    "Quarantined",
    "check",
    "examine",
    "fetch_rollouts",
    "load",
    "load_with_quarantine",
    "read_hub",
    "read_logs",
    "read_table",
    "stream",
    "to_dataset",
    "traces_of",
    "write_progsnap2",
    "write_quarantine",
    "write_table",
]
