"""What a notebook sees of a run; a chapter's parameters, figures, tables and results."""

import json
import math
import re
from pathlib import Path
from typing import Any

import fake_clone
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from fake_clone import code, markdown, write_notebook

from pcutils.analysis.statistics import Estimate
from pcutils.data import EVALUATION_SPLITS
from pcutils.errors import ProfileError, RunError
from pcutils.runs import book, open_run
from pcutils.runs.notebooks import failure_message, read_notebook
from pcutils.runs.provenance import commit_of, inputs_digest
from pcutils.runs.run import Run
from pcutils.runs.stages import choose_pairs

PROFILE = """
description: For this test.
data: {source: simulated, students: 12}
chapters:
  06_steering: {samples: 4, temperature: 0.5}
"""
NAME, DEFAULTS = "06_steering", {"samples": 2, "temperature": 1.0, "seed": 0}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "profile.yaml").write_text(PROFILE, encoding="utf-8")
    return open_run(tmp_path)


def test_a_missing_or_damaged_file_says_what_writes_it(run: Run) -> None:
    for ask in (run.measures, run.traces, lambda: run.samples("trace"), lambda: run.results(NAME)):
        with pytest.raises(RunError, match=r"is not there: `pcutils run --name .*` writes it"):
            ask()
    run.files.at("measures").parent.mkdir()
    with pytest.raises(RunError, match="`pcutils run --profile class5` or `--name` makes it"):
        open_run(run.dir / "class5")
    run.files.at("measures").write_bytes(b"PAR1")
    with pytest.raises(RunError, match="damaged or half written; delete it"):
        run.measures()


def test_only_programs_of_simulated_students_may_be_shown(run: Run, tmp_path: Path) -> None:
    table = pd.DataFrame({"title": ["star", "house"], "students": [12, 3]})
    assert run.may_show_programs
    assert run.kind_of_students == "simulated students"
    assert len(run.suppress(table, "students")) == 2
    (tmp_path / "profile.yaml").write_text("description: real\ndata: {source: rollouts, path: somewhere}\n")
    other = open_run(tmp_path)
    assert not other.may_show_programs
    assert list(other.suppress(table, "students")["title"]) == ["star"]


def test_parameters_come_from_the_notebook_then_the_run_then_the_chapter(run: Run) -> None:
    chapter = run.chapter(NAME, {"samples": None, "temperature": 0.7}, **DEFAULTS)
    assert (chapter.samples, chapter.temperature, chapter.seed) == (4, 0.7, 0)
    with pytest.raises(AttributeError, match="no parameter 'sample'; the chapter has samples, temp"):
        _ = chapter.sample
    with pytest.raises(RunError, match="has no parameter samples"):
        run.chapter(NAME, {}, temperature=1.0)


def test_results_come_back_with_parameters_and_provenance(run: Run) -> None:
    chapter = run.chapter(NAME, {"samples": 4}, **DEFAULTS)
    chapter.record("repaired", Estimate(0.5, 0.25, 0.75, 10), unit="share")
    chapter.record("correlation", math.nan, unit="correlation", n=3)
    chapter.save()
    saved = run.results(NAME)
    repaired, correlation = saved["measures"]["repaired"], saved["measures"]["correlation"]
    assert list(repaired) == list(correlation) == ["value", "low", "high", "n", "unit"]
    assert [*repaired.values()] == [0.5, 0.25, 0.75, 10, "share"]
    assert [*correlation.values()] == [None, None, None, 3, "correlation"]
    assert saved["parameters"] == {"samples": 4, "temperature": 0.5, "seed": 0}
    assert saved["provenance"]["profile"]["data"]["students"] == 12
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", saved["provenance"]["started"])
    host = Path("/proc/sys/kernel/hostname")
    assert not host.is_file() or host.read_text().strip() not in json.dumps(saved["provenance"]["machine"])


def test_a_chapter_with_other_parameters_writes_nothing_into_the_run(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run.files.at("results", NAME)
    path.parent.mkdir()
    saved = json.dumps({"measures": {}, "parameters": {**DEFAULTS, "samples": 4, "temperature": 0.5}})
    path.write_text(saved)
    chapter = run.chapter(NAME, {"temperature": 1.0}, **DEFAULTS)
    chapter.show(plt.subplots()[0], "empty", caption="Nothing.", alt="Nothing.")
    chapter.save()
    assert "differs from it in temperature = 1.0" in capsys.readouterr().out
    assert path.read_text() == saved
    assert not run.files.at("figures", NAME).exists()


def test_a_measure_is_recorded_once_and_is_a_number(run: Run) -> None:
    chapter = run.chapter(NAME, {}, **DEFAULTS)
    chapter.record("a", 1, unit="bits")
    with pytest.raises(RunError, match="'a' is recorded twice"):
        chapter.record("a", 1.0, unit="bits")
    with pytest.raises(RunError, match=r"b: found .* expected numbers"):
        chapter.record("b", "much", unit="bits")


def test_figures_and_tables_are_shown_and_figures_saved(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    chapter = run.chapter(NAME, {}, **DEFAULTS)
    axes = plt.subplots()[1]
    axes.plot([1, 2])
    chapter.show(axes, "line", caption="A line rises.", alt="A rising line.")
    assert run.files.at("figures", NAME).joinpath("line.svg").read_text().startswith("<svg")
    chapter.table(pd.DataFrame({"who": ["a"], "share": [0.5]}), caption="Shares.", formats={"share": ".0%"})
    said = capsys.readouterr().out
    assert "A line rises." in said
    assert "Shares." in said


def test_inputs_are_told_apart_by_their_content(run: Run) -> None:
    before = inputs_digest(run.files, "data")
    run.files.at("splits").parent.mkdir()
    run.files.at("splits").write_text("a")
    one = inputs_digest(run.files, "data")
    run.files.at("splits").write_text("b")
    assert len({before, one, inputs_digest(run.files, "data")}) == 3
    assert commit_of(run.dir) == {"commit": None, "changed_files": None}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"resample": 1}, "no such parameter; did you mean 'resamples'?"),
        ({"resamples": 1.5}, r"found 1.5, expected int \(the default is 10\)"),
        ({"resamples": True}, "found True, expected int"),
        ({"run_dir": "x"}, "no such parameter"),
    ],
)
def test_unknown_and_ill_typed_parameters_are_errors(
    tmp_path: Path, given: dict[str, object], words: str
) -> None:
    notebook = read_notebook(write_notebook(tmp_path / "05_more.ipynb", ["data"]))
    assert notebook.parameters({"resamples": 5}) == {"resamples": 5}
    with pytest.raises(ProfileError, match=words):
        notebook.parameters(given)


def test_a_notebook_that_is_no_chapter(tmp_path: Path) -> None:
    for needs, cell, words in [
        (["date"], code("1"), "expected title, and needs of data, measures"),
        (["data"], code('run.chapter("a")'), "found 2 calls of run.chapter"),
    ]:
        with pytest.raises(RunError, match=words):
            read_notebook(write_notebook(tmp_path / "a.ipynb", needs, cell))
    path = write_notebook(tmp_path / "b.ipynb", ["data"])
    path.write_text(path.read_text().replace("resamples=10", "resamples=len(x)"))
    with pytest.raises(RunError, match="no literal"):
        read_notebook(path)
    path.write_text(path.read_text().replace('"pcutils"', '"other"'))
    assert read_notebook(path) is None


def test_a_failed_cell_is_named_with_its_error(tmp_path: Path) -> None:
    error = {"output_type": "error", "ename": "KeyError", "evalue": "long story\n'fd'"}
    path = write_notebook(tmp_path / "06_x.ipynb", [], code("2", outputs=[error], execution_count=2))
    assert failure_message(path) == (
        f"06_x failed in cell cell-2 (In [2]): KeyError: 'fd'\n  The notebook with the traceback: {path}"
    )
    assert failure_message(write_notebook(tmp_path / "y.ipynb", [])) is None


def test_pairs_to_sample_are_the_same_whatever_the_order_of_rows() -> None:
    rows = [
        (f"{split}{n}", f"t{title}", split) for split in EVALUATION_SPLITS for n in range(6) for title in "ab"
    ]
    rows += [("s0", "ta", EVALUATION_SPLITS[0])] * 4 + [("other", "other", "train")]
    splits = pd.DataFrame(rows, columns=["username", "title", "split"])
    chosen = choose_pairs(splits, 5, seed=3)
    assert chosen["split"].value_counts().to_dict() == dict.fromkeys(EVALUATION_SPLITS, 5)
    assert not chosen.duplicated(["username", "title"]).any()
    assert chosen.equals(choose_pairs(splits.sample(frac=1, random_state=1), 5, seed=3))
    assert not chosen.equals(choose_pairs(splits, 5, seed=4))


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"cells": [*cells], "metadata": {"papermill": {}}, "nbformat": 4, "nbformat_minor": 5}


def test_findings_stand_below_the_title() -> None:
    found = {"output_type": "display_data", "data": {"text/markdown": "**Half** of them."}}
    noise = {"output_type": "stream", "name": "stderr", "text": "10 %"}
    page = book.as_page(
        notebook(
            markdown("# Title\n\nIntroduction."),
            code("run_dir = 1", "parameters"),
            code("show()", "hide-input", "findings", outputs=[noise, found]),
            markdown("## Exercises"),
        )
    )
    assert [cell["source"].strip() for cell in page["cells"]] == [
        "# Title", "show()", "Introduction.", "run_dir = 1", "## Exercises"
    ]  # fmt: skip
    assert page["cells"][1]["outputs"] == [found]
    assert page["cells"][1]["metadata"] == {"tags": ["remove-input"]}
    assert "papermill" not in page["metadata"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A clone with one chapter, and a run of it."""
    for name in ("profiles", "notebooks", "book", "records", "run/notebooks", "run/results", "run/data"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "_config.yml").write_text("title: x")
    path = fake_clone.write_notebook(tmp_path / "notebooks" / "01_first.ipynb", ["data"])
    run = tmp_path / "run"
    (run / "profile.yaml").write_text("description: d\ndata: {source: simulated}\n")
    (run / "data" / "splits.parquet").write_text("a")
    content = json.loads(path.read_text())
    content["cells"].insert(0, markdown("# First"))
    (run / "notebooks" / path.name).write_text(json.dumps(content))
    inputs = {"data": inputs_digest(open_run(run).files, "data")}
    saved = {"parameters": read_notebook(path).defaults, "provenance": {"inputs": inputs}}
    (run / "results" / "01_first.json").write_text(json.dumps(saved))
    return tmp_path


def test_pages_are_put_together_unless_chapters_are_of_different_data(root: Path) -> None:
    book._assemble(root, open_run(root / "run"), root / "pages")
    assert sorted(path.name for path in (root / "pages").iterdir()) == ["_config.yml", "chapters", "records"]
    assert (root / "pages" / "chapters" / "01_first.ipynb").is_file()
    results = root / "run" / "results" / "01_first.json"
    saved = json.loads(results.read_text())
    results.write_text(json.dumps({**saved, "parameters": {"more": 1}}))
    with pytest.raises(RunError, match="01_first was made with other parameters than the profile of the run"):
        book._assemble(root, open_run(root / "run"), root / "pages")
    results.write_text(json.dumps(saved))
    (root / "run" / "data" / "splits.parquet").write_text("b")
    with pytest.raises(
        RunError, match="01_first was made from other data than the run has now: `pcutils run"
    ):
        book._assemble(root, open_run(root / "run"), root / "pages")


def test_a_chapter_that_is_missing_or_failed_makes_no_book(root: Path) -> None:
    path = root / "run" / "notebooks" / "01_first.ipynb"
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'fd'"}
    path.write_text(json.dumps(notebook(code("1", outputs=[error], execution_count=1, id="q1"))))
    with pytest.raises(RunError, match="failed in cell q1"):
        book._assemble(root, open_run(root / "run"), root / "pages")
    path.unlink()
    with pytest.raises(
        RunError, match=r"01_first\.ipynb is not there: `pcutils run --name run --runs .*` writes it"
    ):
        book._assemble(root, open_run(root / "run"), root / "pages")


def test_a_chapter_run_by_hand_does_not_overwrite_results_of_other_parameters(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run.files.at("results", NAME)
    path.parent.mkdir(parents=True)
    content = {"measures": {}, "parameters": {**DEFAULTS, "samples": 4, "temperature": 1.0}}
    path.write_text(json.dumps(content))
    run.chapter(NAME, {}, **DEFAULTS).save()
    assert json.loads(path.read_text()) == content
    assert "temperature = 0.5" in capsys.readouterr().out


def test_a_chapter_stops_where_numbers_would_stand_for_few_real_students(run: Run, tmp_path: Path) -> None:
    run.chapter(NAME, {}, **DEFAULTS).needs_students(3)
    (tmp_path / "profile.yaml").write_text("description: real\ndata: {source: rollouts, path: somewhere}\n")
    students = pd.DataFrame({"username": [f"student-{number}" for number in range(9)]})
    run.files.at("students").parent.mkdir(exist_ok=True)
    students.to_parquet(run.files.at("students"))
    with pytest.raises(RunError, match="fewer than 10 students, so nothing may be shown"):
        open_run(tmp_path).chapter(NAME, {}, **DEFAULTS)
