"""What several test modules need."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class SmokeRun:
    """A run of the smoke profile through all chapters, rendered.

    Parameters
    ----------
    dir : pathlib.Path
        Folder of the run.
    run_said, book_said : str
        What the two commands told.
    """

    dir: Path
    run_said: str
    book_said: str

    @property
    def html(self) -> Path:
        return self.dir / "book"

    @property
    def notebooks(self) -> Path:
        return self.dir / "notebooks"


def pcutils(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Call the command as a user does, from the clone."""
    command = [sys.executable, "-m", "pcutils.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ})


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory: pytest.TempPathFactory) -> SmokeRun:
    """All chapters of the smoke profile, run and rendered afresh; tests that ask for it share one worker."""
    runs = tmp_path_factory.mktemp("runs")
    run = pcutils("run", "--profile", "smoke", "--cores", "2", "--runs", str(runs))
    assert run.returncode == 0, run.stderr
    book = pcutils("book", "--profile", "smoke", "--runs", str(runs))
    assert book.returncode == 0, book.stderr
    return SmokeRun(runs / "smoke", run.stderr, book.stderr)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the smoke run into one group, at the front: they take longest."""
    for item in items:
        if "smoke_run" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("smoke"))
            item.add_marker(pytest.mark.timeout(1200))
    items.sort(key=lambda item: "smoke_run" not in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Folder with the paper's reference results and public rollouts, beside the repository."""
    folder = ROOT.parent / "shared"
    if not (folder / "golden").is_dir():
        pytest.skip(f"no {folder}: put golden/ and rollouts/ of the paper's release there to run this test")
    return folder
