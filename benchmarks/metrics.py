"""Compare the speed and the results of our measures with straightforward peers, side by side in one run.

    python benchmarks/metrics.py [FOLDER_OF_ROLLOUTS] [--traces 300] [--programs 250] [--repeats 3]

Without a folder the traces are generated. Peers: edit distances and edit kinds on Python's own difflib,
Self-BLEU on nltk where it is installed and on plain counting of all pairs otherwise. From Python 3.12.4 on,
difflib compares lines differently, so that a few edit counts of the peer differ from the paper's.
"""

from __future__ import annotations

import argparse
import difflib
import gzip
import importlib.util
import json
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from pcutils.errors import TraceError
from pcutils.metrics import self_bleu, trace_metrics
from pcutils.metrics.code import ANY_COLOR
from pcutils.metrics.registry import release_programs
from pcutils.trace import Trace, parse_trace

PEER_KEYS = (
    "mean_edit_distance_from_end_all",
    "mean_sequential_edit_distance_all",
    "edit_sum_lines_added_all",
    "edit_sum_lines_deleted_all",
    "edit_sum_lines_modified_all",
    "edit_sum_color_changes_all",
)


def peer_distance(before: str, after: str) -> int:
    """Edit distance by the definition, on difflib."""
    ratio = difflib.SequenceMatcher(None, before, after).ratio()
    return int(max(len(before), len(after)) * (1 - ratio))


def peer_edits(before: str, after: str) -> Counter[str]:
    """Edit kinds by the definition, on difflib."""
    compared = difflib.Differ().compare(before.splitlines(), after.splitlines())
    lines = [(line[0], line[2:]) for line in compared if line[0] in "+-"]
    counts: Counter[str] = Counter()
    done: set[str] = set()
    for position, (sign, line) in enumerate(lines):
        earlier = [other for other_sign, other in lines[:position] if other_sign == "-"]
        later = [other for other_sign, other in lines[position + 1 :] if other_sign == "+"]
        partners = earlier[-1:] if sign == "+" else later[:1]
        if line in done or not partners:
            continue
        done |= {line, partners[0]}
        if partners[0]:
            counts["modified"] += 1
            counts["color"] += ANY_COLOR.sub("<COLOR>", line) == ANY_COLOR.sub("<COLOR>", partners[0])
    for sign, line in lines:
        if line not in done:
            counts["added" if sign == "+" else "deleted"] += 1
    return counts


def peer_metrics(trace: Trace) -> tuple[float, ...]:
    """The costly measures of a trace by their definitions, in the order of `PEER_KEYS`."""
    programs = list(release_programs(trace))
    steps = list(pairwise(programs))
    to_last = [peer_distance(program, programs[-1]) for program in programs[:-1]]
    sequential = [peer_distance(*step) for step in steps]
    edits: Counter[str] = sum((peer_edits(*step) for step in steps), Counter())
    means = [sum(values) / len(values) if values else 0.0 for values in (to_last, sequential)]
    return (*means, *(edits[name] for name in ("added", "deleted", "modified", "color")))


def peer_self_bleu(programs: Sequence[str]) -> float:
    """Self-BLEU by its definition: every program against the list of all others."""
    words = [program.split() for program in programs]
    if importlib.util.find_spec("nltk"):
        from nltk.translate.bleu_score import corpus_bleu  # type: ignore[import-not-found]

        others = [words[:i] + words[i + 1 :] for i in range(len(words))]
        return sum(corpus_bleu(others, words, weights=[(1 / n,) * n for n in range(1, 5)])) / 4
    matches, totals, length, closest = [0] * 4, [0] * 4, 0, 0
    grams = [[Counter(zip(*(w[k:] for k in range(n)), strict=False)) for n in range(1, 5)] for w in words]
    for i, sample in enumerate(words):
        others_of = [j for j in range(len(words)) if j != i]
        length += len(sample)
        closest += min((abs(len(words[j]) - len(sample)), len(words[j])) for j in others_of)[1]
        for n in range(4):
            most: Counter[tuple[str, ...]] = Counter()
            for j in others_of:
                for gram in grams[i][n]:
                    most[gram] = max(most[gram], grams[j][n][gram])
            matches[n] += (grams[i][n] & most).total()
            totals[n] += max(1, grams[i][n].total())
    logs = [math.log(m / t if m else sys.float_info.min) for m, t in zip(matches, totals, strict=True)]
    brevity = 1.0 if length > closest else math.exp(1 - closest / length)
    return brevity * sum(math.exp(sum(logs[:n]) / n) for n in range(1, 5)) / 4


def generated_traces(count: int, seed: int) -> list[Trace]:
    """Traces of generated programs that grow, change and shrink at random lines."""
    dice = random.Random(seed)
    commands = (
        "fd {}",
        "rt {}",
        "pen red, {}",
        "dot blue, {}",
        "for [1..{}]",
        "  lt {}",
        "# part {}",
        "write {}",
    )
    traces = []
    for _ in range(count):
        lines = [dice.choice(commands).format(dice.randrange(200)) for _ in range(dice.randrange(2, 30))]
        states = ["\n".join(lines)]
        for _ in range(dice.choice((0, 1, 2, 3, 4, 8))):
            place = dice.randrange(len(lines) + 1)
            lines[place : place + dice.randrange(3)] = [
                dice.choice(commands).format(dice.randrange(200)) for _ in range(dice.randrange(4))
            ]
            states.append("\n".join(lines) or "home()")
        traces.append(Trace.from_states(states))
    return traces


def traces_of_rollouts(folder: Path, count: int, seed: int) -> list[Trace]:
    """A random sample of the published rollouts."""
    files = sorted(folder.glob("*.json.gz"))
    traces = []
    for file in files:
        rows = json.loads(gzip.decompress(file.read_bytes()))
        for raw_text, username, _ in random.Random(seed).sample(
            rows, min(len(rows), count // len(files) + 1)
        ):
            trace = parse_trace(raw_text, username=username)
            traces += [trace] if trace.programs else []
    return random.Random(seed).sample(traces, min(count, len(traces)))


def best_seconds(work: Callable[[], object], repeats: int) -> tuple[float, object]:
    """Shortest processor time of several runs, and the result."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        times.append(time.process_time() - start)
    return min(times), result


def main() -> None:
    """Print a table of both sides' times, their ratio and whether the results are equal."""
    parser = argparse.ArgumentParser(description="Speed of the measures against straightforward peers.")
    parser.add_argument("rollouts", nargs="?", type=Path)
    parser.add_argument("--traces", type=int, default=300)
    parser.add_argument("--programs", type=int, default=250)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    count = max(options.traces, options.programs)
    traces = (
        traces_of_rollouts(options.rollouts, count, options.seed)
        if options.rollouts
        else generated_traces(count, options.seed)
    )
    programs = [trace.programs[-1] for trace in traces][: options.programs]

    def ours() -> list[tuple[float, ...]]:
        measured = (trace_metrics(trace, unknown_time_is_nan=True) for trace in traces[: options.traces])
        return [tuple(measures[key] for key in PEER_KEYS) for measures in measured]

    def peers() -> list[tuple[float, ...]]:
        return [peer_metrics(trace) for trace in traces[: options.traces]]

    rows = [
        (f"trace_metrics, {options.traces} traces (all 44; the peer: edits only)", ours, peers),
        (
            f"self_bleu, {len(programs)} programs",
            lambda: round(self_bleu(programs), 12),
            lambda: round(peer_self_bleu(programs), 12),
        ),
    ]
    for name, own_work, peer_work in rows:
        own, own_result = best_seconds(own_work, options.repeats)
        peer, peer_result = best_seconds(peer_work, 1 if "bleu" in name else options.repeats)
        equal = "equal" if own_result == peer_result else "DIFFERENT"
        print(f"{name}: ours {own:.3f} s, peer {peer:.3f} s, {peer / own:.1f} times, results {equal}")


if __name__ == "__main__":
    try:
        main()
    except TraceError as error:
        sys.exit(f"cannot measure: {error}")
