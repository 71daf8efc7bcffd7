"""Commands, dependencies and paths that the README and the prose pages name."""

import importlib.metadata
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

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


def test_every_dependency_has_its_reason() -> None:
    section = README.read_text(encoding="utf-8").split("\n## Dependencies\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([\w.-]+) \| (.+) \|$", section, flags=re.MULTILINE)
    reasons = {name: why for name, why in rows if name != "Package"}
    direct = {name for names in declared().values() for name in names} - {"pcutils"}
    assert {canonical(name) for name in reasons} == direct
    assert [name for name, why in reasons.items() if len(why) < 8] == []


def test_make_targets_exist() -> None:
    targets = set(
        re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    named = {arguments[0] for _, arguments in commands("make") if "=" not in arguments[0]}
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
        if isinstance(command, click.Group):
            command = command.commands[arguments[1]]
        known = {option for parameter in command.params for option in parameter.opts}
        options = {word for word in arguments if word.startswith("--")}
        assert options <= known, f"{page}: pcutils {' '.join(arguments)}"


def test_profiles_and_settings_are_accepted() -> None:
    from pcutils.runs.notebooks import find_chapters
    from pcutils.runs.profiles import find_profile, load_profile

    for page, arguments in commands("pcutils"):
        after = dict.fromkeys(("--profile", "--set", "--only"), ())
        for name in after:
            after[name] = tuple(arguments[i + 1] for i, word in enumerate(arguments[:-1]) if word == name)
        profile = (after["--profile"] or ("classroom",))[0]
        if not profile.endswith(".yaml"):
            load_profile(find_profile(profile), after["--set"])
        assert set(after["--only"]) <= {"data", "measures", *find_chapters(ROOT)}, page


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


OF_MODELS = {"regex", "torch", "transformers", "accelerate", "tokenizers", "safetensors"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [
        line.partition(";")[0].strip().split("==") for line in lines if line and not line.startswith("#")
    ]
    return {canonical(name): version for name, version in pairs}


@cache
def declared() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        group: [canonical(re.match(r"[\w.-]+", requirement)[0]) for requirement in requirements]
        for group, requirements in groups.items()
    }


def test_every_pin_is_exact_and_stands_once() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.!]+(; .+)?", line)] == []
    assert len(pins()) == len(lines)


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


def test_conda_and_make_install_the_same() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(one["pip"] for one in environment["dependencies"] if isinstance(one, dict))
    assert "--constraint constraints.txt" in pip
    assert f"torch=={pins()['torch']}" in pip
    makefile = (ROOT / "Makefile").read_text()
    [all_extras] = [re.fullmatch(r"--editable (\.\[.*\])", one)[1] for one in pip if "--editable" in one]
    assert set(all_extras[2:-1].split(",")) == set(declared()) - {""}
    assert f"--editable '{all_extras}'" in makefile
    assert "--constraint constraints.txt" in makefile
    assert makefile.index("torch==") < makefile.index("--editable '.[models,book]'"), (
        "it is found by plain pip only"
    )
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert required.removeprefix(">=").replace(".", ", ") in makefile


WITHOUT_MODELS = """
import sys
from importlib.machinery import PathFinder

MISSING = {missing}


class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in MISSING else super().find_spec(name, path, target)


sys.meta_path = [Without if finder is PathFinder else finder for finder in sys.meta_path]
import importlib, pkgutil
import pcutils

for module in pkgutil.walk_packages(pcutils.__path__, "pcutils."):
    if not module.name.startswith("pcutils.models."):
        importlib.import_module(module.name)

from pcutils.data import build_variant, split_traces, traces_of
from pcutils.execution import Executor
from pcutils.metrics import measure_trace, self_bleu
from pcutils.plots import figure_html, use_theme
from pcutils.runs.profiles import find_profile, load_profile

table = pcutils.load("simulated", students=12, titles=4, assignments_per_student=3)
trace = next(iter(traces_of(table)))
build_variant(table, "synthetic", seed=0)
split_traces(table, students=0.2, titles=0.3, pairs=0.2, validation=0.2)
assert measure_trace(trace)["trace_length_all"] == len(trace.programs)
assert self_bleu([trace.programs[0], trace.programs[-1]]) <= 1
with Executor(workers=1) as executor:
    [result] = executor.run(["pen red\\nfd 100"])
assert result.drawing.to_svg().startswith("<svg")
use_theme()
import matplotlib.pyplot as plt

assert "<svg" in figure_html(plt.subplots()[1], "name", "caption", "alt")
assert load_profile(find_profile("classroom")).models.layers == 2
assert not MISSING & set(sys.modules)
"""


def test_everything_but_models_works_without_torch() -> None:
    code = WITHOUT_MODELS.format(missing=OF_MODELS)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(declared()["models"]) == OF_MODELS


def test_the_package_is_imported_at_once() -> None:
    code = "import time; began = time.perf_counter(); import pcutils; print(time.perf_counter() - began)"
    times = [float(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT)) for _ in range(3)]
    assert min(times) < 0.3
