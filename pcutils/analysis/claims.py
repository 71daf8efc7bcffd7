"""The paper's claims, what counts as evidence for each, and the verdict that a run's measures give."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from pcutils.errors import DataError, RunError

SUPPORTED, NOT_SUPPORTED = "supported", "not supported"
CANNOT = "cannot be tested on this data"
#: Evidence that rests on fewer students, titles or traces decides nothing.
FEWEST = 5
#: How much closeness to the own style, in sentence BLEU from 0 to 1, a steered completion may lose and still
#: count as close. Chosen before any result was seen.
STYLE_TOLERANCE = 0.05

Side = Literal["above", "below", "reported"]
Measures = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Evidence:
    """One measure that a claim rests on.

    Parameters
    ----------
    chapter : str
        Chapter that measures it.
    measure : str
        Name in its results. ``*`` stands for one part of a name: every measure that fits has to hold.
        ``{largest}`` stands for a whole number: the largest there is counts.
    words : str
        What it is, for a reader.
    side : {"above", "below", "reported"}
        Whether the whole interval has to lie above or below `bound`; "reported" has to be there, and decides
        nothing.
    bound : float
        The line to stay on one side of.
    """

    chapter: str
    measure: str
    words: str
    side: Side
    bound: float = 0.0


@dataclass(frozen=True)
class Claim:
    """One claim of the paper, in our words, and its evidence; all of the evidence has to hold."""

    id: str
    text: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Finding:
    """What a run measured for one piece of evidence.

    Parameters
    ----------
    evidence : Evidence
        What was asked for.
    measure : str
        Full name of the measure.
    value, low, high : float or None
        Estimate and interval; None where there is none.
    n : int or None
        What it rests on.
    unit : str or None
        What it is counted in.
    holds : bool or None
        Whether the interval lies on the right side; None where that cannot be said.
    why : str
        In words.
    """

    evidence: Evidence
    measure: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    unit: str | None
    holds: bool | None
    why: str


@dataclass(frozen=True)
class Verdict:
    """A claim, what was found, and what follows."""

    claim: Claim
    verdict: str
    reason: str
    findings: tuple[Finding, ...]


_BEHAVIOUR, _PROBES = "03_behavioral_evaluation", "04_embedding_probes"
_NEW, _STEERING = "05_new_students", "06_steering"

CLAIMS = (
    Claim(
        "C1",
        "Models trained on whole traces write more varied final programs than the other two.",
        (
            Evidence(
                _BEHAVIOUR,
                "self_bleu.difference.trace-synthetic",
                "Self-BLEU, trace minus synthetic",
                "below",
            ),
            Evidence(_BEHAVIOUR, "self_bleu.difference.trace-last", "Self-BLEU, trace minus last", "below"),
        ),
    ),
    Claim(
        "C2",
        "They follow the behaviour of the student they imitate more closely than the other two.",
        (
            Evidence(
                _BEHAVIOUR,
                "behaviour.difference.trace-synthetic",
                "mean correlation, trace minus synthetic",
                "above",
            ),
            Evidence(
                _BEHAVIOUR, "behaviour.difference.trace-last", "mean correlation, trace minus last", "above"
            ),
        ),
    ),
    Claim(
        "C3",
        "Training on traces helps even when only final programs are judged.",
        (
            Evidence(
                _BEHAVIOUR,
                "final_program.difference.trace-last",
                "mean correlation of properties of final programs, trace minus last",
                "above",
            ),
        ),
    ),
    Claim(
        "C4",
        "From the beginning of a trace, the model's states tell what the student does next.",
        (
            Evidence(
                _PROBES, "prefix_probe.difference.*", "probe of the prefix minus shuffled control", "above"
            ),
        ),
    ),
    Claim(
        "C5",
        "The student's vector alone tells how that student works.",
        (
            Evidence(
                _PROBES, "student_probe.difference.*", "probe of the vector minus shuffled control", "above"
            ),
        ),
    ),
    Claim(
        "C6",
        "Fitting the vector alone on a few traces picks up a new student; unseen students stay harder.",
        (
            Evidence(_NEW, "adaptation.gain.k{largest}", "bits a trace saved by fitting the vector", "above"),
            Evidence(_NEW, "adaptation.gap", "bits a trace, unseen minus seen students", "reported"),
        ),
    ),
    Claim(
        "C7",
        "The model trained on traces repairs failing programs more often than the other two.",
        (
            Evidence(
                _STEERING,
                "recovery.trace",
                "share of failing prefixes that end in a running program",
                "reported",
            ),
            Evidence(
                _STEERING, "recovery.difference.trace-synthetic", "that share, trace minus synthetic", "above"
            ),
            Evidence(_STEERING, "recovery.difference.trace-last", "that share, trace minus last", "above"),
        ),
    ),
    Claim(
        "C8",
        "A strong student's vector leads to programs that run and stay close to the student's style.",
        (
            Evidence(
                _STEERING, "steering.runs.strong-own", "share that runs, strong vector minus own", "above"
            ),
            Evidence(
                _STEERING,
                "steering.style.strong-own",
                "closeness to the own style, strong vector minus own",
                "above",
                -STYLE_TOLERANCE,
            ),
        ),
    ),
)


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
        "cannot be tested on this data" where a piece of evidence is missing, has no interval or rests on
        fewer than `FEWEST` units, unless another piece already fails; "not supported" where an interval does
        not lie wholly on the side that the claim says; "supported" otherwise.
    """
    findings = tuple(finding for evidence in claim.evidence for finding in _findings(evidence, results))
    failing = [finding for finding in findings if finding.holds is False]
    unknown = [finding for finding in findings if finding.holds is None]
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


def verdict_table(verdicts: list[Verdict]) -> pd.DataFrame:
    """One row a claim, in words: claim, what it says, verdict, why."""
    rows = [(verdict.claim.id, verdict.claim.text, verdict.verdict, verdict.reason) for verdict in verdicts]
    return pd.DataFrame(rows, columns=["claim", "what the paper says", "verdict", "why"])


def evidence_table(verdicts: list[Verdict]) -> pd.DataFrame:
    """One row a measure: `claim`, `words`, `bound`, and the fields of a finding."""
    rows = [
        {"claim": verdict.claim.id, "words": finding.evidence.words, "bound": finding.evidence.bound}
        | {name: getattr(finding, name) for name in _FINDING_COLUMNS}
        for verdict in verdicts
        for finding in verdict.findings
    ]
    return pd.DataFrame(rows, columns=["claim", "words", "bound", *_FINDING_COLUMNS])


_FINDING_COLUMNS = ("measure", "value", "low", "high", "n", "unit", "holds", "why")


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
    holds, why = _judge_interval(evidence, value, low, high, n)
    words = evidence.words
    if "*" in evidence.measure:
        words = f"{words}, {name.rsplit('.', 1)[-1].replace('_', ' ')}"
    return Finding(evidence, name, value, low, high, n, unit, holds, f"{words}: {why}")


def _judge_interval(
    evidence: Evidence, value: float | None, low: float | None, high: float | None, n: int | None
) -> tuple[bool | None, str]:
    if value is None:
        return None, "could not be measured on this data"
    if evidence.side == "reported":
        return True, _signed(value)
    if low is None or high is None:
        return None, f"{_signed(value)}, without an interval"
    measured = f"{_signed(value)} ({_signed(low)} to {_signed(high)})"
    if n is not None and n < FEWEST:
        return None, f"{measured}, from too few to judge ({n})"
    if evidence.side == "above":
        right, wrong = low > evidence.bound, high < evidence.bound
    else:
        right, wrong = high < evidence.bound, low > evidence.bound
    if right:
        return True, measured
    return False, f"{measured}, " + (
        "on the other side" if wrong else f"the interval includes {_signed(evidence.bound)}"
    )


def _missing(evidence: Evidence, why: str) -> Finding:
    return Finding(evidence, evidence.measure, None, None, None, None, None, None, why)


def _joined(findings: list[Finding]) -> str:
    text = "; ".join(dict.fromkeys(finding.why for finding in findings))
    return text[:1].upper() + text[1:] + "."


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}") if value else "0"


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
