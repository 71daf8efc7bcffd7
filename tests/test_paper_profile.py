"""The paper's profile can be built, and the page on planning says what profile, record and paper give."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from pcutils.analysis import planning
from pcutils.analysis.paper import paper_fact
from pcutils.cli import main
from pcutils.errors import ModelError, RunError
from pcutils.pipeline.dry_run import dry_run, students_of
from pcutils.pipeline.files import CHAPTERS, RunFiles
from pcutils.pipeline.planning_page import RECORD, fill_page, read_record, values
from pcutils.pipeline.planning_tables import FACTORS, Plan
from pcutils.pipeline.profiles import Profile, dump_profile, find_profile, load_profile
from pcutils.pipeline.steps import step_names

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "book" / "planning.md"


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile(find_profile("paper"))


@pytest.fixture(scope="module")
def plan(profile: Profile) -> Plan:
    return Plan(profile, read_record(ROOT))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / PAGE.name
    shutil.copyfile(PAGE, path)
    fill_page(ROOT, path)
    return path.read_text(encoding="utf-8")


def test_every_object_of_the_profile_can_be_built(profile: Profile, plan: Plan) -> None:
    found = dry_run(ROOT, profile, students_of(profile))
    assert found.parameters - found.student_parameters == plan.shape.parameters
    assert found.student_parameters == plan.shape.table_parameters(int(paper_fact("students")))
    assert sum(found.moved) == found.parameters
    models = profile.models
    assert found.batch_shape[1] <= models.context
    assert 0.9 * models.batch_tokens < found.batch_tokens <= models.batch_tokens
    assert set(found.traces) >= {"train", "validation", "unseen_student_unseen_title"}
    assert found.sampled == 1
    assert sum(step.startswith("measures-") for step in found.steps) == profile.data.shards


def test_the_workflow_has_the_steps_of_the_plan(tmp_path: Path) -> None:
    few = load_profile(find_profile("paper"), ["data.shards=3"])
    (tmp_path / "profile.yaml").write_text(dump_profile(few), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--scheduler", "greedy"]
    places = ["--snakefile", str(ROOT / "workflow" / "Snakefile"), "--directory", str(tmp_path)]
    done = subprocess.run([*command, *places], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    jobs = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE)}
    assert (jobs["measures"], jobs["chapter"]) == (3, len(CHAPTERS))
    assert jobs["total"] - jobs["all"] == len(step_names(shards=RunFiles(tmp_path, 3).shard_names))


def test_a_plan_that_cannot_be_built_is_told() -> None:
    odd = load_profile(find_profile("paper"), ["models.width=770"])
    with pytest.raises(ModelError, match="770 cannot be shared by 12 heads"):
        dry_run(ROOT, odd, 5)


def test_the_command_tries_a_small_plan_and_writes_nothing(tmp_path: Path) -> None:
    arguments = ["run", "--profile", "smoke", "--dry-run", "--runs", str(tmp_path / "runs")]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "Everything of smoke can be built" in done.output
    assert not (tmp_path / "runs").exists()


def test_the_page_is_filled_and_types_no_result(page: str, plan: Plan) -> None:
    assert "{{" not in page
    text = PAGE.read_text(encoding="utf-8").partition("\n")[2]  # the title is the paper's
    names = r"\{\{ \w+ \}\}|\{cite[^`]*`[^`]*`|\{abbr\}`\w+|\]\([^)]*\)|```.*?```|\$[^$]*\$"
    assert re.findall(r"\d+", re.sub(names, "", text, flags=re.DOTALL)) == []
    known = values(plan)
    for name in ("tokens", "parameters", "flops", "all_cost", "table_gigabytes", "range_high"):
        assert known[name] in page, name


def test_numbers_of_the_page_move_with_the_profile(plan: Plan) -> None:
    larger = load_profile(find_profile("paper"), ["models.tokens=8000000000", "models.layers=24"])
    before, after = values(plan), values(Plan(larger, plan.record))
    changed = {name for name in before if before[name] != after[name]}
    assert changed >= {"tokens", "steps", "parameters", "flops", "hours", "cost", "checkpoint", "table_sizes"}
    assert not changed & {"traces", "students", "cells", "table_cells", "figure_curves", "bytes_per_trace"}


def test_what_the_page_says_of_larger_data_is_so(plan: Plan) -> None:
    once, ten, hundred = FACTORS

    def accelerators(factor: int) -> int:
        tokens = factor * plan.profile.models.tokens
        flops = planning.training_flops(plan.shape, tokens) + planning.attention_flops(plan.shape, tokens)
        return planning.accelerators_for(5 * plan.accelerator.hours(flops), 7)

    def share(factor: int) -> float:
        return planning.table_bytes(plan.shape, factor * plan.students) / plan.accelerator.memory_bytes

    assert (accelerators(once), accelerators(ten)) == (1, 1)
    assert accelerators(hundred) > 1
    assert share(ten) < 0.5 < 1 < share(hundred)
    longest = max(plan.stages(), key=lambda stage: stage.hours)
    assert longest.name == "run the programs"
    assert 0.5 < plan.shape.table_parameters(plan.students) / plan.shape.parameters < 2


def test_the_record_says_where_it_comes_from_and_no_students_text() -> None:
    record = read_record(ROOT)
    source = record["provenance"]
    assert re.fullmatch(r"[0-9a-f]{40}", source["commit"])
    assert {"torch", "transformers", "python"} <= set(source["packages"])
    assert set(source["machine"]) == {"processors", "memory_gb", "architecture", "shared", "accelerator"}
    assert source["parameters"]["students"] == "made up"
    for cell in record["cells"]:
        assert sum(cell["bits_by_segment"].values()) == pytest.approx(cell["bits"])
        assert cell["validation"][-1][0] == cell["tokens_trained"]


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"benchmarks/scaling\.py"):
        read_record(tmp_path)
    odd = tmp_path / "planning.md"
    odd.write_text("It takes {{ forever }}.", encoding="utf-8")
    with pytest.raises(RunError, match="asks for forever"):
        fill_page(ROOT, odd)


def test_the_page_is_in_the_contents_and_the_record_in_its_place() -> None:
    contents = (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8")
    assert any(
        entry["file"] == PAGE.stem for part in yaml.safe_load(contents)["parts"] for entry in part["chapters"]
    )
    assert (ROOT / RECORD).is_file()
