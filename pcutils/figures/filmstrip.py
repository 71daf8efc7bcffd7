"""A trace as a strip of pictures: what each attempt drew, how it ended, and which lines changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from typing import Any

from pcutils.errors import PcutilsError
from pcutils.execution.drawing.frame import Frame
from pcutils.figures.frames import shared_frames
from pcutils.figures.page import check_words, figure_html, put_on_page
from pcutils.metrics.matching import line_differences
from pcutils.pipeline import publication
from pcutils.trace import Trace

#: Changed lines of one attempt that are shown before "and ... more".
MOST_LINES = 6
DRAWING_SIZE = (180, 135)

_STYLE = """<style>
.pc-strip{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.8rem;
list-style:none;padding:0;margin:0}
.pc-strip li{border:1px solid color-mix(in srgb,currentColor 30%,transparent);border-radius:.4rem;
padding:.5rem;margin:0;min-width:0}
.pc-strip svg{display:block;background:#fff;width:100%;height:auto;max-width:12rem;margin:.3rem auto}
.pc-strip p{margin:0;font-size:.85em}
.pc-strip pre{margin:.3rem 0 0;padding:0;font-size:.75em;white-space:pre-wrap;overflow-wrap:anywhere;
background:transparent;border:0;color:inherit}
.pc-strip ins{text-decoration:none;font-weight:600}
.pc-strip del{opacity:.8}
</style>"""
_ENDINGS = {
    "success": "\N{CHECK MARK} runs",
    "timeout": "\N{MULTIPLICATION X} takes too long",
    "limit": "\N{MULTIPLICATION X} grows too large",
}
_ERRORS = {
    "compile": "cannot be read",
    "name": "unknown name",
    "type": "wrong kind of value",
    "argument": "value out of range",
}


def filmstrip(trace: Trace, results: Any, *, caption: str, alt: str, **options: Any) -> None:
    """Display a trace as a strip of pictures that wraps on a narrow screen.

    Parameters
    ----------
    trace, results, caption, alt, **options
        As for :func:`filmstrip_html`.

    Raises
    ------
    PcutilsError
        As for :func:`filmstrip_html`.
    """
    html = filmstrip_html(trace, results, caption=caption, alt=alt, **options)
    put_on_page(html, f"{caption}\n\n{alt}")


def filmstrip_html(
    trace: Trace,
    results: Any,
    *,
    name: str,
    caption: str,
    alt: str,
    made_up: bool,
    most_states: int = 12,
) -> str:
    """Write a trace as a strip of pictures.

    Parameters
    ----------
    trace : Trace
        The states to show.
    results : Executor or sequence of Result
        What runs the programs, or what running them gave, one for each state.
    name, caption, alt : str
        As for :func:`pcutils.figures.show`.
    made_up : bool
        Whether a made-up student wrote the trace. Programs of people are never shown.
    most_states : int
        Of a longer trace, the first, the last and evenly spaced ones between are shown.

    Returns
    -------
    str
        Style and figure.

    Raises
    ------
    PcutilsError
        Where the trace is not made up, has no state, or the results do not fit.
    """
    check_words(name, caption, alt)
    check_showable(trace, made_up, "filmstrip")
    shown = spread(len(trace.programs), most_states)
    outcomes = outcomes_of(results, trace.programs, shown)
    frames = shared_frames([outcome.drawing for outcome in outcomes])
    cards, before = [], None
    for index, outcome, frame in zip(shown, outcomes, frames, strict=True):
        cards.append(_card(trace, index, before, outcome, frame))
        before = index
    strip = f'<ol class="pc-strip" aria-label="{escape(alt)}">{"".join(cards)}</ol>'
    return _STYLE + figure_html(strip, name=name, caption=caption)


def spread(count: int, most: int) -> list[int]:
    """Choose at most `most` of `count` positions, evenly, the first and the last among them.

    Examples
    --------
    >>> spread(3, 12), spread(10, 4)
    ([0, 1, 2], [0, 3, 6, 9])
    """
    if count <= most:
        return list(range(count))
    if most < 2:
        return [count - 1]
    return sorted({round(place * (count - 1) / (most - 1)) for place in range(most)})


def time_words(gap: timedelta) -> str:
    """Write a span of time as a person would.

    Examples
    --------
    >>> time_words(timedelta(seconds=42)), time_words(timedelta(minutes=130)), time_words(timedelta(days=3))
    ('42 s', '2 h', '3 days')
    """
    seconds = gap.total_seconds()
    if seconds < 0:
        return "clock set back"
    for unit, size in (("day", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}" + ("s" if unit == "day" and count > 1 else "")
    return f"{seconds:.0f} s"


def check_showable(trace: Trace, made_up: bool, what: str) -> None:
    """Refuse a trace that nobody may see, or in which there is nothing to see.

    Parameters
    ----------
    trace : Trace
        The states to show.
    made_up : bool
        Whether a made-up student wrote it.
    what : str
        What would show it, for the message.

    Raises
    ------
    PcutilsError
        Where the trace is not made up, has no state, or turns out to be from a run whose students must not be
        seen, whatever `made_up` says.
    """
    if not made_up:
        raise PcutilsError(
            f"this trace may be a person's: a {what} shows programs, so only made-up traces go in"
        )
    publication.check_trace(trace.username, trace.programs)
    if not trace.programs:
        raise PcutilsError(f"a trace without a state has no {what}")


def outcomes_of(results: Any, programs: Sequence[str], shown: Sequence[int]) -> list[Any]:
    """Get the results of the states that are shown.

    Parameters
    ----------
    results : Executor or sequence of Result
        What runs the programs, or what running all of them gave.
    programs : sequence of str
        All states of the trace.
    shown : sequence of int
        Positions of those that are shown.

    Returns
    -------
    list of Result, shape (n_shown,)

    Raises
    ------
    PcutilsError
        Where there is not one result for each state.
    """
    if hasattr(results, "run"):
        return list(results.run([programs[index] for index in shown]))
    if len(results) != len(programs):
        raise PcutilsError(f"{len(results)} results for {len(programs)} states: give one for each")
    return [results[index] for index in shown]


def _card(trace: Trace, index: int, before: int | None, outcome: Any, frame: Frame) -> str:
    title = f"Drawing of attempt {trace.numbers[index]}"
    drawing = outcome.drawing.to_svg(title=title, size=DRAWING_SIZE, frame=frame)
    gap = gap_words(trace, index, before)
    heading = f"<strong>Attempt {trace.numbers[index]}</strong>{' ' + gap if gap else ''}"
    changes = _changes("" if before is None else trace.programs[before], trace.programs[index])
    return f"<li><p>{heading}</p>{drawing}<p>{escape(ending(outcome))}</p><pre>{changes}</pre></li>"


def ending(outcome: Any) -> str:
    """Say in words how a program ended."""
    if outcome.status in _ENDINGS:
        return _ENDINGS[outcome.status]
    return f"\N{MULTIPLICATION X} {_ERRORS.get(outcome.error_kind, 'fails')}"


def gap_words(trace: Trace, index: int, before: int | None) -> str:
    """Say how long after another state a state came; nothing where that is unknown.

    Examples
    --------
    >>> from datetime import datetime
    >>> times = datetime(2026, 1, 1, 10, 0), datetime(2026, 1, 1, 10, 2)
    >>> trace = Trace.from_states(["fd 9", "fd 10"], times)
    >>> gap_words(trace, 1, 0), gap_words(trace, 0, None)
    ('after 2 min', '')
    """
    if before is None:
        return ""
    now, then = trace.timestamps[index], trace.timestamps[before]
    return f"after {time_words(now - then)}" if now and then else ""


def _changes(before: str, after: str) -> str:
    changed = [
        change for change in line_differences(before.splitlines(), after.splitlines()) if change[1].strip()
    ]
    lines = [
        f"<ins>+ {escape(line)}</ins>" if sign == "+" else f"<del>\N{MINUS SIGN} {escape(line)}</del>"
        for sign, line in changed[:MOST_LINES]
    ]
    rest = len(changed) - MOST_LINES
    return "\n".join(lines + ([f"and {rest} more lines"] if rest > 0 else []))
