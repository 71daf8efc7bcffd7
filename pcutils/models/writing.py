"""Write many traces token by token, side by side; where one ends, the next one begins."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from pcutils.models.formats.base import Place
from pcutils.models.formats.hints import HINTS, NO_HINT, Hint, Pointer
from pcutils.models.row_cache import RowCache, grouped_attention

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pcutils.models.trace_model import TraceModel

_TOKENS_READ_AT_ONCE = 8192
_FREE_BEFORE_REFILL = 16  # a part of the rows: reading a few new prompts costs about as much as reading many
_GROUP = 16
_RANKED = (
    128  # tokens to put in order at first; mostly they have top_p, and ordering all takes longest of all
)


@dataclass
class Row:
    """One sample to write.

    Parameters
    ----------
    start : ndarray of int32
        The tokens it is given.
    vector : Tensor, shape (width,)
        Stands in front.
    room : int
        Most tokens to write.
    begin : callable
        Gives its random numbers in [0, 1), one a token, its pointer, None where the network takes no hints,
        and its place, when its turn comes.
    written : list of int
        What has been written.
    """

    start: NDArray[np.int32]
    vector: Tensor
    room: int
    begin: Callable[[], tuple[list[float], Pointer | None, Place]]
    written: list[int] = field(default_factory=list)


class _Text:
    """A row under way."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.uniforms, self.pointer, self.place = row.begin()
        self.start_hints = [NO_HINT] * len(row.start)
        if self.pointer is not None:
            for place, token in enumerate(row.start.tolist()):
                self.pointer.push(token)
                self.start_hints[place] = self.pointer.hint()
        self.length = len(row.start) + 1  # tokens read, the student's vector counted

    def push(self, token: int) -> None:
        self.row.written.append(token)
        self.place.push(token)
        if self.pointer is not None:
            self.pointer.push(token)

    def hint(self) -> Hint:
        return NO_HINT if self.pointer is None else self.pointer.hint()


class Writer:
    """Rows written side by side, as many as a batch holds.

    Parameters
    ----------
    model : TraceModel
        Who writes.
    rows : iterable of Row
        What to write, in the order in which rows enter the batch.
    batch_size : int
        Most rows side by side.
    temperature, top_p, keep_form
        As in :func:`pcutils.models.sample`.
    """

    def __init__(
        self,
        model: TraceModel,
        rows: Iterable[Row],
        *,
        batch_size: int,
        temperature: float,
        top_p: float,
        keep_form: bool,
    ) -> None:
        self.network, self.form = model.network.eval(), model.form
        self.keep_form = keep_form and model.form.has_grammar
        self.temperature, self.top_p = temperature, top_p
        self.waiting = deque(rows)
        self.texts: list[_Text | None] = [None] * min(batch_size, len(self.waiting))
        layers = model.network.config.decoder_config().num_hidden_layers
        self.cache = RowCache(layers, len(self.texts), model.context)
        self.device, self.dtype = self.network.device, self.network.dtype
        self.structure = torch.zeros(self.form.vocabulary, device=self.device, dtype=torch.bool)
        self.structure[self.form.structure] = True
        self.scores = torch.zeros(len(self.texts), self.form.vocabulary, device=self.device, dtype=self.dtype)

    def run(self) -> Iterator[Row]:
        """Write all rows.

        Yields
        ------
        Row
            Each as soon as it has ended.
        """
        with grouped_attention(self.network.decoder) as self.is_grouped:
            self._refill()
            while any(self.texts):
                yield from self._draw()
                self._go_on()
                self._refill()

    def _draw(self) -> Iterator[Row]:
        live = [(slot, text) for slot, text in enumerate(self.texts) if text is not None]
        scores = self.scores
        if len(live) < len(self.texts):
            scores = scores[torch.tensor([slot for slot, _ in live], device=self.device)]
        if scores.dtype not in (torch.float32, torch.float64):
            scores = scores.float()
        scores = self.form.allow(scores, [text.place for _, text in live] if self.keep_form else None)
        uniforms = np.array([text.uniforms[len(text.row.written)] for _, text in live])
        drawn = draw_tokens(scores, uniforms, self.temperature, self.top_p, self.structure).tolist()
        for (slot, text), token in zip(live, drawn, strict=True):
            forced = self._closing(text)
            token = token if forced is None else forced
            text.push(token)
            if token == self.form.end or len(text.row.written) == text.row.room:
                self.texts[slot] = None
                yield text.row

    def _closing(self, text: _Text) -> int | None:
        left = text.row.room - len(text.row.written)
        return self.form.closing(text.place, left) if self.keep_form else None

    def _go_on(self) -> None:
        """Read the token just drawn of every row."""
        if not any(self.texts):
            return
        if self._is_time_to_refill():
            self._tidy()
        table = np.zeros((len(self.texts), 2 + HINTS), dtype=np.int64)
        table[:, 2:] = NO_HINT
        live = [(slot, text) for slot, text in enumerate(self.texts) if text is not None]
        self.form.learn_outcomes(text.pointer for _, text in live if text.pointer is not None)
        for slot, text in live:
            table[slot] = (text.length, text.row.written[-1], *text.hint())
            text.length += 1
        moved = torch.from_numpy(table).to(self.device)
        lengths, hints = moved[:, 0], moved[:, None, 2:]
        mask = self.cache.go_on(lengths, int(table[:, 0].max()), self.dtype)
        embeds = self.network.embed(moved[:, 1:2], hints)
        hidden = self._read(embeds, mask, lengths[:, None], **self._groups(table[:, 0]))
        self.scores = self.network.logits(hidden[:, 0], hints[:, 0])

    def _groups(self, lengths: NDArray[np.int64]) -> dict[str, Any]:
        if not self.is_grouped:
            return {}
        firsts = np.arange(0, len(lengths), _GROUP)
        lasts, reaches = firsts + _GROUP, np.maximum.reduceat(lengths, firsts) + 1
        return {"row_groups": list(zip(firsts.tolist(), lasts.tolist(), reaches.tolist(), strict=True))}

    def _read(self, embeds: Tensor, mask: Tensor, positions: Tensor, **options: Any) -> Tensor:
        result = self.network.hidden_states(
            embeds,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
            **options,
        )
        return result.last_hidden_state

    def _is_time_to_refill(self) -> bool:
        free = sum(text is None for text in self.texts)
        return free > 0 and free * _FREE_BEFORE_REFILL >= len(self.texts)

    def _tidy(self) -> None:
        """Put long rows into the first groups and free ones last, with as few moves as that takes."""
        lengths = [0 if text is None else text.length for text in self.texts]
        live = sum(length > 0 for length in lengths)
        ranked = sorted(range(len(lengths)), key=lambda slot: -lengths[slot])
        moves = []
        for first, last in pairwise(sorted({*range(0, len(ranked), _GROUP), live, len(ranked)})):
            coming = [slot for slot in ranked[first:last] if not first <= slot < last]
            targets = set(range(first, last)).difference(ranked[first:last])
            moves += [*zip(coming, sorted(targets), strict=True)]
        before = list(self.texts)
        for source, target in moves:
            self.texts[target] = before[source]
        if filled := [(source, target) for source, target in moves if lengths[source]]:
            sources, targets_of = torch.tensor(filled, device=self.device).T
            self.cache.move(sources, targets_of, max(lengths[source] for source, _ in filled))
        if not self.waiting:
            self.texts = self.texts[:live]
            self.cache.keep(live)

    def _refill(self) -> None:
        """Let waiting rows begin where enough have ended."""
        if not self.waiting or not self._is_time_to_refill():
            return
        free = [slot for slot, text in enumerate(self.texts) if text is None]
        while free and self.waiting:
            longest = 0
            slots: list[int] = []
            while free and self.waiting:
                longest = max(longest, 1 + len(self.waiting[0].start))
                if slots and longest * (len(slots) + 1) > _TOKENS_READ_AT_ONCE:
                    break
                slots.append(free.pop())
                self.texts[slots[-1]] = _Text(self.waiting.popleft())
            self._begin(slots)

    def _begin(self, slots: list[int]) -> None:
        """Read the prompts of new rows, padded behind their end."""
        texts = [text for slot in slots if (text := self.texts[slot]) is not None]
        longest = max(text.length for text in texts)
        table = np.zeros((len(texts), longest - 1, 1 + HINTS), dtype=np.int64)
        table[:, :, 1:] = NO_HINT
        for place, text in enumerate(texts):
            table[place, : text.length - 1, 0] = text.row.start
            table[place, : text.length - 1, 1:] = text.start_hints
        moved = torch.from_numpy(table).to(self.device)
        embeds = self.network.embed(moved[..., 0], moved[..., 1:])
        vectors = torch.stack([text.row.vector for text in texts]).to(embeds)
        chosen = torch.tensor(slots, device=self.device)
        mask = self.cache.begin(chosen, longest, self.dtype)
        positions = torch.arange(longest, device=self.device)[None].expand(len(texts), -1)
        hidden = self._read(torch.cat([vectors[:, None], embeds], dim=1), mask, positions)
        rows = torch.arange(len(texts), device=self.device)
        last = torch.tensor([text.length - 2 for text in texts], device=self.device)
        self.scores[chosen] = self.network.logits(hidden[rows, last + 1], moved[rows, last, 1:])


def draw_tokens(
    scores: Tensor,
    uniforms: NDArray[np.float64],
    temperature: float,
    top_p: float,
    structure: Tensor | None = None,
) -> Tensor:
    """Draw one token a row, each by its own random number.

    Parameters
    ----------
    scores : Tensor of float32 or float64, shape (n, vocabulary)
        Unnormalised log-probabilities, minus infinity for what must not be drawn.
    uniforms : ndarray of float64, shape (n,)
        In [0, 1): the same number and scores give the same token.
    temperature, top_p : float
        As in :func:`pcutils.models.sample`.
    structure : Tensor of bool, shape (vocabulary,), optional
        Tokens whose probability temperature and top_p leave as it is; none by default.

    Returns
    -------
    Tensor of int64, shape (n,)
    """
    if temperature == 0:
        return scores.argmax(dim=-1)
    if structure is None or temperature == top_p == 1:
        chances = _words(scores, temperature, top_p)
    else:
        believed = torch.softmax(scores, dim=-1)
        words = _words(scores.masked_fill(structure, -torch.inf), temperature, top_p).nan_to_num()
        share = believed.masked_fill(structure, 0.0).sum(dim=-1, keepdim=True)
        chances = torch.where(structure, believed, words * share)
    sums = chances.cumsum(dim=-1)
    whole = sums[:, -1:]
    targets = torch.from_numpy(uniforms).to(sums).unsqueeze(1) * whole
    # A target rounded up to the whole sum would lie behind the last token that may be drawn.
    targets = torch.minimum(targets, torch.nextafter(whole, torch.zeros_like(whole)))
    return torch.searchsorted(sums, targets, right=True).squeeze(1)


def _words(scores: Tensor, temperature: float, top_p: float) -> Tensor:
    """Give probabilities that sum to one a row; no numbers where nothing may come."""
    chances = torch.softmax(scores / temperature, dim=-1)
    if top_p == 1:
        return chances
    likely = _likeliest(chances, top_p)
    return likely / likely.sum(dim=-1, keepdim=True)


def _likeliest(chances: Tensor, top_p: float) -> Tensor:
    """Keep the likeliest tokens of each row that together have a probability of `top_p`; zeros elsewhere."""
    ranked, order = chances.topk(min(_RANKED, chances.shape[-1]), dim=-1)
    kept = torch.zeros_like(chances).scatter(-1, order, _needed(ranked, top_p))
    flat = (ranked.sum(dim=-1) < top_p).nonzero().squeeze(1)
    if len(flat):
        ranked, order = chances[flat].sort(dim=-1, descending=True, stable=True)
        kept[flat] = torch.zeros_like(ranked).scatter(-1, order, _needed(ranked, top_p))
    return kept


def _needed(ranked: Tensor, top_p: float) -> Tensor:
    return ranked * (ranked.cumsum(dim=-1) - ranked < top_p)
