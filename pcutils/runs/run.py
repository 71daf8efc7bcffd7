"""What a notebook sees of a run: its profile, its tables, its models and its results."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pcutils.errors import RunError
from pcutils.runs.chapter import Chapter
from pcutils.runs.files import RunFiles, repository_root
from pcutils.runs.notebooks import NEEDS, find_chapters
from pcutils.runs.profiles import load_profile
from pcutils.runs.provenance import provenance

if TYPE_CHECKING:
    import pandas
    from datasets import Dataset

    from pcutils.models import TraceModel
    from pcutils.runs.programs import RunPrograms

_STUDENTS = {
    "simulated": "simulated students",
    "rollouts": "students imitated by the released models",
    "hub": "students of Pencil Code",
    "progsnap2": "students of another platform",
    "logs": "students of one server",
}


def open_run(run_dir: str | Path) -> Run:
    """Open a run of the book; a relative folder is looked for in the current directory, then in the clone."""
    given = Path(run_dir)
    for folder in [given.resolve()] if given.is_absolute() else [given.resolve(), repository_root() / given]:
        if RunFiles(folder).at("profile").is_file():
            return Run(folder)
    raise RunError(f"no run in {given}: `pcutils run --profile {given.name}` or `--name` makes it.")


class Run:
    """One run of the book: `dir` is its folder, `profile` every value that it was made with."""

    def __init__(self, folder: Path) -> None:
        self.dir = folder
        self.profile = load_profile(RunFiles(folder).at("profile"))
        self.files = RunFiles(folder, self.profile.data.shards)
        self._step = "by-hand"
        self._started = time.time()

    @property
    def may_show_programs(self) -> bool:
        """Whether programs, comments and usernames may be shown: only those of simulated students."""
        return bool(self.profile.data.source == "simulated")

    @property
    def kind_of_students(self) -> str:
        """Whose traces these are, for captions."""
        return _STUDENTS.get(self.profile.data.source, f"students of the source {self.profile.data.source}")

    def traces(self, split: str | None = None) -> Dataset:
        """All traces in the schema :data:`pcutils.data.TRACE_SCHEMA`, or those of one of the splits."""
        from pcutils.data import SPLITS, read_table

        table = read_table([self._existing(part) for part in self.files.parts("traces")])
        if split is None:
            return table
        if split not in SPLITS:
            raise RunError(f"no split {split!r}; there are {', '.join(SPLITS)}.")
        labels = self.splits()["split"]
        return table.select(labels.index[labels == split])

    def splits(self) -> pandas.DataFrame:
        """One row a trace: `username`, `title`, `split`."""
        return self._frame(*self.files.parts("splits"))

    def students(self) -> pandas.DataFrame:
        """One row a student: `username`, and the true traits where students are simulated."""
        return self._frame(self.files.at("students"))

    def reading(self) -> dict[str, Any]:
        """What became of the source: ``{"traces": n, "rejected": {reason: n}, "counts": {what: n}}``."""
        return dict(self._json("reading"))

    def measures(self) -> pandas.DataFrame:
        """One row a trace: all of :data:`pcutils.metrics.MEASURES`, and `outcomes`, how each state ended."""
        table = self._frame(*self.files.parts("measures"))
        return table.assign(row=range(len(table)))

    def programs(self) -> pandas.DataFrame:
        """One row a distinct program: how it ended when it ran."""
        return self._frame(*self.files.parts("programs")).drop_duplicates("program_hash", ignore_index=True)

    def run_status(self, programs: Iterable[str], *, step: str | None = None) -> pandas.DataFrame:
        """Tell how programs end, as :func:`pcutils.execution.run_status`; none is run twice in a run."""
        return self._programs.status(programs)

    def model(self, variant: str) -> TraceModel:
        """Load one of the trained models."""
        from pcutils.models import load_model

        self._existing(self.files.at("weights", variant))
        return load_model(self.files.at("model", variant), self._programs.outcomes())

    def learning_curve(self, variant: str) -> pandas.DataFrame:
        """How one model learnt: `step`, `tokens`, `seconds`, `split`, `bits_per_token`, `bits_per_trace`."""
        return self._frame(self.files.at("learning_curve", variant))

    def samples(self, variant: str) -> pandas.DataFrame:
        """One row a sampled trace; `failure` says why where it does not parse."""
        return self._frame(self.files.at("samples", variant))

    def sample_measures(self, variant: str) -> pandas.DataFrame:
        """One row a sampled trace that parses: like :meth:`measures`, with `prompt` and `number`."""
        return self._frame(self.files.at("sample_measures", variant))

    def results(self, chapter: str) -> dict[str, Any]:
        """What a chapter saved: ``{"measures": ..., "parameters": ..., "provenance": ...}``."""
        return dict(self._json("results", chapter))

    def suppress(self, table: pandas.DataFrame, counts: Any) -> pandas.DataFrame:
        """Leave out rows of fewer than ten students (`counts`: a column or a series) of other sources."""
        from pcutils.data import suppress_small_groups

        return table if self.may_show_programs else suppress_small_groups(table, counts)

    def chapter(self, name: str, notebook: Mapping[str, Any] | None = None, **defaults: Any) -> Chapter:
        """Start the chapter of a notebook: its name, ``globals()``, and the defaults of its parameters."""
        self._step = name
        chapter = Chapter(self, name, notebook or {}, defaults)
        if not self.may_show_programs:
            chapter.needs_students(len(self.students()))
        return chapter

    def provenance(self, chapter: str) -> dict[str, Any]:
        """Where a chapter's results come from: profile, inputs, packages, commit, machine, duration."""
        source = find_chapters(repository_root()).get(chapter)
        return provenance(self.files, self.profile, self._started, source.needs if source else NEEDS)

    @cached_property
    def _programs(self) -> RunPrograms:
        from pcutils.runs.programs import RunPrograms

        return RunPrograms(self.files, self.profile.execution, f"chapter-{self._step}")

    def _json(self, name: str, part: str = "") -> Any:
        return json.loads(self._existing(self.files.at(name, part)).read_text(encoding="utf-8"))

    def _frame(self, *paths: Path) -> pandas.DataFrame:
        import pandas
        import pyarrow

        frames = []
        for path in paths:
            try:
                frames.append(pandas.read_parquet(self._existing(path)))
            except pyarrow.ArrowException as error:
                raise RunError(f"{path} is damaged or half written; delete it. {self._writes}") from error
        filled = [frame for frame in frames if len(frame)] or frames[:1]
        return filled[0] if len(filled) == 1 else pandas.concat(filled, ignore_index=True)

    def _existing(self, path: Path) -> Path:
        if not path.exists():
            raise RunError(f"{path} is not there: {self._writes}")
        return path

    @property
    def _writes(self) -> str:
        return f"{self.command} writes it."

    @property
    def command(self) -> str:
        """The command that made this run, in backticks, as far as its folder tells."""
        name, at = self.dir.name, self.dir.parent
        option = "profile" if (repository_root() / "profiles" / f"{name}.yaml").is_file() else "name"
        folder = "" if at == repository_root() / "runs" else f" --runs {at}"
        return f"`pcutils run --{option} {name}{folder}`"
