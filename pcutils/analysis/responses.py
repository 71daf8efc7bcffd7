"""What students do after an error: which lines the next edit changes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from pcutils.analysis.description import EDIT_KINDS, STATUS_LABELS
from pcutils.analysis.resampling import RESAMPLES
from pcutils.analysis.shares import student_share
from pcutils.analysis.statistics import Estimate, estimate_table, record
from pcutils.execution import program_hash
from pcutils.metrics import SUCCESS, edit_category, edit_kinds, response_to_error

if TYPE_CHECKING:
    from datasets import Dataset

#: `pcutils.metrics.RESPONSES` in the words of the figures.
RESPONSE_LABELS = {
    "named": "a line with the name in the message",
    "recent": "a line of the last edit",
    "elsewhere": "older lines only",
    "undone": "takes the last edit back",
    "adds": "only adds lines",
    "unchanged": "nothing",
}
AFTER_ERROR, AFTER_RUN = "a program that fails", "a program that runs"


def response_table(dataset: Dataset, programs: pd.DataFrame) -> pd.DataFrame:
    """List the edits between neighbouring states: what came before them, and what they changed.

    Parameters
    ----------
    dataset : datasets.Dataset
        A table of traces.
    programs : pandas.DataFrame
        The run's table of distinct programs.

    Returns
    -------
    pandas.DataFrame
        One row a pair of neighbouring states: `username`; `after` (`AFTER_ERROR` or `AFTER_RUN`); `edit`
        (a value of :data:`pcutils.analysis.description.EDIT_KINDS`); for edits after an error also `error`
        (key of `STATUS_LABELS`), `response` (one of :data:`pcutils.metrics.RESPONSES`) and `repaired`
        (whether the next state runs). No text.
    """
    known = programs.set_index("program_hash")
    status, kinds = known["status"].to_dict(), known["error_kind"].to_dict()
    messages = known["message"].astype(object).where(known["message"].notna(), None).to_dict()
    rows = []
    for username, states in zip(dataset["username"], dataset["programs"], strict=True):
        names = [program_hash(state) for state in states]
        for place, (failing, after) in enumerate(pairwise(states)):
            name, row = names[place], {"username": username, "after": AFTER_RUN}
            row["edit"] = EDIT_KINDS[f"edit_sum_num_{edit_category(edit_kinds(failing, after))}_all"]
            if status[name] != SUCCESS:
                before = states[place - 1] if place else ""
                row |= {
                    "after": AFTER_ERROR,
                    "error": kinds[name] if status[name] == "error" else status[name],
                    "response": response_to_error(before, failing, after, messages[name]),
                    "repaired": float(status[names[place + 1]] == SUCCESS),
                }
            rows.append(row)
    return pd.DataFrame(rows, columns=["username", "after", "edit", "error", "response", "repaired"])


def share_table(
    frame: pd.DataFrame,
    column: str,
    labels: Mapping[str, str],
    *,
    by: str,
    groups: Mapping[str, str],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Shares of the values of a column in groups of rows, with intervals over students.

    Parameters
    ----------
    frame : pandas.DataFrame
        With `username`.
    column : str
        Whose values are counted.
    labels : mapping from str to str
        Its values, in words, in the order of the figure.
    by : str
        Column that makes the groups.
    groups : mapping from str to str
        Its values, in words; a group without a row is left out.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        `value_of` and `label` (a value of the column and its words), `key` and `group` (a group and its
        words), `rows` (how many rows the group has) and an estimate.
    """
    rows = []
    for value, label in labels.items():
        for key, words in groups.items():
            part = frame[frame[by] == key]
            if len(part):
                share = student_share(part[column] == value, part["username"], resamples, seed)
                names = {"value_of": value, "label": label, "key": key, "group": words, "rows": len(part)}
                rows.append(names | vars(share))
    return estimate_table(rows)


def frequent_kinds(kinds: pd.Series, *, fewest: int = 20, most: int = 3) -> dict[str, str]:
    """Choose the kinds of errors that are frequent enough to be shown one by one.

    Parameters
    ----------
    kinds : pandas.Series of str
        Keys of `STATUS_LABELS`.
    fewest, most : int
        How often a kind has to occur, and how many kinds there may be.

    Returns
    -------
    dict of str to str
        Kind to words, most frequent first; the most frequent alone where all are rare.
    """
    counts = kinds.value_counts()
    shown = max(1, int((counts >= fewest).sum()))
    return {str(kind): STATUS_LABELS[str(kind)] for kind in counts.index[: min(shown, most)]}


def record_responses(
    results: Any, edits: pd.DataFrame, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """Add what is edited after an error to a chapter's results.

    Parameters
    ----------
    results : Results
        Of the chapter.
    edits : pandas.DataFrame
        From :func:`response_table`.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    dict of str to Estimate
        ``after_error.<response>`` for each response (share of all edits after an error), and
        ``after_error.<edit>`` and ``after_run.<edit>`` for each kind of edit.
    """
    errors = edits[edits["after"] == AFTER_ERROR]
    draws = {"resamples": resamples, "seed": seed}
    found = {
        f"after_error.{response}": student_share(errors["response"] == response, errors["username"], **draws)
        for response in RESPONSE_LABELS
    }
    for name, part in {"after_error": errors, "after_run": edits[edits["after"] == AFTER_RUN]}.items():
        for words in EDIT_KINDS.values():
            share = student_share(part["edit"] == words, part["username"], **draws)
            found[f"{name}.{words.replace(' ', '_')}"] = share
    for name, estimate in found.items():
        record(results, name, estimate, "share of edits")
    return found
