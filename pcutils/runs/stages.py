"""What each step of the workflow does before the chapters: data, measures, models, samples."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pandas
import pyarrow.parquet

from pcutils import data as tables
from pcutils.errors import DataError, replacing, track
from pcutils.execution import program_hash
from pcutils.metrics import measure_trace, state_outcome
from pcutils.runs.files import RunFiles
from pcutils.runs.programs import RunPrograms
from pcutils.trace import Trace

TRACES_IN_MEMORY = 1_000
"""Traces that are measured at a time; what their programs did is kept even if the next ones fail."""

_OF_SAMPLES = ["username", "title", "split", "source", "is_complete", "prompt", "number"]
_SCHEMA = pyarrow.schema(
    [
        *tables.TRACE_SCHEMA,
        ("split", "string"),
        ("prompt", "int64"),
        ("number", "int64"),
        ("failure", "string"),
    ]
)


def data(files: RunFiles, profile: Any) -> None:
    """Read the source once: traces into shards, their splits, students, rejected rows and counts."""
    places: dict[str, Any] = {name: files.parts(name) for name in ("traces", "splits")}
    places |= {name: files.at(name) for name in ("students", "rejected", "reading")}
    options = profile.data.located(Path.cwd())
    print(
        tables.write_tables(options, **places, shares=profile.splits.model_dump()),
        file=sys.stderr,
        flush=True,
    )


def measures(files: RunFiles, profile: Any, shard: str = "") -> None:
    """Measure one shard of the traces and run its programs."""
    path, splits = files.part("traces", shard), pandas.read_parquet(files.part("splits", shard))
    programs = RunPrograms(files, profile.execution, f"measures/{shard}" if shard else "measures")
    measured, ran, read, place = [], [], 0, files.shard_names.index(shard)
    with track(label=f"measuring {shard}".strip(), total=len(splits), unit="traces") as bar:
        for batch in chain(tables.read_batches(path, TRACES_IN_MEMORY), [[]]):
            rows = splits[read : read + len(batch)].reset_index(drop=True)
            pairs = [(row["username"], row["title"]) for row in batch]
            is_other = any(tables.shard_of(name, files.shards) != place for name, _ in pairs)
            if is_other or pairs != list(zip(rows["username"], rows["title"], strict=True)):
                raise _damaged(path, "other traces than were split")
            more = {name: [row[name] for row in batch] for name in ("source", "is_complete")}
            table, status = measure(list(tables.traces_of(batch)), programs)
            measured.append(pandas.concat([rows.assign(**more), table], axis=1))
            ran.append(status)
            read += len(batch)
            bar.update(len(batch))
    if read < len(splits):
        raise _damaged(path, f"{read} of {len(splits)} traces")
    _write(pandas.concat(measured, ignore_index=True), files.part("measures", shard))
    distinct = pandas.concat(ran).drop_duplicates("program_hash", ignore_index=True)
    _write(distinct, files.part("programs", shard))


def measure(traces: Sequence[Trace], programs: RunPrograms) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """Run every distinct program and measure every trace.

    Returns the measures, one row a trace with a column `outcomes` (how each state ended), and one row a
    distinct program.
    """
    status = programs.status({program: None for trace in traces for program in trace.programs})
    kinds = status["error_kind"].astype(object).where(status["error_kind"].notna(), None)
    words = dict(zip(status["program_hash"], map(state_outcome, status["status"], kinds), strict=True))
    rows = []
    for trace in traces or [Trace.from_states(["fd 1"])]:  # its measures name the columns of an empty table
        outcomes = [words.get(name, "success") for name in map(program_hash, trace.programs)]
        rows.append({**measure_trace(trace, outcomes), "outcomes": outcomes})
    return pandas.DataFrame(rows)[: len(traces)], status


def tokenizer(files: RunFiles, profile: Any) -> None:
    """Train the tokenizer on the training split, or take that of a pretrained decoder."""
    from pcutils import models

    if base := _base(profile):
        found = models.pretrained_tokenizer(base)
    else:
        texts = models.training_texts(tables.traces_of(_split(files, "train")))
        found = models.train_tokenizer(texts, vocabulary=profile.models.vocabulary)
    found.save_pretrained(files.at("tokenizer").parent)


def train(files: RunFiles, profile: Any, variant: str) -> None:
    """Train one model."""
    from pcutils import models

    tokens = models.load_tokenizer(files.at("tokenizer").parent)
    programs = RunPrograms(files, profile.execution, f"training-{variant}")
    options = profile.models.model_dump(exclude={"vocabulary"}) | {"base": _base(profile)}

    def part(split: str, name: str) -> Any:
        rows = _split(files, split)
        return tables.build_variant(
            rows, name, seed=options["seed"], count=lambda text: len(tokens.encode(text))
        )

    # A downsampled validation split is too small to choose a checkpoint by, so the whole one chooses.
    parts = part("train", variant), part("validation", variant.removesuffix("_downsampled"))
    try:
        models.train(*parts, tokens, files.at("model", variant), outcomes=programs.outcomes(), **options)
    finally:
        programs.keep()


def sample(files: RunFiles, profile: Any, variant: str) -> None:
    """Sample traces from one model, for the same students and titles as from the others."""
    from pcutils import models

    options = profile.sampling.model_dump()
    pairs = choose_pairs(_table(files, "splits"), options.pop("prompts_per_split"), options["seed"])
    prompts = [models.Prompt(username=pair.username, title=pair.title) for pair in pairs.itertuples()]
    programs = RunPrograms(files, profile.execution, f"sampling-{variant}")
    model = models.load_model(files.at("model", variant), programs.outcomes())
    samples = model.generate(prompts, **options)
    programs.keep()
    rows = [_sample_row(one, pairs.iloc[one.prompt], variant) for one in samples]
    with replacing(files.at("samples", variant)) as path:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=_SCHEMA), path)


def sample_measures(files: RunFiles, profile: Any, variant: str) -> None:
    """Measure the samples of one model that parse, and run their programs."""
    rows = pyarrow.parquet.read_table(files.at("samples", variant)).to_pylist()
    parsed = [row for row in rows if row["programs"]]
    programs = RunPrograms(files, profile.execution, f"samples-{variant}")
    measured, _ = measure(list(tables.traces_of(parsed)), programs)
    about = pandas.DataFrame(parsed, columns=_OF_SAMPLES)
    _write(pandas.concat([about, measured], axis=1), files.at("sample_measures", variant))


def choose_pairs(splits: pandas.DataFrame, per_split: int, seed: int) -> pandas.DataFrame:
    """Choose at most `per_split` students and titles of each evaluation split, the same for every model."""
    pairs = splits.drop_duplicates(["username", "title"]).sort_values(["username", "title"])
    parts = [pairs[pairs["split"] == split] for split in tables.EVALUATION_SPLITS]
    chosen = [part.sample(min(per_split, len(part)), random_state=seed) for part in parts]
    return pandas.concat(chosen, ignore_index=True)


def _sample_row(one: Any, pair: pandas.Series, variant: str) -> dict[str, Any]:
    row = {**pair[["username", "title", "split"]], "prompt": one.prompt, "number": one.number}
    row["source"] = f"sampled from {variant}"
    if one.trace is None or not one.trace.programs:
        return {**row, "failure": one.failure or "no complete state"}
    names = ("programs", "timestamps", "is_complete")
    return {**row, **{name: getattr(one.trace, name) for name in names}}


def _damaged(path: Path, found: str) -> DataError:
    again = "Delete it and its splits, and call `pcutils run` again."
    return DataError(found, "those that were split", file=str(path), hint=again)


def _table(files: RunFiles, name: str) -> pandas.DataFrame:
    return pandas.concat(map(pandas.read_parquet, files.parts(name)), ignore_index=True)


def _split(files: RunFiles, split: str) -> Any:
    labels = _table(files, "splits")["split"]
    return tables.read_table(files.parts("traces")).select(labels.index[labels == split])


def _base(profile: Any) -> str | None:
    """The pretrained decoder: a folder where there is one of this name, else a name on the hub."""
    base = profile.models.base
    folder = Path(base or "").expanduser().resolve()
    return str(folder) if base and folder.is_dir() else base


def _write(table: pandas.DataFrame, path: Path) -> None:
    with replacing(path) as part:
        table.to_parquet(part, index=False)
