"""Mixtures of a whole program that is copied from training and of an n-gram that writes token by token."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from pcutils.models.baselines.base import Baseline
from pcutils.models.baselines.mixtures import fit_weights, hold_out
from pcutils.models.baselines.ngram import EditNgram
from pcutils.models.baselines.traces_file import TRACES_FILE, read_traces, write_traces
from pcutils.models.formats import Encoded, kept_states
from pcutils.models.formats.base import DATE, EDITS, FIRST_STATE, GAPS
from pcutils.models.tokenizer import clean
from pcutils.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

_NGRAM_FOLDER = "ngram"
_WAYS = 3
"""Write token by token; copy a program; copy it, and end where its own trace ended."""


@dataclass(frozen=True)
class Proposal:
    """A program that the next state may be a copy of.

    Parameters
    ----------
    program : str
        The program.
    chance : float
        How likely this one is, if one is copied.
    is_last : bool
        Whether its own trace ended with it.
    """

    program: str
    chance: float
    is_last: bool


@dataclass(frozen=True)
class Block:
    """The tokens that say what one state is, and the token behind them, which ends it.

    Parameters
    ----------
    trace, state : int
        Which kept state of which trace.
    start, stop : int
        Where the tokens are among the scored ones of the trace.
    is_closed : bool
        Whether there is a token behind them; there is none where a trace was cut or is incomplete.
    """

    trace: int
    state: int
    start: int
    stop: int
    is_closed: bool


class Copyist(Baseline):
    r"""A baseline that copies whole programs; see :class:`Baseline` for its calls.

    Parameters
    ----------
    tokenizer, context, title_tokens
        As for :class:`Baseline`.
    order : int
        Of the n-gram that writes what is not copied.

    Attributes
    ----------
    ngram : EditNgram
        It writes dates and gaps, and states that are no copies.
    weights : ndarray of float64, shape (2, 3)
        For first and for later states, how often a state is written token by token, is a copy, and is a copy
        that also ends the trace where its own ended; fitted to held-out traces.

    Notes
    -----
    State by state: let :math:`e` be the tokens of a state, :math:`b` the token behind them, which begins
    the next state or ends the trace, :math:`q` the chances of the proposed programs, :math:`P` the n-gram.
    The chance of both is

    .. math:: w_0 P(e) P(b \mid e) + w_1 q(e) P(b \mid e, B) + w_2 \sum_i q_i(e) P(b \mid e, B_i)

    where :math:`B` are all tokens that may end a state and :math:`B_i` is the end token alone for the last
    program of a trace, and all others for any other. That sums to 1 over all :math:`e` and :math:`b`. Bits
    are divided among tokens by the chain rule: :math:`e` costs what it costs as the beginning of a state. A
    program that equals the state before is not proposed, for such states are left out of traces.
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
        self.ngram = EditNgram(tokenizer, order=order, context=context, title_tokens=title_tokens)
        self.ngram.form = self.form  # one memory of lines for both
        self._traces: list[Trace] = []
        self.weights = np.full((2, _WAYS), 1 / _WAYS)
        operations = self.form.operations
        self._begins = [*operations.gaps, operations.earlier, operations.unknown, operations.dated]

    @abstractmethod
    def _learn(self, traces: list[Trace]) -> None:
        """Take programs to copy from traces without repeated states."""

    @abstractmethod
    def _propose(self, trace: Trace) -> list[list[Proposal]]:
        """Give what may be copied for each state of a trace, from the states before it, title and student."""

    @abstractmethod
    def _continue(self, prefix: Trace, random: np.random.Generator) -> Trace:
        """Give the states that come after a prefix, with their times."""

    def _keep(self, traces: list[Trace]) -> None:
        self._traces = [kept_states(_cleaned(trace))[0] for trace in traces]
        self._learn(self._traces)

    def _fit(self, traces: list[Trace]) -> None:
        rest, held = hold_out(traces)
        if held:
            self.ngram.fit(rest)
            self._keep(rest)
            items = list(self.form.encode(held))
            blocks = self._blocks(items)
            chances = self._chances(items, blocks, self.ngram.token_bits(items))[1]
            is_later = np.array([block.state > 0 for block in blocks])
            for kind in (0, 1):
                found = chances[is_later == kind]
                self.weights[kind] = fit_weights(np.exp2(found - found.max(axis=1, keepdims=True)))
        self.ngram.fit(traces)
        self._keep(traces)

    def token_bits(self, items: Sequence[Encoded]) -> list[NDArray[np.float64]]:
        """Count bits; those of a state are spread evenly over its tokens. See :meth:`Baseline.token_bits`."""
        bits = self.ngram.token_bits(items)
        blocks = self._blocks(items)
        if not blocks:
            return bits
        begun, ended = self._chances(items, blocks, bits)
        weights = np.log2(self.weights)[[min(block.state, 1) for block in blocks]]
        state_bits = -np.logaddexp2.reduce(begun + weights, axis=1)
        whole_bits = -np.logaddexp2.reduce(ended + weights, axis=1)
        for block, state, whole in zip(blocks, state_bits, whole_bits, strict=True):
            bits[block.trace][block.start : block.stop] = state / (block.stop - block.start)
            if block.is_closed:
                bits[block.trace][block.stop] = whole - state
        return bits

    def _blocks(self, items: Sequence[Encoded]) -> list[Block]:
        blocks = []
        for number, item in enumerate(items):
            tokens, _, given = self.tokens_of(item)
            position, limit = 0, len(tokens) - given
            for state, segments in enumerate(item.segments):
                start = position + int(np.isin(segments, (DATE, GAPS)).sum())
                position += len(segments)
                if start < limit:
                    blocks.append(Block(number, state, start, min(position, limit), position < limit))
        return blocks

    def _chances(
        self, items: Sequence[Encoded], blocks: Sequence[Block], bits: Sequence[NDArray[np.float64]]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Say how likely each block is in each of the ways to write it.

        Returns
        -------
        begun, ended : ndarray of float64, shape (n_blocks, 3)
            In bits, negative: for its tokens as the beginning of a state, and for them and the one behind
            them where there is one. Where nothing is proposed all ways are the n-gram's.
        """
        proposed = [self._propose(item.trace) for item in items]
        begun, ended = np.empty((2, len(blocks), _WAYS))
        for row, block in enumerate(blocks):
            own, item = bits[block.trace], items[block.trace]
            begun[row] = -own[block.start : block.stop].sum()
            ended[row] = begun[row] - (own[block.stop] if block.is_closed else 0.0)
            proposals = _new_ones(proposed[block.trace][block.state], item.trace, block.state)
            if proposals:
                begun[row, 1:] = ended[row, 1:] = _log2(self._beginning_so(item, block, proposals))
                if block.is_closed:
                    ended[row, 1:] = self._ending_so(item, block, proposals)
        return begun, ended

    def _beginning_so(self, item: Encoded, block: Block, proposals: list[Proposal]) -> float:
        """Add up the chances of the proposals that begin with the tokens of a block."""
        tokens, _, given = self.tokens_of(item)
        written = tokens[given + block.start : given + block.stop]
        before, now = _around(item.trace, block.state)
        fixed = _without_common_end(before, now) if block.is_closed else ""
        near = [proposal for proposal in proposals if f"{proposal.program}\n".startswith(fixed)]
        states = [Trace.from_states([*before, proposal.program]) for proposal in near]
        total = 0.0
        for proposal, encoded in zip(near, self.form.encode(states), strict=True):
            last, segments = encoded.states[-1], encoded.segments[-1]
            said = last[np.isin(segments, (FIRST_STATE, EDITS))]
            if np.array_equal(said[: len(written)], written):
                total += proposal.chance
        return total

    def _ending_so(self, item: Encoded, block: Block, proposals: list[Proposal]) -> NDArray[np.float64]:
        """Say how likely a block is in the two ways to copy, the token behind it included, in bits."""
        _, now = _around(item.trace, block.state)
        ending = sum(p.chance for p in proposals if p.program == now and p.is_last)
        going_on = sum(p.chance for p in proposals if p.program == now and not p.is_last)
        if not ending + going_on:
            return np.full(2, -np.inf)
        tokens, _, given = self.tokens_of(item)
        behind = given + block.stop
        next_one = self.ngram.distribution(item.trace.title, tokens[:behind].tolist())
        begins, ends = next_one[self._begins].sum(), next_one[self.form.end]
        chance, is_end = next_one[tokens[behind]], tokens[behind] == self.form.end
        as_its_own = ending if is_end else going_on * chance / begins
        return np.array([_log2((ending + going_on) * chance / (begins + ends)), _log2(as_its_own)])

    def _write(self, item: Encoded, random: np.random.Generator) -> list[int]:
        prefix = item.trace
        found = self._continue(prefix, random)
        whole = Trace.from_states(
            [*prefix.programs, *found.programs],
            [*prefix.timestamps, *found.timestamps],
            title=prefix.title,
        )
        (encoded,) = self.form.encode([whole])
        tokens = [int(token) for state in encoded.states[len(prefix.programs) :] for token in state]
        return [*tokens, self.form.end] if found.is_complete else tokens

    def _settings(self) -> dict[str, Any]:
        return {"order": self.ngram.order, "weights": self.weights.tolist()}

    @classmethod
    def _from_settings(cls, tokenizer: PreTrainedTokenizerFast, settings: dict[str, Any]) -> Self:
        weights = settings.pop("weights")
        model = cls(tokenizer, **settings)
        model.weights = np.array(weights)
        return model

    def _save(self, folder: Path) -> None:
        write_traces(self._traces, folder / TRACES_FILE)
        self.ngram.save(folder / _NGRAM_FOLDER)

    def _load(self, folder: Path) -> None:
        self._keep(read_traces(folder / TRACES_FILE))
        self.ngram = EditNgram.load(folder / _NGRAM_FOLDER)
        self.ngram.form = self.form


def _cleaned(trace: Trace) -> Trace:
    """Replace lone surrogates, as tokens do and files have to."""
    return replace(trace, programs=tuple(map(clean, trace.programs)))


def _new_ones(proposals: list[Proposal], trace: Trace, state: int) -> list[Proposal]:
    """Leave out what equals the state before; the chances of the others sum to 1."""
    if not state or all(proposal.program != trace.programs[state - 1] for proposal in proposals):
        return proposals
    left = [proposal for proposal in proposals if proposal.program != trace.programs[state - 1]]
    total = sum(proposal.chance for proposal in left)
    return [Proposal(proposal.program, proposal.chance / total, proposal.is_last) for proposal in left]


def _around(trace: Trace, state: int) -> tuple[list[str], str]:
    """Give the program before a state, if there is one, and the state's."""
    return list(trace.programs[max(0, state - 1) : state]), trace.programs[state]


def _without_common_end(before: list[str], now: str) -> str:
    """Give lines with which a program has to begin to share the edits that lead to a state."""
    new, old = now.split("\n"), before[0].split("\n") if before else []
    while new and old and new[-1] == old[-1]:
        new.pop()
        old.pop()
    return "".join(f"{line}\n" for line in new)


def _log2(chance: float) -> float:
    return float(np.log2(chance)) if chance > 0 else -np.inf
