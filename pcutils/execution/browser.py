"""An optional reference: programs in a real Chromium, with Pencil Code's own runtime, in virtual time.

Needs the extra ``browser`` (Playwright), a Chromium, and the file ``turtlebits.js`` of Pencil Code, which is
not part of this project. Slow beside :class:`pcutils.execution.Executor`, and without drawings: it is there
to check verdicts against.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from pcutils.errors import ExecutionError
from pcutils.execution.compiler import Compiler
from pcutils.execution.engine import runtime_script
from pcutils.execution.limits import Limits
from pcutils.execution.result import Result, program_hash, result_of
from pcutils.execution.translation import run_translation, translate
from pcutils.progress import track

ADDRESS = "https://program.invalid/"
LOAD_SECONDS = 30.0
POLL_MILLISECONDS = 5
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_OPTIONS = ("--no-sandbox", "--disable-gpu", "--mute-audio", "--js-flags=--max-old-space-size=512")
# The same chance for every program and every day, as in the engine; the numbers themselves are others.
_CHANCE = """(() => { let state = SEED >>> 0; Math.random = () => {
  state = (state + 0x6D2B79F5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
}; })();"""
_START = """setTimeout(() => { for (const code of SCRIPTS) {
  const script = document.createElement('script');
  script.textContent = code;
  document.head.appendChild(script);
} }, 0)"""


class Browser:
    """Runs students' programs one by one, each in a fresh page of one Chromium.

    Parameters
    ----------
    runtime : str or pathlib.Path
        Pencil Code's ``turtlebits.js``.
    chromium : str or pathlib.Path, optional
        The browser; without it Playwright's own, else one that is installed.
    **limits
        Fields of :class:`pcutils.execution.limits.Limits`; ``seconds``, ``compile_seconds`` and
        ``watched_seconds`` count here.

    Raises
    ------
    ExecutionError
        When Playwright, Chromium or the runtime are missing.

    Examples
    --------
    >>> with Browser(runtime="turtlebits.js") as browser:  # doctest: +SKIP
    ...     [result.status for result in browser.run(["fd 100", "fdd 100"])]
    ['success', 'error']
    """

    def __init__(self, runtime: str | Path, *, chromium: str | Path | None = None, **limits: float) -> None:
        self.limits = Limits(**limits)  # type: ignore[arg-type]
        self._runtime = _read_runtime(Path(runtime))
        self._chromium = None if chromium is None else str(chromium)
        self._playwright: Any = None
        self._browser: Any = None
        self._compiler: Compiler | None = None
        # Playwright wants a thread without an event loop: a notebook's own has one.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pcutils-browser")

    def __enter__(self) -> Browser:
        try:
            self._thread.submit(self._start).result()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the browser. It starts again when it is used again."""
        self._thread.submit(self._stop).result()

    def run(self, programs: Iterable[str], *, seed: int = 0, progress: bool = False) -> Iterator[Result]:
        """Run programs, in order; a text that was run before in the same call is not run again.

        Parameters
        ----------
        programs : iterable of str
            CoffeeScript, JavaScript, or web pages.
        seed : int
            Seed of the programs' own random numbers, the same for each of them.
        progress : bool
            Show how far it is.

        Yields
        ------
        Result
            One a program, in the order given; its drawing is empty.

        Raises
        ------
        ExecutionError
            When the browser or the runtime fails; a program's own failure is a result.
        """
        known: dict[str, Result] = {}
        listed = list(programs)
        for program in track(listed, label="Running programs", unit="programs", enabled=progress):
            name = program_hash(program)
            if name not in known:
                report = self._thread.submit(self._report, program, seed).result()
                known[name] = result_of(name, report)
            yield known[name]

    def _report(self, program: str, seed: int) -> dict[str, Any]:
        """Run a program by the executor's rule."""
        if self._compiler is None:
            self._compiler = Compiler()
        translation = translate(program, self._compiler, self.limits)
        return run_translation(translation, lambda code, kind: self._run_code(code, kind, seed))

    def _run_code(self, code: Any, kind: str, seed: int) -> dict[str, Any]:
        """Run JavaScript, or the scripts of a page that compile."""
        if kind != "html":
            return self._run("", [code], kind, seed)
        broken = next((one["error"] for one in code["scripts"] if "error" in one), None)
        scripts = [one["code"] for one in code["scripts"] if "code" in one]
        return self._run(code["markup"], scripts, kind, seed, broken)

    def _run(
        self, markup: str, scripts: list[str], language: str, seed: int, broken: str | None = None
    ) -> dict[str, Any]:
        """Load a fresh page, start the scripts in virtual time, and watch."""
        chromium = self._start()
        context = chromium.new_context()
        page = context.new_page()
        document = f"<!doctype html><body>{markup}<script src=turtlebits.js></script></body>"
        context.route("**/*", lambda route: self._answer(route, document))
        context.add_init_script(_CHANCE.replace("SEED", str(seed)))
        watch = _Watch(context.new_cdp_session(page))
        page.on("crash", watch.crash)
        try:
            page.goto(ADDRESS, wait_until="load", timeout=LOAD_SECONDS * 1000)
            page.evaluate(runtime_script())
            page.evaluate("window.$ && $.turtle && (0, eval)($.turtle())")
        except Exception as error:
            raise ExecutionError(f"Pencil Code's runtime does not start in the browser: {error}") from error
        if watch.errors:
            raise ExecutionError(f"Pencil Code's runtime fails in the browser: {watch.errors[0]}")
        status = watch.run(page, scripts, self.limits)
        report: dict[str, Any] = {"status": status, "message": None, "language": language, "compiled": True}
        if status in ("timeout", "limit"):
            self._stop_chromium()
            what = "ran longer than its time limit" if status == "timeout" else "brought the page down"
            return report | {"message": what}
        report["output"] = page.evaluate("document.body.innerText")
        context.close()
        errors = [broken] * (broken is not None) + watch.errors
        if errors:
            report |= {"status": "error", "message": errors[0]}
            report["compiled"] = not str(errors[0]).startswith("SyntaxError")
        return report

    def _answer(self, route: Any, document: str) -> None:
        """Give a page its document and the runtime, and nothing of the network."""
        if route.request.url == ADDRESS:
            route.fulfill(body=document, content_type="text/html; charset=utf-8")
        elif route.request.url == ADDRESS + "turtlebits.js":
            route.fulfill(body=self._runtime, content_type="text/javascript; charset=utf-8")
        else:
            route.abort()

    def _start(self) -> Any:
        if self._playwright is None:
            self._playwright = _start_playwright()
        if self._browser is None:
            self._browser = _launch(self._playwright, self._chromium)
        return self._browser

    def _stop(self) -> None:
        self._stop_chromium()
        compiler, self._compiler = self._compiler, None
        if compiler is not None:
            compiler.stop()
        playwright, self._playwright = self._playwright, None
        if playwright is not None:
            playwright.stop()

    def _stop_chromium(self) -> None:
        """End Chromium with whatever hangs in it."""
        browser, self._browser = self._browser, None
        if browser is not None:
            browser.close()


class _Watch:
    """What the browser's debugger says of one page."""

    def __init__(self, session: Any) -> None:
        self.errors: list[str] = []
        self._session, self._is_over, self._is_down = session, False, False
        session.on("Runtime.exceptionThrown", lambda event: self._thrown(event["exceptionDetails"]))
        session.on("Runtime.consoleAPICalled", self._said)
        session.on("Emulation.virtualTimeBudgetExpired", self._over)
        session.send("Runtime.enable")

    def run(self, page: Any, scripts: list[str], limits: Limits) -> str:
        """Start the scripts, and wait until the watched time is over in the page's own clock."""
        start = _START.replace("SCRIPTS", json.dumps(scripts))
        self._session.send("Emulation.setVirtualTimePolicy", {"policy": "pause"})
        self._session.send("Runtime.evaluate", {"expression": start})
        budget = {"policy": "pauseIfNetworkFetchesPending", "budget": limits.watched_seconds * 1000}
        deadline = time.monotonic() + limits.seconds + limits.compile_seconds
        self._session.send("Emulation.setVirtualTimePolicy", budget)
        while not self._is_over and not self._is_down:
            if time.monotonic() > deadline:
                return "timeout"
            page.wait_for_timeout(POLL_MILLISECONDS)
        return "limit" if self._is_down else "success"

    def crash(self, _page: Any) -> None:
        """Note that the page is gone."""
        self._is_down = True

    def _over(self, _event: Any) -> None:
        self._is_over = True

    def _thrown(self, details: dict[str, Any]) -> None:
        thrown = details.get("exception", {})
        if thrown.get("subtype") == "error":
            self.errors.append(str(thrown["description"]).partition("\n    at ")[0])
        else:
            self.errors.append(f"{details['text']} {_in_words(thrown)}".strip())

    def _said(self, event: dict[str, Any]) -> None:
        """Keep what a program reports as an error; that a picture is missing is said elsewhere."""
        if event["type"] == "error":
            self.errors.append(" ".join(_in_words(argument) for argument in event["args"]))


def _in_words(value: dict[str, Any]) -> str:
    if "value" in value:
        return value["value"] if isinstance(value["value"], str) else json.dumps(value["value"])
    return str(value.get("description", value.get("type", ""))).partition("\n    at ")[0]


def _read_runtime(path: Path) -> str:
    if not path.is_file():
        raise ExecutionError(f"{path}: no such file. Give the path of Pencil Code's turtlebits.js.")
    return path.read_text(encoding="utf-8")


def _start_playwright() -> Any:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise ExecutionError("Playwright is missing: pip install 'pcutils[browser]'") from error
    return sync_playwright().start()


def _launch(playwright: Any, chromium: str | None) -> Any:
    own = Path(playwright.chromium.executable_path)
    found = chromium or (str(own) if own.is_file() else _installed_chromium())
    if found is None or not Path(found).is_file():
        raise ExecutionError(
            f"no Chromium at {found or own}: give the path of one with chromium=, "
            "or run `playwright install chromium`."
        )
    return playwright.chromium.launch(executable_path=found, args=list(CHROMIUM_OPTIONS))


def _installed_chromium() -> str | None:
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
