"""The chapters' notebooks: which there are, what each needs and takes, and how one is executed."""

from __future__ import annotations

import ast
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pcutils.errors import ProfileError, RunError, replacing
from pcutils.runs.files import RunFiles
from pcutils.runs.profiles import suggest

NEEDS = ("data", "measures", "models", "samples", "results")
"""What a chapter can need of its run; `results` are those of all chapters that do not need them."""


@dataclass(frozen=True)
class Notebook:
    """A chapter as its notebook describes it; `defaults` are its parameters but `run_dir`."""

    path: Path
    title: str
    needs: tuple[str, ...]
    defaults: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the chapter: the file without its ending."""
        return self.path.stem

    def parameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check what a profile sets for the chapter, and add the defaults."""
        where = f"chapters.{self.name}"
        for name, value in given.items():
            if name not in self.defaults:
                raise ProfileError(f"{where}.{name}: no such parameter; {suggest(name, self.defaults)}")
            if problem := _type_problem(value, self.defaults[name]):
                raise ProfileError(f"{where}.{name}: found {value!r}, expected {problem}.")
        return {**self.defaults, **given}


def find_chapters(root: Path) -> dict[str, Notebook]:
    """All chapters of a clone by name: the notebooks with front matter, ``metadata.pcutils``."""
    found = (read_notebook(path) for path in sorted((root / "notebooks").glob("*.ipynb")))
    return {one.name: one for one in found if one is not None}


def read_notebook(path: Path) -> Notebook | None:
    """Read a notebook's front matter and the parameters in its call of ``run.chapter``, running nothing."""
    content = json.loads(path.read_text(encoding="utf-8"))
    front = content["metadata"].get("pcutils")
    if front is None:
        return None
    if set(front) != {"title", "needs"} or not set(front["needs"]) <= set(NEEDS):
        expected = f"title, and needs of {', '.join(NEEDS)}"
        raise RunError(f"{path}: metadata.pcutils: found {front}, expected {expected}.")
    sources = ("".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code")
    nodes = (node for source in sources if ".chapter(" in source for node in ast.walk(ast.parse(source)))
    calls = [one for one in nodes if isinstance(one, ast.Call) and getattr(one.func, "attr", "") == "chapter"]
    if len(calls) != 1:
        raise RunError(f"{path}: found {len(calls)} calls of run.chapter(...), expected one.")
    try:
        defaults = {str(one.arg): ast.literal_eval(one.value) for one in calls[0].keywords}
    except ValueError as error:
        raise RunError(f"{path}: a default in run.chapter(...) is no literal.") from error
    if ast.unparse(calls[0].args[0]) != repr(path.stem):
        raise RunError(f"{path}: expected run.chapter({path.stem!r}, ...).")
    return Notebook(path, front["title"], tuple(front["needs"]), defaults)


def run_chapter(notebook: Notebook, files: RunFiles, given: Mapping[str, Any], root: Path) -> None:
    """Execute a chapter with what the profile sets; a failed one is kept in ``logs/`` with its traceback."""
    import papermill

    attempt, finished = files.at("attempt", notebook.name), files.at("notebook", notebook.name)
    attempt.parent.mkdir(parents=True, exist_ok=True)
    files.at("figures", notebook.name).mkdir(parents=True, exist_ok=True)
    run_dir = files.dir.relative_to(root) if files.dir.is_relative_to(root) else files.dir
    try:
        papermill.execute_notebook(
            notebook.path,
            attempt,
            parameters={"run_dir": run_dir.as_posix(), **given},
            cwd=str(files.dir),
            progress_bar=False,
            stderr_file=sys.stderr,
            log_output=False,
            extra_arguments=["--log-level=CRITICAL"],  # it warns of unencrypted TCP within this machine
        )
    except papermill.PapermillExecutionError as error:
        raise RunError(failure_message(attempt) or f"{notebook.name} failed: {error.ename}") from error
    if not files.at("results", notebook.name).is_file():
        raise RunError(f"{notebook.name} left no results: its last code cell should call chapter.save().")
    with replacing(finished) as part:
        shutil.copyfile(attempt, part)


def failure_message(executed: Path) -> str | None:
    """Say which cell of an executed notebook failed, and how; None where none did."""
    for cell in json.loads(executed.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                reason = (output["evalue"].strip().splitlines() or [""])[-1]
                return (
                    f"{executed.stem} failed in cell {cell.get('id', '?')} (In [{cell['execution_count']}]): "
                    f"{output['ename']}: {reason}\n  The notebook with the traceback: {executed}"
                )
    return None


def _type_problem(value: Any, default: Any) -> str | None:
    """What was expected, or None where `value` is of the type of `default`; None takes anything."""
    if default is None or (isinstance(default, float) and type(value) is int):
        return None
    if type(value) is not type(default):
        return f"{type(default).__name__} (the default is {default!r})"
    if isinstance(default, list) and default:
        problems = (_type_problem(item, default[0]) for item in value)
        return next((f"a list of {problem}" for problem in problems if problem), None)
    return None
