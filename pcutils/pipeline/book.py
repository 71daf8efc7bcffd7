"""Put a run's chapters between the pages of the book and render them with Jupyter Book."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from pcutils.errors import RunError
from pcutils.pipeline.digest import digest_folder
from pcutils.pipeline.files import CHAPTERS, RunFiles
from pcutils.pipeline.leaks import Secrets, leaks_of_folder
from pcutils.pipeline.notebooks import failure_message
from pcutils.pipeline.planning_page import PAGE, fill_page
from pcutils.pipeline.profiles import load_profile
from pcutils.pipeline.provenance import package_versions
from pcutils.pipeline.publication import may_be_shown_whole, secrets_of

_LINES_SHOWN = 40


def build_book(root: Path, run_dir: Path) -> tuple[Path, bool]:
    """Render a run, unless the same pages have been rendered already.

    Parameters
    ----------
    root : pathlib.Path
        The clone, with ``book/`` and ``_config.yml``.
    run_dir : pathlib.Path
        Folder of the run.

    Returns
    -------
    index : pathlib.Path
        The page to open, ``book/index.html`` in the folder of the run.
    built : bool
        False where it was up to date.

    Raises
    ------
    RunError
        Where a chapter is missing or holds an error, a page shows what students wrote who are not made up, or
        Jupyter Book has something to complain about. The book rendered before stays as it was.
    """
    files = RunFiles(run_dir)
    source, html, stamp = files.dir / "book_source", files.dir / "book", files.dir / "book.sha256"
    assemble(root, files, source)
    secrets = _secrets(files)
    _refuse_leaks(source, secrets)
    digest = hashlib.sha256(f"{digest_folder(source)} {package_versions()}".encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest and (html / "index.html").is_file():
        return html / "index.html", False
    stamp.unlink(missing_ok=True)
    built = _render(source, files.dir / "book_build")
    _refuse_leaks(built, secrets)
    _replace(html, built)
    stamp.write_text(digest)
    return html / "index.html", True


def _secrets(files: RunFiles) -> Secrets | None:
    """What no page may hold; nothing where the students are made up."""
    source = load_profile(files.profile).data.source
    return None if may_be_shown_whole(source) else secrets_of(files)


def _refuse_leaks(folder: Path, secrets: Secrets | None) -> None:
    leaks = leaks_of_folder(folder, secrets) if secrets else []
    if leaks:
        raise RunError(
            "\n  ".join(["the pages show what must not be seen, so they are not kept:", *map(str, leaks)])
        )


def assemble(root: Path, files: RunFiles, source: Path) -> None:
    """Copy the pages, the settings and the executed chapters into one folder.

    Parameters
    ----------
    root : pathlib.Path
        The clone.
    files : RunFiles
        The run.
    source : pathlib.Path
        The folder; what was there is replaced.

    Raises
    ------
    RunError
        Where a chapter is missing or holds an error.
    """
    for chapter in CHAPTERS:
        notebook = files.notebook(chapter)
        if not notebook.is_file():
            raise RunError(f"{notebook} is not there: `pcutils run --profile {files.dir.name}` writes it.")
        if message := failure_message(chapter, notebook):
            raise RunError(message)
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(root / "book", source, ignore=shutil.ignore_patterns("__pycache__", "_build"))
    shutil.copyfile(root / "_config.yml", source / "_config.yml")
    fill_page(root, source / PAGE)
    (source / "chapters").mkdir(exist_ok=True)
    for chapter in CHAPTERS:
        page = _as_page(files.notebook(chapter).read_text(encoding="utf-8"))
        (source / "chapters" / f"{chapter}.ipynb").write_text(page, encoding="utf-8")


def _as_page(notebook: str) -> str:
    """Leave out what is for the person at the terminal: progress lines and papermill's notes."""
    content = json.loads(notebook)
    content["metadata"].pop("papermill", None)
    for cell in content["cells"]:
        for key in ("papermill", "execution"):
            cell["metadata"].pop(key, None)
        if "outputs" in cell:
            cell["outputs"] = [output for output in cell["outputs"] if output.get("name") != "stderr"]
    return json.dumps(content, ensure_ascii=False, indent=1)


def _render(source: Path, build: Path) -> Path:
    shutil.rmtree(build, ignore_errors=True)
    command = [
        str(Path(sysconfig.get_path("scripts")) / "jupyter-book"), "build", str(source),
        "--path-output", str(build),
        "--config", str(source / "_config.yml"), "--toc", str(source / "_toc.yml"),
        "-W", "-n", "--keep-going", "--all",
    ]  # fmt: skip
    environment = {**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1", "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=source)
    log = source.parent / "logs" / "book.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    html = build / "_build" / "html"
    if done.returncode or not (html / "index.html").is_file():
        raise RunError(
            f"the book does not build:\n{_complaints(done.stdout + done.stderr)}\nAll of it: {log}"
        )
    return html


def _complaints(log: str) -> str:
    """Pick warnings and errors out of what Jupyter Book said, or else its last lines."""
    lines = log.splitlines()
    wrong = [line for line in lines if "WARNING" in line or "ERROR" in line]
    return "\n".join((wrong or lines)[-_LINES_SHOWN:])


def _replace(html: Path, built: Path) -> None:
    shutil.rmtree(html, ignore_errors=True)
    built.rename(html)
    shutil.rmtree(built.parents[1], ignore_errors=True)
