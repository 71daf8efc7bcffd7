"""How weights are moved: Muon for matrices, sparse Adam for students, AdamW for the rest."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import compress
from operator import not_
from typing import Any

import torch
from torch import Tensor, nn

from pcutils.models.network import StudentLanguageModel

WARM_UP_SHARE = 0.03
STUDENT_RATE = 40.0
MUON_RATE = 3.0
CLIP = 1.0
NEW_PARTS_RATE = 30.0


class Optimizers:
    """Muon, AdamW and sparse Adam under one schedule.

    Muon makes every step of a matrix a rotation-like one of equal size in all directions (K. Jordan, 2024),
    which small networks learn copying from several times faster. Each student's row is met rarely, so the
    table has a higher rate, and a step moves only the rows that it met. A pretrained decoder is moved by
    AdamW alone, as most were pretrained; parts that it has not seen, rows of new tokens too, learn faster.

    `dense` are all weights but the students' table.
    """

    def __init__(self, network: StudentLanguageModel, learning_rate: float) -> None:
        embeddings = {id(module.weight) for module in network.modules() if isinstance(module, nn.Embedding)}
        head = network.decoder.get_output_embeddings()
        if head is not None:
            embeddings.add(id(head.weight))
        self.known_tokens, students = network.config.known_tokens, network.student_table.weight
        pretrained = [] if self.known_tokens is None else list(network.decoder.parameters())
        self._grown = list({id(one): one for one in pretrained if id(one) in embeddings}.values())
        kept = {id(weight) for weight in (students, *pretrained)}
        others = [one for one in network.parameters() if id(one) not in kept and one.requires_grad]
        is_matrix = [one.ndim == 2 and min(one.shape) > 2 and id(one) not in embeddings for one in others]
        matrices, rest = list(compress(others, is_matrix)), list(compress(others, map(not_, is_matrix)))
        rate = learning_rate * (NEW_PARTS_RATE if pretrained else 1)
        groups: list[dict[str, Any]] = [{"params": rest, "lr": rate}]
        if pretrained:
            groups.append({"params": pretrained, "lr": learning_rate})
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(groups, weight_decay=0.0, betas=(0.9, 0.95), fused=True),
            torch.optim.SparseAdam([students], lr=rate * STUDENT_RATE, betas=(0.9, 0.95)),
            StackedMuon(matrices, lr=rate * MUON_RATE, weight_decay=0.0),
        ]
        self.rates = [[group["lr"] for group in part.param_groups] for part in self.parts]
        self.dense = [*rest, *matrices, *pretrained]

    def step(self, progress: float) -> None:
        """Move the weights and forget the gradients, when so large a share of the training is done."""
        nn.utils.clip_grad_norm_(self.dense, CLIP)
        factor = schedule(progress)
        before = [table[self.known_tokens :].detach().clone() for table in self._grown]
        for part, rates in zip(self.parts, self.rates, strict=True):
            for group, rate in zip(part.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            part.step()
            part.zero_grad(set_to_none=True)
        with torch.no_grad():  # a longer step of AdamW is the step of a higher rate
            for table, old in zip(self._grown, before, strict=True):
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
    """Share of the highest learning rate: up in a straight line, then down to a hundredth.

    >>> schedule(0.0) < schedule(0.03) > schedule(0.5) > schedule(1.0) > 0
    True
    """
    if progress < WARM_UP_SHARE:
        return max(progress, 0.001) / WARM_UP_SHARE
    return max(0.01, (1 - progress) / (1 - WARM_UP_SHARE))


class StackedMuon(torch.optim.Muon):
    """``torch.optim.Muon`` with all matrices of one shape in one product: a step takes half of the time."""

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move the weights that have a gradient."""
        for group in self.param_groups:
            shapes: dict[tuple[int, int], list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    state = self.state[weight]
                    buffer = state.setdefault("momentum_buffer", torch.zeros_like(weight))
                    buffer.lerp_(weight.grad, 1 - group["momentum"])
                    update = weight.grad.lerp(buffer, group["momentum"])
                    lying = update if weight.shape[0] <= weight.shape[1] else update.T
                    shapes[lying.shape[0], lying.shape[1]].append((weight, lying))
            for pairs in shapes.values():
                stacked = torch.stack([update for _, update in pairs])
                directions = _orthogonal(stacked, group["ns_coefficients"], group["ns_steps"], group["eps"])
                for (weight, _), direction in zip(pairs, directions, strict=True):
                    rows, columns = weight.shape
                    rate = group["lr"] * math.sqrt(max(1, rows / columns))
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                    weight.add_(direction if rows <= columns else direction.T, alpha=-rate)


def _orthogonal(matrices: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> Tensor:
    """Move all singular values of matrices, shape (n, rows, columns), towards one (Newton and Schulz)."""
    a, b, c = coefficients
    result = matrices.to(_product_type(matrices.device))
    result = result / result.norm(dim=(-2, -1), keepdim=True).clamp(min=eps)
    for _ in range(steps):
        gram = result @ result.mT
        result = torch.baddbmm(result, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), result, beta=a)
    return result


def _product_type(device: torch.device) -> torch.dtype:
    """Give bfloat16 as torch's own, but float32 on processors that only emulate it, many times slower."""
    if device.type != "cpu":
        return torch.bfloat16
    units = torch.cpu.get_capabilities()
    return torch.bfloat16 if units.get("amx_bf16") or units.get("avx512_bf16") else torch.float32
