from __future__ import annotations

import pytest
import tiny_models
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.errors import ModelError
from pcutils.models import load_tokenizer, train_tokenizer
from pcutils.models.tokenizer import END, MASK, PAD, START, decode_tokens, encode_texts

TOKENIZER = tiny_models.tiny_tokenizer()
odd_bits = st.sampled_from(
    ["CODE 3 (", "2019-01-02 10:11:12):\n", "\r\n", "\x0b", "\u2028", END, MASK, "é", "\0"]
)
any_text = st.lists(st.one_of(odd_bits, st.text(st.characters(exclude_categories=["Cs"])))).map("".join)


def pieces(text: str) -> list[str]:
    return [decode_tokens(TOKENIZER, [token]) for token in encode_texts(TOKENIZER, [text])[0]]


@settings(max_examples=300)
@given(any_text)
def test_any_text_comes_back(text: str) -> None:
    ids = encode_texts(TOKENIZER, [text])[0]
    assert decode_tokens(TOKENIZER, ids) == text
    assert not {TOKENIZER.convert_tokens_to_ids(name) for name in (END, START, MASK, PAD)} & set(ids)


@settings(max_examples=100)
@given(st.lists(any_text.map(lambda text: text + "\n")))
def test_lines_can_be_encoded_one_by_one(lines: list[str]) -> None:
    whole = encode_texts(TOKENIZER, ["".join(lines)])[0]
    assert whole == [token for ids in encode_texts(TOKENIZER, lines) for token in ids]


def test_date_is_cut_into_its_parts_even_where_never_seen() -> None:
    header = "CODE 17 (2025-12-31 23:59:07):\n"
    assert pieces(header) == ["CODE 17 (", "2025", "-12", "-31", " 23", ":59", ":07", "):\n"]


def test_vocabulary_is_no_larger_than_asked() -> None:
    for size in (508, 520, 600):
        assert len(train_tokenizer(["CODE 1 (2019-03-04 10:00:00):\npen red"] * 3, vocabulary=size)) <= size


def test_frequent_line_is_one_token() -> None:
    roomy = tiny_models.tiny_tokenizer(600)
    ids = encode_texts(roomy, ["CODE 1 (2019-03-04 10:00:00):\npen red\nfd 50\n"])[0]
    assert "pen red\n" in [decode_tokens(roomy, [token]) for token in ids]


def test_lone_surrogate_becomes_the_replacement_character() -> None:
    ids = encode_texts(TOKENIZER, ["a\ud800b"])[0]
    assert decode_tokens(TOKENIZER, ids) == "a\ufffdb"


def test_saved_tokenizer_is_the_same(tmp_path: object) -> None:
    TOKENIZER.save_pretrained(str(tmp_path))
    loaded = load_tokenizer(str(tmp_path))
    text = "CODE 1 (2019-03-04 10:00:00):\npen red\n" + MASK
    assert encode_texts(loaded, [text]) == encode_texts(TOKENIZER, [text])
    assert (loaded.eos_token, loaded.pad_token) == (END, PAD)


def test_training_is_deterministic() -> None:
    assert tiny_models.tiny_tokenizer().get_vocab() == TOKENIZER.get_vocab()


def test_impossible_requests_say_so(tmp_path: object) -> None:
    with pytest.raises(ModelError, match="vocabulary of 300"):
        train_tokenizer(["a"], vocabulary=300)
    with pytest.raises(ModelError, match=r"no tokenizer\.json"):
        load_tokenizer(str(tmp_path))
