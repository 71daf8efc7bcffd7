"""Read a source: into a table, row by row, or to see what is wrong in it."""

from __future__ import annotations

import secrets
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from pcutils.data.rows import Problem, Record, RejectedRow, RejectedRowsWarning, digest, row_problems
from pcutils.data.sources import SOURCES, FilePath, Secret, Source, SourceOptions
from pcutils.data.table import rows_to_dataset, trace_columns
from pcutils.errors import DataError
from pcutils.trace import Trace

if TYPE_CHECKING:
    from datasets import Dataset
    from pandas import DataFrame

SECOND_OF_PAIR = ("title", "a second trace of this student and title", "one trace a student and title")
SAME_TRACE = ("row", "the same trace again", "each trace once")
_MOST_REASONS = 5


class Reading:
    """A source that is read once: go through `rows`; everything else is whole after the last of them.

    `published` has the split of every trace, `rejected` the reasons of rejected rows, `counts` what the
    source says of the other rows. `seen` holds digests of traces that must not come again.
    """

    def __init__(self, options: SourceOptions, seen: set[int] | None = None) -> None:
        self.options, self.source = options, SOURCES[options.source]
        self.published: list[str | None] = []
        self.rejected: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self._students: dict[str, Mapping[str, Any] | None] = {}
        self._seen = set() if seen is None else seen

    @property
    def rows(self) -> Iterator[dict[str, Any] | RejectedRow]:
        """Give valid rows of the table of traces, and rejected rows."""
        for item in self.source.read(self.options):
            if isinstance(item, Counter):
                self.counts.update(item)
            elif isinstance(item, RejectedRow):
                yield self._reject(item)
            else:
                yield self._row(item if isinstance(item, Record) else Record(item))

    def _row(self, record: Record) -> dict[str, Any] | RejectedRow:
        trace = record.trace
        columns = trace_columns(trace) if isinstance(trace, Trace) else trace
        row = {"outcomes": None, **columns, "source": self.options.source}
        problem = next(row_problems(row, in_order=not self.source.sampled), None) or self._repeated(row)
        if problem is not None:
            number = len(self.published) + self.rejected.total() if record.row is None else record.row
            return self._reject(RejectedRow(record.file, number, *problem))
        self.published.append(record.split)
        self._students.setdefault(row["username"], record.traits)
        return row

    def _reject(self, row: RejectedRow) -> RejectedRow:
        self.rejected[f"with {row.found} ({row.field})"] += 1
        return row

    def _repeated(self, row: Mapping[str, Any]) -> Problem | None:
        """Find a trace that came before, or a second one of a pair where the source allows one."""
        if self.source.sampled:
            return None
        one_a_pair = getattr(self.options, "repeated_pairs", "keep") == "reject"
        states = () if one_a_pair else (*row["programs"], *map(str, row["timestamps"]))
        found = digest((row["username"], row["title"], *states))
        if found in self._seen:
            return SECOND_OF_PAIR if one_a_pair else SAME_TRACE
        self._seen.add(found)
        return None

    def students(self) -> DataFrame:
        """One row a student: ``username`` and known traits."""
        import pandas

        traits = [known for known in self._students.values() if known]
        return pandas.DataFrame(traits or {"username": sorted(self._students)})

    def summary(self) -> str:
        """Say in one sentence how many rows were rejected, and why."""
        reasons = ", ".join(f"{count:,} {why}" for why, count in self.rejected.most_common(_MOST_REASONS))
        return f"{self.rejected.total():,} of {self._read():,} rows rejected: {reasons or 'none'}"

    def check_rejected(self) -> None:
        """Raise a DataError where a larger share of the rows was rejected than the options allow."""
        if self.rejected.total() > self.options.max_rejected * self._read():
            hint = "`pcutils check` names each of them; where they are right to be rejected, raise the share."
            expected = f"a share of at most {self.options.max_rejected}"
            raise DataError(self.summary(), expected, field="max_rejected", hint=hint)

    def _read(self) -> int:
        return max(len(self.published) + self.rejected.total(), self.counts.total())


def load(source: str, path: Any = None, **options: Any) -> Dataset:
    """Get a table of traces from a source.

    Parameters
    ----------
    source : str
        Name of a source: one of :data:`SOURCES`, such as "simulated", "rollouts", "hub", "progsnap2", "logs".
    path : str or pathlib.Path, optional
        The option of that name.
    **options
        Fields of ``SOURCES[source].options``; ``max_rejected`` makes a larger share of rejected rows an
        error.

    Returns
    -------
    datasets.Dataset
        With :data:`pcutils.data.TRACE_SCHEMA`. Rows that could not be read are counted in a
        :class:`RejectedRowsWarning`; :func:`check` names each of them.

    Raises
    ------
    pcutils.errors.DataError
        If the source or an option is unknown, missing or wrong, or the source cannot be read.

    Examples
    --------
    >>> load("simulated", students=2, assignments_per_student=3).num_rows
    6
    """
    reading = Reading(options_of(source, path, **options))
    dataset = rows_to_dataset(row for row in reading.rows if not isinstance(row, RejectedRow))
    if reading.rejected:
        warnings.warn(reading.summary(), RejectedRowsWarning, stacklevel=2)
    if "max_rejected" in options:
        reading.check_rejected()
    return dataset


def options_of(source: str, path: Any = None, **options: Any) -> SourceOptions:
    """Validate the options of a source; secrets may be given as they are."""
    if source not in SOURCES:
        raise DataError(repr(source), "one of " + ", ".join(SOURCES), field="source")
    model = SOURCES[source].options
    given = options if path is None else {"path": path, **options}
    for name in model.secrets & given.keys():
        if isinstance(given[name], str | bytes):
            given = {**given, name: Secret.of(given[name])}
    try:
        return model(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "options"
        found, expected = repr(first["input"])[:80], first["msg"].removeprefix("Input should be ")
        hint = None
        if first["type"] == "extra_forbidden":
            known = [known for known in model.model_fields if known not in ("source", "shards")]
            name, found, expected = f"options of {source}", f"option {name!r}", "one of " + ", ".join(known)
        elif first["type"] == "missing":
            found, expected, hint = "nothing", "a value", f"The source {source!r} needs it."
        raise DataError(found, expected, field=name, hint=hint) from error


class Checked(NamedTuple):
    """What a file or folder was recognised as (None: as nothing), and what is wrong in it."""

    file: str
    source: str | None
    traces: int = 0
    rejected: tuple[RejectedRow, ...] = ()


def check(path: FilePath) -> list[RejectedRow]:
    """Find everything that is wrong in a file of traces, or in all files of a folder, by file and row.

    `path` is a file that a source recognises, the folder of a ProgSnap2 data set, or a folder of these; a
    DataError where there is nothing that a source recognises.
    """
    return [row for checked in examine(path) for row in checked.rejected]


def examine(path: FilePath) -> Iterator[Checked]:
    """Recognise a file, or all files of a folder, and find everything that is wrong in them."""
    path = Path(path)
    known = "a file of " + ", ".join(
        source.label for source in SOURCES.values() if source.name != "simulated"
    )
    if not path.exists():
        raise DataError("no such file or folder", known, file=str(path))
    found = list(_recognised(path))
    if not any(source for _, source, _ in found):
        raise DataError("nothing that a source recognises", known, file=str(path))
    seen: set[int] = set()
    for place, source, options in found:
        yield _checked(place, source, options, seen) if source else Checked(str(place), None)


def _recognised(path: Path) -> Iterator[tuple[Path, Source | None, dict[str, Any]]]:
    """Find what sources recognise in a path, folders of data sets before files."""
    for source in SOURCES.values():
        options = source.recognise(path)
        if options is not None:
            yield path, source, dict(options)
            return
    if path.is_file():
        yield path, None, {}
        return
    for inner in sorted(path.iterdir(), key=lambda inner: (inner.is_file(), inner.name)):
        if not inner.name.startswith("."):
            yield from _recognised(inner)


def _checked(path: Path, source: Source, options: dict[str, Any], seen: set[int]) -> Checked:
    if "key" in source.options.model_fields:
        options["key"] = secrets.token_hex(32)  # nobody sees the pseudonyms
    reading = Reading(options_of(source.name, **options), seen)
    rejected: list[RejectedRow] = []
    try:
        rejected += [row for row in reading.rows if isinstance(row, RejectedRow)]
    except DataError as error:
        file, field = error.file or path.name, error.field or "file"
        rejected.append(RejectedRow(file, error.row, field, error.found, error.expected))
    rejected.sort(key=lambda row: row.row or 0)
    return Checked(str(path), source.name, len(reading.published), tuple(rejected))
