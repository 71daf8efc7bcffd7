"""Models of students: formats, tokenizer, student-conditioned language model, training, sampling.

Loading PyTorch takes seconds, so a name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "train_tokenizer": "tokenizer",
    "load_tokenizer": "tokenizer",
    "training_texts": "formats",
    "StudentConfig": "language_model",
    "StudentLanguageModel": "language_model",
    "train": "training",
    "TraceModel": "trace_model",
    "load_model": "trace_model",
    "Prompt": "sampling",
    "Sample": "sampling",
    "sample": "sampling",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
