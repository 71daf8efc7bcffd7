"""The committed notebooks keep to one template."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest

from pcutils.pipeline.files import CHAPTERS, RunFiles
from pcutils.pipeline.parameters import notebook_parameters
from pcutils.pipeline.steps import chapter_inputs

ROOT = Path(__file__).resolve().parents[1]
LONGEST_CELL = 15
LONGEST_FUNCTION = 5
CALLS = {
    "traces": "traces",
    "traces_of_split": "traces",
    "splits": "splits",
    "students": "students",
    "measures": "measures",
    "programs": "programs",
    "reading": "reading",
    "model": "weights",
    "learning_curve": "learning_curve",
    "samples": "samples",
    "sample_measures": "sample_measures",
    "result": "result",
}
"""What a notebook asks of its run: the file behind it."""


def read(chapter: str) -> Any:
    return nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", as_version=4)


def code_cells(chapter: str) -> list[Any]:
    return [cell for cell in read(chapter).cells if cell.cell_type == "code"]


def prose(chapter: str) -> str:
    return "\n\n".join(cell.source for cell in read(chapter).cells if cell.cell_type == "markdown")


def test_the_folder_holds_the_chapters_and_nothing_else() -> None:
    assert {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} == {
        f"{one}.ipynb" for one in CHAPTERS
    }


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


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_its_parameters_are_what_papermill_sees(chapter: str) -> None:
    ours = notebook_parameters(ROOT / "notebooks" / f"{chapter}.ipynb")
    theirs = papermill.inspect_notebook(str(ROOT / "notebooks" / f"{chapter}.ipynb"))
    assert next(iter(ours)) == "run_dir"
    assert ours["run_dir"] == "runs/classroom"
    assert {name: ast.literal_eval(one["default"]) for name, one in theirs.items()} == ours


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_code_is_short_and_lives_in_the_library(chapter: str) -> None:
    for cell in code_cells(chapter):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= LONGEST_CELL, cell.id
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < LONGEST_FUNCTION, f"{cell.id}: {node.name}"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_prose_follows_the_template(chapter: str) -> None:
    text = prose(chapter)
    assert text.startswith("# ")
    for part in ("What you will learn", "Before you start", "Claims checked"):
        assert part.lower() in text.lower(), part
    assert re.search(r"^#+ .*(Exercise|Try it)", text, re.MULTILINE | re.IGNORECASE)
    assert re.search(r"^:::+\{admonition\}.*\n:class:.*dropdown", text, re.MULTILINE), "a hidden solution"
    assert "{cite" in text


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_figures_have_a_caption_and_words_for_those_who_do_not_see(chapter: str) -> None:
    calls = [
        node
        for cell in code_cells(chapter)
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"show", "figures.show"}
    ]
    for call in calls:
        given = {keyword.arg for keyword in call.keywords}
        assert {"name", "caption", "alt"} <= given, ast.unparse(call)[:80]
    assert calls or chapter == CHAPTERS[-1]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_parameters_stand_first_and_other_code_is_folded(chapter: str) -> None:
    first, *others = [cell.metadata.get("tags", []) for cell in code_cells(chapter)]
    assert "parameters" in first
    assert all("hide-input" in tags for tags in others)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_results_are_saved_under_its_own_name(chapter: str) -> None:
    code = "\n".join(cell.source for cell in code_cells(chapter))
    assert f'"{chapter}"' in code
    assert re.search(r"\.results\(", code)
    assert ".save()" in code


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_workflow_knows_every_file_that_it_reads(chapter: str) -> None:
    files = RunFiles(Path("."))
    known = {path.as_posix() for path in chapter_inputs(chapter, files)}
    code = "\n".join(cell.source for cell in code_cells(chapter))
    for call in set(re.findall(r"\brun\.(\w+)\(", code)) & set(CALLS):
        path = getattr(files, CALLS[call])
        path = path if isinstance(path, Path) else path("trace" if call != "result" else CHAPTERS[0])
        assert path.as_posix() in known, (
            f"run.{call}() reads {path}, which pcutils.pipeline.steps does not list"
        )


NUMBERS = {"int", "len", "max", "mean", "median", "min", "nunique", "round", "sum"}
"""Calls that give a bare number."""


def is_bare(value: ast.expr) -> bool:
    """Whether an expression is clearly a number without a word on how many students stand behind it."""
    if isinstance(value, ast.IfExp):
        return is_bare(value.body) or is_bare(value.orelse)
    if isinstance(value, ast.BoolOp):
        return any(map(is_bare, value.values))
    if isinstance(value, ast.Call):
        is_method = isinstance(value.func, ast.Attribute)
        name = value.func.attr if is_method else getattr(value.func, "id", "")
        return name in NUMBERS and not (is_method and value.args)
    if isinstance(value, ast.Constant):
        return isinstance(value.value, int | float)
    if isinstance(value, ast.Attribute):
        return value.attr.isupper() or value.attr in {"n", "left_out"}
    return isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub | ast.Div | ast.Pow)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_number_in_a_sentence_says_of_how_many_students_it_is(chapter: str) -> None:
    for cell in code_cells(chapter):
        for call in ast.walk(ast.parse(cell.source)):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"fill", "say"}:
                bare = [one.arg for one in call.keywords if is_bare(one.value)]
                assert not bare, f"{cell.id}: {', '.join(map(str, bare))}: give count(...) or plain(...)"


@pytest.mark.parametrize(
    ("source", "bare"),
    [
        ("len(rows)", True),
        ("1 - share", True),
        ("rows.mean() if rows else None", True),
        ("failures.HORIZON", True),
        ("plain(len(rows))", False),
        ("count(rows.mean(), students=12)", False),
        ("kind.capitalize()", False),
        ("comparison.mean(split, model)", False),
    ],
)
def test_bare_numbers_are_told_from_others(source: str, bare: bool) -> None:
    value = ast.parse(source, mode="eval").body
    assert is_bare(value) == bare
