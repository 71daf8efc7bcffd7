"""What several test modules need."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Folder with the paper's reference results and public rollouts, beside the repository."""
    folder = ROOT.parent / "shared"
    if not (folder / "golden").is_dir():
        pytest.skip(f"no {folder}: put golden/ and rollouts/ of the paper's release there to run this test")
    return folder
