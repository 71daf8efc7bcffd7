"""Run one step of a run, as the workflow calls it, and note its seconds and memory."""

from __future__ import annotations

import importlib
from pathlib import Path

from pcutils.errors import RunError
from pcutils.pipeline.files import CHAPTERS, RunFiles
from pcutils.pipeline.notebooks import run_chapter
from pcutils.pipeline.profiles import Profile, load_profile
from pcutils.pipeline.provenance import Clock, peak_memory_mb, processor_seconds
from pcutils.pipeline.results import write_json
from pcutils.pipeline.steps import SECTIONS, Steps, step_name


def run_step(
    name: str, run_dir: Path, root: Path, variant: str | None = None, shard: str | None = None
) -> None:
    """Run a stage or a chapter in a run that has its ``profile.yaml``.

    Parameters
    ----------
    name : str
        A stage of :data:`pcutils.pipeline.steps.SECTIONS`, or a chapter.
    run_dir : pathlib.Path
        Folder of the run.
    root : pathlib.Path
        The clone.
    variant : str, optional
        For the stages that there are once a model.
    shard : str, optional
        For the stages that there are once a shard, where there are several.

    Raises
    ------
    RunError
        Where there is no such step or shard.
    """
    clock = Clock()
    profile = load_profile(RunFiles(run_dir).profile)
    files = RunFiles(run_dir.resolve(), profile.data.shards)
    if (shard or "") not in files.shard_names and (shard or name == "measures"):
        known = f"{files.shard_names[0]} to {files.shard_names[-1]}" if files.shards > 1 else "a single one"
        raise RunError(f"{name}: no shard {shard!r}; the profile has {known}.")
    if name in CHAPTERS:
        steps = Steps(root, profile)
        run_chapter(name, steps.notebook(name), files, steps.parameters(name))
    elif name in SECTIONS:
        _run_stage(name, files, profile, root, {"variant": variant, "shard": shard})
    else:
        raise RunError(f"no step {name!r}; there are {', '.join([*SECTIONS, *CHAPTERS])}.")
    timing = {
        "started": clock.started,
        "seconds": clock.seconds,
        "processor_seconds": processor_seconds(),
        "peak_memory_mb": peak_memory_mb(),
    }
    write_json(files.timing(step_name(name, variant or shard)), timing)


def _run_stage(
    name: str, files: RunFiles, profile: Profile, root: Path, parts: dict[str, str | None]
) -> None:
    stage = importlib.import_module(f"pcutils.pipeline.stages.{name}")
    arguments = {section: getattr(profile, section) for section in SECTIONS[name]}
    arguments |= {name: part for name, part in parts.items() if part}
    if name in ("data", "tokenizer", "train"):
        arguments["root"] = root
    stage.run(files, **arguments)
