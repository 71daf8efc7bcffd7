"""A trained model as notebooks use it: generate, score, hidden states, student vectors, adaptation."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from pcutils.errors import ModelError, track
from pcutils.execution.outcomes import Outcomes
from pcutils.models.examples import Batch, Encoder, Example, collate, group_by_length
from pcutils.models.network import StudentLanguageModel, quiet
from pcutils.models.notation import SEGMENTS, Encoded, make_notation
from pcutils.models.tokenizer import load_tokenizer
from pcutils.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

    from pcutils.models.sampling import Prompt, Sample

STUDENTS_FILE = "students.json"
EVALUATION_TOKENS = 8192
_UNFIT = ("missing_keys", "unexpected_keys", "mismatched_keys")


def load_model(path: str | Path, outcomes: Outcomes | None = None) -> TraceModel:
    """Load what :func:`pcutils.models.train` wrote into a folder.

    `outcomes` runs programs for a network that receives outcome hints, by default with the usual limits.
    A folder without a finished model of this version is a ModelError.
    """
    folder = Path(path)
    needed = ("config.json", STUDENTS_FILE, "tokenizer.json")
    if missing := [name for name in needed if not (folder / name).is_file()]:
        raise ModelError(f"{folder} lacks {', '.join(missing)}: train a model into this folder first.")
    with quiet():
        network, report = StudentLanguageModel.from_pretrained(folder, output_loading_info=True)
    if strange := sorted(str(name) for kind in _UNFIT for name in report.get(kind, ())):
        raise ModelError(f"{folder}: other weights than expected ({', '.join(strange[:3])}); train again.")
    students = json.loads((folder / STUDENTS_FILE).read_text(encoding="utf-8"))
    return TraceModel(network.eval(), load_tokenizer(folder), students, outcomes)


class TraceModel:
    """A student-conditioned language model, its tokenizer and the students it was trained on.

    `students` gives the slot of each student, from 1; slot 0 is the average student, which stands for
    everybody unknown. `outcomes` runs programs for a network that receives outcome hints.
    """

    def __init__(
        self,
        network: StudentLanguageModel,
        tokenizer: PreTrainedTokenizerFast,
        students: dict[str, int],
        outcomes: Outcomes | None = None,
    ) -> None:
        self.network, self.tokenizer, self.students = network, tokenizer, students
        config = network.config
        self.notation = make_notation(
            config.notation,
            tokenizer,
            title_tokens=config.title_tokens,
            outcomes=(outcomes or Outcomes()) if config.outcome_hints else None,
        )

    @property
    def context(self) -> int:
        """Most tokens the network reads, the student's place included."""
        return int(self.network.config.context)

    @torch.no_grad()
    def student_vectors(self, usernames: Sequence[str | None]) -> Tensor:
        """Vectors that stand in front of students' traces, shape (n, width); the average one for None."""
        slots = [self.students.get(name or "", 0) for name in usernames]
        return self.network.student_vectors(torch.tensor(slots, device=self.network.device)).cpu()

    def generate(self, prompts: Sequence[Prompt], **options: Any) -> list[Sample]:
        """Sample traces.

        Parameters
        ----------
        prompts : sequence of Prompt
            Whose traces of which assignments, each from its beginning or after a prefix.
        samples_per_prompt : int, default 1
            How many of each.
        temperature, top_p : float, default 1.0
            Of words alone. What is one of many unlikely tokens (that a state or the trace ends, and in
            ``edits`` that a line stays and how much time passes) is sampled at temperature 1: at a low one
            programs would not end. 0 takes the likeliest token.
        max_tokens : int, optional
            Most tokens to write; as many as the context leaves by default.
        keep_form : bool, default True
            Constrained decoding: only tokens that keep the form of a trace, so that samples can be read.
        seed : int, default 0
            A sample depends on the seed, its prompt and its number, not (up to rounding) on its batch.
        batch_size : int, optional
            Samples written side by side; by default as many as fit in a cache of one GiB (eight on a GPU).
        progress : bool, default True
            Whether to show progress.

        Returns
        -------
        list of Sample
            Prompt by prompt, numbers rising, unreadable ones included.

        Raises
        ------
        ModelError
            If temperature, top_p or batch_size make no sense, or there is no room to write.
        """
        from pcutils.models.sampling import generate

        return generate(self, prompts, **options)

    def score(
        self,
        traces: Sequence[Trace],
        student_vectors: Tensor | None = None,
        *,
        by_segment: bool = False,
    ) -> NDArray[np.float64]:
        """Negative log-likelihood of traces in bits, given their titles and students; lower is better.

        Parameters
        ----------
        traces : sequence of Trace
            Cut to the context where longer; the rest does not count.
        student_vectors : Tensor, shape (n, width), optional
            In place of the vectors of the traces' own students.
        by_segment : bool
            Give the bits of each segment of :data:`pcutils.models.SEGMENTS` instead of their sum: ``first``,
            ``edits`` and ``end`` say what a student does, ``date`` and ``gaps`` when.

        Returns
        -------
        ndarray of float64, shape (n,) or (n, n_segments)

        Raises
        ------
        ModelError
            If a score is not finite.
        """
        bits = trace_bits(self.network, self.examples(traces), student_vectors)[0]
        if not np.isfinite(bits).all():
            raise ModelError(
                f"The model gives no finite score for {int((~np.isfinite(bits)).any(axis=1).sum())} of "
                f"{len(bits)} traces: its training failed; train it again."
            )
        return bits if by_segment else bits.sum(axis=1)

    def loss(self, traces: Sequence[Trace], student_vectors: Tensor) -> Tensor:
        """Mean NLL in nats a token, differentiable in vectors of shape (width,) or (n, width)."""
        batch = collate(self.examples(traces)).to(self.network.device)
        return token_losses(self.network, batch, student_vectors.expand(len(traces), -1)).mean()

    def examples(self, traces: Sequence[Trace]) -> list[Example]:
        """Encode traces for the network."""
        config = self.network.config
        return list(Encoder(self.notation, self.students, self.context, config.copy_hints).examples(traces))

    @torch.no_grad()
    def states(
        self, traces: Sequence[Trace], student_vectors: Tensor | None = None
    ) -> list[NDArray[np.float32]]:
        """Hidden state after each program of each trace (the paper, section on code representations).

        Parameters
        ----------
        traces : sequence of Trace
            What to read.
        student_vectors : Tensor, shape (n, width), optional
            In place of the vectors of the traces' own students.

        Returns
        -------
        list of ndarray of float32, shape (n_states, width)
            For each trace and state, the mean of the last layer's hidden states over all tokens up to the end
            of that state. A state beyond the context is read with the newest states that fit before it.
        """
        items = list(self.notation.encode(traces))
        if student_vectors is None:
            student_vectors = self.student_vectors([trace.username for trace in traces])
        windows = [window for number, item in enumerate(items) for window in self._windows(number, item)]
        means: list[dict[int, NDArray[np.float32]]] = [{} for _ in items]
        for group in group_by_length([len(one[1].tokens) for one in windows], EVALUATION_TOKENS):
            chosen = [windows[index] for index in group]
            vectors = student_vectors[[number for number, *_ in chosen]]
            rows = self._running_means([example for _, example, _ in chosen], vectors)
            for (number, _, ends), found in zip(chosen, rows, strict=True):
                means[number].update({state: found[end - 1] for state, end in ends.items()})
        return [
            np.stack([found[place] for place in item.places])
            for item, found in zip(items, means, strict=True)
        ]

    def _windows(self, number: int, item: Encoded) -> list[tuple[int, Example, dict[int, int]]]:
        """Texts in which each state ends once: (trace, text, {state: where it ends})."""
        room = self.context - 1
        ends = np.cumsum([len(item.prompt), *map(len, item.states)])[1:].tolist()
        fitting = sum(end <= room for end in ends)
        spans = [(fitting, dict(enumerate(ends[:fitting])))] if fitting else []
        spans += [(state + 1, {}) for state in range(fitting, len(ends))]
        windows = []
        for states, where in spans:
            tokens = self.notation.recent(item, room, states)
            unscored = np.full(len(tokens), -1, dtype=np.int8)
            example = Example(tokens, self.notation.hints(tokens), unscored, len(item.prompt), 0, False)
            windows.append((number, example, where or {states - 1: len(tokens)}))
        return windows

    def _running_means(self, examples: list[Example], vectors: Tensor) -> list[NDArray[np.float32]]:
        batch = collate(examples).to(self.network.device)
        hidden = self.network.read(batch.tokens, vectors.to(self.network.device), batch.hints)[:, 1:].double()
        counts = torch.arange(1, hidden.shape[1] + 1, device=hidden.device).unsqueeze(-1)
        return list((hidden.cumsum(dim=1) / counts).float().cpu().numpy())

    def adapt(
        self,
        traces_by_student: Sequence[Sequence[Trace]],
        *,
        steps: Sequence[int] = (32,),
        learning_rate: float = 0.03,
        seed: int = 0,
        progress: bool = False,
    ) -> Tensor:
        """Fit the vectors of new students to their traces; nothing else of the model changes.

        Parameters
        ----------
        traces_by_student : sequence of sequences of Trace, length n
            Traces of each student, at least one.
        steps : sequence of int
            After how many steps of Adam to note the vectors; 0 is the average student.
        learning_rate, seed : float, int
            Of Adam; of the order in which the traces of a student are read.
        progress : bool
            Whether to show progress.

        Returns
        -------
        Tensor, shape (len(steps), n, width)
            Vectors to stand in front of each student's traces.

        Notes
        -----
        The paper, section on adapting to new students. The fit starts from the average student and moves the
        numbers behind the ReLU, which stay at 0 or above: in front of it, a number below zero would have no
        gradient. Each step reads one trace of each student, so many traces take no longer than one.
        """
        if not all(traces_by_student):
            raise ModelError("A student without traces cannot be adapted to: give at least one trace each.")
        network, count, last = self.network.eval(), len(traces_by_student), max(steps, default=0)
        encoded = [self.examples(traces) for traces in traces_by_student]
        turns = [_turns(len(examples), last, seed + row) for row, examples in enumerate(encoded)]
        numbers = torch.relu(network.average_student.detach()).repeat(count, 1).requires_grad_()
        optimizer = torch.optim.Adam([numbers], lr=learning_rate)
        noted = {0: numbers.detach().clone()}
        for step in track(range(last), label="Adapting", unit="steps", enabled=progress):
            read = [examples[turn[step]] for examples, turn in zip(encoded, turns, strict=True)]
            numbers.grad = torch.zeros_like(numbers)
            for group in group_by_length([len(example.tokens) for example in read], EVALUATION_TOKENS):
                batch = collate([read[row] for row in group]).to(network.device)
                losses = token_losses(network, batch, network.student_projection(numbers[group]))
                scored = batch.scored.sum(dim=1)
                total = (losses / scored.repeat_interleave(scored)).sum()
                numbers.grad += torch.autograd.grad(total, numbers)[0]
            optimizer.step()
            with torch.no_grad():
                numbers.clamp_(min=0.0)
            if step + 1 in steps:
                noted[step + 1] = numbers.detach().clone()
        with torch.no_grad():
            return torch.stack([network.student_projection(noted[step]) for step in steps]).cpu()


def _turns(count: int, steps: int, seed: int) -> NDArray[np.int64]:
    """Order in which so many traces are read: all of them before any comes again."""
    random = np.random.default_rng(seed)
    return np.concatenate([random.permutation(count) for _ in range(steps // count + 1)])


def token_losses(network: StudentLanguageModel, batch: Batch, vectors: Tensor | None = None) -> Tensor:
    """Negative log-likelihood in nats of every scored token, trace by trace."""
    vectors = network.student_vectors(batch.students) if vectors is None else vectors.to(network.device)
    scored = batch.scored[:, 1:]
    hidden = network.read(batch.tokens, vectors, batch.hints)[:, 1:-1][scored]
    scores = network.logits(hidden, batch.hints[:, :-1][scored])
    return torch.nn.functional.cross_entropy(scores.float(), batch.tokens[:, 1:][scored], reduction="none")


@torch.no_grad()
def trace_bits(
    network: StudentLanguageModel, examples: Sequence[Example], vectors: Tensor | None = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Bits of each trace and segment, shape (n, 5), and how many tokens are scored, shape (n,)."""
    was_training = network.training
    network.eval()
    bits = np.zeros((len(examples), len(SEGMENTS)))
    counts = np.zeros(len(examples), dtype=np.int64)
    for group in group_by_length([len(example.tokens) for example in examples], EVALUATION_TOKENS):
        batch = collate([examples[index] for index in group]).to(network.device)
        losses = token_losses(network, batch, None if vectors is None else vectors[group]).double().cpu()
        sizes = batch.scored.sum(dim=1).tolist()
        for index, part in zip(group, losses.split(sizes), strict=True):
            segments = examples[index].segments[examples[index].given :]
            bits[index] = np.bincount(segments, weights=part.numpy(), minlength=len(SEGMENTS)) / math.log(2)
            counts[index] = len(part)
    network.train(was_training)
    return bits, counts
