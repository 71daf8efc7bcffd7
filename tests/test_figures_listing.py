"""A program as numbered lines with the edit marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcutils.figures.listing import changed_parts, edit_rows, program_lines, visible

lines = st.lists(st.sampled_from(["fd 50", "fd 100", "rt 90", "pen red", "", "  box gold, 20"]), max_size=12)


@given(lines, lines)
def test_a_listing_holds_both_programs(before: list[str], after: list[str]) -> None:
    rows = edit_rows(before, after)
    assert [row.line for row in rows if row.kind != "removed"] == after
    old = [row.before if row.kind == "changed" else row.line for row in rows if row.kind != "added"]
    assert old == before


def test_an_edit_of_a_long_program_keeps_its_many_equal_lines() -> None:
    before = ["fd 10", "rt 90"] * 150
    rows = edit_rows(before, [*before[:100], "dot red", *before[100:]])
    assert [row.line for row in rows if row.kind != "kept"] == ["dot red"]


@given(st.text("ab1 ,", max_size=12), st.text("ab1 ,", max_size=12))
def test_changed_parts_put_both_lines_together(before: str, after: str) -> None:
    head, gone, come, tail = changed_parts(before, after)
    assert (head + gone + tail, head + come + tail) == (before, after)


def test_a_number_is_not_cut_in_two() -> None:
    assert changed_parts("rt 144, 1.5", "rt 144, 1.25") == ("rt 144, ", "1.5", "1.25", "")
    assert changed_parts("fd size", "fd sizes * 2") == ("fd ", "size", "sizes * 2", "")


@given(st.text())
def test_visible_text_can_always_be_written(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    shown.encode("utf-8")
    assert not set(shown) & {"\0", "\r", "\n", "\u2028", "\u202e"}


@pytest.mark.parametrize(
    ("program", "cut"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\r\n\rb", ["a", "", "b"]),
        ("a\u2028b\x0b", ["a\u2028b\x0b"]),
    ],
)
def test_only_line_ends_of_an_editor_cut_a_program(program: str, cut: list[str]) -> None:
    assert program_lines(program) == cut
