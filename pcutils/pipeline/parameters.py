"""The parameters cell of a notebook: names, defaults and types, read without running anything."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pcutils.errors import ProfileError
from pcutils.pipeline.profile_errors import suggest

INJECTED = "run_dir"


def notebook_parameters(notebook: Path) -> dict[str, Any]:
    """Read the defaults of a notebook's parameters.

    Parameters
    ----------
    notebook : pathlib.Path
        A notebook with one cell tagged ``parameters`` that assigns literals.

    Returns
    -------
    dict
        Name to default, in the order of the cell.

    Raises
    ------
    ProfileError
        Where there is no such cell, more than one, or a default that is no literal.
    """
    if not notebook.is_file():
        raise ProfileError(f"{notebook}: there is no such notebook.")
    content = json.loads(notebook.read_text(encoding="utf-8"))
    cells = [cell for cell in content["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    if len(cells) != 1:
        raise ProfileError(f"{notebook}: found {len(cells)} cells tagged 'parameters', expected one.")
    parameters = {}
    for statement in ast.parse("".join(cells[0]["source"])).body:
        name, value = _assignment(statement)
        if name is not None and value is not None:
            try:
                parameters[name] = ast.literal_eval(value)
            except ValueError as error:
                raise ProfileError(f"{notebook}: the default of {name} is no literal.") from error
    return parameters


def check_parameters(notebook: Path, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Check what a profile sets for a notebook against the notebook's own parameters.

    Parameters
    ----------
    notebook : pathlib.Path
        The notebook.
    given : mapping
        Name to value.
    where : str
        Where the values stand, for the message.

    Returns
    -------
    dict
        All parameters of the notebook but `run_dir`: the given value, or else the default.

    Raises
    ------
    ProfileError
        Where a parameter is unknown, or its value is of another type than the default. A default of None
        takes anything; an int passes for a float.
    """
    defaults = notebook_parameters(notebook)
    if INJECTED not in defaults:
        raise ProfileError(f"{notebook}: the parameters cell lacks {INJECTED!r}, the folder of the run.")
    del defaults[INJECTED]
    for name, value in given.items():
        if name not in defaults:
            raise ProfileError(
                f"{where}.{name}: {notebook.stem} has no such parameter; {suggest(name, defaults)}"
            )
        problem = _type_problem(value, defaults[name])
        if problem:
            raise ProfileError(f"{where}.{name}: found {value!r}, expected {problem}.")
    return {**defaults, **given}


def _assignment(statement: ast.stmt) -> tuple[str | None, ast.expr | None]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id, statement.value
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id, statement.value
    return None, None


def _type_problem(value: Any, default: Any) -> str | None:
    """What was expected, or None where `value` is of the type of `default`."""
    if default is None:
        return None
    if isinstance(default, float) and type(value) is int:
        return None
    if type(value) is not type(default):
        return f"{type(default).__name__} (the default is {default!r})"
    if isinstance(default, list) and default:
        for item in value:
            problem = _type_problem(item, default[0])
            if problem:
                return f"a list of {problem}"
    return None
