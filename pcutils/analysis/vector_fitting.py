"""Fitting the vectors of many students side by side, with everything else of the model frozen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from pcutils.errors import ModelError
from pcutils.models.batches import Example, collate, group_by_length
from pcutils.models.scoring import to_device, token_losses
from pcutils.progress import track
from pcutils.trace import Trace

if TYPE_CHECKING:
    from pcutils.models import TraceModel
    from pcutils.models.language_model import StudentLanguageModel

BATCH_TOKENS = 8192


def fit_vectors(
    model: TraceModel,
    traces: Sequence[Sequence[Trace]],
    *,
    checkpoints: Sequence[int] = (32,),
    learning_rate: float = 0.03,
    seed: int = 0,
    progress: bool = True,
) -> Tensor:
    """Fit one vector to each group of traces; nothing else of the model moves.

    Parameters
    ----------
    model : TraceModel
        Frozen, and left as it was.
    traces : sequence of sequences of Trace, length n
        What each vector is fitted to; at least one trace each.
    checkpoints : sequence of int
        After how many steps to note the vectors, ascending; the last one ends the fit.
    learning_rate : float
        Of Adam.
    seed : int
        Order in which the traces of a group are met.
    progress : bool

    Returns
    -------
    torch.Tensor, shape (n_checkpoints, n, width)
        What stands in front of the tokens.

    Raises
    ------
    pcutils.errors.ModelError
        If a group has no trace.

    Notes
    -----
    A student is 64 numbers that pass a ReLU and the model's linear projection. The numbers are fitted behind
    the ReLU, where they are never negative, from the average student on: in front of it, a number that falls
    below zero would have no slope to come back by. Every vector that the paper's embedding can reach can be
    reached so, and no other. Each step shows every group one of its traces, so the cost does not depend on
    how many there are; one optimiser moves all rows, which do not influence each other.
    """
    if not all(traces):
        raise ModelError("a student without traces cannot be fitted: use the average student's vector.")
    network = model.network
    groups = [model.examples(items) for items in traces]
    orders = [_order(len(group), checkpoints[-1], seed + row) for row, group in enumerate(groups)]
    average = torch.relu(network.student_table.weight[0]).detach()
    active = average.repeat(len(groups), 1).requires_grad_()
    optimizer = torch.optim.Adam([active], lr=learning_rate)
    noted = []
    with frozen(network):
        for step in track(range(checkpoints[-1]), label="fitting students", unit="steps", enabled=progress):
            shown = [group[order[step]] for group, order in zip(groups, orders, strict=True)]
            optimizer.zero_grad()
            _backward(network, shown, active)
            optimizer.step()
            with torch.no_grad():
                active.clamp_(min=0.0)
                if step + 1 in checkpoints:
                    noted.append(network.student_projection(active).clone())
    return torch.stack(noted)


def finite_bits(
    model: TraceModel, traces: Sequence[Trace], student_vectors: Tensor | None = None
) -> np.ndarray:
    """Score traces, and refuse a model whose scores are no numbers.

    Parameters
    ----------
    model : TraceModel
    traces : sequence of Trace
    student_vectors : torch.Tensor, shape (n, width), optional
        In place of the vectors of the traces' own students.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Bits a trace.

    Raises
    ------
    pcutils.errors.ModelError
        If a score is not finite. Such a model still writes texts, and every one of them would count as a
        failure of the student or of the method.
    """
    bits = np.asarray(model.score(traces, student_vectors=student_vectors), dtype=float)
    if not np.isfinite(bits).all():
        raise ModelError(
            f"the model gives no finite score for {int((~np.isfinite(bits)).sum())} of {len(bits)} traces: "
            "its weights do not fit this version of the code or its training failed; train it again."
        )
    return bits


@contextmanager
def frozen(network: StudentLanguageModel) -> Iterator[None]:
    """Switch off training mode and the gradients of all weights, and put both back afterwards."""
    was_training = network.training
    wanted = [weight.requires_grad for weight in network.parameters()]
    network.eval()
    network.requires_grad_(False)
    try:
        yield
    finally:
        for weight, flag in zip(network.parameters(), wanted, strict=True):
            weight.requires_grad_(flag)
        network.train(was_training)


def _order(count: int, steps: int, seed: int) -> np.ndarray:
    """Go through all traces before any comes again."""
    generator = np.random.default_rng(seed)
    return np.concatenate([generator.permutation(count) for _ in range(steps // count + 1)])


def _backward(network: StudentLanguageModel, shown: Sequence[Example], active: Tensor) -> None:
    """Add up the gradients of each row's mean loss a token, a few rows at a time."""
    lengths = [len(example.tokens) for example in shown]
    for rows in group_by_length(lengths, np.argsort(lengths).tolist(), BATCH_TOKENS):
        batch = to_device(collate([shown[row] for row in rows]), network.device)
        losses = token_losses(network, batch, network.student_projection(active[torch.tensor(rows)]))
        sizes = batch.scored.sum(dim=1)
        (losses / torch.repeat_interleave(sizes, sizes)).sum().backward()
