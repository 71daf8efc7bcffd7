from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import tiny_models

from pcutils.errors import ModelError
from pcutils.models import Prompt, Sample, load_model, sample
from pcutils.models.sampling_parts import write_samples

SCHEMA = pyarrow.schema(
    [("prompt", pyarrow.int64()), ("number", pyarrow.int64()), ("text", pyarrow.string())]
)
PROMPTS = [Prompt(f"made-up-{student}", "star") for student in (0, 1, 2, 1, 3, 1, 0)]  # some of them twice
OPTIONS = {"samples_per_prompt": 2, "seed": 4, "max_tokens": 12}


class Killed(BaseException):
    """What ends a process in the middle of its work."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tiny_models.tiny_model(folder, tokens=3_000)
    return folder


def as_row(one: Sample) -> dict[str, Any]:
    return {"prompt": one.prompt, "number": one.number, "text": one.text}


class DiesAt:
    """Rows until one prompt; there the process is killed. Remembers which prompts it saw."""

    def __init__(self, prompt: int | None) -> None:
        self.prompt, self.seen = prompt, set()

    def __call__(self, one: Sample) -> dict[str, Any]:
        if one.prompt == self.prompt:
            raise Killed
        self.seen.add(one.prompt)
        return as_row(one)


def write(path: Path, folder: Path, make_row: Any = as_row, **options: Any) -> list[dict[str, Any]]:
    given = {**OPTIONS, "prompts_per_part": 2, "progress": False, **options}
    write_samples(path, folder, PROMPTS, make_row, SCHEMA, **given)
    return pyarrow.parquet.read_table(path).to_pylist()


def test_parts_give_what_one_call_gives(folder: Path, tmp_path: Path) -> None:
    found = write(tmp_path / "a.parquet", folder)
    at_once = sample(load_model(folder), PROMPTS, progress=False, **OPTIONS)
    assert found == [as_row(one) for one in at_once]
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_killed_and_resumed_equals_uninterrupted(folder: Path, tmp_path: Path) -> None:
    whole, path = tmp_path / "whole.parquet", tmp_path / "a.parquet"
    write(whole, folder)
    with pytest.raises(Killed):
        write(path, folder, DiesAt(4))
    assert not path.exists()
    assert len(list((tmp_path / ".a.parquet-parts").iterdir())) == 2
    rest = DiesAt(None)
    write(path, folder, rest)
    assert rest.seen == {4, 5, 6}
    assert path.read_bytes() == whole.read_bytes()


def test_finished_parts_need_no_model(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    monkeypatch.setattr(shutil, "rmtree", _fail)
    with pytest.raises(Killed):  # after the file is written, before its parts are removed
        write(path, folder)
    monkeypatch.undo()
    path.unlink()
    monkeypatch.setattr("pcutils.models.sampling_parts.load_model", _fail)
    assert len(write(path, folder)) == 2 * len(PROMPTS)


def _fail(*_: object) -> None:
    raise Killed


@pytest.mark.parametrize("changed", [{"seed": 5}, {"temperature": 0.5}, {"prompts_per_part": 3}])
def test_another_request_uses_no_part_of_this_one(
    folder: Path, tmp_path: Path, changed: dict[str, Any]
) -> None:
    path = tmp_path / "a.parquet"
    with pytest.raises(Killed):
        write(path, folder, DiesAt(4))
    every = DiesAt(None)
    write(path, folder, every, **changed)
    assert every.seen == set(range(len(PROMPTS)))


def test_another_model_uses_no_part_of_this_one(folder: Path, tmp_path: Path) -> None:
    other, path = tmp_path / "other", tmp_path / "a.parquet"
    shutil.copytree(folder, other)
    with pytest.raises(Killed):
        write(path, other, DiesAt(4))
    tiny_models.tiny_model(other, tokens=3_000, seed=1)
    every = DiesAt(None)
    write(path, other, every)
    assert every.seen == set(range(len(PROMPTS)))


def test_broken_part_is_written_again(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    expected = write(path, folder)
    with pytest.raises(Killed):
        write(path, folder, DiesAt(4))
    broken = min((tmp_path / ".a.parquet-parts").iterdir())
    broken.write_bytes(broken.read_bytes()[:50])
    again = DiesAt(None)
    assert write(path, folder, again) == expected
    assert again.seen == {0, 1, 4, 5, 6}


def test_wrong_requests_say_so(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="0 prompts in a part"):
        write(tmp_path / "a.parquet", folder, prompts_per_part=0)
    with pytest.raises(ModelError, match="lacks"):
        write(tmp_path / "a.parquet", tmp_path)
