"""A baseline without a network: an n-gram over edits.

Mixed with copies of a title's most common program, or of the most similar training trace, its NLL is lower by
0.1 %, because hardly any state is a copy of another student's: so there is no other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
import torch

from pcutils.errors import ModelError, TraceError
from pcutils.models.notation import SEGMENTS, EditsNotation, cut, kept_states
from pcutils.models.sampling import Prompt, Sample, prompt_seeds
from pcutils.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

Tokens = tuple[int, ...]
Seen = Counter[tuple[str | None, Tokens, int]]  # title, context and token, and how often they came
Tables = tuple[list[float], dict[tuple[str | None, Tokens], dict[int, int]]]  # discounts; what followed

_NOTHING = Trace((), (), ())
_ALL = 1 << 62
_MOST_TOKENS = 4096
_PADDING = -1


class EditNgram:
    r"""An n-gram over the tokens of edits, one over all titles and one for each title.

    A token depends on the `order` - 1 before it. Traces become edits with the tokenizer; `context` and
    `title_tokens` are those of a network to compare with.

    Notes
    -----
    Interpolated Kneser-Ney smoothing with one discount for each length: after a context :math:`h`,

    .. math:: P(w \mid h) = \frac{\max(c(hw) - D, 0)}{c(h)} + \frac{D \, T(h)}{c(h)} P(w \mid h')

    where :math:`T(h)` tokens are known to follow :math:`h`, :math:`h'` lacks the oldest token, and :math:`c`
    counts, for all but the longest contexts, how many different tokens came before (Chen and Goodman 1999).
    A title's n-gram ends in that of all titles, and both are averaged. Who the student is has no effect.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        *,
        order: int = 5,
        context: int | None = None,
        title_tokens: int = 0,
    ) -> None:
        if order < 1:
            raise ModelError(f"An n-gram of order {order}: use at least 1, which looks at no token before.")
        self.notation, self.order = EditsNotation(tokenizer, title_tokens=title_tokens), order
        self.room = _ALL if context is None else context - 1
        self.is_fitted = False

    def fit(self, traces: Iterable[Trace]) -> Self:
        """Learn from training traces; give the n-gram itself."""
        seen: Seen = Counter()
        for title, tokens, _, given in self._tokens(trace for trace in traces if trace.programs):
            seen.update((title, self._before(tokens, i), tokens[i]) for i in range(given, len(tokens)))
        if not seen:
            raise ModelError("No trace with a program to fit an n-gram to: give at least one.")
        pooled: Seen = Counter()
        for (_, before, token), count in seen.items():
            pooled[None, before, token] += count
        self.general, self.titled = _tables(pooled, self.order), _tables(seen, self.order)
        self.is_fitted = True
        return self

    def _check_fitted(self) -> None:
        if not self.is_fitted:
            raise ModelError("This EditNgram is not fitted: call fit first.")

    def _tokens(
        self, traces: Iterable[Trace]
    ) -> Iterator[tuple[str | None, list[int], NDArray[np.int8], int]]:
        """Give title, tokens, segments and the number of tokens that are not scored."""
        for item in self.notation.encode(traces):
            tokens, segments, _ = cut(item, self.room, self.notation.end)
            yield item.trace.title or "", tokens.tolist(), segments, min(len(item.prompt), len(tokens))

    def _before(self, tokens: Sequence[int], index: int) -> Tokens:
        """Give the context of one token."""
        start = index - self.order + 1
        return (_PADDING,) * -start + tuple(tokens[max(0, start) : index])

    def probabilities(
        self, title: str | None, before: Tokens, tokens: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Give the probabilities of some tokens after the `order` - 1 tokens before them."""
        chance = np.full(len(tokens), 1 / self.notation.vocabulary)
        everywhere = _smooth(self.general, None, before, tokens, chance)
        return (everywhere + _smooth(self.titled, title or "", before, tokens, everywhere)) / 2

    def score(self, traces: Iterable[Trace], *, by_segment: bool = False) -> NDArray[np.float64]:
        """NLL of traces in bits, shape (n,), or (n, 5) by :data:`pcutils.models.notation.SEGMENTS`."""
        self._check_fitted()
        rows = []
        for title, tokens, segments, given in self._tokens(traces):
            found = [
                self.probabilities(title, self._before(tokens, i), np.array(tokens[i : i + 1]))[0]
                for i in range(given, len(tokens))
            ]
            rows.append(np.bincount(segments[given:], -np.log2(found), minlength=len(SEGMENTS)))
        parts = np.array(rows, dtype=np.float64).reshape(-1, len(SEGMENTS))
        return parts if by_segment else parts.sum(axis=1)

    def generate(
        self, prompts: Sequence[Prompt], *, samples_per_prompt: int = 1, seed: int = 0
    ) -> list[Sample]:
        """Sample traces, as :meth:`pcutils.models.TraceModel.generate`; student vectors have no effect."""
        self._check_fitted()
        samples = []
        for index, (prompt, asked) in enumerate(zip(prompts, prompt_seeds(prompts), strict=True)):
            prefix = kept_states(prompt.prefix or _NOTHING)[0]
            for number in range(samples_per_prompt):
                ids = self._write(prompt, prefix, np.random.default_rng([seed, number, *asked]))
                samples.append(self._read(index, number, prompt, prefix, ids))
        return samples

    def _read(self, index: int, number: int, prompt: Prompt, prefix: Trace, ids: list[int]) -> Sample:
        trace, failure = None, None
        try:
            trace = self.notation.read(ids, prefix, title=prompt.title, username=prompt.username)
        except TraceError as error:
            failure = str(error)
        return Sample(index, number, self.notation.decode(ids), trace, failure, len(prefix.programs))

    def _write(self, prompt: Prompt, prefix: Trace, random: np.random.Generator) -> list[int]:
        titled = Trace.from_states(prefix.programs, prefix.timestamps, title=prompt.title, is_complete=False)
        (item,) = self.notation.encode([titled])
        tokens = np.concatenate([item.prompt, *item.states]).tolist()
        place, start = self.notation.place(prefix), len(tokens)
        scores, most = torch.zeros(1, self.notation.vocabulary), min(_MOST_TOKENS, self.room)
        while tokens[-1] != self.notation.end and len(tokens) < start + most:
            allowed = torch.isfinite(self.notation.allow(scores, [place]))[0].nonzero()[:, 0].numpy()
            chances = self.probabilities(prompt.title, self._before(tokens, len(tokens)), allowed)
            tokens.append(int(random.choice(allowed, p=chances / chances.sum())))
            place.push(tokens[-1])
        return tokens[start:]


def _tables(seen: Seen, order: int) -> Tables:
    """Count what follows each context, from the longest on; give these counts and a discount a length."""
    tables: dict[tuple[str | None, Tokens], dict[int, int]] = defaultdict(dict)
    discounts: list[float] = []
    for _ in range(order):
        for (title, before, token), count in seen.items():
            tables[title, before][token] = count
        ones, twos = (sum(count == number for count in seen.values()) for number in (1, 2))
        discounts.insert(0, ones / (ones + 2 * twos) if ones else 0.5)
        seen = Counter((title, before[1:], token) for title, before, token in seen)
    return discounts, dict(tables)


def _smooth(
    tables: Tables, title: str | None, before: Tokens, tokens: NDArray[np.int64], lower: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Go from the shortest context to the longest that is known."""
    for length, discount in enumerate(tables[0]):
        after = tables[1].get((title, before[len(before) - length :]))
        if after is None:
            break
        total = sum(after.values())
        own = np.array([max(after.get(int(token), 0) - discount, 0.0) for token in tokens])
        lower = (own + discount * len(after) * lower) / total
    return lower


BASELINES = {"EditNgram": EditNgram}
"""Baselines that give a likelihood, by name."""
