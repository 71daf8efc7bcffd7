import difflib
import gzip
import json
import math
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.errors import DataError, TraceError
from pcutils.metrics import (
    backtracking_ratio,
    corrected_self_bleu,
    reference_bleu,
    sample_bleu,
    self_bleu,
    trace_metrics,
)
from pcutils.trace import Trace, format_trace, parse_trace

SAMPLE = json.loads((Path(__file__).parent / "data" / "recorded_traces.json").read_text(encoding="utf-8"))
NAMES = [case["name"] for case in SAMPLE["traces"]]
START = datetime(2021, 3, 4, 10, 0, 0)


@pytest.fixture
def no_difflib(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the interpreter's difflib was called")

    monkeypatch.setattr(difflib, "Differ", refuse)
    monkeypatch.setattr(difflib, "SequenceMatcher", refuse)


@pytest.mark.parametrize("case", SAMPLE["traces"], ids=NAMES)
@pytest.mark.usefixtures("no_difflib")
def test_trace_has_the_recorded_measures(case: dict) -> None:
    trace = parse_trace(case["text"])
    measures = trace_metrics(trace)
    assert list(measures) == SAMPLE["measures"]
    assert measures == dict(zip(SAMPLE["measures"], case["values"], strict=True))
    assert trace_metrics(parse_trace(format_trace(trace))) == measures


def test_final_programs_have_the_recorded_bleu() -> None:
    finals = [parse_trace(case["text"]).programs[-1] for case in SAMPLE["traces"]]
    half = len(finals) // 2
    assert self_bleu(finals) == SAMPLE["final_programs"]["self_bleu"]
    assert reference_bleu(finals[:half], finals[half:]) == SAMPLE["final_programs"]["reference_bleu"]


def test_the_last_distance_is_compared_with_nothing_but_counts() -> None:
    assert [backtracking_ratio(distances) for distances in ([], [7], [3, 3, 1])] == [0, 0, 0]
    assert backtracking_ratio([1, 2, 3]) == 2 / 3


def test_unknown_times_stop_or_become_nan_and_a_blank_last_state_is_left_out() -> None:
    measures = trace_metrics(Trace.from_states(["fd 5", "fd 6", " "], [START] * 3))
    assert (measures["trace_length_all"], measures["program_number_last"]) == (2, 2)
    trace = Trace.from_states(["fd 5", "fd 6"], [None, START])
    with pytest.raises(TraceError, match="row 0, field 'timestamps'"):
        trace_metrics(trace)
    measures = trace_metrics(trace, unknown_time_is_nan=True)
    assert measures["trace_year_last"] == 2021
    assert math.isnan(measures["total_time_all"])
    assert math.isnan(measures["mean_time_diff_all"])


@pytest.mark.parametrize("programs", [[" \n"], ["fd 5", "", "\n"]])
def test_a_trace_without_a_last_state_is_refused(programs: list[str]) -> None:
    with pytest.raises(TraceError, match="without text in the last one"):
        trace_metrics(Trace.from_states(programs, [START] * len(programs)))


TRACES_PER_FILE = 3
FILES_OF_COLLECTIONS = 8
Reader = Callable[[str, str], list[Trace]]


@pytest.fixture(scope="module")
def rollouts(shared_dir: Path) -> Reader:
    folder = shared_dir / "rollouts"
    if not folder.is_dir():
        pytest.skip(f"no {folder}: put the public rollouts there to run this test")

    @cache
    def read(model: str, title: str) -> list[Trace]:
        rows = json.loads(gzip.decompress((folder / f"{model}_{title}.json.gz").read_bytes()))
        return [parse_trace(raw_text, username=username) for raw_text, username, _ in rows]

    return read


def test_trace_metrics_equal_the_release(shared_dir: Path, rollouts: Reader) -> None:
    table = pd.read_parquet(shared_dir / "golden" / "trace_metrics.parquet")
    names = [name for name in table.columns if name.endswith(("_last", "_all"))]
    assert len(names) == 44
    longest = table.sort_values("trace_length_all", ascending=False).groupby(["model", "title"]).head(1)
    some = table.sample(frac=1, random_state=0).groupby(["model", "title"]).head(TRACES_PER_FILE - 1)
    chosen = pd.concat([longest, some]).query("not degenerate")
    assert len(chosen) > 300
    for row in chosen.to_dict("records"):
        trace = rollouts(row["model"], row["title"])[row["index"]]
        place = f"{row['model']}_{row['title']} {row['index']}"
        assert (trace.username, len(trace.programs)) == (row["username"], row["num_matched"]), place
        measures = trace_metrics(trace)
        assert {name: measures[name] for name in names} == {name: row[name] for name in names}, place


def test_self_bleu_equals_the_release(shared_dir: Path, rollouts: Reader) -> None:
    table = pd.read_csv(shared_dir / "golden" / "collection_metrics.csv").query("kind == 'self'")
    for row in table.sample(FILES_OF_COLLECTIONS, random_state=0).to_dict("records"):
        finals = [trace.programs[-1] for trace in rollouts(row["model"], row["title"]) if trace.programs]
        assert self_bleu(finals) == row["self_bleu_nondeg"], row["title"]


def test_reference_bleu_equals_the_release(shared_dir: Path, rollouts: Reader) -> None:
    table = pd.read_csv(shared_dir / "golden" / "collection_metrics.csv").query("kind != 'self'")
    for row in table.sample(FILES_OF_COLLECTIONS, random_state=0).to_dict("records"):
        finals, references = (
            [trace.programs[-1] for trace in rollouts(model, row["title"])[:50] if trace.programs]
            for model in (row["model"], row["ref_model"])
        )
        assert reference_bleu(finals, references) == row["reference_bleu_nondeg"], row["title"]


programs = st.lists(st.sampled_from(["fd", "50", "rt", "90", "pen", "red"]), max_size=7).map(" ".join)
TINY = sys.float_info.min


def grams(words: list[str], n: int) -> Counter:
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def plain_bleu(samples: list[str], references: list[list[str]]) -> float:
    """Corpus BLEU over each sample's own references, word for word as it is defined."""
    words = [sample.split() for sample in samples]
    others = [[reference.split() for reference in own] for own in references]
    logarithms = []
    for n in range(1, 5):
        matches = total = 0
        for sample, own in zip(words, others, strict=True):
            counts = grams(sample, n)
            matches += sum(min(c, max(grams(other, n)[g] for other in own)) for g, c in counts.items())
            total += max(1, sum(counts.values()))
        if n == 1 and not matches:
            return 0.0
        logarithms.append(math.log(matches / total if matches else TINY))
    length = sum(map(len, words))
    closest = sum(
        min((abs(len(other) - len(sample)), len(other)) for other in own)[1]
        for sample, own in zip(words, others, strict=True)
    )
    brevity = 1.0 if length > closest else math.exp(1 - closest / length)
    return brevity * sum(math.exp(sum(logarithms[:n]) / n) for n in range(1, 5)) / 4


@settings(max_examples=150)
@given(st.lists(programs, min_size=2, max_size=7))
def test_self_bleu_is_bleu_against_all_others(samples: list[str]) -> None:
    references = [samples[:i] + samples[i + 1 :] for i in range(len(samples))]
    assert self_bleu(samples) == pytest.approx(plain_bleu(samples, references), rel=1e-12)


@settings(max_examples=150)
@given(st.lists(programs, min_size=1, max_size=5), st.lists(programs, min_size=1, max_size=5))
def test_reference_bleu_has_the_same_references_for_all(samples: list[str], references: list[str]) -> None:
    expected = plain_bleu(samples, [references] * len(samples))
    assert reference_bleu(samples, references) == pytest.approx(expected, rel=1e-12)


def test_corrected_self_bleu_counts_the_n_grams_that_are_there() -> None:
    short = ["fd 50"] * 4
    assert self_bleu(short) < 0.6
    assert corrected_self_bleu(short) == 1.0
    long = ["pen red fd 50 rt 90", "pen red fd 60 rt 90 home", "pen blue fd 50 rt 90"]
    assert corrected_self_bleu(long) == self_bleu(long)


@settings(max_examples=80)
@given(st.lists(st.tuples(programs, st.sampled_from("abc")), min_size=2, max_size=8))
def test_groups_are_left_out_as_by_comparing_all_pairs(samples: list[tuple[str, str]]) -> None:
    texts, groups = map(list, zip(*samples, strict=True))
    if len(set(groups)) < 2:
        with pytest.raises(DataError, match="at least two distinct"):
            corrected_self_bleu(texts, groups)
        return
    texts = [text + " fd 50 rt 90" for text in texts]
    others = [[t for t, g in zip(texts, groups, strict=True) if g != own] for own in groups]
    assert corrected_self_bleu(texts, groups) == pytest.approx(plain_bleu(texts, others), rel=1e-12)


def test_sample_bleu_by_hand_and_too_few_programs_are_refused() -> None:
    with pytest.raises(DataError, match="1 programs, expected at least 2"):
        self_bleu(["fd 50"])
    with pytest.raises(DataError, match="0 references"):
        reference_bleu(["fd 50"], [])
    # tokens: fd 50 against fd 60; 1 of 2 words, then (0 + 1) / (1 + 1), then (0 + 1) / (0 + 1) twice
    assert sample_bleu("fd 50", "fd 60") == pytest.approx((0.5 * 0.5) ** 0.25)


@settings(max_examples=100)
@given(st.text(max_size=40), st.text(max_size=40))
def test_sample_bleu_is_a_share_and_one_for_equal_programs(program: str, reference: str) -> None:
    assert sample_bleu(program, program) == pytest.approx(1.0)
    assert 0 <= sample_bleu(program, reference) <= 1


def test_sample_bleu_sees_indents_and_punishes_short_answers() -> None:
    loop = "for [1..4]\n  fd 50\n  rt 90"
    assert sample_bleu(loop.replace("\n  rt", "\nrt"), loop) < 1
    assert sample_bleu("for [1..4]", loop) < sample_bleu("for [1..4]\n  fd 50", loop) < 1
    assert sample_bleu("", loop) == sample_bleu("dot", "home") == 0
