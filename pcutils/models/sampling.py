"""Traces that a model makes up: batched, and each the same whatever batch it is in."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from pcutils.errors import ModelError, TraceError
from pcutils.models.writing import Row, Writer
from pcutils.progress import track
from pcutils.trace import Trace

if TYPE_CHECKING:
    from pcutils.models.trace_model import TraceModel

_ROOM_TO_WRITE = 0.25


@dataclass(frozen=True, eq=False)
class Prompt:
    """What a model is asked to write.

    Parameters
    ----------
    username : str or None
        Whose trace; unknown students and None are the average student.
    title : str or None
        Which assignment.
    prefix : Trace, optional
        A trace to go on from, after its last state.
    student_vector : Tensor, shape (width,), optional
        Vector to stand in front instead of the student's own.
    """

    username: str | None
    title: str | None
    prefix: Trace | None = None
    student_vector: Tensor | None = None


@dataclass(frozen=True)
class Sample:
    """What a model wrote.

    Parameters
    ----------
    prompt : int
        Place of the prompt in the list of prompts.
    number : int
        Which sample of that prompt, from 0.
    text : str
        What was written, as a person can read it, without the prefix.
    trace : Trace or None
        The text read as a trace, where it can be.
    failure : str or None
        Why it cannot.
    given_states : int
        How many of the trace's first states are the prefix; one equal to the one before it does not count.
    """

    prompt: int
    number: int
    text: str
    trace: Trace | None
    failure: str | None
    given_states: int = 0


def sample(
    model: TraceModel,
    prompts: Sequence[Prompt],
    *,
    samples_per_prompt: int = 1,
    temperature: float = 1.0,
    top_p: float = 1.0,
    max_tokens: int | None = None,
    keep_form: bool = True,
    seed: int = 0,
    batch_size: int = 64,
    progress: bool = True,
) -> list[Sample]:
    """Let a model write traces.

    Parameters
    ----------
    model : TraceModel
        From :func:`pcutils.models.load_model`.
    prompts : sequence of Prompt
        Whose traces of which assignments.
    samples_per_prompt : int
        How many of each.
    temperature : float
        Below 1 keeps to what is likely; 0 always takes the likeliest token.
    top_p : float
        Draw among the likeliest tokens that together have this probability.
    max_tokens : int, optional
        Most tokens to write; as many as the context leaves by default.
    keep_form : bool
        Allow only tokens that keep the form of a trace, so that every sample that ends can be read. Which of
        them is the model's choice.
    seed : int
        A sample depends on the seed, its prompt and its number, not on the batch it is in, up to the rounding
        of sums that differ with the batch's shape.
    batch_size : int
        Samples written side by side.
    progress : bool
        Whether to show progress.

    Returns
    -------
    list of Sample
        Prompt by prompt, numbers rising. What cannot be read as a trace is there too, with the reason. A
        sample that did not end within its tokens is a trace with ``is_complete`` false.

    Raises
    ------
    ModelError
        If temperature or top_p make no sense, or there is no room to write.
    """
    if temperature < 0 or not 0 < top_p <= 1:
        raise ModelError(
            f"A temperature of {temperature} and top_p of {top_p}: use at least 0, and a share above 0."
        )
    rows = _make_rows(model, prompts, samples_per_prompt, max_tokens, seed)
    vectors = _vectors(model, prompts)
    order = sorted(range(len(rows)), key=lambda index: len(rows[index].start))
    with (
        track(label="Sampling", total=len(rows), unit="traces", enabled=progress) as bar,
        torch.inference_mode(),
    ):
        for start in range(0, len(order), batch_size):
            chosen = [rows[index] for index in order[start : start + batch_size]]
            writer = Writer(model, chosen, vectors, temperature=temperature, top_p=top_p, keep_form=keep_form)
            while writer.rows:
                before = len(writer.rows)
                writer.step()
                bar.update(before - len(writer.rows))
    return [_read(model, row, prompts[row.prompt]) for row in rows]


def _make_rows(
    model: TraceModel, prompts: Sequence[Prompt], count: int, max_tokens: int | None, seed: int
) -> list[Row]:
    shortest = int(model.context * _ROOM_TO_WRITE) if max_tokens is None else max_tokens
    prefixes = [prompt.prefix or Trace((), (), ()) for prompt in prompts]
    titled = [_titled(prefix, prompt.title) for prefix, prompt in zip(prefixes, prompts, strict=True)]
    seen: Counter[bytes] = Counter()
    rows = []
    for place, (prompt, item) in enumerate(zip(prompts, model.form.encode(titled), strict=True)):
        start = model.form.recent(item, max(len(item.prompt), model.context - 1 - shortest))
        room = model.context - 1 - len(start)
        room = room if max_tokens is None else min(room, max_tokens)
        if room < 1:
            raise ModelError(
                f"Prompt {place} leaves no room to write in a context of {model.context} tokens."
            )
        kept = item.trace
        asked = (prompt.username, prompt.title, kept.programs, kept.timestamps)
        key = hashlib.sha256(repr(asked).encode("utf-8", "surrogatepass")).digest()
        for number in range(count):
            random = np.random.default_rng(
                [seed, seen[key], number, *np.frombuffer(key[:16], dtype=np.uint32).tolist()]
            )
            pointer, form = model.form.pointer(), model.form.place(kept)
            uniforms = random.random(room)
            rows.append(Row(place, number, start, len(kept.programs), room, uniforms, pointer, form))
        seen[key] += 1
    return rows


def _titled(trace: Trace, title: str | None) -> Trace:
    return Trace(trace.programs, trace.timestamps, trace.numbers, is_complete=False, title=title)


def _vectors(model: TraceModel, prompts: Sequence[Prompt]) -> Tensor:
    vectors = model.student_vectors([prompt.username for prompt in prompts])
    for place, prompt in enumerate(prompts):
        if prompt.student_vector is not None:
            vectors[place] = prompt.student_vector.detach().to(vectors)
    return vectors


def _read(model: TraceModel, row: Row, prompt: Prompt) -> Sample:
    text = model.form.decode(row.written)
    prefix = prompt.prefix or Trace((), (), ())
    try:
        trace = model.form.read(row.written, prefix, title=prompt.title, username=prompt.username)
    except TraceError as error:
        return Sample(row.prompt, row.number, text, None, str(error), row.given_states)
    return Sample(row.prompt, row.number, text, trace, None, row.given_states)
