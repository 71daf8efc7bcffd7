"""The four seen/unseen splits: what a model may learn from, and what it is asked about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pcutils.errors import DataError
from pcutils.holding_out import held_out, spare
from pcutils.items import Item, Items, Names, Places, item_of

if TYPE_CHECKING:
    from datasets import Dataset

EVALUATION_SPLITS = (
    "seen_student_seen_title",
    "unseen_student_seen_title",
    "seen_student_unseen_title",
    "unseen_student_unseen_title",
)
SPLITS = ("train", "validation", *EVALUATION_SPLITS)

PRESETS: dict[str, dict[str, float]] = {
    "paper": {"students": 0.03, "titles": 0.03, "pairs": 0.2, "validation": 0.02},
    "classroom": {"students": 0.1, "titles": 0.1, "pairs": 0.2, "validation": 0.05},
    "rollouts": {"students": 0.1, "titles": 0.2, "pairs": 0.2, "validation": 0.05},
    "smoke": {"students": 0.15, "titles": 0.15, "pairs": 0.2, "validation": 0.1},
}
"""Shares for :func:`split_traces`, by the profile that uses them: the smaller the data, the larger."""
_LEAST_HELD_OUT = 3

_CODES = {name: code for code, name in enumerate(SPLITS)}
_TRAIN, _VALIDATION, _TESTED = 0, 1, 2

Labels = NDArray[np.int8]
"""Places of splits in :data:`SPLITS`; -1 for what is none of them."""

__all__ = [
    "EVALUATION_SPLITS",
    "PRESETS",
    "SPLITS",
    "Item",
    "Items",
    "check_splits",
    "choose_preset",
    "item_of",
    "shared_pairs",
    "split_items",
    "split_traces",
]


def split_traces(dataset: Dataset, **options: Any) -> pd.Series:
    """Say for every trace of a table which split it belongs to.

    Parameters
    ----------
    dataset : datasets.Dataset
        Table of traces.
    **options
        As for :func:`split_items`.

    Returns
    -------
    pandas.Series, shape (n_traces,)
        One of :data:`SPLITS` a row, in row order.

    Raises
    ------
    DataError
        As for :func:`split_items`.
    """
    columns = (dataset["username"], dataset["title"], dataset["programs"])
    return split_items((item_of(*row) for row in zip(*columns, strict=True)), **options)


def split_items(
    items: Items | Iterable[Item],
    *,
    students: float = 0.03,
    titles: float = 0.03,
    pairs: float = 0.2,
    validation: float = 0.05,
    seed: int = 0,
    published: Sequence[str] | pd.Series | None = None,
) -> pd.Series:
    """Say for every trace which split it belongs to.

    Parameters
    ----------
    items : Items or iterable of Item
        One a trace, as :func:`item_of` makes them. A list of them takes far more memory than the column
        :class:`pcutils.items.Items`.
    students, titles : float
        Share of the students and of the titles that training never sees, in [0, 1). A share above 0 holds
        out at least one and never all.
    pairs : float
        Share of the remaining (student, title) pairs that become ``seen_student_seen_title``.
    validation : float
        Share of what then remains that chooses the best checkpoint.
    seed : int
        Another seed, another choice.
    published : sequence of str, shape (n_traces,), optional
        The splits that the data were published with, in row order. They are used as they are, and the shares
        above are not; only where none is published for validation, `validation` takes its share from
        training. Where all rows are published for training, nothing was split, and the shares apply.

    Returns
    -------
    pandas.Series, shape (n_traces,)
        One of :data:`SPLITS` a row, in row order.

    Raises
    ------
    DataError
        If no trace is left to train on or to validate with, or published splits are of another length, have
        unknown names, or share what they must not. That a published "seen" student has no training trace is
        no error: a part of the data may have been loaded.

    Notes
    -----
    The paper holds out 3 % of students, 3 % of titles and 20 % of the remaining pairs. What is held out is
    decided by a keyed hash of the names, so the order of the rows does not matter. *Seen* means that a
    training trace exists: a pair is held out only while its student and its title keep another one, and a
    student whose every title was held out counts as unseen, as does a title that only held-out students did.

    Where students did too few titles for that, as in the public rollouts, which hold five samples of most
    students' only title, single traces of a pair are held out instead; :func:`shared_pairs` counts such
    pairs.
    """
    _check_shares(students=students, titles=titles, pairs=pairs, validation=validation)
    table = Items.of(items)
    if published is not None:
        labels = _codes_of(published)
        if not len(labels) or (labels != _TRAIN).any():
            return _published(table, labels, validation, seed)
    rows, numbers = table.distinct()
    held = (
        held_out(names.distinct, share, f"{seed}/{kind}")[names.codes[rows]]
        for names, share, kind in ((table.students, students, "student"), (table.titles, titles, "title"))
    )
    usable = np.flatnonzero(~np.logical_or(*held))
    tested = spare(table, rows[usable], pairs, f"{seed}/pair")
    remaining = usable[~tested]
    validated = spare(table, rows[remaining], validation, f"{seed}/validation")
    train = remaining[~validated]
    _require(len(train), "train", len(rows))
    if validation > 0:
        _require(int(np.count_nonzero(validated)), "validation", len(rows))
    found = _unseen_or_seen(table, rows, train)
    for places, label in ((usable[tested], _TESTED), (remaining, _VALIDATION), (train, _TRAIN)):
        found[places] = label
    return _checked(table, found[numbers], numbers)


def choose_preset(dataset: Dataset) -> str:
    """Choose shares that fit the size of a table.

    Parameters
    ----------
    dataset : datasets.Dataset
        Table of traces.

    Returns
    -------
    str
        The first of :data:`PRESETS` that holds out at least three students and three titles, else the last.
    """
    sizes = {"students": len(set(dataset["username"])), "titles": len(set(dataset["title"]))}
    for name, shares in PRESETS.items():
        if all(round(shares[part] * size) >= _LEAST_HELD_OUT for part, size in sizes.items()):
            return name
    return list(PRESETS)[-1]


def _codes_of(labels: Sequence[str] | pd.Series) -> Labels:
    return np.fromiter((_CODES.get(label, -1) for label in labels), dtype=np.int8, count=len(labels))


def _published(items: Items, labels: Labels, validation: float, seed: int) -> pd.Series:
    """Take published splits as they are; choose traces to validate with where none are."""
    if len(labels) != len(items):
        raise DataError(f"{len(labels)} published splits", f"{len(items)}, one a trace", field="published")
    unknown = np.count_nonzero(labels < 0)
    if unknown:
        hint = "Without `published` the traces are split afresh."
        expected = "one of " + ", ".join(SPLITS)
        raise DataError(f"{unknown} traces in other splits", expected, field="published", hint=hint)
    rows, numbers = items.distinct()
    result = _checked(items, labels, numbers, complete=False)
    trained = np.flatnonzero(labels[rows] == _TRAIN)
    _require(len(trained), "train", len(items))
    if validation == 0 or (labels == _VALIDATION).any():
        return result
    chosen = trained[spare(items, rows[trained], validation, f"{seed}/validation")]
    _require(len(chosen), "validation", len(trained))
    found = labels[rows]
    found[chosen] = _VALIDATION
    return _checked(items, found[numbers], numbers, complete=False)


def _checked(items: Items, labels: Labels, numbers: Places, *, complete: bool = True) -> pd.Series:
    """Give splits by their names, once they have passed."""
    _check(items, labels, numbers, complete=complete)
    return pd.Series(np.array(SPLITS, dtype=object)[labels], name="split", dtype="str")


def check_splits(
    items: Items | Iterable[Item], labels: Sequence[str] | pd.Series, *, complete: bool = True
) -> None:
    """Make sure that no split shares what it must not share with training.

    Parameters
    ----------
    items : Items or iterable of Item
        One a trace.
    labels : sequence of str
        One of :data:`SPLITS` a trace.
    complete : bool
        Whether all traces of the splits are here, so that a "seen" one must be in training.

    Raises
    ------
    DataError
        If the labels are not one a trace, or unknown; if a trace is in two splits, if an "unseen" student or
        title is in training or validation, or if a "seen" one is missing from training.
    """
    table, codes = Items.of(items), _codes_of(labels)
    if len(codes) != len(table) or (codes < 0).any():
        raise DataError(f"{np.count_nonzero(codes >= 0)} known splits", f"{len(table)}, one a trace")
    _check(table, codes, table.distinct()[1], complete=complete)


def _check(items: Items, labels: Labels, numbers: Places, *, complete: bool) -> None:
    _forbid(_in_several(numbers, labels), "a trace in two splits")
    for name, column in (("student", items.students), ("title", items.titles)):
        present = np.zeros((len(SPLITS), len(column.distinct)), dtype=bool)
        present[labels, column.codes] = True
        trained, learnt = present[_TRAIN], present[_TRAIN] | present[_VALIDATION]
        for split in EVALUATION_SPLITS:
            here = present[_CODES[split]]
            if f"unseen_{name}" in split:
                _forbid(int(np.count_nonzero(here & learnt)), f"an unseen {name} in training")
            elif complete:
                _forbid(int(np.count_nonzero(here & ~trained)), f"a seen {name} without a training trace")


def _in_several(groups: Places, labels: NDArray[np.integer]) -> int:
    """Count the groups of rows that have different labels."""
    base = int(labels.max(initial=0)) + 1
    return int(np.count_nonzero(np.bincount(np.unique(groups * base + labels) // base) > 1))


def shared_pairs(dataset: Dataset, labels: Sequence[str] | pd.Series) -> int:
    """Count the (student, title) pairs that both training and another split have traces of.

    Parameters
    ----------
    dataset : datasets.Dataset
        Table of traces.
    labels : sequence of str
        From :func:`split_traces`.

    Returns
    -------
    int
        0 where whole pairs are held out, as in the paper.
    """
    items, names = Items(), Names()
    for username, title, label in zip(dataset["username"], dataset["title"], labels, strict=True):
        items.append(Item(username, title, b""))
        names.append(label)
    return _in_several(items.pairs()[2], names.codes)


def _check_shares(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise DataError(repr(share), "a share of at least 0 and below 1", field=name)


def _unseen_or_seen(items: Items, rows: Places, train: Places) -> Labels:
    """Label items as if all were held out: by whether training has their student and their title."""
    seen = []
    for names in (items.students, items.titles):
        codes = names.codes[rows]
        learnt = np.zeros(len(names.distinct), dtype=bool)
        learnt[codes[train]] = True
        seen.append(learnt[codes])
    labels = [[_CODES[_split_name(student, title)] for title in (False, True)] for student in (False, True)]
    return np.array(labels, dtype=np.int8)[seen[0].astype(np.intp), seen[1].astype(np.intp)]


def _split_name(sees_student: bool, sees_title: bool) -> str:
    return f"{'seen' if sees_student else 'unseen'}_student_{'seen' if sees_title else 'unseen'}_title"


def _require(found: int, split: str, available: int) -> None:
    if not found:
        raise DataError(
            f"no trace for the split {split!r} among {available} different ones",
            "at least one",
            hint="Use more students, titles or traces, or lower the held-out shares.",
        )


def _forbid(found: int, what: str) -> None:
    if found:
        raise DataError(f"{found} times {what}", "none: the splits must not share it")
