from __future__ import annotations

import json
from pathlib import Path

import pytest

from pcutils.errors import RunError
from pcutils.pipeline.digest import CodeBase, digest_folder
from pcutils.pipeline.steps import SECTIONS

ROOT = Path(__file__).resolve().parents[1]

FILES = {
    "toy/__init__.py": "",
    "toy/top.py": "from toy.room import used\n\n\ndef go():\n    return used()\n",
    "toy/room/__init__.py": "from toy.room.home import used\nfrom toy.room.other import unused\n",
    "toy/room/home.py": 'def used():\n    """Say it."""\n    return 1\n',
    "toy/room/other.py": "def unused():\n    return 2\n",
    "toy/room/script.js": "1 + 1",
    "toy/lazy/__init__.py": '_HOMES = {"late": "inside"}\n',
    "toy/lazy/inside.py": "late = 3\n",
    "toy/lazy/beside.py": "early = 4\n",
    "toy/started.py": 'START = "from toy.room.other import unused; unused()"\n',
    "toy/typed.py": "import typing\nif typing.TYPE_CHECKING:\n    from toy.room import unused\n",
    "toy/told.py": '"""See :func:`toy.room.other.unused`."""\nfrom . import top\nfrom .room import home\n',
}


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def closure(root: Path, module: str) -> set[str]:
    return set(CodeBase(root, "toy").closure([module])) - {module}


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("toy.top", {"toy.room.home"}),
        ("toy.started", {"toy.room.other"}),
        ("toy.typed", set()),
        ("toy.told", {"toy.top", "toy.room.home"}),
    ],
)
def test_closure_holds_what_runs_and_no_more(toy: Path, module: str, expected: set[str]) -> None:
    assert closure(toy, module) == expected


def test_a_lazy_package_leads_to_the_home_of_a_name(toy: Path) -> None:
    (toy / "toy" / "top.py").write_text("from toy.lazy import late\n")
    assert closure(toy, "toy.top") == {"toy.lazy.inside"}


def test_a_name_without_a_known_home_counts_the_whole_package(toy: Path) -> None:
    (toy / "toy" / "top.py").write_text("from toy.lazy import something\n")
    assert closure(toy, "toy.top") == {"toy.lazy", "toy.lazy.inside", "toy.lazy.beside"}


@pytest.mark.parametrize(
    ("name", "old", "new", "same"),
    [
        ("toy/room/home.py", "return 1", "return 1  # why", True),
        ("toy/room/home.py", "Say it.", "Say it better.", True),
        ("toy/room/home.py", "return 1", "\n    return 1", True),
        ("toy/room/other.py", "return 2", "return 3", True),
        ("toy/room/home.py", "return 1", "return 2", False),
        ("toy/room/script.js", "1 + 1", "1 + 2", False),
        ("toy/room/__init__.py", "toy.room.home import used", "toy.room.other import unused as used", False),
    ],
)
def test_digest_changes_with_what_runs(toy: Path, name: str, old: str, new: str, same: bool) -> None:
    before = CodeBase(toy, "toy").digest("toy.top")
    text = (toy / name).read_text()
    assert old in text
    (toy / name).write_text(text.replace(old, new))
    assert (CodeBase(toy, "toy").digest("toy.top") == before) is same


def test_code_that_does_not_parse_is_told_with_its_place(toy: Path) -> None:
    (toy / "toy" / "room" / "home.py").write_text("x = 1\ndef\n")
    with pytest.raises(RunError, match=r"home\.py, line 2"):
        CodeBase(toy, "toy").digest("toy.top")


def notebook(folder: Path, source: str, outputs: list[str], tags: list[str]) -> Path:
    cell = {
        "cell_type": "code", "id": "a", "source": source, "outputs": outputs, "metadata": {"tags": tags}
    }  # fmt: skip
    path = folder / "one.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_a_notebook_counts_by_its_cells_and_the_code_behind(toy: Path) -> None:
    def digest(source: str, outputs: list[str], tags: list[str]) -> str:
        return CodeBase(toy, "toy").digest_notebook(notebook(toy, source, outputs, tags))

    source = "%matplotlib inline\nfrom toy.top import go\ngo()"
    before = digest(source, [], [])
    assert digest(source, ["something"], []) == before
    assert digest(source, [], ["hide-input"]) != before
    assert digest(f"{source}\n", [], []) != before
    (toy / "toy" / "room" / "home.py").write_text("def used():\n    return 9\n")
    assert digest(source, [], []) != before


def test_a_folder_counts_by_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = digest_folder(tmp_path)
    (tmp_path / "a").touch()
    assert digest_folder(tmp_path) == before
    (tmp_path / "a").rename(tmp_path / "b")
    renamed = digest_folder(tmp_path)
    assert renamed != before
    (tmp_path / "b").write_text("2")
    assert digest_folder(tmp_path) not in {before, renamed}


@pytest.mark.parametrize(
    ("stage", "inside", "outside"),
    [
        ("data", "pcutils.simulate.generate", "pcutils.models"),
        ("measures", "pcutils.execution.worker", "pcutils.models"),
        ("tokenizer", "pcutils.models.tokenizer", "pcutils.models.training"),
        ("train", "pcutils.models.training", "pcutils.models.sampling"),
        ("tokenizer", "pcutils.models.tokenizer", "pcutils.execution"),
        ("train", "pcutils.execution.worker", "pcutils.metrics"),
        ("sample", "pcutils.execution.worker", "pcutils.metrics"),
        ("sample_measures", "pcutils.metrics.behaviour", "pcutils.models"),
    ],
)
def test_each_stage_depends_on_its_own_rooms(stage: str, inside: str, outside: str) -> None:
    modules = CodeBase(ROOT).closure([f"pcutils.pipeline.stages.{stage}"])
    assert inside in modules
    assert not [module for module in modules if module.startswith(outside)]
    assert "pcutils.pipeline.profiles" not in modules, "a new key of a profile trains no model again"


def test_every_stage_is_known() -> None:
    folder = ROOT / "pcutils" / "pipeline" / "stages"
    assert {file.stem for file in folder.glob("*.py")} - {"__init__"} == set(SECTIONS)
