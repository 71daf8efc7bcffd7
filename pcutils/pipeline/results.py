"""The measures that a chapter leaves behind, as JSON with their provenance."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from pcutils.errors import RunError


class Results:
    """Collect a chapter's measures and save them.

    Parameters
    ----------
    path : pathlib.Path
        ``runs/<profile>/results/<chapter>.json``.
    provenance : callable
        Returns what stands beside the measures, asked when saving.

    Examples
    --------
    >>> results = Results(Path("results.json"), provenance=dict)
    >>> results.add("self_bleu.trace", 0.5, low=0.4, high=0.6, n=250, unit="BLEU")
    >>> results.measures["self_bleu.trace"]["value"]
    0.5
    """

    def __init__(self, path: Path, provenance: Any) -> None:
        self.path = path
        self.measures: dict[str, dict[str, float | int | str | None]] = {}
        self._provenance = provenance

    def add(
        self,
        name: str,
        value: float | None,
        *,
        low: float | None = None,
        high: float | None = None,
        n: int | None = None,
        unit: str | None = None,
    ) -> None:
        """Add one measure; a value that is no finite number is kept as null, "cannot be measured here".

        Parameters
        ----------
        name : str
            Parts joined by dots, such as ``self_bleu.lighthouse.trace``.
        value, low, high : float or None
            The measure and its 95 % interval.
        n : int, optional
            How many observations stand behind it.
        unit : str, optional
            What it is counted in.

        Raises
        ------
        RunError
            Where the name is taken, or the value is no number.
        """
        if name in self.measures:
            raise RunError(f"{self.path.stem}: the measure {name!r} is added twice.")
        numbers = {"value": value, "low": low, "high": high}
        self.measures[name] = {
            **{key: _number(number, f"{self.path.stem}: {name}, {key}") for key, number in numbers.items()},
            "n": None if n is None else int(n),
            "unit": unit,
        }

    def save(self) -> Path:
        """Write the measures and their provenance.

        Returns
        -------
        pathlib.Path
            The file.
        """
        content = {"measures": self.measures, "provenance": self._provenance()}
        write_json(self.path, content)
        return self.path


def write_json(path: Path, content: Any) -> None:
    """Write JSON so that the file is either the old one or the whole new one.

    Parameters
    ----------
    path : pathlib.Path
        The file; its folder is made.
    content : object
        What :mod:`json` can write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(
        json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )
    part.replace(path)


def _number(value: Any, what: str) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise RunError(f"{what}: found {type(value).__name__}, expected a number.") from error
    return number if math.isfinite(number) else None
