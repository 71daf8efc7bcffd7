"""What a notebook sees of a run: its profile, its tables, its models and its results."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pcutils.errors import RunError
from pcutils.pipeline.files import CHAPTERS, RunFiles, repository_root
from pcutils.pipeline.parameters import INJECTED, notebook_parameters
from pcutils.pipeline.profiles import Profile, load_profile
from pcutils.pipeline.provenance import Clock, provenance
from pcutils.pipeline.publication import guard, may_be_put_on_page, may_be_shown_whole
from pcutils.pipeline.results import Results

if TYPE_CHECKING:
    import pandas
    from datasets import Dataset

    from pcutils.models import TraceModel
    from pcutils.pipeline.verdicts import Verdicts

_STUDENTS = {
    "simulated": "made-up students",
    "rollouts": "students imitated by the released models",
    "hub": "students of Pencil Code",
    "progsnap2": "students of another platform",
    "logs": "students of one server",
}


def open_run(run_dir: str | Path) -> Run:
    """Open a run of the book.

    Parameters
    ----------
    run_dir : str or pathlib.Path
        Folder of the run; a relative one is looked for in the current directory, then in the clone.

    Returns
    -------
    Run
        Reads its files when they are asked for. Where its students are not made up, whatever this process
        puts on a page from now on is held against them; see :mod:`pcutils.pipeline.publication`.

    Raises
    ------
    RunError
        Where no run was started there; says what to call.
    """
    given = Path(run_dir)
    candidates = [given.resolve()]
    if not given.is_absolute():
        candidates.append(repository_root() / given)
    for folder in candidates:
        if RunFiles(folder).profile.is_file():
            profile = load_profile(RunFiles(folder).profile)
            guard(RunFiles(folder, profile.data.shards), profile.data.source)
            return Run(folder, profile)
    raise RunError(f"no run in {given}: `pcutils run --profile {given.name}` makes it.")


@dataclass(frozen=True)
class Run:
    """One run of the book, ``runs/<profile>``.

    Parameters
    ----------
    dir : pathlib.Path
        Folder of the run.
    profile : Profile
        The resolved profile, with attribute access: ``run.profile.models.layers``.
    """

    dir: Path
    profile: Profile
    _clock: Clock = field(default_factory=Clock, repr=False, compare=False)

    @property
    def files(self) -> RunFiles:
        """Where the files of the run lie."""
        return RunFiles(self.dir, self.profile.data.shards)

    @property
    def may_show_programs(self) -> bool:
        """Whether programs, user names and error messages may be shown: only those of made-up students."""
        return may_be_shown_whole(self.profile.data.source)

    def may_show(self, text: str) -> bool:
        """Whether a text may stand on a page: always, or where no student of the run wrote a line of it."""
        return self.may_show_programs or may_be_put_on_page(text)

    @property
    def kind_of_students(self) -> str:
        """Whose traces these are, for captions."""
        return _STUDENTS[self.profile.data.source]

    def traces(self) -> Dataset:
        """All traces, in the schema of :data:`pcutils.sources.TRACE_SCHEMA`."""
        from pcutils.sources import read_table

        return read_table([self._existing(part) for part in self.files.parts("traces")])

    def traces_of_split(self, split: str) -> Dataset:
        """Return the traces of one split.

        Parameters
        ----------
        split : str
            One of :data:`pcutils.splits.SPLITS`.

        Returns
        -------
        datasets.Dataset
            Its rows, in the order of the table.

        Raises
        ------
        RunError
            Where there is no such split.
        """
        from pcutils.splits import SPLITS

        if split not in SPLITS:
            raise RunError(f"no split {split!r}; there are {', '.join(SPLITS)}.")
        labels = self.splits()["split"]
        return self.traces().select(labels.index[labels == split])

    def splits(self) -> pandas.DataFrame:
        """One row a trace: `username`, `title`, `split`."""
        return self._frame(*self.files.parts("splits"))

    def students(self) -> pandas.DataFrame:
        """One row a student: `username`, and the true traits where students are made up."""
        return self._frame(self.files.students)

    def reading(self) -> dict[str, int]:
        """How many lines or events became what; empty where each row of the source is a trace or none."""
        content: dict[str, int] = json.loads(self._existing(self.files.reading).read_text(encoding="utf-8"))
        return content

    def measures(self) -> pandas.DataFrame:
        """One row a trace: the paper's metrics, the corrected ones, and whether its programs run."""
        whole = self._frame(*self.files.parts("measures"))
        return whole.assign(row=range(len(whole)))

    def programs(self) -> pandas.DataFrame:
        """One row a distinct program: what happened when it ran."""
        return self._frame(*self.files.parts("programs")).drop_duplicates("program_hash", ignore_index=True)

    def run_status(self, programs: Iterable[str], *, step: str) -> pandas.DataFrame:
        """Tell how programs end, and run only those that no step of the run has asked about before.

        Parameters
        ----------
        programs : iterable of str
            Programs, repeats allowed.
        step : str
            Who asks, usually the chapter; names the file that keeps the verdicts.

        Returns
        -------
        pandas.DataFrame
            As from :func:`pcutils.execution.run_status`.
        """
        from pcutils.pipeline.verdicts import Verdicts

        verdicts = Verdicts(self.files, self.profile.execution, step)
        verdicts.take(self._asked_by_models)
        return verdicts.status(programs, progress=False)

    def model(self, variant: str) -> TraceModel:
        """Load one of the trained models."""
        from pcutils.models import load_model

        self._existing(self.files.learning_curve(variant))
        return load_model(self.files.model(variant), self._asked_by_models.outcomes())

    def learning_curve(self, variant: str) -> pandas.DataFrame:
        """How one model learnt: `step`, `tokens`, `seconds`, `split`, `bits_per_token`, `bits_per_trace`."""
        return self._frame(self.files.learning_curve(variant))

    def samples(self, variant: str) -> pandas.DataFrame:
        """One row a sampled trace; `failure` says why where it does not parse."""
        return self._frame(self.files.samples(variant))

    def sample_measures(self, variant: str) -> pandas.DataFrame:
        """One row a sampled trace that parses: like :meth:`measures`, with `prompt` and `number`."""
        return self._frame(self.files.sample_measures(variant))

    def result(self, chapter: str) -> dict[str, Any]:
        """What a chapter measured: ``{"measures": {...}, "provenance": {...}}``."""
        content = self._existing(self.files.result(_checked(chapter))).read_text(encoding="utf-8")
        return json.loads(content)

    def results(self, chapter: str) -> Results:
        """Collect the measures of a chapter; provenance is added when they are saved.

        Parameters
        ----------
        chapter : str
            One of the seven chapters, such as ``03_behavioral_evaluation``.

        Returns
        -------
        Results
            Has ``add`` and ``save``.
        """
        return Results(self.files.result(_checked(chapter)), lambda: self._provenance(chapter))

    @cached_property
    def _asked_by_models(self) -> Verdicts:
        from pcutils.pipeline.verdicts import Verdicts

        return Verdicts(self.files, self.profile.execution, "models")

    def _provenance(self, chapter: str) -> dict[str, Any]:
        parameters = {
            "profile": self.profile.model_dump(exclude={"chapters"}),
            "chapter": _live_parameters(chapter),
        }
        return provenance(parameters, self._clock, data=self.files.parts("traces"))

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
            others = sorted({file.stem.rpartition("-")[2] for file in path.parent.glob("*-of-*.parquet")})
            shards = f"; there are shards of {', '.join(str(int(n)) for n in others)}" if others else ""
            raise RunError(f"{path} is not there{shards}: {self._writes}")
        return path

    @property
    def _writes(self) -> str:
        return f"`pcutils run --profile {self.dir.name}` writes it."


def _checked(chapter: str) -> str:
    if chapter not in CHAPTERS:
        raise RunError(f"no chapter {chapter!r}; there are {', '.join(CHAPTERS)}.")
    return chapter


def _live_parameters(chapter: str) -> dict[str, Any]:
    """Parameters of a chapter as the running notebook holds them, whoever set them."""
    notebook = repository_root() / "notebooks" / f"{chapter}.ipynb"
    names = notebook_parameters(notebook) if notebook.is_file() else {}
    held = vars(sys.modules["__main__"])
    return {name: held.get(name, default) for name, default in names.items() if name != INJECTED}
