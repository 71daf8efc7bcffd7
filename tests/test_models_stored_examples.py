from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
from datasets import Dataset

from pcutils.execution.outcomes import Outcomes
from pcutils.models import stored_examples
from pcutils.models.batches import Example, make_examples
from pcutils.models.formats import EditsFormat
from pcutils.models.processes import Processes
from pcutils.models.stored_examples import Encoding, StoredExamples
from pcutils.sources import to_dataset, traces_of
from pcutils.trace import Trace

FORM = EditsFormat(tiny_models.tiny_tokenizer())
SLOTS = {f"made-up-{number}": number + 1 for number in range(6)}
CONTEXT = 30


def encoding(**changes: Any) -> Encoding:
    return Encoding(**{"form": FORM, "students": SLOTS, "context": CONTEXT, "with_hints": True} | changes)


def store(table: Dataset, folder: Path, how: Encoding | None = None) -> StoredExamples:
    how = how or encoding()
    return how.store(table, how.keys(table), folder, Processes())


def same(one: Example, other: Example) -> bool:
    arrays = ("tokens", "segments") if one.hints is None else ("tokens", "segments", "hints")
    rest = ("given", "student", "is_cut")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays) and all(
        getattr(one, name) == getattr(other, name) for name in rest
    )


@pytest.mark.parametrize("size", [1, 5, 18, 1000])
def test_what_is_stored_is_what_was_encoded(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_examples, "TRACES_A_PART", size)
    table = tiny_models.made_up_table()
    found = store(table, tmp_path)
    expected = make_examples(traces_of(table), FORM, SLOTS, CONTEXT)
    assert len(found) == len(expected)
    assert all(same(one, other) for one, other in zip(found, expected, strict=True))
    assert same(found[3], expected[3])
    assert found.lengths.tolist() == [len(example.tokens) for example in expected]
    assert found.is_cut.tolist() == [example.is_cut for example in expected]
    assert 0 < found.is_cut.sum() < len(found)


def test_network_without_hints_stores_none(tmp_path: Path) -> None:
    found = store(tiny_models.made_up_table(), tmp_path, encoding(with_hints=False))
    assert all(example.hints is None for example in found)


def test_parts_that_are_there_are_not_encoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_examples, "TRACES_A_PART", 5)
    table = tiny_models.made_up_table()
    store(table, tmp_path)
    written = {file: file.stat().st_mtime_ns for file in tmp_path.glob("part-*/tokens.i4")}
    (tmp_path / "part-00002" / "key").write_text("of something else")
    store(table, tmp_path)
    again = {file for file, moment in written.items() if file.stat().st_mtime_ns != moment}
    assert again == {tmp_path / "part-00002" / "tokens.i4"}


def told(table: Dataset, conditions: str) -> list[str]:
    form = EditsFormat(FORM.tokenizer, outcomes=Outcomes(conditions=conditions))
    return encoding(form=form).keys(table)


def test_key_depends_on_all_that_examples_depend_on() -> None:
    traces = tiny_models.made_up_traces()
    table = to_dataset(traces, "simulated")
    longer = Trace.from_states(
        [*traces[0].programs, "bk 1"],
        [*traces[0].timestamps, None],
        title=traces[0].title,
        username=traces[0].username,
    )
    others = [
        encoding(with_hints=False).keys(table),
        encoding(context=29).keys(table),
        encoding(students={}).keys(table),
        encoding(form=EditsFormat(tiny_models.tiny_tokenizer(521))).keys(table),
        encoding(form=EditsFormat(FORM.tokenizer, title_tokens=5)).keys(table),
        encoding(form=EditsFormat(FORM.tokenizer, outcomes=Outcomes())).keys(table),
        told(table, "one second"),
        encoding().keys(table.select(range(17))),
        encoding().keys(to_dataset([longer, *traces[1:]], "simulated")),
    ]
    assert told(table, "one second") == told(table, "one second") != told(table, "two seconds")
    assert encoding().keys(table) == encoding().keys(to_dataset(traces, "simulated"))
    assert all(keys != encoding().keys(table) for keys in others)
