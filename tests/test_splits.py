from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.errors import DataError
from pcutils.splits import SPLITS, check_splits, shared_pairs, split_traces


def table(rows: list[tuple[str, str, str]]) -> Dataset:
    usernames, titles, programs = zip(*rows, strict=True)
    return Dataset.from_dict(
        {"username": usernames, "title": titles, "programs": [[program] for program in programs]}
    )


def class_rows(students: int, titles: int) -> list[tuple[str, str, str]]:
    return [(f"s{s}", f"t{t}", f"fd {s}{t}") for s in range(students) for t in range(titles)]


def groups(rows: list[tuple[str, str, str]], labels: list[str]) -> dict[str, list[tuple[str, str, str]]]:
    found = defaultdict(list)
    for row, label in zip(rows, labels, strict=True):
        found[label].append(row)
    return found


def test_shares_of_a_class_are_as_asked() -> None:
    rows = class_rows(100, 50)
    labels = split_traces(table(rows), students=0.03, titles=0.04, pairs=0.2, validation=0.05, seed=1)
    found = groups(rows, list(labels))
    assert len({student for student, _, _ in found["unseen_student_seen_title"]}) == 3
    assert len({title for _, title, _ in found["seen_student_unseen_title"]}) == 2
    assert len(found["seen_student_seen_title"]) == round(0.2 * 97 * 48)
    assert len(found["unseen_student_unseen_title"]) == 3 * 2
    assert len(found["validation"]) == round(0.05 * (97 * 48 - round(0.2 * 97 * 48)))
    assert shared_pairs(table(rows), labels) == 0


def test_order_of_rows_does_not_matter_but_the_seed_does() -> None:
    rows = class_rows(20, 10)
    labels = dict(zip(rows, split_traces(table(rows), seed=3), strict=True))
    shuffled = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))]
    again = dict(zip(shuffled, split_traces(table(shuffled), seed=3), strict=True))
    other = dict(zip(rows, split_traces(table(rows), seed=4), strict=True))
    assert labels == again
    assert labels != other


names = st.integers(0, 6).map(str)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(names, names, st.sampled_from("abc")), min_size=1, max_size=60), st.integers(0, 5))
def test_splits_never_share_what_they_must_not(rows: list[tuple[str, str, str]], seed: int) -> None:
    try:
        labels = list(
            split_traces(table(rows), students=0.2, titles=0.2, pairs=0.2, validation=0.1, seed=seed)
        )
    except DataError:  # too few traces, see test_too_little_data_says_so
        return
    found = groups(rows, labels)
    assert set(labels) <= set(SPLITS)
    for name, first in found.items():
        for other, second in found.items():
            assert name == other or not set(first) & set(second)
    trained = ({row[part] for row in found["train"]} for part in (0, 1))
    for part, seen_by_training in enumerate(trained):
        learnt = seen_by_training | {row[part] for row in found["validation"]}
        kind = ("student", "title")[part]
        for name in SPLITS[2:]:
            here = {row[part] for row in found[name]}
            if name.startswith("seen") if part == 0 else f"_seen_{kind}" in name:
                assert here <= seen_by_training
            else:
                assert not here & learnt


def test_tiny_class_gets_at_least_one_of_each() -> None:
    labels = split_traces(table(class_rows(4, 4)))
    assert set(labels) == set(SPLITS)


def test_students_of_one_title_give_single_traces() -> None:
    rows = [(f"s{s}", f"t{s % 3}", f"fd {turn}") for s in range(30) for turn in range(5)]
    labels = split_traces(table(rows), titles=0.0, students=0.1, pairs=0.2, validation=0.05)
    found = groups(rows, list(labels))
    assert len(found["seen_student_seen_title"]) == round(0.2 * 27 * 5)
    assert len(found["validation"]) == round(0.05 * (27 * 5 - 27))
    assert shared_pairs(table(rows), labels) > 0


def test_equal_traces_stay_together() -> None:
    rows = [(f"s{s}", "t", "fd 1") for s in range(9) for _ in range(5)] + [
        ("x", "t", "fd 2"),
        ("x", "t", "fd 3"),
    ]
    labels = split_traces(table(rows), titles=0.0, students=0.1, pairs=0.2, validation=0.0)
    for row in set(rows):
        assert len({label for other, label in zip(rows, labels, strict=True) if other == row}) == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [(class_rows(1, 1), "'validation'"), ([("s", "t", "a")] * 9, "'validation'")],
)
def test_too_little_data_says_so(rows: list[tuple[str, str, str]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split_traces(table(rows))


def test_share_out_of_range_says_so() -> None:
    with pytest.raises(DataError, match="below 1"):
        split_traces(table(class_rows(3, 3)), students=1.0)


def test_check_finds_a_leak() -> None:
    from pcutils.splits import Item

    items = [Item("a", "t", b"1"), Item("a", "u", b"2"), Item("b", "t", b"3")]
    check_splits(items, ["train", "seen_student_unseen_title", "unseen_student_seen_title"])
    with pytest.raises(DataError, match="unseen student in training"):
        check_splits([*items, Item("b", "t", b"4")], ["train", "train", "unseen_student_seen_title", "train"])
    with pytest.raises(DataError, match="a trace in two splits"):
        check_splits([items[0], items[0]], ["train", "validation"])
