"""Where the parts of the repository and the files of a run lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pcutils.errors import RunError

CHAPTERS = (
    "01_dataset_statistics",
    "02_model_training",
    "03_behavioral_evaluation",
    "04_embedding_probes",
    "05_new_students",
    "06_steering",
    "07_scorecard",
)


def repository_root(start: Path | None = None) -> Path:
    """Find the clone that holds the notebooks, the profiles and the workflow.

    Parameters
    ----------
    start : pathlib.Path, optional
        Where to look first, upwards; the current directory by default. The clone that this package was
        installed from comes last.

    Returns
    -------
    pathlib.Path
        Absolute path of the clone.

    Raises
    ------
    RunError
        Where neither is a clone.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "profiles").is_dir() and (folder / "notebooks").is_dir():
            return folder
    raise RunError(
        f"{here} is not inside a clone of the book: no profiles/ and notebooks/ in it or above it."
    )


SHARDED = ("traces", "splits", "measures", "programs")
"""Tables that are kept in shards."""


@dataclass(frozen=True)
class RunFiles:
    """The files of one run; nothing is read or written here.

    Parameters
    ----------
    dir : pathlib.Path
        Folder of the run, ``runs/<profile>``.
    shards : int
        In how many files each of the tables of traces, splits, measures and programs is kept; see
        :meth:`parts`.
    """

    dir: Path
    shards: int = 1

    @property
    def shard_names(self) -> list[str]:
        """Names of the shards, such as ``00003-of-00008``; a single one has none."""
        if self.shards == 1:
            return [""]
        return [f"{shard:05}-of-{self.shards:05}" for shard in range(self.shards)]

    def part(self, table: str, shard: str) -> Path:
        """Return one shard of a table.

        Parameters
        ----------
        table : {"traces", "splits", "measures", "programs"}
            Which table.
        shard : str
            One of :attr:`shard_names`.

        Returns
        -------
        pathlib.Path
            ``data/traces/00003-of-00008.parquet``, or ``data/traces.parquet`` where there is one shard.
        """
        whole: Path = getattr(self, table)
        return whole.with_suffix("") / f"{shard}.parquet" if self.shards > 1 else whole

    def parts(self, table: str) -> list[Path]:
        """Return all shards of a table, in the order of its rows."""
        return [self.part(table, shard) for shard in self.shard_names]

    @property
    def profile(self) -> Path:
        """The profile with every value filled in."""
        return self.dir / "profile.yaml"

    @property
    def traces(self) -> Path:
        """Table of all traces, where it is one file."""
        return self.dir / "data" / "traces.parquet"

    @property
    def students(self) -> Path:
        """Students, with their true traits where they are made up."""
        return self.dir / "data" / "students.parquet"

    @property
    def splits(self) -> Path:
        """Split of each trace."""
        return self.dir / "data" / "splits.parquet"

    @property
    def quarantine(self) -> Path:
        """Rows of the source that could not become a trace."""
        return self.dir / "data" / "quarantine.jsonl"

    @property
    def reading(self) -> Path:
        """What became of each line or event, where the source has more of them than traces."""
        return self.dir / "data" / "reading.json"

    @property
    def measures(self) -> Path:
        """Measures of each trace."""
        return self.dir / "data" / "measures.parquet"

    @property
    def programs(self) -> Path:
        """What each distinct program did when it ran."""
        return self.dir / "data" / "programs.parquet"

    @property
    def verdicts(self) -> Path:
        """Folder of the verdicts that need not be given again; see :mod:`pcutils.pipeline.verdicts`."""
        return self.dir / "data" / "verdicts"

    @property
    def tokenizer(self) -> Path:
        """Folder of the tokenizer."""
        return self.dir / "models" / "tokenizer"

    def model(self, variant: str) -> Path:
        """Folder of one model."""
        return self.dir / "models" / variant

    def weights(self, variant: str) -> Path:
        """Weights of one model."""
        return self.model(variant) / "model.safetensors"

    def learning_curve(self, variant: str) -> Path:
        """Learning curve of one model."""
        return self.model(variant) / "learning_curve.parquet"

    def training_report(self, variant: str) -> Path:
        """How one model was trained; a training that finds its own report takes itself for finished."""
        return self.model(variant) / "training.json"

    def samples(self, variant: str) -> Path:
        """Traces sampled from one model."""
        return self.dir / "samples" / f"{variant}.parquet"

    def sample_measures(self, variant: str) -> Path:
        """Measures of the traces sampled from one model."""
        return self.dir / "samples" / f"{variant}_measures.parquet"

    def result(self, chapter: str) -> Path:
        """Measures of one chapter with their provenance."""
        return self.dir / "results" / f"{chapter}.json"

    def figures(self, chapter: str) -> Path:
        """Folder of one chapter's figures."""
        return self.dir / "figures" / chapter

    def notebook(self, chapter: str) -> Path:
        """One chapter, executed to its end."""
        return self.dir / "notebooks" / f"{chapter}.ipynb"

    def attempt(self, chapter: str) -> Path:
        """One chapter as far as its last execution came; kept where it failed."""
        return self.dir / "logs" / f"{chapter}.ipynb"

    def timing(self, step: str) -> Path:
        """Seconds and memory of one step's last execution."""
        return self.dir / "logs" / f"{step}.json"
