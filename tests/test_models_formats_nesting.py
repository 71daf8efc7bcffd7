from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.models.formats.nesting import LINE_NUMBERS, NESTINGS, Nesting, NestingOfTokens, line_number

texts = st.text(st.sampled_from("ab ()[]{}\"'#\\\n\té"), max_size=60)


def innermost(text: str) -> str:
    place = Nesting().after(text)
    return place.within or place.brackets[-1:]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("pen red", ""),
        ("fd (50", "("),
        ("fd (50)", ""),
        ("fd [1, (2", "("),
        ("fd [1, (2)", "["),
        ('write "it', '"'),
        ("write \"it's", '"'),
        ('write "it"', ""),
        ('write "a \\" b', '"'),
        ('write "(', '"'),
        ("fd 50 # don't (", "#"),
        ("fd 50 # don't (\n", ""),
        ("fd (\n  50", "("),
        ('write """a "b" c', '"'),
        ('write """a "b" c"""', ""),
        ("fd ) (", "("),
        ("fd (]", "("),
    ],
)
def test_innermost_of_what_is_open(text: str, expected: str) -> None:
    assert innermost(text) == expected


def test_indent_is_that_of_the_line() -> None:
    assert Nesting().after("for [1..4]\n").indent == 0
    assert Nesting().after("for [1..4]\n  fd").indent == 2
    assert Nesting().after("for [1..4]\n  fd 50\n").indent == 2  # until the next line has more than spaces
    assert Nesting().after("for [1..4]\n  fd 50\nrt").indent == 0
    assert Nesting().after("for [1..4]\n  fd 50\n\n").indent == 2


@settings(max_examples=200)
@given(st.lists(texts, max_size=5))
def test_tokens_lead_where_their_characters_do(parts: list[str]) -> None:
    follower = NestingOfTokens(parts)
    for _ in range(2):  # the second time from memory
        place = follower.after(Nesting(), range(len(parts)))
        assert place == Nesting().after("".join(parts))
        assert 1 <= place.number < NESTINGS


def test_numbers_tell_apart_what_is_open_and_how_deep() -> None:
    texts = ["fd", "  fd", "fd (", "  fd (", 'fd "', "fd [", "fd {", "fd '", "fd #"]
    assert len({Nesting().after(text).number for text in texts}) == len(texts)


def test_line_numbers_grow_with_the_program() -> None:
    numbers = [line_number(lines) for lines in range(5000)]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, LINE_NUMBERS))
