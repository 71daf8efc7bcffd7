"""A byte-level tokenizer whose words may span the spaces of a line, and that takes dates apart sensibly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pcutils.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

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
_WORDS = [
    r" ?\p{L}+",
    r" ?\p{N}+",
    r" ?[^\s\p{L}\p{N}]+",
    r"[^\S\n]+(?=[^\S\n])",
    r"[^\S\n]+",
    r"\n",
]
_SHARE_OF_WORDS = 0.8
_PLANE = 0xF0000  # private characters that stand for words


def train_tokenizer(texts: Iterable[str], *, vocabulary: int = 2048) -> PreTrainedTokenizerFast:
    """Learn a byte-level BPE tokenizer from the text form of traces.

    Parameters
    ----------
    texts : iterable of str
        The text of the training traces, one string each, header lines included.
    vocabulary : int
        Most tokens, special ones included.

    Returns
    -------
    transformers.PreTrainedTokenizerFast
        With ``<|endoftext|>``, ``<start>``, ``<mask>`` and ``<pad>`` as special tokens. Any text without lone
        surrogates comes back from its tokens as it was.

    Raises
    ------
    ModelError
        If the vocabulary is too small to hold all bytes and the pieces of a date.

    Notes
    -----
    GPT-2 cuts text at every space; a student's line is often the same as one of somebody else, so here a
    token may be a whole line with its newline, which shortens traces by 30 to 40 %. Most of the vocabulary is
    learnt inside words first, the rest joins whole words of a line, so that tokens begin and end where words
    do (as in SuperBPE, Liu et al. 2025). A token never crosses a newline, so states can be encoded one by
    one. A date is cut into year, month, day, hour, minute and second whatever was seen in training, so that
    each stays one learnable token.
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
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = _pre_tokenizer([*_HEADER, *_WORDS])
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        show_progress=False,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    words.train_from_iterator((_ANY_HEADER.sub("", text) for text in texts), trainer)
    return words


def _join_words(words: Tokenizer, texts: list[str], vocabulary: int) -> Tokenizer:
    """Go on learning on lines, with the tokens learnt so far as letters."""
    from tokenizers import Tokenizer, models, trainers

    letters = {token: chr(_PLANE + number) for token, number in words.get_vocab().items()}
    joined = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=list(letters.values()),
    )
    joined.train_from_iterator(_lines_in_letters(words, texts, letters), trainer)
    tokens = {letter: token for token, letter in letters.items()}

    def spell(word: str) -> str:
        return "".join(tokens[letter] for letter in word)

    merges = [(spell(first), spell(second)) for first, second in _merges(joined)]
    return _extend(words, merges, [*_HEADER, *_LINES])


def _with_dates(words: Tokenizer) -> Tokenizer:
    """Make every part of a date one token, by joining what it falls into, after all that was learnt."""
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
    """Give a tokenizer that joins more, after everything the old one joins."""
    from tokenizers import Tokenizer, models

    vocab = tokenizer.get_vocab()
    for first, second in more:
        vocab.setdefault(first + second, len(vocab))
    result = Tokenizer(models.BPE(vocab=vocab, merges=[*_merges(tokenizer), *more]))
    result.add_special_tokens(list(SPECIAL_TOKENS))
    result.pre_tokenizer = _pre_tokenizer(patterns)
    return result


def _lines_in_letters(words: Tokenizer, texts: list[str], letters: dict[str, str]) -> Iterator[str]:
    from tokenizers import Regex, pre_tokenizers

    split = pre_tokenizers.Split(Regex("|".join([*_HEADER, *_LINES])), "isolated")
    is_header = re.compile("|".join(_HEADER), re.MULTILINE)
    for text in texts:
        for line, (start, _) in split.pre_tokenize_str(text):
            if is_header.match(text, start) is None:
                yield "".join(letters[token] for token in words.encode(line).tokens)


def wrap_backend(backend: Tokenizer, **notes: int) -> PreTrainedTokenizerFast:
    """Give a byte-level tokenizer its special tokens' roles; notes are saved with it in ``init_kwargs``."""
    from tokenizers import decoders
    from transformers import PreTrainedTokenizerFast

    backend.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token=END,
        bos_token=START,
        mask_token=MASK,
        pad_token=PAD,
        clean_up_tokenization_spaces=False,
        **notes,
    )


def tokens_of_base(tokenizer: PreTrainedTokenizerFast) -> int:
    """Say how many tokens the pretrained decoder knows whose tokenizer this is; all where it is none's."""
    return int(tokenizer.init_kwargs.get("tokens_of_base", len(tokenizer)))


def load_tokenizer(path: str | Path) -> PreTrainedTokenizerFast:
    """Load a tokenizer that ``save_pretrained`` wrote.

    Parameters
    ----------
    path : path
        Its folder.

    Raises
    ------
    ModelError
        If there is no tokenizer in the folder.
    """
    from transformers import PreTrainedTokenizerFast

    if not (Path(path) / "tokenizer.json").is_file():
        raise ModelError(f"{path} holds no tokenizer.json: train a tokenizer first and save it there.")
    return PreTrainedTokenizerFast.from_pretrained(str(path))


def encode_texts(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> list[list[int]]:
    """Turn texts into tokens; what looks like a special token in a student's program stays plain text."""
    backend = tokenizer.backend_tokenizer
    before = backend.encode_special_tokens
    backend.encode_special_tokens = True
    try:
        return [
            item.ids
            for item in backend.encode_batch([clean(text) for text in texts], add_special_tokens=False)
        ]
    finally:
        backend.encode_special_tokens = before


def decode_tokens(tokenizer: PreTrainedTokenizerFast, ids: list[int]) -> str:
    """Turn tokens back into text, special tokens included."""
    return tokenizer.backend_tokenizer.decode(ids, skip_special_tokens=False)


def _pre_tokenizer(patterns: list[str]) -> pre_tokenizers.Sequence:
    from tokenizers import Regex, pre_tokenizers

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
