"""Run the workflow: hand the run to Snakemake, tell in plain lines what happens, lock the run meanwhile."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

from pcutils.errors import RunError
from pcutils.pipeline.files import CHAPTERS, RunFiles
from pcutils.pipeline.notebooks import failure_message
from pcutils.pipeline.steps import step_name, targets
from pcutils.pipeline.words import duration, is_shard, step_title

JOB_ENVIRONMENT = {
    "PCUTILS_PROGRESS": "lines",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "PYTHONWARNINGS": "ignore:IProgress not found",
}
"""What every step's process gets: lines instead of bars, no network, no chatter."""

_HUGE = 2**63 - 1


@dataclass
class Outcome:
    """What a call of the workflow did.

    Parameters
    ----------
    finished : list of str
        Names of the steps that ran to their end.
    failed : list of str
        Names of those that did not.
    messages : list of str
        What Snakemake itself complained about.
    interrupted : bool
        Whether somebody pressed Ctrl-C.
    """

    finished: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    interrupted: bool = False


def run_workflow(root: Path, files: RunFiles, *, cores: int, chapters: Sequence[str] = ()) -> Outcome:
    """Bring a run up to date.

    Parameters
    ----------
    root : pathlib.Path
        The clone.
    files : RunFiles
        Of the run, with its ``profile.yaml``.
    cores : int
        How many processors to use at most.
    chapters : sequence of str
        Only these, or stages, and what they need; all chapters by default.

    Returns
    -------
    Outcome
        Which steps ran. A step that fails does not stop those that do not depend on it.

    Raises
    ------
    RunError
        Where another call works on the same run, or the workflow cannot start.
    """
    from snakemake import api
    from snakemake.scheduling import greedy
    from snakemake.settings import enums, types

    dag_settings = types.DAGSettings(
        targets={str(file) for file in targets(chapters or CHAPTERS, replace(files, dir=Path(".")))},
        rerun_triggers={enums.RerunTrigger[name] for name in ("MTIME", "PARAMS", "INPUT", "CODE")},
        max_checksum_file_size=_HUGE,
        force_incomplete=True,
    )
    narrator = Narrator()
    with (
        _locked(files.dir),
        _environment(),
        _working_directory(),
        api.SnakemakeApi(
            types.OutputSettings(quiet={enums.Quietness.ALL}, enable_file_logging=False)
        ) as snakemake,
        _listening(narrator),
        _noting_interrupts(narrator.outcome),
    ):
        workflow = snakemake.workflow(
            resource_settings=types.ResourceSettings(cores=cores),
            snakefile=root / "workflow" / "Snakefile",
            workdir=files.dir,
        )
        try:
            workflow.dag(dag_settings).execute_workflow(
                execution_settings=types.ExecutionSettings(lock=False, keep_going=True, latency_wait=1),
                scheduling_settings=types.SchedulingSettings(scheduler="greedy"),
                scheduler_settings=greedy.SchedulerSettings(),
            )
        except Exception as error:
            if not narrator.outcome.failed and not narrator.outcome.interrupted:
                raise RunError(f"the workflow stopped: {error or type(error).__name__}") from error
    return narrator.outcome


class Narrator(logging.Handler):
    """Turn Snakemake's events into lines: when a step starts, unless it is one of many shards, and ends.

    Attributes
    ----------
    outcome : Outcome
        What has happened so far.
    total : int
        How many steps there are.
    """

    def __init__(self) -> None:
        super().__init__()
        self.outcome = Outcome()
        self.total = 0
        self._jobs: dict[int, tuple[int, str, float]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Handle one event.

        Parameters
        ----------
        record : logging.LogRecord
            As Snakemake's logger plugins get it.
        """
        told = vars(record)
        event = str(told.get("event") or "")
        if event == "run_info":
            self.total = told["stats"]["total"] - told["stats"].get("all", 0)
        elif event == "job_info" and told["rule_name"] != "all":
            self._start(told)
        elif event == "job_finished" and told["job_id"] in self._jobs:
            self._finish(told["job_id"])
        elif event == "job_error" and told["jobid"] in self._jobs:
            self._fail(told["jobid"])
        elif not event and record.levelno >= logging.ERROR:
            self.outcome.messages.append(record.getMessage())

    def _start(self, told: dict[str, Any]) -> None:
        wildcards = told["wildcards"]
        part = wildcards.get("variant") or wildcards.get("shard")
        step = wildcards.get("chapter") or step_name(told["rule_name"], part)
        self._jobs[told["jobid"]] = (len(self._jobs) + 1, step, time.monotonic())
        if not is_shard(step):
            self._say(told["jobid"], "...")

    def _finish(self, job: int) -> None:
        self.outcome.finished.append(self._jobs[job][1])
        self._say(job, f"done in {duration(time.monotonic() - self._jobs[job][2])}")

    def _fail(self, job: int) -> None:
        step = self._jobs[job][1]
        if step not in self.outcome.failed:
            self.outcome.failed.append(step)
            self._say(job, "stopped" if self.outcome.interrupted else "FAILED")

    def _say(self, job: int, what: str) -> None:
        number, step, _ = self._jobs[job]
        width = len(str(self.total))
        print(f"[{number:>{width}}/{self.total}] {step_title(step)}: {what}", file=sys.stderr, flush=True)


def failure(step: str, run_dir: Path) -> str:
    """Say why a step failed, from what it left behind.

    Parameters
    ----------
    step : str
        Name of the step.
    run_dir : pathlib.Path
        Folder of the run.

    Returns
    -------
    str
        For a chapter the cell, the error and where the notebook lies; for a stage where to look.
    """
    executed = RunFiles(run_dir).attempt(step)
    if step in CHAPTERS and executed.is_file():
        message = failure_message(step, executed)
        if message:
            return message
    return f"{step_title(step)} failed; its message stands above."


@contextlib.contextmanager
def _locked(run_dir: Path) -> Iterator[None]:
    """Keep a second call off the run; the system lets go of the lock however this process ends."""
    with (run_dir / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RunError(f"another call is working on {run_dir}; wait for it, or stop it.") from error
        yield


@contextlib.contextmanager
def _noting_interrupts(outcome: Outcome) -> Iterator[None]:
    """Note Ctrl-C and let Snakemake handle it, which ends the steps and removes their half-written files."""

    def note(number: int, frame: FrameType | None) -> None:
        outcome.interrupted = True
        signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    before = dict(os.environ)
    scripts = sysconfig.get_path("scripts")
    os.environ.update(JOB_ENVIRONMENT, PATH=os.pathsep.join([scripts, before.get("PATH", os.defpath)]))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _working_directory() -> Iterator[None]:
    before = Path.cwd()
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _listening(handler: logging.Handler) -> Iterator[None]:
    from snakemake.logging import logger

    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
