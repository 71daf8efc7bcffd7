"""The properties of a trace that the book compares, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pcutils.errors import DataError


@dataclass(frozen=True)
class Property:
    """One property of a trace.

    Parameters
    ----------
    name : str
        Short name, used in the names of measures.
    label : str
        In words, for axes and tables.
    column : str
        Column of the run's table of measures.
    final_program : bool
        Whether it is read from the last state alone.
    is_time : bool
        Whether it is in seconds; such values are compared on a logarithmic scale, so that one student who
        came back after a holiday does not decide a correlation.
    """

    name: str
    label: str
    column: str
    final_program: bool = False
    is_time: bool = False


#: Paper section on behaviour; the columns are those of :func:`pcutils.metrics.trace_metrics`.
PROPERTIES = (
    Property("backtracking", "backtracking", "backtracking_ratio_all"),
    Property("attempts", "number of attempts", "trace_length_all"),
    Property("edit_size", "size of an edit", "mean_sequential_edit_distance_all"),
    Property("way_to_go", "distance to the end", "first_to_last_edit_distance_all"),
    Property("lines_added", "lines added", "edit_mean_lines_added_all"),
    Property("lines_deleted", "lines deleted", "edit_mean_lines_deleted_all"),
    Property("lines_modified", "lines modified", "edit_mean_lines_modified_all"),
    Property("large_additions", "large additions", "edit_mean_num_large_add_all"),
    Property("small_additions", "small additions", "edit_mean_num_small_add_all"),
    Property("large_deletions", "large deletions", "edit_mean_num_large_del_all"),
    Property("small_deletions", "small deletions", "edit_mean_num_small_del_all"),
    Property("colour_changes", "changes of a colour", "edit_mean_color_changes_all"),
    Property("number_changes", "changes of a number", "edit_mean_number_changes_all"),
    Property("comment_additions", "comments added", "edit_mean_comment_additions_all"),
    Property("function_additions", "functions added", "edit_mean_function_additions_all"),
    Property("gap", "time between attempts", "mean_time_diff_all", is_time=True),
    Property("total_time", "total time", "total_time_all", is_time=True),
    Property("failing_share", "failing attempts", "failing_share"),
    Property("recovery", "recovery at the next attempt", "recovery_share"),
    Property("year", "year", "trace_year_last", final_program=True),
    Property("comments", "comments at the end", "num_comments_last", final_program=True),
    Property("functions", "functions at the end", "num_functions_last", final_program=True),
    Property("boxes", "box at the end", "num_occurrences_box_last", final_program=True),
    Property("turtles", "turtle at the end", "num_occurrences_turtle_last", final_program=True),
    Property("waits", "await at the end", "num_occurrences_await_last", final_program=True),
    Property("final_runs", "final program runs", "final_runs", final_program=True),
)
#: What the paper's definition of a property is replaced by where :func:`pcutils.metrics.corrected_metrics`
#: mends it.
CORRECTED_COLUMNS = {
    "backtracking": "backtracking_share_levenshtein",
    "edit_size": "mean_levenshtein_step",
    "way_to_go": "first_levenshtein_to_last",
    "lines_added": "lines_added_per_step",
    "lines_deleted": "lines_deleted_per_step",
    "lines_modified": "lines_modified_per_step",
    "colour_changes": "color_changes_per_step",
    "number_changes": "number_changes_per_step",
    "comment_additions": "comments_added_per_step",
    "function_additions": "functions_added_per_step",
    "gap": "median_gap_seconds",
    "total_time": "working_seconds",
    "comments": "comment_lines_last",
    "functions": "named_functions_last",
    "boxes": "box_in_code_last",
    "turtles": "turtle_in_code_last",
    "waits": "await_in_code_last",
}
CORRECTED = tuple(replace(item, column=CORRECTED_COLUMNS.get(item.name, item.column)) for item in PROPERTIES)
LABELS = {item.name: item.label for item in PROPERTIES}
IS_FINAL = {item.name: item.final_program for item in PROPERTIES}


def property_values(measures: pd.DataFrame, properties: tuple[Property, ...] = PROPERTIES) -> pd.DataFrame:
    """Read the properties of each trace.

    Parameters
    ----------
    measures : pandas.DataFrame
        A run's table of measures, one row a trace.
    properties : tuple of Property
        Which ones.

    Returns
    -------
    pandas.DataFrame
        One column of float a property, in the order of `measures`. A trace that was cut before its end has no
        value for the properties of its final program, because what it ends with is not its final program.
        Times are ``log(1 + seconds)``; clocks that run backwards count as no time.

    Raises
    ------
    DataError
        Where a column is missing.
    """
    complete = measures["is_complete"].to_numpy(dtype=bool)
    values = {}
    for item in properties:
        if item.column not in measures:
            raise DataError("no such column", "a column of measures", field=item.column)
        column = pd.to_numeric(measures[item.column]).to_numpy(dtype=float, na_value=np.nan)
        if item.is_time:
            column = np.log1p(np.clip(column, 0, None))
        values[item.name] = np.where(complete, column, np.nan) if item.final_program else column
    return pd.DataFrame(values, index=measures.index)
