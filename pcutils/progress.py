"""Progress of long steps: a bar for a person at a terminal, plain lines in logs and notebooks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TextIO, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 10.0
_FORMAT = "{desc}: {percentage:3.0f} %, {n_fmt} of {total_fmt} {unit}, {elapsed} gone, {remaining} left"


class _Lines:
    """A stream that turns tqdm's carriage returns into lines."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        line = text.strip("\r\n ")
        if line:
            self.stream.write(line + "\n")

    def flush(self) -> None:
        self.stream.flush()


def track(
    items: Iterable[Item] | None = None,
    *,
    label: str,
    total: int | None = None,
    unit: str = "items",
    enabled: bool = True,
) -> tqdm:
    """Show how far a long step is.

    Parameters
    ----------
    items : iterable, optional
        What to go through; without it, call ``update(n)`` on the result.
    label : str
        What the step is called.
    total : int, optional
        How many items there are, where `items` has no length.
    unit : str
        What an item is called.
    enabled : bool
        False shows nothing.

    Returns
    -------
    tqdm.tqdm
        Iterate over it, or use it as a context manager. At a terminal it is a bar; elsewhere, and where the
        environment has ``PCUTILS_PROGRESS=lines``, a line every ten seconds.
    """
    if sys.stderr.isatty() and os.environ.get("PCUTILS_PROGRESS") != "lines":
        return tqdm(items, desc=label, total=total, unit=f" {unit}", disable=not enabled, leave=False)
    return tqdm(
        items,
        desc=label,
        total=total,
        unit=unit,
        disable=not enabled,
        bar_format=_FORMAT,
        file=_Lines(sys.stderr),  # type: ignore[arg-type]
        mininterval=SECONDS_BETWEEN_LINES,
        miniters=1,
    )
