"""The rendered book, opened in a browser."""

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
PHONE = {"width": 390, "height": 844}

#: Runs in each page, once at phone width. What it returns is checked in Python.
LOOK = (Path(__file__).parent / "data" / "look.js").read_text(encoding="utf-8")


class Quiet(SimpleHTTPRequestHandler):
    """A file server that keeps its log to itself."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(smoke_run: Any) -> Iterator[str]:
    """Address of a local server with the rendered book of the smoke run."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(smoke_run.html)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def open_page(context: Any, address: str, seen: SimpleNamespace) -> Any:
    """Open a page and note what its console says and which hosts it asks for."""
    page = context.new_page()
    page.on("console", lambda m: seen.console.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: seen.console.append(str(error)))
    page.on("requestfailed", lambda r: seen.failed.append(r.url))
    page.on("response", lambda r: seen.failed.append(f"{r.status} {r.url}") if r.status >= 400 else None)

    def local_only(route: Any) -> None:
        parts = urlsplit(route.request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != "127.0.0.1":
            seen.foreign.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.route("**/*", local_only)
    page.goto(address, wait_until="load")
    return page


@pytest.fixture(scope="module")
def pages(site: str, smoke_run: Any, browser: Any) -> dict[str, SimpleNamespace]:
    """Every page by its path: what it looked like on a phone, and what happened while it loaded."""
    found = {}
    context = browser.new_context(viewport=PHONE)
    for file in sorted(Path(smoke_run.html).rglob("*.html")):
        path = file.relative_to(smoke_run.html).as_posix()
        if path.startswith(("_static/", "_sources/")):
            continue
        seen = SimpleNamespace(console=[], failed=[], foreign=[])
        page = open_page(context, f"{site}/{path}", seen)
        page.wait_for_timeout(100)
        found[path] = SimpleNamespace(**vars(seen), **page.evaluate(LOOK))
        page.close()
    context.close()
    return found


def complaints(pages: dict[str, SimpleNamespace], what: str) -> dict[str, Any]:
    """Pages on which a list that should be empty is not."""
    return {path: getattr(page, what) for path, page in pages.items() if getattr(page, what)}


def toc_files() -> list[str]:
    """Pages that the table of contents names."""
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]


def test_every_page_of_the_contents_is_rendered(pages: dict[str, SimpleNamespace]) -> None:
    missing = [name for name in toc_files() if f"{name}.html" not in pages]
    assert not missing
    assert not [path for path in toc_files() if not pages[f"{path}.html"].title]


def test_console_is_silent(pages: dict[str, SimpleNamespace]) -> None:
    assert complaints(pages, "console") == {}
    assert complaints(pages, "failed") == {}


def test_no_request_leaves_the_machine(pages: dict[str, SimpleNamespace]) -> None:
    assert complaints(pages, "foreign") == {}


def test_no_cell_error_on_a_page(pages: dict[str, SimpleNamespace], smoke_run: Any) -> None:
    assert complaints(pages, "errors") == {}
    for path in sorted(Path(smoke_run.notebooks).glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        assert not [output.ename for output in outputs if output.output_type == "error"], path.name


def test_no_page_tells_where_it_was_made(pages: dict[str, SimpleNamespace], smoke_run: Any) -> None:
    places = {str(ROOT), str(Path.home())} - {"/"}  # the run lies elsewhere here, and may say so
    telling = []
    for path in pages:
        text = (Path(smoke_run.html) / path).read_text(encoding="utf-8")
        telling += [f"{path}: {place}" for place in places if f"{place}/" in text]
    assert not telling


def test_every_figure_speaks(pages: dict[str, SimpleNamespace]) -> None:
    assert complaints(pages, "without_caption") == {}
    assert complaints(pages, "without_words") == {}
    chapters = [path for path in pages if path.startswith("chapters/")]
    assert not [path for path in chapters if pages[path].figures == 0]


def test_links_lead_somewhere(pages: dict[str, SimpleNamespace], site: str, smoke_run: Any) -> None:
    dead = []
    for path, page in pages.items():
        for link in page.links:
            if not link.startswith(f"{site}/"):
                continue
            parts = urlsplit(link)
            target = parts.path.lstrip("/") or "index.html"
            file_is_there = (Path(smoke_run.html) / target).is_file()
            anchor_is_there = not parts.fragment or target not in pages or parts.fragment in pages[target].ids
            if not (file_is_there and anchor_is_there):
                dead.append(f"{path} -> {target}#{parts.fragment}")
    assert not dead


def test_nothing_is_wider_than_a_phone(pages: dict[str, SimpleNamespace]) -> None:
    wide = {path: page.too_wide for path, page in pages.items() if page.page_width > PHONE["width"]}
    assert wide == {}


def luminance(colour: str) -> float:
    """Brightness of a CSS `rgb(...)` colour, 0 (black) to 255 (white)."""
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_theme_button_turns_the_page_dark(site: str, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    page = open_page(context, f"{site}/index.html", SimpleNamespace(console=[], failed=[], foreign=[]))
    colours = "e => [getComputedStyle(document.body).backgroundColor, getComputedStyle(e).color]"
    paper, ink = map(luminance, page.eval_on_selector("article p", colours))
    assert paper - ink > 150
    for _ in range(3):  # the button goes round: auto, light, dark
        page.locator(".theme-switch-button:visible").first.click()
        if page.evaluate("document.documentElement.dataset.theme") == "dark":
            break
    page.wait_for_timeout(400)
    paper, ink = map(luminance, page.eval_on_selector("article p", colours))
    assert ink - paper > 150
    context.close()
