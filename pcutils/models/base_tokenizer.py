"""The tokenizer of a pretrained decoder, made fit for traces."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pcutils.errors import ModelError
from pcutils.models.tokenizer import (
    END,
    MASK,
    PAD,
    SPECIAL_TOKENS,
    START,
    decode_tokens,
    encode_texts,
    wrap_backend,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_LINES = {"Regex": r"[^\n]*\n|[^\n]+"}
_PROBE = (
    "\n\n  pen  red\t\r\n\r\n\tfd 50 \n    speed(10)\n \t \n\n\n  # e\u0301 \u00e9 \u212b \u4f60\u597d"
    " \ud55c \U0001f422\ufe0f \u0130 \u00a0\u2028\u200d\x0b\x00''\"\" isn't 1234567\ncode"
)


def pretrained_tokenizer(base: str) -> PreTrainedTokenizerFast:
    """Load the tokenizer of a pretrained decoder, whose tokens mean something to it.

    Parameters
    ----------
    base : str
        Folder of the decoder, or a name that ``transformers`` finds.

    Returns
    -------
    transformers.PreTrainedTokenizerFast
        As :func:`pcutils.models.train_tokenizer` gives it, with the same special tokens: those that the base
        has keep their numbers, the others get new ones. Any text without lone surrogates comes back from its
        tokens as it was. ``init_kwargs["tokens_of_base"]`` says how many tokens the base knows.

    Raises
    ------
    ModelError
        If there is no tokenizer, or none that gives back every text.

    Notes
    -----
    Three things change. Texts are not normalised, for a student's bytes are data. Text that looks like one of
    the base's special tokens stays text. No token goes beyond a newline, as both formats need it; most
    pretrained tokenizers would join blank lines and indents across it.
    """
    from tokenizers import Tokenizer

    backend = _load(base)
    content = json.loads(backend.to_str())
    known = 1 + max(backend.get_vocab(with_added_tokens=True).values())
    _fill_gaps(content, backend.get_vocab(with_added_tokens=True))
    content |= {"normalizer": None, "post_processor": None, "truncation": None, "padding": None}
    split = {"type": "Split", "pattern": _LINES, "behavior": "Isolated", "invert": False}
    before = content["pre_tokenizer"]
    content["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, *([before] if before else [])]}
    for token in content["added_tokens"]:
        is_text = not token["content"].strip(" \t")  # runs of spaces, which are words of some tokenizers
        token |= {"lstrip": False, "rstrip": False, "single_word": False, "normalized": False}
        token["special"] = not is_text
    try:
        changed = Tokenizer.from_str(json.dumps(content))
        changed.add_special_tokens(list(SPECIAL_TOKENS))
        tokenizer = wrap_backend(changed, tokens_of_base=known)
        _check(tokenizer, base)
    except ModelError:
        raise
    except Exception as error:  # what `tokenizers` raises has no class of its own
        raise ModelError(f"The tokenizer of {base} cannot be used for traces: {error}") from error
    return tokenizer


def _load(base: str) -> Any:
    from transformers import AutoTokenizer

    try:
        found = AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(
            f"No tokenizer of a pretrained decoder in {base}, "
            f"which must be a folder or a name on the hub: {reason}"
        ) from error
    if not found.is_fast:
        raise ModelError(
            f"The tokenizer of {base} has no fast form (tokenizer.json): choose a decoder that has one."
        )
    return found.backend_tokenizer


def _fill_gaps(content: dict[str, Any], vocab: dict[str, int]) -> None:
    """Name the numbers that no token has, so that those of new tokens follow without a gap."""
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    for number in sorted({*range(max(vocab.values()))} - {*vocab.values()}):
        name = f"<|unused {number}|>"
        content["model"]["vocab"][name] = number
        content["added_tokens"].append({"id": number, "content": name, **flags})
    content["added_tokens"].sort(key=lambda token: token["id"])


def _check(tokenizer: PreTrainedTokenizerFast, base: str) -> None:
    from tokenizers import pre_tokenizers

    if not {*pre_tokenizers.ByteLevel.alphabet()} <= {*tokenizer.get_vocab()}:
        raise ModelError(
            f"The tokenizer of {base} has no token for every byte, so that it could not give every program "
            "back: choose a decoder whose tokenizer is byte-level, as those of GPT-2, OLMo, Qwen and SmolLM."
        )
    added = tokenizer.backend_tokenizer.get_added_tokens_decoder()
    special = {number for number, token in added.items() if token.special}
    named = "".join(added[number].content for number in sorted(special))
    for text in (_PROBE, named):
        ids = encode_texts(tokenizer, [text])[0]
        if decode_tokens(tokenizer, ids) != text or special & set(ids):
            raise ModelError(
                f"The tokenizer of {base} does not give back every text as it was: choose another decoder."
            )
    names = [END, START, MASK, PAD]
    if len({*tokenizer.convert_tokens_to_ids(names)}) < len(names):
        raise ModelError(f"The tokenizer of {base} gives one number to several of {', '.join(names)}.")
