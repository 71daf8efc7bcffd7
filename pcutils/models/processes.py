"""Several processes that train one network, each on its part of every step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from accelerate import PartialState
from accelerate.utils import broadcast, reduce
from torch import Tensor, nn


class Processes:
    """The processes that ``accelerate launch`` or ``torchrun`` started, or this one alone.

    Attributes
    ----------
    count, index : int
        How many there are, and which one this is.
    device : torch.device
        Where this one computes: a GPU of its own, or the processor.
    """

    def __init__(self) -> None:
        self._state = PartialState(cpu=not torch.cuda.is_available())
        self.count, self.index = self._state.num_processes, self._state.process_index
        self.device = self._state.device

    @property
    def is_main(self) -> bool:
        """Whether this one writes files and shows progress."""
        return self.index == 0

    def wait(self) -> None:
        """Go on when all are here."""
        self._state.wait_for_everyone()

    def share_of(self, items: Sequence[int], parts: int = 1) -> list[list[int]]:
        """Deal items out to all processes, and what this one gets into so many parts, none of them empty."""
        hands = [list(items[place :: self.count * parts]) for place in range(self.count * parts)]
        return [hand for hand in hands[self.index :: self.count] if hand]

    def sum(self, values: Sequence[float]) -> list[float]:
        """Add up what each process has."""
        if self.count == 1:
            return [float(value) for value in values]
        return reduce(torch.tensor(values, dtype=torch.float64, device=self.device), "sum").tolist()

    def agree(self, value: float) -> float:
        """Give what the main process has."""
        if self.count == 1:
            return value
        return float(broadcast(torch.tensor(value, dtype=torch.float64, device=self.device)))

    def add_gradients(self, weights: Sequence[nn.Parameter]) -> None:
        """Add up the gradients of each process, in one go."""
        if self.count == 1:
            return
        gradients = [torch.zeros_like(one) if one.grad is None else one.grad for one in weights]
        total = reduce(torch.cat([one.flatten() for one in gradients]), "sum")
        sizes = [one.numel() for one in weights]
        for weight, part in zip(weights, total.split(sizes), strict=True):
            weight.grad = part.view_as(weight)

    def add_row_gradients(self, table: Tensor, rows: Tensor) -> None:
        """Add up gradients of a table of which few rows have any.

        Parameters
        ----------
        table : Parameter, shape (n, size)
            With a sparse gradient, or none.
        rows : Tensor of int64, shape (m,)
            Every row that has a gradient in any process, sorted, each once.
        """
        if self.count == 1:
            return
        values = table.new_zeros(len(rows), table.shape[1])
        if table.grad is not None:
            own = table.grad.coalesce()
            values[torch.searchsorted(rows, own.indices()[0])] = own.values()
        total = reduce(values, "sum")
        table.grad = torch.sparse_coo_tensor(
            *(rows[None], total, table.shape),
            is_coalesced=True,
            check_invariants=False,  # `rows` are sorted, each once
        )
