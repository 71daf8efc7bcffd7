"""Fetch the paper's public rollouts: every file checked against its git hash, interrupted ones continued."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import urllib.error
import urllib.request
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any, Protocol

from pcutils.errors import DataError
from pcutils.progress import track
from pcutils.sources.rollouts import ROLLOUT_VARIANTS

CODE_HOST = "https://github.com/{repository}/raw/{commit}/{path}"
"""Where a public repository's files lie; the only place that names the host."""

NOTICE = (
    "These files carry no licence: nobody but their authors may pass them on. Use them yourself, and neither "
    "publish nor commit them.\n"
    "They are samples of models that were trained on children's programs. Some comments and strings hold "
    "what looks like the names of real children, which the models remembered. Show nobody their text; show "
    "aggregates."
)

RETRIES = 2
SECONDS_WITHOUT_AN_ANSWER = 30.0
_CHUNK_BYTES = 1 << 16


class _Counter(Protocol):
    def update(self, n: int) -> object: ...


class _InterruptedError(ValueError):
    """The connection ended before the file did; a ValueError, because Pooch tries again after one."""


@dataclass(frozen=True)
class PublishedFile:
    """One file of a public repository.

    Parameters
    ----------
    path : str
        Where it lies in the repository.
    size : int
        Its bytes.
    blob : str
        Its git blob hash, 40 hexadecimal digits.
    """

    path: str
    size: int
    blob: str

    @property
    def local_name(self) -> str:
        """Name of the fetched copy, which :func:`pcutils.sources.load` finds."""
        return Path(self.path).name + ".json"


@dataclass(frozen=True)
class Registry:
    """The files of a release, and the commit that holds them.

    Parameters
    ----------
    repository : str
        ``owner/name``.
    commit : str
        The commit.
    files : tuple of PublishedFile
        In the order of the registry.
    """

    repository: str
    commit: str
    files: tuple[PublishedFile, ...]

    def address(self, file: PublishedFile, host: str = CODE_HOST) -> str:
        """Address of one of the files.

        Parameters
        ----------
        file : PublishedFile
            The file.
        host : str
            Pattern with ``{repository}``, ``{commit}`` and ``{path}``.

        Returns
        -------
        str
            Where to fetch it.
        """
        return host.format(repository=self.repository, commit=self.commit, path=file.path)


def read_registry(path: str | Path | None = None) -> Registry:
    """Read which files a release has.

    Parameters
    ----------
    path : str or pathlib.Path, optional
        A JSON object with ``repository``, ``commit`` and ``files``, a list of objects with ``path``, ``size``
        (bytes) and ``blob`` (git's hash of the file). The registry of the public rollouts if not given.

    Returns
    -------
    Registry
        What it says.

    Raises
    ------
    pcutils.errors.DataError
        If the registry is no such object.

    Notes
    -----
    The release is known by a short name of its commit (``release`` in the registry); addresses need a whole
    one, so ``commit`` names one that holds the same files, as the git hashes prove file by file.
    """
    name = str(path) if path is not None else "rollouts_files.json"
    try:
        text = (Path(path) if path is not None else package_files(__package__) / name).read_text("utf-8")
        record = json.loads(text)
        listed = tuple(PublishedFile(str(o["path"]), int(o["size"]), str(o["blob"])) for o in record["files"])
        return Registry(str(record["repository"]), str(record["commit"]), listed)
    except OSError as error:
        raise DataError("no such file", "a registry of published files", file=name) from error
    except (ValueError, KeyError, TypeError) as error:
        expected = "a JSON object with repository, commit and files (path, size, blob)"
        raise DataError("something else", expected, file=name) from error


def git_blob_hash(path: str | Path) -> str:
    """Give the name under which git keeps the content of a file.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.

    Returns
    -------
    str
        40 hexadecimal digits: SHA-1 of ``blob``, the size, a zero byte and the content.
    """
    path = Path(path)
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def fetch_rollouts(
    to: str | Path,
    *,
    titles: Collection[str] | None = None,
    variants: Sequence[str] | None = None,
    registry: Registry | None = None,
    host: str = CODE_HOST,
    enabled_progress: bool = True,
) -> list[Path]:
    """Fetch published rollouts; what is there and right stays, what was interrupted goes on.

    Parameters
    ----------
    to : str or pathlib.Path
        Folder to put them into; it is made.
    titles : collection of str, optional
        Only these; all if not given.
    variants : sequence of {"trace", "synthetic", "last"}, optional
        Only these models' samples; all if not given.
    registry : Registry, optional
        Which files, with their hashes; those of the paper's release if not given.
    host : str
        Pattern of the addresses.
    enabled_progress : bool
        Whether to show how far it is.

    Returns
    -------
    list of pathlib.Path
        The files, each with the size and the git hash of the registry.

    Raises
    ------
    pcutils.errors.DataError
        If a title or variant is unknown, a file cannot be fetched, or what came is not what was published;
        such a file is not kept.
    """
    import pooch

    registry = registry or read_registry()
    chosen = _chosen(registry, titles, variants)
    folder = Path(to)
    folder.mkdir(parents=True, exist_ok=True)
    pooch.get_logger().setLevel(logging.WARNING)
    manager = pooch.create(
        path=folder,
        base_url="",
        registry={file.local_name: None for file in chosen},
        urls={file.local_name: registry.address(file, host) for file in chosen},
        retry_if_failed=RETRIES,
    )
    total = sum(file.size for file in chosen)
    with track(total=total, label="Fetching rollouts", unit="bytes", enabled=enabled_progress) as bar:
        return [_fetch(manager, file, folder, bar) for file in chosen]


def _chosen(
    registry: Registry, titles: Collection[str] | None, variants: Sequence[str] | None
) -> list[PublishedFile]:
    for variant in variants or ():
        if variant not in ROLLOUT_VARIANTS:
            raise DataError(repr(variant), "one of " + ", ".join(ROLLOUT_VARIANTS), field="variants")
    wanted = {ROLLOUT_VARIANTS[variant] for variant in variants or ROLLOUT_VARIANTS}
    named = [(file, *Path(file.path).name.partition("_")[::2]) for file in registry.files]
    known = {title for _, variant, title in named if variant in wanted}
    missing = sorted(set(titles or ()) - known)
    if missing:
        raise DataError(f"no {missing}", "some of " + ", ".join(sorted(known)), field="titles")
    return [file for file, variant, title in named if variant in wanted and title in (titles or known)]


def _fetch(manager: Any, file: PublishedFile, folder: Path, bar: _Counter) -> Path:
    target = folder / file.local_name
    if target.exists():
        if _is_right(target, file):
            bar.update(file.size)
            return target
        target.unlink()
    download = _Download(file, folder / f".{file.local_name}.part", bar)
    try:
        manager.fetch(file.local_name, downloader=download)
    except _InterruptedError as error:
        hint = "Call the command again: it goes on from there."
        raise DataError(str(error), f"{file.size} bytes", file=file.path, hint=hint) from error
    return target


def _is_right(path: Path, file: PublishedFile) -> bool:
    return path.stat().st_size == file.size and git_blob_hash(path) == file.blob


class _Download:
    """What Pooch calls to get one file: goes on with a half one, and hands over a right one only.

    Parameters
    ----------
    file : PublishedFile
        What to get.
    part : pathlib.Path
        Where the half file lies between two calls; its name is none that a reader of rollouts takes.
    bar : object with ``update``
        Told the bytes that came.
    """

    def __init__(self, file: PublishedFile, part: Path, bar: _Counter) -> None:
        self.file, self.part, self.bar = file, part, bar
        self.counted = 0

    def __call__(self, url: str, output_file: str, manager: object) -> None:
        """Fetch what is missing, check the whole, and move it to where Pooch wants it."""
        if self._size() > self.file.size:
            self.part.unlink()
        if self._size() < self.file.size:
            self._fetch_the_rest(url)
        if self._size() < self.file.size:
            raise _InterruptedError(f"a connection that ended after {self._size()} bytes")
        if not _is_right(self.part, self.file):
            found = f"other content ({self._size()} bytes, git hash {git_blob_hash(self.part)})"
            self.part.unlink()
            expected = f"{self.file.size} bytes with git hash {self.file.blob}"
            hint = f"{url} does not serve the published file; nothing was kept."
            raise DataError(found, expected, file=self.file.path, hint=hint)
        self.part.replace(output_file)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _fetch_the_rest(self, url: str) -> None:
        start = self._size()
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        request = urllib.request.Request(url, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_WITHOUT_AN_ANSWER) as answer:
                self._write(answer, start if answer.status == http.client.PARTIAL_CONTENT else 0)
        except urllib.error.HTTPError as error:
            if error.code >= http.client.INTERNAL_SERVER_ERROR:
                raise _InterruptedError(f"the answer {error.code} after {self._size()} bytes") from error
            hint = "Is the address right, and does this computer reach it?"
            found = f"the answer {error.code} from {url}"
            raise DataError(found, "the file", file=self.file.path, hint=hint) from error
        except (OSError, http.client.HTTPException) as error:
            reason = f"a connection that ended after {self._size()} bytes ({type(error).__name__})"
            raise _InterruptedError(reason) from error

    def _write(self, answer: Any, start: int) -> None:
        """Write what comes after the first `start` bytes; one byte too many is enough to see a wrong file."""
        with self.part.open("r+b" if start else "wb") as part:
            part.seek(start)
            self._count(start)
            left = self.file.size + 1 - start
            while left > 0 and (chunk := answer.read(min(_CHUNK_BYTES, left))):
                part.write(chunk)
                left -= len(chunk)
                self._count(part.tell())

    def _count(self, done: int) -> None:
        done = min(done, self.file.size)
        if done > self.counted:
            self.bar.update(done - self.counted)
            self.counted = done
