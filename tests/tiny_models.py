"""Tiny made-up traces and a tiny network, for the tests of models."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset

from pcutils.models import TraceModel, train, train_tokenizer, training_texts
from pcutils.models.optimizers import Optimizers
from pcutils.sources import to_dataset, traces_of
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
TINY = {
    "layers": 1,
    "width": WIDTH,
    "heads": 2,
    "context": 192,
    "batch_tokens": 256,
    "learning_rate": 0.01,
    "evaluations": 3,
}


def tiny_model(folder: Path, *, tokens: int = 6_000, **settings: Any) -> TraceModel:
    """Train a tiny network on the made-up traces."""
    table = made_up_table()
    options = {**TINY, "tokens": tokens, "progress": False, **settings}
    return train(table, table.select(range(6)), tiny_tokenizer(), folder, **options)


def main(folder: str, deadly_step: str = "") -> None:
    """Train as one of several processes, which die in the middle of a step if one is named."""
    step = Optimizers.step
    taken: list[float] = []

    def dying(self: Optimizers, progress: float) -> None:
        taken.append(progress)
        if len(taken) == int(deadly_step or 0):
            os._exit(1)
        step(self, progress)

    Optimizers.step = dying  # type: ignore[method-assign]
    tiny_model(Path(folder), tokens=3_000, checkpoint_steps=5)


if __name__ == "__main__":
    main(*sys.argv[1:])

__all__ = ["TINY", "WIDTH", "made_up_table", "made_up_traces", "tiny_model", "tiny_tokenizer", "traces_of"]
