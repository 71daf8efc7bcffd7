"""Verdicts that a run has already: no text is run a second time while the code that runs it is the same."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Iterable
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pandas

from pcutils.execution import Executor, program_hash
from pcutils.execution.outcomes import Outcomes
from pcutils.execution.status import COLUMNS, Verdict, verdict_of, verdict_table, with_types
from pcutils.pipeline.digest import CodeBase
from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.writing import replacing

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Execution

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]
_ENGINE = "quickjs-ng"


def execution_key(seconds: float) -> str:
    """Name everything that a verdict depends on besides the program.

    Parameters
    ----------
    seconds : float
        Time limit of a program.

    Returns
    -------
    str
        64 hexadecimal digits; others where the code of :mod:`pcutils.execution`, the commands written in
        JavaScript, the compiler, the engine's version or the time limit is another.
    """
    code = CodeBase(_PACKAGE_PARENT).digest("pcutils.execution.status")
    return hashlib.sha256(f"{code} {metadata.version(_ENGINE)} {seconds}".encode()).hexdigest()


class Verdicts:
    """The verdicts of a run, kept in ``data/verdicts`` by the hash of the program's text.

    Every step reads what all have kept and writes files of its own, so that steps side by side do not write
    the same one: ``STEP.parquet``, and beside it one file for each time that programs were run since that was
    written. A step named ``FOLDER/SHARD`` keeps its own in a folder that others do not read, for the verdicts
    of all shards together may not fit into memory. The workflow does not know these files; without them
    everything is run again.

    Parameters
    ----------
    files : RunFiles
        Of the run.
    execution : Execution
        Section of the profile.
    step : str
        Names the files of whoever asks.
    """

    def __init__(self, files: RunFiles, execution: Execution, step: str) -> None:
        self._file = files.verdicts / f"{step}.parquet"
        self._execution = execution
        self._key = execution_key(execution.seconds)
        self._more = 0
        own = self._join_own()
        others = sorted(set(files.verdicts.glob("*.parquet")) - {self._file})
        known = _joined([own, *(_kept(file, self._key) for file in others)])
        self._known = {verdict.program_hash: verdict for verdict in _verdicts(known)}
        self._fresh: list[Verdict] = []

    def status(self, programs: Iterable[str], *, progress: bool = True) -> pandas.DataFrame:
        """Tell how programs end; those that are known are not run.

        Parameters
        ----------
        programs : iterable of str
            Programs, repeats allowed.
        progress : bool
            Show how far it is.

        Returns
        -------
        pandas.DataFrame
            As from :func:`pcutils.execution.run_status`.
        """
        found = verdict_table(self._look_up(programs, progress=progress))
        self.keep()
        return found

    def outcomes(self) -> Outcomes:
        """Tell models how programs end; what has to be run for them is kept by :meth:`keep`."""
        return Outcomes(self._look_up, conditions=self._key)

    def keep(self) -> None:
        """Write the verdicts on what was run since the last time."""
        if self._fresh:
            self._more += 1
            self._write(verdict_table(self._fresh), self._file.with_suffix(f".{self._more}.parquet"))
            self._fresh = []

    def take(self, other: Verdicts) -> None:
        """Take over what was run for another, which need not keep it any more."""
        self._fresh += [verdict for verdict in other._fresh if verdict.program_hash not in self._known]
        self._known |= {verdict.program_hash: verdict for verdict in other._fresh}
        other._fresh = []

    def _look_up(self, programs: Iterable[str], *, progress: bool = False) -> list[Verdict]:
        texts = {program_hash(program): program for program in programs}
        missing = [text for name, text in texts.items() if name not in self._known]
        if missing:
            fresh = [verdict_of(result) for result in self._executor.run(missing, progress=progress)]
            self._known |= {verdict.program_hash: verdict for verdict in fresh}
            self._fresh += fresh
        return [self._known[name] for name in texts]

    @cached_property
    def _executor(self) -> Executor:
        executor = Executor(self._execution.workers, self._execution.seconds)
        weakref.finalize(self, executor.close)
        return executor

    def _join_own(self) -> pandas.DataFrame:
        """Read the files of this step and make them one."""
        more = sorted(self._file.parent.glob(f"{self._file.stem}.*.parquet"))
        own = _joined([_kept(file, self._key) for file in [self._file, *more]])
        if more:
            self._write(own, self._file)
            for file in more:
                file.unlink()
        return own

    def _write(self, verdicts: pandas.DataFrame, file: Path) -> None:
        with replacing(file) as part:
            verdicts.assign(key=self._key).to_parquet(part, index=False)


def _kept(file: Path, key: str) -> pandas.DataFrame:
    """Read the verdicts of a file that were given under the same conditions."""
    if not file.exists():
        return _joined([])
    table = pandas.read_parquet(file)
    return table[table["key"] == key].reindex(columns=COLUMNS)


def _verdicts(table: pandas.DataFrame) -> list[Verdict]:
    columns = table[COLUMNS].astype(object)
    rows = columns.where(columns.notna(), None).itertuples(index=False, name=None)
    return [Verdict(*row) for row in rows]


def _joined(tables: list[pandas.DataFrame]) -> pandas.DataFrame:
    whole = pandas.concat([pandas.DataFrame(columns=COLUMNS), *tables], ignore_index=True)
    return with_types(whole).drop_duplicates("program_hash", ignore_index=True)
