from __future__ import annotations

import numpy as np
import tiny_models
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.models.formats import StatesFormat, cut
from pcutils.models.formats.states_pointer import (
    AFTER_CHANGE,
    FIRST,
    FOLLOWING,
    HEADER,
    INSIDE_CHANGE,
)
from pcutils.models.tokenizer import decode_tokens, encode_texts
from pcutils.trace import Trace

TOKENIZER = tiny_models.tiny_tokenizer()
FORM = StatesFormat(TOKENIZER)


def text_of(token: int) -> str:
    return "" if token < 0 else decode_tokens(TOKENIZER, [token])


def read(states: list[str]) -> tuple[list[str], list[tuple[str, str, int]]]:
    """Tokens of the states, and after each what the pointer names."""
    (item,) = FORM.encode([Trace.from_states(states, title="t")])
    tokens, _, _ = cut(item, 10**6, FORM.end)
    named = [
        (text_of(same), text_of(skip), situation) for same, skip, situation, *_ in FORM.hints(tokens).tolist()
    ]
    return [decode_tokens(TOKENIZER, [int(token)]) for token in tokens], named


def after(states: list[str], text: str) -> tuple[str, str, int]:
    """Say what the pointer names after the last place where the text ends."""
    tokens, named = read(states)
    written = ["".join(tokens[: place + 1]) for place in range(len(tokens))]
    return named[max(place for place, so_far in enumerate(written) if so_far.endswith(text))]


def first_token(line: str) -> str:
    return decode_tokens(TOKENIZER, encode_texts(TOKENIZER, [line])[0][:1])


A, B, C, D = "pen red", "fd 50", "rt 90", "zzq 7"


def test_first_state_has_nothing_to_copy() -> None:
    _, named = read([f"{A}\n{B}"])
    assert set(named[:-1]) == {("", "", FIRST)}


def test_unchanged_line_leads_to_the_next() -> None:
    assert after([f"{A}\n{B}\n{C}", f"{A}\n{B}\n{D}"], f"{A}\n") == (
        first_token(B + "\n"),
        first_token(C + "\n"),
        FOLLOWING,
    )


def test_pointer_waits_for_an_inserted_line() -> None:
    same, skip, situation = after([f"{A}\n{B}", f"{A}\n{D}\n{B}"], f"{D}\n")
    assert (same, skip, situation) == (first_token(B + "\n"), "<|endoftext|>", AFTER_CHANGE)


def test_deleted_line_is_passed_over() -> None:
    same, _, situation = after([f"{A}\n{B}\n{C}\n{D}", f"{A}\n{C}\n{D}"], f"{C}\n")
    assert (same, situation) == (first_token(D + "\n"), FOLLOWING)


def test_changed_line_is_left_behind() -> None:
    same, _, situation = after([f"{A}\nzzq 7\n{B}", f"{A}\nzzq 8\n{B}"], "zzq 8\n")
    assert (same, situation) == (first_token(B + "\n"), AFTER_CHANGE)
    assert after([f"{A}\nzzq 7\n{B}", f"{A}\nzzq 88\n{B}"], "zzq 8")[2] == INSIDE_CHANGE


def test_end_of_the_old_state_is_named() -> None:
    assert after([A, A + "\n" + B], f"{A}\n")[:2] == ("<|endoftext|>", "<|endoftext|>")


def test_header_points_at_the_same_part_of_the_header_before() -> None:
    trace = tiny_models.made_up_traces()[0]
    (item,) = FORM.encode([trace])
    first, second = item.states[:2]
    hints = FORM.hints(np.concatenate([item.prompt, first, second]))
    start = len(item.prompt) + len(first)
    for place in range(7):
        assert hints[start + place].tolist() == [first[place + 1], -1, HEADER, 0, 0, 0]


@settings(max_examples=100)
@given(st.lists(st.lists(st.sampled_from([A, B, C, D, "", "  x"]), max_size=6).map("\n".join), max_size=5))
def test_hint_never_looks_ahead(states: list[str]) -> None:
    (item,) = FORM.encode([Trace.from_states([*states, "end"], title="t")])
    tokens, _, _ = cut(item, 10**6, FORM.end)
    whole = FORM.hints(tokens)
    for end in range(0, len(tokens), 7):
        assert (FORM.hints(tokens[:end]) == whole[:end]).all()


def test_repeated_state_is_named_token_by_token() -> None:
    (item,) = FORM.encode([Trace.from_states([f"{A}\n{A}\n{B}\n\n{D}", "x"], title="t")])
    again = np.concatenate([item.prompt, item.states[0], item.states[0]])
    hints = FORM.hints(again)
    start = len(item.prompt) + len(item.states[0])
    assert hints[start:-1, 0].tolist() == again[start + 1 :].tolist()
