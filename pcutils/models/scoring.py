"""How many bits a network needs for traces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from pcutils.models.batches import Batch, Example, collate, group_by_length
from pcutils.models.formats import SEGMENTS
from pcutils.models.language_model import StudentLanguageModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVALUATION_TOKENS = 8192


def token_losses(network: StudentLanguageModel, batch: Batch, vectors: Tensor | None = None) -> Tensor:
    """Negative log-likelihood of every scored token.

    Parameters
    ----------
    network : StudentLanguageModel
        The network, on the device of the batch.
    batch : Batch
        What to score.
    vectors : Tensor, shape (batch, width), optional
        Vectors to stand in front instead of the students' own.

    Returns
    -------
    Tensor of float32, shape (number of scored tokens,)
        In nats, trace by trace.

    Notes
    -----
    Where a row holds several examples, their positions tell the decoder where one ends and the next begins,
    so that none sees another.
    """
    embeds = network.embed(batch.tokens, batch.hints)
    if vectors is None:
        vectors = network.student_vectors(network.student_embeddings(batch.students))
    embeds = embeds.masked_scatter(batch.fronts.unsqueeze(-1), vectors.to(embeds.dtype))
    hidden = network.hidden_states(embeds, position_ids=batch.positions, use_cache=False).last_hidden_state
    scored = batch.scored[:, 1:]
    scores = network.logits(hidden[:, :-1][scored], batch.hints[:, :-1][scored])
    return torch.nn.functional.cross_entropy(scores.float(), batch.tokens[:, 1:][scored], reduction="none")


@torch.no_grad()
def trace_bits(
    network: StudentLanguageModel, examples: Sequence[Example], vectors: Tensor | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Bits that each trace costs, given its title and student.

    Parameters
    ----------
    network : StudentLanguageModel
        The network.
    examples : sequence of Example
        The traces.
    vectors : Tensor, shape (n, width), optional
        A student's vector for each trace, instead of the network's own.

    Returns
    -------
    bits : ndarray of float64, shape (n, 5)
        Sums over the tokens after ``<start>``, one for each of :data:`pcutils.models.formats.SEGMENTS`.
    tokens : ndarray of int64, shape (n,)
        How many those are.
    """
    was_training = network.training
    network.eval()
    bits = np.zeros((len(examples), len(SEGMENTS)))
    counts = np.zeros(len(examples), dtype=np.int64)
    lengths = [len(example.tokens) for example in examples]
    order = sorted(range(len(examples)), key=lambda index: lengths[index])
    for group in group_by_length(lengths, order, EVALUATION_TOKENS):
        batch = to_device(collate([examples[index] for index in group]), network.device)
        chosen = None if vectors is None else vectors[group].to(network.device)
        losses = token_losses(network, batch, chosen).double().cpu()
        sizes = batch.scored.sum(dim=1).cpu()
        for index, part in zip(group, losses.split(sizes.tolist()), strict=True):
            segments = examples[index].segments[examples[index].given :]
            nats = np.bincount(segments, weights=part.numpy(), minlength=len(SEGMENTS))
            bits[index] = nats / math.log(2)
            counts[index] = len(part)
    network.train(was_training)
    return bits, counts


def to_device(batch: Batch, device: torch.device) -> Batch:
    """Move a batch to where the network is."""
    moved = {name: part.to(device) for name, part in batch._asdict().items() if part is not None}
    return batch._replace(**moved)
