from __future__ import annotations

import difflib
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.metrics.matching import line_differences, matched_blocks, similarity

short = st.text(alphabet="ab ", max_size=40)
long = st.tuples(
    st.text(alphabet="abcd \n", min_size=60, max_size=90), st.text(max_size=20), st.integers(2, 5)
).map(lambda parts: (parts[0] + parts[1]) * parts[2])
LINES = (
    "fd 50",
    "fd 500",
    "rt 90",
    "rt 9",
    "",
    "pen red",
    "pen blue",
    "  pen red",
    "for [1..4]",
    "fd 50 # on",
)


@settings(max_examples=300)
@given(short | long, short | long, st.booleans())
def test_blocks_cover_what_python_covers(before: str, after: str, popular_seeds: bool) -> None:
    peer = difflib.SequenceMatcher(None, before, after, autojunk=not popular_seeds)
    assert similarity(before, after, popular_seeds=popular_seeds) == peer.ratio()
    for start, other, size in matched_blocks(before, after, popular_seeds=popular_seeds):
        assert before[start : start + size] == after[other : other + size]


@pytest.mark.skipif(
    sys.version_info >= (3, 12, 4), reason="this Python's difflib.Differ has the new algorithm"
)
@settings(max_examples=300)
@given(st.lists(st.sampled_from(LINES), max_size=14), st.lists(st.sampled_from(LINES), max_size=14))
def test_lines_differ_as_in_python_3_11(before: list[str], after: list[str]) -> None:
    shown = [line for line in difflib.Differ().compare(before, after) if line[0] in "+-"]
    assert [f"{sign} {line}" for sign, line in line_differences(before, after)] == shown


def test_the_similar_line_is_shown_first_in_a_replacement() -> None:
    before = ["fd 50", "pen red, 10", "home()"]
    after = ["pen red, 100", "dot blue"]
    assert line_differences(before, after) == [
        ("-", "fd 50"),
        ("-", "pen red, 10"),
        ("+", "pen red, 100"),
        ("-", "home()"),
        ("+", "dot blue"),
    ]


def test_fewer_new_lines_come_before_the_old_ones() -> None:
    assert line_differences(["abc", "def", "ghi"], ["xyz"])[0] == ("+", "xyz")
    assert line_differences(["abc"], ["xyz"])[0] == ("-", "abc")


def test_frequent_characters_start_no_match_in_long_texts() -> None:
    text = "fd 5\n" * 40
    assert similarity("x" + text, "y" + text) == 0.0
    assert similarity("x" + text, "y" + text, popular_seeds=True) == 400 / 402
    assert similarity("x" + text[:195], "y" + text[:195]) == 390 / 392


def test_many_replaced_lines_need_no_deep_recursion() -> None:
    before = [f"fd {number} # step number {number}" for number in range(300)]
    after = [f"bk {number} # step number {number}" for number in range(300)]
    assert len(line_differences(before, after)) == 600
