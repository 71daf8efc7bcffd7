"""Measures of traces and programs: the paper's, digit for digit, and corrected ones beside them."""

from __future__ import annotations

from pcutils.metrics.behaviour import backtracking_ratio, trace_metrics
from pcutils.metrics.edits import EDIT_CATEGORIES, edit_category, edit_distance, edit_kinds
from pcutils.metrics.text import (
    code_tokens,
    corrected_self_bleu,
    pairwise_jaccard,
    reference_bleu,
    sample_bleu,
    self_bleu,
    self_jaccard,
)

__all__ = [
    "EDIT_CATEGORIES",
    "backtracking_ratio",
    "code_tokens",
    "corrected_self_bleu",
    "edit_category",
    "edit_distance",
    "edit_kinds",
    "pairwise_jaccard",
    "reference_bleu",
    "sample_bleu",
    "self_bleu",
    "self_jaccard",
    "trace_metrics",
]
