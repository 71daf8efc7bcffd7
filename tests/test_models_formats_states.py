from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import numpy as np
import tiny_models
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.models.formats import StatesFormat, cut, kept_states
from pcutils.models.formats.states import state_texts
from pcutils.models.tokenizer import START, decode_tokens
from pcutils.trace import Trace, format_trace

TOKENIZER = tiny_models.tiny_tokenizer()
FORM = StatesFormat(TOKENIZER)
NOTHING = Trace((), (), ())
moments = st.none() | st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)
programs = st.text(st.sampled_from("ab \n\r\té\u2028<>|"), max_size=20)
last_programs = programs.filter(str.strip)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    states = [*draw(st.lists(programs, max_size=5)), draw(last_programs)]
    distinct = [states[0], *(b for a, b in pairwise(states) if a != b)]
    times = draw(st.lists(moments, min_size=len(distinct), max_size=len(distinct)))
    return Trace.from_states(distinct, times, title="line", is_complete=True)


@settings(max_examples=150)
@given(traces())
def test_trace_comes_back_from_its_tokens(trace: Trace) -> None:
    (item,) = FORM.encode([trace])
    tokens, _, is_cut = cut(item, 10**6, FORM.end)
    text = FORM.decode(tokens[len(item.prompt) :].tolist())
    assert not is_cut
    assert f"line{START}{text}" == format_trace(trace)
    assert FORM.read(tokens[len(item.prompt) :], NOTHING, title="line", username=None) == trace


def test_state_equal_to_the_one_before_is_dropped() -> None:
    trace = Trace.from_states(["a", "a", "b", "a"])
    kept, places = kept_states(trace)
    assert (kept.programs, kept.numbers) == (("a", "b", "a"), (1, 2, 3))
    assert state_texts(trace) == [
        "CODE 1 (unknown):\na\n",
        "CODE 2 (unknown):\nb\n",
        "CODE 3 (unknown):\na\n",
    ]
    assert places == [0, 0, 1, 2]


def test_title_is_padded_or_cut_as_in_the_paper() -> None:
    form = StatesFormat(TOKENIZER, title_tokens=5)
    short, long = form.prompts(["a", "a title that is longer than five tokens"])
    assert decode_tokens(TOKENIZER, short.tolist()) == "a" + "<mask>" * 4 + START
    assert len(long) == 6


def test_only_a_complete_trace_has_an_end() -> None:
    whole, part = FORM.encode([Trace.from_states(["a"]), Trace.from_states(["a"], is_complete=False)])
    assert cut(whole, 99, FORM.end)[0][-1] == FORM.end
    assert FORM.end not in cut(part, 99, FORM.end)[0]


def test_long_trace_is_cut_and_said_to_be() -> None:
    (item,) = FORM.encode([Trace.from_states([str(place) for place in range(50)], title="t")])
    tokens, segments, is_cut = cut(item, 40, FORM.end)
    assert len(segments) == 40
    assert (len(tokens), is_cut) == (40, True)


def test_recent_keeps_title_and_newest_states() -> None:
    (item,) = FORM.encode([Trace.from_states(["a", "b", "c"], title="t")])
    size = len(item.states[0])
    kept = FORM.recent(item, len(item.prompt) + 2 * size)
    assert kept.tolist() == np.concatenate([item.prompt, item.states[1], item.states[2]]).tolist()
    assert FORM.recent(item, len(item.prompt) + 2).tolist() == [
        *item.prompt.tolist(),
        *item.states[2][-2:].tolist(),
    ]
