"""What several test modules need."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import settings

settings.register_profile("any machine", deadline=None)  # a busy one is slow, and nothing is wrong with it
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


@dataclass(frozen=True)
class SmokeRun:
    """A run of the smoke profile through all chapters, rendered, and what the two commands said."""

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
    """All chapters of the smoke profile, run and rendered afresh, once for all workers of a test session."""
    session = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        session = session.parent
    runs, said = session / "runs", session / "said.json"
    with FileLock(session / "smoke.lock"):
        if not said.exists():
            run = pcutils("run", "--profile", "smoke", "--cores", "2", "--runs", str(runs))
            assert run.returncode == 0, run.stderr
            book = pcutils("book", "--profile", "smoke", "--runs", str(runs))
            assert book.returncode == 0, book.stderr
            said.write_text(json.dumps([run.stderr, book.stderr]), encoding="utf-8")
    return SmokeRun(runs / "smoke", *json.loads(said.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright to test the pages")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} on PATH: install one (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def executor() -> Iterator[Any]:
    """Run students' programs within the usual limits."""
    from pcutils.execution import Executor

    with Executor(workers=2) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the pages, which wait for the smoke run, and end with what only looks at its files."""
    for item in items:
        if "smoke_run" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(1200))
    places = {"test_book": 0, "test_notebooks": 2}
    items.sort(key=lambda item: places.get(item.path.stem, 1))


@pytest.fixture(autouse=True)
def _no_figure_stays_open() -> Iterator[None]:
    """Close what a test drew and did not show; matplotlib keeps it otherwise, and warns of twenty."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Folder with the paper's reference results and public rollouts, beside the repository."""
    folder = ROOT.parent / "shared"
    if not (folder / "golden").is_dir():
        pytest.skip(f"no {folder}: put golden/ and rollouts/ of the paper's release there to run this test")
    return folder
