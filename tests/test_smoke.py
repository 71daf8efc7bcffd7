"""The whole path at its smallest scale: data, models, seven chapters, the rendered book."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pcutils.pipeline.files import CHAPTERS, RunFiles
from pcutils.pipeline.steps import step_names

if TYPE_CHECKING:
    from conftest import SmokeRun


def test_every_step_leaves_its_files_and_its_time(smoke_run: SmokeRun) -> None:
    timings = json.loads((smoke_run.dir / "timings.json").read_text())
    assert list(timings["steps"]) == step_names()
    assert all(timing["seconds"] > 0 for timing in timings["steps"].values())
    assert f"is complete: {len(step_names())} steps" in smoke_run.run_said


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_results_carry_measures_and_provenance(smoke_run: SmokeRun, chapter: str) -> None:
    content = json.loads(RunFiles(smoke_run.dir).result(chapter).read_text())
    assert content["measures"], "a chapter without a measure has nothing to say"
    for name, measure in content["measures"].items():
        assert set(measure) == {"value", "low", "high", "n", "unit"}, name
    provenance = content["provenance"]
    assert provenance["parameters"]["profile"]["models"]["layers"] == 1
    assert len(provenance["data_sha256"]) == 64
    assert {"python", "torch", "numpy"} <= set(provenance["packages"])
    assert provenance["seconds"] > 0
    assert "node" not in provenance["machine"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_cell_failed_or_was_left_out(smoke_run: SmokeRun, chapter: str) -> None:
    cells = json.loads(RunFiles(smoke_run.dir).notebook(chapter).read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
    assert all(cell["execution_count"] for cell in code)
    assert not [output for cell in code for output in cell["outputs"] if output["output_type"] == "error"]


def test_every_chapter_is_a_page_without_progress_lines(smoke_run: SmokeRun) -> None:
    assert f"Open {smoke_run.html / 'index.html'}" in smoke_run.book_said
    for chapter in CHAPTERS:
        page = json.loads((smoke_run.dir / "book_source" / "chapters" / f"{chapter}.ipynb").read_text())
        outputs = [output for cell in page["cells"] for output in cell.get("outputs", [])]
        assert not [output for output in outputs if output.get("name") == "stderr"]
        assert (smoke_run.html / "chapters" / f"{chapter}.html").is_file()
