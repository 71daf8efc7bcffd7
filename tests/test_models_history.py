from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import tiny_models

from pcutils.errors import ModelError
from pcutils.models import History, Prompt, load_model, sample
from pcutils.models.formats import FORMATS, make_format
from pcutils.sources import to_dataset, traces_of
from pcutils.trace import Trace

START = datetime(2020, 1, 1)
TOKENIZER = tiny_models.tiny_tokenizer()


def trace(username: str, day: int | None, program: str = "fd 50") -> Trace:
    moment = None if day is None else START + timedelta(days=day)
    return Trace.from_states([program], [moment], title="line", username=username, is_complete=True)


TABLE = to_dataset(
    [trace("ann", 3, "three"), trace("ann", 1, "one"), trace("bob", 2), trace("ann", None)],
    "simulated",
)


def program_of(found: Trace | None) -> str | None:
    return None if found is None else found.programs[0]


def test_history_is_the_newest_earlier_trace_of_the_same_student() -> None:
    history = History(TABLE)
    assert [program_of(found) for found in history.of(traces_of(TABLE))] == ["one", None, None, None]
    assert program_of(history.newest("ann")) == "three"
    assert program_of(history.newest("ann", START + timedelta(days=3))) == "one"
    assert program_of(history.newest("ann", START + timedelta(days=9))) == "three"
    assert history.newest("ann", START) is None
    assert history.newest("eve") is None
    assert history.newest(None) is None


@pytest.mark.parametrize("name", [*FORMATS])
@pytest.mark.parametrize("room", [30, 400])
def test_history_stands_before_the_title_and_is_never_scored(name: str, room: int) -> None:
    form = make_format(name, TOKENIZER, history_tokens=room)
    traces = tiny_models.made_up_traces()[:4]
    histories = [None, traces[0], None, traces[2]]
    plain = list(form.encode(traces))
    for one, bare, earlier in zip(form.encode(traces, histories), plain, histories, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one.states, bare.states, strict=True))
        assert one.prompt[-len(bare.prompt) :].tolist() == bare.prompt.tolist()
        front = one.prompt[: -len(bare.prompt)]
        assert len(front) <= room
        assert (len(front) > 0) == (earlier is not None)
        if earlier is not None and room == 400:
            (item,) = form.encode([earlier])
            assert front.tolist() == [*item.prompt, *np.concatenate(item.states), form.end]
    without = make_format(name, TOKENIZER)
    for one, bare in zip(without.encode(traces, histories), plain, strict=True):
        assert one.prompt.tolist() == bare.prompt.tolist()


@pytest.mark.parametrize("name", [*FORMATS])
def test_hints_of_a_trace_do_not_depend_on_its_history(name: str) -> None:
    form = make_format(name, TOKENIZER, history_tokens=100)
    (first, second) = tiny_models.made_up_traces()[:2]
    (bare,), (item,) = form.encode([second]), form.encode([second], [first])
    written = np.concatenate(item.states)
    alone, behind = (form.hints([*one.prompt, *written])[len(one.prompt) - 1 :] for one in (bare, item))
    assert (alone == behind).all()


def test_model_learns_from_histories_and_reads_them(tmp_path: Path) -> None:
    """Made-up students use one colour, which an average student's model can only know from their history."""
    model = tiny_models.tiny_model(tmp_path, tokens=60_000, history_tokens=80, student_dropout=1.0)
    assert load_model(tmp_path).form.history_tokens == 80
    table = tiny_models.made_up_table()
    traces = list(traces_of(table))
    told = [(one, earlier) for one, earlier in zip(traces, History(table).of(traces), strict=True) if earlier]
    assert len(told) > 6
    asked, earlier = [one for one, _ in told], [other for _, other in told]
    strangers = model.student_vectors([None] * len(asked))
    without = model.score(asked, strangers).mean()
    assert model.score(asked, strangers, earlier).mean() < without - 0.5
    prompts = [Prompt(None, one.title, history=other) for one, other in told]
    unaware = [Prompt(None, prompt.title) for prompt in prompts]
    with_it, without_it = (
        [
            item.trace.programs[0].split("\n")[0] == earlier[item.prompt].programs[0].split("\n")[0]
            for item in sample(model, asked_for, samples_per_prompt=8, progress=False)
            if item.trace is not None
        ]
        for asked_for in (prompts, unaware)
    )
    assert np.mean(with_it) > np.mean(without_it) + 0.2


def test_history_must_leave_room(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="at most half of the context of 192"):
        tiny_models.tiny_model(tmp_path, history_tokens=97)
