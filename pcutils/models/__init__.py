"""Models of students: notation, tokenizer, network, training, sampling, scoring, adaptation.

PyTorch takes seconds to load, so a name is imported when it is first used.
"""

from __future__ import annotations

from pcutils.errors import lazy_names

_HOMES = {
    "ModelSettings": "settings",
    "train_tokenizer": "tokenizer",
    "load_tokenizer": "tokenizer",
    "pretrained_tokenizer": "pretrained",
    "training_texts": "notation",
    "SEGMENTS": "notation",
    "StudentConfig": "network",
    "StudentLanguageModel": "network",
    "train": "training",
    "TraceModel": "trace_model",
    "load_model": "trace_model",
    "Prompt": "sampling",
    "Sample": "sampling",
    "BASELINES": "baselines",
    "EditNgram": "baselines",
}

__all__ = [*_HOMES]

__getattr__ = lazy_names(__name__, _HOMES)
