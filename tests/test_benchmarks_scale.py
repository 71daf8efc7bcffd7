"""The made-up table of the scale benchmark is a good one, and no program occurs twice."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pcutils.sources import check, examine, load

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "scale.py"


@pytest.fixture
def scale(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("scale", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "scale", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "IN_EARNEST", 2)
    monkeypatch.setattr(module, "ROWS_IN_FILE", 40)
    monkeypatch.setattr(module, "ROWS_IN_GROUP", 15)
    return module


def test_the_made_up_table_is_in_the_shape_of_the_hub(scale: ModuleType, tmp_path: Path) -> None:
    scale.make(tmp_path / "table", 100)
    assert [one.shape for one in examine(tmp_path / "table")] == ["hub"] * 3
    assert check(tmp_path / "table") == []
    dataset = load("hub", path=tmp_path / "table", encoding="decoded")
    assert len(dataset) == 100
    owners: dict[str, str] = {}
    for row in dataset:
        for program in row["programs"]:
            assert owners.setdefault(program, row["username"]) == row["username"], "two students, one program"


def test_more_rows_begin_with_the_fewer(scale: ModuleType) -> None:
    assert list(scale.made_up_rows(90))[:30] == list(scale.made_up_rows(30))
