"""The verdict that a run's measures give on each of the paper's claims."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pcutils.analysis.evidence import CLAIMS, Claim, Evidence
from pcutils.analysis.statistics import CONFIDENCE
from pcutils.errors import DataError, RunError
from pcutils.few_students import TOO_FEW, is_too_few

__all__ = [
    "CANNOT",
    "CONFIDENCE",
    "FEWEST",
    "NOT_SUPPORTED",
    "SUPPORTED",
    "Finding",
    "Verdict",
    "evidence_table",
    "judge",
    "judge_all",
    "judge_claims",
    "read_measures",
    "record_verdicts",
]

SUPPORTED, NOT_SUPPORTED = "supported", "not supported"
CANNOT = "cannot be tested on this data"
#: Evidence that rests on fewer students, titles or traces decides nothing.
FEWEST = 5

Measures = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Finding:
    """What a run measured for one piece of evidence.

    Parameters
    ----------
    evidence : Evidence
        What was asked for.
    measure : str
        Full name of the measure.
    words : str
        The same for a reader.
    value, low, high : float or None
        Estimate and interval; None where there is none.
    n : int or None
        What it rests on.
    unit : str or None
        What it is counted in.
    holds : bool or None
        Whether the interval lies on the right side; None where that cannot be said, or where the measure is
        reported and decides nothing.
    why : str
        In words.
    """

    evidence: Evidence
    measure: str
    words: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    unit: str | None
    holds: bool | None
    why: str

    @property
    def is_missing(self) -> bool:
        """Whether the measure is needed for a verdict and gives none."""
        return self.value is None or (self.holds is None and self.evidence.side != "reported")


@dataclass(frozen=True)
class Verdict:
    """A claim, what was found, and what follows."""

    claim: Claim
    verdict: str
    reason: str
    findings: tuple[Finding, ...]

    @property
    def decided(self) -> list[bool]:
        """For each measure that decides, whether it holds."""
        return [finding.holds for finding in self.findings if finding.holds is not None]


def judge(claim: Claim, results: Mapping[str, Measures]) -> Verdict:
    """Judge one claim by what a run measured.

    Parameters
    ----------
    claim : Claim
        One of `CLAIMS`.
    results : mapping of chapter to its measures
        As in the results files, under "measures".

    Returns
    -------
    Verdict
        "cannot be tested on this data" where a piece of evidence is missing, has no interval, rests on fewer
        than `FEWEST` units or on too few students to be shown, unless another piece already fails; "not
        supported" where an interval does
        not lie wholly on the side that the claim says; "supported" otherwise.
    """
    findings = tuple(finding for evidence in claim.evidence for finding in _findings(evidence, results))
    failing = [finding for finding in findings if finding.holds is False]
    unknown = [finding for finding in findings if finding.is_missing]
    if failing:
        return Verdict(claim, NOT_SUPPORTED, _joined(failing), findings)
    if unknown:
        return Verdict(claim, CANNOT, _joined(unknown), findings)
    return Verdict(claim, SUPPORTED, _joined(list(findings)), findings)


def judge_all(results: Mapping[str, Measures]) -> list[Verdict]:
    """Judge every claim, C1 to C8."""
    return [judge(claim, results) for claim in CLAIMS]


def judge_claims(results: Mapping[str, Measures], *ids: str) -> list[Verdict]:
    """Judge the claims of one chapter.

    Parameters
    ----------
    results : mapping of chapter to its measures
        One chapter is enough where the claims rest on it alone.
    *ids : str
        Such as "C1".

    Raises
    ------
    DataError
        Where there is no such claim.
    """
    known = {claim.id: claim for claim in CLAIMS}
    if unknown := [name for name in ids if name not in known]:
        raise DataError(f"claims {', '.join(unknown)}", f"some of {', '.join(known)}")
    return [judge(known[name], results) for name in ids]


def read_measures(run: Any) -> dict[str, Measures]:
    """Read the measures of every chapter that a run has finished.

    Parameters
    ----------
    run : Run
        From :func:`pcutils.pipeline.open_run`.

    Returns
    -------
    dict of chapter to measures
        Chapters without a results file are left out.
    """
    found = {}
    for chapter in sorted({evidence.chapter for claim in CLAIMS for evidence in claim.evidence}):
        try:
            found[chapter] = run.result(chapter)["measures"]
        except RunError:
            continue
    return found


def evidence_table(verdicts: list[Verdict]) -> pd.DataFrame:
    """One row a measure: `claim`, `asked` (words of the evidence), `bound`, `side`, fields of a finding."""
    rows = [
        {
            "claim": verdict.claim.id,
            "asked": finding.evidence.words,
            "bound": finding.evidence.bound,
            "side": finding.evidence.side,
        }
        | {name: getattr(finding, name) for name in _FINDING_COLUMNS}
        for verdict in verdicts
        for finding in verdict.findings
    ]
    return pd.DataFrame(rows, columns=["claim", "asked", "bound", "side", *_FINDING_COLUMNS])


def record_verdicts(results: Any, verdicts: list[Verdict]) -> None:
    """Add each verdict to a chapter's results.

    Parameters
    ----------
    results : Results
        Of the chapter.
    verdicts : list of Verdict
        ``claim.<id>`` is 1 where supported, 0 where not supported, null where the claim cannot be tested; `n`
        is the number of measures that decided.
    """
    values = {SUPPORTED: 1.0, NOT_SUPPORTED: 0.0, CANNOT: None}
    for verdict in verdicts:
        results.add(
            f"claim.{verdict.claim.id}", values[verdict.verdict], n=len(verdict.decided), unit="verdict"
        )


_FINDING_COLUMNS = ("measure", "words", "value", "low", "high", "n", "unit", "holds", "why")


def _findings(evidence: Evidence, results: Mapping[str, Measures]) -> list[Finding]:
    if evidence.chapter not in results:
        return [_missing(evidence, f"chapter {evidence.chapter} has no results in this run")]
    measures = results[evidence.chapter]
    names = _matching(evidence.measure, measures)
    if not names:
        return [_missing(evidence, f"{evidence.words}: not measured in this run")]
    found = [_finding(evidence, name, measures[name]) for name in names]
    decided = [finding for finding in found if finding.holds is not None]
    return decided if "*" in evidence.measure and decided else found


def _matching(pattern: str, measures: Measures) -> list[str]:
    if "{largest}" in pattern:
        rule = re.compile(re.escape(pattern).replace(r"\{largest\}", r"(\d+)"))
        numbers = {int(match[1]): name for name in measures if (match := rule.fullmatch(name))}
        return [numbers[max(numbers)]] if numbers else []
    rule = re.compile(re.escape(pattern).replace(r"\*", r"[^.]+"))
    return sorted(name for name in measures if rule.fullmatch(name))


def _finding(evidence: Evidence, name: str, measure: Mapping[str, Any]) -> Finding:
    value, low, high = (_finite(measure.get(key)) for key in ("value", "low", "high"))
    n, unit = measure.get("n"), measure.get("unit")
    if evidence.over == "students" and is_too_few(n):
        return _missing(evidence, f"{evidence.words}: {TOO_FEW}")
    holds, why = _judge_interval(evidence, value, low, high, n)
    words = evidence.words
    if "*" in evidence.measure:
        words = f"{words}, {name.rsplit('.', 1)[-1].replace('_', ' ')}"
    return Finding(evidence, name, words, value, low, high, n, unit, holds, f"{words}: {why}")


def _judge_interval(
    evidence: Evidence, value: float | None, low: float | None, high: float | None, n: int | None
) -> tuple[bool | None, str]:
    if value is None:
        return None, "could not be measured on this data"
    if low is None or high is None:
        return None, f"{_signed(value)}, without an interval"
    digits = 2 if max(abs(low), abs(high)) >= 0.1 else 3
    measured = f"{_signed(value, digits)} ({_signed(low, digits)} to {_signed(high, digits)})"
    if evidence.side == "reported":
        return None, f"{measured}, which decides nothing"
    if n is not None and n < FEWEST:
        return None, f"{measured}, from too few to judge ({n})"
    if evidence.side == "above":
        right, wrong = low > evidence.bound, high < evidence.bound
    else:
        right, wrong = high < evidence.bound, low > evidence.bound
    if right:
        return True, measured
    return False, f"{measured}, " + (
        "on the other side" if wrong else f"the interval includes {_line(evidence.bound)}"
    )


def _missing(evidence: Evidence, why: str) -> Finding:
    return Finding(evidence, evidence.measure, evidence.words, None, None, None, None, None, None, why)


def _joined(findings: list[Finding]) -> str:
    """Join reasons; what several measures of one piece of evidence have in common is said once."""
    reasons: dict[str, None] = {}
    before = None
    for finding in findings:
        asked = finding.evidence.words
        reasons[finding.why.removeprefix(f"{asked}, ") if asked == before else finding.why] = None
        before = asked
    text = "; ".join(reasons)
    return text[:1].upper() + text[1:] + "."


def _signed(value: float, digits: int = 2) -> str:
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def _line(bound: float) -> str:
    return _signed(bound) if bound else "0"


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
