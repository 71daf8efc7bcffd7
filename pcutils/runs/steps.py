"""The steps of a run: what each one needs, and by what the workflow knows that it must run again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from pcutils.data import VARIANTS
from pcutils.runs.files import RunFiles
from pcutils.runs.notebooks import Notebook


class Step(NamedTuple):
    """A step before the chapters in words, and what it uses of the profile and of the package."""

    title: str
    sections: tuple[str, ...]
    code: tuple[str, ...]


_RUNS = ("trace.py", "data", "execution", "runs/stages.py")
STEPS = {
    "data": Step("reading the data", ("data", "splits"), ("trace.py", "data", "simulate", "runs/stages.py")),
    "measures": Step("measuring and running the programs", ("execution",), (*_RUNS, "metrics")),
    "tokenizer": Step("training the tokenizer", ("models",), (*_RUNS, "models")),
    "train": Step("training the model", ("models", "execution"), (*_RUNS, "models")),
    "sample": Step("sampling from the model", ("sampling", "execution"), (*_RUNS, "models")),
    "sample_measures": Step("measuring the samples of", ("execution",), (*_RUNS, "metrics")),
}
_OF_CHAPTERS = (
    "metrics",
    "models",
    "analysis",
    "plots",
    "execution/drawing",
    "runs/run.py",
    "runs/chapter.py",
)

WITHOUT_EFFECT = {"execution": {"workers"}}
"""Values that change how long a step takes, and not what it writes."""


@cache
def code_digest(step: str) -> str:
    """Hash what a step, any chapter, or ``execution`` uses of the package; drawings only for chapters."""
    package, digest = Path(__file__).resolve().parents[1], hashlib.sha256(version("quickjs-ng").encode())
    for part in (
        STEPS[step].code if step in STEPS else ("execution",) if step == "execution" else _OF_CHAPTERS
    ):
        path = package / part
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            name = file.relative_to(package).as_posix()
            is_drawing = part == "execution" and name.startswith("execution/drawing")
            if file.is_file() and "__pycache__" not in name and not is_drawing:
                digest.update(name.encode() + file.read_bytes())
    return digest.hexdigest()


def settings(profile: Any, step: str) -> str:
    """What a step reads from the profile, as text for the workflow to compare."""
    sections = {name: getattr(profile, name) for name in STEPS[step].sections}
    return str({name: one.model_dump(exclude=WITHOUT_EFFECT.get(name)) for name, one in sections.items()})


def source_files(profile: Any, root: Path) -> list[Path]:
    """Files that the data come from, where they lie outside the run."""
    if (path := getattr(profile.data, "path", None)) is None:
        return []
    found = (root / Path(path).expanduser()).resolve()
    return sorted(file for file in [found, *found.rglob("*")] if file.is_file())


def needed_files(needs: Iterable[str], files: RunFiles, chapters: Mapping[str, Notebook]) -> list[Path]:
    """Files behind the needs of a chapter."""
    facts = [files.at(name) for name in ("students", "rejected", "reading")]
    found = {
        "data": [*files.parts("traces"), *files.parts("splits"), *facts],
        "measures": [*files.parts("measures"), *files.parts("programs")],
        "models": [files.at(name, one) for one in VARIANTS for name in ("weights", "learning_curve")],
        "samples": [files.at(name, one) for one in VARIANTS for name in ("samples", "sample_measures")],
        "results": [
            files.at("results", name) for name, one in chapters.items() if "results" not in one.needs
        ],
    }
    return [file for need in needs for file in found[need]]


def targets(wanted: Iterable[str], files: RunFiles, chapters: Mapping[str, Notebook]) -> list[Path]:
    """All files behind chapters, or behind the steps `data` and `measures`.

    Snakemake makes a missing file only if something out of date reads it; as targets, the files that a failed
    or interrupted step left missing are made again.
    """
    names, found = list(wanted), set()
    if any("results" in chapters[name].needs for name in names if name in chapters):
        names += [name for name, one in chapters.items() if "results" not in one.needs]
    for name in names:
        needs = chapters[name].needs if name in chapters else (name, "data")
        own = [files.at(file, name) for file in ("notebook", "results")] if name in chapters else []
        tokenizer = [files.at("tokenizer")] if "models" in needs else []
        found |= {*needed_files(needs, files, chapters), *tokenizer, *own}
    return sorted(found)


def step_title(step: str) -> str:
    """Say what a step does.

    >>> step_title("train-last"), step_title("measures-00003-of-00008"), step_title("06_steering")
    ('training the model last', 'measuring and running the programs, shard 4 of 8', 'chapter 06_steering')
    """
    name, _, part = step.partition("-")
    if name not in STEPS:
        return f"chapter {step}"
    number, of, count = part.partition("-of-")
    return (
        f"{STEPS[name].title}, shard {int(number) + 1} of {count.lstrip('0')}"
        if of
        else f"{STEPS[name].title} {part}".strip()
    )
