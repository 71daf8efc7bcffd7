"""Statistics, behaviour, probes, adaptation, steering and verdicts on the paper's claims."""

from __future__ import annotations

from pcutils.analysis.statistics import (
    CONFIDENCE,
    Estimate,
    bootstrap_interval,
    correlation_interval,
    difference_interval,
    estimate_table,
)

__all__ = [
    "CONFIDENCE",
    "Estimate",
    "bootstrap_interval",
    "correlation_interval",
    "difference_interval",
    "estimate_table",
]
