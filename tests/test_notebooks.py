"""The committed notebooks keep to one template, show their code, and their solutions run."""

from __future__ import annotations

import ast
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import papermill
import pytest

from pcutils.runs.notebooks import find_chapters

if TYPE_CHECKING:
    from conftest import SmokeRun

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = find_chapters(ROOT)
LONGEST_CELL, MEDIAN_CELL, LONGEST_FUNCTION = 20, 7, 5
HIDDEN = {"hide-input", "remove-input", "hide-cell", "remove-cell"}
LIBRARIES = {"pandas", "numpy", "seaborn", "scipy", "sklearn", "statsmodels", "torch", "matplotlib"}
NEED_OF = {
    "traces": "data", "splits": "data", "students": "data", "reading": "data", "measures": "measures",
    "programs": "measures", "model": "models", "learning_curve": "models", "samples": "samples",
    "sample_measures": "samples", "results": "results",
}  # fmt: skip
"""What a notebook asks of its run: the need that it has to declare."""


def read(chapter: str) -> Any:
    return nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4)


def code_cells(chapter: str) -> list[Any]:
    return [cell for cell in read(chapter).cells if cell.cell_type == "code"]


def is_visible(cell: Any) -> bool:
    return not HIDDEN & set(cell.metadata.get("tags", []))


def lines_of(cell: Any) -> int:
    return len([line for line in cell.source.splitlines() if line.strip()])


def source_of(chapter: str) -> str:
    return "\n".join(cell.source for cell in code_cells(chapter))


def solutions(chapter: str) -> list[str]:
    """Code of the solutions of exercises, in order."""
    text = "\n\n".join(cell.source for cell in read(chapter).cells if cell.cell_type == "markdown")
    boxes = re.findall(r"^:::+\{admonition\} Solution.*?\n(.*?)^:::+$", text, re.DOTALL | re.MULTILINE)
    return [
        code for box in boxes for code in re.findall(r"^```python\n(.*?)^```", box, re.DOTALL | re.MULTILINE)
    ]


def test_every_notebook_is_a_chapter_in_the_table_of_contents() -> None:
    toc = (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8")
    assert re.findall(r"chapters/(\w+)", toc) == list(CHAPTERS)
    assert {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} == set(CHAPTERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_it_is_a_valid_notebook_without_outputs(chapter: str) -> None:
    notebook = read(chapter)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(chapter))
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert not [one for one in ids if re.fullmatch(r"[0-9a-f]{8}", one)], (
        "ids are words, so that a diff reads"
    )
    assert notebook.cells[0].source.startswith(f"# {CHAPTERS[chapter].title}\n")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_parameters_are_named_explained_and_left_to_the_run(chapter: str) -> None:
    theirs = papermill.inspect_notebook(str(ROOT / "notebooks" / f"{chapter}.ipynb"))
    assert list(theirs) == ["run_dir", *CHAPTERS[chapter].defaults]
    assert ast.literal_eval(theirs["run_dir"]["default"]) == "runs/classroom"
    for name, default in CHAPTERS[chapter].defaults.items():
        assert theirs[name]["default"] == "None", name
        words = theirs[name]["help"]
        plain = repr(default).replace("'", '"')
        assert f"default {plain}" in words.replace("'", '"'), f"{name}: say what it is and its default"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_most_code_is_visible_and_short(chapter: str) -> None:
    cells = code_cells(chapter)
    visible = [cell for cell in cells if is_visible(cell)]
    assert len(visible) >= 2 / 3 * len(cells), f"{len(visible)} of {len(cells)} cells are visible"
    assert statistics.median(map(lines_of, visible)) <= MEDIAN_CELL
    for cell in cells:
        assert lines_of(cell) <= LONGEST_CELL, cell.id
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < LONGEST_FUNCTION, f"{cell.id}: {node.name}"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_visible_code_uses_libraries_that_a_student_can_use(chapter: str) -> None:
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for cell in code_cells(chapter)
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported & LIBRARIES


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_prose_follows_the_template(chapter: str) -> None:
    text = "\n\n".join(cell.source for cell in read(chapter).cells if cell.cell_type == "markdown")
    assert re.search(r"^#+ .*Exercise", text, re.MULTILINE)
    assert "{cite" in text
    [findings] = [cell for cell in code_cells(chapter) if "findings" in cell.metadata.get("tags", [])]
    assert "hide-input" in findings.metadata.tags


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_results_are_saved_and_figures_have_words(chapter: str) -> None:
    calls = [
        node
        for cell in code_cells(chapter)
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    shown = [call for call in calls if ast.unparse(call.func) == "chapter.show"]
    for call in shown:
        assert {"caption", "alt"} <= {keyword.arg for keyword in call.keywords}, ast.unparse(call)[:80]
    assert "chapter.save" in {ast.unparse(call.func) for call in calls}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_needs_are_what_the_notebook_reads(chapter: str) -> None:
    asked = {NEED_OF[call] for call in re.findall(r"\brun\.(\w+)\(", source_of(chapter)) if call in NEED_OF}
    assert asked <= set(CHAPTERS[chapter].needs)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_solution_runs_after_its_chapter(chapter: str, smoke_run: SmokeRun, tmp_path: Path) -> None:
    given = json.loads((smoke_run.dir / "results" / f"{chapter}.json").read_text())["parameters"]
    lines = [f"run_dir = {str(smoke_run.dir)!r}"]
    lines += [f"{name} = {value!r}" for name, value in given.items()]
    cells = [cell.source for cell in code_cells(chapter) if "parameters" not in cell.metadata.get("tags", [])]
    found = solutions(chapter)
    assert found, "an exercise has a solution with code"
    for number, part in enumerate([*cells, *found]):
        lines += [f"print('part {number - len(cells) + 1}')" if number >= len(cells) else "", part]
    script = tmp_path / "solutions.py"
    script.write_text("\n".join(["import matplotlib", "matplotlib.use('agg')", *lines]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"solution {done.stdout.splitlines()[-1:]}: {done.stderr[-2000:]}"


if TYPE_CHECKING:
    from conftest import SmokeRun


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_results_carry_measures_parameters_and_provenance(smoke_run: SmokeRun, chapter: str) -> None:
    content = json.loads((smoke_run.dir / "results" / f"{chapter}.json").read_text())
    assert content["measures"], "a chapter without a measure has no result"
    for name, measure in content["measures"].items():
        assert set(measure) == {"value", "low", "high", "n", "unit"}, name
    assert set(content["parameters"]) == set(CHAPTERS[chapter].defaults)
    provenance = content["provenance"]
    assert provenance["profile"]["models"]["layers"] == 1
    assert set(provenance["inputs"]) == set(CHAPTERS[chapter].needs)
    assert {"python", "torch", "numpy"} <= set(provenance["packages"])
    assert provenance["seconds"] > 0
    assert "node" not in provenance["machine"]


def test_every_step_tells_its_time(smoke_run: SmokeRun) -> None:
    logs = [json.loads(path.read_text()) for path in (smoke_run.dir / "logs").glob("*.json")]
    assert len(logs) == 18 + len(CHAPTERS)
    assert all(log["seconds"] > 0 for log in logs)
    assert f"is complete: {len(logs)} steps" in smoke_run.run_said


def test_every_chapter_is_a_page_that_opens_with_its_findings(smoke_run: SmokeRun) -> None:
    assert f"Open {smoke_run.html / 'index.html'}" in smoke_run.book_said
    for chapter in CHAPTERS:
        page = json.loads((smoke_run.dir / "book_source" / "chapters" / f"{chapter}.ipynb").read_text())
        assert page["cells"][0]["source"].startswith("# ")
        assert "remove-input" in page["cells"][1]["metadata"]["tags"]
        assert page["cells"][1]["outputs"]
        outputs = [output for cell in page["cells"] for output in cell.get("outputs", [])]
        assert not [output for output in outputs if output.get("name") == "stderr"]
        assert (smoke_run.html / "chapters" / f"{chapter}.html").is_file()
