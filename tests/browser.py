"""An independent reference: programs in a real Chromium with Pencil Code's own runtime, in virtual time.

`turtlebits.js` of Pencil Code is not part of this project. Slow, and without drawings: it checks verdicts.
"""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pcutils.errors import ExecutionError
from pcutils.execution.compiler import Compiler
from pcutils.execution.engine import runtime_script
from pcutils.execution.result import Limits, Result, program_hash, result_of
from pcutils.execution.translation import run_translation, translate

ADDRESS = "https://program.invalid/"
LOAD_SECONDS = 30.0
POLL_MILLISECONDS = 5
OPTIONS = ["--no-sandbox", "--disable-gpu", "--mute-audio", "--js-flags=--max-old-space-size=512"]
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
    """Runs students' programs one by one, each in a fresh page of one Chromium."""

    def __init__(self, playwright: Any, chromium: str, runtime: Path, **limits: float) -> None:
        self.limits = Limits(**limits)  # type: ignore[arg-type]
        self._launch = lambda: playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        self._runtime = runtime.read_text(encoding="utf-8")
        self._compiler, self._browser = Compiler(), None

    def close(self) -> None:
        """End Chromium with whatever hangs in it, and the compiler; both start again when they are needed."""
        self._compiler.stop()
        self._stop_chromium()

    def run(self, programs: Iterable[str], *, seed: int = 0) -> Iterator[Result]:
        """Run programs, in order."""
        for program in programs:
            translation = translate(program, self._compiler, self.limits)
            report = run_translation(translation, lambda code, kind: self._run_code(code, kind, seed))
            yield result_of(program_hash(program), report)

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
        self._browser = self._browser or self._launch()
        context = self._browser.new_context()
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

    def _stop_chromium(self) -> None:
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
