"""The four seen/unseen splits: what a model may learn from, and what it is asked about."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from pcutils.errors import DataError

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

Pair = tuple[str, str]


class Item(NamedTuple):
    """A trace as far as splitting looks at it; equal rows of a table are one item and stay together."""

    username: str
    title: str
    content: bytes

    @property
    def pair(self) -> Pair:
        """Student and title."""
        return self.username, self.title


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
    return split_items([item_of(*row) for row in zip(*columns, strict=True)], **options)


def item_of(username: str, title: str, programs: Sequence[str]) -> Item:
    """Give what splitting needs to know of a trace; some 300 bytes, whatever its length."""
    text = repr(list(programs)).encode("utf-8", "surrogatepass")
    return Item(sys.intern(username), sys.intern(title), hashlib.blake2b(text, digest_size=16).digest())


def split_items(
    items: Sequence[Item],
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
    items : sequence of Item
        One a trace, as :func:`item_of` makes them.
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
    if published is not None and set(published) != {"train"}:
        return _published(items, list(published), validation, seed)
    distinct = sorted(set(items))
    held_students = _held_out({item.username for item in distinct}, students, f"{seed}/student")
    held_titles = _held_out({item.title for item in distinct}, titles, f"{seed}/title")
    usable = [
        item for item in distinct if item.username not in held_students and item.title not in held_titles
    ]
    tested = _spare(usable, pairs, f"{seed}/pair")
    remaining = [item for item in usable if item not in tested]
    validated = _spare(remaining, validation, f"{seed}/validation")
    train = set(remaining) - validated
    _require(train, "train", len(distinct))
    if validation > 0:
        _require(validated, "validation", len(distinct))
    labels = _label(distinct, train, validated, tested)
    result = pd.Series([labels[item] for item in items], name="split", dtype="str")
    check_splits(items, result)
    return result


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


def _published(items: Sequence[Item], labels: list[str], validation: float, seed: int) -> pd.Series:
    """Take published splits as they are; choose traces to validate with where none are."""
    if len(labels) != len(items):
        raise DataError(f"{len(labels)} published splits", f"{len(items)}, one a trace", field="published")
    unknown = sum(label not in SPLITS for label in labels)
    if unknown:
        hint = "Without `published` the traces are split afresh."
        expected = "one of " + ", ".join(SPLITS)
        raise DataError(f"{unknown} traces in other splits", expected, field="published", hint=hint)
    check_splits(items, labels, complete=False)
    trained = sorted({item for item, label in zip(items, labels, strict=True) if label == "train"})
    _require(trained, "train", len(items))
    if validation > 0 and "validation" not in labels:
        chosen = _spare(trained, validation, f"{seed}/validation")
        _require(chosen, "validation", len(trained))
        pairs = zip(items, labels, strict=True)
        labels = ["validation" if item in chosen else label for item, label in pairs]
        check_splits(items, labels, complete=False)
    return pd.Series(labels, name="split", dtype="str")


def check_splits(items: Iterable[Item], labels: Sequence[str] | pd.Series, *, complete: bool = True) -> None:
    """Make sure that no split shares what it must not share with training.

    Parameters
    ----------
    items : iterable of Item
        One a trace.
    labels : sequence of str
        One of :data:`SPLITS` a trace.
    complete : bool
        Whether all traces of the splits are here, so that a "seen" one must be in training.

    Raises
    ------
    DataError
        If a trace is in two splits, if an "unseen" student or title is in training or validation, or if a
        "seen" one is missing from training.
    """
    members: dict[str, set[Item]] = {name: set() for name in SPLITS}
    for item, label in zip(items, labels, strict=True):
        members[label].add(item)
    counts = Counter(item for group in members.values() for item in group)
    _forbid([item for item, count in counts.items() if count > 1], "a trace in two splits")
    for field in ("username", "title"):
        name = "student" if field == "username" else field
        trained, learnt = (
            {getattr(item, field) for item in group}
            for group in (members["train"], members["train"] | members["validation"])
        )
        for split in EVALUATION_SPLITS:
            here = {getattr(item, field) for item in members[split]}
            if f"unseen_{name}" in split:
                _forbid(here & learnt, f"an unseen {name} in training")
            elif complete:
                _forbid(here - trained, f"a seen {name} without a training trace")


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
    splits = defaultdict(set)
    for username, title, label in zip(dataset["username"], dataset["title"], labels, strict=True):
        splits[username, title].add(label)
    return sum(len(found) > 1 for found in splits.values())


def _check_shares(**shares: float) -> None:
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise DataError(repr(share), "a share of at least 0 and below 1", field=name)


def _place(parts: Iterable[str | bytes], key: str) -> bytes:
    """Place in an order that depends on the key and the names alone."""
    digest = hashlib.blake2b(digest_size=16, key=hashlib.sha256(key.encode()).digest())
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.digest()


def _held_out(names: Collection[str], share: float, key: str) -> set[str]:
    if share == 0:
        return set()
    ranked = sorted(names, key=lambda name: _place([name], key))
    return set(ranked[: min(max(1, round(share * len(ranked))), len(ranked) - 1)])


def _spare(items: Sequence[Item], share: float, key: str) -> set[Item]:
    """Choose whole pairs, and single traces where too few whole pairs can be spared."""
    if share == 0:
        return set()
    groups: dict[Pair, list[Item]] = defaultdict(list)
    for item in sorted(items, key=lambda item: _place(item, key)):
        groups[item.pair].append(item)
    ranked = sorted(groups, key=lambda pair: _place(pair, key))
    wanted = max(1, round(share * len(ranked)))
    whole = _whole_pairs(ranked, wanted)
    chosen = {item for pair in whole for item in groups[pair]}
    missing = round(share * len(items)) - len(chosen) if len(whole) < wanted else 0
    left = [groups[pair] for pair in ranked if pair not in whole]
    most = max(map(len, left), default=0)
    singles = (group[turn] for turn in range(most) for group in left if turn < len(group) - 1)
    chosen.update(item for _, item in zip(range(max(missing, not chosen)), singles, strict=False))
    return chosen


def _whole_pairs(ranked: Sequence[Pair], wanted: int) -> set[Pair]:
    """Choose pairs while every student and every title keeps at least one."""
    left = Counter(student for student, _ in ranked), Counter(title for _, title in ranked)
    chosen: set[Pair] = set()
    for student, title in ranked:
        if len(chosen) == wanted:
            break
        if left[0][student] > 1 and left[1][title] > 1:
            chosen.add((student, title))
            left[0][student] -= 1
            left[1][title] -= 1
    return chosen


def _label(
    distinct: Iterable[Item], train: set[Item], validated: set[Item], tested: set[Item]
) -> dict[Item, str]:
    students, titles = {item.username for item in train}, {item.title for item in train}
    labels = dict.fromkeys(train, "train") | dict.fromkeys(validated, "validation")
    labels |= dict.fromkeys(tested, "seen_student_seen_title")
    for item in distinct:
        if item not in labels:
            student = "seen" if item.username in students else "unseen"
            title = "seen" if item.title in titles else "unseen"
            labels[item] = f"{student}_student_{title}_title"
    return labels


def _require(found: Collection[Item], split: str, available: int) -> None:
    if not found:
        raise DataError(
            f"no trace for the split {split!r} among {available} different ones",
            "at least one",
            hint="Use more students, titles or traces, or lower the held-out shares.",
        )


def _forbid(found: Collection[object], what: str) -> None:
    if found:
        raise DataError(f"{len(found)} times {what}", "none: the splits must not share it")
