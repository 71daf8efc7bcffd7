"""Run a chapter with papermill, keep what came of it, and say where it failed."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pcutils.errors import RunError
from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.parameters import INJECTED, notebook_parameters
from pcutils.pipeline.writing import replacing


def run_chapter(chapter: str, source: Path, files: RunFiles, parameters: Mapping[str, Any]) -> None:
    """Execute a chapter's notebook.

    Parameters
    ----------
    chapter : str
        Name of the chapter.
    source : pathlib.Path
        Its notebook, without outputs.
    files : RunFiles
        The run; the notebook reads and writes there.
    parameters : mapping
        All parameters but `run_dir`.

    Raises
    ------
    RunError
        Where a cell fails, or the notebook leaves no results behind. The notebook as far as it came is then
        in ``logs/<chapter>.ipynb``; after success it is in ``notebooks/<chapter>.ipynb``.
    """
    import papermill

    attempt = files.attempt(chapter)
    attempt.parent.mkdir(parents=True, exist_ok=True)
    files.figures(chapter).mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            source,
            attempt,
            parameters=_changed(source, {INJECTED: _shown(files.dir, source.parents[1]), **parameters}),
            cwd=str(files.dir),
            progress_bar=False,
            stderr_file=sys.stderr,
            log_output=False,
            extra_arguments=["--log-level=CRITICAL"],  # it warns of unencrypted TCP within this machine
        )
    except papermill.PapermillExecutionError as error:
        raise RunError(failure_message(chapter, attempt) or f"{chapter} failed: {error.ename}") from error
    if not files.result(chapter).is_file():
        raise RunError(
            f"{chapter} left no {files.result(chapter)}: its last code cell should save the results."
        )
    with replacing(files.notebook(chapter)) as part:
        shutil.copyfile(attempt, part)


def _changed(source: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the parameters that differ from the notebook's defaults, so that a page shows no value twice."""
    defaults = notebook_parameters(source)
    return {name: value for name, value in parameters.items() if value != defaults[name]}


def _shown(run_dir: Path, root: Path) -> str:
    """Name the run as people do, ``runs/classroom``, where it lies in the clone."""
    return run_dir.relative_to(root).as_posix() if run_dir.is_relative_to(root) else str(run_dir)


def failure_message(chapter: str, executed: Path) -> str | None:
    """Say which cell of an executed notebook failed, and how.

    Parameters
    ----------
    chapter : str
        Name of the chapter.
    executed : pathlib.Path
        The notebook as far as it came.

    Returns
    -------
    str or None
        None where no cell failed.
    """
    for cell in json.loads(executed.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                reason = (output["evalue"].strip().splitlines() or [""])[-1]
                return (
                    f"{chapter} failed in cell {cell.get('id', '?')} (In [{cell['execution_count']}]): "
                    f"{output['ename']}: {reason}\n"
                    f"  The notebook with the traceback: {executed}"
                )
    return None
