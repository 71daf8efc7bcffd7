"""Where the parts of the clone and the files of a run lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pcutils.errors import RunError

_FILES = {
    "profile": "profile.yaml",
    "traces": "data/traces.parquet",
    "splits": "data/splits.parquet",
    "measures": "data/measures.parquet",
    "programs": "data/programs.parquet",
    "students": "data/students.parquet",
    "rejected": "data/rejected.jsonl",
    "reading": "data/reading.json",
    "outcomes": "data/outcomes",
    "tokenizer": "models/tokenizer/tokenizer.json",
    "model": "models/{}",
    "weights": "models/{}/model.safetensors",
    "learning_curve": "models/{}/learning_curve.parquet",
    "training": "models/{}/training.json",
    "samples": "samples/{}.parquet",
    "sample_measures": "samples/{}_measures.parquet",
    "results": "results/{}.json",
    "figures": "figures/{}",
    "notebook": "notebooks/{}.ipynb",
    "attempt": "logs/{}.ipynb",
    "log": "logs/{}.json",
}


def repository_root() -> Path:
    """Find the clone with notebooks and profiles: upwards from here, else the one of this package."""
    here = Path.cwd().resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "profiles").is_dir() and (folder / "notebooks").is_dir():
            return folder
    raise RunError(f"{here} is not in a clone of the book: no profiles/ and notebooks/ in it or above it.")


@dataclass(frozen=True)
class RunFiles:
    """Paths of one run; nothing is read or written here."""

    dir: Path
    shards: int = 1

    def at(self, name: str, part: str = "") -> Path:
        """Path of a file or folder; `part` is the variant, the chapter or the step that it belongs to."""
        return self.dir / _FILES[name].format(part)

    @property
    def shard_names(self) -> list[str]:
        """Names of the shards, such as ``00003-of-00008``; a single one has an empty name."""
        return [f"{n:05}-of-{self.shards:05}" for n in range(self.shards)] if self.shards > 1 else [""]

    def part(self, table: str, shard: str) -> Path:
        """One shard of a table: ``data/traces/00003-of-00008.parquet``, or ``data/traces.parquet``."""
        whole = self.at(table)
        return whole.with_suffix("") / f"{shard}.parquet" if self.shards > 1 else whole

    def parts(self, table: str) -> list[Path]:
        """All shards of a table, in the order of its rows."""
        return [self.part(table, shard) for shard in self.shard_names]
