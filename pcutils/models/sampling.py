"""Traces that a model makes up: batched, and each the same whatever batch it is in."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from pcutils.errors import ModelError, TraceError
from pcutils.models.formats.base import kept_states
from pcutils.models.row_cache import fitting_rows
from pcutils.models.writing import Row, Writer
from pcutils.progress import track
from pcutils.trace import Trace

if TYPE_CHECKING:
    from pcutils.models.formats.base import Place
    from pcutils.models.formats.hints import Pointer
    from pcutils.models.trace_model import TraceModel

_ROOM_TO_WRITE = 0.25
_NOTHING = Trace((), (), ())


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
    history : Trace, optional
        What the student wrote before, for models trained with ``history_tokens``; others do not read it.
    """

    username: str | None
    title: str | None
    prefix: Trace | None = None
    student_vector: Tensor | None = None
    history: Trace | None = None


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
    batch_size: int | None = None,
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
        Below 1 keeps to what is likely; 0 always takes the likeliest token. It is that of the words alone:
        whether a state or the trace ends, and in ``edits`` also whether a line stays and how much time
        passes, is drawn as the model has it. What is said in one of many ways, each of them unlikely, would
        else hardly be said at all, and programs would not end.
    top_p : float
        Draw among the likeliest words that together have this probability.
    max_tokens : int, optional
        Most tokens to write; as many as the context leaves by default.
    keep_form : bool
        Allow only tokens that keep the form of a trace, so that every sample that ends can be read. Which of
        them is the model's choice.
    seed : int
        A sample depends on the seed, its prompt and its number, not on the batch it is in, up to the rounding
        of sums that differ with the batch's shape.
    batch_size : int, optional
        Samples written side by side; see :func:`pcutils.models.row_cache.fitting_rows` for the default.
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
    return sample_seeded(
        model,
        prompts,
        prompt_seeds(prompts),
        samples_per_prompt=samples_per_prompt,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        keep_form=keep_form,
        seed=seed,
        batch_size=batch_size,
        progress=progress,
    )


def prompt_seeds(prompts: Sequence[Prompt]) -> list[list[int]]:
    """Give for each prompt the numbers that its samples depend on: what is asked, and for which time.

    Parameters
    ----------
    prompts : sequence of Prompt
        All prompts of a request; the same numbers belong to a prompt wherever it stands in them, unless it
        is there several times.

    Returns
    -------
    list of list of int
    """
    seen: Counter[bytes] = Counter()
    found = []
    for prompt in prompts:
        kept = kept_states(prompt.prefix or _NOTHING)[0]
        asked: tuple[object, ...] = (prompt.username, prompt.title, kept.programs, kept.timestamps)
        if prompt.history is not None:
            asked = (*asked, prompt.history.programs, prompt.history.timestamps)
        key = hashlib.sha256(repr(asked).encode("utf-8", "surrogatepass")).digest()
        found.append([seen[key], *np.frombuffer(key[:16], dtype=np.uint32).tolist()])
        seen[key] += 1
    return found


def sample_seeded(
    model: TraceModel,
    prompts: Sequence[Prompt],
    seeds: Sequence[list[int]],
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
    """Sample some prompts of a request as :func:`sample` does in one call for all.

    Parameters
    ----------
    model, prompts
        As for :func:`sample`.
    seeds : sequence of list of int
        Of these prompts, from :func:`prompt_seeds` of all.
    samples_per_prompt, temperature, top_p, max_tokens, keep_form, seed, batch_size, progress
        As for :func:`sample`.

    Returns
    -------
    list of Sample
        With places among these prompts.

    Raises
    ------
    ModelError
        As :func:`sample`.
    """
    if not temperature >= 0 or not 0 < top_p <= 1:
        raise ModelError(
            f"A temperature of {temperature} and top_p of {top_p}: use at least 0, and a share above 0."
        )
    side_by_side = fitting_rows(model.network.decoder, model.context) if batch_size is None else batch_size
    if side_by_side < 1:
        raise ModelError(f"A batch_size of {batch_size}: use at least 1.")
    jobs = list(_make_jobs(model, prompts, seeds, samples_per_prompt, max_tokens, seed))
    # The longest first: similar ones are read together, and the short ones at the end run out together.
    rows = sorted((job.row for job in jobs), key=lambda row: -len(row.start))
    writer = Writer(
        model, rows, batch_size=side_by_side, temperature=temperature, top_p=top_p, keep_form=keep_form
    )
    with (
        track(label="Sampling", total=len(jobs), unit="traces", enabled=progress) as bar,
        torch.inference_mode(),
    ):
        for _ in writer.run():
            bar.update(1)
    return [_read(model, job, prompts[job.prompt]) for job in jobs]


@dataclass(frozen=True)
class _Job:
    prompt: int
    number: int
    given_states: int
    row: Row


def _make_jobs(
    model: TraceModel,
    prompts: Sequence[Prompt],
    seeds: Sequence[list[int]],
    count: int,
    max_tokens: int | None,
    seed: int,
) -> Iterator[_Job]:
    if not prompts:
        return
    context = model.context
    shortest = int(context * _ROOM_TO_WRITE) if max_tokens is None else max_tokens
    titled = [_titled(prompt.prefix or _NOTHING, prompt.title) for prompt in prompts]
    vectors = _vectors(model, prompts)
    items = model.form.encode(titled, [prompt.history for prompt in prompts])
    for place, (item, (turn, *asked)) in enumerate(zip(items, seeds, strict=True)):
        start = model.form.recent(item, max(len(item.prompt), context - 1 - shortest))
        room = context - 1 - len(start)
        room = room if max_tokens is None else min(room, max_tokens)
        if room < 1:
            raise ModelError(f"Prompt {place} leaves no room to write in a context of {context} tokens.")
        for number in range(count):
            begin = partial(_begin, model, [seed, turn, number, *asked], room, item.trace)
            row = Row(start, vectors[place], room, begin)
            yield _Job(place, number, len(item.trace.programs), row)


def _begin(
    model: TraceModel, seeds: list[int], room: int, kept: Trace
) -> tuple[list[float], Pointer | None, Place]:
    uniforms = np.random.default_rng(seeds).random(room).tolist()
    pointer = model.form.pointer() if model.network.config.copy_hints else None
    return uniforms, pointer, model.form.place(kept)


def _titled(trace: Trace, title: str | None) -> Trace:
    return Trace(trace.programs, trace.timestamps, trace.numbers, is_complete=False, title=title)


def _vectors(model: TraceModel, prompts: Sequence[Prompt]) -> Tensor:
    vectors = model.student_vectors([prompt.username for prompt in prompts])
    for place, prompt in enumerate(prompts):
        if prompt.student_vector is not None:
            vectors[place] = prompt.student_vector.detach().to(vectors)
    return vectors


def _read(model: TraceModel, job: _Job, prompt: Prompt) -> Sample:
    written, given = job.row.written, job.given_states
    text = model.form.decode(written)
    prefix = prompt.prefix or _NOTHING
    try:
        trace = model.form.read(written, prefix, title=prompt.title, username=prompt.username)
    except TraceError as error:
        return Sample(job.prompt, job.number, text, None, str(error), given)
    return Sample(job.prompt, job.number, text, trace, None, given)
