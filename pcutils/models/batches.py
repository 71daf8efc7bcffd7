"""Traces as training examples, and in which order and company a network meets them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from pcutils.models.formats import Encoded, Format, cut
from pcutils.models.formats.hints import HINTS, NO_HINT
from pcutils.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BATCHES_SORTED_TOGETHER = 32


@dataclass(frozen=True)
class Example:
    """One trace, ready for a network.

    Parameters
    ----------
    tokens : ndarray of int32, shape (n,)
        Title, ``<start>``, states, end; at most the context.
    hints : ndarray of int32, shape (n, 6), or None
        What is known of the place behind each token; see :meth:`pcutils.models.formats.Format.hints`. None
        for a network that takes no hints.
    segments : ndarray of int8, shape (n,)
        What each token says, as a place in :data:`pcutils.models.formats.SEGMENTS`; -1 for those given.
    given : int
        How many of the first tokens are given and never scored.
    student : int
        Slot of the student.
    is_cut : bool
        Whether the trace was longer than the context.
    """

    tokens: NDArray[np.int32]
    hints: NDArray[np.int32] | None
    segments: NDArray[np.int8]
    given: int
    student: int
    is_cut: bool


class Batch(NamedTuple):
    """Examples in rows; each begins with a place for its student's vector and sees nothing but itself.

    A row holds one example, or several one after the other. What is left of it is padding.
    """

    tokens: Tensor  # int64, (rows, length); 0 where a student's vector stands
    hints: Tensor  # int64, (rows, length, 6)
    fronts: Tensor  # bool, (rows, length): where a student's vector stands
    students: Tensor  # int64, (examples,): slots, in the order of `fronts`
    scored: Tensor  # bool, (rows, length): whether the token at this place is to be predicted
    positions: Tensor | None  # int64, (rows, length): place in the example; None where each has its own row


def make_examples(
    traces: Iterable[Trace],
    form: Format,
    students: Mapping[str, int],
    context: int,
    *,
    with_hints: bool = True,
    histories: Iterable[Trace | None] | None = None,
) -> list[Example]:
    """Encode traces, cut to the context as in the paper.

    Parameters
    ----------
    traces : iterable of Trace
        What to learn or to score.
    form : Format
        Form and tokenizer.
    students : mapping of str to int
        Slot of each known student; others get slot 0.
    context : int
        Most tokens a network reads, the student's place included.
    with_hints : bool
        Whether the network takes hints; most of the time of encoding goes into them.
    histories : iterable of Trace or None, as many as traces, optional
        What each student wrote before.
    """
    return [
        example_of(item, form, students, context, with_hints=with_hints)
        for item in form.encode(traces, histories)
    ]


def example_of(
    item: Encoded, form: Format, students: Mapping[str, int], context: int, *, with_hints: bool = True
) -> Example:
    """Turn one encoded trace into an example."""
    tokens, segments, is_cut = cut(item, context - 1, form.end)
    slot = students.get(item.trace.username, 0) if item.trace.username is not None else 0
    hints = form.hints(tokens) if with_hints else None
    return Example(tokens, hints, segments, len(item.prompt), slot, is_cut)


def collate(examples: Sequence[Example], *, row_length: int | None = None) -> Batch:
    """Put examples into rows.

    Parameters
    ----------
    examples : sequence of Example
        At least one.
    row_length : int, optional
        Put several examples into a row, as long as it gets no longer than this, unless one example is. By
        default each has its own row.

    Returns
    -------
    Batch
        The examples in their order.
    """
    sizes = [len(example.tokens) + 1 for example in examples]
    rows = [[place] for place in range(len(sizes))] if row_length is None else _fill_rows(sizes, row_length)
    shape = len(rows), max(sum(sizes[place] for place in row) for row in rows)
    tokens, positions = np.zeros((2, *shape), dtype=np.int64)
    fronts, scored = np.zeros((2, *shape), dtype=bool)
    hints = np.full((*shape, HINTS), NO_HINT, dtype=np.int64)
    for number, row in enumerate(rows):
        start = 0
        for place in row:
            example, end = examples[place], start + sizes[place]
            tokens[number, start + 1 : end] = example.tokens
            if example.hints is not None:
                hints[number, start + 1 : end] = example.hints
            fronts[number, start] = True
            scored[number, start + 1 + example.given : end] = True
            positions[number, start:end] = np.arange(end - start)
            start = end
    return Batch(
        tokens=torch.from_numpy(tokens),
        hints=torch.from_numpy(hints),
        fronts=torch.from_numpy(fronts),
        students=torch.tensor([example.student for example in examples]),
        scored=torch.from_numpy(scored),
        positions=None if row_length is None else torch.from_numpy(positions),
    )


def _fill_rows(sizes: Sequence[int], row_length: int) -> list[list[int]]:
    rows: list[list[int]] = []
    used = 0
    for place, size in enumerate(sizes):
        if not rows or used + size > row_length:
            rows.append([])
            used = 0
        rows[-1].append(place)
        used += size
    return rows


def group_by_length(
    lengths: Sequence[int] | NDArray[np.int64], order: Iterable[int], batch_tokens: int
) -> list[list[int]]:
    """Group examples so that padding included no batch exceeds a number of tokens, unless one example does.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of each example.
    order : iterable of int
        Examples in the order in which to group them; sort it by length to save padding.
    batch_tokens : int
        Most tokens of a batch, padding included.
    """
    groups: list[list[int]] = []
    longest = 0
    for index in order:
        longest = max(longest, lengths[index])
        if not groups or (len(groups[-1]) + 1) * longest > batch_tokens:
            groups.append([])
            longest = lengths[index]
        groups[-1].append(index)
    return groups


def endless_batches(lengths: NDArray[np.int64], batch_tokens: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Give batches for ever, every example once an epoch, in an order that depends on the seed alone.

    Parameters
    ----------
    lengths : ndarray of int, shape (n,)
        Tokens of each example, at least one example.
    batch_tokens : int
        Most tokens of a batch, padding included.
    seed : int
        Another seed, another order.

    Yields
    ------
    ndarray of int64
        Places of the examples of one batch, of similar length.
    """
    pool = max(2, int(_BATCHES_SORTED_TOGETHER * batch_tokens / max(1.0, float(np.mean(lengths)))))
    for epoch in count():
        random = np.random.default_rng([seed, epoch])
        order = random.permutation(len(lengths))
        for start in range(0, len(order), pool):
            chunk = order[start : start + pool]
            chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
            groups = group_by_length(lengths, chunk.tolist(), batch_tokens)
            yield from (np.array(groups[place]) for place in random.permutation(len(groups)))
