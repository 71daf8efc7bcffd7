"""The paper's own numbers on its own rollouts: a few traces of every file, a few whole files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from pcutils.metrics import reference_bleu, self_bleu, self_jaccard, trace_metrics
from pcutils.trace import Trace, parse_trace

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


def test_likeness_of_samples_equals_the_release(shared_dir: Path, rollouts: Reader) -> None:
    table = pd.read_csv(shared_dir / "golden" / "collection_metrics.csv").query("kind == 'self'")
    for row in table.sample(FILES_OF_COLLECTIONS, random_state=0).to_dict("records"):
        finals = [trace.programs[-1] for trace in rollouts(row["model"], row["title"]) if trace.programs]
        assert self_bleu(finals) == row["self_bleu_nondeg"], row["title"]
        assert self_jaccard(finals) == row["self_jaccard_mean_nondeg"], row["title"]


def test_reference_bleu_equals_the_release(shared_dir: Path, rollouts: Reader) -> None:
    table = pd.read_csv(shared_dir / "golden" / "collection_metrics.csv").query("kind != 'self'")
    for row in table.sample(FILES_OF_COLLECTIONS, random_state=0).to_dict("records"):
        finals, references = (
            [trace.programs[-1] for trace in rollouts(model, row["title"])[:50] if trace.programs]
            for model in (row["model"], row["ref_model"])
        )
        assert reference_bleu(finals, references) == row["reference_bleu_nondeg"], row["title"]
