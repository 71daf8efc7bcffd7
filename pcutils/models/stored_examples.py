"""Encoded traces in files: memory holds what a step reads, however many traces there are."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np

from pcutils.models.batches import Example, example_of
from pcutils.models.formats.hints import HINTS
from pcutils.progress import track
from pcutils.sources import traces_of

if TYPE_CHECKING:
    from datasets import Dataset
    from numpy.typing import NDArray
    from tqdm import tqdm

    from pcutils.models.formats import Format
    from pcutils.models.history import History
    from pcutils.models.processes import Processes
    from pcutils.trace import Trace

TRACES_A_PART = 20_000
_TOKENS, _HINTS, _SEGMENTS, _INDEX, _KEY = "tokens.i4", "hints.i4", "segments.i1", "index.npy", "key"


class StoredExamples(Sequence[Example]):
    """Examples of which each is read from its file when it is asked for.

    Parameters
    ----------
    parts : sequence of path
        Folders that :meth:`Encoding.store` wrote, in order.

    Attributes
    ----------
    lengths, given, students : ndarray of int64, shape (n,)
        Tokens of each example, how many of them are given, and its student's slot.
    is_cut : ndarray of bool, shape (n,)
        Whether the trace was longer than the context.
    """

    def __init__(self, parts: Sequence[Path]) -> None:
        self._files = [_open_part(part) for part in parts]
        tables = [np.load(part / _INDEX) for part in parts]
        self._part = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        self._starts, self.lengths, self.given, self.students, is_cut = np.concatenate(tables).T
        self.is_cut = is_cut.astype(bool)

    def __len__(self) -> int:
        return len(self.lengths)

    @overload
    def __getitem__(self, place: int) -> Example: ...

    @overload
    def __getitem__(self, place: slice) -> list[Example]: ...

    def __getitem__(self, place: int | slice) -> Example | list[Example]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        tokens, hints, segments = self._files[self._part[place]]
        span = slice(self._starts[place], self._starts[place] + self.lengths[place])
        return Example(
            np.array(tokens[span]),
            None if hints is None else np.array(hints[span]),
            np.array(segments[span]),
            int(self.given[place]),
            int(self.students[place]),
            bool(self.is_cut[place]),
        )


@dataclass(frozen=True)
class Encoding:
    """How traces become examples.

    Parameters
    ----------
    form, students, context
        As for :func:`pcutils.models.batches.make_examples`.
    with_hints : bool
        Whether the network takes hints; most of the time of encoding goes into them.
    history : History, optional
        Where to find what each student wrote before.
    """

    form: Format
    students: Mapping[str, int]
    context: int
    with_hints: bool
    history: History | None = None

    def keys(self, dataset: Dataset) -> list[str]:
        """Name each part of a table by all that its examples depend on, without encoding it."""
        form = self.form
        told = None if form.outcomes is None else form.outcomes.conditions
        settings = [form.name, form.title_tokens, form.history_tokens, self.context, self.with_hints, told]
        header = json.dumps(settings) + form.tokenizer.backend_tokenizer.to_str()
        digest = hashlib.sha256(header.encode())
        return [self._key(dataset.select(rows), digest.copy()) for rows in _parts(dataset)]

    def _key(self, rows: Dataset, digest: hashlib._Hash) -> str:
        for trace in traces_of(rows):
            self._add(trace, digest)
        for earlier in self._histories(rows) or ():
            digest.update(b"history")
            if earlier is not None:
                self._add(earlier, digest)
        (first,) = self._examples(rows.select([0]))  # changes where the code does
        digest.update(first.tokens.tobytes())
        if first.hints is not None:
            digest.update(first.hints.tobytes())
        return digest.hexdigest()

    def _add(self, trace: Trace, digest: hashlib._Hash) -> None:
        moments = [str(moment) for moment in trace.timestamps]
        slot = self.students.get(trace.username or "", 0)
        sizes = [len(program) for program in trace.programs]
        digest.update(json.dumps([trace.title, slot, trace.is_complete, moments, sizes]).encode())
        digest.update("".join(trace.programs).encode("utf-8", "surrogatepass"))

    def _histories(self, rows: Dataset) -> Iterator[Trace | None] | None:
        return None if self.history is None else self.history.of(traces_of(rows))

    def _examples(self, rows: Dataset) -> Iterator[Example]:
        for item in self.form.encode(traces_of(rows), self._histories(rows)):
            yield example_of(item, self.form, self.students, self.context, with_hints=self.with_hints)

    def store(
        self,
        dataset: Dataset,
        keys: Sequence[str],
        folder: Path,
        processes: Processes,
        *,
        progress: bool = False,
    ) -> StoredExamples:
        """Write the examples of a table, part by part; parts with their key that are there stay.

        Parameters
        ----------
        dataset : datasets.Dataset
            Table of traces, at least one.
        keys : sequence of str
            From :meth:`keys`.
        folder : path
            Where the files go. With several processes each writes its share, so all must see it.
        processes : Processes
            Who takes part.
        progress : bool
            Whether to show progress.

        Returns
        -------
        StoredExamples
            One a row of the table, in order.
        """
        parts = {folder / f"part-{number:05}": rows for number, rows in enumerate(_parts(dataset))}
        missing = [
            (part, dataset.select(rows), key)
            for (part, rows), key in zip(parts.items(), keys, strict=True)
            if not _holds(part, key)
        ]
        processes.wait()  # until all know what is missing
        mine = missing[processes.index :: processes.count]
        total, is_shown = sum(len(rows) for _, rows, _ in mine), progress and processes.is_main
        with track(label=f"Encoding {folder.name}", total=total, unit="traces", enabled=is_shown) as bar:
            for part, rows, key in mine:
                _write_part(part, key, self._examples(rows), bar)
        processes.wait()
        return StoredExamples(list(parts))


def _parts(dataset: Dataset) -> list[range]:
    size = len(dataset)
    return [range(first, min(first + TRACES_A_PART, size)) for first in range(0, size, TRACES_A_PART)]


def _holds(part: Path, key: str) -> bool:
    file = part / _KEY
    return file.is_file() and file.read_text() == key


def _write_part(part: Path, key: str, examples: Iterable[Example], bar: tqdm) -> None:
    shutil.rmtree(part, ignore_errors=True)
    staged = part.with_suffix(".partial")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    index = []
    start = 0
    with (
        (staged / _TOKENS).open("wb") as tokens,
        (staged / _HINTS).open("wb") as hints,
        (staged / _SEGMENTS).open("wb") as segments,
    ):
        for example in examples:
            tokens.write(example.tokens.astype(np.int32, copy=False).tobytes())
            segments.write(example.segments.astype(np.int8, copy=False).tobytes())
            if example.hints is not None:
                hints.write(example.hints.astype(np.int32, copy=False).tobytes())
            index.append((start, len(example.tokens), example.given, example.student, example.is_cut))
            start += len(example.tokens)
            bar.update()
    np.save(staged / _INDEX, np.array(index, dtype=np.int64))
    (staged / _KEY).write_text(key)
    os.replace(staged, part)


def _open_part(part: Path) -> tuple[NDArray[np.int32], NDArray[np.int32] | None, NDArray[np.int8]]:
    has_hints = (part / _HINTS).stat().st_size > 0
    return (
        np.memmap(part / _TOKENS, np.int32, mode="r"),
        np.memmap(part / _HINTS, np.int32, mode="r").reshape(-1, HINTS) if has_hints else None,
        np.memmap(part / _SEGMENTS, np.int8, mode="r"),
    )
