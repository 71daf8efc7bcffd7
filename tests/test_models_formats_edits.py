from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import tiny_models
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.errors import ModelError, TraceError
from pcutils.models import Prompt, sample
from pcutils.models.formats import SEGMENTS, EditsFormat, cut, kept_states, make_format
from pcutils.models.tokenizer import START
from pcutils.sources import load, traces_of
from pcutils.trace import Trace

TOKENIZER = tiny_models.tiny_tokenizer()
FORM = EditsFormat(TOKENIZER)
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


def test_every_kept_or_dropped_line_takes_one_token() -> None:
    before = [f"line {number}" for number in range(9)]
    after = [*before[:5], "new", *before[7:]]
    trace = Trace.from_states(["\n".join(before), "\n".join(after)], title="line")
    assert f"{5 * '<keep>'}<drop><drop>new\n" in FORM.decode(encode(trace))
    assert FORM.read(encode(trace), NOTHING, title="line", username=None) == trace


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


@pytest.mark.parametrize("trace", tiny_models.made_up_traces()[:6])
def test_every_real_trace_keeps_the_form(trace: Trace) -> None:
    follow(encode(trace))


@settings(max_examples=100)
@given(traces().map(lambda trace: Trace.from_states(trace.programs, title="t")))
def test_any_programs_keep_the_form(trace: Trace) -> None:
    follow(encode(trace))


def follow(tokens: list[int]) -> None:
    place = FORM.place(NOTHING)
    for token in tokens:
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


@pytest.mark.parametrize(("before", "after"), [("\x80", "\x81"), ("fd 5 # й", "fd 5 # ж"), ("é", "è")])
def test_line_may_change_in_characters_the_tokenizer_cuts(before: str, after: str) -> None:
    follow(encode(Trace.from_states([before, after], title="line")))


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


def test_first_state_without_date_line_is_refused() -> None:
    (item,) = FORM.encode([Trace.from_states(["a"])])
    with pytest.raises(TraceError, match="no date line"):
        FORM.read([*item.states[0][-1:], FORM.end], NOTHING, title=None, username=None)
    with pytest.raises(TraceError, match="no whole state"):
        FORM.read(item.states[0][:-1], NOTHING, title=None, username=None)


def test_gap_that_leaves_the_calendar_is_unknown() -> None:
    last = Trace.from_states(["a"], [datetime(9999, 12, 31)])
    written = [FORM.operations.gaps[39], FORM.operations.rest]
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


def test_formats_carry_the_same_content(shared_dir: Path) -> None:
    """Every public trace comes back from both formats alike."""
    for folder in sorted((shared_dir / "rollouts").glob("*/"))[:1] or [shared_dir / "rollouts"]:
        dataset = load("rollouts", path=folder)
        for trace in traces_of(dataset):
            kept, _ = kept_states(trace)
            found = FORM.read(encode(closed(kept)), NOTHING, title=kept.title, username=None)
            assert found == closed(kept)


def test_unknown_format_is_named() -> None:
    with pytest.raises(ModelError, match="No format 'diffs': there are states, edits"):
        make_format("diffs", TOKENIZER)


def test_every_sample_with_room_for_a_line_has_a_whole_state(tmp_path: Path) -> None:
    model = tiny_models.tiny_model(tmp_path, tokens=2_000, form="edits")
    prompts = [Prompt(None, title) for title in tiny_models.TITLES]
    for room in (12, 25, 60):
        found = sample(model, prompts, samples_per_prompt=10, max_tokens=room, progress=False)
        assert all(item.trace is not None for item in found), [item.text for item in found]
        assert any(not item.trace.is_complete for item in found if item.trace is not None)


def test_samples_of_a_hardly_trained_network_can_be_read(tmp_path: Path) -> None:
    model = tiny_models.tiny_model(tmp_path, tokens=12_000, form="edits")
    prompts = [Prompt(None, title) for title in tiny_models.TITLES]
    found = sample(model, prompts, samples_per_prompt=10, progress=False)
    ended = [item for item in found if item.trace is not None and item.trace.is_complete]
    assert ended
    assert all(item.trace is not None or "no whole state" in str(item.failure) for item in found)
