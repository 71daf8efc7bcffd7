from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
from tokenizers import Tokenizer, decoders, trainers
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerFast

from pcutils.errors import ModelError
from pcutils.models import BASELINES, EditNgram, MostCommonProgram, NearestNeighbour, Prompt
from pcutils.models.baselines.base import SETTINGS_FILE
from pcutils.models.baselines.contexts import context_keys, count_contexts, smooth, smooth_each
from pcutils.models.baselines.copying import Copyist
from pcutils.models.baselines.mixtures import fit_weights
from pcutils.models.batches import make_examples
from pcutils.models.formats import SEGMENTS, Encoded, kept_states
from pcutils.models.formats.base import EDITS, FIRST_STATE, GAPS
from pcutils.models.tokenizer import SPECIAL_TOKENS
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


@pytest.fixture(scope="module", params=list(BASELINES))
def model(request: pytest.FixtureRequest) -> Any:
    return BASELINES[request.param](TOKENIZER).fit(TRACES)


@pytest.fixture(scope="module")
def ngram() -> EditNgram:
    return EditNgram(TOKENIZER).fit(TRACES)


def steps(*programs: str, **options: Any) -> Trace:
    """A trace with a state every ten seconds."""
    moments = [NOON + timedelta(seconds=10 * place) for place in range(len(programs))]
    return Trace.from_states(programs, moments, **{"title": "star", "username": "made-up-0", **options})


def test_shelf_holds_every_baseline() -> None:
    assert list(BASELINES.values()) == [EditNgram, MostCommonProgram, NearestNeighbour]
    assert all(name == kind.__name__ for name, kind in BASELINES.items())


def kneser_ney(text: list[int], size: int, vocabulary: int) -> Any:
    """Interpolated modified Kneser-Ney from its definition, with dictionaries."""
    places = range(size - 1, len(text))
    counts: list[Counter[tuple[tuple[int, ...], int]]] = [
        Counter((tuple(text[place - size + 1 : place]), text[place]) for place in places)
    ]
    for _ in range(size - 1):
        counts.insert(0, Counter((h[1:], w) for h, w in counts[0]))

    def discount(count: int, table: Counter[Any]) -> float:
        have = [sum(c == number for c in table.values()) for number in range(1, 5)]
        place = min(count, 3) - 1
        share = have[0] / (have[0] + 2 * have[1]) if have[0] else 0.5
        raw = (
            place + 1 - (place + 2) * share * have[place + 1] / have[place]
            if have[place]
            else (place + 1) / 2
        )
        return min(max(raw, 0.1), place + 1)

    def chance(word: int, before: tuple[int, ...]) -> float:
        lower = chance(word, before[1:]) if before else 1 / vocabulary
        table = counts[len(before)]
        after = {w: c for (h, w), c in table.items() if h == before}
        if not after:
            return lower
        left = sum(discount(c, table) for c in after.values())
        own = after[word] - discount(after[word], table) if word in after else 0.0
        return (own + left * lower) / sum(after.values())

    return chance


def test_smoothing_agrees_with_its_definition() -> None:
    random = np.random.default_rng(0)
    text = np.minimum(random.geometric(0.4, size=300), 7)
    past = [text[1:-1].astype(np.uint64), text[:-2].astype(np.uint64)]
    tables = count_contexts(context_keys(np.zeros(298, dtype=np.uint64), past), text[2:])
    by_hand = kneser_ney(text.tolist(), 3, 9)
    for before in ((1, 1), (2, 1), (7, 6), (8, 8), (8, 1)):
        keys = context_keys(0, before[::-1])
        found = smooth(tables, np.full(9, 1 / 9), keys)
        assert found == pytest.approx([by_hand(word, before) for word in range(9)])
        many = [np.full(9, key, dtype=np.uint64) for key in keys]
        assert smooth_each(tables, np.full(9, 1 / 9), many, np.arange(9)) == pytest.approx(found)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_chances_of_an_ngram_sum_to_one_and_are_those_it_scores(order: int) -> None:
    model = EditNgram(TOKENIZER, order=order).fit(TRACES)
    random = np.random.default_rng(0)
    for title in (*tiny_models.TITLES, "never seen", None):
        for length in (0, 1, 3, 9):
            before = random.integers(model.form.vocabulary, size=length).tolist()
            chances = model.distribution(title, before)
            assert chances.min() > 0
            assert chances.sum() == pytest.approx(1)
    items = list(model.form.encode([*OTHERS[:3], STRANGE]))
    for item, bits in zip(items, model.token_bits(items), strict=True):
        tokens, _, given = model.tokens_of(item)
        expected = [
            -math.log2(model.distribution(item.trace.title, tokens[:place].tolist())[tokens[place]])
            for place in range(given, len(tokens))
        ]
        assert bits == pytest.approx(expected)


def test_titles_own_counts_help() -> None:
    lines = {"square": "fd 50\nrt 90", "star": "fd 100\nrt 144"}
    traces = [steps("pen red", f"pen red\n{lines[title]}", title=title) for _ in range(20) for title in lines]
    model = EditNgram(TOKENIZER, order=2).fit(traces)
    assert model.title_weight > 0.5
    swapped = [steps("pen red", f"pen red\n{lines['star']}", title="square")]
    assert model.score(swapped)[0] > model.score(traces[1::2]).max() + 3


@pytest.mark.parametrize(("context", "title_tokens"), [(40, 0), (4, 6), (10_000, 6)])
def test_scored_tokens_are_those_of_a_network(context: int, title_tokens: int) -> None:
    model = EditNgram(TOKENIZER, context=context, title_tokens=title_tokens).fit(TRACES)
    items = model.form.encode([*OTHERS, STRANGE])
    for item, example in zip(items, make_examples([*OTHERS, STRANGE], model.form, {}, context), strict=True):
        tokens, segments, given = model.tokens_of(item)
        assert tokens.tolist() == example.tokens.tolist()
        assert segments.tolist() == example.segments.tolist()
        assert given == min(example.given, len(tokens))


def test_every_trace_costs_less_than_by_chance_and_finitely_much(model: Any) -> None:
    cut = Trace.from_states(OTHERS[0].programs, OTHERS[0].timestamps, title="star", is_complete=False)
    items = list(model.form.encode(OTHERS))
    tokens = np.array([len(found) - given for found, _, given in map(model.tokens_of, items)])
    assert (model.score(OTHERS) < tokens * math.log2(model.form.vocabulary)).all()
    parts = model.score_parts([*OTHERS, STRANGE, cut])
    assert parts.shape == (len(OTHERS) + 2, len(SEGMENTS))
    assert np.isfinite(parts).all()
    assert parts.min() > -1e-9
    assert parts[-1, -1] == 0  # nobody knows how a cut trace ends
    assert model.score([*OTHERS, STRANGE, cut]) == pytest.approx(parts.sum(axis=1))
    assert model.score_parts([]).shape == (0, len(SEGMENTS))


def test_what_lies_beyond_the_context_costs_nothing(model: Any) -> None:
    short = type(model)(TOKENIZER, context=24).fit(TRACES)
    whole = type(model)(TOKENIZER, context=10_000).fit(TRACES)
    lengths = np.array([len(whole.tokens_of(item)[0]) for item in whole.form.encode(OTHERS)])
    is_cut = lengths > 23
    parts = short.score_parts(OTHERS)
    assert 0 < is_cut.sum() < len(OTHERS)
    assert ((parts[:, -1] == 0) == is_cut).all()
    assert [len(short.tokens_of(item)[0]) for item in short.form.encode(OTHERS)] == [
        min(length, 23) for length in lengths
    ]
    (sample,) = short.sample([Prompt(None, "star")])
    assert sample.trace is None or sample.trace.programs


def ways_on(model: Copyist, item: Encoded, state: int) -> tuple[float, float]:
    """Give the chance of a trace up to a state, and that of everything that can come one token later."""
    states, segments = item.states[: state + 1], item.segments[: state + 1]
    kind = FIRST_STATE if state == 0 else EDITS
    programs, moments = item.trace.programs[: state + 1], item.trace.timestamps[: state + 1]
    trace = Trace.from_states(programs, moments, title=item.trace.title, username=item.trace.username)
    later = Trace.from_states([*programs, "another"], title=trace.title, username=trace.username)
    here = Encoded(item.prompt, states, segments, [], False, trace)
    operations = model.form.operations
    begins = [*operations.gaps, operations.earlier, operations.unknown, operations.dated]
    items = [here, Encoded(item.prompt, states, segments, [], True, trace)]
    for token in range(model.form.vocabulary):
        one = np.array([token], dtype=np.int32)
        if token in begins:
            more = [*states, one], [*segments, np.array([GAPS], dtype=np.int8)]
            items.append(Encoded(item.prompt, *more, [], False, later))
        elif token != model.form.end:
            longer = np.concatenate([states[-1], one])
            said = np.append(segments[-1], np.int8(kind))
            more = [*states[:-1], longer], [*segments[:-1], said]
            items.append(Encoded(item.prompt, *more, [], False, trace))
    chances = [2.0 ** -bits.sum() for bits in model.token_bits(items)]
    return chances[0], sum(chances[1:])


@pytest.mark.parametrize("kind", [MostCommonProgram, NearestNeighbour])
def test_copies_and_ngram_together_are_a_distribution(kind: type[Copyist]) -> None:
    known = steps("pen red", "pen red\nfd 50", "pen red\nfd 50\nrt 90")
    model = kind(TOKENIZER).fit([*TRACES[:4], known, steps("cs"), steps("pen red", "cs")])
    model.weights = np.array([[0.3, 0.3, 0.4], [0.2, 0.5, 0.3]])
    for trace, state in ((known, 0), (known, 1), (STRANGE, 1)):
        (item,) = model.form.encode([trace])
        now, next_ones = ways_on(model, item, state)
        assert next_ones == pytest.approx(now, rel=1e-9)


def test_weights_of_a_mixture_make_the_held_out_likelier() -> None:
    chances = np.random.default_rng(0).random((200, 3)) * [1, 2, 0.5]
    weights = fit_weights(chances)
    assert weights.sum() == pytest.approx(1)
    assert np.log(chances @ weights).sum() > np.log(chances.mean(axis=1)).sum()
    assert fit_weights(np.zeros((0, 3))) == pytest.approx(1 / 3)


def test_samples_that_end_can_be_read(model: Any) -> None:
    prompts = [Prompt("made-up-1", title) for title in (*tiny_models.TITLES, "never seen", None)]
    prompts += [Prompt(None, "star", OTHERS[0]), Prompt("made-up-2", "new", STRANGE)]
    found = model.sample(prompts, samples_per_prompt=4)
    assert [(one.prompt, one.number) for one in found] == [(p, n) for p in range(7) for n in range(4)]
    for one in found:
        prompt = prompts[one.prompt]
        given = kept_states(prompt.prefix)[0].programs if prompt.prefix else ()
        assert one.failure is None
        assert one.trace.is_complete
        assert one.text.endswith("<|endoftext|>")
        assert (one.trace.title, one.trace.username) == (prompt.title, prompt.username)
        assert one.given_states == len(given)
        assert one.trace.programs[: len(given)] == given


def test_a_tokenizer_that_cuts_dates_anywhere_will_do(model: Any) -> None:
    bytewise = Tokenizer(BPE())
    bytewise.pre_tokenizer = ByteLevel(add_prefix_space=False)
    letters = trainers.BpeTrainer(
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=ByteLevel.alphabet(),
        vocab_size=300,
        show_progress=False,
    )
    bytewise.train_from_iterator(["pen red\nfd 50\n"], letters)
    bytewise.decoder = decoders.ByteLevel()
    named = dict(zip(("eos_token", "bos_token", "mask_token", "pad_token"), SPECIAL_TOKENS, strict=True))
    other = type(model)(PreTrainedTokenizerFast(tokenizer_object=bytewise, **named)).fit(TRACES)
    assert not other.form.grammar.states.has_dates
    assert np.isfinite(other.score([*OTHERS, STRANGE])).all()
    found = other.sample([Prompt(None, "star"), Prompt(None, "star", OTHERS[0])], samples_per_prompt=5)
    assert all((one.trace is None) == (one.failure is not None) for one in found)
    assert any(one.trace is not None for one in found)


def test_samples_depend_on_seed_prompt_and_number_alone(model: Any) -> None:
    prompts = [Prompt(None, title) for title in tiny_models.TITLES] * 2
    together = model.sample(prompts, samples_per_prompt=3, seed=5)
    assert together == type(model)(TOKENIZER).fit(TRACES).sample(prompts, samples_per_prompt=3, seed=5)
    alone = model.sample(prompts[1:2], samples_per_prompt=2, seed=5)
    assert [one.text for one in alone] == [one.text for one in together if one.prompt == 1][:2]
    if not isinstance(model, MostCommonProgram):
        first, again = ([one.text for one in together if one.prompt == place] for place in (1, 4))
        assert first != again  # equal prompts get different samples
        other = model.sample(prompts, samples_per_prompt=3, seed=6)
        assert [one.text for one in together] != [one.text for one in other]


def test_ngram_samples_look_like_training(ngram: EditNgram) -> None:
    samples = ngram.sample([Prompt(None, "star")], samples_per_prompt=60)
    lines = {line for trace in TRACES for program in trace.programs for line in program.split("\n")}
    written = [line for one in samples for program in one.trace.programs for line in program.split("\n")]
    assert np.mean([line in lines for line in written]) > 0.5
    states = np.mean([len(one.trace.programs) for one in samples])
    assert 0.5 < states / np.mean([len(trace.programs) for trace in TRACES]) < 2


def test_most_common_program_is_the_most_common() -> None:
    finals = {title: Counter(t.programs[-1] for t in TRACES if t.title == title) for title in ("star",)}
    wanted = steps("pen red", "cs")
    model = MostCommonProgram(TOKENIZER).fit([*TRACES, *[wanted] * (finals["star"].total() + 1)])
    prefix = steps("pen blue")
    own, on, square, unknown = model.sample(
        [Prompt(None, title, given) for title, given in
         (("star", None), ("star", prefix), ("square", None), ("never seen", None))]
    )  # fmt: skip
    assert own.trace.programs == ("cs",)
    assert own.trace.timestamps == (None,)
    assert on.trace.programs == ("pen blue", "cs")
    squares = Counter(trace.programs[-1] for trace in TRACES if trace.title == "square")
    assert squares[square.trace.programs[0]] == max(squares.values())
    assert unknown.trace.programs == ("cs",) == (model.most_common("never seen"),)


def test_programs_of_cut_traces_are_no_final_ones() -> None:
    cut = [steps("home", is_complete=False)] * 5
    model = MostCommonProgram(TOKENIZER).fit([*cut, steps("fd 50", "cs")])
    assert model.most_common("star") == "cs"
    with pytest.raises(ModelError, match="No complete trace"):
        MostCommonProgram(TOKENIZER).fit(cut)


@pytest.mark.parametrize("kind", [MostCommonProgram, NearestNeighbour])
def test_copies_are_cheaper_than_what_is_written_token_by_token(kind: type[Copyist]) -> None:
    random = np.random.default_rng(0)
    starts = ["\n".join(f"fd {random.integers(999)}" for _ in range(6)) for _ in range(6)]
    ends = random.permutation([f"{start}\ndot" for start in starts])
    traces = [steps(start, end, username=f"made-up-{n}") for n, end in enumerate(ends) for start in starts]
    model = kind(TOKENIZER, order=2).fit(traces)
    states = [SEGMENTS.index("first"), SEGMENTS.index("edits")]
    copied, written = model.score_parts(traces), model.ngram.score_parts(traces)
    saved = (written - copied)[:, states].mean(axis=0)
    assert saved[1 if kind is MostCommonProgram else 0] > 1
    unlike = steps("home", "home\ncs")
    price = model.score([unlike])[0] - model.ngram.score([unlike])[0]
    assert price < 3 * math.log2(len(traces))  # what cannot be a copy costs the weights only


def test_neighbours_continuation_is_gone_on_with() -> None:
    near = steps("pen red\nfd 50\nrt 90", "pen red\nfd 60\nrt 90", "pen red\nfd 70", username="made-up-1")
    far = steps("dot blue", "dot red", username="made-up-2")
    model = NearestNeighbour(TOKENIZER).fit([far, near, steps("pen red\nfd 50\nrt 91", "cs", title="square")])
    later = NOON + timedelta(days=3)
    prefix = Trace.from_states(["ht", "pen red\nfd 50\nrt 91"], [None, later])
    (found,) = model.sample([Prompt("made-up-3", "star", prefix)])
    assert found.trace.programs == (*prefix.programs, *near.programs[1:])
    assert found.trace.timestamps[2:] == (later + timedelta(seconds=10), later + timedelta(seconds=20))
    (elsewhere,) = model.sample([Prompt("made-up-3", "never seen", prefix)])
    assert elsewhere.trace.programs == (*prefix.programs, "cs")
    (ended,) = model.sample([Prompt(None, "star", steps("dot red"))])
    assert ended.trace.programs == ("dot red",)
    assert ended.trace.is_complete


def test_own_traces_come_first() -> None:
    traces = [steps("ht", f"ht\nfd {student}", username=f"made-up-{student}") for student in range(8)]
    model = NearestNeighbour(TOKENIZER).fit(traces)
    asked = [Prompt(f"made-up-{student}", "star", steps("ht")) for student in range(8)]
    assert [one.trace.programs[-1] for one in model.sample(asked)] == [f"ht\nfd {n}" for n in range(8)]
    alone = [Prompt(prompt.username, prompt.title) for prompt in asked]
    assert [one.trace.programs for one in model.sample(alone)] == [trace.programs for trace in traces]
    (stranger,) = model.sample([Prompt("made-up-9", "star", steps("ht"))])
    assert stranger.trace.programs[-1] == "ht\nfd 0"


def test_a_cut_neighbour_leaves_the_sample_open() -> None:
    model = NearestNeighbour(TOKENIZER).fit([steps("ht", "ht\nfd 50", is_complete=False)])
    alone, on = model.sample([Prompt(None, "star"), Prompt(None, "star", steps("ht", "ht\nfd 50"))])
    for found in (alone, on):
        assert found.trace.programs == ("ht", "ht\nfd 50")
        assert not found.trace.is_complete


def test_loaded_is_as_saved(model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "shelf")
    loaded = type(model).load(tmp_path / "shelf")
    assert np.array_equal(loaded.score_parts([*OTHERS, STRANGE]), model.score_parts([*OTHERS, STRANGE]))
    prompts = [Prompt("made-up-1", "star"), Prompt(None, "square", OTHERS[0])]
    assert loaded.sample(prompts, seed=3) == model.sample(prompts, seed=3)
    for other in BASELINES.values():
        if other is not type(model):
            with pytest.raises(ModelError, match=f"holds a {type(model).__name__}, not a {other.__name__}"):
                other.load(tmp_path / "shelf")
    for file in (tmp_path / "shelf").glob("*.parquet"):
        file.unlink()
        with pytest.raises(ModelError, match=f"lacks {file.name}"):
            type(model).load(tmp_path / "shelf")
    (tmp_path / "shelf" / SETTINGS_FILE).unlink()
    with pytest.raises(ModelError, match=f"lacks {SETTINGS_FILE}"):
        type(model).load(tmp_path / "shelf")


@pytest.mark.parametrize("kind", BASELINES.values())
def test_what_is_missing_is_named(kind: type[Any], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"No trace with a program to fit {kind.__name__}"):
        kind(TOKENIZER).fit([])
    with pytest.raises(ModelError, match="order 0"):
        kind(TOKENIZER, order=0)
    empty = kind(TOKENIZER)
    for ask in (lambda: empty.score(OTHERS), lambda: empty.sample([]), lambda: empty.save(tmp_path)):
        with pytest.raises(ModelError, match=f"This {kind.__name__} has learnt nothing yet"):
            ask()


@pytest.mark.parametrize("kind", BASELINES.values())
def test_one_or_two_traces_are_enough(kind: type[Any]) -> None:
    for traces in (OTHERS[:1], OTHERS[:2]):
        model = kind(TOKENIZER).fit(traces)
        assert np.isfinite(model.score([*OTHERS, STRANGE])).all()
        assert model.sample([Prompt(None, "star")])[0].trace.programs
