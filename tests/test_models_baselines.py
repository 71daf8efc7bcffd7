import math
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
import tiny_models

from pcutils.errors import ModelError
from pcutils.models import BASELINES, EditNgram, Prompt
from pcutils.models.examples import Encoder
from pcutils.models.notation import SEGMENTS, cut, kept_states
from pcutils.trace import Trace

TRACES = tiny_models.made_up_traces(students=10)
OTHERS = tiny_models.made_up_traces(students=4, seed=1)
NOON = datetime(2019, 3, 4, 12)
STRANGE = Trace.from_states(
    ["say 'Grüße'", "say 'Grüße'\r\n\n", "say 'Grüße'\r\n\n", ""],
    [None, NOON, NOON, NOON - timedelta(days=9)],
    title="never seen",
    username="made-up-99",
)
TOKENIZER = tiny_models.tiny_tokenizer()


@pytest.fixture(scope="module")
def ngram() -> EditNgram:
    return EditNgram(TOKENIZER).fit(TRACES)


def steps(*programs: str, **options: Any) -> Trace:
    """A trace with a state every ten seconds."""
    moments = [NOON + timedelta(seconds=10 * place) for place in range(len(programs))]
    return Trace.from_states(programs, moments, **{"title": "star", "username": "made-up-0", **options})


def by_hand(texts: list[list[int]], order: int, lower: Any) -> Any:
    """Interpolated Kneser-Ney smoothing from its definition, above the probabilities of `lower`."""
    counts = [Counter((tuple(t[i - order + 1 : i]), t[i]) for t in texts for i in range(order - 1, len(t)))]
    for _ in range(order - 1):
        counts.insert(0, Counter((h[1:], w) for h, w in counts[0]))

    def chance(word: int, before: tuple[int, ...]) -> float:
        table = counts[len(before)]
        shorter = chance(word, before[1:]) if before else lower(word)
        after = {w: c for (h, w), c in table.items() if h == before}
        if not after:
            return shorter
        ones, twos = (sum(c == number for c in table.values()) for number in (1, 2))
        discount = ones / (ones + 2 * twos)
        own = max(after.get(word, 0) - discount, 0)
        return (own + discount * len(after) * shorter) / sum(after.values())

    return chance


def test_probabilities_agree_with_their_definition() -> None:
    model = EditNgram(TOKENIZER, order=3).fit(TRACES)
    texts: dict[str, list[list[int]]] = {}
    for item in model.notation.encode(TRACES):
        tokens, _, _ = cut(item, 10**6, model.notation.end)
        texts.setdefault(str(item.trace.title), []).append(tokens[len(item.prompt) - 2 :].tolist())
    general = by_hand(
        [text for many in texts.values() for text in many], 3, lambda word: 1 / model.notation.vocabulary
    )
    for text in texts["star"][:2]:
        for end in range(2, len(text), 5):
            before, word = tuple(text[end - 2 : end]), text[end]
            everywhere = general(word, before)
            titled = by_hand(texts["star"], 3, lambda _, found=everywhere: found)
            # Discounts are pooled over titles, so the title's part is only close.
            found = model.probabilities("star", before, np.array([word]))[0]
            assert model.probabilities("never seen", before, np.array([word]))[0] == pytest.approx(everywhere)
            assert 0.5 < found / ((everywhere + titled(word, before)) / 2) < 2


@pytest.mark.parametrize("order", [1, 2, 4])
def test_probabilities_sum_to_one_and_are_those_that_are_scored(order: int) -> None:
    model = EditNgram(TOKENIZER, order=order).fit(TRACES)
    random, every = np.random.default_rng(0), np.arange(model.notation.vocabulary)
    for title in (*tiny_models.TITLES, "never seen", None):
        before = tuple(random.integers(model.notation.vocabulary, size=order - 1).tolist())
        chances = model.probabilities(title, before, every)
        assert chances.min() > 0
        assert chances.sum() == pytest.approx(1)
    traces = [*OTHERS[:3], STRANGE]
    for item, bits in zip(model.notation.encode(traces), model.score(traces), strict=True):
        tokens, _, _ = cut(item, 10**6, model.notation.end)
        padded = [-1] * (order - 1) + tokens.tolist()
        expected = [
            model.probabilities(item.trace.title, tuple(padded[end : end + order - 1]), every)[tokens[end]]
            for end in range(len(item.prompt), len(tokens))
        ]
        assert bits == pytest.approx(-np.log2(expected).sum())


@pytest.mark.parametrize(("context", "title_tokens"), [(40, 0), (12, 6), (10_000, 6)])
def test_scored_tokens_are_those_of_a_network(context: int, title_tokens: int) -> None:
    model = EditNgram(TOKENIZER, context=context, title_tokens=title_tokens).fit([*TRACES, *[STRANGE] * 3])
    examples = list(Encoder(model.notation, {}, context, False).examples([*OTHERS, STRANGE]))
    parts = model.score([*OTHERS, STRANGE], by_segment=True)
    for example, row in zip(examples, parts, strict=True):
        assert set(np.flatnonzero(row)) == set(example.segments[example.given :])


def test_every_trace_has_fewer_bits_than_by_chance(ngram: EditNgram) -> None:
    whole = Trace.from_states(OTHERS[0].programs, OTHERS[0].timestamps, title="star", is_complete=False)
    sizes = np.array([sum(map(len, item.states)) + 1 for item in ngram.notation.encode(OTHERS)])
    assert (ngram.score(OTHERS) < sizes * math.log2(ngram.notation.vocabulary)).all()
    parts = ngram.score([*OTHERS, STRANGE, whole], by_segment=True)
    assert np.isfinite(parts).all()
    assert parts.min() >= 0
    assert parts[-1, -1] == 0  # a cut trace has no end
    assert ngram.score([*OTHERS, STRANGE, whole]) == pytest.approx(parts.sum(axis=1))
    assert ngram.score([], by_segment=True).shape == (0, len(SEGMENTS))


def test_samples_that_end_can_be_read(ngram: EditNgram) -> None:
    prompts = [Prompt("made-up-1", title) for title in (*tiny_models.TITLES, "never seen", None)]
    prompts += [Prompt(None, "star", OTHERS[0]), Prompt("made-up-2", "new", STRANGE)]
    found = ngram.generate(prompts, samples_per_prompt=3)
    assert [(one.prompt, one.number) for one in found] == [(p, n) for p in range(7) for n in range(3)]
    for one in found:
        prompt = prompts[one.prompt]
        given = kept_states(prompt.prefix)[0].programs if prompt.prefix else ()
        assert one.failure is None
        assert one.trace.is_complete
        assert (one.trace.title, one.trace.username) == (prompt.title, prompt.username)
        assert one.given_states == len(given)
        assert one.trace.programs[: len(given)] == given


def test_samples_depend_on_seed_prompt_and_number_alone(ngram: EditNgram) -> None:
    prompts = [Prompt(None, title) for title in tiny_models.TITLES] * 2
    together = ngram.generate(prompts, samples_per_prompt=3, seed=5)
    alone = ngram.generate(prompts[1:2], samples_per_prompt=2, seed=5)
    assert [one.text for one in alone] == [one.text for one in together if one.prompt == 1][:2]
    first, again = ([one.text for one in together if one.prompt == index] for index in (1, 4))
    assert first != again  # equal prompts get different samples
    assert [one.text for one in together] != [one.text for one in ngram.generate(prompts, seed=6)]


def test_what_is_missing_is_named() -> None:
    assert {"EditNgram": EditNgram} == BASELINES
    with pytest.raises(ModelError, match="No trace with a program"):
        EditNgram(TOKENIZER).fit([])
    with pytest.raises(ModelError, match="order 0"):
        EditNgram(TOKENIZER, order=0)
    for ask in (lambda: EditNgram(TOKENIZER).score(OTHERS), lambda: EditNgram(TOKENIZER).generate([])):
        with pytest.raises(ModelError, match="not fitted"):
            ask()
    assert np.isfinite(EditNgram(TOKENIZER).fit(OTHERS[:1]).score([*OTHERS, STRANGE])).all()
