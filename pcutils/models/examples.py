"""Traces as training examples, how they are batched, and where they are kept during a training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from pcutils.data import traces_of
from pcutils.errors import replacing, track
from pcutils.models.notation import HINTS, NO_HINT, Notation, cut
from pcutils.trace import Trace

if TYPE_CHECKING:
    from datasets import Dataset
    from numpy.typing import NDArray

_BATCHES_SORTED_TOGETHER = 32
_WRITTEN_AT_ONCE = 512
_SCHEMA = pa.schema(
    {
        "tokens": pa.list_(pa.int32()),
        "hints": pa.list_(pa.int32()),
        "segments": pa.list_(pa.int8()),
        "given": pa.int64(),
        "student": pa.int64(),
        "is_cut": pa.bool_(),
    }
)


@dataclass(frozen=True)
class Example:
    """One trace, ready for a network."""

    tokens: NDArray[np.int32]  # (n,): title, <start>, states, end; at most the context
    hints: NDArray[np.int32] | None  # (n, HINTS), None for a network without hints
    segments: NDArray[np.int8]  # (n,): index in SEGMENTS, -1 for tokens that are given
    given: int  # how many of the first tokens are never scored
    student: int  # slot of the student
    is_cut: bool  # whether the trace was longer than the context


class Batch(NamedTuple):
    """Examples in padded rows, without the place of the student's vector."""

    tokens: Tensor  # int64, (rows, length)
    hints: Tensor  # int64, (rows, length, HINTS)
    scored: Tensor  # bool, (rows, length): whether this token is to be predicted
    students: Tensor  # int64, (rows,): slots

    def to(self, device: torch.device) -> Batch:
        """Move all tensors to a device."""
        return Batch(*(part.to(device) for part in self))


class Encoder(NamedTuple):
    """What decides how traces become examples."""

    notation: Notation
    students: Mapping[str, int]  # slots of the known students; others get slot 0
    context: int  # most tokens of an example, the student's place included
    with_hints: bool

    def examples(self, traces: Iterable[Trace]) -> Iterator[Example]:
        """Encode traces, cut to the context as in the paper."""
        for item in self.notation.encode(traces):
            tokens, segments, is_cut = cut(item, self.context - 1, self.notation.end)
            slot = self.students.get(item.trace.username or "", 0)
            hints = self.notation.hints(tokens) if self.with_hints else None
            yield Example(tokens, hints, segments, len(item.prompt), slot, is_cut)

    def store(self, dataset: Dataset, file: Path, *, progress: bool = False) -> StoredExamples:
        """Encode a table of traces into an Arrow file, unless the file is there."""
        if not file.is_file():
            with (
                track(
                    label=f"Encoding {file.stem}", total=len(dataset), unit="traces", enabled=progress
                ) as bar,
                replacing(file) as partial,
                pa.ipc.new_file(str(partial), _SCHEMA) as writer,
            ):
                examples = self.examples(traces_of(dataset))
                while rows := [_row(one) for one in islice(examples, _WRITTEN_AT_ONCE)]:
                    writer.write(pa.RecordBatch.from_pylist(rows, schema=_SCHEMA))
                    bar.update(len(rows))
        return StoredExamples(file)


def _row(example: Example) -> dict[str, Any]:
    hints = None if example.hints is None else example.hints.ravel()
    return {**vars(example), "hints": hints}


class StoredExamples:
    """Examples in a file, of which memory holds those in use."""

    def __init__(self, file: Path) -> None:
        self._table = pa.ipc.open_file(pa.memory_map(str(file))).read_all()
        self.lengths = pc.list_value_length(self._table["tokens"]).to_numpy()
        self.given, self.students, self.is_cut = (
            self._table[name].to_numpy() for name in ("given", "student", "is_cut")
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> Example:
        """Read one example."""
        hints = self._table["hints"][int(index)]
        return Example(
            self._table["tokens"][int(index)].values.to_numpy(),
            hints.values.to_numpy().reshape(-1, HINTS) if hints.is_valid else None,
            self._table["segments"][int(index)].values.to_numpy(),
            int(self.given[index]),
            int(self.students[index]),
            bool(self.is_cut[index]),
        )


def collate(examples: Sequence[Example]) -> Batch:
    """Put examples into rows, padded at the end."""
    shape = len(examples), max(len(example.tokens) for example in examples)
    tokens, scored = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=bool)
    hints = np.full((*shape, HINTS), NO_HINT, dtype=np.int64)
    for row, example in enumerate(examples):
        end = len(example.tokens)
        tokens[row, :end] = example.tokens
        scored[row, example.given : end] = True
        if example.hints is not None:
            hints[row, :end] = example.hints
    students = torch.tensor([example.student for example in examples])
    return Batch(torch.from_numpy(tokens), torch.from_numpy(hints), torch.from_numpy(scored), students)


def group_by_length(
    lengths: Sequence[int] | NDArray[np.int64], batch_tokens: int, order: Iterable[int] | None = None
) -> list[list[int]]:
    """Group examples, shortest first or in a given order, into batches of at most so many padded tokens."""
    groups: list[list[int]] = []
    longest = 0
    for index in np.argsort(lengths, kind="stable").tolist() if order is None else order:
        longest = max(longest, lengths[index])
        if not groups or (len(groups[-1]) + 1) * longest > batch_tokens:
            groups.append([])
            longest = lengths[index]
        groups[-1].append(index)
    return groups


def endless_batches(lengths: NDArray[np.int64], batch_tokens: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Give batches of examples of similar length for ever, each example once an epoch."""
    pool = max(2, int(_BATCHES_SORTED_TOGETHER * batch_tokens / max(1.0, float(np.mean(lengths)))))
    for epoch in count():
        random = np.random.default_rng([seed, epoch])
        order = random.permutation(len(lengths))
        for start in range(0, len(order), pool):
            chunk = order[start : start + pool]
            chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
            groups = group_by_length(lengths, batch_tokens, chunk.tolist())
            yield from (np.array(groups[index]) for index in random.permutation(len(groups)))
