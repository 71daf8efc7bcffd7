"""Make a run: prepare its folder, hand it to Snakemake, say what happens and why a step failed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from pcutils.errors import ProfileError, RunError, replacing
from pcutils.runs.files import RunFiles, repository_root
from pcutils.runs.notebooks import Notebook, find_chapters, run_chapter
from pcutils.runs.profiles import dump_profile, find_profile, load_profile, suggest
from pcutils.runs.provenance import usage
from pcutils.runs.steps import STEPS, WITHOUT_EFFECT, source_files, step_title, targets

_KEPT = ("data", "splits", "execution", "models", "sampling")
"""Sections of the profile that a run has for good, so that no book mixes two."""

_ENVIRONMENT = {
    "PCUTILS_PROGRESS": "lines",
    "OMP_NUM_THREADS": "1",  # two models side by side are faster than two threads on one
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "PYTHONWARNINGS": "ignore:IProgress not found",
}
"""What every step's process gets: lines instead of bars, no network, no chatter."""

_OPTIONS = (
    "--keep-going", "--nolock", "--rerun-incomplete", "--latency-wait", "1", "--scheduler", "greedy",
    "--rerun-triggers", "mtime", "params", "input", "code", "--max-checksum-file-size", "1000TB",
    "--shared-fs-usage", "input-output", "persistence", "sources", "storage-local-copies",
)  # fmt: skip
"""Files are compared by content, and Snakemake's cache of sources does not go into the home folder."""

_AGAIN = "The same command goes on from here."
_IN_HOME = ("XDG_CACHE_HOME", "HF_HOME", "MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_DATA_DIR")


def run_profile(profile: str, changes: Sequence[str], only: Sequence[str], folder: Path, cores: int) -> None:
    """Bring a run up to date; a mistake in the profile is an error before anything runs."""
    root, started = repository_root(), time.time()
    chapters, resolved = find_chapters(root), load_profile(find_profile(profile), changes)
    _check(resolved, chapters, only, root)
    files = RunFiles(folder, resolved.data.shards)
    wanted = targets(only or chapters, RunFiles(Path(), files.shards), chapters)
    with _prepared(files, resolved):
        is_whole = _snakemake(root, files, cores, wanted)
    logs = sorted((files.dir / "logs").glob("*.json"), key=lambda path: path.stat().st_mtime)
    steps = {path: json.loads(path.read_text(encoding="utf-8")) for path in logs}
    new = {path: took for path, took in steps.items() if path.stat().st_mtime >= started}
    if failed := [took["error"] for took in new.values() if took["error"]]:
        raise RunError("\n".join([f"steps that failed: {len(failed)}.", *failed, _AGAIN]))
    if not is_whole:
        raise RunError(f"the workflow stopped; what Snakemake said: {files.dir / 'logs' / 'snakemake.log'}")
    _say("minutes  memory  step")
    for path, took in steps.items():
        _say(f"{took['seconds'] / 60:7.1f}  {took['peak_memory_mb']:4} MB  {step_title(path.stem)}")
    done = f"{len(new)} steps in {duration(time.time() - started)}" if new else "nothing to do"
    _say(f"{files.dir} is complete: {done}.")


def run_folder(profile: str, name: str | None, runs: Path | None) -> Path:
    """Folder of a run: of this name, or else of the profile's, in `runs` or in ``runs/`` of the clone."""
    return (runs or repository_root() / "runs").resolve() / (name or find_profile(profile).stem)


def run_step(name: str, run_dir: Path, variant: str | None = None, shard: str | None = None) -> None:
    """Run one step in a run that has its ``profile.yaml``; log what it took, or why it failed."""
    started, part = time.time(), variant or shard
    step, files, error = f"{name}-{part}" if part else name, RunFiles(run_dir.resolve()), ""
    if not shard:
        _say(f"{step_title(step)} ...")
    try:
        _run_step(name, files, part)
    except BaseException as failure:
        error = f"{step_title(step)}: {failure or type(failure).__name__}"
        raise
    finally:
        with replacing(files.at("log", step)) as path:
            path.write_text(json.dumps({**usage(started), "error": error}), encoding="utf-8")
    _say(f"{_progress(files)}{step_title(step)}: done in {duration(time.time() - started)}")


def _progress(files: RunFiles) -> str:
    """How many of the steps are done with this one, from what Snakemake has logged."""
    log = files.dir / "logs" / "snakemake.log"
    said = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    total = re.search(r"^total +(\d+)", said, re.MULTILINE)
    return f"[{len(re.findall(r'steps .* done', said)) + 1}/{total[1]}] " if total else ""


def _run_step(name: str, files: RunFiles, part: str | None) -> None:
    root, profile = repository_root(), load_profile(files.at("profile"))
    files, chapters = RunFiles(files.dir, profile.data.shards), find_chapters(root)
    if name in chapters:
        run_chapter(chapters[name], files, profile.chapters.get(name, {}), root)
    elif name not in STEPS:
        raise RunError(f"no step {name!r}; there are {', '.join([*STEPS, *chapters])}.")
    elif name == "measures" and (part or "") not in files.shard_names:
        raise RunError(f"measures: no shard {part!r}; the first is {files.shard_names[0]!r}.")
    else:
        if profile.models.base or (name == "data" and profile.data.source == "hub"):
            os.environ["HF_HUB_OFFLINE"] = "0"
        from pcutils.runs import stages

        with chdir(root):  # relative paths of a profile start there
            getattr(stages, name)(files, profile, *([part] if part else []))


def duration(seconds: float) -> str:
    """Write a duration in words: 7 s, 1 min 14 s, 1 h 2 min."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _check(profile: Any, chapters: Mapping[str, Notebook], only: Sequence[str], root: Path) -> None:
    """Find what can be wrong before anything runs."""
    known = ["data", "measures", *chapters]
    if unknown := [name for name in only if name not in known]:
        raise ProfileError(f"--only {unknown[0]}: no such chapter; {suggest(unknown[0], known)}")
    for name, given in profile.chapters.items():
        if name not in chapters:
            raise ProfileError(f"chapters.{name}: no such chapter; {suggest(name, chapters)}")
        chapters[name].parameters(given)
    if getattr(profile.data, "path", None) and not source_files(profile, root):
        raise ProfileError(f"data.path: nothing at {profile.data.path}; give --set data.path=FOLDER.")
    profile.data.located(root)  # reads secrets


@contextmanager
def _prepared(files: RunFiles, profile: Any) -> Iterator[None]:
    """Lock the folder of a run, and write its profile unless that would mix two runs."""
    from filelock import FileLock, Timeout

    lock, path = FileLock(files.dir / ".lock", timeout=0), files.at("profile")
    try:
        files.dir.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise RunError(f"another call is working on {files.dir}; wait for it, or stop it.") from error
    except OSError as error:
        hint = "--runs DIR puts runs elsewhere."
        raise RunError(f"{files.dir} cannot be written ({error.strerror}): {hint}") from error
    with lock:
        if path.is_file() and (differ := _differences(load_profile(path), profile, files)):
            raise RunError(
                f"{files.dir} was made with {', '.join(differ)}. Two settings do not mix: give this run "
                f"a name of its own, such as --name {files.dir.name}-2, or delete that folder."
            )
        with replacing(path) as part:
            part.write_text(dump_profile(profile), encoding="utf-8")
        yield


def _differences(before: Any, now: Any, files: RunFiles) -> list[str]:
    """What a run that has data already would have been made with, and what is asked for now."""
    if not RunFiles(files.dir, before.data.shards).parts("splits")[0].is_file():
        return []
    found = []
    for section in _KEPT:
        left_out = WITHOUT_EFFECT.get(section)
        old, new = (getattr(one, section).model_dump(exclude=left_out) for one in (before, now))
        keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        found += [f"{section}.{key} = {old.get(key)!r} (now {new.get(key)!r})" for key in keys]
    return found


def _snakemake(root: Path, files: RunFiles, cores: int, wanted: Sequence[Path]) -> bool:
    """Let Snakemake run what is out of date; it writes to a file, its steps to the terminal."""
    places = sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)
    environment = {**os.environ, **_ENVIRONMENT, "PATH": os.pathsep.join(places)}
    if not os.access(Path("~").expanduser(), os.W_OK):
        for name in _IN_HOME:
            environment.setdefault(name, str(Path(tempfile.gettempdir(), "pcutils-home", name.lower())))
    command = [sys.executable, "-m", "snakemake", *map(str, wanted), "--cores", str(cores), *_OPTIONS]
    command += ["--snakefile", str(root / "workflow" / "Snakefile"), "--directory", str(files.dir)]
    (files.dir / "logs").mkdir(exist_ok=True)
    with (files.dir / "logs" / "snakemake.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, cwd=files.dir, stdout=sys.stderr, stderr=log)
        try:
            return process.wait() == 0
        except KeyboardInterrupt as error:
            process.wait()  # Snakemake ends the steps and removes their half-written files
            raise RunError(f"stopped. {_AGAIN}") from error


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
