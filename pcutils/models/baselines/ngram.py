"""An n-gram over the tokens of edits: what usually follows the last few tokens, in this title and in all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from pcutils.errors import ModelError
from pcutils.models.baselines.base import Baseline
from pcutils.models.baselines.contexts import (
    ContextCounts,
    context_keys,
    count_contexts,
    smooth,
    smooth_each,
    title_key,
)
from pcutils.models.baselines.mixtures import fit_weights, hold_out
from pcutils.models.formats import Encoded
from pcutils.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

COUNTS_FILE = "counts.parquet"
_ALL_TITLES = 0
_MOST_TOKENS = 4096
_ROOM_TO_WRITE = 0.25


class EditNgram(Baseline):
    r"""An interpolated n-gram with modified Kneser-Ney smoothing; see :class:`Baseline` for its calls.

    Parameters
    ----------
    tokenizer, context, title_tokens
        As for :class:`Baseline`.
    order : int
        A token depends on the `order` - 1 before it, those of the title included.

    Attributes
    ----------
    title_weight : float
        How much the title's own counts weigh, fitted to held-out traces.

    Raises
    ------
    ModelError
        If the order is below 1.

    Notes
    -----
    :math:`P(w \mid h, t) = \lambda P_t(w \mid h) + (1 - \lambda) P_\text{all}(w \mid h)`. Both are smoothed
    as in Chen and Goodman (1999), see :func:`pcutils.models.baselines.contexts.smooth`: over all titles down
    to the same chance for every token, within a title down to :math:`P_\text{all}`, so that a title that was
    never seen has just that. Who the student is plays no part.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        *,
        order: int = 4,
        context: int | None = None,
        title_tokens: int = 0,
    ) -> None:
        super().__init__(tokenizer, context=context, title_tokens=title_tokens)
        if order < 1:
            raise ModelError(f"An n-gram of order {order}: use at least 1, which looks at no token before.")
        self.order, self.title_weight = order, 0.5
        self._general: list[ContextCounts] = []
        self._titled: list[ContextCounts] = []

    def _fit(self, traces: list[Trace]) -> None:
        items = list(self.form.encode(traces))
        rest, held = hold_out(items)
        self._count(rest)
        if held:
            self.title_weight = float(fit_weights(np.stack(self._both(held), axis=1))[0])
        self._count(items)

    def _count(self, items: Sequence[Encoded]) -> None:
        tokens, general, titled = self._contexts(items)
        self._general = count_contexts(general, tokens)
        self._titled = count_contexts(titled, tokens)

    def _contexts(
        self, items: Sequence[Encoded]
    ) -> tuple[NDArray[np.int64], list[NDArray[np.uint64]], list[NDArray[np.uint64]]]:
        """Give all scored tokens, and the contexts of each, without and with its title."""
        before = self.order - 1
        parts, titles, history = [], [], [[] for _ in range(before)]  # type: ignore[var-annotated]
        for item in items:
            tokens, _, given = self.tokens_of(item)
            padded = np.concatenate([np.full(before, -1), tokens])
            places = np.arange(given, len(tokens)) + before
            parts.append(padded[places])
            titles.append(np.full(len(places), title_key(item.trace.title), dtype=np.uint64))
            for back in range(before):
                history[back].append(padded[places - 1 - back])
        past = [(np.concatenate(column) + 1).astype(np.uint64) for column in history]
        joined, title = np.concatenate(parts), np.concatenate(titles)
        return joined, context_keys(np.full_like(title, _ALL_TITLES), past), context_keys(title, past)

    def _both(self, items: Sequence[Encoded]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the chance of each scored token by the title's counts and by those of all titles."""
        tokens, general, titled = self._contexts(items)
        even = np.full(len(tokens), 1 / self.form.vocabulary)
        everywhere = smooth_each(self._general, even, general, tokens)
        return smooth_each(self._titled, everywhere, titled, tokens), everywhere

    def token_bits(self, items: Sequence[Encoded]) -> list[NDArray[np.float64]]:
        """Count the bits of every scored token; see :meth:`Baseline.token_bits`."""
        if not items:
            return []
        here, everywhere = self._both(items)
        bits = -np.log2(self.title_weight * here + (1 - self.title_weight) * everywhere)
        sizes = [len(tokens) - given for tokens, _, given in map(self.tokens_of, items)]
        return np.split(bits, np.cumsum(sizes)[:-1])

    def distribution(self, title: str | None, before: Sequence[int]) -> NDArray[np.float64]:
        """Say how likely each token comes next.

        Parameters
        ----------
        title : str or None
            The assignment.
        before : sequence of int
            All tokens so far, the title's and ``<start>`` included.

        Returns
        -------
        ndarray of float64, shape (vocabulary,)
            Above 0 everywhere; it sums to 1.
        """
        size = self.order - 1
        newest = [int(token) + 1 for token in before[max(0, len(before) - size) :]][::-1] if size else []
        newest += [0] * (size - len(newest))
        even = np.full(self.form.vocabulary, 1 / self.form.vocabulary)
        everywhere = smooth(self._general, even, context_keys(_ALL_TITLES, newest))
        here = smooth(self._titled, everywhere, context_keys(title_key(title), newest))
        return self.title_weight * here + (1 - self.title_weight) * everywhere

    def _write(self, item: Encoded, random: np.random.Generator) -> list[int]:
        tokens = np.concatenate([item.prompt, *item.states]).tolist()
        title = item.trace.title
        places = [self.form.place(item.trace)] if self.form.has_grammar else None
        start, room = len(tokens), self._room(len(tokens))
        scores = torch.zeros(1, self.form.vocabulary)
        while len(tokens) < start + room:
            allowed = torch.isfinite(self.form.allow(scores, places))[0].numpy()
            sums = np.cumsum(self.distribution(title, tokens) * allowed)
            token = int(np.searchsorted(sums, random.random() * sums[-1], side="right"))
            tokens.append(min(token, int(np.flatnonzero(allowed)[-1])))
            if tokens[-1] == self.form.end:
                break
            if places:
                places[0].push(tokens[-1])
        return tokens[start:]

    def _room(self, given: int) -> int:
        """Give how many tokens a sample may have; never less than a quarter of the context."""
        if self.context is None:
            return _MOST_TOKENS
        return max(self.context - 1 - given, int(self.context * _ROOM_TO_WRITE))

    def _settings(self) -> dict[str, Any]:
        return {"order": self.order, "title_weight": self.title_weight}

    @classmethod
    def _from_settings(cls, tokenizer: PreTrainedTokenizerFast, settings: dict[str, Any]) -> Self:
        weight = settings.pop("title_weight")
        model = cls(tokenizer, **settings)
        model.title_weight = weight
        return model

    def _save(self, folder: Path) -> None:
        kinds = [(titled, length) for titled in (False, True) for length in range(self.order)]
        tables = [*self._general, *self._titled]
        sizes = [len(table.keys) for table in tables]
        columns = {
            "titled": np.repeat([titled for titled, _ in kinds], sizes),
            "length": np.repeat([length for _, length in kinds], sizes),
            **{
                name: np.concatenate([getattr(table, name) for table in tables])
                for name in ("keys", "tokens", "counts")
            },
        }
        pq.write_table(pa.table(columns), folder / COUNTS_FILE)

    def _load(self, folder: Path) -> None:
        if not (folder / COUNTS_FILE).is_file():
            raise ModelError(f"{folder} lacks {COUNTS_FILE}: fit the model and save it again.")
        table = pq.read_table(folder / COUNTS_FILE)
        columns = {name: table[name].to_numpy() for name in table.column_names}
        for titled, tables in ((False, self._general), (True, self._titled)):
            for length in range(self.order):
                rows = (columns["titled"] == titled) & (columns["length"] == length)
                tables.append(ContextCounts(*(columns[name][rows] for name in ("keys", "tokens", "counts"))))
