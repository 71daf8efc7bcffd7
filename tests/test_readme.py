"""Commands, dependencies and paths that the README and the prose pages name."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "book").rglob("*.md"))]
#: Written by the commands, or names of things that are no files of the repository.
NOT_IN_THE_REPOSITORY = ("runs/", "data/", "models/", "samples/", "results/", "figures/", "logs/", "../")


def code(path: Path) -> list[str]:
    """Lines of shell blocks, and pieces of inline code that are no role such as {doc}."""
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"^```bash\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    inline = re.findall(r"(?<![`}])`([^`\n]+)`(?!`)", re.sub(r"\{[\w:]+\}`[^`]*`", "", prose))
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()] + inline


def commands(program: str) -> list[tuple[str, list[str]]]:
    """Every call of a program, as (page, arguments)."""
    found = []
    for path in PAGES:
        for line in code(path):
            words = shlex.split(line, comments=True) if line.startswith(f"{program} ") else []
            if words:
                found.append((path.name, words[1:]))
    return found


def direct_dependencies() -> set[str]:
    """Names of all direct dependencies, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project.get("optional-dependencies", {}).values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return {re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0] for line in lines} - {project["name"]}


def test_every_dependency_has_its_reason() -> None:
    section = README.read_text(encoding="utf-8").split("\n## Dependencies\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([\w.-]+) \| (.+) \|$", section, flags=re.MULTILINE)
    reasons = {name: why for name, why in rows if name != "Package"}
    assert set(reasons) == direct_dependencies()
    assert [name for name, why in reasons.items() if len(why) < 8] == []


def test_make_targets_exist() -> None:
    targets = set(
        re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    named = {arguments[0] for _, arguments in commands("make")}
    assert {"book", "test"} <= named
    assert named <= targets


def test_pcutils_commands_exist() -> None:
    import click

    from pcutils.cli import main

    assert isinstance(main, click.Group)
    calls = commands("pcutils")
    assert {arguments[0] for _, arguments in calls} >= {"run", "book"}
    for page, arguments in calls:
        command = main.commands.get(arguments[0])
        assert command is not None, f"{page}: pcutils {arguments[0]}"
        known = {option for parameter in command.params for option in parameter.opts}
        options = {word for word in arguments if word.startswith("--")}
        assert options <= known, f"{page}: pcutils {' '.join(arguments)}"


def test_profiles_and_settings_are_accepted() -> None:
    from pcutils.pipeline.files import CHAPTERS
    from pcutils.pipeline.profiles import find_profile, load_profile
    from pcutils.pipeline.steps import ALONE

    for _, arguments in commands("pcutils"):
        after = dict.fromkeys(("--profile", "--set", "--only"), ())
        for name in after:
            after[name] = tuple(arguments[i + 1] for i, word in enumerate(arguments[:-1]) if word == name)
        load_profile(find_profile((after["--profile"] or ("classroom",))[0]), after["--set"])
        assert set(after["--only"]) <= {*ALONE, *CHAPTERS}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_paths_exist(page: Path) -> None:
    words = [word for line in code(page) for word in line.split()]
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")) if page == README else []
    tree = re.findall(r"^([\w./]+/)  +", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = [
        word for word in words if re.fullmatch(r"[\w.-]+/[\w./-]*|[\w-]+\.(?:md|yml|yaml|txt|cff|toml)", word)
    ]
    paths = {path for path in [*named, *links, *tree] if not path.startswith(NOT_IN_THE_REPOSITORY)}
    assert not [
        path for path in sorted(paths) if not (ROOT / path).exists() and not path.startswith(".venv/")
    ]
