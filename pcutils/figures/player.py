"""A trace to play through: drawing, program and edit, time and ending of each state, with slider and keys."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from pcutils.errors import PcutilsError
from pcutils.figures.filmstrip import check_showable, ending, gap_words, outcomes_of, spread
from pcutils.figures.listing import Row, edit_rows, edit_words, program_lines, row_pieces, visible
from pcutils.figures.page import check_words, figure_html, put_on_page
from pcutils.figures.pictures import light_pictures
from pcutils.trace import Trace

#: A longer message is cut.
MOST_MESSAGE = 400
#: Up to here each failing state has a cross on the slider, beyond it a bar.
MOST_CROSSES = 24
#: How long a state stays while the trace plays: a base, and more for each line to look at, up to a maximum.
PAUSE_MS, PAUSE_PER_ROW_MS, LONGEST_PAUSE_MS = 1800, 300, 4800

_SVG = '<svg viewBox="0 0 16 16" aria-hidden="true" focusable="false"'
_ICONS = {
    "previous": f'{_SVG}><path d="M3 3h2v10H3zM13 3v10L5.5 8z"/></svg>',
    "play": f'{_SVG} class="pc-when-still"><path d="M4 2.5v11l9-5.5z"/></svg>'
    f'{_SVG} class="pc-when-playing"><path d="M4 3h3v10H4zM9 3h3v10H9z"/></svg>',
    "next": f'{_SVG}><path d="M11 3h2v10h-2zM3 3v10l7.5-5z"/></svg>',
}
#: JupyterLab reads keys before anyone else, save inside an element that says so.
_KEYS_ARE_OURS = 'data-lm-suppress-shortcuts="true"'
_CUT = '<small class="pc-cut">A very detailed drawing: only its first marks are shown.</small>'
_PARTS = ("heading", "picture", "edit", "program", "message")


@dataclass(frozen=True)
class _View:
    """What is shown of one state: HTML in pieces by part, and the words that a screen reader speaks."""

    parts: dict[str, list[str]]
    rows: int
    said: str
    fails: bool
    pause_ms: int


def player(trace: Trace, results: Any, *, caption: str, alt: str, **options: Any) -> None:
    """Display a trace with a slider, keys and a play button.

    Parameters
    ----------
    trace, results, caption, alt, **options
        As for :func:`player_html`.

    Raises
    ------
    PcutilsError
        As for :func:`player_html`.
    """
    html = player_html(trace, results, caption=caption, alt=alt, **options)
    put_on_page(html, f"{caption}\n\n{alt}")


def player_html(
    trace: Trace,
    results: Any,
    *,
    name: str,
    caption: str,
    alt: str,
    made_up: bool,
    most_states: int = 60,
    start: int = 0,
) -> str:
    """Write a trace as one HTML element that needs nothing else.

    Parameters
    ----------
    trace, results, name, caption, alt, made_up, most_states
        As for :func:`pcutils.figures.filmstrip.filmstrip_html`.
    start : int
        Position of the state that is shown first, counted from 0; of a longer trace, the nearest shown one.

    Returns
    -------
    str
        Style, figure and script. It loads nothing, and shows the last state where no script runs.

    Raises
    ------
    PcutilsError
        Where the trace is not made up, has no state, the results do not fit, or it does not reach `start`.
    """
    check_words(name, caption, alt)
    check_showable(trace, made_up, "player")
    if not 0 <= start < len(trace.programs):
        raise PcutilsError(f"state {start} of a trace with {len(trace.programs)} states: count from 0")
    shown = spread(len(trace.programs), most_states)
    outcomes = outcomes_of(results, trace.programs, shown)
    views = _views(trace, shown, outcomes)
    first = min(range(len(shown)), key=lambda place: abs(shown[place] - start))
    element = (
        f'<div class="pc-player" role="group" aria-label="{escape(visible(alt))}" {_KEYS_ARE_OURS}>'
        f"{_last_state(views)}{_controls(trace, shown, views)}"
        f'<p class="pc-unseen" data-part="said" aria-live="polite"></p>'
        f'<script type="application/json">{_packed(views, first)}</script></div>'
    )
    figure = figure_html(element, name=name, caption=visible(caption))
    return f"<style>{_resource('player.css')}</style>{figure}<script>{_resource('player.js')}</script>"


def _views(trace: Trace, shown: Sequence[int], outcomes: Sequence[Any]) -> list[_View]:
    titles = [f"Drawing of attempt {trace.numbers[index]}" for index in shown]
    pictures = light_pictures([outcome.drawing for outcome in outcomes], titles)
    views: list[_View] = []
    before: int | None = None
    for index, outcome, picture in zip(shown, outcomes, pictures, strict=True):
        old = None if before is None else program_lines(trace.programs[before])
        rows = edit_rows(old, program_lines(trace.programs[index]))
        edit = _edit_words(rows, before)
        heading, said = _heading(trace, index, before, outcome)
        message = _message(outcome)
        parts = {
            "heading": heading,
            "picture": [*map(visible, picture.pieces), "" if picture.is_whole else _CUT],
            "edit": [escape(edit)],
            "program": list(row_pieces(rows)),
            "message": [f"<code>{escape(message)}</code>" if message else ""],
        }
        changed = 0 if before is None else sum(row.kind != "kept" for row in rows)
        pause = min(PAUSE_MS + PAUSE_PER_ROW_MS * changed, LONGEST_PAUSE_MS)
        views.append(_View(parts, len(rows), escape(f"{said} {edit}."), outcome.status != "success", pause))
        before = index
    return views


def _edit_words(rows: Sequence[Row], before: int | None) -> str:
    if before is not None:
        return edit_words(rows)
    return f"first version, {len(rows)} line{'' if len(rows) == 1 else 's'}"


def _heading(trace: Trace, index: int, before: int | None, outcome: Any) -> tuple[list[str], str]:
    """Say which attempt it is, when it came and how it ended: as HTML, and in one or two sentences."""
    gap = gap_words(trace, index, before)
    attempt = f"Attempt {trace.numbers[index]} of {max(trace.numbers)}"
    end, fails = ending(outcome), outcome.status != "success"
    message = _message(outcome)
    pieces = [
        f"<strong>{attempt}</strong> ",
        f"<span>{escape(gap)}</span> ",
        f'<span class="pc-{"fails" if fails else "runs"}">{escape(end)}</span>',
    ]
    words = f"{attempt}{', ' + gap if gap else ''}: {end[2:]}."
    return pieces, f"{words} {message}." if message else words


def _message(outcome: Any) -> str:
    """Text of the error, cut where it is long; nothing where the program runs."""
    text = visible((outcome.message or "").strip()) if outcome.status != "success" else ""
    return text if len(text) <= MOST_MESSAGE else f"{text[:MOST_MESSAGE]}\N{HORIZONTAL ELLIPSIS}"


def _last_state(views: Sequence[_View]) -> str:
    heading, picture, edit, program, message = ("".join(views[-1].parts[part]) for part in _PARTS)
    rows = max(view.rows for view in views)
    return (
        f'<p class="pc-heading" data-part="heading">{heading}</p>'
        f'<div class="pc-panes" style="--pc-rows:{rows}">'
        f'<div class="pc-picture" data-part="picture">{picture}</div>'
        f'<div class="pc-text"><p class="pc-edit" data-part="edit">{edit}</p>'
        '<div class="pc-program" role="region" tabindex="0" aria-label="Program">'
        f'<ol role="list" data-part="program">{program}</ol></div>'
        f'<p class="pc-message" data-part="message">{message}</p></div></div>'
    )


def _controls(trace: Trace, shown: Sequence[int], views: Sequence[_View]) -> str:
    if len(views) == 1:
        return ""
    last = len(views) - 1
    ticks = "".join(
        f'<i{" class=pc-fails" if view.fails else ""} style="left:{100 * place / last:.4g}%"></i>'
        for place, view in enumerate(views)
    )
    buttons = {
        "previous": "Previous attempt",
        "play": "Play",
        "next": "Next attempt",
    }
    made = {
        part: f'<button type="button" data-part="{part}" aria-label="{label}" title="{label}">'
        f"{_ICONS[part]}</button>"
        for part, label in buttons.items()
    }
    many = " pc-many" if len(views) > MOST_CROSSES else ""
    return (
        '<p class="pc-note" data-part="note">This is the last attempt. The others can be played where '
        "scripts run: in a browser with JavaScript, or in a trusted notebook.</p>"
        f'<div class="pc-controls" data-part="controls" style="display:none">'
        f"{made['previous']}{made['play']}{made['next']}"
        f'<div class="pc-slider{many}"><input type="range" data-part="slider" min="0" max="{last}" step="1" '
        f'value="{last}" aria-label="Attempt" aria-valuetext="Attempt {trace.numbers[shown[-1]]}">'
        f'<div class="pc-ticks" aria-hidden="true">{ticks}</div></div></div>'
    )


def _packed(views: Sequence[_View], start: int) -> str:
    """Write all states as JSON in which equal pieces stand once, safe inside a script element."""
    places: dict[str, int] = {}
    states = []
    for view in views:
        packed: dict[str, Any] = {
            part: [places.setdefault(piece, len(places)) for piece in pieces if piece]
            for part, pieces in view.parts.items()
        }
        states.append(packed | {"said": view.said, "pause": view.pause_ms})
    data = {"start": start, "pieces": list(places), "states": states}
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return re.sub(r"<(?=!|/?script)", r"\\u003c", text, flags=re.IGNORECASE)


@cache
def _resource(name: str) -> str:
    return files("pcutils.figures").joinpath(name).read_text(encoding="utf-8").strip()
