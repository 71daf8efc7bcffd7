"""The paper's claims as a registry, and the verdict that measured intervals give on each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import yaml

from pcutils.analysis.statistics import CONFIDENCE
from pcutils.errors import DataError, RunError

__all__ = [
    "CLAIMS",
    "CONFIDENCE",
    "FEWEST",
    "VERDICTS",
    "Claim",
    "Evidence",
    "evidence_table",
    "read_results",
    "verdict_of",
    "verdict_table",
]

SUPPORTED, CONTRADICTED, NEGLIGIBLE = "supported", "contradicted", "negligible"
UNDECIDED, NOT_TESTABLE = "undecided", "not testable"
VERDICTS = (SUPPORTED, CONTRADICTED, NEGLIGIBLE, UNDECIDED, NOT_TESTABLE)
#: A measure that rests on fewer units decides nothing.
FEWEST = {"students": 10, "titles": 5}

Measures = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Evidence:
    """One measure of a chapter's results and the rule that turns its interval into a verdict.

    Parameters
    ----------
    chapter, measure : str
        Where it is found. In the name, ``*`` matches one part, ``{largest}`` the largest whole number.
    label : str
        The measure in words.
    side : {"above", "below"}, optional
        On which side of `bound` the whole interval has to lie; None for a measure that decides nothing.
    bound : float
        The line.
    negligible : float, optional
        An interval that lies wholly within this distance of `bound` is negligible.
    units : {"students", "titles"}
        What the measure's `n` counts.
    """

    chapter: str
    measure: str
    label: str
    side: Literal["above", "below"] | None = None
    bound: float = 0.0
    negligible: float | None = None
    units: Literal["students", "titles"] = "students"

    @property
    def rule(self) -> str:
        """The rule in words, such as "above 0"."""
        if self.side is None:
            return "decides nothing"
        size = f", negligible within {self.negligible:g}" if self.negligible is not None else ""
        return f"{self.side} {self.bound:g}{size}".replace("-", "\N{MINUS SIGN}")

    def decide(self, low: float | None, high: float | None, n: int | None) -> str:
        """Verdict on this measure from the ends of its interval and its number of units.

        Examples
        --------
        >>> rule = Evidence("03", "self_bleu", "Self-BLEU", side="below", negligible=0.01)
        >>> rule.decide(-0.3, -0.1, 40), rule.decide(-0.2, 0.1, 40), rule.decide(-0.01, 0.005, 40)
        ('supported', 'undecided', 'negligible')
        >>> rule.decide(0.1, 0.3, 40), rule.decide(-0.3, -0.1, 4)
        ('contradicted', 'not testable')
        """
        if low is None or high is None or math.isnan(low + high):
            return NOT_TESTABLE
        if n is not None and n < FEWEST[self.units]:
            return NOT_TESTABLE
        sign = -1 if self.side == "below" else 1
        near, far = sorted((sign * (low - self.bound), sign * (high - self.bound)))
        if self.negligible is not None and max(abs(near), abs(far)) <= self.negligible:
            return NEGLIGIBLE
        return SUPPORTED if near > 0 else CONTRADICTED if far < 0 else UNDECIDED

    def matches(self, results: Mapping[str, Measures]) -> list[str]:
        """Names of the measures in these results that the pattern stands for."""
        names = results.get(self.chapter, {})
        rule = re.escape(self.measure).replace(r"\{largest\}", r"(\d+)").replace(r"\*", r"[^.]+")
        found = sorted(name for name in names if re.fullmatch(rule, name))
        if "{largest}" in self.measure and found:
            return [max(found, key=lambda name: int(re.sub(r"\D", "", name)))]
        return found


@dataclass(frozen=True)
class Claim:
    """A claim of the paper in our words, the evidence that decides it, and what to read it with."""

    id: str
    says: str
    evidence: tuple[Evidence, ...]
    context: tuple[Evidence, ...] = ()
    caveat: str = ""


def read_claims(path: Path) -> dict[str, Claim]:
    """Read a file of claims."""
    found = {}
    for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        evidence, context = (
            tuple(Evidence(**item) for item in entry.pop(key, ())) for key in ("evidence", "context")
        )
        found[name] = Claim(name, entry.pop("says"), evidence, context, **entry)
    return found


#: The registry, ``claims.yaml``: claims by their id, in the paper's order.
CLAIMS = read_claims(Path(__file__).with_suffix(".yaml"))


def evidence_table(results: Mapping[str, Measures], *ids: str) -> pd.DataFrame:
    """List the measures that claims rest on, with what each of them says.

    Parameters
    ----------
    results : mapping of chapter to its measures
        As saved under "measures" in a chapter's results; one chapter is enough where claims rest on it alone.
    *ids : str
        Such as "C1"; all claims without.

    Returns
    -------
    pandas.DataFrame
        One row a measure: `claim`, `measure`, `label`, `value`, `low`, `high`, `n`, `unit`, `units`, `rule`,
        `bound`, `side` and `verdict` (empty where the measure decides nothing).
    """
    rows = [
        row
        for claim in _chosen(ids)
        for evidence in (*claim.evidence, *claim.context)
        for row in _rows(claim, evidence, results)
    ]
    table = pd.DataFrame(rows)
    return table.astype(dict.fromkeys(("value", "low", "high"), float) | {"n": "Int64"})


def verdict_table(results: Mapping[str, Measures], *ids: str) -> pd.DataFrame:
    """Judge claims by what a run measured; arguments as for :func:`evidence_table`.

    Returns
    -------
    pandas.DataFrame
        One row a claim: `claim`, `says`, `verdict`, `agree` (how many of the deciding measures support it, of
        how many), `caveat`.

    Notes
    -----
    All evidence of a claim has to hold. A pattern that matches several measures counts as one piece:
    supported or contradicted where all of them are, not testable where none can decide, else undecided.
    """
    table = evidence_table(results, *ids)
    rows = []
    for claim in _chosen(ids):
        mine = table[(table["claim"] == claim.id) & (table["verdict"] != "")]
        pieces = [_of_pattern(part) for _, part in mine.groupby("pattern", sort=False)["verdict"]]
        decided = mine["verdict"][mine["verdict"] != NOT_TESTABLE]
        agree = f"{sum(decided == SUPPORTED)} of {len(decided)}"
        rows.append((claim.id, claim.says, verdict_of(pieces), agree, claim.caveat))
    return pd.DataFrame(rows, columns=["claim", "says", "verdict", "agree", "caveat"])


def verdict_of(pieces: Iterable[str]) -> str:
    """Verdict on a claim from the verdicts on its pieces of evidence, all of which have to hold.

    Examples
    --------
    >>> verdict_of(["supported", "undecided"]), verdict_of(["undecided", "contradicted"])
    ('undecided', 'contradicted')
    """
    found = set(pieces)
    order = (CONTRADICTED, NOT_TESTABLE, UNDECIDED, NEGLIGIBLE, SUPPORTED)
    return next((word for word in order if word in found), NOT_TESTABLE)


def read_results(run: Any) -> dict[str, Measures]:
    """Measures of every chapter that claims rest on and that the run has finished."""
    found = {}
    for chapter in dict.fromkeys(item.chapter for claim in CLAIMS.values() for item in claim.evidence):
        try:
            found[chapter] = run.results(chapter)["measures"]
        except RunError:
            continue
    return found


def _chosen(ids: tuple[str, ...]) -> list[Claim]:
    if unknown := [name for name in ids if name not in CLAIMS]:
        raise DataError(f"claims {', '.join(unknown)}", f"some of {', '.join(CLAIMS)}")
    return [CLAIMS[name] for name in ids or CLAIMS]


def _rows(claim: Claim, evidence: Evidence, results: Mapping[str, Measures]) -> list[dict[str, Any]]:
    names = evidence.matches(results) or [evidence.measure]
    rows = []
    for name in names:
        measure = results.get(evidence.chapter, {}).get(name, {})
        found = {key: measure.get(key) for key in ("value", "low", "high", "n", "unit")}
        ends = found["low"], found["high"], found["n"]
        part = name.rsplit(".", 1)[-1] if "*" in evidence.measure and name != evidence.measure else ""
        label = f"{evidence.label}: {part}" if part else evidence.label
        rows.append(
            {"claim": claim.id, "pattern": evidence.measure, "measure": name, "label": label}
            | found
            | {"units": evidence.units, "rule": evidence.rule, "bound": evidence.bound, "side": evidence.side}
            | {"verdict": evidence.decide(*ends) if evidence.side else ""}
        )
    return rows


def _of_pattern(words: pd.Series) -> str:
    decided = set(words) - {NOT_TESTABLE}
    return decided.pop() if len(decided) == 1 else UNDECIDED if decided else NOT_TESTABLE
