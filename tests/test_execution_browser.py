"""Programs in a real browser, with a stand-in for Pencil Code's runtime."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser
from conftest import BROWSERS

from pcutils.errors import ExecutionError
from pcutils.execution import Executor, Result

RUNTIME = Path(__file__).parent / "data" / "stand_in_turtle.js"
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = [
    pytest.mark.xdist_group("chromium"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; `apt-get install chromium` brings one"),
]

PROGRAMS = json.loads((Path(__file__).parent / "data" / "browser_programs.json").read_text())


@pytest.fixture(scope="module")
def playwright() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright to test the browser")
    with sync_api.sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Any) -> Iterator[Browser]:
    running = Browser(playwright, str(CHROMIUM), RUNTIME, seconds=1.0, compile_seconds=1.0)
    yield running
    running.close()


@pytest.fixture(scope="module")
def results(browser: Browser) -> list[Result]:
    return list(browser.run(PROGRAMS))


def test_verdicts_follow_the_rule(results: list[Result]) -> None:
    assert {program: result.status for program, result in zip(PROGRAMS, results, strict=True)} == PROGRAMS
    assert all(isinstance(result, Result) and not result.drawing.ops for result in results)


def test_results_are_those_of_the_executor(results: list[Result], executor: Executor) -> None:
    ours = list(executor.run(PROGRAMS))
    for mine, theirs in zip(ours, results, strict=True):
        assert (mine.program_hash, mine.status, mine.error_kind, mine.language, mine.message) == (
            theirs.program_hash, theirs.status, theirs.error_kind, theirs.language, theirs.message
        )  # fmt: skip


def test_what_hangs_is_ended_and_the_next_program_runs(browser: Browser) -> None:
    results = list(browser.run(["x = 0\nx += 1 while true", "write 'still here'"]))
    assert [result.status for result in results] == ["timeout", "success"]
    assert results[1].output == "still here"


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


def test_chance_comes_from_the_seed(browser: Browser) -> None:
    program = "write (random(1000) for [1..5]).join ' '"
    first, again, other = (next(browser.run([program], seed=seed)).output for seed in (1, 1, 2))
    assert first == again != other


def test_a_console_error_counts_and_a_missing_picture_does_not(browser: Browser) -> None:
    said, missing = browser.run(["console.error 'broken', 3", "img 'nowhere.png'\nfd 1"])
    assert (said.status, said.message) == ("error", "broken 3")
    assert missing.status == "success"


def test_a_runtime_that_fails_is_no_fault_of_the_program(tmp_path: Path, playwright: Any) -> None:
    broken = tmp_path / "turtlebits.js"
    broken.write_text("nothing.like.this()", encoding="utf-8")
    browser = Browser(playwright, str(CHROMIUM), broken)
    with pytest.raises(ExecutionError, match="runtime fails in the browser: ReferenceError: nothing"):
        list(browser.run(["fd 1"]))
    browser.close()
