from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.metrics import edit_category, edit_distance, edit_kinds, levenshtein, line_changes

SQUARE = "pen red\nfd 50\nrt 90"


def named(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("abcdefghij", "abcdefghix", 0),  # 10 * (1 - 0.9) is just below 1 and is cut
        ("abcd", "abcx", 1),
        ("fd 50\n", "fd 60", 1),
        ("fd 50<|endoftext|>", "fd 60", 11),
    ],
)
def test_distance_of_the_release(before: str, after: str, expected: int) -> None:
    assert edit_distance(before, after) == expected


def test_distance_of_the_release_overstates_long_programs() -> None:
    text = "fd 5\n" * 40
    assert edit_distance("x" + text, "y" + text) == 201
    assert edit_distance("x" + text, "y" + text, popular_seeds=True) == 0
    assert levenshtein("x" + text, "y" + text) == 1


@settings(max_examples=150)
@given(st.text(max_size=20), st.text(max_size=20))
def test_levenshtein_is_a_distance(a: str, b: str) -> None:
    assert levenshtein(a, b) == levenshtein(b, a)
    assert (levenshtein(a, b) == 0) == (a == b)
    assert abs(len(a) - len(b)) <= levenshtein(a, b) <= max(len(a), len(b))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (SQUARE, {"num_modify_existing": 1}),
        (SQUARE + "\ndot blue", {"lines_added": 1, "num_small_add": 1}),
        ("fd 50\nrt 90", {"lines_deleted": 1, "num_small_del": 1}),
        ("pen blue\nfd 50\nrt 90", {"lines_modified": 1, "color_changes": 1, "num_modify_existing": 1}),
        ("pen red\nfd 55\nrt 90", {"lines_modified": 1, "number_changes": 1, "num_modify_existing": 1}),
        (SQUARE + "\n# done\nclick -> home()", {
            "lines_added": 2, "comment_additions": 1, "function_additions": 1, "num_small_add": 1,
        }),
        (SQUARE + "\na\nb\nc\nd\ne", {"lines_added": 5, "num_large_add": 1}),
        ("pen red\nfd 50\nlt 1\nlt 2\nlt 3\nlt 4\nlt 5", {"lines_modified": 5, "num_modify_existing": 1}),
    ],
)  # fmt: skip
def test_kinds_of_the_release(after: str, expected: dict[str, int]) -> None:
    kinds = named(edit_kinds(SQUARE, after))
    if "lines_modified" in expected:
        kinds = {name: kinds.get(name, 0) for name in expected}
    assert kinds == expected


def test_a_repeated_new_line_counts_once_per_occurrence_but_a_paired_text_never() -> None:
    assert edit_kinds("a", "a\nb\nb")["lines_added"] == 2
    assert named(edit_kinds("xy", "b\nb")) == {"lines_modified": 1, "num_modify_existing": 1}


def test_category_prefers_additions() -> None:
    assert edit_category({"lines_added": 5, "lines_deleted": 9}) == "large_add"
    assert edit_category({"lines_added": 4, "lines_deleted": 4}) == "small_add"
    assert edit_category({"lines_added": 0, "lines_deleted": 0}) == "modify_existing"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (SQUARE, SQUARE + "\n\n", {}),
        ("fd 50", "fd 60\nlt 1\nlt 2", {"lines_modified": 1, "number_changes": 1, "lines_added": 2}),
        ("xy", "b\nb", {"lines_deleted": 1, "lines_added": 2}),
        ("pen red", "pen teal", {"lines_modified": 1, "color_changes": 1}),
        ("fd 5 # a", "fd 5 # b", {"lines_modified": 1}),
        (
            "f = -> 1",
            "f = -> 1\ng = (x) => x # ->",
            {"lines_added": 1, "comments_added": 1, "functions_added": 1},
        ),
        ("a b c d\nq", "q\na b c d", {"lines_deleted": 1, "lines_added": 1}),
    ],
)
def test_line_changes_count_each_line_once(before: str, after: str, expected: dict[str, int]) -> None:
    assert named(line_changes(before, after)) == expected


@settings(max_examples=150)
@given(*[st.lists(st.sampled_from(["fd 50", "fd 60", "pen red", "rt 90", "", "home()"]), max_size=8)] * 2)
def test_line_changes_add_up(old: list[str], new: list[str]) -> None:
    changes = line_changes("\n".join(old), "\n".join(new))
    grown = len([line for line in new if line]) - len([line for line in old if line])
    assert changes["lines_added"] - changes["lines_deleted"] == grown
    assert changes["color_changes"] + changes["number_changes"] <= changes["lines_modified"]
