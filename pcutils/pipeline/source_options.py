"""Turn the section on data of a profile into options of its source, secrets included."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pcutils.errors import ProfileError

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Data

SECRETS = ("key", "token")
"""Options of sources that a profile never holds: it says where they are."""

_FOR_OTHERS = {"source", "shards", "most_kept_aside"}


def source_options(data: Data, root: Path) -> dict[str, Any]:
    """Give the options of a source.

    Parameters
    ----------
    data : pydantic model
        Section of the profile.
    root : pathlib.Path
        What a relative path is relative to.

    Returns
    -------
    dict
        For :func:`pcutils.sources.stream`; those that the profile leaves out are left out.

    Raises
    ------
    ProfileError
        Where a secret is not where the profile says.
    """
    given = data.model_dump(exclude=_FOR_OTHERS, exclude_none=True)
    options = {name: value for name, value in given.items() if name not in SECRETS}
    if "path" in options:
        options["path"] = str(root / Path(options["path"]).expanduser())
    options |= {name: _secret(f"data.{name}", given[name], root) for name in SECRETS if name in given}
    return options


def _secret(name: str, place: Mapping[str, str], root: Path) -> str:
    if "file" in place:
        path = root / Path(place["file"]).expanduser()
        try:
            secret = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ProfileError(f"{name}.file: {path} cannot be read, expected a text file.") from error
        where = f"{name}.file: {path}"
    else:
        where = f"{name}.variable: ${place['variable']}"
        secret = os.environ.get(place["variable"], "").strip()
    if not secret:
        raise ProfileError(f"{where} is empty or not set, expected the secret.")
    return secret
