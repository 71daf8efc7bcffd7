import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from pcutils.cli import main
from pcutils.data import load, write_table


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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--profile", "smok"], "no profile 'smok'"),
        (["--profile", "smoke", "--set", "models.layer=2"], "did you mean 'layers'?"),
        (["--only", "03_behavioural_evaluation"], "did you mean '03_behavioral_evaluation'?"),
        (["--profile", "rollouts", "--set", "data.path=/nowhere"], "data.path: nothing at /nowhere"),
        (
            ["--profile", "hub", "--set", "data.token={variable: NO_SUCH}"],
            "environment variable NO_SUCH: found nothing",
        ),
        (["--only", "measure"], "did you mean 'measures'?"),
    ],
)
def test_run_tells_a_mistake_in_one_line_and_makes_nothing(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = CliRunner().invoke(main, ["run", "--runs", str(tmp_path), *arguments])
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert words in done.output
    assert not list(tmp_path.iterdir())


def test_book_and_step_say_what_to_run_and_which_steps_exist(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["book", "--name", "class5", "--runs", str(tmp_path)])
    assert done.exit_code == 1
    assert "`pcutils run --profile class5` or `--name` makes it" in done.output
    (tmp_path / "profile.yaml").write_text("description: tiny\ndata: {source: simulated}\n")
    done = CliRunner().invoke(main, ["step", "trian", "--run-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "no step 'trian'; there are data, measures" in done.output


def test_check_accepts_a_good_table(tmp_path: Path) -> None:
    table = tmp_path / "traces.parquet"
    write_table(load("simulated", students=2, titles=3, assignments_per_student=2), table)
    done = CliRunner().invoke(main, ["check", str(table)])
    assert done.exit_code == 0
    assert f"{table}: traces in the shape of the hub; 4 traces, 0 rows rejected." in done.output


def test_check_tells_the_shape_of_each_file_and_every_bad_row(tmp_path: Path) -> None:
    run = 'made-up - [04/Feb/2022:06:25:26 +0000] "GET /log/star?run&code=fd+100| HTTP/1.1" 200\n'
    (tmp_path / "access.log.1.gz").write_bytes(gzip.compress((run + "no such line\n").encode()))
    row = {"username": "made-up", "title": "star", "programs": ["fd 1"], "timestamps": [None]}
    rows = [row, row | {"timestamps": []}, row | {"title": ""}]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    (tmp_path / "notes.txt").write_text("hello")
    done = CliRunner().invoke(main, ["check", str(tmp_path)])
    assert done.exit_code == 1
    assert "access.log.1.gz: logs of a Pencil Code server; 1 traces, 1 rows rejected." in done.output
    assert "access.log.1.gz, row 1, field 'line': found a line of another form" in done.output
    assert "train.jsonl: traces in the shape of the hub; 1 traces, 2 rows rejected." in done.output
    assert "train.jsonl, row 1, field 'timestamps': found 0 times, expected 1, one a state." in done.output
    assert "notes.txt: no source recognises it" in done.output
    assert f"{tmp_path}: 3 rows rejected." in done.output
