from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tracemalloc
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.errors import DataError
from pcutils.pipeline.profiles import load_profile
from pcutils.splits import (
    PRESETS,
    SPLITS,
    Item,
    Items,
    check_splits,
    choose_preset,
    item_of,
    shared_pairs,
    split_items,
    split_traces,
)

ROOT = Path(__file__).resolve().parents[1]


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
    items = [Item("a", "t", b"1"), Item("a", "u", b"2"), Item("b", "t", b"3")]
    check_splits(items, ["train", "seen_student_unseen_title", "unseen_student_seen_title"])
    with pytest.raises(DataError, match="unseen student in training"):
        check_splits([*items, Item("b", "t", b"4")], ["train", "train", "unseen_student_seen_title", "train"])
    with pytest.raises(DataError, match="a trace in two splits"):
        check_splits([items[0], items[0]], ["train", "validation"])
    for labels in (["train"], ["train", "train", "test"]):
        with pytest.raises(DataError, match="expected 3, one a trace"):
            check_splits(items, labels)


@settings(max_examples=40)
@given(st.data(), st.lists(st.tuples(names, names, st.sampled_from("abc")), min_size=12, max_size=50))
def test_any_order_of_rows_gives_the_same_splits(
    data: st.DataObject, rows: list[tuple[str, str, str]]
) -> None:
    shuffled = data.draw(st.permutations(rows))
    shares = PRESETS["smoke"]
    try:
        labels = dict(zip(rows, split_traces(table(rows), **shares), strict=True))
    except DataError:
        with pytest.raises(DataError):
            split_traces(table(shuffled), **shares)
        return
    assert labels == dict(zip(shuffled, split_traces(table(shuffled), **shares), strict=True))


def test_another_process_gives_the_same_splits() -> None:
    code = (
        "from pcutils.splits import split_traces; "
        "rows = [(s, t) for s in range(9) for t in range(8)]; "
        "columns = {'username': [f's{s}' for s, _ in rows], 'title': [f't{t}' for _, t in rows]}; "
        "columns['programs'] = [[f'fd {s}{t}'] for s, t in rows]; "
        "print(list(split_traces(columns, seed=5)))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert said == {str(list(split_traces(table(class_rows(9, 8)), seed=5)))}


def test_the_recipe_of_the_paper() -> None:
    rows = class_rows(100, 67)
    shares = PRESETS["paper"]
    assert (shares["students"], shares["titles"], shares["pairs"]) == (0.03, 0.03, 0.2)
    found = groups(rows, list(split_traces(table(rows), **shares)))
    unseen = {student for student, _, _ in found["unseen_student_seen_title"]}
    new = {title for _, title, _ in found["seen_student_unseen_title"]}
    assert (len(unseen), len(new)) == (3, 2)
    assert {row[0] for row in found["unseen_student_unseen_title"]} == unseen
    assert {row[1] for row in found["unseen_student_unseen_title"]} == new
    assert len(found["seen_student_seen_title"]) == round(0.2 * 97 * 65)


@pytest.mark.parametrize(
    ("name", "students", "titles"), [("classroom", 12, 6), ("rollouts", 12, 5), ("smoke", 5, 4)]
)
def test_presets_fill_all_splits_of_small_data(name: str, students: int, titles: int) -> None:
    for seed in range(10):
        labels = split_traces(table(class_rows(students, titles)), **PRESETS[name], seed=seed)
        assert set(labels) == set(SPLITS)
        assert (labels == "train").mean() > 0.4


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_those_of_the_profiles(name: str) -> None:
    profile = load_profile(ROOT / "profiles" / f"{name}.yaml")
    assert profile.splits.model_dump() == PRESETS[name] | {"seed": 0}


@pytest.mark.parametrize(
    ("students", "titles", "name"),
    [(120, 90, "paper"), (40, 30, "classroom"), (40, 14, "rollouts"), (5, 4, "smoke")],
)
def test_a_preset_for_every_size(students: int, titles: int, name: str) -> None:
    assert choose_preset(table(class_rows(students, titles))) == name


def published_class() -> tuple[list[tuple[str, str, str]], list[str]]:
    rows = class_rows(12, 10)
    return rows, list(split_traces(table(rows), **PRESETS["classroom"], seed=7))


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


def test_a_part_of_published_data_may_lack_training_traces() -> None:
    rows, labels = published_class()
    part = [place for place, label in enumerate(labels) if label != "train" or place % 5 == 0]
    some = [labels[place] for place in part]
    assert list(split_traces(table([rows[place] for place in part]), published=some)) == some


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
    labels = split_items(many_items(4000), **PRESETS["paper"], seed=3)
    digest = hashlib.sha256("|".join(labels).encode()).hexdigest()
    assert digest[:16] == "66626e16ffdff128"
    few_titles = split_items(many_items(4000), students=0.1, titles=0.0, pairs=0.6, validation=0.5, seed=3)
    assert hashlib.sha256("|".join(few_titles).encode()).hexdigest()[:16] == "4fbe01869bb5327b"


shares = st.sampled_from([0.0, 0.03, 0.2, 0.5, 0.9])
small_tables = st.lists(st.tuples(names, names, st.sampled_from("abc")), min_size=1, max_size=80)


@settings(max_examples=100)
@given(small_tables, shares, shares, shares, shares)
def test_what_the_recipe_promises(
    rows: list[tuple[str, str, str]], students: float, titles: float, pairs: float, validation: float
) -> None:
    items = [item_of(student, title, [program]) for student, title, program in rows]
    try:
        labels = split_items(items, students=students, titles=titles, pairs=pairs, validation=validation)
    except DataError:  # too few traces, see test_too_little_data_says_so
        return
    again = split_items(
        Items.of([*items, *items[::-1]]), students=students, titles=titles, pairs=pairs, validation=validation
    )
    assert list(again) == [*labels, *labels[::-1]], "traces that are there twice change nothing"
    found = {
        name: {item for item, label in zip(items, labels, strict=True) if label == name} for name in SPLITS
    }
    for part, share in ((0, students), (1, titles)):
        all_names = {item[part] for item in items}
        held = min(max(1, round(share * len(all_names))), len(all_names) - 1) if share else 0
        trained = {item[part] for item in found["train"] | found["validation"]}
        assert len(all_names - trained) >= held
    tested, rest = found["seen_student_seen_title"], found["train"] | found["validation"]
    usable_pairs = len({item.pair for item in tested | rest})
    whole = {item.pair for item in tested} - {item.pair for item in rest}
    assert len(whole) <= max(1, round(pairs * usable_pairs))
    if len(whole) == max(1, round(pairs * usable_pairs)):
        assert {item.pair for item in tested} == whole, "single traces only where whole pairs do not suffice"
    assert bool(tested) <= bool(pairs)
    assert len(tested) <= max(1, round(pairs * len(tested | rest)), size_of(tested, whole))
    assert bool(found["validation"]) == bool(validation)


def size_of(items: set[Item], pairs: set[tuple[str, str]]) -> int:
    return sum(item.pair in pairs for item in items)


@settings(max_examples=60)
@given(small_tables, st.binary(max_size=20))
def test_a_column_of_items_holds_what_was_put_in(rows: list[tuple[str, str, str]], content: bytes) -> None:
    items = [Item(student, title, program.encode() + content) for student, title, program in rows]
    column = Items.of(iter(items))
    assert Items.of(column) is column
    assert len(column) == len(items)
    first, numbers = column.distinct()
    assert {items[row] for row in first} == set(items)
    assert [items[first[number]] for number in numbers] == items
    assert list(column.contents(np.arange(len(items)))) == [item.content for item in items]
    students, titles, pairs = column.pairs()
    names_of = column.students.distinct, column.titles.distinct
    found = [
        (names_of[0][student], names_of[1][title]) for student, title in zip(students, titles, strict=True)
    ]
    assert Counter(found[pair] for pair in pairs) == Counter(item.pair for item in items)


def test_millions_of_traces_fit_into_memory() -> None:
    """Published data set: 3.8 million traces; so many bytes each are less than a gigabyte."""
    count = 20_000
    tracemalloc.start()
    items = Items()
    for number in range(count):
        items.append(Item(f"made-up-{number // 3:020}", f"t{number % 997}", number.to_bytes(16, "big")))
    labels = split_items(items, **PRESETS["paper"])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(labels) == count
    assert most / count < 250
