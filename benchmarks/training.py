"""Compare our training with the plain way in one run: bits a trace after equal processor seconds.

    python benchmarks/training.py [FOLDER_OF_ROLLOUTS] [--seconds 60] [--ways plain states edits]
    python benchmarks/training.py --students 100 1000000

Without a folder, students are simulated. The plain way is ``Trainer`` on padded batches of the paper's text
form, with a GPT-2-style tokenizer and AdamW; network and vocabulary are of the same size. Neither way runs
programs, so that the seconds of training are all there is to count. With ``--students`` it measures instead
what a step costs with so many student vectors.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from plain_way import PlainWay, Size

from pcutils.data import load, split_traces, to_dataset, traces_of
from pcutils.models import train, train_tokenizer, training_texts
from pcutils.models.examples import Encoder, collate
from pcutils.models.network import new_network
from pcutils.models.notation import NOTATIONS, SEGMENTS, make_notation
from pcutils.models.optimizers import Optimizers
from pcutils.models.settings import ModelSettings
from pcutils.models.trace_model import token_losses
from pcutils.trace import Trace

SHARES = {
    "classroom": {"students": 0.1, "titles": 0.1, "pairs": 0.2, "validation": 0.05},
    "rollouts": {"students": 0.1, "titles": 0.2, "pairs": 0.2, "validation": 0.05},
}
SIZE = Size(vocabulary=1024, layers=2, width=128, heads=4, context=1024)
TITLES = ("goldstar", "loop", "polygon", "spiral", "squareloop", "starburst", "turtle", "twodice")
TRIAL = 20
"""Steps that tell how long one takes."""
PLAIN = {"batch": 2, "learning_rate": 0.002}
OURS = {
    "layers": SIZE.layers,
    "width": SIZE.width,
    "heads": SIZE.heads,
    "context": SIZE.context,
    "batch_tokens": 1024,
    "outcome_hints": False,
}


def main() -> None:
    """Run the script."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, help="the public rollouts")
    parser.add_argument("--seconds", type=float, default=60.0, help="processor seconds of each way")
    parser.add_argument("--ways", nargs="+", default=["plain", *NOTATIONS], choices=["plain", *NOTATIONS])
    parser.add_argument("--held-out", type=int, default=200, help="traces to score")
    parser.add_argument("--students", nargs="+", type=int, help="measure steps with so many students instead")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    if arguments.students:
        measure_students(arguments.students)
        return
    training, held_out = read_traces(arguments.folder, arguments.held_out)
    states = sum(len(trace.programs) for trace in held_out)
    kind = "public rollouts" if arguments.folder else "simulated students"
    print(f"{kind}: {len(training)} traces to learn from, {len(held_out)} held out, with {states} states")
    print(
        f"{'way':8}{'cpu s':>8}{'steps':>8}{'tokens':>10}{'tokens/s':>10}{'traces/s':>10}"
        f"{'bits/trace':>12}{'bits/state':>12}"
    )
    found: dict[str, dict[str, float]] = {}
    for way in arguments.ways:
        found[way] = measure(way, training, held_out, arguments.seconds)
        row = found[way]
        print(
            f"{way:8}{row['seconds']:8.1f}{row['steps']:8.0f}{row['tokens']:10.0f}"
            f"{row['tokens'] / row['seconds']:10.0f}{row['traces'] / row['seconds']:10.1f}"
            f"{row['bits']:12.1f}{row['bits'] * len(held_out) / states:12.1f}  {row.get('parts', '')}",
            flush=True,
        )
    if "plain" in found:
        for way in arguments.ways:
            share = found[way]["bits"] / found["plain"]["bits"]
            speeds = [found[name]["tokens"] / found[name]["seconds"] for name in (way, "plain")]
            traces = [found[name]["traces"] / found[name]["seconds"] for name in (way, "plain")]
            print(
                f"{way}: {share:.0%} of the plain way's bits, {speeds[0] / speeds[1]:.2f} times its tokens/s,"
                f" {traces[0] / traces[1]:.2f} times its traces/s"
            )


def read_traces(folder: Path | None, most: int) -> tuple[list[Trace], list[Trace]]:
    """Give traces to learn from, and others of the same students and titles."""
    if folder:
        table, preset = load("rollouts", path=folder, titles=list(TITLES)), "rollouts"
    else:
        table, preset = (
            load("simulated", students=150, titles=16, assignments_per_student=12, seed=0),
            "classroom",
        )
    labels = split_traces(table, **SHARES[preset], seed=0)
    parts = [table.select(labels.index[labels == name]) for name in ("train", "seen_student_seen_title")]
    training, held_out = (list(traces_of(part)) for part in parts)
    return training, held_out[:most]


def measure(way: str, training: Sequence[Trace], held_out: Sequence[Trace], seconds: float) -> dict[str, Any]:
    """Train one way for so many processor seconds and score what it has learnt."""
    if way == "plain":
        trials = [PlainWay(training, SIZE, **PLAIN).train(steps)["seconds"] for steps in (TRIAL, 3 * TRIAL)]
        peer = PlainWay(training, SIZE, **PLAIN)
        row = peer.train(max(1, round(seconds * 2 * TRIAL / (trials[1] - trials[0]))))
        return row | {"traces": row["steps"] * PLAIN["batch"], "bits": float(np.mean(peer.bits(held_out)))}
    tokenizer = train_tokenizer(training_texts(training), vocabulary=SIZE.vocabulary)
    table, validation = to_dataset(training, "simulated"), to_dataset(training[:20], "simulated")
    options = OURS | {
        "notation": way,
        "tokens": None,
        "evaluations": 1,
        "progress": False,
    }

    def run(steps: int) -> tuple[Any, dict[str, float]]:
        with tempfile.TemporaryDirectory() as folder:
            encoding = time.process_time()
            train(table, validation, tokenizer, folder, **options, steps=1)
            started = time.process_time()
            model = train(table, validation, tokenizer, folder, **options, steps=steps)
            used = time.process_time() - started - (started - encoding)
            report = json.loads((Path(folder) / "training.json").read_text())
        each = report["tokens_of_all_traces"] / report["traces"]
        return model, {
            "steps": steps,
            "tokens": report["tokens"],
            "seconds": used,
            "traces": report["tokens"] / each,
        }

    trial = run(5 * TRIAL)[1]
    model, row = run(max(1, round(seconds * 5 * TRIAL / trial["seconds"])))
    parts = model.score(held_out, by_segment=True).mean(axis=0)
    words = ", ".join(f"{name} {value:.1f}" for name, value in zip(SEGMENTS, parts, strict=True))
    return row | {"bits": float(parts.sum()), "parts": words}


def measure_students(counts: Sequence[int]) -> None:
    """Print what a step costs with so many student vectors."""
    traces = read_traces(None, 1)[0][:64]
    tokenizer = train_tokenizer(training_texts(traces), vocabulary=SIZE.vocabulary)
    form = make_notation("edits", tokenizer)
    for count in counts:
        slots = {str(trace.username): 1 + turn * count // len(traces) for turn, trace in enumerate(traces)}
        network = new_network(ModelSettings(**OURS), form, count)
        optimizers = Optimizers(network, 0.003)
        batch = collate(list(Encoder(form, slots, SIZE.context, True).examples(traces[:8])))
        seconds = []
        for _ in range(30):
            started = time.process_time()
            token_losses(network, batch).mean().backward()
            optimizers.step(0.5)
            seconds.append(time.process_time() - started)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{count:>10} students: {1000 * np.median(seconds):.1f} ms a step, {memory:.0f} MB so far",
            flush=True,
        )


if __name__ == "__main__":
    main()
