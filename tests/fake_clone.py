"""A small clone for tests of the workflow: the real Snakefile and package, with steps that only write files.

Each step notes its name in ``calls.log``, so that a test sees what ran.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

STAGES = """
WRITES = {
    "data": ["traces", "students", "splits", "rejected", "reading"],
    "measures": ["measures", "programs"],
    "tokenizer": ["tokenizer"],
    "train": ["weights", "learning_curve", "training"],
    "sample": ["samples"],
    "sample_measures": ["sample_measures"],
}


def _step(name):
    def run(files, profile, part=""):
        with open(files.dir / "calls.log", "a") as log:
            log.write(f"{name}-{part}\\n" if part else f"{name}\\n")
        for file in WRITES[name]:
            is_table = file in ("traces", "splits", "measures", "programs")
            for path in files.parts(file) if is_table and "-of-" not in part else [
                files.part(file, part) if is_table else files.at(file, part)
            ]:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{profile.data} {profile.models}")
    return run


data, measures, tokenizer, train, sample, sample_measures = map(_step, WRITES)
"""

PAPERMILL = """
import json, pathlib


class PapermillExecutionError(Exception):
    ename = "ValueError"


def execute_notebook(source, attempt, parameters, cwd, **_):
    notebook, run = json.loads(source.read_text()), pathlib.Path(cwd)
    with open(run / "calls.log", "a") as log:
        log.write(source.stem + "\\n")
    cell = notebook["cells"][-1]
    if "raise" in "".join(cell["source"]):
        error = {"output_type": "error", "ename": "ValueError", "evalue": "a\\nno figure"}
        cell.update(execution_count=7, outputs=[error])
        attempt.write_text(json.dumps(notebook))
        raise PapermillExecutionError
    attempt.write_text(json.dumps(notebook))
    (run / "results").mkdir(exist_ok=True)
    (run / "results" / f"{source.stem}.json").write_text(json.dumps(notebook["cells"][-1]))
"""

SET_UP = """from pcutils.runs import open_run
run = open_run(run_dir)
chapter = run.chapter("{}", globals(), resamples=10)"""

CHAPTERS = {"01_first": ["data", "measures"], "02_second": ["data", "models"], "03_last": ["results"]}


@dataclass
class FakeClone:
    """A folder that looks like a clone; `changed` says whether its run may be out of date."""

    root: Path
    changed: bool = True

    @property
    def run_dir(self) -> Path:
        return self.root / "runs" / "smoke"

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.root), **more}

    def run(self, *arguments: str, **more: str) -> tuple[set[str], str]:
        """Run the smoke profile; return the steps that ran, and what was said after "Error" on failure."""
        name = arguments[arguments.index("--name") + 1] if "--name" in arguments else "smoke"
        folder = self.root / "runs" / name
        (folder / "calls.log").unlink(missing_ok=True)
        command = [sys.executable, "-m", "pcutils.cli", "run", "--profile", "smoke", *arguments]
        options = {"cwd": self.root, "env": self.environment(**more), "timeout": 100}
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        self.changed = bool(arguments or done.returncode)
        assert (done.returncode != 0) == ("Error: " in done.stderr), done.stderr
        calls = folder / "calls.log"
        return set(calls.read_text().split()) if calls.is_file() else set(), done.stderr

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert old in text, f"{path} lacks {old!r}"
        file.write_text(text.replace(old, new, 1))
        self.changed = True

    def add(self, path: str, text: str) -> None:
        with (self.root / path).open("a") as file:
            file.write(text)
        self.changed = True


def make(root: Path) -> FakeClone:
    """Build a fake clone."""
    shutil.copytree(ROOT / "pcutils", root / "pcutils", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "workflow", root / "workflow")
    (root / "profiles").mkdir()
    (root / "profiles" / "smoke.yaml").write_text("description: tiny\ndata: {source: simulated}\n")
    (root / "papermill.py").write_text(PAPERMILL)
    (root / "pcutils" / "runs" / "stages.py").write_text(STAGES)
    (root / "notebooks").mkdir()
    for chapter, needs in CHAPTERS.items():
        write_notebook(root / "notebooks" / f"{chapter}.ipynb", needs)
    return FakeClone(root)


def write_notebook(path: Path, needs: list[str], *more: dict[str, Any]) -> Path:
    """Write a chapter with a parameters cell, a set-up cell and more cells."""
    cells = [
        code('run_dir = "runs/classroom"\nresamples = None  # how many (default 10)', "parameters"),
        code(SET_UP.format(path.stem), "hide-input"),
        *(more or [code("print(1)")]),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    front = {"title": path.stem, "needs": needs}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = {"cells": cells, "metadata": {"pcutils": front, "kernelspec": kernel}}
    content |= {"nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content))
    return path


def code(source: str, *tags: str, **more: Any) -> dict[str, Any]:
    """A code cell."""
    cell = {"cell_type": "code", "metadata": {"tags": [*tags]}, "source": source, "outputs": []}
    return {**cell, "execution_count": None, **more}


def markdown(source: str) -> dict[str, Any]:
    """A cell of text."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}
