"""Rows a second, memory and disk of the steps that see every trace, on simulated tables of several sizes.

    python benchmarks/scale.py --traces 10000 100000

Each size goes through the steps up to a first step of training, each in a process of its own: a simulated
table in the shape of the hub is written; it is read, validated, put into shards and split; a tokenizer is
trained; the traces become the variant `synthetic` and encoded; some of the shards are measured, their
programs run. Simulating students is slow, so only a few are simulated, and all others write the same
programs with other numbers and a remark of their own: no program occurs twice, which is the slowest case.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pcutils.runs.files import RunFiles
from pcutils.runs.workflow import duration
from pcutils.simulate import simulate_students
from pcutils.trace import Trace

HUB_SCHEMA = pa.schema(
    [
        ("username", pa.string()),
        ("title", pa.string()),
        ("programs", pa.list_(pa.string())),
        ("timestamps", pa.list_(pa.timestamp("s"))),
    ]
)
ONE_SHARD = "measures of one shard"
SIMULATED = 100
ROWS_IN_FILE = 100_000
ROWS_IN_GROUP = 1_000
_NUMBER = re.compile(r"(?<![\w.#])\d+")


@dataclass(frozen=True)
class Step:
    """What one step of one size took; memory in MiB, disk in bytes."""

    name: str
    rows: int
    seconds: float
    largest_mb: int
    together_mb: int
    disk: int

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def made_up_rows(count: int) -> Iterator[dict[str, object]]:
    """Make up as many rows in the shape of the hub, one student after the other."""
    students = [traces for _, traces in simulate_students(SIMULATED, 0)]
    made = number = 0
    while True:
        for traces in students:
            for trace in traces:
                if made == count:
                    return
                yield varied(trace, number)
                made += 1
            number += 1


def varied(trace: Trace, number: int) -> dict[str, object]:
    """Let another student write a trace, with other numbers and a remark of their own."""
    username, more = f"made-up-{number:07}", number // SIMULATED % 7
    return {
        "username": username,
        "title": trace.title,
        "programs": [
            _NUMBER.sub(lambda found: str(int(found[0]) + more), program) + f"\n# {username}"
            for program in trace.programs
        ],
        "timestamps": list(trace.timestamps),
    }


def make(folder: Path, count: int) -> None:
    """Write a simulated table; a row group is in memory at a time."""
    folder.mkdir(parents=True)
    rows = made_up_rows(count)
    files = -(-count // ROWS_IN_FILE)
    for file in range(files):
        left = min(ROWS_IN_FILE, count - file * ROWS_IN_FILE)
        with pq.ParquetWriter(folder / f"train-{file:05}-of-{files:05}.parquet", HUB_SCHEMA) as writer:
            while left:
                group = [next(rows) for _ in range(min(ROWS_IN_GROUP, left))]
                writer.write_table(pa.Table.from_pylist(group, schema=HUB_SCHEMA))
                left -= len(group)


def split(run_dir: Path, shards: int) -> None:
    """Split the traces of a run again, as the step `data` does at its end."""
    from pcutils.data import item_of, read_batches, split_items

    columns = ("username", "title", "programs")
    items = [
        item_of(*(row[name] for name in columns))
        for path in RunFiles(run_dir, shards).parts("traces")
        for batch in read_batches(path, ROWS_IN_GROUP, columns)
        for row in batch
    ]
    split_items(items, validation=0.02)


def disk(*paths: Path) -> int:
    """Bytes of files and of all files in folders."""
    files = (file for path in paths for file in ([path] if path.is_file() else path.rglob("*")))
    return sum(file.stat().st_size for file in files if file.is_file())


def watched(name: str, rows: int, command: list[str], written: Callable[[], int]) -> Step:
    """Run a command, and look five times a second how much memory it and what it started hold."""
    import psutil

    began, largest, together = time.monotonic(), 0, 0
    with tempfile.TemporaryFile() as said:
        process = psutil.Popen([sys.executable, *command], stdout=said, stderr=said)
        while process.poll() is None:
            held = []
            for one in [process, *process.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    held.append(one.memory_info().rss // 2**20)
            largest, together = max(largest, *held, 0), max(together, sum(held))
            time.sleep(0.2)
        seconds = time.monotonic() - began
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{name} failed:\n{said.read()[-2000:].decode()}")
    return Step(name, rows, seconds, largest, together, written())


def measure_size(count: int, folder: Path, arguments: argparse.Namespace) -> Iterator[Step]:
    """Take one size through all steps."""
    table, run_dir = folder / "table", folder / "run"
    shards = max(1, round(count / arguments.shard_rows))
    files = RunFiles(run_dir, shards)
    run_dir.mkdir(parents=True)
    data = {"source": "hub", "path": str(table), "shards": shards}
    profile = {
        "description": "simulated",
        "data": data,
        "execution": {"workers": arguments.workers},
        "models": {"layers": 1, "width": 32, "heads": 2, "tokens": 1, "outcome_hints": False},
    }
    files.at("profile").write_text(json.dumps(profile), encoding="utf-8")
    step = ["-m", "pcutils.cli", "step", "--run-dir", str(run_dir)]
    own = [__file__, "--folder", str(folder)]
    yield watched("make the table", count, [*own, "--only-make", str(count)], lambda: disk(table))
    yield watched(
        "data: read, validate, write, split", count, [*step, "data"], lambda: disk(run_dir / "data")
    )
    yield watched("  of it, split", count, [*own, "--only-split", str(shards)], lambda: 0)
    yield watched("tokenizer", count, [*step, "tokenizer"], lambda: disk(files.at("tokenizer")))
    training, model = [*step, "train", "--variant", "synthetic"], files.at("model", "synthetic")
    yield watched("train: retell, encode, one step", count, training, lambda: disk(model))
    for shard in files.shard_names[: arguments.measure]:
        rows = pq.read_metadata(files.part("traces", shard)).num_rows
        chosen = ["--shard", shard] if shard else []
        before = disk(run_dir / "data")
        name = f"{ONE_SHARD} of {shards}"
        yield watched(name, rows, [*step, "measures", *chosen], lambda: disk(run_dir / "data") - before)  # noqa: B023


def show(count: int, steps: list[Step]) -> None:
    """Print one size."""
    print(f"\n{count:,} simulated traces")
    print(f"{'step':36} {'rows':>9} {'rows/s':>8} {'time':>12} {'largest':>9} {'together':>9} {'disk':>9}")
    for step in steps:
        memory = f"{step.largest_mb:>6} MB {step.together_mb:>6} MB"
        size = f"{step.disk / 2**20:>6.0f} MB"
        print(
            f"{step.name:36} {step.rows:>9,} {step.rate:>8.0f} {duration(step.seconds):>12} {memory} {size}"
        )
    if measured := [step for step in steps if step.name.startswith(ONE_SHARD)]:
        rate = sum(step.rows for step in measured) / sum(step.seconds for step in measured)
        print(f"All shards one after the other: {duration(count / rate)} at {rate:.1f} traces/s.", flush=True)


def show_growth(sizes: dict[int, list[Step]]) -> None:
    """Print by which factor each step grew from size to size."""
    for smaller, larger in zip(sizes, list(sizes)[1:], strict=False):
        print(f"\nFrom {smaller:,} to {larger:,} traces, {larger / smaller:.0f} times as many")
        for before, after in zip(sizes[smaller], sizes[larger], strict=False):
            print(
                f"{after.name.strip():36} time x{after.seconds / before.seconds:.1f}, rows "
                f"x{after.rows / before.rows:.1f}, memory x{after.largest_mb / before.largest_mb:.2f}"
            )


def main() -> None:
    """Read the arguments, go through the sizes, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--traces", type=int, nargs="+", default=[10_000])
    parser.add_argument("--shard-rows", type=int, default=2_000, help="traces of a shard, about")
    parser.add_argument("--measure", type=int, default=1, help="how many shards to measure of each size")
    parser.add_argument("--workers", type=int, default=2, help="processes that run programs side by side")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if not given")
    parser.add_argument("--only-make", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--only-split", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only_make:
        make(arguments.folder / "table", arguments.only_make)
        return
    if arguments.only_split:
        split(arguments.folder / "run", arguments.only_split)
        return
    began, simulated = time.monotonic(), sum(len(traces) for _, traces in simulate_students(SIMULATED, 0))
    rate = simulated / (time.monotonic() - began)
    print(
        f"Simulated: {simulated:,} traces of {SIMULATED} students, {rate:.0f} traces/s; the others "
        "vary them, and pack better on disk than people's."
    )
    sizes = {}
    for count in sorted(arguments.traces):
        folder = Path(tempfile.mkdtemp(prefix="scale-", dir=arguments.folder))
        try:
            sizes[count] = list(measure_size(count, folder, arguments))
        finally:
            shutil.rmtree(folder)
        show(count, sizes[count])
    show_growth(sizes)


if __name__ == "__main__":
    main()
