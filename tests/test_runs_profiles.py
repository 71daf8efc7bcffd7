"""Profiles are strict, and a message names file, key, what was found and what is known."""

from pathlib import Path

import pytest
import yaml

from pcutils.errors import ProfileError
from pcutils.models.settings import ModelSettings
from pcutils.runs.profiles import Profile, dump_profile, find_profile, load_profile

ROOT = Path(__file__).resolve().parents[1]
NAMES = sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml"))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text("description: small\ndata: {source: simulated, students: 3}\n")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_committed_profiles_survive_a_round_trip(name: str, tmp_path: Path) -> None:
    profile = load_profile(find_profile(name))
    again = tmp_path / "again.yaml"
    again.write_text(dump_profile(profile))
    assert load_profile(again).model_dump() == profile.model_dump()


def test_defaults_fill_what_a_profile_leaves_out(small: Path) -> None:
    profile = load_profile(small)
    assert (profile.data.students, profile.models, profile.chapters) == (3, ModelSettings(), {})
    resolved = yaml.safe_load(dump_profile(profile))
    assert set(resolved) == set(Profile.model_fields)
    with pytest.raises(ValueError, match="frozen"):
        profile.models.layers = 3


def test_settings_change_values_and_keep_the_others(small: Path) -> None:
    settings = [
        "sampling.samples_per_prompt=2",
        "chapters.06_steering.kinds=[a, b]",
        "models.learning_rate=0.0003",
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
        ("data.source=hubb", ["data.source: found 'hubb'; did you mean 'hub'?", "simulated"]),
        ("data.shards=0", ["data.shards: found 0, expected: greater than or equal to 1"]),
        ("data.max_rejected=2", ["data.max_rejected: found 2, expected: less than or equal to 1"]),
        ("data.students=many", ["data.students: found 'many', expected: a valid integer"]),
        ("data.titles=1.5", ["data.titles: found 1.5, expected: a valid integer, or a valid list"]),
        ("models.tokens=1.0", ["models.tokens: found 1.0, expected: a valid integer"]),
        ("models.tokens=null", ["models: ", "no budget"]),
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


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("{source: logs, path: x}", r"data.key: missing"),
        ("{source: logs, path: x, key: somebody typed it}", r"data\.key: expected where the secret is kept"),
        ("{source: hub, token: {}}", r"data\.token: expected where the secret is kept, {file: PATH}"),
        ("{source: hub, encoding: zip}", r"data\.encoding: found 'zip', expected: 'auto', 'encoded'"),
        ("{source: progsnap2, path: x, event: [runs]}", "did you mean 'events'"),
        ("{source: rollouts}", r"data\.path: missing"),
    ],
)
def test_mistakes_in_the_options_of_sources(tmp_path: Path, data: str, words: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"description: a\ndata: {data}\n")
    with pytest.raises(ProfileError, match=words) as caught:
        load_profile(path)
    assert "somebody typed" not in str(caught.value)


def test_every_mistake_is_told_at_once_and_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("data: {source: simulated, student: 3}\nmodels: {layers: '2'}\n")
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{path}: ") for line in lines)


def test_unknown_profiles_name_the_known_ones_and_files_that_are_none_are_named(tmp_path: Path) -> None:
    for text in ("a: [", "- 1\n"):
        (tmp_path / "wrong.yaml").write_text(text)
        with pytest.raises(ProfileError, match=r"wrong\.yaml"):
            load_profile(tmp_path / "wrong.yaml")
    with pytest.raises(ProfileError, match=f"did you mean 'classroom'\\? Known: {', '.join(NAMES)}"):
        find_profile("clasroom")
    with pytest.raises(ProfileError, match="no such file"):
        find_profile("nowhere.yaml")
