"""How weights are moved: Muon for matrices, sparse Adam for the rows of students, AdamW for the rest."""

from __future__ import annotations

import torch
from torch import nn

from pcutils.models.language_model import StudentLanguageModel
from pcutils.models.muon import StackedMuon

WARM_UP_SHARE = 0.03
STUDENT_RATE = 10.0
MUON_RATE = 3.0
CLIP = 1.0


class Optimizers:
    """Muon, AdamW and sparse Adam under one schedule.

    Parameters
    ----------
    network : StudentLanguageModel
        Whose weights to move.
    learning_rate : float
        Rate of AdamW at its highest; the others are multiples of it.

    Attributes
    ----------
    dense : list of Parameter
        All weights but the students' table.
    table : Parameter, shape (students + 1, student_size)
        The students' table; a step touches the rows of the students it met, and no others, so that it takes
        no longer with a million students than with a hundred.

    Notes
    -----
    Muon makes every step of a matrix a rotation-like one of equal size in all directions (K. Jordan, 2024),
    which small networks learn copying from several times faster. Each student's row is met rarely, so the
    table has a higher rate.
    """

    def __init__(self, network: StudentLanguageModel, learning_rate: float) -> None:
        tables = {id(module.weight) for module in network.modules() if isinstance(module, nn.Embedding)}
        head = network.decoder.get_output_embeddings()
        if head is not None:
            tables.add(id(head.weight))
        self.table = network.student_table.weight
        matrices: list[nn.Parameter] = []
        rest: list[nn.Parameter] = []
        for weight in network.parameters():
            if weight is self.table or not weight.requires_grad:
                continue
            is_matrix = weight.ndim == 2 and min(weight.shape) > 2 and id(weight) not in tables
            (matrices if is_matrix else rest).append(weight)
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(rest, lr=learning_rate, weight_decay=0.0, betas=(0.9, 0.95), fused=True),
            torch.optim.SparseAdam([self.table], lr=learning_rate * STUDENT_RATE, betas=(0.9, 0.95)),
            StackedMuon(matrices, lr=learning_rate * MUON_RATE, weight_decay=0.0),
        ]
        self.rates = [[group["lr"] for group in part.param_groups] for part in self.parts]
        self.dense = [*rest, *matrices]

    def step(self, progress: float) -> None:
        """Move the weights against their gradients and forget the gradients.

        Parameters
        ----------
        progress : float
            Share of the training that is done, in [0, 1].
        """
        nn.utils.clip_grad_norm_(self.dense, CLIP)
        factor = schedule(progress)
        for part, rates in zip(self.parts, self.rates, strict=True):
            for group, rate in zip(part.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            part.step()
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict]:
        """Give what a checkpoint must keep."""
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list[dict]) -> None:
        """Go on from a checkpoint."""
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


def schedule(progress: float) -> float:
    """Give the share of the highest learning rate: up in a straight line, then down to a hundredth.

    Examples
    --------
    >>> schedule(0.0) < schedule(0.03) > schedule(0.5) > schedule(1.0) > 0
    True
    """
    if progress < WARM_UP_SHARE:
        return max(progress, 0.001) / WARM_UP_SHARE
    return max(0.01, (1 - progress) / (1 - WARM_UP_SHARE))
