"""The four seen/unseen splits: what a model may learn from, and what it is evaluated on.

What is held out is decided by a keyed hash of the names, so the order of the rows does not matter.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pcutils.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset
    from pandas import DataFrame, Series

EVALUATION_SPLITS = (
    "seen_student_seen_title",
    "unseen_student_seen_title",
    "seen_student_unseen_title",
    "unseen_student_unseen_title",
)
SPLITS = ("train", "validation", *EVALUATION_SPLITS)


class Item(NamedTuple):
    """A trace as far as splitting looks at it; equal rows of a table are one item and stay together."""

    username: str
    title: str
    content: bytes


def item_of(username: str, title: str, programs: Sequence[str]) -> Item:
    """Give what splitting needs to know of a trace; some 150 bytes, whatever its length."""
    text = repr(list(programs)).encode("utf-8", "surrogatepass")
    content = hashlib.blake2b(text, digest_size=16).digest()
    return Item(sys.intern(username), sys.intern(title), content)


def split_traces(dataset: Dataset | Mapping[str, Any], **options: Any) -> Series:
    """Say for every trace of a table which split it belongs to.

    The paper holds out 3 % of students, 3 % of titles and 20 % of the remaining pairs. *Seen* means that a
    training trace exists: a pair is held out only while its student and its title keep another one, and a
    student whose every title was held out counts as unseen, as does a title that only held-out students did.
    Where students did too few titles for that, as in the public rollouts, single traces of a pair are held
    out instead.

    Parameters
    ----------
    dataset : datasets.Dataset
        Table of traces.
    students, titles : float
        Share of the students and of the titles that training never sees; above 0 at least one and never all.
    pairs : float
        Share of the remaining (student, title) pairs that become ``seen_student_seen_title``.
    validation : float
        Share of what then remains that chooses the best checkpoint.
    seed : int
        Another seed, another choice.
    published : sequence of str, shape (n_traces,), optional
        The splits that the data were published with, used instead of the shares above; only where none is
        published for validation, `validation` takes its share from training. Where all rows are published for
        training, nothing was split, and the shares apply.

    Returns
    -------
    pandas.Series, shape (n_traces,)
        One of :data:`SPLITS` a row, in row order.

    Raises
    ------
    DataError
        If no trace is left to train on or to validate with, or published splits are of another length, have
        unknown names, or share what they must not.
    """
    columns = (dataset["username"], dataset["title"], dataset["programs"])
    return split_items((item_of(*row) for row in zip(*columns, strict=True)), **options)


def split_items(
    items: Iterable[Item],
    *,
    students: float = 0.03,
    titles: float = 0.03,
    pairs: float = 0.2,
    validation: float = 0.05,
    seed: int = 0,
    published: Sequence[str | None] | Series | None = None,
) -> Series:
    """Split traces as :func:`split_traces` does, without their programs in memory."""
    import pandas

    shares = {"students": students, "titles": titles, "pairs": pairs, "validation": validation}
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise DataError(repr(share), "a share of at least 0 and below 1", field=name)
    table = pandas.DataFrame(list(items), columns=Item._fields)
    if published is not None and any(label != "train" for label in published):
        return _published(table, pandas.Series(list(published), dtype=object), validation, seed)
    distinct = table.drop_duplicates()
    unseen = _held_out(distinct["username"], students, f"{seed}/student")
    usable = distinct[~(unseen | _held_out(distinct["title"], titles, f"{seed}/title"))]
    tested = _choose(usable, pairs, f"{seed}/pair")
    remaining = usable[~tested]
    validated = _choose(remaining, validation, f"{seed}/validation")
    train = remaining[~validated]
    _require(len(train), "train", len(distinct))
    if validation > 0:
        _require(int(validated.sum()), "validation", len(distinct))
    seen = distinct["username"].isin(train["username"]), distinct["title"].isin(train["title"])
    names = [_split_name(*both) for both in zip(*seen, strict=True)]
    labels = pandas.Series(names, index=distinct.index, dtype=object)
    labels[usable.index[tested]] = "seen_student_seen_title"
    labels[remaining.index] = "validation"
    labels[train.index] = "train"
    return _checked(table, _for_all(table, labels), complete=True)


def _held_out(names: Series, share: float, key: str) -> Series:
    """Choose a share of the different names; above 0 at least one and never all."""
    different = list(dict.fromkeys(names))
    count = min(max(1, round(share * len(different))), len(different) - 1) if share > 0 else 0
    ranked = sorted(different, key=lambda name: _digest((name,), key))
    return names.isin(ranked[:count])


def _choose(items: DataFrame, share: float, key: str) -> Series:
    """Choose pairs of student and title, or single items where too few pairs can be held out; above 0 one."""
    import pandas

    pair_of = pandas.Series(
        list(zip(items["username"], items["title"], strict=True)), index=items.index, dtype=object
    )
    if share == 0 or not len(items):
        return pandas.Series(False, index=items.index)
    ranked = sorted(set(pair_of), key=lambda pair: _digest(pair, key))
    wanted = max(1, round(share * len(ranked)))
    whole = _whole_pairs(ranked, wanted)
    chosen = pair_of.isin(whole)
    count = int(chosen.sum())
    missing = round(share * len(items)) - count if len(whole) < wanted else 0
    more = max(missing, int(count == 0))
    if more > 0:
        rank = pair_of.map({pair: place for place, pair in enumerate(ranked)})
        chosen |= items.index.isin(_singles(items[~chosen], rank[~chosen], key)[:more])
    return chosen


def _whole_pairs(ranked: Sequence[tuple[str, str]], wanted: int) -> set[tuple[str, str]]:
    """Choose pairs in their order while every student and every title keeps at least one."""
    students, titles = (Counter(names) for names in zip(*ranked, strict=True))
    chosen: set[tuple[str, str]] = set()
    for student, title in ranked:
        if len(chosen) == wanted:
            break
        if students[student] > 1 and titles[title] > 1:
            chosen.add((student, title))
            students[student] -= 1
            titles[title] -= 1
    return chosen


def _singles(items: DataFrame, rank: Series, key: str) -> list[Any]:
    """Order the items that pairs can give up while they keep one: one of every pair, then the second."""
    place = [_digest(item, key) for item in items.itertuples(index=False)]
    ordered = items.assign(rank=rank, place=place).sort_values(["rank", "place"])
    groups = ordered.groupby("rank")["rank"]
    ordered["turn"] = groups.cumcount()
    kept = ordered[ordered["turn"] < groups.transform("size") - 1]
    return list(kept.sort_values(["turn", "rank"]).index)


def _digest(parts: Iterable[str | bytes], key: str) -> bytes:
    """Place in an order that depends on the key and the names alone."""
    digest = hashlib.blake2b(digest_size=16, key=hashlib.sha256(key.encode()).digest())
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.digest()


def _split_name(sees_student: bool, sees_title: bool) -> str:
    return f"{'seen' if sees_student else 'unseen'}_student_{'seen' if sees_title else 'unseen'}_title"


def _for_all(table: DataFrame, labels: Series) -> Series:
    """Give every row the label of the distinct row that it equals."""
    import pandas

    numbers = table.groupby(list(Item._fields), sort=False).ngroup()
    return pandas.Series(labels.to_numpy()[numbers], dtype=object)


def _published(table: DataFrame, labels: Series, validation: float, seed: int) -> Series:
    """Take published splits as they are; choose traces to validate with where none are."""
    if len(labels) != len(table):
        raise DataError(f"{len(labels)} published splits", f"{len(table)}, one a trace", field="published")
    unknown = int((~labels.isin(SPLITS)).sum())
    if unknown:
        hint = "Without `published` the traces are split afresh."
        expected = "one of " + ", ".join(SPLITS)
        raise DataError(f"{unknown} traces in other splits", expected, field="published", hint=hint)
    result = _checked(table, labels, complete=False)
    distinct = table.drop_duplicates()
    train = distinct[labels[distinct.index] == "train"]
    _require(len(train), "train", len(table))
    if validation == 0 or (labels == "validation").any():
        return result
    chosen = train[_choose(train, validation, f"{seed}/validation")]
    _require(len(chosen), "validation", len(train))
    found = labels[distinct.index]
    found[chosen.index] = "validation"
    return _checked(table, _for_all(table, found), complete=False)


def _checked(table: DataFrame, labels: Series, *, complete: bool) -> Series:
    """Make sure that no split shares with training what it must not; `complete`: seen ones are there."""
    pieces = table.assign(split=labels.to_numpy())
    _forbid(len(pieces.drop_duplicates()) - len(table.drop_duplicates()), "a trace in two splits")
    for name, column in (("student", "username"), ("title", "title")):
        names = {split: set(group) for split, group in pieces.groupby("split")[column]}
        trained = names.get("train", set())
        learnt = trained | names.get("validation", set())
        for split in EVALUATION_SPLITS:
            here = names.get(split, set())
            if f"unseen_{name}" in split:
                _forbid(len(here & learnt), f"an unseen {name} in training")
            elif complete:
                _forbid(len(here - trained), f"a seen {name} without a training trace")
    return labels.reset_index(drop=True).astype("str").rename("split")


def _require(found: int, split: str, available: int) -> None:
    if not found:
        what = f"no trace for the split {split!r} among {available} different ones"
        hint = "Use more students, titles or traces, or lower the held-out shares."
        raise DataError(what, "at least one", hint=hint)


def _forbid(found: int, what: str) -> None:
    if found:
        raise DataError(f"{found} times {what}", "none: the splits must not share it")
