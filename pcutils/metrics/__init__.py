"""Measures of traces and programs: the paper's, digit for digit, and corrected ones beside them."""

from __future__ import annotations

from pcutils.metrics.behaviour import backtracking_ratio, trace_metrics
from pcutils.metrics.bleu import corrected_self_bleu, reference_bleu, sample_bleu, self_bleu
from pcutils.metrics.code import (
    code_tokens,
    color_counts,
    comment_lines,
    function_literals,
    named_functions,
    substring_color_counts,
)
from pcutils.metrics.corrected import (
    PAPER_COUNTERPARTS,
    backtracking_share,
    corrected_metrics,
    working_seconds,
)
from pcutils.metrics.edits import (
    EDIT_CATEGORIES,
    edit_category,
    edit_distance,
    edit_kinds,
    levenshtein,
    line_changes,
)
from pcutils.metrics.failures import (
    RESPONSES,
    SUCCESS,
    ErrorEpisode,
    error_episodes,
    failing_share,
    named_in,
    recovery_share,
    response_to_error,
    state_outcome,
)
from pcutils.metrics.jaccard import pairwise_jaccard, self_jaccard

__all__ = [
    "EDIT_CATEGORIES",
    "PAPER_COUNTERPARTS",
    "RESPONSES",
    "SUCCESS",
    "ErrorEpisode",
    "backtracking_ratio",
    "backtracking_share",
    "code_tokens",
    "color_counts",
    "comment_lines",
    "corrected_metrics",
    "corrected_self_bleu",
    "edit_category",
    "edit_distance",
    "edit_kinds",
    "error_episodes",
    "failing_share",
    "function_literals",
    "levenshtein",
    "line_changes",
    "named_functions",
    "named_in",
    "pairwise_jaccard",
    "recovery_share",
    "reference_bleu",
    "response_to_error",
    "sample_bleu",
    "self_bleu",
    "self_jaccard",
    "state_outcome",
    "substring_color_counts",
    "trace_metrics",
    "working_seconds",
]
