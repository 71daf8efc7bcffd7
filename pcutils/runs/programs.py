"""How the programs of a run end; no program is run twice in a run."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import pandas

from pcutils.errors import replacing
from pcutils.execution import Executor, Outcomes, program_hash
from pcutils.execution.executor import StatusRow, status_row, status_table
from pcutils.runs.files import RunFiles
from pcutils.runs.steps import code_digest


class RunPrograms:
    """Outcomes of programs by the hash of their text, kept in ``data/outcomes/<conditions>/<step>.parquet``.

    Each step reads what all steps have kept and writes a file of its own, so that steps can work side by
    side; a step named ``measures/<shard>`` is read by nobody else, because all shards together may not fit
    into memory. Another version of :mod:`pcutils.execution` or another time limit has a folder of its own.
    """

    def __init__(self, files: RunFiles, execution: Any, step: str) -> None:
        self._execution = execution
        self._conditions = f"{code_digest('execution')[:16]}-{execution.seconds}"
        folder = files.at("outcomes") / self._conditions
        self._file = folder / f"{step}.parquet"
        self._own = _read(self._file) if self._file.is_file() else {}
        self._known = dict(self._own)
        for path in folder.glob("*.parquet"):
            self._known |= _read(path)
        self._kept = len(self._own)

    def status(self, programs: Iterable[str], *, progress: bool = False) -> pandas.DataFrame:
        """One row a distinct program, as from :func:`pcutils.execution.run_status`; runs the unknown ones."""
        found = status_table(self._look_up(programs, progress=progress))
        self.keep()
        return found

    def outcomes(self) -> Outcomes:
        """What models ask for the outcome of a program; :meth:`keep` keeps what was run for them."""
        return Outcomes(self._look_up, conditions=self._conditions)

    def keep(self) -> None:
        """Write what this step has run."""
        if len(self._own) > self._kept:
            with replacing(self._file) as part:
                status_table(self._own.values()).to_parquet(part, index=False)
            self._kept = len(self._own)

    def _look_up(self, programs: Iterable[str], *, progress: bool = False) -> list[StatusRow]:
        texts = {program_hash(program): program for program in programs}
        if missing := [text for name, text in texts.items() if name not in self._known]:
            fresh = map(status_row, self._executor.run(missing, progress=progress))
            ended = {one.program_hash: one for one in fresh}
            self._known |= ended
            self._own |= ended
        return [self._known[name] for name in texts]

    @cached_property
    def _executor(self) -> Executor:
        executor = Executor(self._execution.workers, self._execution.seconds)
        weakref.finalize(self, executor.close)
        return executor


def _read(path: Any) -> dict[str, StatusRow]:
    table = pandas.read_parquet(path).astype(object)
    rows = table.where(table.notna(), None).itertuples(index=False, name=None)
    return {row[0]: StatusRow(*row) for row in rows}
