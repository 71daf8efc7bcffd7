"""Profiles, runs and the workflow that makes them: what stands behind `pcutils run` and `pcutils book`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Profile, load_profile
    from pcutils.pipeline.results import Results
    from pcutils.pipeline.run import Run, open_run

__all__ = ["Profile", "Results", "Run", "load_profile", "open_run"]

_HOME = {
    "Profile": "pcutils.pipeline.profiles",
    "load_profile": "pcutils.pipeline.profiles",
    "Results": "pcutils.pipeline.results",
    "Run": "pcutils.pipeline.run",
    "open_run": "pcutils.pipeline.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
