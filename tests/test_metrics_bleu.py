from __future__ import annotations

import math
import random
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.errors import DataError
from pcutils.metrics import corrected_self_bleu, reference_bleu, sample_bleu, self_bleu

programs = st.lists(st.sampled_from(["fd", "50", "rt", "90", "pen", "red"]), max_size=7).map(" ".join)
TINY = sys.float_info.min


def grams(words: list[str], n: int) -> Counter:
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def plain_bleu(samples: list[str], references: list[list[str]]) -> float:
    """Corpus BLEU over each sample's own references, word for word as it is defined."""
    words = [sample.split() for sample in samples]
    others = [[reference.split() for reference in own] for own in references]
    logarithms = []
    for n in range(1, 5):
        matches = total = 0
        for sample, own in zip(words, others, strict=True):
            counts = grams(sample, n)
            matches += sum(min(c, max(grams(other, n)[g] for other in own)) for g, c in counts.items())
            total += max(1, sum(counts.values()))
        if n == 1 and not matches:
            return 0.0
        logarithms.append(math.log(matches / total if matches else TINY))
    length = sum(map(len, words))
    closest = sum(
        min((abs(len(other) - len(sample)), len(other)) for other in own)[1]
        for sample, own in zip(words, others, strict=True)
    )
    brevity = 1.0 if length > closest else math.exp(1 - closest / length)
    return brevity * sum(math.exp(sum(logarithms[:n]) / n) for n in range(1, 5)) / 4


@settings(max_examples=150)
@given(st.lists(programs, min_size=2, max_size=7))
def test_self_bleu_is_bleu_against_all_others(samples: list[str]) -> None:
    references = [samples[:i] + samples[i + 1 :] for i in range(len(samples))]
    assert self_bleu(samples) == pytest.approx(plain_bleu(samples, references), rel=1e-12)


@settings(max_examples=150)
@given(st.lists(programs, min_size=1, max_size=5), st.lists(programs, min_size=1, max_size=5))
def test_reference_bleu_has_the_same_references_for_all(samples: list[str], references: list[str]) -> None:
    expected = plain_bleu(samples, [references] * len(samples))
    assert reference_bleu(samples, references) == pytest.approx(expected, rel=1e-12)


def test_two_programs_by_hand() -> None:
    # 2 of 3 words, 1 of 2 pairs, 0 of 1 triple, and one missing four-gram a program
    expected = (
        2 / 3 + math.sqrt(2 / 3 * 1 / 2) + (1 / 3 * TINY) ** (1 / 3) + (1 / 3 * TINY * TINY) ** 0.25
    ) / 4
    assert self_bleu(["pen red 5", "pen red 9"]) == pytest.approx(expected)


def test_corrected_self_bleu_counts_the_n_grams_that_are_there() -> None:
    short = ["fd 50"] * 4
    assert self_bleu(short) < 0.6
    assert corrected_self_bleu(short) == 1.0
    long = ["pen red fd 50 rt 90", "pen red fd 60 rt 90 home", "pen blue fd 50 rt 90"]
    assert corrected_self_bleu(long) == self_bleu(long)


def test_samples_of_one_prompt_are_no_references_for_each_other() -> None:
    samples = ["pen red fd 50 rt 90", "pen red fd 50 rt 90", "dot blue home", "dot blue home"]
    assert corrected_self_bleu(samples) > 0.99
    assert corrected_self_bleu(samples, groups=["a", "a", "b", "b"]) == 0.0


@settings(max_examples=80)
@given(st.lists(st.tuples(programs, st.sampled_from("abc")), min_size=2, max_size=8))
def test_groups_are_left_out_as_by_comparing_all_pairs(samples: list[tuple[str, str]]) -> None:
    texts, groups = map(list, zip(*samples, strict=True))
    if len(set(groups)) < 2:
        with pytest.raises(DataError, match="at least two distinct"):
            corrected_self_bleu(texts, groups)
        return
    texts = [text + " fd 50 rt 90" for text in texts]
    others = [[t for t, g in zip(texts, groups, strict=True) if g != own] for own in groups]
    assert corrected_self_bleu(texts, groups) == pytest.approx(plain_bleu(texts, others), rel=1e-12)


def test_time_grows_with_words_not_with_pairs() -> None:
    dice = random.Random(0)
    samples = [" ".join(dice.choices(["fd", "rt", "50", "90", "pen", "red"], k=30)) for _ in range(2000)]
    assert 0.5 < self_bleu(samples) <= 1


@pytest.mark.parametrize("texts", [[], ["fd 50"]])
def test_too_few_programs_are_refused(texts: list[str]) -> None:
    with pytest.raises(DataError, match="at least 2"):
        self_bleu(texts)


def test_an_empty_side_is_refused() -> None:
    with pytest.raises(DataError, match="0 references"):
        reference_bleu(["fd 50"], [])


def test_sample_bleu_by_hand() -> None:
    # tokens: fd 50 against fd 60; 1 of 2 words, then (0 + 1) / (1 + 1), then (0 + 1) / (0 + 1) twice
    assert sample_bleu("fd 50", "fd 60") == pytest.approx((0.5 * 0.5) ** 0.25)


@settings(max_examples=100)
@given(st.text(max_size=40), st.text(max_size=40))
def test_sample_bleu_is_a_share_and_one_for_equal_programs(program: str, reference: str) -> None:
    assert sample_bleu(program, program) == pytest.approx(1.0)
    assert 0 <= sample_bleu(program, reference) <= 1


def test_sample_bleu_sees_indents_and_punishes_short_answers() -> None:
    loop = "for [1..4]\n  fd 50\n  rt 90"
    assert sample_bleu(loop.replace("\n  rt", "\nrt"), loop) < 1
    assert sample_bleu("for [1..4]", loop) < sample_bleu("for [1..4]\n  fd 50", loop) < 1
    assert sample_bleu("", loop) == sample_bleu("dot", "home") == 0
