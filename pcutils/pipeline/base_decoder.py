"""Where the pretrained decoder of a profile is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pcutils.errors import ModelError

if TYPE_CHECKING:
    from pcutils.pipeline.profiles import Models

_FILES = ["*.json", "*.txt", "*.safetensors"]


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
        A folder where there is one of this name, else the name on the hub; None where the models are built
        from scratch.
    """
    if models.base is None:
        return None
    folder = root / Path(models.base).expanduser()
    return str(folder) if folder.is_dir() else models.base


def fetch_base(base: str) -> None:
    """Fetch a decoder that is not a folder from the hub, so that the trainings find it without a network.

    Parameters
    ----------
    base : str
        From :func:`base_of`.

    Raises
    ------
    ModelError
        If it is not there, or the hub cannot be reached and it has not been fetched before.
    """
    if Path(base).is_dir():
        return
    os.environ["HF_HUB_OFFLINE"] = "0"  # read on import; the other steps are kept off the network
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(base, allow_patterns=_FILES)
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(f"models.base: no folder {base}, and the hub does not give it: {reason}") from error
