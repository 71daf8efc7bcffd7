"""Profiles: one YAML file a scale, strict, with errors that name the key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pcutils.errors import ProfileError
from pcutils.models.rates import highest_rate
from pcutils.pipeline.files import repository_root
from pcutils.pipeline.profile_errors import explain

Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
MOST_SHARDS = 500
"""All are written side by side, and a system keeps only so many files open."""


class Section(BaseModel):
    """One part of a profile: unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Secret(Section):
    """Where a secret is kept: in a file, or in a variable of the environment; never in a profile."""

    file: str | None = None
    variable: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Secret:
        if (self.file is None) == (self.variable is None):
            raise ValueError("one of `file` and `variable`")
        return self


class Data(Section):
    """What the sections of all sources have."""

    source: str
    shards: Annotated[int, Field(ge=1, le=MOST_SHARDS)] = 1
    most_kept_aside: Annotated[float, Field(ge=0, le=1)] = 0.2


class SimulatedData(Data):
    """Made-up students; `titles` is how many assignments there are, or which."""

    source: Literal["simulated"]
    students: Count = 200
    titles: Count | list[str] | None = None
    assignments_per_student: Count = 12
    seed: int = 0


class RolloutsData(Data):
    """The paper's public rollouts; `variant` is the released model that they were sampled from."""

    source: Literal["rollouts"]
    path: str
    students: Count | None = None
    titles: list[str] | None = None
    variant: Literal["trace", "synthetic", "last"] = "trace"


class HubData(Data):
    """The gated data on the hub, any repository of that shape, or a local folder of it as `path`."""

    source: Literal["hub"]
    repository: str | None = None
    path: str | None = None
    split: str | list[str] | None = None
    streaming: bool = False
    token: Secret | None = None
    revision: str | None = None
    encoding: Literal["auto", "encoded", "decoded"] = "auto"
    limit: Count | None = None
    repeated_pairs: Literal["aside", "keep"] = "aside"


class LogsData(Data):
    """Raw logs of a Pencil Code server; `key` says where the secret for the pseudonyms is."""

    source: Literal["logs"]
    path: str
    key: Secret
    pattern: str | None = None


class ProgSnap2Data(Data):
    """A ProgSnap2 data set; `events` says which of its events make a state."""

    source: Literal["progsnap2"]
    path: str
    events: list[str] | None = None
    title_columns: list[str] | None = None
    time_columns: list[str] | None = None
    repeats: bool = True
    section: str | None = None
    code_states: str | None = None
    key: Secret | None = None
    student_columns: list[str] | None = None


class Splits(Section):
    """Shares that are held out."""

    students: Share = 0.03
    titles: Share = 0.03
    pairs: Share = 0.2
    validation: Share = 0.05
    seed: int = 0


class Execution(Section):
    """How students' programs are run."""

    workers: Count = 2
    seconds: Annotated[float, Field(gt=0)] = 3.0


class Models(Section):
    """Size and training of the five models; each ends when `tokens` or `seconds` are used up.

    With several `processes`, each takes its part of every step, on a GPU of its own where there are any.
    `compiled` networks take minutes to compile and less time a step: for trainings of an hour or more.

    With a `base`, a folder or a name on the hub, the models start from this pretrained decoder and its
    tokenizer; `vocabulary`, `layers`, `width`, `heads` and `decoder` are then ignored, and the context is at
    most what the base can read. The `learning_rate` is by default 0.003, and 0.0001 with a base.
    """

    vocabulary: Annotated[int, Field(ge=260)] = 2048
    layers: Count = 2
    width: Count = 128
    heads: Count = 4
    context: Annotated[int, Field(ge=64)] = 1024
    tokens: Count | None = 1_000_000
    seconds: Annotated[float, Field(gt=0)] | None = None
    processes: Count = 1
    batch_tokens: Count = 4096
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    student_dropout: Share = 0.1
    form: Literal["edits", "states"] = "edits"
    copy_hints: bool = True
    outcome_hints: bool = True
    compiled: bool = False
    decoder: Literal["llama", "gpt2"] = "llama"
    base: str | None = None
    title_tokens: Annotated[int, Field(ge=0)] = 0
    seed: int = 0

    @model_validator(mode="after")
    def _has_a_budget(self) -> Models:
        if self.tokens is None and self.seconds is None:
            raise ValueError("a budget, in tokens or seconds; both are null")
        return self

    @model_validator(mode="after")
    def _spares_the_base(self) -> Models:
        highest_rate(self.learning_rate, self.base)
        return self


class Sampling(Section):
    """What is sampled from each model."""

    prompts_per_split: Count = 40
    samples_per_prompt: Count = 4
    temperature: Annotated[float, Field(gt=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int = 0


class Profile(Section):
    """One scale at which the book runs."""

    description: str
    data: Annotated[
        SimulatedData | RolloutsData | HubData | LogsData | ProgSnap2Data, Field(discriminator="source")
    ]
    splits: Splits = Splits()
    execution: Execution = Execution()
    models: Models = Models()
    sampling: Sampling = Sampling()
    chapters: dict[str, dict[str, Any]] = {}


class _Loader(yaml.SafeLoader):
    """YAML as people write it: `3e-4` is a number, and a key that stands twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} stands twice", node.start_mark
                )
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {  # a copy: the resolvers of SafeLoader itself stay as they are
    first: list(pairs) for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def find_profile(name: str) -> Path:
    """Return the file of a profile.

    Parameters
    ----------
    name : str
        Name of a file in ``profiles/`` without ``.yaml``, or a path to a YAML file.

    Raises
    ------
    ProfileError
        Where there is none; names those that exist.
    """
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        if path.is_file():
            return path.resolve()
        raise ProfileError(f"no profile {path}: there is no such file.")
    folder = repository_root() / "profiles"
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(other.stem for other in folder.glob("*.yaml")))
        raise ProfileError(
            f"no profile {name!r} in {folder}; there are {known}, or give the path of a YAML file."
        )
    return path


def load_profile(path: Path, settings: Sequence[str] = ()) -> Profile:
    """Read and check a profile.

    Parameters
    ----------
    path : pathlib.Path
        The YAML file.
    settings : sequence of str
        Changes as ``key.path=value``, the value in YAML, as ``--set`` gives them.

    Returns
    -------
    Profile
        With every default filled in.

    Raises
    ------
    ProfileError
        Naming the file, the key, what was found, what was expected and the keys that exist.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        raise ProfileError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ProfileError(
            f"{path}: found {type(content).__name__}, expected keys and values (data:, models: ...)."
        )
    for key, value in map(_parse_setting, settings):
        _put(content, key, value)
    where = f"{path}" if not settings else f"{path} with --set {' '.join(settings)}"
    try:
        return Profile.model_validate(content)
    except ValidationError as error:
        raise ProfileError(explain(error, Profile, where)) from error


def dump_profile(profile: Profile) -> str:
    """Write a profile as YAML, with every value.

    Parameters
    ----------
    profile : Profile
        The profile.

    Returns
    -------
    str
        YAML that :func:`load_profile` reads back.
    """
    return yaml.safe_dump(profile.model_dump(), sort_keys=False, allow_unicode=True)


def _parse_setting(setting: str) -> tuple[list[str], Any]:
    key, equals, text = setting.partition("=")
    if not equals or not all(key.split(".")):
        raise ProfileError(f"--set {setting}: expected key=value, such as sampling.samples_per_prompt=2.")
    try:
        return key.split("."), yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ProfileError(f"--set {setting}: the value is not readable as YAML.") from error


def _put(content: dict[str, Any], key: list[str], value: Any) -> None:
    for depth, part in enumerate(key[:-1], start=1):
        content = content.setdefault(part, {})
        if not isinstance(content, dict):
            raise ProfileError(f"--set {'.'.join(key)}: {'.'.join(key[:depth])} is a value and has no keys.")
    content[key[-1]] = value
