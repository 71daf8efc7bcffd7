"""A trained model as the chapters use it: whose vector, how many bits, what it holds in mind, who is new."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from pcutils.errors import ModelError
from pcutils.execution.outcomes import Outcomes
from pcutils.models.batches import Example, collate, group_by_length, make_examples
from pcutils.models.building import quiet
from pcutils.models.formats import Encoded, make_format
from pcutils.models.language_model import StudentLanguageModel
from pcutils.models.scoring import EVALUATION_TOKENS, to_device, token_losses, trace_bits
from pcutils.models.tokenizer import load_tokenizer
from pcutils.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

STUDENTS_FILE = "students.json"

_UNFIT = ("missing_keys", "unexpected_keys", "mismatched_keys")


def load_model(path: str | Path, outcomes: Outcomes | None = None) -> TraceModel:
    """Load what :func:`pcutils.models.train` wrote.

    Parameters
    ----------
    path : path
        Folder of one model.
    outcomes : Outcomes, optional
        As for :class:`TraceModel`.

    Raises
    ------
    ModelError
        If the folder does not hold a finished model.
    """
    folder = Path(path)
    missing = [
        name for name in ("config.json", STUDENTS_FILE, "tokenizer.json") if not (folder / name).is_file()
    ]
    if missing:
        raise ModelError(f"{folder} lacks {', '.join(missing)}: train a model into this folder first.")
    with quiet():
        network, report = StudentLanguageModel.from_pretrained(folder, output_loading_info=True)
    strange = sorted(str(name) for kind in _UNFIT for name in report.get(kind, ()))
    if strange:
        raise ModelError(f"{folder}: other weights than expected ({', '.join(strange[:3])}); train again.")
    network.eval()
    students = json.loads((folder / STUDENTS_FILE).read_text(encoding="utf-8"))
    return TraceModel(network, load_tokenizer(folder), students, outcomes)


class TraceModel:
    """A student-conditioned language model with its tokenizer and the students it knows.

    Parameters
    ----------
    network : StudentLanguageModel
        The network.
    tokenizer : PreTrainedTokenizerFast
        Its tokenizer.
    students : dict of str to int
        Slot of each student it was trained on, from 1; slot 0 is the average student, whom training met by
        hiding who wrote a trace, and who stands for everybody unknown.
    outcomes : Outcomes, optional
        Who runs programs for a network that is told how they end; others are not run.
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
        self.form = make_format(
            config.form,
            tokenizer,
            title_tokens=config.title_tokens,
            history_tokens=config.history_tokens,
            outcomes=(outcomes or Outcomes()) if config.outcome_hints else None,
        )

    @property
    def context(self) -> int:
        """Most tokens the network reads, the student's place included."""
        return self.network.config.context

    def student_embeddings(self, usernames: Sequence[str | None]) -> Tensor:
        """Give the numbers that describe students.

        Parameters
        ----------
        usernames : sequence of str or None
            Unknown students and None are the average student.

        Returns
        -------
        Tensor, shape (n, student_size)
        """
        slots = [self.students.get(name, 0) if name is not None else 0 for name in usernames]
        return self.network.student_embeddings(torch.tensor(slots, device=self.network.device)).detach().cpu()

    @torch.no_grad()
    def student_vectors(self, usernames: Sequence[str | None]) -> Tensor:
        """Give the vectors that stand in front of students' traces.

        Parameters
        ----------
        usernames : sequence of str or None
            Unknown students and None are the average student.

        Returns
        -------
        Tensor, shape (n, width)
        """
        return self.network.student_vectors(self.student_embeddings(usernames).to(self.network.device)).cpu()

    def score(
        self,
        traces: Sequence[Trace],
        student_vectors: Tensor | None = None,
        histories: Iterable[Trace | None] | None = None,
    ) -> NDArray[np.float64]:
        """Count the bits that each trace costs, given its title and its student.

        Parameters
        ----------
        traces : sequence of Trace
            Cut to the context where longer.
        student_vectors : Tensor, shape (n, width), optional
            In place of the vectors of the traces' own students.
        histories : iterable of Trace or None, as many as traces, optional
            What each student wrote before, for instance from :class:`pcutils.models.History`; read by models
            that were trained with ``history_tokens``.

        Returns
        -------
        ndarray of float64, shape (n,)
            Bits a trace; lower is better. What lies beyond the context costs nothing.
        """
        return self.score_parts(traces, student_vectors, histories).sum(axis=1)

    def score_parts(
        self,
        traces: Sequence[Trace],
        student_vectors: Tensor | None = None,
        histories: Iterable[Trace | None] | None = None,
    ) -> NDArray[np.float64]:
        """Count bits as :meth:`score` does, and say what they are spent on.

        Parameters
        ----------
        traces, student_vectors, histories
            As in :meth:`score`.

        Returns
        -------
        ndarray of float64, shape (n, 5)
            Bits for each of :data:`pcutils.models.formats.SEGMENTS`. Knowing a student can mean knowing when
            they wrote (``date``) or how fast (``gaps``); only the others say something about what.
        """
        return trace_bits(self.network, self.examples(traces, histories), student_vectors)[0]

    def examples(
        self, traces: Sequence[Trace], histories: Iterable[Trace | None] | None = None
    ) -> list[Example]:
        """Encode traces for the network."""
        return make_examples(
            traces,
            self.form,
            self.students,
            self.context,
            with_hints=self.network.config.copy_hints,
            histories=histories,
        )

    @torch.no_grad()
    def prefix_states(
        self, traces: Sequence[Trace], student_vectors: Tensor | None = None
    ) -> list[NDArray[np.float32]]:
        """Give what the network holds in mind after each state.

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

        Notes
        -----
        The paper, section on code representations.
        """
        items = list(self.form.encode(traces))
        if student_vectors is None:
            student_vectors = self.student_vectors([trace.username for trace in traces])
        jobs = [job for number, item in enumerate(items) for job in self._windows(number, item)]
        means: list[dict[int, NDArray[np.float32]]] = [{} for _ in items]
        lengths = [len(job[1].tokens) for job in jobs]
        order = sorted(range(len(jobs)), key=lambda index: lengths[index])
        for group in group_by_length(lengths, order, EVALUATION_TOKENS):
            chosen = [jobs[index] for index in group]
            sums = self._running_means(
                [job[1] for job in chosen], student_vectors[[job[0] for job in chosen]]
            )
            for (number, _, ends), rows in zip(chosen, sums, strict=True):
                means[number].update({state: rows[end - 1] for state, end in ends.items()})
        return [
            np.stack([found[place] for place in item.places])
            for item, found in zip(items, means, strict=True)
        ]

    def _windows(self, number: int, item: Encoded) -> list[tuple[int, Example, dict[int, int]]]:
        """Texts to read so that each state ends in one of them: (trace, text, {state: where it ends})."""
        room = self.context - 1
        ends = np.cumsum([len(item.prompt), *map(len, item.states)])[1:].tolist()
        fitting = sum(end <= room for end in ends)
        windows = [(fitting, dict(enumerate(ends[:fitting])))] if fitting else []
        windows += [(state + 1, {state: None}) for state in range(fitting, len(ends))]
        result = []
        for states, where in windows:
            tokens = self.form.recent(item, room, states)
            ends_at = {state: len(tokens) if end is None else end for state, end in where.items()}
            unscored = np.full(len(tokens), -1, dtype=np.int8)
            example = Example(tokens, self.form.hints(tokens), unscored, len(item.prompt), 0, False)
            result.append((number, example, ends_at))
        return result

    def _running_means(self, examples: list[Example], vectors: Tensor) -> list[NDArray[np.float32]]:
        batch = to_device(collate(examples), self.network.device)
        embeds = self.network.embed(batch.tokens, batch.hints)
        embeds[:, 0] = vectors.to(embeds)
        hidden = self.network.hidden_states(embeds, use_cache=False).last_hidden_state[:, 1:].double()
        counts = torch.arange(1, hidden.shape[1] + 1, device=hidden.device).unsqueeze(-1)
        return list((hidden.cumsum(dim=1) / counts).float().cpu().numpy())

    def adapt(
        self,
        traces: Sequence[Trace],
        *,
        steps: int = 60,
        learning_rate: float = 0.05,
        seed: int = 0,
    ) -> Tensor:
        """Get to know a new student: fit the numbers that describe them, and nothing else.

        Parameters
        ----------
        traces : sequence of Trace
            Traces of one student, at least one.
        steps : int
            Steps of Adam, each on at most 8,192 tokens drawn from the traces.
        learning_rate : float
            Highest rate; it falls to zero in a straight line.
        seed : int
            Decides which traces a step reads where not all fit.

        Returns
        -------
        Tensor, shape (width,)
            The vector to stand in front of this student's traces. The search starts from the average student.

        Raises
        ------
        ModelError
            If there is no trace.

        Notes
        -----
        The paper, section on adapting to new students: the language model and the projection stay as they
        are.
        """
        examples = self.examples(traces)
        if not examples:
            raise ModelError("No trace to adapt to: give at least one.")
        network, random = self.network.eval(), np.random.default_rng(seed)
        embedding = network.average_student.detach().clone().requires_grad_(True)
        optimizer = torch.optim.Adam([embedding], lr=learning_rate)
        for step in range(steps):
            batch = to_device(collate(_draw(examples, random)), network.device)
            vectors = network.student_vectors(embedding).expand(len(batch.students), -1)
            loss = token_losses(network, batch, vectors).mean()
            (embedding.grad,) = torch.autograd.grad(loss, [embedding])
            optimizer.param_groups[0]["lr"] = learning_rate * (1 - step / steps)
            optimizer.step()
        with torch.no_grad():
            return network.student_vectors(embedding).cpu()


def _draw(examples: list[Example], random: np.random.Generator) -> list[Example]:
    """Take the traces in random order until a step is full."""
    lengths = [len(example.tokens) for example in examples]
    groups = group_by_length(lengths, random.permutation(len(examples)).tolist(), EVALUATION_TOKENS)
    return [examples[index] for index in groups[0]]
