"""What a model is told of the programs that were run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tiny_models

from pcutils.execution import ErrorPlace, Outcome, Outcomes
from pcutils.models import Prompt, TraceModel, load_model, sample
from pcutils.models.formats import FORMATS, Format, make_format
from pcutils.models.formats.hints import (
    ERROR_AHEAD,
    ERROR_BEHIND,
    ERROR_HERE,
    FAILED,
    RAN,
    UNKNOWN,
    outcome_hint,
)
from pcutils.trace import Trace

TOKENIZER = tiny_models.tiny_tokenizer()
BROKEN = Trace.from_states(
    ["fd 5\nfdd 5\nrt 9", "fd 5\nfd 5\nrt 9", "fd 5\nfd 5\nrt 9\nfd 6"], title="square"
)


class Asked:
    """Programs that somebody wanted to run; all end alike."""

    def __init__(self, status: str = "success") -> None:
        self.programs: list[str] = []
        self.status = status

    def __call__(self, programs: list[str]) -> list[SimpleNamespace]:
        self.programs += programs
        return [SimpleNamespace(status=self.status, message=None, line=None, column=None) for _ in programs]


def told(form: Format, trace: Trace) -> list[tuple[str, int]]:
    """Each token of a trace as text, and the hint behind it."""
    (item,) = form.encode([trace])
    tokens = np.concatenate([item.prompt, *item.states])
    return [(form.decode([token]), hint[-1]) for token, hint in zip(tokens, form.hints(tokens), strict=True)]


def test_each_program_is_run_once() -> None:
    asked = Asked()
    outcomes = Outcomes(asked)
    outcomes.learn(["fd 1", "fd 2", "fd 1"])
    assert outcomes("fd 2").runs
    assert outcomes("fd 3").runs
    assert asked.programs == ["fd 1", "fd 2", "fd 3"]


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("fd 5", Outcome(True)),
        ("fd 5\nfdd 5", Outcome(False, ErrorPlace(1, 0, 3))),
        ("afd = 5\nfd afd + fda", Outcome(False, ErrorPlace(1, 9, 12))),
        ("fd 5\nfor i in [1..3\n  rt 9", Outcome(False, ErrorPlace(2, 6, 7))),
        ("fd 5\nx = [1", Outcome(False, ErrorPlace(1, 6, 7))),  # the bracket is missed behind the last line
        ("fd 5)\nrt 9", Outcome(False, ErrorPlace(0, 4, 5))),
        ("write '\N{TURTLE}')\nrt 9", Outcome(False, ErrorPlace(0, 9, 10))),
        ("throw 'no'", Outcome(False)),
    ],
)
def test_a_run_shows_what_fails(program: str, outcome: Outcome) -> None:
    assert Outcomes()(program) == outcome


def test_a_hint_is_about_the_place_that_fails() -> None:
    failed = Outcome(False, ErrorPlace(1, 3, 6))
    assert [outcome_hint(failed, line) for line in (None, 0, 1)] == [FAILED, FAILED, ERROR_AHEAD]
    assert outcome_hint(failed, 0, (3, 6)) == FAILED
    named = [(0, 3), (2, 4), (3, 6), (5, 9), (6, 7)]
    where = [ERROR_AHEAD, ERROR_HERE, ERROR_HERE, ERROR_HERE, ERROR_BEHIND]
    assert [outcome_hint(failed, 1, characters) for characters in named] == where
    assert [outcome_hint(Outcome(False), line) for line in (None, 0)] == [FAILED, FAILED]
    assert [outcome_hint(Outcome(True), line) for line in (None, 0)] == [RAN, RAN]
    assert outcome_hint(None, 0) == UNKNOWN


def test_edits_are_told_how_the_state_before_ended() -> None:
    found = told(make_format("edits", TOKENIZER, outcomes=Outcomes()), BROKEN)
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


def test_states_are_told_how_the_state_before_ended() -> None:
    found = told(make_format("states", TOKENIZER, outcomes=Outcomes()), BROKEN)
    headers = [place for place, (text, _) in enumerate(found) if text.startswith("CODE")]
    assert {hint for _, hint in found[: headers[1]]} == {UNKNOWN}
    first = next(place for place in range(headers[1], len(found)) if found[place][0].endswith("\n"))
    assert {hint for _, hint in found[headers[1] : first + 1]} == {FAILED}  # the line ahead is the first
    ahead = next(place for place in range(first + 1, len(found)) if found[place][0].endswith("\n"))
    assert found[ahead : ahead + 3] == [("\n", ERROR_HERE), ("fd", ERROR_HERE), (" ", ERROR_BEHIND)]
    assert {hint for _, hint in found[headers[2] :]} == {RAN}


@pytest.mark.parametrize("name", list(FORMATS))
def test_what_an_error_is_about_is_not_named_as_what_comes_next(name: str) -> None:
    form = make_format(name, TOKENIZER, outcomes=Outcomes())
    (item,) = form.encode([BROKEN])
    hints = form.hints(np.concatenate([item.prompt, *item.states]))
    places = hints[:, -1]
    assert (hints[np.isin(places, [ERROR_HERE, ERROR_BEHIND]), 0] == -1).all()
    assert {"edits": ERROR_AHEAD, "states": RAN}[name] in places[hints[:, 0] >= 0]


@pytest.mark.parametrize("name", list(FORMATS))
def test_nobody_is_told_without_being_asked(name: str) -> None:
    assert {hint for _, hint in told(make_format(name, TOKENIZER), BROKEN)} == {UNKNOWN}


@pytest.mark.parametrize("settings", [{"outcome_hints": False}, {"copy_hints": False}])
def test_networks_that_are_not_told_run_nothing(tmp_path: Path, settings: dict[str, bool]) -> None:
    asked = Asked()
    model = tiny_models.tiny_model(tmp_path, tokens=1_000, outcomes=Outcomes(asked), **settings)
    sample(model, [Prompt("made-up-0", "square")], progress=False)
    assert not asked.programs


@pytest.fixture(scope="module", params=list(FORMATS))
def folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    path = tmp_path_factory.mktemp("model")
    tiny_models.tiny_model(path, tokens=40_000, form=request.param, outcomes=Outcomes(Asked()))
    return path


def test_sampling_runs_what_the_model_writes(folder: Path) -> None:
    asked = Asked()
    model = load_model(folder, Outcomes(asked))
    prompts = [Prompt(f"made-up-{student}", "square") for student in range(4)]
    written = [one.trace for one in sample(model, prompts, samples_per_prompt=2, progress=False)]
    before_the_last = {program for trace in written if trace for program in trace.programs[:-1]}
    assert before_the_last
    assert before_the_last <= set(asked.programs)


def test_bits_depend_on_how_programs_end(folder: Path) -> None:
    traces = tiny_models.made_up_traces()
    ran, failed = (
        load_model(folder, Outcomes(Asked(status))).score(traces) for status in ("success", "error")
    )
    assert (np.abs(ran - failed) > 1e-6).any()
    assert isinstance(load_model(folder), TraceModel)
