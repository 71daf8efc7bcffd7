"""Samples into one Parquet file, a part of the prompts at a time, so that an interruption costs one part."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from pcutils.errors import ModelError
from pcutils.execution.outcomes import Outcomes
from pcutils.models.sampling import Prompt, Sample, prompt_seeds, sample_seeded
from pcutils.models.trace_model import load_model
from pcutils.progress import track

PROMPTS_PER_PART = 256

_MODEL_FILES = ("config.json", "students.json", "tokenizer.json", "*.safetensors")
_WITHOUT_EFFECT = ("batch_size",)  # on the samples, up to rounding


def write_samples(
    path: str | Path,
    model: str | Path,
    prompts: Sequence[Prompt],
    make_row: Callable[[Sample], dict[str, Any]],
    schema: pyarrow.Schema,
    *,
    outcomes: Outcomes | None = None,
    prompts_per_part: int = PROMPTS_PER_PART,
    progress: bool = True,
    **options: Any,
) -> None:
    """Let a model write traces into a Parquet file; interrupted, go on where it was.

    Parameters
    ----------
    path : path
        The file in the end. Until then its parts lie in a hidden folder beside it.
    model : path
        Folder of the model.
    prompts : sequence of Prompt
        Whose traces of which assignments.
    make_row : callable
        Turns a sample into a row. It is not part of what an interrupted sampling is recognised by.
    schema : pyarrow.Schema
        Of the rows.
    outcomes : Outcomes, optional
        As for :func:`pcutils.models.load_model`.
    prompts_per_part : int
        How many prompts are answered between one part and the next.
    progress : bool
        Whether to show progress.
    **options
        As for :func:`pcutils.models.sample`; the rows are those of one call of it.

    Raises
    ------
    ModelError
        As for :func:`pcutils.models.sample`, if the folder holds no model, or if `prompts_per_part` is
        below 1.

    Notes
    -----
    A part that is there is used if the model's files, the prompts and the options are the same; other parts
    are removed. The file appears in one step, so that it is never half written.
    """
    if prompts_per_part < 1:
        raise ModelError(f"{prompts_per_part} prompts in a part: use at least 1.")
    target, folder = Path(path), Path(model)
    parts = target.with_name(f".{target.name}-parts")
    parts.mkdir(parents=True, exist_ok=True)
    name = _fingerprint(folder, prompts, {**options, "part": prompts_per_part, "schema": str(schema)})
    starts = range(0, len(prompts), prompts_per_part)
    files = [parts / f"{name}-{start:09}.parquet" for start in starts]
    for other in set(parts.iterdir()) - set(files):
        other.unlink()
    missing = [(start, file) for start, file in zip(starts, files, strict=True) if not _is_whole(file)]
    if missing:
        loaded, seeds = load_model(folder, outcomes), prompt_seeds(prompts)
        asked = sum(len(prompts[start : start + prompts_per_part]) for start, _ in missing)
        with track(label="Sampling", total=asked, unit="prompts", enabled=progress) as bar:
            for start, file in missing:
                chosen = slice(start, start + prompts_per_part)
                found = sample_seeded(loaded, prompts[chosen], seeds[chosen], progress=False, **options)
                rows = [make_row(replace(one, prompt=start + one.prompt)) for one in found]
                with _atomically(file) as partial:
                    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), partial)
                bar.update(len(prompts[chosen]))
    with _atomically(target) as partial, pyarrow.parquet.ParquetWriter(partial, schema) as writer:
        for file in files:
            writer.write_table(pyarrow.parquet.read_table(file, schema=schema))
    shutil.rmtree(parts)


def _fingerprint(folder: Path, prompts: Sequence[Prompt], options: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for pattern in _MODEL_FILES:
        for file in sorted(folder.glob(pattern)):
            digest.update(file.name.encode())
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    named = sorted((name, value) for name, value in options.items() if name not in _WITHOUT_EFFECT)
    digest.update(repr(named).encode())
    for prompt in prompts:
        vector = None if prompt.student_vector is None else prompt.student_vector.tolist()
        asked = (prompt.username, prompt.title, prompt.prefix, vector)
        digest.update(repr(asked).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def _is_whole(file: Path) -> bool:
    """Say whether a part can be read; what a broken disk left of one is written again."""
    if not file.is_file():
        return False
    try:
        pyarrow.parquet.read_table(file)
    except (pyarrow.ArrowException, OSError):
        return False
    return True


@contextmanager
def _atomically(path: Path) -> Iterator[Path]:
    """Give a place to write to, and move it to its name when that succeeded."""
    partial = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
