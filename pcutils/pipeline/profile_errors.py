"""Say in words what is wrong in a profile."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ValidationError

from pcutils.pipeline.source_options import SECRETS


def explain(error: ValidationError, model: type[BaseModel], where: str) -> str:
    """Turn pydantic's errors into one line a mistake.

    Parameters
    ----------
    error : pydantic.ValidationError
        What pydantic found.
    model : type of pydantic.BaseModel
        What was validated.
    where : str
        File, and options that changed it.

    Returns
    -------
    str
        One line a mistake: place, what was found, what was expected, which keys exist.
    """
    return "\n".join(f"{where}: {_line(one, model)}" for one in _without_branches(error.errors()))


def suggest(name: str, known: Iterable[str]) -> str:
    """Name the nearest of the known keys, and all of them.

    Parameters
    ----------
    name : str
        A key that does not exist.
    known : iterable of str
        Those that do.

    Returns
    -------
    str
        A phrase to end a message with.

    Examples
    --------
    >>> suggest("tokns", ["layers", "tokens"])
    "did you mean 'tokens'? Known keys: layers, tokens."
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    question = f"did you mean {near[0]!r}? " if near else ""
    return f"{question}{'Known' if question else 'known'} keys: {', '.join(names) or 'none'}."


def _without_branches(errors: Iterable[Any]) -> list[Any]:
    """Keep one error a place: a union reports each of its members."""
    seen: dict[tuple[str, ...], Any] = {}
    for one in errors:
        place = tuple(str(part) for part in one["loc"] if part not in _BRANCHES)
        if place in seen:
            seen[place]["msg"] += f", or {one['msg'][0].lower()}{one['msg'][1:]}"
        else:
            seen[place] = {**one, "place": place}
    return list(seen.values())


_BRANCHES = {
    "simulated", "rollouts", "hub", "logs", "progsnap2", "int", "str", "float", "list[str]", "none",
    "constrained-int", "constrained-float",
}  # fmt: skip


def _line(one: dict[str, Any], model: type[BaseModel]) -> str:
    place = one["place"]
    key = ".".join(place)
    if one["type"] == "extra_forbidden":
        return f"{key}: unknown key; {suggest(place[-1], _known(one['loc'], model))}"
    if place[-1] in SECRETS and isinstance(one["input"], str):
        return (
            f"{key}: found the secret itself, expected where it is kept, outside of the profile: "
            f"{{file: PATH}} or {{variable: NAME}}."
        )
    if one["type"] == "missing":
        return f"{key}: missing, expected a value."
    if one["type"].startswith("union_tag"):
        return f"{key}.source: {one['msg']}."
    expected = one["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return f"{key}: found {one['input']!r}, expected: {expected}."


def _known(loc: tuple[Any, ...], model: type[BaseModel]) -> list[str]:
    """Keys of the section in which `loc` names a key that does not exist."""
    current: type[BaseModel] | None = model
    for part in loc[:-1]:
        if current is not None and part in current.model_fields:
            members = _models(current.model_fields[part].annotation)
            current = members[0] if len(members) == 1 else _Choice(members)  # type: ignore[assignment]
        elif isinstance(current, _Choice):
            current = current.pick(part)
    return list(current.model_fields) if current is not None and hasattr(current, "model_fields") else []


class _Choice:
    """Members of a union that a `source` key tells apart."""

    model_fields: ClassVar[dict[str, Any]] = {}

    def __init__(self, members: list[type[BaseModel]]) -> None:
        self.members = members

    def pick(self, tag: Any) -> type[BaseModel] | None:
        for member in self.members:
            if tag in get_args(member.model_fields["source"].annotation):
                return member
        return None


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models(part)]
