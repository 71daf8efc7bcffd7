"""Where a result comes from: parameters, data, packages, commit, machine, duration."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PACKAGES = (
    "pcutils", "numpy", "pandas", "pyarrow", "scipy", "scikit-learn", "statsmodels", "matplotlib", "seaborn",
    "torch", "transformers", "tokenizers", "datasets", "quickjs-ng", "papermill", "snakemake",
)  # fmt: skip


class Clock:
    """When something started and how long it has taken.

    Attributes
    ----------
    started : str
        Date and time in UTC, ISO 8601.
    """

    def __init__(self) -> None:
        self.started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start, to a tenth."""
        return round(time.monotonic() - self._start, 1)


def provenance(
    parameters: Mapping[str, Any], clock: Clock, *, data: Sequence[Path] = (), root: Path | None = None
) -> dict[str, Any]:
    """Collect what somebody needs to know to get the same result again.

    Parameters
    ----------
    parameters : mapping
        Everything that was set for this result.
    clock : Clock
        Started when the work started.
    data : sequence of pathlib.Path
        The shards of the table that the result was computed from.
    root : pathlib.Path, optional
        The clone whose commit counts.

    Returns
    -------
    dict
        ``parameters``, ``data_sha256``, ``packages``, ``commit``, ``changed_files`` (whether tracked files
        differed from the commit), ``machine``, ``started``, ``seconds``, ``peak_memory_mb``.
    """
    return {
        "parameters": dict(parameters),
        "data_sha256": _digest(data),
        "packages": package_versions(),
        **commit_of(root or Path(__file__).resolve().parents[2]),
        "machine": machine(),
        "started": clock.started,
        "seconds": clock.seconds,
        "peak_memory_mb": peak_memory_mb(),
    }


def _digest(files: Sequence[Path]) -> str | None:
    """Digest a table: the digest of its file, or that of the digests of its shards."""
    if not files or not all(file.is_file() for file in files):
        return None
    digests = [file_digest(file) for file in files]
    return digests[0] if len(digests) == 1 else hashlib.sha256(" ".join(digests).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on.

    Returns
    -------
    dict
        Name to version; a package that is not installed is left out.
    """
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def commit_of(root: Path) -> dict[str, str | bool | None]:
    """Commit of a clone, and whether tracked files differ from it.

    Parameters
    ----------
    root : pathlib.Path
        The clone.

    Returns
    -------
    dict
        ``commit`` and ``changed_files``, both None outside a git clone.
    """
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "changed_files": None if changes is None else bool(changes)}


def machine() -> dict[str, Any]:
    """Describe the machine without naming it.

    Returns
    -------
    dict
        ``processors`` that this process may use, ``memory_gb``, ``system``, ``architecture``.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    return {
        "processors": len(affinity(0)) if affinity else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
    }


def peak_memory_mb() -> int:
    """Most memory that this process, or the largest of its finished children, has held.

    Returns
    -------
    int
        In MiB.
    """
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return most // (2**20 if sys.platform == "darwin" else 2**10)


def processor_seconds() -> float:
    """Seconds of processor time that this process and its finished children have used.

    Returns
    -------
    float
        To a tenth; differs from the time gone where several processes share the processors.
    """
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return round(sum(one.ru_utime + one.ru_stime for one in used), 1)


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
