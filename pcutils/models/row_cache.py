"""Keys and values of many texts under way, each as long as it is, in rows that are used again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import AttentionInterface
from transformers.cache_utils import Cache, CacheLayerMixin
from transformers.integrations.sdpa_attention import sdpa_attention_forward

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_FIRST_CAPACITY = 128
_MOST_ROWS = 256


@dataclass
class _Pass:
    """What the decoder is about to read; shared by all layers."""

    rows: int  # how many rows the cache has
    context: int  # most tokens a row may hold
    reach: int = 0  # tokens of the longest row after this pass
    slots: Tensor | None = None  # rows that are read from their beginning; None: one more token of all
    lengths: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))


class RowLayer(CacheLayerMixin):
    """Keys and values of one layer, kept in one piece of memory that grows by doubling.

    Parameters
    ----------
    reading : _Pass
        What is read next.
    """

    is_sliding = False

    def __init__(self, reading: _Pass) -> None:
        super().__init__()
        self.reading = reading
        self.keys: Tensor
        self.values: Tensor

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Take memory for the rows."""
        self.dtype, self.device = key_states.dtype, key_states.device
        capacity = min(_FIRST_CAPACITY, self.reading.context)
        self.keys, self.values = (
            states.new_zeros(self.reading.rows, states.shape[1], capacity, states.shape[3])
            for states in (key_states, value_states)
        )
        self.is_initialized = True

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **options: object
    ) -> tuple[Tensor, Tensor]:
        """Keep what was just read, and give what attention looks at.

        Parameters
        ----------
        key_states, value_states : Tensor, shape (rows read, heads, tokens read, size)
            Of the tokens of this pass.

        Returns
        -------
        keys, values : Tensor, shape (rows read, heads, reach, size)
            What lies behind the end of a row must be masked.
        """
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        reading = self.reading
        self._make_room(reading.reach)
        if reading.slots is not None:
            length = key_states.shape[2]
            self.keys[reading.slots, :, :length] = key_states
            self.values[reading.slots, :, :length] = value_states
            return key_states, value_states
        rows = torch.arange(reading.rows, device=self.keys.device)
        self.keys[rows, :, reading.lengths] = key_states[:, :, 0]
        self.values[rows, :, reading.lengths] = value_states[:, :, 0]
        return (
            self.keys[: reading.rows, :, : reading.reach],
            self.values[: reading.rows, :, : reading.reach],
        )

    def _make_room(self, needed: int) -> None:
        capacity = self.keys.shape[2]
        if needed <= capacity:
            return
        while capacity < needed:
            capacity = min(2 * capacity, self.reading.context)
        # Zeros: what is masked has a weight of zero, and zero times whatever lay there could be NaN.
        self.keys, self.values = (
            torch.nn.functional.pad(kept, (0, 0, 0, capacity - kept.shape[2]))
            for kept in (self.keys, self.values)
        )

    def move(self, sources: Tensor, targets: Tensor, length: int) -> None:
        """Copy rows onto others, shape (n,) each, as far as their first `length` tokens."""
        for kept in (self.keys, self.values):
            kept[targets, :, :length] = kept[sources, :, :length]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Give how many tokens a mask has to cover, from the first on."""
        return self.reading.reach, 0

    def get_seq_length(self) -> int:
        """Give the tokens of the longest row."""
        return self.reading.reach if self.is_initialized else 0

    def get_max_length(self) -> int:
        """Give how many tokens a row may hold."""
        return self.reading.context


class RowCache(Cache):
    """A cache for decoders of ``transformers`` whose rows have lengths of their own.

    Parameters
    ----------
    layers : int
        Of the decoder.
    rows : int
        Texts side by side.
    context : int
        Most tokens of a text.

    Notes
    -----
    Say with :meth:`begin` or :meth:`go_on` what the next pass reads; both give the mask that the decoder
    needs. Never more than rows x context tokens are kept. The decoder must look back at all tokens: windows
    that slide are not cut here, and :func:`pcutils.models.base_decoder.fitting_context` refuses shorter ones.
    """

    def __init__(self, layers: int, rows: int, context: int) -> None:
        self.reading = _Pass(rows, context)
        super().__init__(layers=[RowLayer(self.reading) for _ in range(layers)])

    def begin(self, slots: Tensor, length: int, dtype: torch.dtype) -> Tensor:
        """Announce a pass that reads texts from their beginning into rows, whatever those held.

        Parameters
        ----------
        slots : Tensor of int64, shape (n,)
            The rows.
        length : int
            Tokens of the longest text; shorter ones are padded behind their end.
        dtype : torch.dtype
            Of the network.

        Returns
        -------
        Tensor, shape (1, 1, length, length)
            0 where attention may look, minus infinity elsewhere.
        """
        self.reading.slots, self.reading.reach = slots, length
        free = torch.ones(length, length, dtype=torch.bool, device=slots.device).tril()
        return _additive(free, dtype)[None, None]

    def go_on(self, lengths: Tensor, longest: int, dtype: torch.dtype) -> Tensor:
        """Announce a pass that reads one more token of every row.

        Parameters
        ----------
        lengths : Tensor of int64, shape (rows,)
            How many tokens each row holds.
        longest : int
            The largest of them.
        dtype : torch.dtype
            Of the network.

        Returns
        -------
        Tensor, shape (rows, 1, 1, longest + 1)
            0 where attention may look, minus infinity elsewhere.
        """
        self.reading.slots, self.reading.lengths, self.reading.reach = None, lengths, longest + 1
        places = torch.arange(longest + 1, device=lengths.device)
        return _additive(places <= lengths[:, None], dtype)[:, None, None]

    def move(self, sources: Tensor, targets: Tensor, length: int) -> None:
        """Copy rows onto others, shape (n,) each, as far as their first `length` tokens."""
        for layer in self.layers:
            layer.move(sources, targets, length)

    def keep(self, rows: int) -> None:
        """Go on with the first so many rows."""
        self.reading.rows = rows


def fitting_rows(decoder: PreTrainedModel, context: int) -> int:
    """Choose how many rows to keep side by side.

    Parameters
    ----------
    decoder : PreTrainedModel
        Any decoder of ``transformers``.
    context : int
        Most tokens of a row.

    Returns
    -------
    int
        As many as a cache of one GiB holds on a processor, of eight on a GPU, where all rows are as long as
        they may be; at least 1, and at most 256, beyond which little is won.
    """
    config = decoder.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    row = 2 * config.num_hidden_layers * heads * size * context * decoder.dtype.itemsize
    memory = 2**30 if decoder.device.type == "cpu" else 2**33
    return int(min(_MOST_ROWS, max(1, memory // row)))


@contextmanager
def grouped_attention(decoder: PreTrainedModel) -> Iterator[bool]:
    """Let attention look at groups of rows one after the other, each no further back than its longest row.

    Parameters
    ----------
    decoder : PreTrainedModel
        Any decoder of ``transformers``; it is left as it was.

    Yields
    ------
    bool
        Whether the decoder takes ``row_groups``, a list of (first row, row after the last, tokens).
        Only on a processor, where time goes with the memory read, and for PyTorch's own attention.
    """
    before = decoder.config._attn_implementation
    if before != "sdpa" or decoder.device.type != "cpu":
        yield False
        return
    decoder.set_attn_implementation(_GROUPED)
    try:
        yield True
    finally:
        decoder.set_attn_implementation(before)


def _grouped_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    row_groups: list[tuple[int, int, int]] | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    if row_groups is None or attention_mask is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    found = [
        sdpa_attention_forward(
            module,
            query[first:last],
            key[first:last, :, :reach],
            value[first:last, :, :reach],
            attention_mask[first:last, ..., :reach],
            **options,
        )[0]
        for first, last, reach in row_groups
    ]
    return torch.cat(found), None


_GROUPED = "sdpa_in_groups_of_rows"
AttentionInterface.register(_GROUPED, _grouped_attention)


def _additive(free: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.zeros(free.shape, dtype=dtype, device=free.device).masked_fill_(~free, -torch.inf)
