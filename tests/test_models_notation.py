import random
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tiny_models
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pcutils.data import load, traces_of
from pcutils.errors import ModelError, TraceError
from pcutils.execution import Outcomes
from pcutils.models import Prompt
from pcutils.models.notation import (
    HINT_SIZES,
    NO_HINT,
    SEGMENTS,
    EditsNotation,
    StatesNotation,
    cut,
    kept_states,
    make_notation,
    state_texts,
)
from pcutils.models.notation.operations import gap_seconds
from pcutils.models.notation.pointer import (
    ERROR_AHEAD,
    ERROR_BEHIND,
    ERROR_HERE,
    FAILED,
    RAN,
    UNKNOWN,
    Nesting,
    line_number,
)
from pcutils.models.tokenizer import START, decode_tokens
from pcutils.trace import Trace, format_trace

TOKENIZER = tiny_models.tiny_tokenizer()
FORM = EditsNotation(TOKENIZER)
STATES = StatesNotation(TOKENIZER)
NOTHING = Trace((), (), ())

moments = st.none() | st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0)
)
lines = st.sampled_from(["", "a", "fd 50", "  rt 90", "é\u2028<|endoftext|>", "CODE 2 (", "<start>", "b\r"])
programs = st.lists(lines, max_size=60).map("\n".join) | st.text(st.characters(exclude_categories=["Cs"]))


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    states = draw(st.lists(programs, min_size=1, max_size=6))
    distinct = [states[0], *(after for before, after in pairwise(states) if before != after)]
    times = draw(st.lists(moments, min_size=len(distinct), max_size=len(distinct)))
    return Trace.from_states(distinct, times, title="line", is_complete=draw(st.booleans()))


def encode(trace: Trace) -> list[int]:
    """Tokens after ``<start>``."""
    (item,) = FORM.encode([trace])
    return cut(item, 10**6, FORM.end)[0][len(item.prompt) :].tolist()


def closed(trace: Trace) -> Trace:
    return Trace.from_states(trace.programs, trace.timestamps, title=trace.title)


@settings(max_examples=300)
@given(traces())
@example(Trace.from_states(["", "\0"], title="line"))
def test_trace_comes_back_from_its_tokens(trace: Trace) -> None:
    found = FORM.read(encode(closed(trace)), NOTHING, title="line", username=None)
    assert found == closed(trace)


@settings(max_examples=100)
@given(traces(), st.data())
def test_trace_comes_back_from_any_prefix_and_the_rest(trace: Trace, data: st.DataObject) -> None:
    trace = closed(trace)
    size = data.draw(st.integers(1, len(trace.programs)))
    prefix = Trace.from_states(trace.programs[:size], trace.timestamps[:size])
    (item,) = FORM.encode([trace])
    rest = [token for state in item.states[size:] for token in state.tolist()]
    assert FORM.read([*rest, FORM.end], prefix, title="line", username=None) == trace


def test_written_as_documented() -> None:
    start = datetime(2019, 3, 4, 16, 28, 38)
    trace = Trace.from_states(
        ["a\nb\nc", "a\nx\nc", "a\nx\nc\nd", "x\nc\nd"],
        [start, start + timedelta(seconds=25), None, start],
        title="line",
    )
    assert FORM.decode(encode(trace)) == (
        "CODE 1 (2019-03-04 16:28:38):\na\nb\nc\n<run>"
        "<gap 5><digit 9><keep><drop>x\n<run>"
        "<unknown><rest>d\n<run>"
        "<earlier><gap 5><digit 9><drop><run>"
        "<|endoftext|>"
    )


def test_segments_say_what_each_token_is() -> None:
    start = datetime(2019, 3, 4, 16, 28, 38)
    trace = Trace.from_states(["a\nb", "a\nc"], [start, start + timedelta(seconds=25)], title="line")
    (item,) = FORM.encode([trace])
    tokens, segments, _ = cut(item, 10**6, FORM.end)
    parts = {name: FORM.decode(tokens[segments == place].tolist()) for place, name in enumerate(SEGMENTS)}
    assert parts == {
        "date": "CODE 1 (2019-03-04 16:28:38):\n",
        "first": "a\nb\n<run>",
        "gaps": "<gap 5><digit 9>",
        "edits": "<keep><drop>c\n<run>",
        "end": "<|endoftext|>",
    }
    assert (segments[: len(item.prompt)] == -1).all()


@settings(max_examples=100)
@given(traces().map(lambda trace: Trace.from_states(trace.programs, title="t")))
@example(tiny_models.made_up_traces()[5])
@example(Trace.from_states(["\x80", "\x81", "fd 5 # й", "fd 5 # ж", "é", "è"]))
def test_any_trace_keeps_the_form(trace: Trace) -> None:
    place = FORM.place(NOTHING)
    for token in encode(trace):
        assert FORM.allow(torch.zeros(1, FORM.vocabulary), [place])[0, token] == 0
        place.push(token)


@settings(max_examples=150)
@given(st.integers(0, 10**9), st.booleans())
def test_whatever_the_form_allows_can_be_read(seed: int, with_prefix: bool) -> None:
    draw = random.Random(seed)
    prefix = Trace.from_states(["a\nb\nc"], [datetime(2020, 1, 1)]) if with_prefix else NOTHING
    place, tokens = FORM.place(prefix), []
    while len(tokens) < 150 and FORM.end not in tokens:
        allowed = FORM.allow(torch.zeros(1, FORM.vocabulary), [place])[0] == 0
        choices = allowed.nonzero().flatten().tolist()
        assert choices
        added = [token for token in choices if token >= FORM.operations.first or token == FORM.end]
        tokens.append(draw.choice(added if added and draw.random() < 0.7 else choices))
        place.push(tokens[-1])
    if FORM.end in tokens:
        trace = FORM.read(tokens, prefix, title=None, username=None)
        assert trace.is_complete
        assert trace.programs[: len(prefix.programs)] == prefix.programs
        assert encode(trace)[-1] == FORM.end


@settings(max_examples=300)
@given(st.lists(st.integers(0, FORM.vocabulary - 1), max_size=60), st.booleans(), st.integers(0, 9))
def test_whatever_a_model_writes_is_read_or_refused(
    tokens: list[int], with_prefix: bool, opened: int
) -> None:
    prefix = Trace.from_states(["a\nb\nc"], [datetime(2020, 1, 1)]) if with_prefix else NOTHING
    opening = [] if with_prefix else encode(Trace.from_states(["a"]))[:opened]
    pointer, place = FORM.pointer(), FORM.place(prefix)
    for token in [*opening, *tokens]:
        pointer.push(token)
        pointer.hint()
        place.push(token)
    FORM.decode(tokens)
    try:
        trace = FORM.read([*opening, *tokens, FORM.end], prefix, title=None, username=None)
    except TraceError:
        return
    assert trace.programs[: len(prefix.programs)] == prefix.programs


def test_dropped_line_is_not_written_anew() -> None:
    before = Trace.from_states(["fd 50\nrt 90"])
    (item,) = FORM.encode([Trace.from_states(["fd 50"])])
    line = item.states[0][item.segments[0] == SEGMENTS.index("first")].tolist()[:-1]
    (whole,) = FORM.encode([before])
    written_out = [*whole.states[0].tolist(), FORM.operations.unknown, FORM.operations.drop, *line[:-1]]
    behind_prefix = written_out[len(whole.states[0]) :]
    for prefix, tokens in ((NOTHING, written_out), (before, behind_prefix)):
        place = FORM.place(prefix)
        for token in tokens:
            place.push(token)
        allowed = FORM.allow(torch.zeros(1, FORM.vocabulary), [place])[0] == 0
        assert not allowed[line[-1]]
        assert allowed.sum() > 100


@settings(max_examples=200)
@given(st.integers(0, 10**9))
def test_no_step_from_lines_that_all_differ_changes_nothing(seed: int) -> None:
    draw = random.Random(seed)
    prefix = Trace.from_states(["a\nb\nab\nc"])
    operations = FORM.operations
    letters = [TOKENIZER.encode(text)[0] for text in ("a", "b", "\n")]  # lines also in unusual tokens
    place, tokens = FORM.place(prefix), [operations.unknown]
    place.push(operations.unknown)
    while len(tokens) < 30:
        allowed = FORM.allow(torch.zeros(1, FORM.vocabulary), [place])[0] == 0
        moves = [*letters, operations.keep, operations.drop, operations.rest, operations.run]
        tokens.append(draw.choice([token for token in moves if allowed[token]]))
        place.push(tokens[-1])
        if tokens[-1] == operations.run:
            break
    trace = FORM.read(tokens, prefix, title=None, username=None)
    assert len(trace.programs) < 2 or trace.programs[1] != trace.programs[0]


def test_what_lacks_a_date_or_a_whole_state_is_refused() -> None:
    (item,) = FORM.encode([Trace.from_states(["a"])])
    program = item.states[0][item.segments[0] == SEGMENTS.index("first")]
    for tokens, words in (([*program, *program], "no date line"), (item.states[0][:-1], "no whole state")):
        with pytest.raises(TraceError, match=words):
            FORM.read([*tokens, FORM.end], NOTHING, title=None, username=None)
    with pytest.raises(ModelError, match="No notation 'diffs': there are states, edits"):
        make_notation("diffs", TOKENIZER)


def test_gap_that_leaves_the_calendar_is_unknown_and_digits_may_lack() -> None:
    assert [gap_seconds(*gap) for gap in ((0, []), (5, []), (9, [63, 63]))] == [0, 16, 511]
    last = Trace.from_states(["a"], [datetime(9999, 12, 31)])
    written = [FORM.operations.gaps[39], FORM.operations.rest, FORM.operations.drop, FORM.operations.run]
    trace = FORM.read([*written, FORM.end], last, title=None, username=None)
    assert trace.timestamps == (datetime(9999, 12, 31), None)


@settings(max_examples=60)
@given(traces(), st.integers(10, 200))
def test_recent_is_a_trace_that_ends_in_the_same_state(trace: Trace, room: int) -> None:
    (item,) = FORM.encode([trace])
    for states in range(1, len(item.states) + 1):
        tokens = FORM.recent(item, room, states)
        assert len(tokens) <= max(room, len(item.prompt))
        whole = len(item.prompt) + sum(map(len, item.states[:states]))
        written = tokens[len(item.prompt) :]
        full = FORM.recent(item, 10**6, states)
        if whole <= room:
            assert tokens.tolist() == full.tolist()
        elif len(written) and written[0] == item.states[0][0]:
            found = FORM.read([*written, FORM.end], NOTHING, title=None, username=None)
            assert found.programs[-1] == item.trace.programs[states - 1]


def test_pointer_names_the_lines_that_an_edit_is_about() -> None:
    trace = Trace.from_states(["pen red\nfd 50\nrt 90", "pen red\nfd 100\nrt 90"], title="line")
    tokens = encode(trace)
    hints = FORM.hints([TOKENIZER.convert_tokens_to_ids(START), *tokens]).tolist()[1:]
    after = dict(zip([FORM.decode([token]) for token in tokens], hints, strict=True))
    (first, second, third) = (encode(Trace.from_states([line]))[-3] for line in ("pen red", "fd 50", "rt 90"))
    assert after["<unknown>"][:2] == [first, second]
    assert after["<keep>"][:2] == [second, third]
    assert after["<drop>"][:2] == [second, third]  # what is replaced, and what comes next


@settings(max_examples=60)
@given(traces(), st.data())
def test_pointer_looks_at_nothing_ahead(trace: Trace, data: st.DataObject) -> None:
    (item,) = FORM.encode([trace])
    tokens, _, _ = cut(item, 10**6, FORM.end)
    end = data.draw(st.integers(0, len(tokens)))
    assert (FORM.hints(tokens[:end]) == FORM.hints(tokens)[:end]).all()


def test_public_traces_come_back(shared_dir: Path) -> None:
    for trace in traces_of(load("rollouts", path=shared_dir / "rollouts")):
        kept, _ = kept_states(trace)
        found = FORM.read(encode(closed(kept)), NOTHING, title=kept.title, username=None)
        assert found == closed(kept)


def test_every_sample_with_room_for_a_line_has_a_whole_state(tmp_path: Path) -> None:
    model = tiny_models.tiny_model(tmp_path, tokens=2_000)
    prompts = [Prompt(None, title) for title in tiny_models.TITLES]
    for room in (40, 60, 90):  # a date may be written letter by letter
        found = model.generate(prompts, samples_per_prompt=10, max_tokens=room, progress=False)
        assert all(item.trace is not None for item in found), [item.text for item in found]
        assert any(not item.trace.is_complete for item in found if item.trace is not None)


def test_only_with_the_grammar_can_all_samples_be_read(tmp_path: Path) -> None:
    model = tiny_models.tiny_model(tmp_path, tokens=4_000)
    prompts = [Prompt(None, title) for title in tiny_models.TITLES]
    options = {"samples_per_prompt": 20, "max_tokens": 60, "progress": False}
    assert all(item.trace is not None for item in model.generate(prompts, **options))
    assert any(item.trace is None for item in model.generate(prompts, keep_form=False, **options))


state_programs = st.text(st.sampled_from("ab \n\r\té\u2028<>|"), max_size=20)


@settings(max_examples=150)
@given(traces(), state_programs.filter(str.strip))
def test_states_come_back_from_their_tokens(trace: Trace, last: str) -> None:
    """Of programs that the paper's text form can carry."""
    programs = [program.replace("CODE", "").replace("<|endoftext|>", "") for program in trace.programs]
    dates = [None if when is None or when.year < 1000 else when for when in trace.timestamps]
    shown, _ = kept_states(Trace.from_states([*programs, last], [*dates, None], title="line"))
    (item,) = STATES.encode([shown])
    tokens, _, is_cut = cut(item, 10**6, STATES.end)
    text = STATES.decode(tokens[len(item.prompt) :].tolist())
    assert not is_cut
    assert f"line{START}{text}" == format_trace(shown)
    assert STATES.read(tokens[len(item.prompt) :], NOTHING, title="line", username=None) == shown


def test_states_are_those_that_differ_and_a_cut_or_long_trace_has_no_end() -> None:
    trace = Trace.from_states(["a", "a", "b", "a"])
    kept, places = kept_states(trace)
    assert (kept.programs, kept.numbers, places) == (("a", "b", "a"), (1, 2, 3), [0, 0, 1, 2])
    assert state_texts(trace) == [f"CODE {n} (unknown):\n{program}\n" for n, program in enumerate("aba", 1)]
    whole, part = STATES.encode([trace, Trace.from_states(["a"], is_complete=False)])
    assert cut(whole, 99, STATES.end)[0][-1] == STATES.end
    assert STATES.end not in cut(part, 99, STATES.end)[0]
    tokens, segments, is_cut = cut(whole, 12, STATES.end)
    assert (len(tokens), len(segments), is_cut) == (12, 12, True)


def test_title_is_padded_or_cut_as_in_the_paper() -> None:
    form = StatesNotation(TOKENIZER, title_tokens=5)
    short, long = form.prompts(["a", "a title that is longer than five tokens"])
    assert decode_tokens(TOKENIZER, short.tolist()) == "a" + "<mask>" * 4 + START
    assert len(long) == 6


def test_recent_keeps_title_and_newest_states() -> None:
    (item,) = STATES.encode([Trace.from_states(["a", "b", "c"], title="t")])
    size = len(item.states[0])
    kept = STATES.recent(item, len(item.prompt) + 2 * size)
    assert kept.tolist() == np.concatenate([item.prompt, item.states[1], item.states[2]]).tolist()
    assert STATES.recent(item, len(item.prompt) + 2).tolist() == [
        *item.prompt.tolist(),
        *item.states[2][-2:].tolist(),
    ]


def test_states_have_neither_hints_nor_grammar() -> None:
    plain = StatesNotation(TOKENIZER, outcomes=Outcomes())
    (item,) = plain.encode([Trace.from_states(["a", "b"])])
    assert plain.pointer() is None
    assert plain.outcomes is None
    assert (plain.hints(item.states[0]) == NO_HINT).all()
    allowed = plain.allow(torch.zeros(1, plain.vocabulary), None)[0] == 0
    assert allowed[plain.end]
    assert not allowed[[plain.start, plain.mask]].any()
    assert allowed[item.states[0].tolist()].all()


nested = st.text(st.sampled_from("ab ()[]{}\"'#\\\n\té"), max_size=60)


#: What is open at the end of a text, innermost.
OPEN = {
    "": "", "pen red": "", "fd (50": "(", "fd (50)": "", "fd [1, (2": "(", "fd [1, (2)": "[",
    'write "it': '"', "write \"it's": '"', 'write "it"': "", 'write "a \\" b': '"', 'write "(': '"',
    "fd 50 # don't (": "#", "fd 50 # don't (\n": "", "fd (\n  50": "(", 'write """a "b" c': '"',
    'write """a "b" c"""': "", "fd ) (": "(", "fd (]": "(",
}  # fmt: skip
INDENTS = {
    "for [1..4]\n": 0,
    "for [1..4]\n  fd": 2,
    "for [1..4]\n  fd 50\n": 2,  # until the next line has more than spaces
    "for [1..4]\n  fd 50\nrt": 0,
    "for [1..4]\n  fd 50\n\n": 2,
}


def test_nesting_is_what_is_open_and_how_far_the_line_is_indented() -> None:
    places = {text: Nesting().after(text) for text in OPEN}
    assert {text: place.within or place.brackets[-1:] for text, place in places.items()} == OPEN
    assert {text: Nesting().after(text).indent for text in INDENTS} == INDENTS


@settings(max_examples=200)
@given(st.lists(nested, max_size=5))
def test_nesting_does_not_depend_on_how_a_text_is_cut(parts: list[str]) -> None:
    place = Nesting()
    for part in parts:
        place = place.after(part)
    assert place == Nesting().after("".join(parts))
    assert 1 <= place.number < HINT_SIZES["nesting"]


def test_numbers_tell_apart_what_is_open_and_how_deep() -> None:
    texts = ["fd", "  fd", "fd (", "  fd (", 'fd "', "fd [", "fd {", "fd '", "fd #"]
    assert len({Nesting().after(text).number for text in texts}) == len(texts)


def test_line_numbers_grow_with_the_program() -> None:
    numbers = [line_number(lines) for lines in range(5000)]
    assert numbers == sorted(numbers)
    assert [line_number(lines) for lines in (0, 7, 8, 11, 12, 16, 10_000)] == [1, 8, 9, 9, 10, 11, 19]
    assert set(numbers) == set(range(1, HINT_SIZES["line"]))


BROKEN = Trace.from_states(
    ["fd 5\nfdd 5\nrt 9", "fd 5\nfd 5\nrt 9", "fd 5\nfd 5\nrt 9\nfd 6"], title="square"
)


def hinted(form: EditsNotation, trace: Trace) -> list[tuple[str, int]]:
    """Each token of a trace as text, and the outcome in the hint behind it."""
    (item,) = form.encode([trace])
    tokens = np.concatenate([item.prompt, *item.states])
    return [(form.decode([token]), hint[-1]) for token, hint in zip(tokens, form.hints(tokens), strict=True)]


def test_hints_say_how_the_state_before_ended() -> None:
    found = hinted(EditsNotation(TOKENIZER, outcomes=Outcomes()), BROKEN)
    run, next_run, last_run = (place for place, (text, _) in enumerate(found) if text == "<run>")
    assert {hint for _, hint in found[:run]} == {UNKNOWN}
    assert found[run : run + 4] == [
        ("<run>", FAILED),
        ("<unknown>", FAILED),  # about the first line, which is right
        ("<keep>", ERROR_AHEAD),
        ("<drop>", ERROR_HERE),  # `fdd`, the first word of the line to replace, is what is wrong
    ]
    assert found[run + 4 : next_run - 1] == [("fd", ERROR_HERE), (" ", ERROR_BEHIND), ("5", ERROR_BEHIND)]
    assert found[next_run - 1][1] == FAILED  # about the third line
    assert {hint for _, hint in found[next_run:]} == {RAN}
    assert found[last_run][0] == "<run>"


def test_what_an_error_is_about_is_not_named_as_what_comes_next() -> None:
    form = EditsNotation(TOKENIZER, outcomes=Outcomes())
    (item,) = form.encode([BROKEN])
    hints = form.hints(np.concatenate([item.prompt, *item.states]))
    assert (hints[np.isin(hints[:, -1], [ERROR_HERE, ERROR_BEHIND]), 0] == -1).all()
    assert ERROR_AHEAD in hints[hints[:, 0] >= 0, -1]
