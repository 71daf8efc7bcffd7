"""Write a file so that it is either the old one or the whole new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a place to write to, and move it to its name when that succeeded.

    Parameters
    ----------
    path : pathlib.Path
        The file in the end; its folder is made.

    Yields
    ------
    pathlib.Path
        A file beside it, with the same ending. It is removed where writing fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
