import difflib
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.metrics import edit_distance, edit_kinds, levenshtein, line_changes
from pcutils.metrics.code import (
    COLOR_NAMES,
    code_tokens,
    color_counts,
    comment_lines,
    function_literals,
    named_functions,
    split_code,
)
from pcutils.metrics.matching import line_differences, matched_blocks, similarity

SQUARE = "pen red\nfd 50\nrt 90"


def named(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def test_distance_of_the_release_is_cut() -> None:
    assert edit_distance("abcdefghij", "abcdefghix") == 0  # 10 * (1 - 0.9) is just below 1
    assert edit_distance("abcd", "abcx") == 1


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


def test_a_repeated_new_line_counts_once_per_occurrence_but_a_paired_text_never() -> None:
    assert edit_kinds("a", "a\nb\nb")["lines_added"] == 2
    assert named(edit_kinds("xy", "b\nb")) == {"lines_modified": 1, "num_modify_existing": 1}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (SQUARE, SQUARE + "\n\n", {}),
        ("fd 50", "fd 60\nlt 1\nlt 2", {"lines_modified": 1, "number_changes": 1, "lines_added": 2}),
        ("xy", "b\nb", {"lines_deleted": 1, "lines_added": 2}),
        ("pen red", "pen teal", {"lines_modified": 1, "color_changes": 1}),
        ("fd 5 # a", "fd 5 # b", {"lines_modified": 1}),
        ("f = 1", "f = 1\ng = (x) => x # ->", {"lines_added": 1, "comments_added": 1, "functions_added": 1}),
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


short = st.text(alphabet="ab ", max_size=40)
long = st.tuples(
    st.text(alphabet="abcd \n", min_size=60, max_size=90), st.text(max_size=20), st.integers(2, 5)
).map(lambda parts: (parts[0] + parts[1]) * parts[2])
LINES = ["fd 50", "fd 500", "rt 90", "", "pen red", "pen blue", "  pen red", "for [1..4]", "fd 50 # on"]


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
    shown = [f"{sign} {line}" for sign, line in line_differences(before, after)]
    assert shown == ["- fd 50", "- pen red, 10", "+ pen red, 100", "- home()", "+ dot blue"]


def test_many_replaced_lines_need_no_deep_recursion() -> None:
    before = [f"fd {number} # step number {number}" for number in range(300)]
    after = [f"bk {number} # step number {number}" for number in range(300)]
    assert len(line_differences(before, after)) == 600


def test_color_names_are_those_of_the_release(shared_dir) -> None:
    assert list(COLOR_NAMES) == (shared_dir / "golden" / "color_names.txt").read_text().split()


def test_colors_are_whole_words() -> None:
    program = "pen LightBlue\ndistance = 5 # colored red\ndot red"
    assert color_counts(program) == {"lightblue": 1, "red": 2}


@pytest.mark.parametrize(
    ("program", "code", "comments"),
    [
        ("fd 5 # go", "fd 5 ", ["# go"]),
        ("pen '#red'", 'pen ""', []),
        ("write 'it\\'s # 5'", 'write ""', []),
        ("write 'oops\nfd 5 # go", 'write ""\nfd 5 ', ["# go"]),
        ("a ### b\nc ### d", "a  d", ["### b\nc ###"]),
        ('a """x # y\n""" # z', 'a "" ', ["# z"]),
        ("7 // 2 # half", "7 // 2 ", ["# half"]),
    ],
)
def test_split_code(program: str, code: str, comments: list[str]) -> None:
    assert split_code(program) == (code, tuple(comments))


@given(st.text(alphabet="ab '\"#\n/*\\`"))
def test_split_code_takes_any_text(program: str) -> None:
    code, comments = split_code(program)
    assert all(comment in program for comment in comments)
    assert comment_lines(program) <= len(program.splitlines())
    assert split_code(code).comments == () or "/" in program


@pytest.mark.parametrize(
    ("program", "lines", "literals", "named"),
    [
        ("# # # #", 0, 0, 0),
        ("fd 5 # a\n# b", 2, 0, 0),
        ("square = (size, color = red) ->\n  fd size", 0, 1, 1),
        ("o = {draw: -> fd 5}\nf =-> 1\nclick (e) -> 2\nread (n) => n", 0, 4, 2),
        ("write '-> no'; # f = ->", 1, 0, 0),
    ],
)
def test_counts_in_coffeescript(program: str, lines: int, literals: int, named: int) -> None:
    assert (comment_lines(program), function_literals(program), named_functions(program)) == (
        lines, literals, named,
    )  # fmt: skip


def test_code_tokens_keep_indents_and_drop_blank_lines() -> None:
    assert code_tokens("if a\n\n\tfd 2.5 \nx->y") == ["if", "a", "\n    ", "fd", "2.5", "\n", "x", "->", "y"]
    assert code_tokens(" \n") == []
