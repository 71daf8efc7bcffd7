from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

import pandas
import pytest
from click.testing import CliRunner

from pcutils.cli import main
from pcutils.sources import load, write_table


def test_help_answers_at_once_and_names_the_commands() -> None:
    started = time.process_time()
    done = CliRunner().invoke(main, ["--help"])
    assert done.exit_code == 0
    assert {"run", "book", "check"} <= set(done.output.split())
    assert time.process_time() - started < 0.5


def test_the_command_imports_nothing_heavy() -> None:
    code = "import sys, pcutils.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "transformers", "datasets", "pandas", "numpy", "pydantic", "snakemake"} & set(loaded)


def test_run_tells_a_mistake_in_one_line_and_makes_nothing(tmp_path: Path) -> None:
    for arguments, words in {
        ("--profile", "smok"): "no profile 'smok'",
        ("--profile", "smoke", "--set", "models.layer=2"): "did you mean 'layers'?",
        (
            "--profile",
            "smoke",
            "--only",
            "03_behavioural_evaluation",
        ): "did you mean '03_behavioral_evaluation'?",
        ("--profile", "rollouts", "--set", "data.path=/nowhere"): "there is no /nowhere",
        (
            "--profile",
            "hub",
            "--set",
            "data.token={variable: NO_SUCH}",
        ): "data.token.variable: $NO_SUCH is empty",
        ("--only", "measure"): "did you mean 'measures'?",
    }.items():
        done = CliRunner().invoke(main, ["run", "--runs", str(tmp_path), *arguments])
        assert done.exit_code == 1
        assert done.output.startswith("Error: ")
        assert words in done.output
    assert not list(tmp_path.iterdir())


def test_book_says_what_to_run_first(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["book", "--profile", "smoke", "--runs", str(tmp_path)])
    assert done.exit_code == 1
    assert "`pcutils run --profile smoke` writes it" in done.output


def test_step_names_the_steps_that_exist(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text("description: tiny\ndata: {source: simulated}\n")
    done = CliRunner().invoke(main, ["step", "trian", "--run-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "no step 'trian'; there are data, measures" in done.output


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "traces.parquet"
    write_table(load("simulated", students=2, titles=3, assignments_per_student=2), path)
    return path


def test_check_accepts_a_good_table(table: Path) -> None:
    done = CliRunner().invoke(main, ["check", str(table)])
    assert (done.exit_code, done.output.strip()) == (
        0,
        f"{table}: a table of traces; every row is as it should be.",
    )


def test_check_reports_every_bad_row(table: Path) -> None:
    rows = pandas.read_parquet(table)
    rows.at[0, "programs"] = []
    rows.at[2, "username"] = None
    rows.to_parquet(table)
    done = CliRunner().invoke(main, ["check", str(table)])
    assert done.exit_code == 1
    assert "row 0" in done.output
    assert "row 2" in done.output


def test_check_tells_the_shape_of_each_file_and_every_bad_row(tmp_path: Path) -> None:
    run = 'made-up - [04/Feb/2022:06:25:26 +0000] "GET /log/star?run&code=fd+100| HTTP/1.1" 200\n'
    (tmp_path / "access.log.1.gz").write_bytes(gzip.compress((run + "no such line\n").encode()))
    row = {"username": "made-up", "title": "star", "programs": ["fd 1"], "timestamps": [None]}
    rows = [row, row | {"timestamps": []}, row | {"title": ""}]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    (tmp_path / "notes.txt").write_text("hello")
    done = CliRunner().invoke(main, ["check", str(tmp_path)])
    assert done.exit_code == 1
    assert "access.log.1.gz: server logs; 1 problem." in done.output
    assert "access.log.1.gz, row 1, field 'line': found a line of another form" in done.output
    assert "train.jsonl: traces in the shape of the hub; 2 problems." in done.output
    assert "train.jsonl, row 1, field 'timestamps': found 0 times, expected 1, one a state." in done.output
    assert "notes.txt: passed over" in done.output
    assert f"{tmp_path}: 3 problems." in done.output
