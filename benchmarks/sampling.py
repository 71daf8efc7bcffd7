"""Compare the speed of our sampling with the plain way, side by side in one run: traces a second, one thread.

    python benchmarks/sampling.py [--train-seconds 40] [--traces 256] [--plain-traces 64]
                                  [--ways plain same states edits unrun] [--batch-sizes 64 256]

All students are simulated. Each way is first trained for as many processor seconds, a network of the same
size on the same traces, and then writes a trace for each of the same titles. The plain way is ``generate`` on
padded batches of 64 with whole states. A model that never ends its traces is slow, and one that ends them at
once is fast: so the table also says how many traces ended and could be read, and how many states they have.
The way "same" takes the difference in what was learnt away: one network of ours, without hints and with whole
states, written from with ``generate`` and with our sampling. "edits" is our default, which runs every program
that it writes, in processes of its own; "unrun" is the same without that. Seconds are real ones, so that all
counts: leave the machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from plain_way import PlainWay, Size

from pcutils.data import load, traces_of
from pcutils.errors import TraceError
from pcutils.models import Prompt, TraceModel, train, train_tokenizer, training_texts
from pcutils.models.tokenizer import END
from pcutils.trace import Trace, parse_trace

SIZE = Size(vocabulary=1024, layers=2, width=128, heads=4, context=1024)
STUDENTS, TITLES = 60, 10
PLAIN = {"batch": 8, "learning_rate": 0.001}
PLAIN_BATCH = 64
BATCH_TOKENS = 1024
TRIAL = {"plain": 10, "edits": 100, "states": 50}
"""Steps that tell how long one takes."""
SETTINGS = {"same": {"copy_hints": False}, "unrun": {"outcome_hints": False}}
WAYS = ("plain", "same", "states", "edits", "unrun")


def train_plain(traces: Sequence[Trace], seconds: float) -> PlainWay:
    """Train the plain way for about so many processor seconds."""
    with contextlib.redirect_stdout(io.StringIO()):  # Trainer prints its own figures
        trial = PlainWay(traces, SIZE, **PLAIN).train(TRIAL["plain"])
        peer = PlainWay(traces, SIZE, **PLAIN)
        peer.train(max(1, round(seconds * TRIAL["plain"] / trial["seconds"])))
    return peer


def train_ours(traces: Sequence[Trace], form: str, seconds: float, **settings: bool) -> TraceModel:
    """Train ours with one form of traces for about so many processor seconds."""
    table = load("simulated", students=STUDENTS, titles=TITLES, assignments_per_student=TITLES)
    tokenizer = train_tokenizer(training_texts(traces), vocabulary=SIZE.vocabulary)
    options = {
        "notation": form,
        "layers": SIZE.layers,
        "width": SIZE.width,
        "heads": SIZE.heads,
        "context": SIZE.context,
        "batch_tokens": BATCH_TOKENS,
        "evaluations": 1,
        "progress": False,
        **settings,
    }
    used = {}
    for steps in (1, TRIAL[form] + 1):
        with tempfile.TemporaryDirectory() as folder:
            started = time.process_time()
            train(table, table.select(range(20)), tokenizer, folder, steps=steps, **options)
            used[steps] = time.process_time() - started
    step = (used[TRIAL[form] + 1] - used[1]) / TRIAL[form]
    with tempfile.TemporaryDirectory() as folder:
        steps = max(1, round(seconds / step))
        return train(table, table.select(range(20)), tokenizer, folder, steps=steps, **options)


def sample_plain(peer: PlainWay, prompts: Sequence[Prompt]) -> list[Trace | None]:
    """Write with ``generate``; what cannot be read is None."""
    found: list[Trace | None] = []
    for start in range(0, len(prompts), PLAIN_BATCH):
        titles = [prompt.title or "" for prompt in prompts[start : start + PLAIN_BATCH]]
        for text in peer.write(titles, temperature=1.0, top_p=1.0):
            body, end, _ = text.partition(END)
            try:
                found.append(parse_trace(body + end))
            except TraceError:
                found.append(None)
    return found


@torch.inference_mode()
def generate_with_ours(model: TraceModel, prompts: Sequence[Prompt]) -> list[Trace | None]:
    """Write with ``generate`` from a network of ours that takes no hints, padded in front."""
    network, found = model.network, []
    vectors = model.student_vectors([prompt.username for prompt in prompts])
    starts = [torch.from_numpy(ids).long() for ids in model.notation.prompts([one.title for one in prompts])]
    for first in range(0, len(prompts), PLAIN_BATCH):
        chosen = range(first, min(first + PLAIN_BATCH, len(prompts)))
        longest = 1 + max(len(starts[place]) for place in chosen)
        embeds, mask = torch.zeros(len(chosen), longest, SIZE.width), torch.zeros(len(chosen), longest).long()
        for row, place in enumerate(chosen):
            read = torch.cat([vectors[place][None], network.embed(starts[place])])
            embeds[row, -len(read) :], mask[row, -len(read) :] = read, 1
        written = network.decoder.generate(
            inputs_embeds=embeds,
            attention_mask=mask,
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
            max_new_tokens=SIZE.context - longest,
            eos_token_id=model.notation.end,
            pad_token_id=model.notation.tokenizer.pad_token_id,
        )
        for ids in written.tolist():
            ids = ids[: ids.index(model.notation.end) + 1] if model.notation.end in ids else ids
            try:
                found.append(model.notation.read(ids, Trace((), (), ()), title=None, username=None))
            except TraceError:
                found.append(None)
    return found


def describe(name: str, seconds: float, traces: Sequence[Trace | None], plain_rate: float | None) -> float:
    """Print one row; give the traces a second."""
    rate = len(traces) / seconds
    read = [trace for trace in traces if trace is not None and trace.programs]
    ended = sum(trace.is_complete for trace in read) / len(traces)
    states = sum(len(trace.programs) for trace in read) / max(1, len(read))
    ratio = f"{rate / plain_rate:10.1f}" if plain_rate else f"{'':>10}"
    print(f"{name:18}{seconds:8.1f}{rate:10.2f}{ratio}{ended:12.0%}{states:12.2f}", flush=True)
    return rate


def main() -> None:
    """Print a table of the ways' traces a second, their ratio to the plain way, and what they wrote."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train-seconds", type=float, default=40.0, help="processor seconds of each way")
    parser.add_argument("--traces", type=int, default=256, help="traces to sample with ours")
    parser.add_argument("--plain-traces", type=int, default=64, help="traces to sample with generate")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS)
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[256], help="of ours")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    table = load("simulated", students=STUDENTS, titles=TITLES, assignments_per_student=TITLES)
    traces = list(traces_of(table))
    prompts = [
        Prompt(trace.username, trace.title)
        for trace in (traces[place % len(traces)] for place in range(options.traces))
    ]
    states = sum(len(trace.programs) for trace in traces) / len(traces)
    print(f"{len(traces)} traces of simulated students to learn from, {states:.2f} states each")
    print(f"{'way':18}{'seconds':>8}{'traces/s':>10}{'ratio':>10}{'ended, read':>12}{'states each':>12}")
    plain_rate = None
    for way in sorted(options.ways, key=WAYS.index):
        few = prompts[: options.plain_traces]
        if way == "plain":
            peer = train_plain(traces, options.train_seconds)
            written, used = timed(lambda peer=peer, few=few: sample_plain(peer, few))
            plain_rate = describe("plain, generate", used, written, None)
            continue
        form = {"same": "states", "unrun": "edits"}.get(way, way)
        model = train_ours(traces, form, options.train_seconds, **SETTINGS.get(way, {}))
        compared_rate = plain_rate
        if way == "same":
            written, used = timed(lambda model=model, few=few: generate_with_ours(model, few))
            compared_rate = describe("same, generate", used, written, None)
        for batch_size in options.batch_sizes:
            samples, used = timed(
                lambda model=model, size=batch_size, kept=way != "same": model.generate(
                    prompts, batch_size=size, keep_form=kept, progress=False
                )
            )
            describe(f"{way}, ours, {batch_size}", used, [one.trace for one in samples], compared_rate)


def timed(work: Callable[[], list[Any]]) -> tuple[list[Any], float]:
    """Give a result and the seconds it took."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


if __name__ == "__main__":
    main()
