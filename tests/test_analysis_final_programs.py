"""Variety, closeness and running of final programs, and what the chapter leaves behind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from pcutils.analysis import final_programs as finals
from pcutils.analysis.recording import contrasts, record_runs, record_scores, record_titles
from pcutils.analysis.scorecard import beside_paper, origins
from pcutils.errors import RunError
from pcutils.metrics import sample_bleu, self_bleu


class Results:
    """Keeps what is added, and refuses a name that stands twice, like a results file."""

    def __init__(self) -> None:
        self.measures: dict[str, dict[str, Any]] = {}

    def add(self, name: str, value: float, **rest: Any) -> None:
        assert name not in self.measures
        self.measures[name] = {"value": value, **rest}


def programs(title: str, texts: list[str], students: list[str] | None = None) -> pd.DataFrame:
    owners = students or [f"s{place}" for place in range(len(texts))]
    return pd.DataFrame({"username": owners, "title": title, "program": texts})


ALIKE = ["fd 50\nrt 90\nfd 50\nrt 90"] * 6
VARIED = [f"pen c{place}\nfd {place}\nlt {place}7\ndot d{place}" for place in range(6)]


def test_final_programs_leave_out_failures_and_on_request_cut_traces() -> None:
    traces = pd.DataFrame(
        {"title": "t", "programs": [["a", "b"], None, [], ["c"]], "is_complete": [True, None, True, False]}
    )
    assert finals.final_programs(traces)["program"].tolist() == ["b", "c"]
    assert finals.final_programs(traces, complete_only=True)["program"].tolist() == ["b"]
    assert finals.final_programs(traces.iloc[1:2]).empty


def test_self_bleu_compares_the_same_number_of_programs() -> None:
    many = {"trace": programs("t", VARIED), "last": programs("t", ALIKE[:4])}
    table = finals.self_bleu_by_title(many)
    assert table[["title", "n"]].values.tolist() == [["t", 4]]
    assert table["last"].item() == pytest.approx(self_bleu(ALIKE[:4]))
    assert table["trace"].item() < table["last"].item()
    assert finals.self_bleu_by_title(many, fewest=5).empty


def test_corrected_self_bleu_leaves_out_what_one_student_wrote() -> None:
    one = {"trace": programs("t", ALIKE[:4], ["a"] * 4)}
    assert finals.self_bleu_by_title(one, corrected=True).empty
    two = {"trace": programs("t", [ALIKE[0], ALIKE[0], VARIED[0], VARIED[0]], ["a", "a", "b", "b"])}
    assert finals.self_bleu_by_title(two, corrected=True)["trace"].item() < 0.2
    assert finals.self_bleu_by_title(two)["trace"].item() > 0.9


def test_closeness_averages_samples_of_the_very_student_and_knows_classmates() -> None:
    own = programs("t", ["fd 50\nrt 90", "dot red"], ["a", "b"])
    samples = programs("t", ["fd 50\nrt 90", "fd 50\nrt 45", "pen blue"], ["a", "a", "c"])
    others = programs("t", ["dot red", "fd 50\nrt 90"], ["d", "a"])
    table = finals.closeness({"trace": samples}, own, others)
    assert table["username"].tolist() == ["a"]
    assert table["trace"].item() == pytest.approx((1 + sample_bleu("fd 50\nrt 45", "fd 50\nrt 90")) / 2)
    assert table[finals.CLASSMATE].item() == pytest.approx(sample_bleu("dot red", "fd 50\nrt 90"))


def test_reference_bleu_needs_samples_of_every_variant() -> None:
    own = pd.concat([programs("t", ALIKE[:2]), programs("u", ALIKE[:2])])
    both = pd.concat([programs("t", ALIKE[:1]), programs("u", VARIED[:1])])
    table = finals.reference_bleu_by_title({"trace": both, "last": programs("t", VARIED[:1])}, own)
    assert table["title"].tolist() == ["t"]
    assert table["trace"].item() == 1.0
    assert table["last"].item() < 0.5


def test_differences_are_over_students_where_there_are_students_and_titles_elsewhere() -> None:
    frame = pd.DataFrame(
        {"username": ["a", "a", "b"], "title": list("xyz"), "trace": [3.0, 2, 1], "last": [1.0, 1, 1]}
    )
    assert finals.difference_of(frame, "trace", "last").n == 2
    assert finals.difference_of(frame.drop(columns="username"), "trace", "last").n == 3
    assert finals.mean_of(frame.iloc[:0], "trace").reason == "no data"


def test_run_shares_count_complete_traces_of_the_sampled_pairs() -> None:
    split = "seen_student_seen_title"
    rows = [("a", "t", split, True, True), ("a", "u", split, True, False), ("b", "t", split, False, True)]
    measures = pd.DataFrame(rows, columns=["username", "title", "split", "is_complete", "final_runs"])
    sampled = {"trace": measures.iloc[[0, 0, 2]], "last": pd.DataFrame()}
    shares = finals.run_shares(measures, sampled, resamples=20).set_index(["model", "split"])["value"]
    assert shares[finals.STUDENTS, "all"] == 1.0
    assert shares["trace", split] == 1.0
    assert shares[["last"]].isna().all()


def test_sample_counts_tell_readable_from_complete() -> None:
    frame = pd.DataFrame({"programs": [["a"], ["b"], None, None], "is_complete": [True, False, None, None]})
    counts = finals.sample_counts({"trace": frame}).iloc[0]
    assert (counts["samples"], counts["readable"].value, counts["complete"].value) == (4, 0.5, 0.25)


def test_names_of_measures_are_those_that_claims_read() -> None:
    results = Results()
    frame = pd.DataFrame(
        {"title": list("xyz"), "n": 4, "trace": [1.0, 2, 3], "last": 1.0, "trace_downsampled": 0.0}
    )
    models = ["trace", "last", "trace_downsampled"]
    record_scores(results, "self_bleu", frame, models, resamples=50, seed=0)
    record_titles(results, "self_bleu", frame, models)
    record_runs(
        results, pd.DataFrame([{"split": "all", "model": "trace", "value": 1.0, "low": 0, "high": 1, "n": 3}])
    )
    assert results.measures["self_bleu.difference.trace-last"]["value"] == 1.0
    assert results.measures["self_bleu.y.trace"] == {
        "value": 2.0,
        "low": None,
        "high": None,
        "n": 4,
        "unit": "BLEU",
    }
    assert results.measures["runs.trace"]["n"] == 3
    assert contrasts(["last"]) == []


def test_the_paper_stands_beside_what_was_measured() -> None:
    results = {"06_steering": {"recovery.trace": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9}}}
    table = beside_paper(results).set_index("measure of this run")
    assert table.loc["recovery.trace", "the paper"] == 0.6
    assert table.loc["recovery.trace", "this run"].high == 0.6
    assert not table.loc["self_bleu.mean.trace", "this run"].is_defined
    own = {"03_behavioral_evaluation": {"self_bleu.lighthouse.last": {"value": 0.9, "n": 4}}}
    assert "self_bleu.lighthouse.last" in set(beside_paper(own)["measure of this run"])


def test_origins_name_commit_and_missing_chapters() -> None:
    def result(chapter: str) -> dict[str, Any]:
        if chapter != "06_steering":
            raise RunError("no results")
        return {
            "measures": {"a": {}},
            "provenance": {"commit": "0123456789abc", "changed_files": True, "started": "x"},
        }

    table = origins(SimpleNamespace(result=result)).set_index("chapter")
    assert table.loc["06_steering"].tolist() == ["1 measures", "0123456789 with changes", "unknown", "x"]
    assert table.loc["05_new_students", "contains"] == "no results in this run"
