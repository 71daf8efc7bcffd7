"""Files that a training run leaves: never half written, and enough to go on as if nothing had happened."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch

CHECKPOINT, BEST, ENCODED, REPORT = "checkpoint.pt", "best.pt", "encoded", "training.json"


def write_atomically(path: Path, content: Any) -> None:
    """Save with :func:`torch.save` so that the file is whole or as it was before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def read_checkpoint(path: Path, fingerprint: str) -> dict[str, Any] | None:
    """Load a checkpoint, or None where there is none of the same training."""
    if not path.is_file():
        return None
    content = torch.load(path, map_location="cpu", weights_only=True)
    return content if content["fingerprint"] == fingerprint else None


def fingerprint_of(settings: dict[str, Any], keys: dict[str, list[str]]) -> str:
    """Name a training by its settings and the keys of what it learns from and is judged by."""
    return hashlib.sha256(json.dumps([settings, keys], sort_keys=True).encode()).hexdigest()


def is_finished(folder: Path, fingerprint: str) -> bool:
    """Say whether a folder holds the result of this very training."""
    report = folder / REPORT
    return report.is_file() and json.loads(report.read_text(encoding="utf-8"))["fingerprint"] == fingerprint


def publish(folder: Path, staged: Path) -> None:
    """Move finished files into place, the report last, and drop the checkpoints and encoded traces."""
    for file in sorted(staged.iterdir(), key=lambda file: file.name == REPORT):
        os.replace(file, folder / file.name)
    shutil.rmtree(staged)
    shutil.rmtree(folder / ENCODED, ignore_errors=True)
    for name in (CHECKPOINT, BEST):
        (folder / name).unlink(missing_ok=True)
