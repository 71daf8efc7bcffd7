"""Tiny made-up traces and a tiny network, for the tests of models."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset

from pcutils.data import to_dataset
from pcutils.models import Prompt, TraceModel, train, train_tokenizer, training_texts
from pcutils.trace import Trace

COLOURS = ("red", "blue", "green", "gold")
TITLES = ("square", "star", "flower")


def made_up_traces(students: int = 6, titles: int = 3, seed: int = 0) -> list[Trace]:
    """Traces of made-up students, each of whom has one colour and one pace."""
    random = np.random.default_rng(seed)
    traces = []
    for student in range(students):
        for title in range(titles):
            lines = [f"pen {COLOURS[student % 4]}"]
            states = ["\n".join(lines)]
            for _ in range(int(random.integers(1, 5))):
                lines.append(f"fd {int(random.integers(1, 4)) * 50}" if random.random() < 0.6 else "rt 90")
                states.append("\n".join(lines))
            start = datetime(2018 + student % 3, 3, 4, 10, int(random.integers(60)))
            moments = [start + timedelta(seconds=20 * place) for place in range(len(states))]
            traces.append(
                Trace.from_states(states, moments, title=TITLES[title % 3], username=f"made-up-{student}")
            )
    return traces


def made_up_table(**options: Any) -> Dataset:
    """Give the same as a table."""
    return to_dataset(made_up_traces(**options), "simulated")


def tiny_tokenizer(vocabulary: int = 520) -> Any:
    """Train a tokenizer on the made-up traces."""
    return train_tokenizer(training_texts(made_up_traces()), vocabulary=vocabulary)


WIDTH = 32
TINY = {"layers": 1, "width": WIDTH, "heads": 2, "context": 192, "batch_tokens": 256}
TINY |= {"learning_rate": 0.01, "evaluations": 3}


def tiny_model(
    folder: Path, *, tokens: int | None = 6_000, table: Dataset | None = None, **settings: Any
) -> TraceModel:
    """Train a tiny network on the made-up traces."""
    table = made_up_table() if table is None else table
    options = {**TINY, "tokens": tokens, "progress": False, **settings}
    return train(table, table.select(range(6)), tiny_tokenizer(), folder, **options)


def by_hand(model: TraceModel, prompt: Prompt, count: int) -> list[int]:
    """Likeliest tokens of a prompt, each from a whole forward pass without a cache."""
    prefix = prompt.prefix or Trace((), (), ())
    trace = Trace(prefix.programs, prefix.timestamps, prefix.numbers, is_complete=False, title=prompt.title)
    (item,) = model.notation.encode([trace])
    tokens = np.concatenate([item.prompt, *item.states]).tolist()
    place, vector, written = model.notation.place(prefix), prompt.student_vector, []
    if vector is None:
        vector = model.student_vectors([prompt.username])[0]
    while len(written) < count and model.notation.end not in written:
        hints = torch.from_numpy(model.notation.hints(tokens)).long()[None]
        with torch.no_grad():
            scores = model.network(torch.tensor([tokens]), student_vectors=vector[None].double(), hints=hints)
        places = [place] if model.notation.has_grammar else None
        token = int(model.notation.allow(scores.logits[:, -1], places).argmax())
        forced = model.notation.closing(place, count - len(written)) if places else None
        written.append(token if forced is None else forced)
        tokens.append(written[-1])
        place.push(written[-1])
    return written
