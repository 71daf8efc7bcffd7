"""Measure how bits a trace fall with the size of the network and the number of traces, on simulated students.

    python benchmarks/scaling.py --widths 32 --record no
    python benchmarks/scaling.py

Each cell of the grid is one training of our own, with the same seed. All cells score the same traces of
simulated students that none of them has seen. The smaller sets of traces are the first students of the larger
ones. A cell that is done is kept in the folder of the work and not trained again, so that the grid can be run
in parts. The last call writes records/scaling.json, from which the book's page on planning reads; it also
measures how fast one processor does the steps before a training.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from pcutils.data import item_of, load, split_items, to_dataset, traces_of
from pcutils.execution import Executor
from pcutils.metrics import trace_metrics
from pcutils.models import train, train_tokenizer, training_texts
from pcutils.models.examples import Encoder
from pcutils.models.notation import NOTATIONS, SEGMENTS, make_notation
from pcutils.runs.provenance import commit_of, package_versions, processors, usage
from pcutils.trace import Trace

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "records" / "scaling.json"
WIDTHS = (32, 64, 128)
TOKENS = {100: 150_000, 400: 300_000, 1600: 500_000}
"""How many traces to learn from, and for how many tokens."""
VALIDATION, HELD_OUT = 96, 240
PER_STUDENT = 12
SIMULATION = {"titles": 16, "assignments_per_student": PER_STUDENT, "seed": 0}
SETTINGS = {
    "notation": "edits",
    "outcome_hints": False,
    "layers": 2,
    "heads": 4,
    "context": 1024,
    "batch_tokens": 512,
    "learning_rate": 0.003,
    "evaluations": 8,
    "validation_traces": VALIDATION,
    "checkpoint_steps": 10_000,
    "seed": 0,
}
VOCABULARY = 1024
TITLE_TOKENS = {"edits": 0, "states": 50}
"""The paper pads titles; our form does not."""
TRACES_TIMED, ITEMS_TIMED = 150, 50_000


def main() -> None:
    """Read the command line, measure, write the record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--widths", nargs="+", type=int, default=WIDTHS, choices=WIDTHS)
    parser.add_argument("--traces", nargs="+", type=int, default=list(TOKENS), choices=list(TOKENS))
    parser.add_argument(
        "--work", type=Path, default=ROOT / "runs" / "scaling", help="folder of the trainings"
    )
    parser.add_argument("--record", choices=["yes", "no"], default="yes", help="whether to write the record")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    clock = time.time()
    training, validation, held_out = made_up_parts()
    tokenizer = train_tokenizer(training_texts(training), vocabulary=VOCABULARY)
    cells = []
    for width in arguments.widths:
        for count in arguments.traces:
            folder = arguments.work / f"{width}x{count}"
            cell = kept_cell(folder, training[:count], validation, held_out, tokenizer, width)
            cells.append(cell)
            print(
                f"width {width:4}, {count:5} traces: {cell['parameters']:9,} parameters,"
                f" {cell['bits']:6.1f} bits a trace, {cell['processor_seconds']:.0f} s",
                flush=True,
            )
    if arguments.record == "yes":
        settings = {**SETTINGS, "vocabulary": VOCABULARY, "students": "simulated", **SIMULATION}
        content = {
            "cells": cells,
            "traces": {name: lengths(name, tokenizer, training) for name in NOTATIONS},
            "states_per_trace": float(np.mean([len(trace.programs) for trace in training])),
            "characters_per_trace": float(np.mean([sum(map(len, trace.programs)) for trace in training])),
            "held_out_traces": len(held_out),
            "per_processor_second": rates(training[:TRACES_TIMED], tokenizer),
            "provenance": source(settings, clock),
        }
        RECORD.parent.mkdir(exist_ok=True)
        RECORD.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def made_up_parts() -> tuple[list[Trace], list[Trace], list[Trace]]:
    """Give traces to learn from, to choose weights by and to score; no student is in two of them."""
    sizes = [max(TOKENS), VALIDATION, HELD_OUT]
    students = [-(-size // PER_STUDENT) for size in sizes]
    traces = list(traces_of(load("simulated", students=sum(students), **SIMULATION)))
    of: dict[str, list[Trace]] = {}
    for trace in traces:
        of.setdefault(str(trace.username), []).append(trace)
    names, parts = list(of), []
    for size, count in zip(sizes, students, strict=True):
        chosen, names = names[:count], names[count:]
        parts.append([trace for name in chosen for trace in of[name]][:size])
    return parts[0], parts[1], parts[2]


def kept_cell(folder: Path, *what: Any) -> dict[str, Any]:
    """Give one cell of the grid, measured now unless the folder has it."""
    kept = folder / "cell.json"
    if not kept.is_file():
        began = time.process_time()
        cell = measure(folder, *what)
        cell["processor_seconds"] = round(time.process_time() - began, 1)
        kept.write_text(json.dumps(cell), encoding="utf-8")
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def measure(
    folder: Path,
    training: Sequence[Trace],
    validation: Sequence[Trace],
    held_out: Sequence[Trace],
    tokenizer: Any,
    width: int,
) -> dict[str, Any]:
    """Train one cell, and score the traces held out, split by what the bits are spent on."""
    tables = [to_dataset(part, "simulated") for part in (training, validation)]
    tokens = TOKENS[len(training)]
    model = train(*tables, tokenizer, folder, width=width, tokens=tokens, progress=False, **SETTINGS)
    report = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    curve = pd.read_parquet(folder / "learning_curve.parquet")
    curve = curve[curve["split"] == "validation"]
    parts = model.score(held_out, by_segment=True)
    whole = parts.sum(axis=1)
    return {
        "width": width,
        "traces": len(training),
        "students": len(model.students),
        "parameters": report["parameters"],
        "student_parameters": model.network.student_table.weight.numel(),
        "tokens_of_all_traces": report["tokens_of_all_traces"],
        "tokens_trained": report["tokens"],
        "steps": report["steps"],
        "bits": float(whole.mean()),
        "standard_error": float(whole.std(ddof=1) / np.sqrt(len(whole))),
        "bits_by_segment": dict(zip(SEGMENTS, parts.mean(axis=0).tolist(), strict=True)),
        "validation": [[int(row.tokens), float(row.bits_per_trace)] for row in curve.itertuples()],
    }


def lengths(name: str, tokenizer: Any, traces: Sequence[Trace]) -> dict[str, float]:
    """Measure how many tokens a trace has in one form, its title and end included, before any cut."""
    form = make_notation(name, tokenizer, title_tokens=TITLE_TOKENS[name])
    counts = np.array(
        [len(item.prompt) + sum(map(len, item.states)) + item.is_complete for item in form.encode(traces)]
    )
    return {
        "tokens_per_trace": float(counts.mean()),
        "share_longer_than_context": float(np.mean(counts > SETTINGS["context"] - 1)),
        "title_tokens": TITLE_TOKENS[name],
    }


def rates(traces: Sequence[Trace], tokenizer: Any) -> dict[str, float]:
    """Measure how much one processor does a second of what comes before a training."""
    programs = list(dict.fromkeys(program for trace in traces for program in trace.programs))
    items = [
        item_of(f"made-up-{number // 3}", f"title {number % 300}", ["fd 1"]) for number in range(ITEMS_TIMED)
    ]

    def run_all() -> None:
        with Executor(workers=1) as executor:
            list(executor.run(programs))

    def encode() -> None:
        list(Encoder(make_notation("states", tokenizer), {}, SETTINGS["context"], True).examples(traces))

    jobs: dict[str, tuple[int, Callable[[], object]]] = {
        "traces_split": (len(items), lambda: split_items(items)),
        "traces_measured": (len(traces), lambda: [trace_metrics(trace) for trace in traces]),
        "traces_encoded": (len(traces), encode),
        "programs_run": (len(programs), run_all),
    }
    found = {}
    for name, (count, job) in jobs.items():
        before = used_seconds()
        job()
        found[name] = round(count / (used_seconds() - before), 1)
    return {**found, "distinct_programs_per_trace": round(len(programs) / len(traces), 3)}


def used_seconds() -> float:
    """Processor seconds of this process and its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def source(settings: dict[str, Any], clock: float) -> dict[str, Any]:
    """Say where the record comes from; of the machine only its kind."""
    machine = {
        "processors": processors(),
        "architecture": platform.machine(),
        "shared": True,
        "accelerator": None,
    }
    return {
        "parameters": settings,
        "packages": package_versions(),
        **commit_of(ROOT),
        "started": usage(clock)["started"],
        "machine": machine,
    }


if __name__ == "__main__":
    main()
