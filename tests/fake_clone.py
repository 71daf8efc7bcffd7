"""A small clone for tests of the workflow: the real Snakefile and package, with steps that only write files.

Each step notes its name in ``calls.log``, so that a test sees what ran.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

STAGES = {
    "data": ("pcutils.simulate", ["traces", "students", "splits", "quarantine", "reading"]),
    "measures": ("pcutils.metrics", ["measures", "programs"]),
    "tokenizer": ("pcutils.models.tokenizer", ["tokenizer/tokenizer.json"]),
    "train": ("pcutils.models.training", ["weights", "learning_curve", "training_report"]),
    "sample": ("pcutils.models.sampling", ["samples"]),
    "sample_measures": ("pcutils.metrics", ["sample_measures"]),
}
"""Stage: the module that it imports, and what it writes."""

STAGE = """
from pcutils.pipeline.files import SHARDED


def run(files, *, variant=None, shard=None, root=None, **sections):
    with open(files.dir / "calls.log", "a") as log:
        log.write("{stage}" + (f"-{{variant or shard}}" if variant or shard else "") + "\\n")
    for name in {outputs}:
        base, _, rest = name.partition("/")
        path = getattr(files, base)
        paths = [(path(variant) if callable(path) else path) / rest]
        if base in SHARDED:
            paths = [files.part(base, shard)] if shard else files.parts(base)
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{{sections}}")


def never_called():
    import {imported}
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


@dataclass
class FakeClone:
    """A folder that looks like a clone.

    Parameters
    ----------
    root : pathlib.Path
        The folder.
    """

    root: Path
    changed: bool = True

    @property
    def run_dir(self) -> Path:
        return self.root / "runs" / "smoke"

    def pcutils(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        command = [sys.executable, "-m", "pcutils.cli", *arguments]
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False, timeout=100
        )

    def run(self, *arguments: str) -> tuple[set[str], subprocess.CompletedProcess[str]]:
        """Run the smoke profile; return the steps that ran, and what was said."""
        calls = self.run_dir / "calls.log"
        calls.unlink(missing_ok=True)
        done = self.pcutils("run", "--profile", "smoke", *arguments)
        self.changed = bool(arguments or done.returncode)
        return set(calls.read_text().split()) if calls.is_file() else set(), done

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


def make(root: Path, chapters: tuple[str, ...]) -> FakeClone:
    """Build a fake clone."""
    shutil.copytree(ROOT / "pcutils", root / "pcutils", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "workflow", root / "workflow")
    (root / "profiles").mkdir()
    shutil.copy(ROOT / "profiles" / "smoke.yaml", root / "profiles")
    (root / "profiles" / "smoke.yaml").write_text("description: tiny\ndata: {source: simulated}\n")
    (root / "papermill.py").write_text(PAPERMILL)
    for stage, (imported, outputs) in STAGES.items():
        text = STAGE.format(stage=stage, outputs=outputs, imported=imported)
        (root / "pcutils" / "pipeline" / "stages" / f"{stage}.py").write_text(text)
    (root / "notebooks").mkdir()
    for chapter in chapters:
        (root / "notebooks" / f"{chapter}.ipynb").write_text(json.dumps(notebook()))
    return FakeClone(root)


def notebook() -> dict:
    """A notebook with a parameters cell and a cell that uses figures."""
    code = [
        ('run_dir = "runs/classroom"\nbootstrap = 10', ["parameters"]),
        ("from pcutils.figures import show\nprint(1)", []),
    ]
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {"tags": tags},
            "source": [source],
            "outputs": [],
            "execution_count": None,
        }
        for number, (source, tags) in enumerate(code)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
