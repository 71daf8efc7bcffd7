"""The trace player: what its HTML holds, and what it does in a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest

from pcutils import figures
from pcutils.errors import PcutilsError
from pcutils.execution.drawing import Drawing
from pcutils.execution.result import Result
from pcutils.figures.filmstrip import filmstrip_html
from pcutils.figures.player import LONGEST_PAUSE_MS, MOST_MESSAGE, PAUSE_MS, player_html
from pcutils.trace import Trace

WORDS = {"name": "one-trace", "caption": "One trace of a made-up student.", "alt": "Four made-up attempts."}
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


def made_up_trace(programs: Sequence[str] = PROGRAMS) -> Trace:
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
    trace = made_up_trace(programs)
    return player_html(trace, results(trace, failing), **{**WORDS, "made_up": True, **options})


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
        ("path", "red", 2, "round", [[n % 300, (7 * n + k * (n + 3)) % 300] for k in range(steps)])
        for n in range(marks)
    ]
    return Drawing(ops=tuple(ops))


# The element


def test_a_filmstrip_has_the_same_frame() -> None:
    trace = made_up_trace()
    strip = filmstrip_html(trace, results(trace), made_up=True, **WORDS)
    frames = re.findall(r'viewBox="([^"]+)"', strip)
    assert len(frames) == len(trace.programs)
    assert set(frames) <= set(re.findall(r'viewBox="([^"]+)"', part(html_of(), 0, "picture")))


def test_heavy_drawings_make_no_heavy_page_and_the_page_says_so() -> None:
    trace = made_up_trace([f"fd {n}" for n in range(10)])
    ran = [Result(str(n), "success", drawing=scribble(300 * n, 8)) for n in range(10)]
    html = player_html(trace, ran, made_up=True, **WORDS)
    assert len(html.encode()) < LARGEST_BYTES
    assert "only its first marks are shown" in part(html, 9, "picture")
    assert "<desc>2700 lines in red.</desc>" in part(html, 9, "picture")
    assert "only its first marks" not in part(html, 0, "picture")


def test_each_state_says_what_happened() -> None:
    html = html_of()
    assert "Attempt 2 of 4" in part(html, 1, "heading")
    assert "after 30 s" in part(html, 1, "heading")
    assert "unknown name" in part(html, 1, "heading")
    assert part(html, 1, "message") == "<code>ReferenceError: fdd is not defined</code>"
    assert part(html, 2, "message") == ""
    assert "runs" in part(html, 2, "heading")
    assert part(html, 1, "edit") == "2 lines added"
    assert "<del>fdd</del><ins>fd</ins> 50" in part(html, 2, "program")
    assert part(html, 0, "edit") == "first version, 2 lines"
    assert "<ins>" not in part(html, 0, "program")


def test_signs_and_words_tell_an_edit_without_colour() -> None:
    program = part(html_of(), 3, "program")
    assert part(html_of(), 3, "edit") == "1 line removed, 2 changed"
    for kind, sign in {"removed": "−", "changed": "±"}.items():
        assert re.search(
            f'class="pc-{kind}"><b></b><i aria-hidden="true">{sign}</i><span [^>]*>{kind}: ', program
        )


def test_screen_readers_hear_the_whole_state() -> None:
    said = data_of(html_of())["states"][1]["said"]
    assert said == (
        "Attempt 2 of 4, after 30 s: unknown name. ReferenceError: fdd is not defined. 2 lines added."
    )


def test_all_pictures_have_one_frame_and_a_name() -> None:
    html = html_of()
    pictures = [part(html, place, "picture") for place in range(4)]
    assert len({re.search(r'viewBox="[^"]+"', picture)[0] for picture in pictures}) == 1  # type: ignore[index]
    assert all(f"<title>Drawing of attempt {n + 1}</title>" in picture for n, picture in enumerate(pictures))


def test_ticks_mark_the_states_that_fail() -> None:
    ticks = re.findall(r'<i( class=pc-fails)? style="left:([\d.]+)%"', html_of(failing=(1, 3)))
    assert [bool(fails) for fails, _ in ticks] == [False, True, False, True]
    assert [float(left) for _, left in ticks] == pytest.approx([0, 33.33, 66.67, 100])


def test_hostile_text_stays_text() -> None:
    programs = list(accumulate(HOSTILE, lambda before, line: f"{before}\n{line}"))
    trace = made_up_trace(programs)
    ran = [Result(str(n), "error", f"Error: {line} </ScRiPt>", "other") for n, line in enumerate(HOSTILE)]
    html = player_html(trace, ran, made_up=True, **{**WORDS, "caption": "</script>\ud800", "alt": '"><b>'})
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
    with pytest.raises(PcutilsError, match="a person's: a player shows programs"):
        html_of(made_up=False)
    with pytest.raises(PcutilsError, match="without a state has no player"):
        html_of(())
    with pytest.raises(PcutilsError, match="1 results for 4 states"):
        player_html(made_up_trace(), [Result("0", "success")], made_up=True, **WORDS)
    with pytest.raises(PcutilsError, match="no alt text"):
        html_of(alt=" ")
    with pytest.raises(PcutilsError, match="state 4 of a trace with 4"):
        html_of(start=4)


def test_a_typical_trace_of_ten_states_is_light() -> None:
    from pcutils.execution import Executor
    from pcutils.simulate import simulate

    traces = [trace for trace in simulate(students=12, seed=3)[0] if len(trace.programs) == 10][:5]
    assert traces
    with Executor(workers=1) as executor:
        for trace in traces:
            html = player_html(trace, executor, made_up=True, **WORDS)
            assert len(data_of(html)["states"]) == 10
            assert "pc-runs" in html
            assert len(html.encode()) < LARGEST_BYTES


def test_equal_lines_and_marks_are_kept_once() -> None:
    program = "\n".join(f"label 'line {n}'" for n in range(200))
    once, often = (html_of([program + f"\nfd {n}" for n in range(states)], ()) for states in (1, 10))
    assert len(often) < 2 * len(once)
    assert len(set(data_of(often)["pieces"])) == len(data_of(often)["pieces"])


def test_of_a_long_trace_the_ends_and_the_start_are_shown() -> None:
    html = html_of([f"fd {n}" for n in range(200)], most_states=12, start=100)
    data = data_of(html)
    assert len(data["states"]) == 12
    assert "Attempt 1 of 200" in part(html, 0, "heading")
    assert "Attempt 200 of 200" in part(html, 11, "heading")
    assert data["start"] in (5, 6)


def test_pauses_grow_with_the_edit_up_to_a_limit() -> None:
    longest = "\n".join(f"dot {n}" for n in range(50))
    pauses = [state["pause"] for state in data_of(html_of(["fd 1", "fd 1", "fd 2", longest]))["states"]]
    assert pauses[0] == pauses[1] == PAUSE_MS
    assert PAUSE_MS < pauses[2] < pauses[3] == LONGEST_PAUSE_MS


def test_a_long_message_is_cut() -> None:
    trace = made_up_trace(["fd"])
    html = player_html(trace, [Result("0", "error", "E" * 5000, "other")], made_up=True, **WORDS)
    assert "E" * MOST_MESSAGE + "…" in html
    assert "E" * (MOST_MESSAGE + 1) not in html


def test_the_same_trace_gives_the_same_bytes() -> None:
    assert html_of() == html_of()


def test_display_has_plain_text_for_other_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    trace = made_up_trace()
    figures.player(trace, results(trace), made_up=True, **WORDS)
    assert shown == [{"text/html": html_of(), "text/plain": f"{WORDS['caption']}\n\n{WORDS['alt']}"}]


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


def test_keys_reach_every_control_and_focus_is_seen(opened: Any) -> None:
    page = opened(html_of(start=1))
    outlines = []
    for _ in range(5):
        page.page.keyboard.press("Tab")
        outlines.append(
            page.page.evaluate(
                """() => { const e = document.activeElement;
                return [e.dataset.part || e.className, getComputedStyle(e).outlineStyle]; }"""
            )
        )
    assert [name for name, _ in outlines] == ["pc-program", "previous", "play", "next", "slider"]
    assert [style for name, style in outlines if name != "slider"] == ["solid"] * 4


def opened_with_stopped_clock(opened: Any) -> Any:
    page = opened()
    page.page.clock.install(time=0)
    page.page.clock.pause_at(1000)
    page.page.set_content(html_of())
    return page


def test_play_goes_to_the_end_and_stops(opened: Any) -> None:
    page = opened_with_stopped_clock(opened)
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


def test_a_touch_of_any_control_ends_the_playing(opened: Any) -> None:
    page = opened_with_stopped_clock(opened)
    for stop in (
        lambda: page.click("play"),
        lambda: page.click("next"),
        lambda: page.page.keyboard.press("Home"),
    ):
        page.page.keyboard.press("Home")
        page.click("play")
        stop()
        now = page.heading()
        page.page.clock.run_for(60_000)
        assert page.heading() == now


def test_players_on_one_page_do_not_disturb_each_other(opened: Any) -> None:
    other = html_of([f"dot {n}" for n in range(7)], name="other")
    page = opened(html_of(), other, html_of())
    page.click("next", which=0)
    page.click("next", which=1)
    page.click("next", which=1)
    assert [page.heading(n) for n in range(3)] == ["Attempt 2 of 4", "Attempt 3 of 7", "Attempt 1 of 4"]
    page.page.locator('input[type="range"]').nth(2).focus()
    page.page.keyboard.press("End")
    assert [page.heading(n) for n in range(3)] == ["Attempt 2 of 4", "Attempt 3 of 7", "Attempt 4 of 4"]


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


def test_the_page_paints_no_boxes_into_it(opened: Any) -> None:
    rules = "<style>.output.output.output code { background: #eee; padding: 9px } p { margin: 9px }</style>"
    page = opened(rules, f'<div class="output">{html_of()}</div>')
    page.click("next")
    drawn = page.page.evaluate(
        """() => [...document.querySelectorAll('.pc-player :is(code, p:not(.pc-unseen))')].map(e => {
          const style = getComputedStyle(e);
          return [style.margin, e.matches('code') ? style.backgroundColor + style.padding : '']; })"""
    )
    assert {tuple(one) for one in drawn} == {("0px", ""), ("0px", "rgba(0, 0, 0, 0)0px")}


def test_a_page_that_is_saved_and_opened_again_still_plays(opened: Any) -> None:
    first = opened(html_of())
    first.click("next")
    again = opened(first.page.content())
    again.click("next")
    again.click("next")
    assert again.heading() == "Attempt 3 of 4"


def test_hostile_text_is_shown_and_not_run(opened: Any) -> None:
    page = opened(html_of(["dot red", "\n".join(HOSTILE)], failing=()))
    page.click("next")
    code = page.page.locator(".pc-program code").all_text_contents()[1:]
    assert code[0] == HOSTILE[0]
    assert code[1] == HOSTILE[1]
    assert code[4] == HOSTILE[4]
    assert page.page.evaluate("typeof seen") == "undefined"
    assert page.page.locator(".pc-player img").count() == 0


def test_lines_are_numbered_and_lines_that_went_are_not(opened: Any) -> None:
    page = opened(html_of(start=3))
    counted = page.page.evaluate(
        """() => [...document.querySelectorAll('.pc-program li')].map(row => [
          row.className, getComputedStyle(row).counterIncrement,
          getComputedStyle(row.querySelector('b'), '::before').content])"""
    )
    assert {kind for kind, *_ in counted} == {"", "pc-removed", "pc-changed"}
    for kind, increment, content in counted:
        assert (increment, content) == (
            ("none", "none") if kind == "pc-removed" else ("pc-line 1", "counter(pc-line)")
        )


def test_the_edit_is_in_view_in_a_long_program(opened: Any) -> None:
    long = [f"dot red, {n}" for n in range(120)]
    page = opened(html_of(["\n".join(long), "\n".join([*long[:100], "fd 77", *long[100:]])], ()))
    page.click("next")
    row, program = (page.page.locator(what).bounding_box() for what in (".pc-added", ".pc-program"))
    assert program["y"] < row["y"] < program["y"] + program["height"]
    assert page.page.evaluate("scrollY") == 0


def test_the_buttons_stay_where_they_are(opened: Any) -> None:
    for width in (1000, 390):
        page = opened(html_of(), viewport={"width": width, "height": 900})
        places = []
        for _ in range(4):
            places.append(page.page.locator('[data-part="play"]').bounding_box()["y"])
            page.page.keyboard.press("Tab")
            page.page.locator('input[type="range"]').press("ArrowRight")
        assert len(set(places)) == 1


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
    assert (
        page.page.evaluate(
            "e => e.scrollWidth - e.clientWidth", page.page.locator(".pc-program").element_handle()
        )
        <= 0
    )
    for box in (
        page.page.locator(f'[data-part="{name}"]').bounding_box() for name in ("previous", "play", "next")
    ):
        assert min(box["width"], box["height"]) >= 40
    for what in (".pc-heading strong", ".pc-program code", '[data-part="edit"]', ".pc-heading .pc-runs"):
        assert contrast(page.page, what) >= 4.5, what


def contrast(page: Any, what: str) -> float:
    """Contrast of a text with the page's ground, as WCAG counts it."""
    ink, ground = page.evaluate(
        """what => {
          const draw = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
          const paint = colour => { draw.fillStyle = colour; draw.fillRect(0, 0, 1, 1);
            return [...draw.getImageData(0, 0, 1, 1).data].slice(0, 3); };
          const body = getComputedStyle(document.body).backgroundColor;
          const ground = paint(body === 'rgba(0, 0, 0, 0)' ? 'white' : body);
          return [paint(getComputedStyle(document.querySelector(what)).color), ground];
        }""",
        what,
    )
    light, dark = sorted((brightness(ink), brightness(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def brightness(colour: Sequence[int]) -> float:
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_without_scripts_the_last_state_is_shown_with_a_word_about_the_others(opened: Any) -> None:
    page = opened(html_of(), java_script_enabled=False)
    assert page.heading() == "Attempt 4 of 4"
    assert page.page.locator('[data-part="note"]').is_visible()
    assert not page.page.locator('[data-part="controls"]').is_visible()
    assert "fd" in page.text("program")


def test_with_scripts_the_note_makes_room_for_the_controls(opened: Any) -> None:
    page = opened(html_of(), html_of(["fd 1"], ()))
    assert not page.page.locator('[data-part="note"]').is_visible()
    assert page.page.locator('[data-part="controls"]').is_visible()
    assert page.page.locator('[data-part="controls"]').count() == 1, "one state needs no controls"
    assert page.heading(1) == "Attempt 1 of 1"


def test_print_shows_the_whole_program_and_no_controls(opened: Any) -> None:
    page = opened(html_of(["\n".join(f"dot {n}" for n in range(80)), "fd 1\n" * 80]))
    page.page.emulate_media(media="print")
    assert not page.page.locator('[data-part="controls"]').is_visible()
    assert (
        page.page.evaluate(
            "e => e.scrollHeight - e.clientHeight", page.page.locator(".pc-program").element_handle()
        )
        <= 0
    )


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_for_those_who_want_no_motion(opened: Any, motion: str) -> None:
    page = opened(html_of(), reduced_motion=motion)
    moving = page.page.evaluate(
        """() => [...document.querySelectorAll('.pc-player, .pc-player *')].filter(element => {
          const style = getComputedStyle(element);
          return parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none';
        }).map(element => element.tagName)"""
    )
    assert set(moving) == (set() if motion == "reduce" else {"BUTTON"})
