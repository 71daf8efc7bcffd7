"""Measures of traces and programs: the paper's, digit for digit, corrected ones, and similarity of code."""

from __future__ import annotations

from pcutils.metrics.bleu import corrected_self_bleu, reference_bleu, sample_bleu, self_bleu
from pcutils.metrics.corrected import corrected_metrics
from pcutils.metrics.edits import (
    EDIT_CATEGORIES,
    edit_category,
    edit_distance,
    edit_kinds,
    levenshtein,
    line_changes,
)
from pcutils.metrics.failures import SUCCESS, ErrorEpisode, error_episodes, state_outcome
from pcutils.metrics.paper import backtracking_ratio, trace_metrics
from pcutils.metrics.registry import (
    MEASURES,
    Measure,
    States,
    compared_measures,
    measure,
    measure_trace,
    measure_values,
)

__all__ = [
    "EDIT_CATEGORIES",
    "MEASURES",
    "SUCCESS",
    "ErrorEpisode",
    "Measure",
    "States",
    "backtracking_ratio",
    "compared_measures",
    "corrected_metrics",
    "corrected_self_bleu",
    "edit_category",
    "edit_distance",
    "edit_kinds",
    "error_episodes",
    "levenshtein",
    "line_changes",
    "measure",
    "measure_trace",
    "measure_values",
    "reference_bleu",
    "sample_bleu",
    "self_bleu",
    "state_outcome",
    "trace_metrics",
]
