"""A trace to play through: drawing, program, edit, time and outcome of each state, with slider and keys."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from string import Template
from typing import Any, NamedTuple

from pcutils.errors import PcutilsError
from pcutils.metrics import state_outcome
from pcutils.plots.listing import edit_rows, edit_words, program_lines, row_pieces, visible
from pcutils.plots.page import check_words, framed, resource
from pcutils.plots.pictures import light_pictures
from pcutils.plots.theme import OUTCOME_LABELS
from pcutils.trace import Trace

#: A longer message is cut; up to so many states have a cross on the slider where they fail, beyond it a bar.
MOST_MESSAGE, MOST_CROSSES = 400, 24
#: How long a state stays while the trace plays: a base, and more for each changed line, up to a maximum.
PAUSE_MS, PAUSE_PER_ROW_MS, LONGEST_PAUSE_MS = 1800, 300, 4800
_UNITS = (("days", 86400), ("h", 3600), ("min", 60))
_CUT = '<small class="pc-cut">A very detailed drawing: only its first marks are shown.</small>'


class _View(NamedTuple):
    """What is shown of one state: pieces of HTML by part of the player, and the words for a screen reader."""

    parts: dict[str, list[str]]
    said: str
    rows: int
    fails: bool
    pause_ms: int


def trace_player(
    trace: Trace,
    results: Any,
    *,
    name: str,
    caption: str,
    alt: str,
    may_show_programs: bool,
    most_states: int = 60,
    start: int = 0,
) -> str:
    """Write a trace as one HTML element that needs nothing else.

    Parameters
    ----------
    trace : Trace
        The states to show.
    results : Executor or sequence of Result
        What runs the programs, or what running them gave, one for each state.
    name, caption, alt : str
        As for `figure_html`.
    may_show_programs : bool
        Whether programs of this source may be shown: ``run.may_show_programs``; True for simulated students.
    most_states : int
        Of a longer trace, the first, the last and evenly spaced states between are shown.
    start : int
        Index of the state that is shown first; of a longer trace, the nearest one that is shown.
    """
    check_words(name, caption, alt)
    if not may_show_programs:
        raise PcutilsError(
            "this trace may be a person's: a player shows programs, so it takes simulated ones"
        )
    if not 0 <= start < len(trace.programs):
        raise PcutilsError(f"state {start} of a trace with {len(trace.programs)} states: count from 0")
    shown = _spread(len(trace.programs), most_states)
    outcomes = _results_of(results, trace.programs, shown)
    titles = [f"Drawing of attempt {trace.numbers[index]}" for index in shown]
    pictures = light_pictures([outcome.drawing for outcome in outcomes], titles)
    states = zip(shown, [None, *shown[:-1]], outcomes, pictures, strict=True)
    views = [_view(trace, *state) for state in states]
    first = min(range(len(shown)), key=lambda index: abs(shown[index] - start))
    last = {part: "".join(pieces) for part, pieces in views[-1].parts.items()}
    element = Template(resource("player.html")).substitute(
        last | _slider(views),
        alt=escape(visible(alt)),
        attempt=trace.numbers[-1],
        data=_packed(views, first),
        rows=max(view.rows for view in views),
    )
    figure = framed(element, name, visible(caption))
    return f"<style>{resource('player.css')}</style>{figure}<script>{resource('player.js')}</script>"


def _spread(count: int, most: int) -> list[int]:
    """Choose at most `most` of `count` indexes, evenly, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(k * (count - 1) / (most - 1)) for k in range(most)}) if most > 1 else [count - 1]


def _results_of(results: Any, programs: Sequence[str], shown: Sequence[int]) -> list[Any]:
    if hasattr(results, "run"):
        return list(results.run([programs[index] for index in shown]))
    if len(results) != len(programs):
        raise PcutilsError(f"{len(results)} results for {len(programs)} states: give one for each")
    return [results[index] for index in shown]


def _view(
    trace: Trace, index: int, before: int | None, result: Any, picture: tuple[list[str], bool]
) -> _View:
    """Describe one state and the edit since the one shown before it."""
    rows = edit_rows(
        None if before is None else program_lines(trace.programs[before]),
        program_lines(trace.programs[index]),
    )
    first = f"first version, {len(rows)} line{'' if len(rows) == 1 else 's'}"
    edit, message = first if before is None else edit_words(rows), _message(result)
    attempt, gap = f"Attempt {trace.numbers[index]} of {max(trace.numbers)}", _gap_words(trace, index, before)
    ending, runs = OUTCOME_LABELS[state_outcome(result.status, result.error_kind)], result.status == "success"
    sign, kind = ("\N{CHECK MARK}", "runs") if runs else ("\N{MULTIPLICATION X}", "fails")
    end = f'<span class="pc-{kind}">{sign} {ending}</span>'
    parts = {
        "heading": [f"<strong>{attempt}</strong> ", f"<span>{gap}</span> ", end],
        "picture": [*map(visible, picture[0]), "" if picture[1] else _CUT],
        "edit": [edit],
        "program": list(row_pieces(rows)),
        "message": [f"<code>{escape(message)}</code>" if message else ""],
    }
    said = f"{', '.join(filter(None, [attempt, gap]))}: {ending}. {message + '. ' if message else ''}{edit}."
    pause = min(PAUSE_MS + PAUSE_PER_ROW_MS * sum(row.kind != "kept" for row in rows), LONGEST_PAUSE_MS)
    return _View(parts, escape(said), len(rows), not runs, pause)


def _gap_words(trace: Trace, index: int, before: int | None) -> str:
    """Say how long after the state before a state came; nothing where that is unknown."""
    now, then = trace.timestamps[index], None if before is None else trace.timestamps[before]
    if now is None or then is None:
        return ""
    seconds = (now - then).total_seconds()
    if seconds < 0:
        return "clock set back"
    unit, size = next((one for one in _UNITS if seconds >= one[1]), ("s", 1))
    return f"after {seconds / size:.0f} {unit}"


def _message(result: Any) -> str:
    """Return the text of the error, cut where it is long; nothing where the program runs."""
    text = visible((result.message or "").strip()) if result.status != "success" else ""
    return text if len(text) <= MOST_MESSAGE else f"{text[:MOST_MESSAGE]}\N{HORIZONTAL ELLIPSIS}"


def _slider(views: Sequence[_View]) -> dict[str, str]:
    """Fill the slider's part of the template: a tick for each state, a cross or bar where it fails."""
    last = len(views) - 1
    ticks = "".join(
        f'<i{" class=pc-fails" if view.fails else ""} style="left:{100 * index / max(last, 1):.4g}%"></i>'
        for index, view in enumerate(views)
    )
    kind = "pc-single" if last == 0 else "pc-many" if last >= MOST_CROSSES else "pc-few"
    return {"last": str(last), "ticks": ticks, "kind": kind}


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
