"""What the paper reports, with the place; the figures stand in ``paper.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml

from pcutils.errors import DataError


class Fact(NamedTuple):
    """One figure of the paper, what it is and where it stands."""

    value: int | float
    says: str
    source: str


_FILE = Path(__file__).with_suffix(".yaml")
FACTS = {name: Fact(**fact) for name, fact in yaml.safe_load(_FILE.read_text(encoding="utf-8")).items()}


def paper_fact(name: str) -> int | float:
    """Look up a figure of the paper."""
    if name not in FACTS:
        raise DataError(f"no fact {name!r}", f"one of {', '.join(FACTS)}")
    return FACTS[name].value
