from pathlib import Path
from typing import Any

import pytest

from pcutils.analysis.claims import (
    CLAIMS,
    VERDICTS,
    evidence_table,
    read_claims,
    read_results,
    verdict_of,
    verdict_table,
)
from pcutils.analysis.paper import FACTS, paper_fact
from pcutils.errors import DataError, RunError


def measure(value: Any, low: Any = None, high: Any = None, n: int | None = 20) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "n": n, "unit": "x"}


UP, DOWN, BOTH = measure(0.2, 0.1, 0.3), measure(-0.2, -0.3, -0.1), measure(0.1, -0.1, 0.3)
UNUSABLE = [None, measure(None), measure(0.2), measure(0.2, 0.1, 0.3, n=4)]

#: One line a claim: a measure that decides it, as the chapter saves it.
DECIDING = {
    "C1": ("03_behavioral_evaluation", "self_bleu.difference.trace-last"),
    "C2": ("03_behavioral_evaluation", "behaviour.difference.trace-synthetic"),
    "C3": ("03_behavioral_evaluation", "final_program.difference.trace-last"),
    "C4": ("04_embedding_probes", "prefix_probe.difference.time_remaining"),
    "C5": ("04_embedding_probes", "student_probe.difference.num_comments_last"),
    "C6a": ("05_new_students", "adaptation.gain.k10"),
    "C6b": ("05_new_students", "adaptation.gap"),
    "C7": ("06_steering", "recovery.difference.trace-last"),
    "C8": ("06_steering", "steering.style.strong-own"),
}
OTHERS = (
    ("03_behavioral_evaluation", "self_bleu.difference.trace-synthetic", DOWN),
    ("03_behavioral_evaluation", "behaviour.difference.trace-last", UP),
    ("04_embedding_probes", "prefix_probe.difference.attempts_remaining", UP),
    ("05_new_students", "adaptation.gain.k2", BOTH),
    ("06_steering", "recovery.difference.trace-synthetic", UP),
    ("06_steering", "steering.runs.strong-own", UP),
)


def results(**changes: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Every claim supported, but the deciding measures of the claims named in `changes`."""
    found: dict[str, dict[str, Any]] = {}
    for chapter, name, value in OTHERS:
        found.setdefault(chapter, {})[name] = value
    for claim, (chapter, name) in DECIDING.items():
        value = changes.get(claim, DOWN if claim == "C1" else UP)
        found.setdefault(chapter, {})
        if value is not None:
            found[chapter][name] = value
    return found


def verdict(claim: str, measured: dict[str, dict[str, Any]]) -> str:
    return str(verdict_table(measured, claim)["verdict"].item())


def test_every_claim_has_a_line_in_this_test_and_a_rule() -> None:
    assert list(CLAIMS) == list(DECIDING)
    for claim in CLAIMS.values():
        assert claim.evidence
        assert all(item.side in ("above", "below") for item in claim.evidence)
        assert all(item.side is None for item in claim.context)


@pytest.mark.parametrize("claim", DECIDING)
def test_verdicts_on_the_claimed_side_across_and_on_the_other_side(claim: str) -> None:
    bound = CLAIMS[claim].evidence[-1].bound
    opposite = UP if claim == "C1" else measure(bound - 0.2, bound - 0.3, bound - 0.1)
    across = measure(bound, bound - 0.1, bound + 0.1)
    alone = claim not in ("C4",)  # a pattern with several measures is contradicted where all of them are
    assert verdict(claim, results()) == "supported"
    assert verdict(claim, results(**{claim: across})) == "undecided"
    assert verdict(claim, results(**{claim: opposite})) == ("contradicted" if alone else "undecided")


@pytest.mark.parametrize("claim", [name for name in DECIDING if name not in ("C4", "C6a")])
@pytest.mark.parametrize("unusable", UNUSABLE)
def test_no_measure_no_interval_or_too_few_units_is_not_testable(claim: str, unusable: Any) -> None:
    assert verdict(claim, results(**{claim: unusable})) == "not testable"


def test_titles_need_fewer_units_than_students_and_style_may_lose_the_tolerance() -> None:
    assert verdict("C1", results(C1=measure(-0.2, -0.3, -0.1, n=8))) == "supported"
    assert verdict("C3", results(C3=measure(0.2, 0.1, 0.3, n=8))) == "not testable"
    assert verdict("C8", results(C8=measure(-0.02, -0.049, 0.0))) == "supported"
    assert verdict("C8", results(C8=measure(-0.02, -0.051, 0.0))) == "undecided"


def test_a_measure_on_the_other_side_contradicts_whatever_the_others_say() -> None:
    assert verdict_of(["supported", "not testable", "contradicted"]) == "contradicted"
    assert verdict_of(["undecided", "not testable"]) == "not testable"
    assert verdict_of(["supported", "negligible"]) == "negligible"
    assert verdict_of([]) == "not testable"
    assert all(verdict_of([word, word]) == word for word in VERDICTS)


def test_missing_chapters_leave_their_claims_not_testable() -> None:
    table = verdict_table({}).set_index("claim")
    assert set(table["verdict"]) == {"not testable"}
    assert table.loc["C7", "agree"] == "0 of 0"


def test_the_largest_number_in_a_name_counts() -> None:
    found = evidence_table(results(), "C6a")
    assert found["measure"].tolist() == ["adaptation.gain.k10", "adaptation.own_over_other"]


def test_patterns_match_one_part_and_ignore_what_could_not_be_measured() -> None:
    measured = results()
    measured["04_embedding_probes"] |= {
        "prefix_probe.difference.time_remaining.mlp": DOWN,
        "prefix_probe.difference.next_fails": measure(None),
    }
    row = verdict_table(measured, "C4").iloc[0]
    assert (row["verdict"], row["agree"]) == ("supported", "2 of 2")
    below = {f"prefix_probe.difference.{name}": DOWN for name in "ab"}
    assert verdict("C4", {"04_embedding_probes": below}) == "contradicted"


def test_context_is_shown_and_decides_nothing() -> None:
    measured = results()
    measured["06_steering"]["recovery.trace"] = DOWN
    found = evidence_table(measured, "C7").set_index("measure")
    assert found.loc["recovery.trace", ["rule", "verdict", "value"]].tolist() == ["decides nothing", "", -0.2]
    assert verdict("C7", measured) == "supported"


def test_evidence_names_value_interval_and_rule() -> None:
    row = evidence_table(results(), "C8").iloc[1]
    assert row["label"].startswith("closeness to the student's final program (")
    assert row["rule"] == "above −0.05"
    assert row[["value", "low", "high", "n"]].tolist() == [0.2, 0.1, 0.3, 20]


def test_unknown_claims_are_refused_and_chapters_without_results_are_left_out() -> None:
    with pytest.raises(DataError, match="C9"):
        verdict_table({}, "C9")

    class Run:
        def results(self, chapter: str) -> dict[str, Any]:
            if chapter == "06_steering":
                raise RunError("not there")
            return {"measures": results()[chapter]}

    assert set(read_results(Run())) == set(results()) - {"06_steering"}


def test_facts_of_the_paper_have_a_source() -> None:
    assert all(fact.says and fact.source for fact in FACTS.values())
    assert paper_fact("recovery") == 0.6
    with pytest.raises(DataError, match="no fact 'moons'"):
        paper_fact("moons")


def test_the_recipe_of_the_how_to_adds_a_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    how_to = (Path(__file__).parents[1] / "book" / "how-to.md").read_text(encoding="utf-8")
    recipe = how_to.partition("### Add a claim")[2].partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "claims.yaml").write_text(recipe, encoding="utf-8")
    [added] = read_claims(tmp_path / "claims.yaml").values()
    monkeypatch.setitem(CLAIMS, added.id, added)
    [rule] = added.evidence
    assert verdict(added.id, {rule.chapter: {rule.measure: UP}}) == "supported"
    assert verdict_table({})["claim"].tolist() == [*DECIDING, added.id]
