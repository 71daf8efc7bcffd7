"""The 44 measures of a trace of the paper's release, digit for digit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

from pcutils.errors import TraceError
from pcutils.metrics.registry import MEASURES, Number, States, measure
from pcutils.trace import Trace

WORDS = {word: re.compile(rf"\b{word}\b") for word in ("box", "await", "turtle")}
_FUNCTION = re.compile(r"=\s*->")
_COMMENT_WORD = re.compile(r"(?<!\S)#")
_EDIT_LABELS = {
    "lines_added": "lines added",
    "lines_deleted": "lines deleted",
    "lines_modified": "lines modified",
    "color_changes": "changes of a colour",
    "number_changes": "changes of a number",
    "comment_additions": "comments added",
    "function_additions": "functions added",
    "num_large_add": "large additions",
    "num_large_del": "large deletions",
    "num_small_add": "small additions",
    "num_small_del": "small deletions",
    "num_modify_existing": "edits without additions and deletions",
}
_paper = partial(measure, is_paper=True)
_at_end = partial(_paper, level="program")
_over_states = partial(_paper, level="trace", kind="process")


def trace_metrics(trace: Trace, *, unknown_time_is_nan: bool = False) -> dict[str, Number]:
    r"""Measure a trace as the paper's release does.

    Parameters
    ----------
    trace : Trace
        From text or from a table; both give what the release's code gives for ``format_trace(trace)``.
    unknown_time_is_nan : bool
        Give NaN for year and times where a timestamp is unknown. The release stops there.

    Returns
    -------
    dict of str to int or float
        44 measures. Names ending in ``_last`` speak of the last state, in ``_all`` of all states; times are
        in seconds, distances in characters (`edit_distance`), ``edit_mean_*`` are per state.

    Raises
    ------
    pcutils.errors.TraceError
        If the trace has no state with text at its end, or a timestamp is unknown.

    Notes
    -----
    The paper's release, including what is questionable about it; `corrected_metrics` has corrected
    definitions. A trace that the text form cannot carry is measured on its states as they are.

    Examples
    --------
    >>> from datetime import datetime
    >>> moments = [datetime(2020, 5, 4, 9, 0, 0), datetime(2020, 5, 4, 9, 0, 30)]
    >>> measures = trace_metrics(Trace.from_states(["fd 50", "fd 50\ndot red"], moments))
    >>> measures["trace_length_all"], measures["total_time_all"], measures["edit_sum_lines_added_all"]
    (2, 30.0, 1)
    """
    states = States(trace)
    if None in states.release_timestamps and not unknown_time_is_nan:
        raise TraceError(
            "no date that can be read",
            "YYYY-MM-DD HH:MM:SS",
            row=states.release_timestamps.index(None),
            field="timestamps",
            hint="With unknown_time_is_nan=True the times come out as NaN instead.",
        )
    return {item.name: item.function(states) for item in MEASURES.values() if item.is_paper}


def backtracking_ratio(distances: Sequence[int]) -> float:
    """Share of attempts that moved away from the final program.

    Parameters
    ----------
    distances : sequence of int, shape (n_states - 1,)
        Edit distance of each state but the last to the last one, in characters, oldest first.

    Returns
    -------
    float
        From 0 to just under 1, as the first distance counts but has none before it; 0 for one state.

    Examples
    --------
    >>> backtracking_ratio([9, 4, 6, 1])
    0.25
    """
    if not distances:
        return 0.0
    away = sum(later > earlier for earlier, later in pairwise(distances))
    return away / len(distances)


def count_word(word: str, program: str) -> int:
    """Count a word of `WORDS` in a program, also in comments and strings."""
    return len(WORDS[word].findall(program)) if word in program else 0


def count_functions(program: str) -> int:
    """Count the functions without parameters that are assigned."""
    return len(_FUNCTION.findall(program)) if "->" in program else 0


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0


@_at_end("year", unit="year", kind="final", compared=True)
def trace_year_last(states: States) -> Number:
    """Year of the last state."""
    moment = states.release_timestamps[-1]
    return math.nan if moment is None else moment.year


@_at_end("number in the last header", unit="states", kind="final")
def program_number_last(states: States) -> int:
    """Number in the header of the last state, which a model may get wrong."""
    return states.trace.numbers[len(states.release) - 1]


def _word_at_end(word: str, states: States) -> int:
    return count_word(word, states.release[-1])


for _word in WORDS:
    _at_end(
        f"{_word} at the end", unit="words", kind="final", name=f"num_occurrences_{_word}_last", compared=True
    )(partial(_word_at_end, _word))


@_at_end("functions at the end", unit="functions", kind="style", compared=True)
def num_functions_last(states: States) -> int:
    """Functions without parameters that the last state assigns."""
    return count_functions(states.release[-1])


@_at_end("comments at the end", unit="words", kind="style", compared=True)
def num_comments_last(states: States) -> int:
    """Words of the last state that begin with a hash sign."""
    return len(_COMMENT_WORD.findall(states.release[-1]))


@_over_states("number of attempts", unit="states", compared=True)
def trace_length_all(states: States) -> int:
    """Number of states."""
    return len(states.release)


@_over_states("backtracking", unit="share", compared=True)
def backtracking_ratio_all(states: States) -> float:
    """`backtracking_ratio` by the paper's edit distance."""
    return backtracking_ratio(states.release_to_last)


@_over_states("mean distance to the end", unit="characters")
def mean_edit_distance_from_end_all(states: States) -> float:
    """Mean distance of the states to the last one."""
    return _mean(states.release_to_last)


@_over_states("distance to the end", unit="characters", compared=True)
def first_to_last_edit_distance_all(states: States) -> float:
    """Distance of the first state to the last one."""
    return float(states.release_to_last[0]) if states.release_to_last else 0.0


@_over_states("size of an edit", unit="characters", compared=True)
def mean_sequential_edit_distance_all(states: States) -> float:
    """Mean distance of a state to the next."""
    return _mean(states.release_steps)


@_over_states("time between attempts", unit="seconds", kind="time", compared=True)
def mean_time_diff_all(states: States) -> float:
    """Mean time from a state to the next."""
    return total_time_all(states) / max(1, len(states.release) - 1)


@_over_states("total time", unit="seconds", kind="time", compared=True)
def total_time_all(states: States) -> float:
    """Time from the first state to the last; negative where a clock runs backwards."""
    first, last = states.release_timestamps[0], states.release_timestamps[-1]
    if first is None or last is None or None in states.release_timestamps:
        return math.nan
    return (last - first).total_seconds()


def _sum_over_states(count: Callable[[str], int], states: States) -> int:
    return sum(map(count, states.release))


def _mean_over_states(count: Callable[[str], int], states: States) -> float:
    return _sum_over_states(count, states) / len(states.release)


def _edit_sum(name: str, states: States) -> int:
    return sum(edit[name] for edit in states.release_edits)


def _edit_mean(name: str, states: States) -> float:
    return _edit_sum(name, states) / len(states.release)


_COUNTS: dict[str, tuple[str, str, Callable[[str], int]]] = {
    "num_occurrences_box": ("box", "words", partial(count_word, "box")),
    "num_occurrences_turtle": ("turtle", "words", partial(count_word, "turtle")),
    "num_functions": ("functions", "functions", count_functions),
}
for _name, (_label, _unit, _count) in _COUNTS.items():
    _over_states(f"{_label} in all states", unit=_unit, name=f"sum_{_name}_all")(
        partial(_sum_over_states, _count)
    )
for _name, (_label, _unit, _count) in _COUNTS.items():
    _over_states(f"{_label} per state", unit=f"{_unit} per state", name=f"mean_{_name}_all")(
        partial(_mean_over_states, _count)
    )
for _name, _label in _EDIT_LABELS.items():
    _over_states(f"{_label} in all states", unit="count", name=f"edit_sum_{_name}_all")(
        partial(_edit_sum, _name)
    )
for _name, _label in _EDIT_LABELS.items():
    _over_states(
        _label, unit="count per state", name=f"edit_mean_{_name}_all", compared=_name != "num_modify_existing"
    )(partial(_edit_mean, _name))
