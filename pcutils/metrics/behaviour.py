"""The paper's 44 measures of a student's behaviour, from one trace."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from pcutils.errors import TraceError
from pcutils.metrics.edits import EDIT_CATEGORIES, EDIT_COUNTS, edit_distance, edit_kinds
from pcutils.trace import Trace

WORDS = {word: re.compile(rf"\b{word}\b") for word in ("box", "await", "turtle")}
_FUNCTION = re.compile(r"=\s*->")
_COMMENT_WORD = re.compile(r"(?<!\S)#")


class ReleaseStates(NamedTuple):
    """The states as the release sees them in the text form.

    Parameters
    ----------
    programs : list of str
        With the newlines that belong to the format, without a blank last one.
    timestamps : sequence of datetime.datetime or None
        When each state ran.
    numbers : sequence of int
        The numbers in the headers.
    """

    programs: list[str]
    timestamps: Sequence[datetime | None]
    numbers: Sequence[int]


def trace_metrics(trace: Trace, *, unknown_time_is_nan: bool = False) -> dict[str, int | float]:
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
    states = release_states(trace)
    return {
        **_last_state(states, unknown_time_is_nan),
        **_distances(states.programs),
        **_times(states.timestamps, unknown_time_is_nan),
        **_occurrences(states.programs),
        **_edits(states.programs),
    }


def backtracking_ratio(distances: Sequence[int]) -> float:
    """Share of attempts that moved away from the final program.

    Parameters
    ----------
    distances : sequence of int, shape (n_states - 1,)
        Edit distance of each state but the last to the last one, in characters, oldest first.

    Returns
    -------
    float
        From 0 to just under 1, as the first distance has none before it but counts. A trace of one state
        has 0.

    Notes
    -----
    The paper's release. `pcutils.metrics.corrected_metrics` divides by the number of comparisons.

    Examples
    --------
    >>> backtracking_ratio([9, 4, 6, 1])
    0.25
    """
    if not distances:
        return 0.0
    away = sum(later > earlier for earlier, later in pairwise(distances))
    return away / len(distances)


def release_states(trace: Trace) -> ReleaseStates:
    """Give the states of a trace as the paper's release sees them once it has parsed the text form.

    Parameters
    ----------
    trace : Trace
        From text or from a table.

    Returns
    -------
    ReleaseStates
        Every program but the last of a complete trace ends in the newline before the next header.

    Raises
    ------
    pcutils.errors.TraceError
        If no state with text is left at the end; the release takes one blank last state away.
    """
    followed = trace.fragment is not None or not trace.is_complete
    last = len(trace.programs) - 1
    programs = [
        program if position in trace.unseparated or (position == last and not followed) else program + "\n"
        for position, program in enumerate(trace.programs)
    ]
    if programs and not programs[-1].strip():
        programs.pop()
    if not programs or not programs[-1].strip():
        raise TraceError(
            f"a trace of {len(trace.programs)} states without text in the last one",
            "at least one state with text at the end",
            hint="Leave such traces out before measuring.",
        )
    count = len(programs)
    return ReleaseStates(programs, trace.timestamps[:count], trace.numbers[:count])


def _last_state(states: ReleaseStates, unknown_time_is_nan: bool) -> dict[str, int | float]:
    last, moment = states.programs[-1], states.timestamps[-1]
    if moment is None and not unknown_time_is_nan:
        raise _unknown_time(len(states.programs) - 1)
    return {
        "trace_year_last": float("nan") if moment is None else moment.year,
        "program_number_last": states.numbers[-1],
        **{f"num_occurrences_{word}_last": _count_word(word, last) for word in WORDS},
        "num_functions_last": _count_functions(last),
        "num_comments_last": len(_COMMENT_WORD.findall(last)),
    }


def _distances(programs: list[str]) -> dict[str, int | float]:
    last = programs[-1]
    to_last = [edit_distance(program, last) for program in programs[:-1]]
    steps = [edit_distance(*pair) for pair in pairwise(programs[:-1])] + to_last[-1:]
    return {
        "trace_length_all": len(programs),
        "backtracking_ratio_all": backtracking_ratio(to_last),
        "mean_edit_distance_from_end_all": _mean(to_last),
        "first_to_last_edit_distance_all": float(to_last[0]) if to_last else 0.0,
        "mean_sequential_edit_distance_all": _mean(steps),
    }


def _times(timestamps: Sequence[datetime | None], unknown_time_is_nan: bool) -> dict[str, int | float]:
    for position, moment in enumerate(timestamps):
        if moment is None and not unknown_time_is_nan:
            raise _unknown_time(position)
    first, last = timestamps[0], timestamps[-1]
    if first is None or last is None or None in timestamps:
        return {"mean_time_diff_all": float("nan"), "total_time_all": float("nan")}
    total = (last - first).total_seconds()
    return {"mean_time_diff_all": total / max(1, len(timestamps) - 1), "total_time_all": total}


def _occurrences(programs: list[str]) -> dict[str, int | float]:
    counts = {
        "num_occurrences_box": [_count_word("box", program) for program in programs],
        "num_occurrences_turtle": [_count_word("turtle", program) for program in programs],
        "num_functions": [_count_functions(program) for program in programs],
    }
    sums: dict[str, int | float] = {f"sum_{name}_all": sum(values) for name, values in counts.items()}
    return sums | {f"mean_{name}_all": _mean(values) for name, values in counts.items()}


def _edits(programs: list[str]) -> dict[str, int | float]:
    names = (*EDIT_COUNTS, *(f"num_{category}" for category in EDIT_CATEGORIES))
    sums = dict.fromkeys(names, 0)
    for before, after in pairwise(programs):
        for name, count in edit_kinds(before, after).items():
            sums[name] += count
    totals: dict[str, int | float] = {f"edit_sum_{name}_all": sums[name] for name in names}
    return totals | {f"edit_mean_{name}_all": sums[name] / len(programs) for name in names}


def _count_word(word: str, program: str) -> int:
    return len(WORDS[word].findall(program)) if word in program else 0


def _count_functions(program: str) -> int:
    return len(_FUNCTION.findall(program)) if "->" in program else 0


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def _unknown_time(position: int) -> TraceError:
    return TraceError(
        "no date that can be read",
        "YYYY-MM-DD HH:MM:SS",
        row=position,
        field="timestamps",
        hint="With unknown_time_is_nan=True the times come out as NaN instead.",
    )
