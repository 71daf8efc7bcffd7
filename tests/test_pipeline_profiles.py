from __future__ import annotations

import inspect
from pathlib import Path
from typing import get_args

import pytest
import yaml

from pcutils.errors import ProfileError
from pcutils.pipeline.profiles import (
    Data,
    Models,
    Profile,
    SimulatedData,
    dump_profile,
    find_profile,
    load_profile,
)
from pcutils.pipeline.source_options import source_options
from pcutils.sources import SOURCES

ROOT = Path(__file__).resolve().parents[1]
SMALL = "description: small\ndata: {source: simulated, students: 3}\n"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.mark.parametrize("name", ["smoke", "classroom", "rollouts", "paper", "hub", "logs", "progsnap2"])
def test_committed_profiles_are_valid_and_survive_a_round_trip(name: str, tmp_path: Path) -> None:
    profile = load_profile(find_profile(name))
    again = tmp_path / "again.yaml"
    again.write_text(dump_profile(profile))
    assert load_profile(again) == profile


def test_defaults_fill_what_a_profile_leaves_out(small: Path) -> None:
    profile = load_profile(small)
    assert isinstance(profile.data, SimulatedData)
    assert (profile.data.students, profile.models.layers, profile.chapters) == (3, 2, {})


def test_settings_change_values_and_keep_the_others(small: Path) -> None:
    settings = [
        "sampling.samples_per_prompt=2",
        "chapters.06_steering.kinds=[a, b]",
        "models.learning_rate=3e-4",
    ]
    profile = load_profile(small, settings)
    assert profile.sampling.samples_per_prompt == 2
    assert profile.sampling.prompts_per_split == load_profile(small).sampling.prompts_per_split
    assert profile.chapters == {"06_steering": {"kinds": ["a", "b"]}}
    assert profile.models.learning_rate == 0.0003


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("models.tokns=3", ["models.tokns: unknown key", "did you mean 'tokens'?", "vocabulary"]),
        ("model.tokens=3", ["model: unknown key", "did you mean 'models'?"]),
        ("data.path=x", ["data.path: unknown key", "assignments_per_student"]),
        ("data.source=hubb", ["data.source", "'simulated', 'rollouts', 'hub', 'logs', 'progsnap2'"]),
        ("data.shards=0", ["data.shards: found 0, expected: greater than or equal to 1"]),
        ("data.shards=1000", ["data.shards: found 1000, expected: less than or equal to 500"]),
        ("data.most_kept_aside=2", ["data.most_kept_aside: found 2, expected: less than or equal to 1"]),
        ("data.students=many", ["data.students: found 'many', expected: a valid integer"]),
        ("models.tokens=1e6", ["models.tokens: found 1000000.0, expected: a valid integer"]),
        ("splits.titles=1.5", ["splits.titles: found 1.5, expected: less than 1"]),
        ("sampling=3", ["sampling: found 3"]),
        ("description.more=1", ["description is a value and has no keys"]),
        ("models.layers", ["expected key=value"]),
        ("models.layers={", ["not readable as YAML"]),
    ],
)
def test_mistakes_are_told_with_key_found_and_expected(small: Path, setting: str, words: list[str]) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(small, [setting])
    for word in words:
        assert word in str(caught.value)


def test_every_mistake_is_told_at_once_and_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("data: {source: simulated, student: 3}\nmodels: {layers: '2'}\n")
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{path}: ") for line in lines)


@pytest.mark.parametrize("text", ["a: [", "- 1\n", "description: a\ndescription: b\n"])
def test_files_that_are_no_profile(tmp_path: Path, text: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(ProfileError, match=r"wrong\.yaml"):
        load_profile(path)


def test_unknown_profiles_name_the_known_ones() -> None:
    with pytest.raises(ProfileError, match="classroom, hub, logs, paper, progsnap2, rollouts, smoke"):
        find_profile("clasroom")
    with pytest.raises(ProfileError, match="no such file"):
        find_profile("nowhere.yaml")


def test_the_rollouts_need_a_path(tmp_path: Path) -> None:
    path = tmp_path / "rollouts.yaml"
    path.write_text("description: a\ndata: {source: rollouts}\n")
    with pytest.raises(ProfileError, match=r"data\.rollouts\.path: missing|data\.path: missing"):
        load_profile(path)


@pytest.mark.parametrize("name", SOURCES)
def test_options_of_a_profile_are_those_of_the_source(name: str) -> None:
    [section] = [
        one for one in Data.__subclasses__() if get_args(one.model_fields["source"].annotation) == (name,)
    ]
    known = set(inspect.signature(SOURCES[name]).parameters)
    assert set(section.model_fields) - {"source", "shards", "most_kept_aside"} == known


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("{source: logs, path: x}", r"key: missing"),
        ("{source: logs, path: x, key: somebody typed it}", r"data\.key: found the secret itself"),
        ("{source: hub, token: somebody typed it}", r"data\.token: found the secret itself"),
        ("{source: hub, token: {}}", "expected: one of `file` and `variable`"),
        ("{source: hub, encoding: zip}", r"data\.encoding: found 'zip', expected: 'auto', 'encoded'"),
        ("{source: progsnap2, path: x, event: [runs]}", "did you mean 'events'"),
    ],
)
def test_mistakes_in_the_sections_of_sources(tmp_path: Path, data: str, words: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"description: a\ndata: {data}\n")
    with pytest.raises(ProfileError, match=words) as caught:
        load_profile(path)
    assert "somebody typed" not in str(caught.value)


def test_a_profile_says_where_a_secret_is_and_never_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "made-up-token")
    path = tmp_path / "hub.yaml"
    path.write_text("description: a\ndata: {source: hub, token: {variable: SOME_TOKEN}, limit: 3}\n")
    profile = load_profile(path)
    assert source_options(profile.data, tmp_path) == {
        "token": "made-up-token", "limit": 3, "streaming": False, "encoding": "auto",
        "repeated_pairs": "aside",
    }  # fmt: skip
    assert "made-up-token" not in dump_profile(profile)
    path.write_text("description: a\ndata: {source: progsnap2, path: set, time_columns: []}\n")
    options = source_options(load_profile(path).data, tmp_path)
    assert options == {"path": str(tmp_path / "set"), "time_columns": [], "repeats": True}


def test_a_profile_cannot_be_changed_by_accident(small: Path) -> None:
    profile = load_profile(small)
    with pytest.raises(ValueError, match="frozen"):
        profile.models.layers = 3  # type: ignore[misc]


def test_every_key_of_the_schema_is_in_a_resolved_profile(small: Path) -> None:
    resolved = yaml.safe_load(dump_profile(load_profile(small)))
    assert set(resolved) == set(Profile.model_fields)
    assert set(resolved["models"]) == set(Models.model_fields)


def test_a_training_needs_a_budget() -> None:
    with pytest.raises(ProfileError, match="a budget, in tokens or seconds"):
        load_profile(find_profile("smoke"), ["models.tokens=null"])
