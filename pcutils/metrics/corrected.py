"""Corrected definitions of the paper's measures, under their own names."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import pairwise

from pcutils.metrics.code import color_counts, comment_lines, named_functions, split_code
from pcutils.metrics.edits import edit_distance, levenshtein
from pcutils.metrics.paper import WORDS, backtracking_ratio, count_word
from pcutils.metrics.registry import MEASURES, Number, States, measure, value_or_nan
from pcutils.trace import Trace

LONGEST_WORKING_GAP_SECONDS = 30 * 60
_NAN = float("nan")
_at_end = partial(measure, level="program")
_over_states = partial(measure, level="trace", kind="process")


def corrected_metrics(trace: Trace) -> dict[str, Number]:
    r"""Measure a trace by corrected definitions.

    Parameters
    ----------
    trace : Trace
        With at least one state.

    Returns
    -------
    dict of str to int or float
        NaN where there is nothing to measure, such as steps in a trace of one state. `Measure.corrects` says
        which of the paper's measures each one corrects.

    Raises
    ------
    pcutils.errors.TraceError
        If the trace has no state.

    Examples
    --------
    >>> measures = corrected_metrics(Trace.from_states(["fd 50", "fd 50\ndot red # sun"]))
    >>> measures["mean_levenshtein_step"], measures["comments_added_per_step"]
    (14.0, 1.0)
    """
    states = States(trace)
    wanted = (item for item in MEASURES.values() if not item.is_paper and not item.needs_outcomes)
    return {item.name: value_or_nan(item, states) for item in wanted}


def _gap_seconds(timestamps: Sequence[datetime | None]) -> list[float]:
    return [
        (later - earlier).total_seconds()
        for earlier, later in pairwise(timestamps)
        if earlier is not None and later is not None
    ]


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else _NAN


@_over_states("steps that lead away", unit="share", corrects="backtracking_ratio_all")
def backtracking_share_levenshtein(states: States) -> float:
    """Share of steps that led away from the last program; NaN for fewer than three states.

    The paper's ratio divides by one more than the number of steps it compares, gives 0 where there was no
    step to compare, and overstates distances in long programs.
    """
    return _mean([later > earlier for earlier, later in pairwise(states.to_last)])


@_over_states("backtracking without autojunk", unit="share", corrects="backtracking_ratio_all")
def backtracking_ratio_no_autojunk(states: States) -> float:
    """The paper's ratio, with distances in which any character may start a match."""
    *others, last = states.release
    return backtracking_ratio([edit_distance(program, last, popular_seeds=True) for program in others])


@_over_states(
    "Levenshtein distance to the end", unit="characters", corrects="first_to_last_edit_distance_all"
)
def first_levenshtein_to_last(states: States) -> float:
    """Distance of the first state to the last one."""
    return states.to_last[0] if states.to_last else _NAN


@_over_states("Levenshtein size of an edit", unit="characters", corrects="mean_sequential_edit_distance_all")
def mean_levenshtein_step(states: States) -> float:
    """Mean distance of a state to the next."""
    return _mean([levenshtein(*pair) for pair in pairwise(states.programs)])


def _word_in_code(word: str, states: States) -> int:
    return count_word(word, split_code(states.last).code)


for _word in WORDS:
    _at_end(
        f"{_word} in code at the end",
        unit="words",
        kind="final",
        name=f"{_word}_in_code_last",
        corrects=f"num_occurrences_{_word}_last",
    )(partial(_word_in_code, _word))


@_at_end("comment lines at the end", unit="lines", kind="style", corrects="num_comments_last")
def comment_lines_last(states: States) -> int:
    """`comment_lines` of the last state."""
    return comment_lines(states.last)


@_at_end("named functions at the end", unit="functions", kind="style", corrects="num_functions_last")
def named_functions_last(states: States) -> int:
    """`named_functions` of the last state."""
    return named_functions(states.last)


@_at_end("colours at the end", unit="colours", kind="final")
def distinct_colors_last(states: States) -> int:
    """Number of different colour names in the last state."""
    return len(color_counts(states.last))


@_over_states("median time between attempts", unit="seconds", kind="time", corrects="mean_time_diff_all")
def median_gap_seconds(states: States) -> float:
    """Median time from a state to the next."""
    gaps = _gap_seconds(states.timestamps)
    return statistics.median(gaps) if gaps else _NAN


@_over_states("working time", unit="seconds", kind="time", corrects="total_time_all")
def working_seconds(states: States) -> float:
    """Sum of the gaps from 0 to `LONGEST_WORKING_GAP_SECONDS`.

    The paper's total is last minus first: one night between two lessons outweighs everything else, and a
    clock that goes back gives negative times.
    """
    gaps = _gap_seconds(states.timestamps)
    return float(sum(gap for gap in gaps if 0 <= gap <= LONGEST_WORKING_GAP_SECONDS)) if gaps else _NAN


def _changes_per_step(name: str, states: States) -> float:
    return _mean([step[name] for step in states.changes])


_CHANGES = {
    "lines_added": ("lines added per step", "lines_added"),
    "lines_deleted": ("lines deleted per step", "lines_deleted"),
    "lines_modified": ("lines modified per step", "lines_modified"),
    "color_changes": ("changes of a colour per step", "color_changes"),
    "number_changes": ("changes of a number per step", "number_changes"),
    "comments_added": ("comments added per step", "comment_additions"),
    "functions_added": ("functions added per step", "function_additions"),
}
for _name, (_label, _corrected) in _CHANGES.items():
    _over_states(
        _label, unit="lines per step", name=f"{_name}_per_step", corrects=f"edit_mean_{_corrected}_all"
    )(partial(_changes_per_step, _name))
