"""What is edited after an error, on traces worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from pcutils.analysis import responses
from pcutils.execution import program_hash
from pcutils.metrics import RESPONSES
from pcutils.sources import to_dataset
from pcutils.trace import Trace

STATES = ["pen red", "pen red\nfdd 50", "pen red\nfd 50", "pen red\nfd 50\nrt (", "pen red\nfd 50"]
FAILING = {"fdd": ("name", "ReferenceError: fdd is not defined"), "(": ("compile", "SyntaxError: missing )")}


def programs_of(states: list[str]) -> pd.DataFrame:
    found = [next((FAILING[sign] for sign in FAILING if sign in state), None) for state in states]
    return pd.DataFrame(
        {
            "program_hash": [program_hash(state) for state in states],
            "status": ["error" if one else "success" for one in found],
            "error_kind": [one[0] if one else None for one in found],
            "message": [one[1] if one else None for one in found],
        }
    ).drop_duplicates("program_hash")


def test_edits_know_what_came_before_them() -> None:
    trace = Trace.from_states(STATES, username="a", title="t")
    table = responses.response_table(to_dataset([trace], "simulated"), programs_of(STATES))
    after = [responses.AFTER_RUN, responses.AFTER_ERROR] * 2
    assert table["after"].tolist() == after
    edits = ["few lines added", "lines changed", "few lines added", "few lines deleted"]
    assert table["edit"].tolist() == edits
    errors = table[table["after"] == responses.AFTER_ERROR]
    assert errors["error"].tolist() == ["name", "compile"]
    assert errors["response"].tolist() == ["named", "undone"]
    assert errors["repaired"].tolist() == [1, 1]
    assert not set("".join(STATES).split()) & set(map(str, table.to_numpy().ravel()))


def test_shares_of_a_group_add_up() -> None:
    frame = pd.DataFrame(
        {"username": list("aab"), "error": ["name"] * 3, "response": ["named", "named", "adds"]}
    )
    shares = responses.share_table(
        frame, "response", responses.RESPONSE_LABELS, by="error", groups={"name": "unknown name", "x": "x"},
        resamples=50,
    )  # fmt: skip
    values = shares.set_index("value_of")["value"]
    assert values.sum() == pytest.approx(1)
    assert (values["named"], values["adds"]) == pytest.approx((2 / 3, 1 / 3))
    assert set(shares["group"]) == {"unknown name"}
    # Students are drawn, not rows: with a alone or b alone a share is 0 or 1.
    named = shares.set_index("value_of").loc["named"]
    assert (named["low"], named["high"]) == (0, 1)
    assert set(responses.RESPONSE_LABELS) == set(RESPONSES)


def test_frequent_kinds_come_first_and_rare_ones_not_at_all() -> None:
    kinds = pd.Series(["compile"] * 5 + ["name"] * 7 + ["type"])
    assert list(responses.frequent_kinds(kinds, fewest=2)) == ["name", "compile"]
    assert list(responses.frequent_kinds(kinds, fewest=2, most=1)) == ["name"]
    assert list(responses.frequent_kinds(kinds, fewest=20)) == ["name"]
    assert responses.frequent_kinds(kinds.iloc[:0]) == {}


def test_responses_are_recorded_beside_edits_after_programs_that_run() -> None:
    added: dict[str, Any] = {}
    results = SimpleNamespace(add=lambda name, value, **more: added.update({name: value}))
    trace = Trace.from_states(STATES, username="a", title="t")
    edits = responses.response_table(to_dataset([trace], "simulated"), programs_of(STATES))
    found = responses.record_responses(results, edits, resamples=10)
    assert set(added) == set(found)
    assert (added["after_error.named"], added["after_error.undone"], added["after_error.adds"]) == (
        0.5,
        0.5,
        0,
    )
    assert (added["after_run.few_lines_added"], added["after_error.few_lines_added"]) == (1, 0)
