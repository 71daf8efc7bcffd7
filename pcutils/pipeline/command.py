"""What `pcutils run` and `pcutils book` do, and say."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pcutils.errors import ProfileError, RunError
from pcutils.pipeline.files import CHAPTERS, RunFiles, repository_root
from pcutils.pipeline.memory import MemoryWatch
from pcutils.pipeline.profile_errors import suggest
from pcutils.pipeline.profiles import dump_profile, find_profile, load_profile
from pcutils.pipeline.results import write_json
from pcutils.pipeline.steps import ALONE, Steps, step_names
from pcutils.pipeline.words import duration, is_shard, step_title

_MOST_REASONS = 10


def run_profile(
    name: str, settings: Sequence[str], *, chapters: Sequence[str], cores: int, runs: Path | None = None
) -> None:
    """Bring the run of a profile up to date, and say how long its parts took.

    Parameters
    ----------
    name : str
        Profile, or path of one.
    settings : sequence of str
        Changes to it, ``key=value``.
    chapters : sequence of str
        Only these, or the stages that can be asked for alone; all chapters where empty.
    cores : int
        Processors to use.
    runs : pathlib.Path, optional
        Folder of all runs.

    Raises
    ------
    ProfileError
        Before anything runs, where the profile, a parameter or a chapter is wrong.
    RunError
        Where a step failed; names the cell and the notebook.
    """
    from pcutils.pipeline.workflow import failure, run_workflow

    root = repository_root()
    for chapter in chapters:
        if chapter not in (*ALONE, *CHAPTERS):
            raise ProfileError(f"--only {chapter}: no such chapter; {suggest(chapter, [*ALONE, *CHAPTERS])}")
    profile = load_profile(find_profile(name), settings)
    Steps(root, profile).check()
    files = RunFiles(run_folder(name, root, runs), profile.data.shards)
    files.dir.mkdir(parents=True, exist_ok=True)
    _write_if_new(files.profile, dump_profile(profile))
    started = time.monotonic()
    with MemoryWatch() as memory:
        outcome = run_workflow(root, files, cores=cores, chapters=chapters)
    seconds = time.monotonic() - started
    if outcome.finished and not outcome.failed:
        _keep_totals(files, seconds, memory.peak_mb, len(outcome.finished))
    again = f"`pcutils run --profile {name}` goes on from here."
    if outcome.interrupted:
        raise RunError(f"stopped. {again}")
    if outcome.failed:
        reasons = "\n".join(failure(step, files.dir) for step in outcome.failed[:_MOST_REASONS])
        raise RunError(f"{len(outcome.failed)} of the steps failed.\n{reasons}\n{again}")
    _tell_timings(files)
    if outcome.finished:
        _say(f"{files.dir} is complete: {len(outcome.finished)} steps in {duration(seconds)}.")
    else:
        _say(f"Nothing to do: {files.dir} is up to date.")


def try_profile(name: str, settings: Sequence[str]) -> None:
    """Build every object of a profile at its size, but for the weights, and say what was built.

    Parameters
    ----------
    name : str
        Profile, or path of one.
    settings : sequence of str
        Changes to it, ``key=value``.

    Raises
    ------
    PcutilsError
        Where something does not fit together.
    """
    from pcutils.pipeline.dry_run import dry_run, students_of

    profile = load_profile(find_profile(name), settings)
    for line in dry_run(repository_root(), profile, students_of(profile)).lines():
        _say(line)
    _say(f"Everything of {name} can be built. Nothing was trained in earnest, and nothing was written.")


def book_profile(name: str, *, runs: Path | None = None) -> None:
    """Render the run of a profile, unless that has been done, and say where it lies.

    Parameters
    ----------
    name : str
        Profile, or path of one.
    runs : pathlib.Path, optional
        Folder of all runs.

    Raises
    ------
    RunError
        Where a chapter has not been run, or the book does not build.
    """
    from pcutils.pipeline.book import build_book

    root = repository_root()
    folder = run_folder(name, root, runs)
    started = time.monotonic()
    index, built = build_book(root, folder)
    _say(
        f"The book is rendered, in {duration(time.monotonic() - started)}."
        if built
        else "The book is up to date."
    )
    _say(f"Open {index}")


def run_folder(name: str, root: Path, runs: Path | None = None) -> Path:
    """Return the folder of a profile's run.

    Parameters
    ----------
    name : str
        Profile, or path of one.
    root : pathlib.Path
        The clone.
    runs : pathlib.Path, optional
        Folder of all runs.

    Returns
    -------
    pathlib.Path
        ``runs/<profile>``.
    """
    return (runs or root / "runs").resolve() / find_profile(name).stem


def _write_if_new(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _keep_totals(files: RunFiles, seconds: float, peak_mb: int, steps: int) -> None:
    timings = {step: json.loads(files.timing(step).read_text()) for step in _timed(files)}
    last = {"steps": steps, "seconds": round(seconds, 1), "peak_memory_mb": peak_mb}
    write_json(files.dir / "timings.json", {"last_run": last, "steps": timings})


def _timed(files: RunFiles) -> list[str]:
    return [step for step in step_names(shards=files.shard_names) if files.timing(step).is_file()]


def _tell_timings(files: RunFiles) -> None:
    """Print how long each step took when it last ran, and the last run's peak of memory."""
    _say("minutes  memory  step")
    lines: dict[str, list[dict[str, float]]] = {}
    for step in _timed(files):
        title = step_title(step).rpartition(", shard")[0] if is_shard(step) else step_title(step)
        lines.setdefault(title, []).append(json.loads(files.timing(step).read_text()))
    for title, timings in lines.items():
        minutes = sum(timing["seconds"] for timing in timings) / 60
        memory = max(timing["peak_memory_mb"] for timing in timings)
        shards = f", {len(timings)} shards one after the other" if len(timings) > 1 else ""
        _say(f"{minutes:7.1f}  {memory:4} MB  {title}{shards}")
    totals = files.dir / "timings.json"
    if totals.is_file():
        last = json.loads(totals.read_text())["last_run"]
        _say(
            f"The last run of {last['steps']} steps took {duration(last['seconds'])} and, all its processes "
            f"together, at most {last['peak_memory_mb']} MB."
        )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
