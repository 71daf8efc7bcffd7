"""Profiles: one YAML file a scale or source, strict, with errors that name the key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from pcutils.errors import ProfileError
from pcutils.runs.files import repository_root

Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """One part of a profile: unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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


class Sampling(Section):
    """What is sampled from each model."""

    prompts_per_split: Count = 40
    samples_per_prompt: Count = 4
    temperature: Annotated[float, Field(gt=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int = 0


class Profile(Section):
    """One scale at which the book runs; :func:`load_profile` adds the options of its source and models."""

    description: str
    data: Any
    splits: Splits = Splits()
    execution: Execution = Execution()
    models: Any = None
    sampling: Sampling = Sampling()
    chapters: dict[str, dict[str, Any]] = {}


def find_profile(name: str) -> Path:
    """File of a profile: the name of one in ``profiles/``, or a path that ends in ``.yaml``."""
    if name.endswith((".yaml", ".yml")):
        if Path(name).is_file():
            return Path(name).resolve()
        raise ProfileError(f"no profile {name}: there is no such file.")
    folder = repository_root() / "profiles"
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise ProfileError(
            f"no profile {name!r} in {folder}; {suggest(name, known)} Or give a YAML file's path."
        )
    return folder / f"{name}.yaml"


def load_profile(path: Path, settings: Sequence[str] = ()) -> Any:
    """Read and check a profile.

    `settings` are changes as ``key.path=value``, the value in YAML, as ``--set`` gives them. The profile has
    every default filled in, also those of the source (`data`) and of the models. A ProfileError names file,
    key, what was found, what was expected and the keys that exist.
    """
    where = f"{path} with --set {' '.join(settings)}" if settings else str(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ProfileError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ProfileError(f"{path}: found {type(content).__name__}, expected keys and values (data: ...).")
    for setting in settings:
        _put(content, setting)
    model = _model_for(content.get("data"), where)
    try:
        return model.model_validate({"models": {}, **content})
    except ValidationError as error:
        raise ProfileError("\n".join(f"{where}: {_explain(one, model)}" for one in _places(error))) from error


def dump_profile(profile: Profile) -> str:
    """Write a profile as YAML, with every value, so that :func:`load_profile` reads it back."""
    return yaml.safe_dump(profile.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def suggest(name: str, known: Iterable[str]) -> str:
    """Name the nearest of the known keys, and all of them: did you mean 'tokens'? Known: layers, tokens."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"{f'did you mean {near[0]!r}? Known' if near else 'known'}: {', '.join(names) or 'none'}."


def _put(content: dict[str, Any], setting: str) -> None:
    """Carry out one ``--set``."""
    key, equals, text = setting.partition("=")
    *path, last = key.split(".")
    if not equals or not all([*path, last]):
        raise ProfileError(f"--set {setting}: expected key=value, such as sampling.samples_per_prompt=2.")
    for part in path:
        content = content.setdefault(part, {})
        if not isinstance(content, dict):
            raise ProfileError(f"--set {key}: {part} is a value and has no keys.")
    try:
        content[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ProfileError(f"--set {setting}: the value is not readable as YAML.") from error


def _model_for(data: Any, where: str) -> type[Profile]:
    """The profile's model with the options of the source that it names, and those of the models."""
    from pcutils.data import SOURCES
    from pcutils.models.settings import ModelSettings

    source = data.get("source") if isinstance(data, dict) else None
    if source not in SOURCES:
        raise ProfileError(f"{where}: data.source: found {source!r}; {suggest(str(source), SOURCES)}")
    options = SOURCES[source].options
    return create_model("Profile", __base__=Profile, data=(options, ...), models=(ModelSettings, ...))


def _places(error: ValidationError) -> list[dict[str, Any]]:
    """One error a key: pydantic reports each member of a union."""
    places: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in error.errors():
        loc = tuple(part for part in one["loc"] if not re.search(r"[^\w-]", str(part)) and part not in _TYPES)
        if loc in places:
            places[loc]["msg"] += f", or {one['msg'].removeprefix('Input should be ')}"
        else:
            places[loc] = {**one, "loc": loc}
    return list(places.values())


_TYPES = {"int", "str", "float", "bool", "none", "constrained-int", "constrained-float", "constrained-str"}


def _explain(one: dict[str, Any], model: type[BaseModel]) -> str:
    *sections, last = map(str, one["loc"])
    key = ".".join([*sections, last])
    if one["type"] == "extra_forbidden":
        section = model.model_fields[sections[0]].annotation if sections else model
        return f"{key}: unknown key; {suggest(last, getattr(section, 'model_fields', ()))}"
    if one["type"] == "missing":
        return f"{key}: missing, expected a value."
    if last in ("key", "token"):
        return f"{key}: expected where the secret is kept, {{file: PATH}} or {{variable: NAME}}."
    expected = one["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return f"{key}: found {one['input']!r}, expected: {expected}."
