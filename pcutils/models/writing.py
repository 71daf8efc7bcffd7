"""Write many traces token by token, side by side, with the work on earlier tokens kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from pcutils.models.formats.base import Place, Pointer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pcutils.models.trace_model import TraceModel


@dataclass
class Row:
    """One sample under way."""

    prompt: int
    number: int
    start: NDArray[np.int32]  # the tokens it is given
    given_states: int
    room: int
    uniforms: NDArray[np.float64]  # one random number in [0, 1) a token
    pointer: Pointer
    place: Place
    written: list[int] = field(default_factory=list)


class Writer:
    """A batch of samples under way, padded on the left; finished ones leave it."""

    def __init__(
        self,
        model: TraceModel,
        rows: list[Row],
        vectors: Tensor,
        *,
        temperature: float,
        top_p: float,
        keep_form: bool,
    ) -> None:
        self.network, self.rows = model.network.eval(), rows
        self.form = model.form
        self.keep_form = keep_form and model.form.has_grammar
        self.temperature, self.top_p = temperature, top_p
        self.cache = DynamicCache()
        self.alive = list(range(len(rows)))  # which row of the cache each of self.rows is
        self._read_prompts(vectors)

    def _read_prompts(self, vectors: Tensor) -> None:
        device = self.network.device
        longest = max(len(row.start) for row in self.rows)
        tokens = torch.zeros(len(self.rows), longest, dtype=torch.int64)
        hints = torch.full((len(self.rows), longest, 3), -1, dtype=torch.int64)
        hints[..., 2] = 0
        mask = torch.zeros(len(self.rows), longest + 1, dtype=torch.int64)
        for place, row in enumerate(self.rows):
            pushed = [row.pointer.push(int(token)) for token in row.start]
            tokens[place, longest - len(row.start) :] = torch.from_numpy(row.start.astype(np.int64))
            hints[place, longest - len(row.start) :] = torch.tensor(pushed)
            mask[place, longest - len(row.start) :] = 1
        embeds = self.network.embed(tokens.to(device), hints.to(device))
        embeds = torch.cat([torch.zeros_like(embeds[:, :1]), embeds], dim=1)
        for place, row in enumerate(self.rows):
            embeds[place, longest - len(row.start)] = vectors[row.prompt].to(embeds)
        self.mask = mask.to(device)
        self.positions = self.mask.sum(dim=1)
        self._advance(embeds, (self.mask.cumsum(dim=1) - 1).clamp(min=0), hints[:, -1].to(device))

    def _advance(self, embeds: Tensor, positions: Tensor, hints: Tensor) -> None:
        result = self.network.hidden_states(
            embeds,
            attention_mask=self.mask,
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
        )
        self.scores = self.network.logits(result.last_hidden_state[:, -1], hints)

    def step(self) -> None:
        """Write one more token of every row."""
        uniforms = np.array([row.uniforms[len(row.written)] for row in self.rows])
        drawn = draw_tokens(self._allowed(), uniforms, self.temperature, self.top_p).tolist()
        hints = []
        for row, token in zip(self.rows, drawn, strict=True):
            row.written.append(token)
            row.place.push(token)
            hints.append(row.pointer.push(token))
        going = [
            place
            for place, row in enumerate(self.rows)
            if row.written[-1] != self.form.end and len(row.written) < row.room
        ]
        self._keep(going)
        if not self.rows:
            return
        device = self.network.device
        tokens = torch.tensor([[drawn[place]] for place in going], device=device)
        pointed = torch.tensor([[hints[place]] for place in going], device=device)
        embeds = self.network.embed(tokens, pointed)
        self.mask = torch.nn.functional.pad(self.mask, (0, 1), value=1)
        self._advance(embeds, self.positions.unsqueeze(1), pointed[:, 0])
        self.positions = self.positions + 1

    def _allowed(self) -> Tensor:
        places = [row.place for row in self.rows] if self.keep_form else None
        return self.form.allow(self.scores.double(), places)

    def _keep(self, places: list[int]) -> None:
        if len(places) == len(self.rows):
            return
        self.rows = [self.rows[place] for place in places]
        if not places:
            return
        index = torch.tensor(places, device=self.mask.device)
        self.mask, self.positions = self.mask[index], self.positions[index]
        self.cache.batch_select_indices(index)


def draw_tokens(scores: Tensor, uniforms: NDArray[np.float64], temperature: float, top_p: float) -> Tensor:
    """Draw one token a row, each by its own random number.

    Parameters
    ----------
    scores : Tensor of float64, shape (n, vocabulary)
        Unnormalised log-probabilities.
    uniforms : ndarray of float64, shape (n,)
        In [0, 1): the same number and scores give the same token.
    temperature, top_p : float
        As in :func:`sample`.

    Returns
    -------
    Tensor of int64, shape (n,)
    """
    if temperature == 0:
        return scores.argmax(dim=-1)
    chances = torch.softmax(scores / temperature, dim=-1)
    if top_p < 1:
        ranked, order = chances.sort(dim=-1, descending=True, stable=True)
        needed = ranked.cumsum(dim=-1) - ranked < top_p
        chances = torch.zeros_like(chances).scatter(-1, order, ranked * needed)
    sums = chances.cumsum(dim=-1)
    targets = torch.from_numpy(uniforms).to(sums).unsqueeze(1) * sums[:, -1:]
    return torch.searchsorted(sums, targets, right=True).squeeze(1).clamp(max=scores.shape[-1] - 1)
