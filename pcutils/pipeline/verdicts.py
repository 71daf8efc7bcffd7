"""Verdicts that a run has already: no text is run a second time while the code that runs it is the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pandas

from pcutils.execution import program_hash, run_status
from pcutils.execution.status import COLUMNS
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
        self._known = _joined([own, *(_kept(file, self._key) for file in others)])

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
        texts = {program_hash(program): program for program in programs}
        seen = set(self._known["program_hash"])
        missing = [text for name, text in texts.items() if name not in seen]
        if missing:
            workers, seconds = self._execution.workers, self._execution.seconds
            fresh = run_status(missing, workers=workers, seconds=seconds, progress=progress)
            self._known = _joined([self._known, fresh])
            self._more += 1
            self._write(fresh, self._file.with_suffix(f".{self._more}.parquet"))
        return self._known.set_index("program_hash").loc[list(texts)].reset_index()[COLUMNS]

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
    return table.loc[table["key"] == key, COLUMNS]


def _joined(tables: list[pandas.DataFrame]) -> pandas.DataFrame:
    whole = pandas.concat([pandas.DataFrame(columns=COLUMNS), *tables], ignore_index=True)
    return whole.astype("string").drop_duplicates("program_hash", ignore_index=True)
