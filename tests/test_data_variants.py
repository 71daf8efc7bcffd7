import hashlib
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st

from pcutils.data import VARIANTS, build_variant, to_dataset
from pcutils.data.table import rows_to_dataset, trace_columns
from pcutils.data.variants import grow, variant
from pcutils.errors import DataError
from pcutils.trace import Trace

START = datetime(2020, 1, 1, 9)
DIGESTS = {
    "trace": "1c4dcf91b8462f3a",
    "synthetic": "085a248985584e39",
    "last": "bc42a92bfd31788c",
    "trace_downsampled": "3256bb11017d8b8b",
    "synthetic_downsampled": "8b321deedfbfbd5b",
}


def trace(programs: list[str], name: str = "made-up-1", *, is_complete: bool = True) -> Trace:
    moments = [START + timedelta(minutes=place) for place in range(len(programs))]
    return Trace.from_states(programs, moments, title="line", username=name, is_complete=is_complete)


programs = st.text(st.sampled_from("ab \n\r\u2028"), max_size=30)


@given(programs, st.integers(1, 9))
def test_grown_program_adds_at_least_a_line_of_code_a_state(program: str, states: int) -> None:
    grown = grow(program, states)
    code_lines = [sum(bool(line.strip()) for line in text.split("\n")) for text in grown]
    assert grown[-1] == program
    assert all(program.startswith(text) for text in grown)
    assert all(later > earlier for earlier, later in pairwise(code_lines))
    assert len(grown) == max(1, min(states, code_lines[-1]))


def test_synthetic_has_as_many_states_as_the_trace_and_its_times() -> None:
    table = to_dataset([trace(["a", "b", "c\nd\ne\nf", "p\nq\nr\ns"])], "simulated")
    row = build_variant(table, "synthetic")[0]
    assert row["programs"] == ["p", "p\nq", "p\nq\nr", "p\nq\nr\ns"]
    assert row["timestamps"] == table[0]["timestamps"]
    short = build_variant(to_dataset([trace(["a", "b", "c", "d", "p\nq"])], "simulated"), "synthetic")[0]
    assert short["programs"] == ["p", "p\nq"]
    assert short["timestamps"] == [START, START + timedelta(minutes=4)]


def test_cut_traces_have_no_final_program() -> None:
    table = to_dataset([trace(["a", "b"], is_complete=False), trace(["c", "d"])], "simulated")
    assert build_variant(table, "trace")["programs"] == [["a", "b"], ["c", "d"]]
    for name in ("last", "synthetic"):
        assert [row["programs"][-1] for row in build_variant(table, name)] == ["d"]
    with pytest.raises(DataError, match="no complete trace among 1"):
        build_variant(table.select([0]), "last")


def text_size(table: Dataset) -> int:
    return sum(37 + len(program) for row in table for program in row["programs"])


@pytest.mark.parametrize("name", ["trace_downsampled", "synthetic_downsampled"])
def test_downsampled_is_as_large_as_last(name: str) -> None:
    traces = [trace([f"l{n}\n" * k for k in range(1, 2 + n % 7)], f"made-up-{n}") for n in range(300)]
    table = to_dataset(traces, "simulated")
    built, last = build_variant(table, name, seed=5), build_variant(table, "last")
    assert text_size(built) == pytest.approx(text_size(last), rel=0.03)
    assert len(built) < len(table)
    assert build_variant(table, name, seed=5)["username"] == built["username"]
    assert build_variant(table, name, seed=6)["username"] != built["username"]
    order = [int(name.rsplit("-", 1)[1]) for name in built["username"]]
    assert order == sorted(order)


def test_size_is_counted_as_asked() -> None:
    table = to_dataset([trace(["a", "b", "c" * 400], f"made-up-{n}") for n in range(20)], "simulated")
    by_states = build_variant(table, "trace_downsampled", count=lambda text: text.count("CODE"))
    assert len(by_states) == 7  # 20 states of `last` are nearest to 7 traces of 3 states


def test_unknown_variant_says_so() -> None:
    with pytest.raises(DataError, match="one of trace, synthetic"):
        build_variant(to_dataset([trace(["a"])], "simulated"), "first")


def test_outcomes_stay_with_their_states() -> None:
    row = trace_columns(trace(["a", "p\nq"])) | {"outcomes": ["error", "success"], "source": "hub"}
    table = rows_to_dataset([row])
    assert build_variant(table, "last")[0]["outcomes"] == ["success"]
    assert build_variant(table, "synthetic")[0]["outcomes"] == [None, "success"]


def test_a_new_variant_is_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pcutils.data.variants.VARIANTS", dict(VARIANTS))

    @variant("first", "first programs", "#112233")
    def first(dataset: Dataset, seed: int, count: object) -> Dataset:
        return dataset.map(
            lambda row: {**row, "programs": row["programs"][:1], "timestamps": row["timestamps"][:1]}
        )

    assert build_variant(to_dataset([trace(["a", "b"])], "simulated"), "first")[0]["programs"] == ["a"]


def test_the_variants_stay_what_they_were() -> None:
    """Digests of what the first version of the library built from the same table."""
    traces = [trace([f"l{n}\n" * k for k in range(1, 2 + n % 7)], f"made-up-{n}") for n in range(60)]
    table = to_dataset(traces, "simulated")
    for name, digest in DIGESTS.items():
        built = build_variant(table, name, seed=5)
        found = repr([built[column][:] for column in ("username", "programs", "timestamps")])
        assert hashlib.sha256(found.encode()).hexdigest()[:16] == digest, name
