import hashlib
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.data import SPLITS, item_of, split_items, split_traces
from pcutils.data.splits import Item
from pcutils.errors import DataError

PAPER = {"students": 0.03, "titles": 0.03, "pairs": 0.2, "validation": 0.02}
CLASSROOM = {"students": 0.1, "titles": 0.1, "pairs": 0.2, "validation": 0.05}
SMOKE = {"students": 0.15, "titles": 0.15, "pairs": 0.2, "validation": 0.1}


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


def shared_pairs(rows: list[tuple[str, str, str]], labels: pd.Series) -> int:
    """Count the (student, title) pairs that both training and another split have traces of."""
    found = defaultdict(set)
    for (student, title, _), label in zip(rows, labels, strict=True):
        found[student, title].add(label)
    return sum(len(splits) > 1 for splits in found.values())


def test_shares_of_a_class_are_as_asked() -> None:
    rows = class_rows(100, 50)
    labels = split_traces(table(rows), students=0.03, titles=0.04, pairs=0.2, validation=0.05, seed=1)
    found = groups(rows, list(labels))
    assert len({student for student, _, _ in found["unseen_student_seen_title"]}) == 3
    assert len({title for _, title, _ in found["seen_student_unseen_title"]}) == 2
    assert len(found["seen_student_seen_title"]) == round(0.2 * 97 * 48)
    assert len(found["unseen_student_unseen_title"]) == 3 * 2
    assert len(found["validation"]) == round(0.05 * (97 * 48 - round(0.2 * 97 * 48)))
    assert shared_pairs(rows, labels) == 0


def test_order_of_rows_does_not_matter_but_the_seed_does() -> None:
    rows = class_rows(20, 10)
    labels = dict(zip(rows, split_traces(table(rows), seed=3), strict=True))
    shuffled = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))]
    again = dict(zip(shuffled, split_traces(table(shuffled), seed=3), strict=True))
    other = dict(zip(rows, split_traces(table(rows), seed=4), strict=True))
    assert labels == again
    assert labels != other


names = st.integers(0, 6).map(str)


@settings(max_examples=60)
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


def test_students_of_one_title_give_single_traces() -> None:
    rows = [(f"s{s}", f"t{s % 3}", f"fd {turn}") for s in range(30) for turn in range(5)]
    labels = split_traces(table(rows), titles=0.0, students=0.1, pairs=0.2, validation=0.05)
    found = groups(rows, list(labels))
    assert len(found["seen_student_seen_title"]) == round(0.2 * 27 * 5)
    assert len(found["validation"]) == round(0.05 * (27 * 5 - 27))
    assert shared_pairs(rows, labels) > 0


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


def published_class() -> tuple[list[tuple[str, str, str]], list[str]]:
    rows = class_rows(12, 10)
    return rows, list(split_traces(table(rows), **CLASSROOM, seed=7))


def test_published_splits_are_used_as_they_are() -> None:
    rows, labels = published_class()
    for published in (labels, pd.Series(labels, index=range(5, 5 + len(labels)))):
        again = split_traces(table(rows), students=0.5, titles=0.5, pairs=0.9, seed=1, published=published)
        assert list(again) == labels
        assert again.name == "split"
        assert list(again.index) == list(range(len(rows)))


def test_validation_is_taken_from_training_where_none_is_published() -> None:
    rows, labels = published_class()
    published = ["train" if label == "validation" else label for label in labels]
    chosen = split_traces(table(rows), validation=0.1, published=published)
    for before, after in zip(published, chosen, strict=True):
        assert after == before or (before, after) == ("train", "validation")
    assert (chosen == "validation").sum() == round(0.1 * published.count("train"))
    assert list(split_traces(table(rows), validation=0.0, published=published)) == published
    back = split_traces(table(rows[::-1]), validation=0.1, published=published[::-1])
    assert list(back)[::-1] == list(chosen)


def test_data_published_for_training_alone_are_split() -> None:
    rows, _ = published_class()
    assert list(split_traces(table(rows), published=["train"] * len(rows))) == list(split_traces(table(rows)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda labels: labels[1:], "119 published splits, expected 120"),
        (
            lambda labels: ["test" if label == "validation" else label for label in labels],
            "traces in other splits",
        ),
        (lambda labels: [None, *labels[1:]], "1 traces in other splits"),
        (
            lambda labels: [
                "train" if "unseen" in label and n % 2 else label for n, label in enumerate(labels)
            ],
            "unseen",
        ),
        (lambda labels: [label.replace("train", "seen_student_seen_title") for label in labels], "'train'"),
    ],
)
def test_published_splits_that_cannot_be_used(change: object, message: str) -> None:
    rows, labels = published_class()
    assert callable(change)
    with pytest.raises(DataError, match=message):
        split_traces(table(rows), published=change(labels))


def test_a_published_trace_in_two_splits_is_a_leak() -> None:
    rows, labels = published_class()
    place = labels.index("seen_student_seen_title")
    with pytest.raises(DataError, match="a trace in two splits"):
        split_traces(table([*rows, rows[place]]), published=[*labels, "train"])


def many_items(count: int) -> list[Item]:
    """Made-up items: titles with a long tail, some students of one title, some traces twice."""
    chance = np.random.default_rng(0)
    students, titles = chance.integers(0, count // 4, count), (chance.random(count) ** 4 * 40).astype(int)
    titles[students % 5 == 0] = 3
    return [
        item_of(f"s{s}", f"t{t}", [f"fd {n % 7}"])
        for n, (s, t) in enumerate(zip(students, titles, strict=True))
    ]


def test_the_choice_stays_what_it_was() -> None:
    """Who has split a table once gets the same splits from every later version."""
    labels = split_items(many_items(4000), **PAPER, seed=3)
    digest = hashlib.sha256("|".join(labels).encode()).hexdigest()
    assert digest[:16] == "66626e16ffdff128"
    few_titles = split_items(many_items(4000), students=0.1, titles=0.0, pairs=0.6, validation=0.5, seed=3)
    assert hashlib.sha256("|".join(few_titles).encode()).hexdigest()[:16] == "4fbe01869bb5327b"
