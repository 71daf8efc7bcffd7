from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcutils.metrics import (
    code_tokens,
    color_counts,
    comment_lines,
    function_literals,
    named_functions,
    substring_color_counts,
)
from pcutils.metrics.code import COLOR_NAMES, split_code


def test_color_names_are_those_of_the_release(shared_dir) -> None:
    assert list(COLOR_NAMES) == (shared_dir / "golden" / "color_names.txt").read_text().split()


def test_colors_are_whole_words() -> None:
    program = "pen LightBlue\ndistance = 5 # colored red\ndot red"
    assert color_counts(program) == {"lightblue": 1, "red": 2}
    found = {name: count for name, count in substring_color_counts(program).items() if count}
    assert found == {"lightblue": 1, "blue": 1, "tan": 1, "red": 3}


@pytest.mark.parametrize(
    ("program", "language", "code", "comments"),
    [
        ("fd 5 # go", "coffeescript", "fd 5 ", ["# go"]),
        ("pen '#red'", "coffeescript", 'pen ""', []),
        ("write 'it\\'s # 5'", "coffeescript", 'write ""', []),
        ("write 'oops\nfd 5 # go", "coffeescript", 'write ""\nfd 5 ', ["# go"]),
        ("a ### b\nc ### d", "coffeescript", "a  d", ["### b\nc ###"]),
        ('a """x # y\n""" # z', "coffeescript", 'a "" ', ["# z"]),
        ("7 // 2 # half", "coffeescript", "7 // 2 ", ["# half"]),
        ("fd(5); // go\n/* a\nb */", "javascript", "fd(5); \n", ["// go", "/* a\nb */"]),
        ("write(`a // ${b}`)", "javascript", 'write("")', []),
    ],
)
def test_split_code(program: str, language: str, code: str, comments: list[str]) -> None:
    assert split_code(program, language) == (code, tuple(comments))


@given(st.text(alphabet="ab '\"#\n/*\\`"), st.sampled_from(["coffeescript", "javascript"]))
def test_split_code_takes_any_text(program: str, language: str) -> None:
    code, comments = split_code(program, language)
    assert all(comment in program for comment in comments)
    assert comment_lines(program, language) <= len(program.splitlines())
    assert split_code(code, language).comments == () or "/" in program


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


def test_counts_in_javascript() -> None:
    program = "function f(x) { return 1; } // one\nvar g = function() {}; h = x => x; click(function() {});"
    assert comment_lines(program, "javascript") == 1
    assert function_literals(program, "javascript") == 4
    assert named_functions(program, "javascript") == 3


def test_code_tokens_keep_indents_and_drop_blank_lines() -> None:
    assert code_tokens("if a\n\n\tfd 2.5 \nx->y") == ["if", "a", "\n    ", "fd", "2.5", "\n", "x", "->", "y"]
    assert code_tokens(" \n") == []
