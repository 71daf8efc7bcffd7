"""How weights are moved: Muon for matrices, sparse Adam for the rows of students, AdamW for the rest.

And AdamW for all that was pretrained.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from pcutils.models.language_model import StudentLanguageModel
from pcutils.models.muon import StackedMuon

WARM_UP_SHARE = 0.03
STUDENT_RATE = 40.0
MUON_RATE = 3.0
CLIP = 1.0
NEW_PARTS_RATE = 30.0


class Optimizers:
    """Muon, AdamW and sparse Adam under one schedule.

    Parameters
    ----------
    network : StudentLanguageModel
        Whose weights to move.
    learning_rate : float
        Rate of AdamW at its highest; the others are multiples of it. With a pretrained decoder it is that of
        the decoder, and what is new has 30 times that.

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

    A pretrained decoder is moved by AdamW alone, as most were pretrained: Muon's steps for networks from
    scratch add up to as much as its weights are large within some hundreds. What it has not seen, the rows of
    new tokens included, starts from nothing and has to learn faster.
    """

    def __init__(self, network: StudentLanguageModel, learning_rate: float) -> None:
        tables = {id(module.weight) for module in network.modules() if isinstance(module, nn.Embedding)}
        head = network.decoder.get_output_embeddings()
        if head is not None:
            tables.add(id(head.weight))
        self.table = network.student_table.weight
        self.known_tokens = network.config.known_tokens
        is_new = self.known_tokens is None
        pretrained = [] if is_new else list(network.decoder.parameters())
        tokens = {id(weight): weight for weight in pretrained if id(weight) in tables}
        self._tables = list(tokens.values())
        matrices: list[nn.Parameter] = []
        rest: list[nn.Parameter] = []
        kept = {id(weight) for weight in pretrained}
        for weight in network.parameters():
            if weight is self.table or id(weight) in kept or not weight.requires_grad:
                continue
            is_matrix = weight.ndim == 2 and min(weight.shape) > 2 and id(weight) not in tables
            (matrices if is_matrix else rest).append(weight)
        rate = learning_rate if is_new else learning_rate * NEW_PARTS_RATE
        groups: list[dict[str, Any]] = [{"params": rest, "lr": rate}]
        if pretrained:
            groups.append({"params": pretrained, "lr": learning_rate})
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(groups, weight_decay=0.0, betas=(0.9, 0.95), fused=True),
            torch.optim.SparseAdam([self.table], lr=rate * STUDENT_RATE, betas=(0.9, 0.95)),
            StackedMuon(matrices, lr=rate * MUON_RATE, weight_decay=0.0),
        ]
        self.rates = [[group["lr"] for group in part.param_groups] for part in self.parts]
        self.dense = [*rest, *matrices, *pretrained]

    def step(self, progress: float) -> None:
        """Move the weights against their gradients and forget the gradients.

        Parameters
        ----------
        progress : float
            Share of the training that is done, in [0, 1].
        """
        nn.utils.clip_grad_norm_(self.dense, CLIP)
        factor = schedule(progress)
        before = [table[self.known_tokens :].detach().clone() for table in self._tables]
        for part, rates in zip(self.parts, self.rates, strict=True):
            for group, rate in zip(part.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            part.step()
            part.zero_grad(set_to_none=True)
        with torch.no_grad():  # a longer step of AdamW is the step of a higher rate
            for table, old in zip(self._tables, before, strict=True):
                new = table[self.known_tokens :]
                new.copy_(old.lerp(new, NEW_PARTS_RATE))

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
