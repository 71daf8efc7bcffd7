"""The steps of a run: what each reads from the profile, and which files each chapter needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pcutils.errors import ProfileError
from pcutils.pipeline.digest import CodeBase, digest_folder
from pcutils.pipeline.files import CHAPTERS, RunFiles
from pcutils.pipeline.parameters import check_parameters
from pcutils.pipeline.profile_errors import suggest
from pcutils.pipeline.source_options import source_options
from pcutils.variants import VARIANTS

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Profile

SECTIONS: dict[str, tuple[str, ...]] = {
    "data": ("data", "splits"),
    "measures": ("execution",),
    "tokenizer": ("models",),
    "train": ("models", "execution"),
    "sample": ("sampling", "execution"),
    "sample_measures": ("execution",),
}
"""Sections of the profile that each stage gets, and nothing else."""

_WITHOUT_EFFECT = {"execution": {"workers"}, "models": {"processes"}}
"""Values that change how long a stage takes, and not what it writes."""

TOKENIZER_FILE = "tokenizer.json"


def _data(files: RunFiles) -> list[Path]:
    return [*files.parts("traces"), *files.parts("splits"), files.students]


def _reading(files: RunFiles) -> list[Path]:
    return [files.quarantine, files.reading]


def _measures(files: RunFiles) -> list[Path]:
    return [*files.parts("measures"), *files.parts("programs")]


def _models(files: RunFiles) -> list[Path]:
    return [files.weights(variant) for variant in VARIANTS] + [
        files.learning_curve(variant) for variant in VARIANTS
    ]


def _samples(files: RunFiles) -> list[Path]:
    return [file for variant in VARIANTS for file in (files.samples(variant), files.sample_measures(variant))]


def _results(files: RunFiles) -> list[Path]:
    return [files.result(chapter) for chapter in CHAPTERS[:-1]]


_NEEDS: dict[str, tuple[Callable[[RunFiles], list[Path]], ...]] = {
    "01_dataset_statistics": (_data, _reading, _measures),
    "02_model_training": (_data, _measures, _models, _samples),
    "03_behavioral_evaluation": (_data, _measures, _models, _samples),
    "04_embedding_probes": (_data, _measures, _models),
    "05_new_students": (_data, _measures, _models),
    "06_steering": (_data, _measures, _models, _samples),
    "07_scorecard": (_results,),
}

ALONE: dict[str, Callable[[RunFiles], list[Path]]] = {
    "data": lambda files: [*_data(files), *_reading(files)],
    "measures": lambda files: [*_data(files), *_measures(files)],
}
"""Stages that can be asked for without a chapter, and the files that they bring up to date."""


def chapter_inputs(chapter: str, files: RunFiles) -> list[Path]:
    """List the files that a chapter reads.

    Parameters
    ----------
    chapter : str
        One of the seven chapters.
    files : RunFiles
        Where the run lies.

    Returns
    -------
    list of pathlib.Path
        Each of them is written by an earlier step.
    """
    return [file for needs in _NEEDS[chapter] for file in needs(files)]


def targets(chapters: Iterable[str], files: RunFiles) -> list[Path]:
    """List all files that chapters need, directly or not, and the chapters themselves.

    Snakemake takes a file that is missing for needed only if something out of date reads it; as targets, the
    files that a failed or interrupted step left missing are made again.

    Parameters
    ----------
    chapters : iterable of str
        Which chapters, or stages of :data:`ALONE`.
    files : RunFiles
        Where the run lies.

    Returns
    -------
    list of pathlib.Path
        Each file once.
    """
    wanted: dict[Path, None] = {}
    for chapter in chapters:
        if chapter in ALONE:
            wanted.update(dict.fromkeys(ALONE[chapter](files)))
            continue
        if chapter == CHAPTERS[-1]:
            wanted.update(dict.fromkeys(targets(CHAPTERS[:-1], files)))
        inputs = chapter_inputs(chapter, files)
        if files.weights(VARIANTS[0]) in inputs:
            wanted[files.tokenizer / TOKENIZER_FILE] = None
        wanted.update(dict.fromkeys([*inputs, files.notebook(chapter), files.result(chapter)]))
    return list(wanted)


class Steps:
    """What the workflow needs to know to decide which steps must run again.

    Parameters
    ----------
    root : pathlib.Path
        The clone.
    profile : Profile
        The profile of the run.
    """

    def __init__(self, root: Path, profile: Profile) -> None:
        self.root, self.profile = root, profile
        self._code = CodeBase(root)

    @property
    def launcher(self) -> str:
        """Words before the command that trains a model, where several processes do."""
        processes = self.profile.models.processes
        return f"torchrun --standalone --no-python --nproc-per-node {processes}" if processes > 1 else ""

    def check(self) -> None:
        """Check the chapters' parameters, and where the data and their secrets are, before anything runs.

        Raises
        ------
        ProfileError
            Where a chapter or a parameter is unknown, a value is of the wrong type, or data or a secret is
            not there.
        """
        for chapter in self.profile.chapters:
            if chapter not in CHAPTERS:
                raise ProfileError(f"chapters.{chapter}: unknown chapter; {suggest(chapter, CHAPTERS)}")
        source = source_path(self.profile, self.root)
        if source is not None and not source.exists():
            raise ProfileError(f"data.path: there is no {source}; say where with --set data.path=FOLDER.")
        source_options(self.profile.data, self.root)
        for chapter in CHAPTERS:
            self.parameters(chapter)

    def parameters(self, chapter: str) -> dict[str, Any]:
        """Give a chapter its parameters, checked against its notebook: all but `run_dir`.

        Parameters
        ----------
        chapter : str
            One of the seven chapters.

        Returns
        -------
        dict
            Name to value.
        """
        given = self.profile.chapters.get(chapter, {})
        return check_parameters(self.notebook(chapter), given, f"chapters.{chapter}")

    def notebook(self, chapter: str) -> Path:
        """Return the notebook of a chapter, as it stands in the clone."""
        return self.root / "notebooks" / f"{chapter}.ipynb"

    def settings(self, stage: str) -> str:
        """Write down what a stage reads from the profile, as one line for Snakemake to compare.

        Parameters
        ----------
        stage : str
            A key of :data:`SECTIONS`.

        Returns
        -------
        str
            Sections and values; the data stage's has the digest of the source's files too.
        """
        parts = [
            f"{name}={getattr(self.profile, name).model_dump(exclude=_WITHOUT_EFFECT.get(name))}"
            for name in SECTIONS[stage]
        ]
        source = source_path(self.profile, self.root) if stage == "data" else None
        return "; ".join([*parts, f"source={digest_folder(source)}"] if source else parts)

    def code(self, stage: str) -> str:
        """Digest the code that a stage runs."""
        return self._code.digest(f"pcutils.pipeline.stages.{stage}")

    def chapter(self, chapter: str) -> str:
        """Digest a chapter's cells, the code behind them, and its parameters."""
        return (
            f"{self._code.digest_notebook(self.notebook(chapter))} {sorted(self.parameters(chapter).items())}"
        )


def source_path(profile: Profile, root: Path) -> Path | None:
    """Find the data that a profile reads from outside the run.

    Parameters
    ----------
    profile : Profile
        The profile.
    root : pathlib.Path
        What a relative path is relative to.

    Returns
    -------
    pathlib.Path or None
        None where students are made up.
    """
    path = getattr(profile.data, "path", None)
    return None if path is None else (root / Path(path).expanduser()).resolve()


def step_name(stage: str, part: str | None = None) -> str:
    """Name a step for its log.

    Parameters
    ----------
    stage : str
        Stage, or chapter.
    part : str, optional
        Model variant, or shard.

    Returns
    -------
    str
        Name of a file without its ending.

    Examples
    --------
    >>> step_name("train", "last")
    'train-last'
    """
    return f"{stage}-{part}" if part else stage


def step_names(chapters: Iterable[str] = CHAPTERS, shards: Iterable[str] = ("",)) -> list[str]:
    """Name all steps in the order in which people read them.

    Parameters
    ----------
    chapters : iterable of str
        Which chapters to name after the stages.
    shards : iterable of str
        Names of the shards; see :attr:`RunFiles.shard_names`.

    Returns
    -------
    list of str
        Names of :func:`step_name`.
    """
    names = ["data", *(step_name("measures", shard) for shard in shards), "tokenizer"]
    names += [
        step_name(stage, variant) for stage in ("train", "sample", "sample_measures") for variant in VARIANTS
    ]
    return names + list(chapters)
