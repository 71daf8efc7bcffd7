"""Programs in a real browser, with a stand-in for Pencil Code's runtime."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcutils.errors import ExecutionError
from pcutils.execution import Executor, Result
from pcutils.execution.browser import CHROMIUM_NAMES, Browser

RUNTIME = Path(__file__).parent / "data" / "stand_in_turtle.js"
CHROMIUM = next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here; `apt-get install chromium` brings one"
)
pytestmark = pytest.mark.xdist_group("chromium")

PROGRAMS = {
    "pen blue\nfd 100": "success",
    "fdd 100": "error",
    "for [1..4]\nfd 100": "error",
    "red 5": "error",
    "for (var side = 0; side < 4; side++) {\n  fd(100);\n}": "success",
    "for (var side = 0; side < 4; side++) {\n  fdd(100);\n}": "error",
    "await read 'How old are you?', defer age\noops()": "success",
    "await done defer()\noops()": "error",
    "forever -> rt 5": "success",
    "setTimeout (-> oops()), 1000": "error",
    "setTimeout (-> oops()), 9000": "success",
    "try\n  oops()\ncatch e\n  write 'sorry'": "success",
    "throw 'tantrum'": "error",
    "img 'dragon.png'": "success",
    "<p>Hello, turtle!</p>": "success",
    "<p>Hello</p><script>fdd(1)</script><script type='text/coffeescript'>fd 1</script>": "error",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser(runtime=RUNTIME, chromium=CHROMIUM, seconds=1.0, compile_seconds=1.0) as running:
        yield running


@pytest.fixture(scope="module")
def results(browser: Browser) -> list[Result]:
    return list(browser.run(PROGRAMS))


@needs_chromium
def test_verdicts_follow_the_rule(results: list[Result]) -> None:
    assert {program: result.status for program, result in zip(PROGRAMS, results, strict=True)} == PROGRAMS
    assert all(isinstance(result, Result) and not result.drawing.ops for result in results)


@needs_chromium
def test_results_are_those_of_the_executor(results: list[Result]) -> None:
    with Executor(workers=1) as executor:
        ours = list(executor.run(PROGRAMS))
    for mine, theirs in zip(ours, results, strict=True):
        assert (mine.program_hash, mine.status, mine.error_kind, mine.language, mine.message) == (
            theirs.program_hash, theirs.status, theirs.error_kind, theirs.language, theirs.message
        )  # fmt: skip


@needs_chromium
def test_what_hangs_is_ended_and_the_next_program_runs(browser: Browser) -> None:
    results = list(browser.run(["x = 0\nx += 1 while true", "write 'still here'"]))
    assert [result.status for result in results] == ["timeout", "success"]
    assert results[1].output == "still here"


@needs_chromium
def test_programs_share_nothing_and_reach_no_network(browser: Browser) -> None:
    ask = "fetch('https://example.org/').then((-> write 'reached'), (-> write 'refused'))"
    first, second, third = browser.run(
        ["window.leak = 3\nlocalStorage.setItem 'leak', 3", "write typeof leak, localStorage.length", ask]
    )
    assert first.status == "success"
    assert second.output == "undefined"
    assert third.output == "refused"
    (again,) = browser.run(["write localStorage.length"])
    assert again.output == "0"


@needs_chromium
def test_chance_comes_from_the_seed(browser: Browser) -> None:
    program = "write (random(1000) for [1..5]).join ' '"
    first, again, other = (next(browser.run([program], seed=seed)).output for seed in (1, 1, 2))
    assert first == again != other


@needs_chromium
def test_a_console_error_counts_and_a_missing_picture_does_not(browser: Browser) -> None:
    said, missing = browser.run(["console.error 'broken', 3", "img 'nowhere.png'\nfd 1"])
    assert (said.status, said.message) == ("error", "broken 3")
    assert missing.status == "success"


@needs_chromium
def test_a_runtime_that_fails_is_no_fault_of_the_program(tmp_path: Path) -> None:
    broken = tmp_path / "turtlebits.js"
    broken.write_text("nothing.like.this()", encoding="utf-8")
    with (
        Browser(runtime=broken, chromium=CHROMIUM) as browser,
        pytest.raises(ExecutionError, match="runtime fails in the browser: ReferenceError: nothing"),
    ):
        list(browser.run(["fd 1"]))


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExecutionError, match="Give the path of Pencil Code's turtlebits"):
        Browser(runtime=tmp_path / "turtlebits.js")
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(ExecutionError, match=r"pip install 'pcutils\[browser\]'"), Browser(runtime=RUNTIME):
        pass


def test_a_missing_chromium_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ExecutionError, match=r"no Chromium at .*nowhere"),
        Browser(runtime=RUNTIME, chromium=tmp_path / "nowhere"),
    ):
        pass
