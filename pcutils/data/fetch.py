"""Fetch the paper's public rollouts, every file checked against its hash."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from pcutils.data.sources.rollouts import ROLLOUT_VARIANTS
from pcutils.errors import DataError, track

CODE_HOST = "https://github.com/{repository}/raw/{commit}/{path}"
"""Where a public repository's files lie; the only place that names the host."""

NOTICE = """\
These files carry no licence: nobody but their authors may pass them on. Use them yourself, and neither \
publish nor commit them.
They are samples of models that were trained on children's programs. Some comments and strings hold \
what looks like the names of real children, which the models remembered. Show nobody their text; show \
aggregates."""
RETRIES = 2


class Registry(NamedTuple):
    """The files of a release: repository, commit, and the SHA-256 of each path."""

    repository: str
    commit: str
    files: Mapping[str, str]


def read_registry() -> Registry:
    """Read which files the release of the rollouts has; ``commit`` holds the same files as ``release``."""
    record = json.loads(Path(__file__).with_name("rollouts_files.json").read_text("utf-8"))
    return Registry(record["repository"], record["commit"], record["files"])


def fetch_rollouts(
    to: str | Path,
    *,
    titles: Collection[str] | None = None,
    variants: Collection[str] | None = None,
    registry: Registry | None = None,
    host: str = CODE_HOST,
) -> list[Path]:
    """Fetch published rollouts; files that are there and right are not fetched again.

    Parameters
    ----------
    to : str or pathlib.Path
        Folder to put them into; it is made.
    titles, variants : collection of str, optional
        Only these titles, only the samples of these models ("trace", "synthetic", "last"); all if not given.
    registry : Registry, optional
        Which files, with their hashes; those of the paper's release if not given.
    host : str
        Pattern of the addresses with ``{repository}``, ``{commit}`` and ``{path}``.

    Returns
    -------
    list of pathlib.Path
        The files, each with the content that the registry names.

    Raises
    ------
    pcutils.errors.DataError
        If a title or variant is unknown, a file cannot be fetched, or it is not what was published; such a
        file is not kept. Call again to go on after an interruption.
    """
    import pooch

    registry = registry or read_registry()
    local = {f"{Path(path).name}.json": path for path in _chosen(registry, titles, variants)}
    place = {"repository": registry.repository, "commit": registry.commit}
    pooch.get_logger().setLevel(logging.WARNING)
    manager = pooch.create(
        path=to,
        base_url="",
        registry={name: f"sha256:{registry.files[path]}" for name, path in local.items()},
        urls={name: host.format(path=path, **place) for name, path in local.items()},
        retry_if_failed=RETRIES,
    )
    for name in track(local, label="Fetching rollouts", unit="files"):
        try:
            manager.fetch(name)
        except (OSError, ValueError) as error:
            found = f"no file with the published content at {manager.get_url(name)} ({error})"
            hint = "Call the command again: what is complete is kept."
            raise DataError(found, "the published file", file=local[name], hint=hint) from error
    return [Path(to) / name for name in local]


def _chosen(
    registry: Registry, titles: Collection[str] | None, variants: Collection[str] | None
) -> list[str]:
    unknown = sorted(set(variants or ()) - set(ROLLOUT_VARIANTS))
    if unknown:
        raise DataError(repr(unknown[0]), "one of " + ", ".join(ROLLOUT_VARIANTS), field="variants")
    wanted = {ROLLOUT_VARIANTS[variant] for variant in variants or ROLLOUT_VARIANTS}
    named = {path: Path(path).name.split("_", 1) for path in registry.files}
    known = {title for variant, title in named.values() if variant in wanted}
    missing = sorted(set(titles or ()) - known)
    if missing:
        raise DataError(f"no {missing}", "some of " + ", ".join(sorted(known)), field="titles")
    chosen = titles or known
    return [path for path, (variant, title) in named.items() if variant in wanted and title in chosen]
