"""The trace player: what its HTML holds, and what it does in a browser."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcutils.errors import PcutilsError
from pcutils.execution.drawing import Drawing
from pcutils.execution.result import Result
from pcutils.plots.listing import changed_parts, edit_rows, program_lines, visible
from pcutils.plots.pictures import MOST_GROWTH, lightened, shared_frames
from pcutils.plots.player import trace_player
from pcutils.trace import Trace

WORDS = {"name": "one-trace", "caption": "One trace of a simulated student.", "alt": "Four attempts."}
LARGEST_BYTES = 60_000
PROGRAMS = (
    "pen red\nfd 50",
    "pen red\nfd 50\nrt 90\nfdd 50",
    "pen red\nfd 50\nrt 90\nfd 50",
    "pen blue\nrt 90\nfd 500",
)
HOSTILE = (
    "write '</script><img src=x onerror=seen=1>'",
    'label "<!-- <script>"',
    "write 'a\u2028b\u2029c'",
    "fd 1 # \ud800 \0 \x1b \u202e",
    "write '&lt;b&gt;' + \"'\"",
)


def lines_up(length: float) -> Drawing:
    return Drawing(ops=(("path", "red", 2, "round", [[0, 0], [0, length]]),))


def a_trace(programs: Sequence[str] = PROGRAMS) -> Trace:
    start = datetime(2026, 1, 5, 10, 0)
    times = [start + timedelta(seconds=30 * place) for place in range(len(programs))]
    return Trace.from_states(programs, times, title="line")


def results(trace: Trace, failing: Sequence[int] = (1,)) -> list[Result]:
    return [
        Result(str(place), "error", "ReferenceError: fdd is not defined", "name", drawing=lines_up(50))
        if place in failing
        else Result(str(place), "success", drawing=lines_up(50 * (place + 1)))
        for place in range(len(trace.programs))
    ]


def html_of(programs: Sequence[str] = PROGRAMS, failing: Sequence[int] = (1,), **options: Any) -> str:
    trace = a_trace(programs)
    return trace_player(trace, results(trace, failing), **{**WORDS, "may_show_programs": True, **options})


def data_of(html: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert len(found) == 1
    return json.loads(found[0])


def part(html: str, place: int, name: str) -> str:
    data = data_of(html)
    return "".join(data["pieces"][piece] for piece in data["states"][place][name])


def scribble(marks: int, steps: int) -> Drawing:
    """A drawing of many marks, none of which occurs twice."""
    ops = [
        (
            "path",
            "red",
            2,
            "round",
            [[(n + 40 * k * k) % 300, (7 * n + k * (n + 3)) % 300] for k in range(steps)],
        )
        for n in range(marks)
    ]
    return Drawing(ops=tuple(ops))


# The element


def test_heavy_drawings_make_no_heavy_page_and_the_page_says_so() -> None:
    trace = a_trace([f"fd {n}" for n in range(10)])
    ran = [Result(str(n), "success", drawing=scribble(300 * n, 8)) for n in range(10)]
    html = trace_player(trace, ran, may_show_programs=True, **WORDS)
    assert len(html.encode()) < LARGEST_BYTES
    assert "only its first marks are shown" in part(html, 9, "picture")
    assert "only its first marks" not in part(html, 0, "picture")


def test_each_state_says_what_happened() -> None:
    html = html_of()
    for words in ("Attempt 2 of 4", "after 30 s", "unknown name"):
        assert words in part(html, 1, "heading")
    assert part(html, 1, "message") == "<code>ReferenceError: fdd is not defined</code>"
    assert part(html, 2, "message") == ""
    assert "runs" in part(html, 2, "heading")
    assert part(html, 1, "edit") == "2 lines added"
    assert "<del>fdd</del><ins>fd</ins> 50" in part(html, 2, "program")
    assert part(html, 0, "edit") == "first version, 2 lines"
    assert "<ins>" not in part(html, 0, "program")
    assert data_of(html)["states"][1]["said"] == (
        "Attempt 2 of 4, after 30 s: unknown name. ReferenceError: fdd is not defined. 2 lines added."
    )
    ticks = re.findall(r'<i( class=pc-fails)? style="left:([\d.]+)%"', html_of(failing=(1, 3)))
    assert [bool(fails) for fails, _ in ticks] == [False, True, False, True]
    assert [float(left) for _, left in ticks] == pytest.approx([0, 33.33, 66.67, 100])


def test_all_pictures_have_one_frame_and_a_name() -> None:
    html = html_of()
    pictures = [part(html, place, "picture") for place in range(4)]
    assert len({re.search(r'viewBox="[^"]+"', picture)[0] for picture in pictures}) == 1  # type: ignore[index]
    assert all(f"<title>Drawing of attempt {n + 1}</title>" in picture for n, picture in enumerate(pictures))


def test_hostile_text_stays_text() -> None:
    programs = list(accumulate(HOSTILE, lambda before, line: f"{before}\n{line}"))
    trace = a_trace(programs)
    ran = [Result(str(n), "error", f"Error: {line} </ScRiPt>", "other") for n, line in enumerate(HOSTILE)]
    html = trace_player(
        trace, ran, may_show_programs=True, **{**WORDS, "caption": "</script>\ud800", "alt": '"><b>'}
    )
    html.encode("utf-8")
    assert html.lower().count("</script") == html.count("<script") == 2
    assert "<!--" not in html
    assert "<img" not in html
    assert not set(html) & {"\0", "\x1b", "\u2028", "\u2029", "\u202e"}
    for place in range(len(HOSTILE)):
        assert "&lt;/script&gt;&lt;img" in part(html, place, "program")
    assert "a␤b␤c" in part(html, 2, "program")
    assert "&amp;lt;b&amp;gt;" in part(html, 4, "program")


def test_it_asks_for_nothing_from_elsewhere() -> None:
    html = html_of()
    assert not re.search(r"https?:|//[a-z]+\.|\bsrc=|\bhref=|url\(|@import|\bimport\b|fetch\(|XMLHttp", html)
    assert not re.search(r"\beval\b|new Function|localStorage|document\.write", html)


def test_no_person_is_shown_and_words_and_results_are_needed() -> None:
    for words, programs, options in (
        ("a person's: a player shows programs", PROGRAMS, {"may_show_programs": False}),
        ("state 0 of a trace with 0", (), {}),
        ("no alt text", PROGRAMS, {"alt": " "}),
        ("state 4 of a trace with 4", PROGRAMS, {"start": 4}),
    ):
        with pytest.raises(PcutilsError, match=words):
            html_of(programs, **options)
    with pytest.raises(PcutilsError, match="1 results for 4 states"):
        trace_player(a_trace(), [Result("0", "success")], may_show_programs=True, **WORDS)


def test_of_a_long_trace_the_ends_and_the_start_are_shown() -> None:
    html = html_of([f"fd {n}" for n in range(200)], most_states=12, start=100)
    data = data_of(html)
    assert len(data["states"]) == 12
    assert "Attempt 1 of 200" in part(html, 0, "heading")
    assert "Attempt 200 of 200" in part(html, 11, "heading")
    assert data["start"] in (5, 6)


# In a browser


class Opened:
    """A page with players, and what its console said and asked for."""

    def __init__(self, browser: Any, *bodies: str, **options: Any) -> None:
        self.page = browser.new_context(**{"viewport": {"width": 1000, "height": 800}, **options}).new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.said.append(request.url))
        self.page.set_content(f"<!doctype html><meta charset=utf-8>{''.join(bodies)}")

    def heading(self, which: int = 0) -> str:
        return self.page.locator(".pc-player .pc-heading strong").nth(which).inner_text()

    def click(self, what: str, which: int = 0) -> None:
        self.page.locator(f'.pc-player [data-part="{what}"]').nth(which).click()

    def text(self, what: str, which: int = 0) -> str:
        return self.page.locator(f'.pc-player [data-part="{what}"]').nth(which).text_content()


@pytest.fixture
def opened(browser: Any) -> Iterator[Any]:
    """Opens pages; at the end, none of them may have complained or asked for anything."""
    pages: list[Opened] = []

    def open_page(*bodies: str, **options: Any) -> Opened:
        pages.append(Opened(browser, *bodies, **options))
        return pages[-1]

    yield open_page
    said = [page.said for page in pages]
    for page in pages:
        page.page.context.close()
    assert said == [[]] * len(pages)


def test_slider_and_buttons_lead_through_the_states(opened: Any) -> None:
    page = opened(html_of())
    assert page.heading() == "Attempt 1 of 4"
    assert page.page.locator('[data-part="previous"]').is_disabled()
    page.click("next")
    assert page.heading() == "Attempt 2 of 4"
    assert page.text("message") == "ReferenceError: fdd is not defined"
    assert page.page.locator(".pc-message").is_visible()
    assert page.text("said").startswith("Attempt 2 of 4, after 30 s: unknown name.")
    slider = page.page.locator('input[type="range"]')
    slider.fill("3")
    assert page.heading() == "Attempt 4 of 4"
    assert slider.get_attribute("aria-valuetext") == "Attempt 4 of 4"
    assert page.page.locator('[data-part="next"]').is_disabled()
    box = slider.bounding_box()
    page.page.mouse.click(box["x"] + 2, box["y"] + 12)
    assert page.heading() == "Attempt 1 of 4"


def test_keys_lead_through_the_states_wherever_the_focus_is(opened: Any) -> None:
    page = opened(html_of())
    for focused in ('input[type="range"]', '[data-part="play"]', ".pc-program"):
        page.page.locator(focused).focus()
        for key, place in (("End", 4), ("ArrowLeft", 3), ("Home", 1), ("ArrowLeft", 1), ("ArrowRight", 2)):
            page.page.keyboard.press(key)
            assert page.heading() == f"Attempt {place} of 4", (focused, key)
    page.page.keyboard.press("Alt+ArrowRight")
    assert page.heading() == "Attempt 2 of 4"
    page = opened(html_of(start=1))
    look = """() => { const e = document.activeElement;
        return [e.dataset.part || 'program', getComputedStyle(e).outlineStyle]; }"""
    outlines = []
    for _ in range(5):
        page.page.keyboard.press("Tab")
        outlines.append(page.page.evaluate(look))
    assert [name for name, _ in outlines] == ["program", "previous", "play", "next", "slider"]
    assert [style for _, style in outlines[:4]] == ["solid"] * 4


def test_play_goes_to_the_end_and_stops(opened: Any) -> None:
    page = opened()
    page.page.clock.install(time=0)
    page.page.clock.pause_at(1000)
    page.page.set_content(html_of())
    pauses = [state["pause"] for state in data_of(html_of())["states"]]
    play = page.page.locator('[data-part="play"]')
    play.click()
    assert play.get_attribute("aria-label") == "Pause"
    for place, pause in enumerate(pauses[:-1]):
        page.page.clock.run_for(pause - 50)
        assert page.heading() == f"Attempt {place + 1} of 4"
        page.page.clock.run_for(50)
        assert page.heading() == f"Attempt {place + 2} of 4"
    assert play.get_attribute("aria-label") == "Play"
    page.page.clock.run_for(60_000)
    assert page.heading() == "Attempt 4 of 4"
    play.click()
    assert page.heading() == "Attempt 1 of 4"


def test_it_lives_in_the_output_of_a_notebook(opened: Any) -> None:
    page = opened("<div></div><div></div>")
    for place in (0, 1):
        page.page.evaluate(
            """([place, html]) => {
              const host = document.querySelectorAll('body > div')[place];
              host.innerHTML = html;
              for (const script of host.querySelectorAll('script')) {
                const copy = document.createElement('script');
                for (const { name, value } of script.attributes) copy.setAttribute(name, value);
                copy.textContent = script.textContent;
                script.replaceWith(copy);
              }
            }""",
            [place, html_of()],
        )
    page.click("next", which=1)
    assert [page.heading(0), page.heading(1)] == ["Attempt 1 of 4", "Attempt 2 of 4"]
    assert page.page.locator(".pc-player").first.get_attribute("data-lm-suppress-shortcuts") == "true"


def test_hostile_text_is_shown_and_not_run(opened: Any) -> None:
    page = opened(html_of(["dot red", "\n".join(HOSTILE)], failing=()))
    page.click("next")
    code = page.page.locator(".pc-program code").all_text_contents()[1:]
    assert [code[0], code[1], code[4]] == [HOSTILE[0], HOSTILE[1], HOSTILE[4]]
    assert page.page.evaluate("typeof seen") == "undefined"
    assert page.page.locator(".pc-player img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_shows_it_whole(opened: Any, scheme: str, width: int) -> None:
    wide = "write '" + "long " * 60 + "x" * 300 + "'"
    style = "<style>@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd } }</style>"
    page = opened(
        style, html_of([*PROGRAMS, wide]), viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    page.page.locator('input[type="range"]').press("End")
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.page.locator(".pc-program").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    for name in ("previous", "play", "next"):
        box = page.page.locator(f'[data-part="{name}"]').bounding_box()
        assert min(box["width"], box["height"]) >= 40


def test_without_scripts_the_last_state_is_shown_and_one_state_has_no_controls(
    opened: Any,
) -> None:
    scripted = opened(html_of(), html_of(["fd 1"], ()))
    for part, shown in (("note", [False, False]), ("controls", [True, False])):
        assert [one.is_visible() for one in scripted.page.locator(f'[data-part="{part}"]').all()] == shown
    assert scripted.heading(1) == "Attempt 1 of 1"
    page = opened(html_of(), java_script_enabled=False)
    assert page.heading() == "Attempt 4 of 4"
    assert page.page.locator('[data-part="note"]').is_visible()
    assert not page.page.locator('[data-part="controls"]').is_visible()
    assert "fd" in page.text("program")


def test_print_shows_the_whole_program_and_no_controls(opened: Any) -> None:
    page = opened(html_of(["\n".join(f"dot {n}" for n in range(80)), "fd 1\n" * 80]))
    page.page.emulate_media(media="print")
    assert not page.page.locator('[data-part="controls"]').is_visible()
    assert page.page.locator(".pc-program").evaluate("e => e.scrollHeight - e.clientHeight") <= 0


def test_drawings_of_a_size_share_a_frame_that_holds_them() -> None:
    drawings = [lines_up(length) for length in (200, 300, 0, 350)]
    frames = shared_frames(drawings)
    assert len(set(frames)) == 1
    assert frames[0].height > 350
    assert frames == shared_frames(drawings[::-1])


def test_a_huge_drawing_does_not_make_the_others_small() -> None:
    *usual, huge = shared_frames([lines_up(length) for length in (200, 300, 400, 3500)])
    assert len(set(usual)) == 1
    assert usual[0].height < huge.height / MOST_GROWTH


def test_the_marks_of_a_heavy_drawing_end_where_there_is_no_room() -> None:
    drawing = scribble(500, 20)
    assert lightened(scribble(5, 10), 5000) == (scribble(5, 10), True)
    light, is_whole = lightened(drawing, 3000)
    assert not is_whole
    assert light.ops[:-1] == drawing.ops[: len(light.ops) - 1]
    assert 1500 < len(light.to_svg()) < 4000


lines = st.lists(st.sampled_from(["fd 50", "fd 100", "rt 90", "pen red", "", "  box gold, 20"]), max_size=12)


@given(lines, lines)
def test_a_listing_holds_both_programs(before: list[str], after: list[str]) -> None:
    rows = edit_rows(before, after)
    assert [row.line for row in rows if row.kind != "removed"] == after
    old = [row.before if row.kind == "changed" else row.line for row in rows if row.kind != "added"]
    assert old == before


@given(st.text("ab1 ,", max_size=12), st.text("ab1 ,", max_size=12))
def test_changed_parts_put_both_lines_together(before: str, after: str) -> None:
    head, gone, come, tail = changed_parts(before, after)
    assert (head + gone + tail, head + come + tail) == (before, after)


def test_a_number_is_not_cut_in_two() -> None:
    assert changed_parts("rt 144, 1.5", "rt 144, 1.25") == ("rt 144, ", "1.5", "1.25", "")
    assert changed_parts("fd size", "fd sizes * 2") == ("fd ", "size", "sizes * 2", "")


@given(st.text())
def test_visible_text_can_always_be_written(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    shown.encode("utf-8")
    assert not set(shown) & {"\0", "\r", "\n", "\u2028", "\u202e"}


@pytest.mark.parametrize(
    ("program", "cut"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\r\n\rb", ["a", "", "b"]),
        ("a\u2028b\x0b", ["a\u2028b\x0b"]),
    ],
)
def test_only_line_ends_of_an_editor_cut_a_program(program: str, cut: list[str]) -> None:
    assert program_lines(program) == cut
