from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.errors import DataError
from pcutils.metrics import pairwise_jaccard, self_jaccard


@settings(max_examples=100)
@given(st.lists(st.lists(st.sampled_from("abcdef")).map(" ".join), min_size=2, max_size=9))
def test_every_pair_by_its_definition(programs: list[str]) -> None:
    sets = [set(program.split()) for program in programs]
    expected = [len(a & b) / len(a | b) if a | b else 0.0 for a, b in combinations(sets, 2)]
    assert pairwise_jaccard(programs).tolist() == expected
    assert self_jaccard(programs) == pytest.approx(sum(expected) / len(expected))


def test_one_program_has_no_pair() -> None:
    assert pairwise_jaccard(["fd 50"]).size == 0
    with pytest.raises(DataError, match="1 programs, expected at least 2"):
        self_jaccard(["fd 50"])
