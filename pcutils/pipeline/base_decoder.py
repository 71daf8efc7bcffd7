"""Where the pretrained decoder of a profile is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Models


def base_of(models: Models, root: Path) -> str | None:
    """Give the pretrained decoder that the models start from.

    Parameters
    ----------
    models : Models
        Section of the profile.
    root : pathlib.Path
        What a relative path is relative to.

    Returns
    -------
    str or None
        A folder where there is one of this name, else the name on the hub, for which this process may use the
        network; None where the models are built from scratch.
    """
    if models.base is None:
        return None
    folder = root / Path(models.base).expanduser()
    if folder.is_dir():
        return str(folder)
    os.environ["HF_HUB_OFFLINE"] = "0"  # it is read where a library of the hub is first imported
    return models.base
