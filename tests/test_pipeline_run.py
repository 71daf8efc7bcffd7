from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pandas
import pytest

from pcutils.errors import ProfileError, RunError
from pcutils.pipeline import open_run
from pcutils.pipeline.files import CHAPTERS, RunFiles
from pcutils.pipeline.notebooks import failure_message
from pcutils.pipeline.parameters import check_parameters, notebook_parameters
from pcutils.pipeline.provenance import Clock, commit_of, provenance
from pcutils.pipeline.results import Results
from pcutils.pipeline.run import Run
from pcutils.pipeline.stages.sample import choose_pairs
from pcutils.splits import EVALUATION_SPLITS


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "profile.yaml").write_text("description: tiny\ndata: {source: simulated, students: 3}\n")
    return open_run(tmp_path)


def test_opening_what_is_no_run_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="`pcutils run --profile class5` makes it"):
        open_run(tmp_path / "class5")


def test_a_relative_folder_is_found_from_where_one_stands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.dir.parent)
    assert open_run(run.dir.name) == run


def test_a_missing_file_says_what_writes_it(run: Run) -> None:
    for ask in (run.measures, run.traces, lambda: run.samples("trace"), lambda: run.result(CHAPTERS[0])):
        with pytest.raises(RunError, match=r"is not there: `pcutils run --profile .*` writes it"):
            ask()


def test_unknown_chapters_and_splits_name_the_known_ones(run: Run) -> None:
    with pytest.raises(RunError, match="07_scorecard"):
        run.results("08_more")
    with pytest.raises(RunError, match="unseen_student_unseen_title"):
        run.traces_of_split("test")


def test_only_made_up_programs_may_be_shown(run: Run, tmp_path: Path) -> None:
    assert run.may_show_programs
    assert run.kind_of_students == "made-up students"
    other = tmp_path / "other"
    other.mkdir()
    (other / "profile.yaml").write_text("description: real\ndata: {source: rollouts, path: somewhere}\n")
    assert not open_run(other).may_show_programs
    assert open_run(other).kind_of_students != run.kind_of_students


def test_results_come_back_with_their_provenance(run: Run) -> None:
    results = run.results("03_behavioral_evaluation")
    results.add("self_bleu.trace", 0.5, low=0.25, high=0.75, n=10, unit="BLEU")
    results.add("correlation.trace", math.nan, low=-math.inf)
    results.save()
    content = run.result("03_behavioral_evaluation")
    assert content["measures"]["self_bleu.trace"] == {
        "value": 0.5, "low": 0.25, "high": 0.75, "n": 10, "unit": "BLEU"
    }  # fmt: skip
    assert content["measures"]["correlation.trace"]["value"] is None
    assert content["measures"]["correlation.trace"]["low"] is None
    assert content["provenance"]["parameters"]["profile"]["data"]["students"] == 3
    assert json.loads(run.files.result("03_behavioral_evaluation").read_text()) == content


def test_a_measure_is_a_number_and_has_its_name_alone(tmp_path: Path) -> None:
    results = Results(tmp_path / "a.json", dict)
    results.add("a", 1)
    with pytest.raises(RunError, match="'a' is added twice"):
        results.add("a", 2)
    with pytest.raises(RunError, match="b, high: found str, expected a number"):
        results.add("b", 2, high="much")  # type: ignore[arg-type]


def test_provenance_names_data_commit_and_machine_but_no_host(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(b"abc")
    content = provenance({"a": 1}, Clock(), data=[data])
    assert content["data_sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert content["machine"]["processors"] >= 1
    assert content["machine"]["memory_gb"] > 0
    assert content["peak_memory_mb"] > 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", content["started"])
    host = Path("/proc/sys/kernel/hostname")
    if host.is_file():
        assert host.read_text().strip() not in json.dumps(content["machine"])


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == {"commit": None, "changed_files": None}


def write_notebook(path: Path, *cells: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"cells": list(cells)}))
    return path


def code(source: str, *tags: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}, **more}


@pytest.fixture
def chapter(tmp_path: Path) -> Path:
    source = (
        'run_dir = "runs/classroom"\ncount = 3  # how many\nshare: float = 0.5\nnames = ["a"]\nother = None'
    )
    return write_notebook(tmp_path / "05_more.ipynb", code(source, "parameters"), code("count = 4"))


def test_parameters_are_read_without_running_anything(chapter: Path) -> None:
    assert notebook_parameters(chapter) == {
        "run_dir": "runs/classroom", "count": 3, "share": 0.5, "names": ["a"], "other": None
    }  # fmt: skip


def test_given_parameters_replace_the_defaults(chapter: Path) -> None:
    checked = check_parameters(chapter, {"count": 5, "share": 1, "other": "x"}, "chapters.05_more")
    assert checked == {"count": 5, "share": 1, "names": ["a"], "other": "x"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cout": 1}, "has no such parameter; did you mean 'count'?"),
        ({"count": 1.5}, r"found 1.5, expected int \(the default is 3\)"),
        ({"count": True}, "found True, expected int"),
        ({"share": "x"}, "found 'x', expected float"),
        ({"names": ["b", 1]}, "expected a list of str"),
        ({"run_dir": "x"}, "has no such parameter"),
    ],
)
def test_unknown_and_ill_typed_parameters_are_errors(
    chapter: Path, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(ProfileError, match=words):
        check_parameters(chapter, given, "chapters.05_more")


def test_a_notebook_needs_one_parameters_cell_of_literals(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="found 0 cells tagged 'parameters'"):
        notebook_parameters(write_notebook(tmp_path / "a.ipynb", code("a = 1")))
    with pytest.raises(ProfileError, match="the default of a is no literal"):
        notebook_parameters(write_notebook(tmp_path / "a.ipynb", code("a = 1 + b", "parameters")))
    with pytest.raises(ProfileError, match="lacks 'run_dir'"):
        check_parameters(write_notebook(tmp_path / "a.ipynb", code("a = 1", "parameters")), {}, "x")


def test_a_failed_cell_is_named_with_its_error(tmp_path: Path) -> None:
    error = {"output_type": "error", "ename": "KeyError", "evalue": "long story\n'fd'"}
    executed = write_notebook(
        tmp_path / "x.ipynb",
        code("1", outputs=[], execution_count=1, id="q1"),
        code("2", outputs=[error], execution_count=2, id="q2-figure"),
    )
    said = failure_message("06_steering", executed)
    assert said == (
        "06_steering failed in cell q2-figure (In [2]): KeyError: 'fd'\n"
        f"  The notebook with the traceback: {executed}"
    )
    assert failure_message("06_steering", write_notebook(tmp_path / "y.ipynb", code("1", outputs=[]))) is None


def test_pairs_to_sample_are_the_same_whatever_the_order_of_rows() -> None:
    rows = [
        (f"{split}{student}", f"t{title}", split)
        for split in EVALUATION_SPLITS
        for student in range(6)
        for title in "ab"
    ]
    rows += [("s0", "ta", EVALUATION_SPLITS[0])] * 4 + [("other", "other", "train")]
    splits = pandas.DataFrame(rows, columns=["username", "title", "split"])
    chosen = choose_pairs(splits, 5, seed=3)
    assert chosen["split"].value_counts().to_dict() == dict.fromkeys(EVALUATION_SPLITS, 5)
    assert not chosen.duplicated(["username", "title"]).any()
    again = choose_pairs(splits.sample(frac=1, random_state=1), 5, seed=3)
    assert chosen.equals(again)
    assert not chosen.equals(choose_pairs(splits, 5, seed=4))


def test_every_chapter_has_its_own_files() -> None:
    files = RunFiles(Path("x"))
    for name in ("result", "figures", "notebook", "attempt"):
        assert len({getattr(files, name)(chapter) for chapter in CHAPTERS}) == len(CHAPTERS)
