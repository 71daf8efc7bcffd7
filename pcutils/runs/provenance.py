"""Where a result comes from: profile, inputs, packages, commit, machine, duration."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pcutils.runs.files import RunFiles

PACKAGES = (
    "pcutils", "numpy", "pandas", "pyarrow", "scipy", "scikit-learn", "statsmodels", "matplotlib", "seaborn",
    "torch", "transformers", "tokenizers", "datasets", "quickjs-ng", "papermill", "snakemake",
)  # fmt: skip
_INPUTS = {
    "data": ["data/traces*", "data/splits*", "data/students.parquet"],
    "measures": ["data/measures*"],
    "models": ["models/*/model.safetensors"],
    "samples": ["samples/*.parquet"],
}


def provenance(files: RunFiles, profile: Any, started: float, needs: Iterable[str]) -> dict[str, Any]:
    """What somebody needs to know to get the same result again; `inputs` has one digest a need."""
    system = {"system": f"{platform.system()} {platform.release()}", "architecture": platform.machine()}
    return {
        "profile": profile.model_dump(mode="json", exclude={"chapters"}),
        "inputs": {need: inputs_digest(files, need) for need in needs},
        "packages": package_versions(),
        **commit_of(Path(__file__).resolve().parents[2]),
        "machine": {"processors": processors(), **system},
        **usage(started),
    }


def usage(started: float) -> dict[str, Any]:
    """Start (seconds since 1970), duration, and MiB that this process or one that it ended held at most."""
    when = datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds")
    took = {"started": when, "seconds": round(time.time() - started, 1), "peak_memory_mb": 0}
    if sys.platform != "win32":
        import resource

        who = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
        most = max(resource.getrusage(one).ru_maxrss for one in who)
        took["peak_memory_mb"] = most // (2**20 if sys.platform == "darwin" else 2**10)
    return took


def inputs_digest(files: RunFiles, need: str) -> str:
    """SHA-256 over the files of the run behind one need of a chapter."""
    digest = hashlib.sha256()
    for path in (path for pattern in _INPUTS.get(need, []) for path in sorted(files.dir.glob(pattern))):
        for file in sorted(path.glob("*.parquet")) if path.is_dir() else [path]:
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def package_versions() -> dict[str, str]:
    """Versions of Python and of the installed packages that results depend on."""
    installed = {one.metadata["Name"]: one.version for one in importlib.metadata.distributions()}
    found = {name: installed[name] for name in PACKAGES if name in installed}
    return {"python": platform.python_version(), **found}


def commit_of(root: Path) -> dict[str, Any]:
    """Commit of a clone and whether tracked files differ from it; None outside a git clone."""
    said = []
    for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"]):
        try:
            done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return {"commit": None, "changed_files": None}
        said.append(done.stdout.strip())
    return {"commit": said[0], "changed_files": bool(said[1])}


def processors() -> int:
    """Processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
