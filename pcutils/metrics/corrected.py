"""Corrected definitions of the paper's measures, under their own names."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from pcutils.errors import TraceError
from pcutils.metrics.behaviour import WORDS, backtracking_ratio, release_states
from pcutils.metrics.code import color_counts, comment_lines, function_literals, named_functions, split_code
from pcutils.metrics.edits import LARGE_EDIT_LINES, LINE_CHANGES, edit_distance, levenshtein, line_changes
from pcutils.trace import Trace

LONGEST_WORKING_GAP_SECONDS = 30 * 60
PAPER_COUNTERPARTS = {
    "backtracking_share_levenshtein": "backtracking_ratio_all",
    "backtracking_ratio_no_autojunk": "backtracking_ratio_all",
    "mean_levenshtein_to_last": "mean_edit_distance_from_end_all",
    "first_levenshtein_to_last": "first_to_last_edit_distance_all",
    "mean_levenshtein_step": "mean_sequential_edit_distance_all",
    "comment_lines_last": "num_comments_last",
    "named_functions_last": "num_functions_last",
    "box_in_code_last": "num_occurrences_box_last",
    "await_in_code_last": "num_occurrences_await_last",
    "turtle_in_code_last": "num_occurrences_turtle_last",
    "median_gap_seconds": "mean_time_diff_all",
    "working_seconds": "total_time_all",
    "lines_added_per_step": "edit_mean_lines_added_all",
    "lines_deleted_per_step": "edit_mean_lines_deleted_all",
    "lines_modified_per_step": "edit_mean_lines_modified_all",
    "color_changes_per_step": "edit_mean_color_changes_all",
    "number_changes_per_step": "edit_mean_number_changes_all",
    "comments_added_per_step": "edit_mean_comment_additions_all",
    "functions_added_per_step": "edit_mean_function_additions_all",
    "large_step_share": "edit_mean_num_large_add_all",
}


def corrected_metrics(trace: Trace) -> dict[str, int | float]:
    r"""Measure a trace by corrected definitions.

    Parameters
    ----------
    trace : Trace
        With at least one state.

    Returns
    -------
    dict of str to int or float
        NaN where there is nothing to measure, such as steps in a trace of one state. `PAPER_COUNTERPARTS`
        says which of the paper's measures each one stands beside.

    Raises
    ------
    pcutils.errors.TraceError
        If the trace has no state.

    Notes
    -----
    ``last_is_final`` says whether the last state is the student's last: in a trace cut by a model's context
    window the paper's ``_last`` measures speak of the last state that happened to be complete. What was
    questionable about the others stands with `backtracking_share`, `working_seconds`, `line_changes`,
    `levenshtein` and the counts of `pcutils.metrics.code`. One night between two states moves the paper's
    mean gap, but not the median.

    Examples
    --------
    >>> measures = corrected_metrics(Trace.from_states(["fd 50", "fd 50\ndot red # sun"]))
    >>> measures["mean_levenshtein_step"], measures["comments_added_per_step"]
    (14.0, 1.0)
    """
    if not trace.programs:
        raise TraceError("a trace without states", "at least one", field="programs")
    return {
        "last_is_final": int(trace.is_complete and trace.fragment is None),
        **_distances(trace),
        **_last_state(trace.programs[-1]),
        **_times(trace.timestamps),
        **_steps(trace.programs),
    }


def backtracking_share(programs: Sequence[str]) -> float:
    """Share of a student's steps that led away from the program that the student ended with.

    Parameters
    ----------
    programs : sequence of str
        The states, oldest first.

    Returns
    -------
    float
        From 0 to 1; NaN for fewer than three states, since the step to the last state cannot lead away from
        it.

    Notes
    -----
    The paper's ``backtracking_ratio_all`` divides by one more than the number of steps it compares, gives 0
    where there was no step to compare, and measures distances in a way that overstates them in long
    programs.

    Examples
    --------
    >>> backtracking_share(["fd 5", "fd 50", "fd 500 # far", "fd 50"])
    0.5
    """
    to_last = [levenshtein(program, programs[-1]) for program in programs[:-1]]
    away = [later > earlier for earlier, later in pairwise(to_last)]
    return statistics.fmean(away) if away else float("nan")


def working_seconds(timestamps: Sequence[datetime | None]) -> float:
    """Time that a student plausibly spent at the program.

    Parameters
    ----------
    timestamps : sequence of datetime.datetime or None
        When each state ran.

    Returns
    -------
    float
        Seconds, the sum of the gaps from 0 to `LONGEST_WORKING_GAP_SECONDS`; NaN where no gap is known.

    Notes
    -----
    The paper's ``total_time_all`` is last minus first: one night between two lessons outweighs everything
    else, and a clock that goes back gives negative times.

    Examples
    --------
    >>> lesson = [datetime(2020, 5, 4, 9, 0), datetime(2020, 5, 4, 9, 2), datetime(2020, 5, 5, 9, 0)]
    >>> working_seconds(lesson)
    120.0
    """
    gaps = _gap_seconds(timestamps)
    if not gaps:
        return float("nan")
    return float(sum(gap for gap in gaps if 0 <= gap <= LONGEST_WORKING_GAP_SECONDS))


def _distances(trace: Trace) -> dict[str, int | float]:
    programs, release = trace.programs, release_states(trace).programs
    to_last = [levenshtein(program, programs[-1]) for program in programs[:-1]]
    steps = [levenshtein(*pair) for pair in pairwise(programs)]
    without_autojunk = [edit_distance(program, release[-1], popular_seeds=True) for program in release[:-1]]
    return {
        "backtracking_share_levenshtein": backtracking_share(programs),
        "backtracking_ratio_no_autojunk": backtracking_ratio(without_autojunk),
        "mean_levenshtein_to_last": _mean(to_last),
        "first_levenshtein_to_last": to_last[0] if to_last else float("nan"),
        "mean_levenshtein_step": _mean(steps),
    }


def _last_state(program: str) -> dict[str, int | float]:
    code = split_code(program).code
    return {
        **{f"{word}_in_code_last": len(pattern.findall(code)) for word, pattern in WORDS.items()},
        "comment_lines_last": comment_lines(program),
        "named_functions_last": named_functions(program),
        "function_literals_last": function_literals(program),
        "distinct_colors_last": len(color_counts(program)),
    }


def _times(timestamps: Sequence[datetime | None]) -> dict[str, int | float]:
    gaps = _gap_seconds(timestamps)
    return {
        "median_gap_seconds": statistics.median(gaps) if gaps else float("nan"),
        "working_seconds": working_seconds(timestamps),
    }


def _steps(programs: Sequence[str]) -> dict[str, int | float]:
    steps = [line_changes(*pair) for pair in pairwise(programs)]
    sizes = [step["lines_added"] + step["lines_deleted"] + step["lines_modified"] for step in steps]
    return {
        **{f"{name}_per_step": _mean([step[name] for step in steps]) for name in LINE_CHANGES},
        "large_step_share": _mean([size >= LARGE_EDIT_LINES for size in sizes]),
    }


def _gap_seconds(timestamps: Sequence[datetime | None]) -> list[float]:
    return [
        (later - earlier).total_seconds()
        for earlier, later in pairwise(timestamps)
        if earlier is not None and later is not None
    ]


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else float("nan")
