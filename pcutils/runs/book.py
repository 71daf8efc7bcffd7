"""Put a run's chapters between the pages of the book and render them with Jupyter Book."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from pcutils.errors import RunError
from pcutils.runs.files import repository_root
from pcutils.runs.leaks import Secrets, find_leaks, public_text
from pcutils.runs.notebooks import failure_message, find_chapters
from pcutils.runs.provenance import inputs_digest
from pcutils.runs.run import Run, open_run


def build_book(run_dir: Path) -> Path:
    """Render a run with the settings that it was made with; returns the page to open.

    A RunError says that a chapter is missing, holds an error or was made from other data or models than the
    run has now, that a page shows what students wrote who are not simulated, or what Jupyter Book complains
    about. The book rendered before stays as it was.
    """
    root, run = repository_root(), open_run(run_dir)
    source, build, html = (run.dir / name for name in ("book_source", "book_build", "book"))
    _assemble(root, run, source)
    secrets = None if run.may_show_programs else Secrets(run.traces(), public_text(root))
    _refuse_leaks(source / "chapters", secrets)
    built = _render(source, build, run.dir / "logs" / "book.log")
    _refuse_leaks(built, secrets)
    shutil.rmtree(html, ignore_errors=True)
    built.rename(html)
    shutil.rmtree(build, ignore_errors=True)
    return html / "index.html"


def as_page(notebook: dict[str, Any]) -> dict[str, Any]:
    """Move the output of the cell tagged `findings` below the title, and leave out what is for a terminal."""
    for cell in notebook["cells"]:
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key == "tags"}
        if "outputs" in cell:
            cell["outputs"] = [output for output in cell["outputs"] if output.get("name") != "stderr"]
    findings = [cell for cell in notebook["cells"] if "findings" in cell["metadata"].get("tags", [])]
    title, *rest = (cell for cell in notebook["cells"] if cell not in findings)
    heading, _, text = "".join(title["source"]).partition("\n")
    for cell in findings:
        cell["metadata"]["tags"] = ["remove-input"]
    after = {"cell_type": "markdown", "id": "after-findings", "metadata": {}, "source": text}
    cells = [{**title, "source": heading}, *findings, *([after] if text.strip() else []), *rest]
    metadata = {key: value for key, value in notebook["metadata"].items() if key != "papermill"}
    return {**notebook, "cells": cells, "metadata": metadata}


def _assemble(root: Path, run: Run, source: Path) -> None:
    """Copy pages, settings, records and executed chapters into one folder."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(root / "book", source, ignore=shutil.ignore_patterns("__pycache__", "_build"))
    shutil.copytree(root / "records", source / "records")
    shutil.copyfile(root / "_config.yml", source / "_config.yml")
    (source / "chapters").mkdir()
    for name, chapter in find_chapters(root).items():
        path = run.files.at("notebook", name)
        if not path.is_file():
            raise RunError(f"{path} is not there: {run.command} writes it.")
        if message := failure_message(path):
            raise RunError(message)
        results = run.results(name)
        made_from = results["provenance"]["inputs"]
        wanted = json.loads(json.dumps(chapter.parameters(run.profile.chapters.get(name, {}))))
        if results["parameters"] != wanted:
            other = f"{name} was made with other parameters than the profile of the run has now"
            raise RunError(f"{other}: {run.command} makes it again.")
        if old := [need for need in chapter.needs if made_from.get(need) != inputs_digest(run.files, need)]:
            other = f"{name} was made from other {' and '.join(old)} than the run has now"
            raise RunError(f"{other}: {run.command} makes it again.")
        page = as_page(json.loads(path.read_text("utf-8")))
        (source / "chapters" / path.name).write_text(json.dumps(page, ensure_ascii=False, indent=1), "utf-8")


def _refuse_leaks(folder: Path, secrets: Secrets | None) -> None:
    if secrets and (leaks := find_leaks(folder, secrets)):
        shown = "the book is not kept, because pages show what students wrote or are called:"
        raise RunError("\n  ".join([shown, *leaks]))


def _render(source: Path, build: Path, log: Path) -> Path:
    shutil.rmtree(build, ignore_errors=True)
    command = [
        str(Path(sysconfig.get_path("scripts")) / "jupyter-book"), "build", str(source),
        "--path-output", str(build), "--config", str(source / "_config.yml"),
        "--toc", str(source / "_toc.yml"),
        "-W", "-n", "--keep-going", "--all",
    ]  # fmt: skip
    environment = {**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1", "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=source)
    log.parent.mkdir(exist_ok=True)
    log.write_text(said := done.stdout + done.stderr, encoding="utf-8")
    html = build / "_build" / "html"
    if done.returncode or not (html / "index.html").is_file():
        lines = said.splitlines()
        wrong = [line for line in lines if "WARNING" in line or "ERROR" in line] or lines
        raise RunError("\n".join(["the book does not build:", *wrong[-40:], f"All of it: {log}"]))
    return html
