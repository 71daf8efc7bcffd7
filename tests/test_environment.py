"""The three descriptions of the environment, and what is installed, agree."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonical(name): version for name, version in pairs}


@cache
def declared() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        group: [canonical(re.match(r"[\w.-]+", requirement)[0]) for requirement in requirements]
        for group, requirements in groups.items()
    }


def test_every_pin_is_exact_and_without_a_build_tag() -> None:
    text = (ROOT / "constraints.txt").read_text()
    for line in text.splitlines():
        assert line.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.!]+", line), line
    assert len(pins()) == len([line for line in text.splitlines() if "==" in line]), "a package stands twice"


def test_every_dependency_is_pinned() -> None:
    missing = {name for names in declared().values() for name in names} - set(pins())
    assert not missing, f"add them to constraints.txt: {sorted(missing)}"


def test_nothing_is_pinned_that_nobody_needs() -> None:
    waiting = [Requirement(name) for names in declared().values() for name in names]
    needed: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        one = waiting.pop()
        key = (canonical(one.name), frozenset(one.extras))
        if key in needed:
            continue
        needed.add(key)
        try:
            requirements = map(Requirement, importlib.metadata.requires(one.name) or [])
        except importlib.metadata.PackageNotFoundError:
            continue  # a requirement for another system
        waiting.extend(
            requirement
            for requirement in requirements
            if requirement.marker is None
            or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *one.extras))
        )
    idle = set(pins()) - {name for name, _ in needed}
    assert not idle, f"take them out of constraints.txt: {sorted(idle)}"


@pytest.mark.parametrize("name", sorted(pins()))
def test_installed_version_is_the_pinned_one(name: str) -> None:
    try:
        installed = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not installed here: `make test` installs what this system needs of it")
    assert installed.partition("+")[0] == pins()[name]


def test_conda_uses_the_same_pins_and_extras() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [one for one in environment["dependencies"] if isinstance(one, str)]
    pip = next(one["pip"] for one in environment["dependencies"] if isinstance(one, dict))
    assert "--constraint constraints.txt" in pip
    assert f"torch=={pins()['torch']}" in pip
    extras = next(
        re.fullmatch(r"--editable \.\[(.*)\]", one)[1] for one in pip if one.startswith("--editable")
    )
    assert set(extras.split(",")) == set(declared()) - {""}
    python = next(one.partition("=")[2] for one in conda if one.startswith("python="))
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert required == f">={python}"


def test_make_installs_pytorch_first_from_the_same_pins() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert "--constraint constraints.txt" in makefile
    assert makefile.index("torch==") < makefile.index("--editable '.[book]'")
