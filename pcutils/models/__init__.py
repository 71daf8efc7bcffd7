"""Models of students: formats, tokenizer, student-conditioned language model, training, sampling.

Loading PyTorch takes seconds, so a name is imported when it is first used.
"""

from __future__ import annotations

from pcutils.lazy import lazy_names

_HOMES = {
    "train_tokenizer": "tokenizer",
    "load_tokenizer": "tokenizer",
    "pretrained_tokenizer": "base_tokenizer",
    "training_texts": "formats.states",
    "StudentConfig": "language_model",
    "StudentLanguageModel": "language_model",
    "History": "history",
    "train": "training",
    "TraceModel": "trace_model",
    "load_model": "trace_model",
    "Prompt": "sampling",
    "Sample": "sampling",
    "sample": "sampling",
    "BASELINES": "baselines",
    "EditNgram": "baselines",
    "MostCommonProgram": "baselines",
    "NearestNeighbour": "baselines",
}

__all__ = [*_HOMES]

__getattr__ = lazy_names(__name__, _HOMES)
