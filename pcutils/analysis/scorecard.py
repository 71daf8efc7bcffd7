"""The last chapter's tables: this run beside the paper, and where its numbers come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pcutils.analysis.evidence import CLAIMS
from pcutils.analysis.paper import FACTS
from pcutils.analysis.statistics import Estimate, undefined
from pcutils.errors import RunError

#: Figures of the paper, the chapter, and the measures that mean the same, the closest first.
SAME_MEASURE = {
    f"lighthouse_self_bleu_{variant}": (
        "03_behavioral_evaluation",
        (f"self_bleu.lighthouse.{variant}", f"self_bleu.mean.{variant}"),
    )
    for variant in ("trace", "last", "synthetic")
} | {"recovery": ("06_steering", ("recovery.trace",))}


def beside_paper(results: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Put figures that the paper prints beside the same measure of this run.

    Parameters
    ----------
    results : mapping of chapter to its measures
        From :func:`pcutils.analysis.claims.read_measures`.

    Returns
    -------
    pandas.DataFrame
        One row a figure of the paper, ready to show.
    """
    rows = []
    for fact in FACTS:
        if fact.name in SAME_MEASURE:
            chapter, names = SAME_MEASURE[fact.name]
            measures = results.get(chapter, {})
            name = next((name for name in names if name in measures), names[-1])
            ours = _estimate(measures.get(name))
            rows.append((fact.words, fact.value, ours, name, fact.source))
    columns = ["what", "the paper", "this run", "measure of this run", "where the paper says so"]
    return pd.DataFrame(rows, columns=columns)


def origins(run: Any) -> pd.DataFrame:
    """List the results files of a run and what made them.

    Parameters
    ----------
    run : Run
        From :func:`pcutils.pipeline.open_run`.

    Returns
    -------
    pandas.DataFrame
        One row a chapter that claims rest on, ready to show; chapters without results say so.
    """
    rows = []
    for chapter in sorted({evidence.chapter for claim in CLAIMS for evidence in claim.evidence}):
        try:
            content = run.result(chapter)
        except RunError:
            rows.append((chapter, "no results in this run", "", "", ""))
            continue
        origin = content["provenance"]
        commit = str(origin.get("commit") or "unknown")[:10]
        changed = " with changes" if origin.get("changed_files") else ""
        data = str(origin.get("data_sha256") or "unknown")[:10]
        rows.append(
            (
                chapter,
                f"{len(content['measures'])} measures",
                commit + changed,
                data,
                origin.get("started", ""),
            )
        )
    return pd.DataFrame(rows, columns=["chapter", "contains", "commit", "data (SHA-256)", "started"])


def _estimate(measure: Mapping[str, Any] | None) -> Estimate:
    if measure is None or measure.get("value") is None:
        return undefined(0, "not measured in this run")
    return Estimate(measure["value"], measure.get("low"), measure.get("high"), measure.get("n") or 0)
