from __future__ import annotations

from typing import Any

import pytest

from pcutils.analysis.claims import (
    CANNOT,
    NOT_SUPPORTED,
    SUPPORTED,
    evidence_table,
    judge_all,
    judge_claims,
    read_measures,
    record_verdicts,
)
from pcutils.analysis.evidence import CLAIMS, STYLE_TOLERANCE
from pcutils.errors import DataError, RunError


def measure(
    value: float | None, low: float | None = None, high: float | None = None, n: int | None = 20
) -> dict:
    return {"value": value, "low": low, "high": high, "n": n, "unit": "x"}


UP, DOWN, BOTH = measure(0.2, 0.1, 0.3), measure(-0.2, -0.3, -0.1), measure(0.1, -0.1, 0.3)

GOOD: dict[str, dict[str, Any]] = {
    "03_behavioral_evaluation": {
        "self_bleu.difference.trace-synthetic": DOWN,
        "self_bleu.difference.trace-last": DOWN,
        "behaviour.difference.trace-synthetic": UP,
        "behaviour.difference.trace-last": UP,
        "final_program.difference.trace-last": UP,
    },
    "04_embedding_probes": {
        "prefix_probe.difference.attempts_left": UP,
        "prefix_probe.difference.time_left": UP,
        "student_probe.difference.comments": UP,
    },
    "05_new_students": {
        "adaptation.gain.k1": BOTH,
        "adaptation.gain.k2": BOTH,
        "adaptation.gain.k10": UP,
        "adaptation.gap": UP,
    },
    "06_steering": {
        "recovery.trace": measure(0.6),
        "recovery.difference.trace-synthetic": UP,
        "recovery.difference.trace-last": UP,
        "steering.runs.strong-own": UP,
        "steering.style.strong-own": measure(-0.01, -0.04, 0.02),
    },
}
OF_CLAIM = {
    "C1": ("03_behavioral_evaluation", "self_bleu.difference.trace-last", UP),
    "C2": ("03_behavioral_evaluation", "behaviour.difference.trace-synthetic", DOWN),
    "C3": ("03_behavioral_evaluation", "final_program.difference.trace-last", BOTH),
    "C4": ("04_embedding_probes", "prefix_probe.difference.time_left", BOTH),
    "C5": ("04_embedding_probes", "student_probe.difference.comments", DOWN),
    "C6": ("05_new_students", "adaptation.gain.k10", BOTH),
    "C7": ("06_steering", "recovery.difference.trace-last", BOTH),
    "C8": ("06_steering", "steering.style.strong-own", measure(-0.02, -2 * STYLE_TOLERANCE, 0.05)),
}


def changed(chapter: str, name: str, new: dict | None) -> dict[str, dict[str, Any]]:
    measures = {key: value for key, value in GOOD[chapter].items() if key != name}
    return GOOD | {chapter: measures | ({name: new} if new else {})}


@pytest.mark.parametrize("claim", [claim.id for claim in CLAIMS])
def test_supported_when_all_evidence_holds(claim: str) -> None:
    (verdict,) = judge_claims(GOOD, claim)
    assert verdict.verdict == SUPPORTED


@pytest.mark.parametrize("claim", OF_CLAIM)
def test_one_piece_on_the_wrong_side_or_across_zero_is_enough(claim: str) -> None:
    chapter, name, bad = OF_CLAIM[claim]
    (verdict,) = judge_claims(changed(chapter, name, bad), claim)
    assert verdict.verdict == NOT_SUPPORTED
    assert [finding.measure for finding in verdict.findings if finding.holds is False] == [name]


@pytest.mark.parametrize("claim", OF_CLAIM)
@pytest.mark.parametrize("unusable", [None, measure(None), measure(0.2), measure(0.2, 0.1, 0.3, n=4)])
def test_no_measure_no_interval_or_too_few_cannot_be_tested(claim: str, unusable: dict | None) -> None:
    chapter, _, _ = OF_CLAIM[claim]
    names = [name for name in GOOD[chapter] if not name.startswith(("recovery.trace", "adaptation.gap"))]
    results = GOOD | {chapter: dict.fromkeys(names, unusable) if unusable else {}}
    (verdict,) = judge_claims(results, claim)
    assert verdict.verdict == CANNOT
    assert len(verdict.reason) > 20


def test_a_missing_chapter_is_named() -> None:
    (verdict,) = judge_claims({}, "C7")
    assert verdict.verdict == CANNOT
    assert "06_steering" in verdict.reason


def test_the_largest_k_counts_as_a_number() -> None:
    (verdict,) = judge_claims(GOOD, "C6")
    assert [finding.measure for finding in verdict.findings] == ["adaptation.gain.k10", "adaptation.gap"]


def test_the_gap_has_to_be_reported_but_not_to_point_anywhere() -> None:
    (without,) = judge_claims(changed("05_new_students", "adaptation.gap", None), "C6")
    assert without.verdict == CANNOT


def test_a_target_that_cannot_be_measured_does_not_silence_the_others() -> None:
    results = changed("04_embedding_probes", "prefix_probe.difference.time_left", measure(None))
    (verdict,) = judge_claims(results, "C4")
    assert verdict.verdict == SUPPORTED
    assert len(verdict.findings) == 1


def test_the_pattern_does_not_reach_into_finer_measures() -> None:
    results = changed("04_embedding_probes", "prefix_probe.difference.time_left.mlp", DOWN)
    (verdict,) = judge_claims(results, "C4")
    assert verdict.verdict == SUPPORTED


def test_style_may_lose_the_tolerance_and_not_more() -> None:
    name = "steering.style.strong-own"
    inside = measure(-0.02, -STYLE_TOLERANCE + 0.001, 0.0)
    outside = measure(-0.02, -STYLE_TOLERANCE - 0.001, 0.0)
    (kept,) = judge_claims(changed("06_steering", name, inside), "C8")
    (lost,) = judge_claims(changed("06_steering", name, outside), "C8")
    assert (kept.verdict, lost.verdict) == (SUPPORTED, NOT_SUPPORTED)


def test_reasons_tell_no_effect_from_the_opposite() -> None:
    name = "final_program.difference.trace-last"
    (unclear,) = judge_claims(changed("03_behavioral_evaluation", name, BOTH), "C3")
    (opposite,) = judge_claims(changed("03_behavioral_evaluation", name, DOWN), "C3")
    assert "includes 0" in unclear.reason
    assert "other side" in opposite.reason


def test_the_evidence_has_a_row_for_every_measure() -> None:
    evidence = evidence_table(judge_all(GOOD))
    assert len(evidence) == 15
    assert evidence.loc[evidence["side"] != "reported", "holds"].all()


def test_reported_measures_decide_nothing_but_have_to_be_there() -> None:
    name = "recovery.trace"
    (crossing,) = judge_claims(changed("06_steering", name, BOTH), "C7")
    assert (crossing.verdict, crossing.decided) == (SUPPORTED, [True, True])
    assert "decides nothing" in crossing.reason
    (absent,) = judge_claims(changed("06_steering", name, measure(None)), "C7")
    assert absent.verdict == CANNOT


def test_what_several_measures_share_is_said_once() -> None:
    names = [name for name in GOOD["04_embedding_probes"] if name.startswith("student_probe.difference.")]
    more = dict.fromkeys([*names, "student_probe.difference.gap", "student_probe.difference.comments"], BOTH)
    (verdict,) = judge_claims(GOOD | {"04_embedding_probes": GOOD["04_embedding_probes"] | more}, "C5")
    assert verdict.reason.lower().count("probe of the vector") == 1
    assert "; gap: " in verdict.reason


def test_unknown_claim_is_an_error() -> None:
    with pytest.raises(DataError, match="C9"):
        judge_claims(GOOD, "C9")


def test_chapters_without_results_are_left_out() -> None:
    class Run:
        def result(self, chapter: str) -> dict[str, Any]:
            if chapter == "06_steering":
                raise RunError("not there")
            return {"measures": GOOD[chapter], "provenance": {}}

    found = read_measures(Run())
    assert set(found) == set(GOOD) - {"06_steering"}


def test_verdicts_are_kept_as_numbers() -> None:
    kept: dict[str, tuple[float | None, int]] = {}

    class Results:
        def add(self, name: str, value: float | None, *, n: int, unit: str) -> None:
            kept[name] = (value, n)

    results = changed("03_behavioral_evaluation", "final_program.difference.trace-last", BOTH)
    del results["06_steering"]
    record_verdicts(Results(), judge_all(results))
    assert kept["claim.C1"] == (1.0, 2)
    assert kept["claim.C3"] == (0.0, 1)
    assert kept["claim.C8"] == (None, 0)


def test_reasons_write_small_numbers_with_three_digits_and_no_minus_zero() -> None:
    tiny = measure(-0.0004, -0.05, 0.04)
    (verdict,) = judge_claims(
        changed("03_behavioral_evaluation", "final_program.difference.trace-last", tiny), "C3"
    )
    assert "0.000 (\N{MINUS SIGN}0.050 to 0.040)" in verdict.reason
    assert "\N{MINUS SIGN}0.000" not in verdict.reason
