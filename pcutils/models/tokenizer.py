"""A byte-level tokenizer whose tokens may span whole lines, with one token for each part of a date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from pcutils.errors import ModelError

END, START, MASK, PAD = "<|endoftext|>", "<start>", "<mask>", "<pad>"
SPECIAL_TOKENS = (END, START, MASK, PAD)
_ANY_HEADER = re.compile(r"^CODE \d+ \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\):\n", re.MULTILINE)
_CALENDAR_TOKENS = 248  # parts of dates, and what lies on the way to them
SMALLEST_VOCABULARY = 256 + len(SPECIAL_TOKENS) + _CALENDAR_TOKENS

# A header in pieces, each known by what follows it: "CODE 3 (", "2019", "-03", "-04", " 16", ":28", ":38",
# "):\n".
_TIME = r" \d\d:\d\d:\d\d\):\n"
_HEADER = [
    rf"^CODE \d+ \((?=\d{{4}}-\d\d-\d\d{_TIME})",
    rf"\d{{4}}(?=-\d\d-\d\d{_TIME})",
    rf"-\d\d(?=-\d\d{_TIME})",
    rf"-\d\d(?={_TIME})",
    r" \d\d(?=:\d\d:\d\d\):\n)",
    r":\d\d(?=:\d\d\):\n)",
    r":\d\d(?=\):\n)",
    r"(?<=:\d\d)\):\n",
]
_LINES = [r"[^\n]*\n", r"[^\n]+"]
_WORDS = [r" ?\p{L}+", r" ?\p{N}+", r" ?[^\s\p{L}\p{N}]+", r"[^\S\n]+(?=[^\S\n])", r"[^\S\n]+", r"\n"]
_SHARE_OF_WORDS = 0.8
_PLANE = 0xF0000  # private characters that stand for words


def train_tokenizer(texts: Iterable[str], *, vocabulary: int = 2048) -> PreTrainedTokenizerFast:
    """Learn a byte-level BPE tokenizer from the text form of traces.

    Parameters
    ----------
    texts : iterable of str
        The text of the training traces, one string each, header lines included.
    vocabulary : int
        Most tokens, special ones included; at least 508, for all bytes and the pieces of a date.

    Returns
    -------
    transformers.PreTrainedTokenizerFast
        Any text without lone surrogates comes back from its tokens as it was.

    Notes
    -----
    GPT-2 cuts text at every space. Students' lines are often equal, so here a token may be a whole line with
    its newline, which shortens traces by 30 to 40 %. Most of the vocabulary is learnt inside words, the rest
    joins whole words of a line (as in SuperBPE, Liu et al. 2025). A token never crosses a newline, so states
    can be encoded one by one. Year, month, day, hour, minute and second of a date are one token each.
    """
    if vocabulary < SMALLEST_VOCABULARY:
        raise ModelError(
            f"A vocabulary of {vocabulary} cannot hold all bytes and the pieces of a date: "
            f"use at least {SMALLEST_VOCABULARY}."
        )
    cleaned = [clean(text) for text in texts]
    size = 256 + len(SPECIAL_TOKENS) + int((vocabulary - SMALLEST_VOCABULARY) * _SHARE_OF_WORDS)
    words = _with_dates(_learn_words(cleaned, size))
    return wrap_backend(_join_words(words, cleaned, vocabulary))


def _learn_words(texts: list[str], vocabulary: int) -> Tokenizer:
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = _pre_tokenizer([*_HEADER, *_WORDS])
    bodies = (_ANY_HEADER.sub("", text) for text in texts)
    _train(words, bodies, vocabulary, pre_tokenizers.ByteLevel.alphabet(), SPECIAL_TOKENS)
    return words


def _train(
    tokenizer: Tokenizer,
    texts: Iterator[str],
    vocabulary: int,
    letters: list[str],
    special: Sequence[str] = (),
) -> None:
    options: dict[str, Any] = {
        "special_tokens": list(special),
        "initial_alphabet": letters,
        "show_progress": False,
    }
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, min_frequency=2, **options)
    tokenizer.train_from_iterator(texts, trainer)


def _join_words(words: Tokenizer, texts: list[str], vocabulary: int) -> Tokenizer:
    """Go on learning on lines, with the tokens learnt so far as letters."""
    letters = {token: chr(_PLANE + number) for token, number in words.get_vocab().items()}
    joined = Tokenizer(models.BPE())
    _train(joined, _lines_in_letters(words, texts, letters), vocabulary, list(letters.values()))
    tokens = {letter: token for token, letter in letters.items()}
    merges = [(_spell(first, tokens), _spell(second, tokens)) for first, second in _merges(joined)]
    return _extend(words, merges, [*_HEADER, *_LINES])


def _spell(word: str, tokens: dict[str, str]) -> str:
    return "".join(tokens[letter] for letter in word)


def _with_dates(words: Tokenizer) -> Tokenizer:
    """Make every part of a date one token, by merges after all that were learnt."""
    merges: list[tuple[str, str]] = []
    for header in _calendar():
        extended = _extend(words, merges, [*_HEADER, *_WORDS])
        encoded = extended.encode(header)
        for word in dict.fromkeys(encoded.word_ids):
            parts = [token for token, of in zip(encoded.tokens, encoded.word_ids, strict=True) if of == word]
            while len(parts) > 1:
                if tuple(parts[:2]) not in merges:
                    merges.append((parts[0], parts[1]))
                parts[:2] = ["".join(parts[:2])]
    return _extend(words, merges, [*_HEADER, *_WORDS])


def _merges(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    return [(first, second) for first, second in json.loads(tokenizer.to_str())["model"]["merges"]]


def _extend(tokenizer: Tokenizer, more: list[tuple[str, str]], patterns: list[str]) -> Tokenizer:
    """Give a tokenizer with more merges, after those of the old one."""
    vocab = tokenizer.get_vocab()
    for first, second in more:
        vocab.setdefault(first + second, len(vocab))
    result = Tokenizer(models.BPE(vocab=vocab, merges=[*_merges(tokenizer), *more]))
    result.add_special_tokens(list(SPECIAL_TOKENS))
    result.pre_tokenizer = _pre_tokenizer(patterns)
    return result


def _lines_in_letters(words: Tokenizer, texts: list[str], letters: dict[str, str]) -> Iterator[str]:
    split = pre_tokenizers.Split(Regex("|".join([*_HEADER, *_LINES])), "isolated")
    is_header = re.compile("|".join(_HEADER), re.MULTILINE)
    for text in texts:
        for line, (start, _) in split.pre_tokenize_str(text):
            if is_header.match(text, start) is None:
                yield "".join(letters[token] for token in words.encode(line).tokens)


def wrap_backend(backend: Tokenizer, **notes: int) -> PreTrainedTokenizerFast:
    """Give a tokenizer the roles of its special tokens, and notes that are saved in ``init_kwargs``."""
    backend.decoder = decoders.ByteLevel()
    roles = {"eos_token": END, "bos_token": START, "mask_token": MASK, "pad_token": PAD}
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, clean_up_tokenization_spaces=False, **roles, **notes
    )


def tokens_of_base(tokenizer: PreTrainedTokenizerFast) -> int:
    """Count the tokens that a pretrained decoder was trained on; all where the tokenizer is not one's."""
    return int(tokenizer.init_kwargs.get("tokens_of_base", len(tokenizer)))


def load_tokenizer(path: str | Path) -> PreTrainedTokenizerFast:
    """Load a tokenizer from the folder that ``save_pretrained`` wrote."""
    if not (Path(path) / "tokenizer.json").is_file():
        raise ModelError(f"{path} holds no tokenizer.json: train a tokenizer first and save it there.")
    return PreTrainedTokenizerFast.from_pretrained(str(path))


def encode_texts(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> list[list[int]]:
    """Turn texts into tokens; what looks like a special token in a student's program stays plain text."""
    backend = tokenizer.backend_tokenizer
    before = backend.encode_special_tokens
    backend.encode_special_tokens = True
    try:
        found = backend.encode_batch([clean(text) for text in texts], add_special_tokens=False)
        return [item.ids for item in found]
    finally:
        backend.encode_special_tokens = before


def decode_tokens(tokenizer: PreTrainedTokenizerFast, ids: list[int]) -> str:
    """Turn tokens back into text, special tokens included."""
    return tokenizer.backend_tokenizer.decode(ids, skip_special_tokens=False)


def _pre_tokenizer(patterns: list[str]) -> pre_tokenizers.Sequence:
    split = pre_tokenizers.Split(Regex("|".join(patterns)), "isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def _calendar() -> Iterator[str]:
    """Headers that hold every part of a date in the years of the dataset, and numbers up to 20."""
    for place in range(60):
        year, month, day, hour = 2014 + place % 12, 1 + place % 12, 1 + place % 31, place % 24
        date = f"{year}-{month:02d}-{day:02d} {hour:02d}:{place:02d}:{place:02d}"
        yield f"CODE {1 + place % 20} ({date}):\n"


def clean(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot hold, by U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
