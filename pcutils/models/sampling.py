"""Sampling of traces: many side by side, token by token, each the same whatever its batch."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from transformers.cache_utils import Cache, DynamicLayer

from pcutils.errors import ModelError, TraceError, track
from pcutils.models.notation import HINTS, NO_HINT, Hint, kept_states
from pcutils.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pcutils.models.network import StudentLanguageModel
    from pcutils.models.notation import Notation, Pointer
    from pcutils.models.trace_model import TraceModel

_ROOM_TO_WRITE = 0.25
_NOTHING = Trace((), (), ())
_MOST_ROWS = 512
_FIRST_CAPACITY = 128
_SHARE_TO_DROP = 8
_RANKED = 128  # tokens sorted for top_p at first, which is mostly enough; sorting all takes longest of all


@dataclass(frozen=True, eq=False)
class Prompt:
    """What a model is asked to write: a trace of a student and a title, or what follows a prefix."""

    username: str | None  # unknown students and None are the average student
    title: str | None
    prefix: Trace | None = None  # a trace to go on from, after its last state
    student_vector: Tensor | None = None  # (width,), stands in front instead of the student's own


@dataclass(frozen=True)
class Sample:
    """What a model wrote, and the trace that it is, where it can be read as one."""

    prompt: int  # index of the prompt in the list of prompts
    number: int  # which sample of that prompt, from 0
    text: str  # what was written, as a person can read it, without the prefix
    trace: Trace | None  # `is_complete` is false where it did not end in time
    failure: str | None  # why it cannot be read
    given_states: int = 0  # how many of the trace's first states are the prefix (repeated ones left out)


def generate(
    model: TraceModel,
    prompts: Sequence[Prompt],
    *,
    samples_per_prompt: int = 1,
    temperature: float = 1.0,
    top_p: float = 1.0,
    max_tokens: int | None = None,
    keep_form: bool = True,
    seed: int = 0,
    batch_size: int | None = None,
    progress: bool = True,
) -> list[Sample]:
    """Sample traces; see :meth:`pcutils.models.TraceModel.generate`."""
    if not temperature >= 0 or not 0 < top_p <= 1:
        raise ModelError(
            f"A temperature of {temperature} and top_p of {top_p}: use at least 0, and a share above 0."
        )
    size = fitting_rows(model.network, model.context) if batch_size is None else batch_size
    if size < 1:
        raise ModelError(f"A batch_size of {batch_size}: use at least 1.")
    rows = list(_rows(model, prompts, samples_per_prompt, max_tokens, seed))
    order = sorted(rows, key=lambda row: len(row.start))  # so that there is little padding
    with (
        track(label="Sampling", total=len(rows), unit="traces", enabled=progress) as bar,
        torch.inference_mode(),
    ):
        for first in range(0, len(order), size):
            for ended in _Batch(model, order[first : first + size], keep_form).write(temperature, top_p):
                bar.update(ended)
    return [_read(model, row, prompts[row.prompt]) for row in rows]


def fitting_rows(network: StudentLanguageModel, context: int) -> int:
    """Choose a batch whose cache takes at most one GiB on a processor, eight on a GPU."""
    config = network.decoder.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    row = 2 * config.num_hidden_layers * heads * size * context * network.dtype.itemsize
    memory = 2**30 if network.device.type == "cpu" else 2**33
    return int(min(_MOST_ROWS, max(1, memory // row)))


def prompt_seeds(prompts: Sequence[Prompt]) -> list[list[int]]:
    """Give the numbers that each prompt's samples depend on: what is asked, and for which time."""
    seen: Counter[bytes] = Counter()
    found = []
    for prompt in prompts:
        kept = kept_states(prompt.prefix or _NOTHING)[0]
        asked = repr((prompt.username, prompt.title, kept.programs, kept.timestamps))
        key = hashlib.sha256(asked.encode("utf-8", "surrogatepass")).digest()
        found.append([seen[key], *np.frombuffer(key[:16], dtype=np.uint32).tolist()])
        seen[key] += 1
    return found


@dataclass(eq=False)
class _Row:
    """One sample to write, and what has been written."""

    prompt: int
    number: int
    start: NDArray[np.int32]  # the tokens it is given
    kept: Trace  # the prefix without repeated states
    vector: Tensor  # stands in front
    room: int  # most tokens to write
    seeds: list[int]
    written: list[int] = field(default_factory=list)
    has_ended: bool = False

    def begin(self, notation: Notation, pointer: Pointer | None) -> None:
        """Prepare to be written when the row's turn comes."""
        self.uniforms = np.random.default_rng(self.seeds).random(self.room)
        self.place, self.pointer = notation.place(self.kept), pointer
        self.hints = [self._point(token) for token in self.start.tolist()]

    def _point(self, token: int) -> Hint:
        if self.pointer is None:
            return NO_HINT
        self.pointer.push(token)
        return self.pointer.hint()

    def push(self, token: int) -> None:
        """Take the token that was drawn."""
        self.written.append(token)
        self.place.push(token)
        if self.pointer is not None:
            self.pointer.push(token)


def _rows(
    model: TraceModel, prompts: Sequence[Prompt], count: int, max_tokens: int | None, seed: int
) -> Iterator[_Row]:
    if not prompts:
        return
    context = model.context
    room_kept = int(context * _ROOM_TO_WRITE) if max_tokens is None else max_tokens
    vectors = model.student_vectors([prompt.username for prompt in prompts])
    items = model.notation.encode(_titled(prompt) for prompt in prompts)
    seeds = prompt_seeds(prompts)
    for index, (prompt, item, (turn, *asked)) in enumerate(zip(prompts, items, seeds, strict=True)):
        start = model.notation.recent(item, max(len(item.prompt), context - 1 - room_kept))
        room = min(context - 1 - len(start), context if max_tokens is None else max_tokens)
        if room < 1:
            raise ModelError(f"Prompt {index} leaves no room to write in a context of {context} tokens.")
        given = prompt.student_vector
        vector = vectors[index] if given is None else given.detach().to(vectors)
        for number in range(count):
            yield _Row(index, number, start, item.trace, vector, room, [seed, turn, number, *asked])


def _titled(prompt: Prompt) -> Trace:
    prefix = prompt.prefix or _NOTHING
    return Trace(prefix.programs, prefix.timestamps, prefix.numbers, is_complete=False, title=prompt.title)


def _read(model: TraceModel, row: _Row, prompt: Prompt) -> Sample:
    text, trace, failure = model.notation.decode(row.written), None, None
    prefix = prompt.prefix or _NOTHING
    try:
        trace = model.notation.read(row.written, prefix, title=prompt.title, username=prompt.username)
    except TraceError as error:
        failure = str(error)
    return Sample(row.prompt, row.number, text, trace, failure, len(row.kept.programs))


class _Batch:
    """Rows that are written in step, padded in front to the same length; rows that have ended are dropped."""

    def __init__(self, model: TraceModel, rows: list[_Row], keep_form: bool) -> None:
        self.network, self.notation, self.rows = model.network.eval(), model.notation, rows
        self.keep_form = keep_form and self.notation.has_grammar
        self.device = self.network.device
        has_hints = self.network.config.copy_hints
        for row in rows:
            row.begin(self.notation, self.notation.pointer() if has_hints else None)
        self.length = 1 + max(len(row.start) for row in rows)  # of the cache; a student's vector comes first
        self.padding = torch.tensor([self.length - 1 - len(row.start) for row in rows], device=self.device)
        self.live = list(range(len(rows)))
        self.cache = Cache(
            layers=[_GrowingLayer() for _ in range(self.network.decoder.config.num_hidden_layers)]
        )

    def write(self, temperature: float, top_p: float) -> Iterator[int]:
        """Write all rows; give after each token how many have ended."""
        structure = torch.zeros(self.notation.vocabulary, device=self.device, dtype=torch.bool)
        structure[self.notation.structure] = True
        scores = self._begin()
        while self.live:
            rows = [self.rows[number] for number in self.live]
            scores = self.notation.allow(scores, [row.place for row in rows] if self.keep_form else None)
            uniforms = np.array([row.uniforms[len(row.written)] for row in rows])
            drawn = draw_tokens(scores, uniforms, temperature, top_p, structure).tolist()
            for row, token in zip(rows, drawn, strict=True):
                left = row.room - len(row.written)
                forced = self.notation.closing(row.place, left) if self.keep_form else None
                row.push(token if forced is None else forced)
                row.has_ended = left == 1 or row.written[-1] == self.notation.end
            self.live = [number for number in self.live if not self.rows[number].has_ended]
            yield len(rows) - len(self.live)
            if self.live:
                self._drop_ended()
                scores = self._go_on()

    def _drop_ended(self) -> None:
        """Forget rows that have ended when they are many: to move the others takes time."""
        if (len(self.rows) - len(self.live)) * _SHARE_TO_DROP >= len(self.rows):
            chosen = torch.tensor(self.live, device=self.device)
            self.rows, self.padding = [self.rows[number] for number in self.live], self.padding[chosen]
            self.cache.batch_select_indices(chosen)
            self.live = list(range(len(self.rows)))

    def _begin(self) -> Tensor:
        """Read the prompts."""
        table = np.zeros((len(self.rows), self.length, 1 + HINTS), dtype=np.int64)
        table[:, :, 1:] = NO_HINT
        for number, row in enumerate(self.rows):
            table[number, self.length - len(row.start) :, 0] = row.start
            table[number, self.length - len(row.start) :, 1:] = row.hints
        moved = torch.from_numpy(table).to(self.device)
        embeds = self.network.embed(moved[..., 0], moved[..., 1:])
        vectors = torch.stack([row.vector for row in self.rows])
        embeds[torch.arange(len(self.rows), device=self.device), self.padding] = vectors.to(embeds)
        steps = torch.arange(self.length, device=self.device)
        seen = (steps >= self.padding[:, None])[:, None] & (steps <= steps[:, None])
        seen |= torch.eye(self.length, dtype=torch.bool, device=self.device)  # padding sees itself: no NaN
        return self._read(embeds, seen, (steps - self.padding[:, None]).clamp(min=0), moved[:, -1, 1:])

    def _go_on(self) -> Tensor:
        """Read the token just drawn of every row; give the scores of those that have not ended."""
        live = [self.rows[number] for number in self.live]
        self.notation.learn_outcomes(row.pointer for row in live if row.pointer is not None)
        table = np.zeros((len(self.rows), 1 + HINTS), dtype=np.int64)
        table[:, 1:] = NO_HINT
        hints = [NO_HINT if row.pointer is None else row.pointer.hint() for row in live]
        table[self.live] = [(row.written[-1], *hint) for row, hint in zip(live, hints, strict=True)]
        moved = torch.from_numpy(table).to(self.device)
        positions = self.length - self.padding[:, None]
        self.length += 1
        seen = torch.arange(self.length, device=self.device) >= self.padding[:, None]
        embeds = self.network.embed(moved[:, :1], moved[:, None, 1:])
        return self._read(embeds, seen[:, None], positions, moved[:, 1:])[self.live]

    def _read(self, embeds: Tensor, seen: Tensor, positions: Tensor, hints: Tensor) -> Tensor:
        mask = torch.zeros(seen.shape, dtype=embeds.dtype, device=self.device).masked_fill_(~seen, -torch.inf)
        options = {"position_ids": positions, "past_key_values": self.cache, "use_cache": True}
        hidden = self.network.hidden_states(embeds, attention_mask=mask[:, None], **options)
        scores = self.network.logits(hidden.last_hidden_state[:, -1], hints)
        return scores if scores.dtype == torch.float64 else scores.float()


class _GrowingLayer(DynamicLayer):
    """Keys and values in memory that doubles, so that those of a new token are written beside the others."""

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **options: object
    ) -> tuple[Tensor, Tensor]:
        """Keep what was just read; give all that attention looks at."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.memory, self.length = torch.stack([key_states, value_states])[:, :, :, :0], 0
        start, self.length = self.length, self.length + key_states.shape[2]
        if self.length > self.memory.shape[3]:
            spare = max(_FIRST_CAPACITY, 2 * self.length) - self.memory.shape[3]
            # Zeros: what is masked has a weight of zero, and zero times whatever lay there could be NaN.
            self.memory = torch.nn.functional.pad(self.memory, (0, 0, 0, spare))
        self.memory[0, :, :, start : self.length] = key_states
        self.memory[1, :, :, start : self.length] = value_states
        self.keys, self.values = self.memory[:, :, :, : self.length]
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep some of the rows."""
        self.memory = self.memory[:, indices]
        self.keys, self.values = self.memory[:, :, :, : self.length]


def draw_tokens(
    scores: Tensor,
    uniforms: NDArray[np.float64],
    temperature: float,
    top_p: float,
    structure: Tensor | None = None,
) -> Tensor:
    """Draw a token a row by a number in [0, 1) each; temperature and top_p leave `structure` alone."""
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
    """Probabilities that sum to one a row; no numbers where nothing may come."""
    chances = torch.softmax(scores / temperature, dim=-1)
    if top_p == 1:
        return chances
    ranked, order = chances.topk(min(_RANKED, chances.shape[-1]), dim=-1)
    likely = torch.zeros_like(chances).scatter(-1, order, _needed(ranked, top_p))
    flat = (ranked.sum(dim=-1) < top_p).nonzero().squeeze(1)
    if len(flat):
        ranked, order = chances[flat].sort(dim=-1, descending=True, stable=True)
        likely[flat] = torch.zeros_like(ranked).scatter(-1, order, _needed(ranked, top_p))
    return likely / likely.sum(dim=-1, keepdim=True)


def _needed(ranked: Tensor, top_p: float) -> Tensor:
    """The likeliest of ranked probabilities that together reach `top_p`; zeros elsewhere."""
    return ranked * (ranked.cumsum(dim=-1) - ranked < top_p)
