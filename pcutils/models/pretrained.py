"""A pretrained decoder and its tokenizer, adapted to traces."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from pcutils.errors import ModelError
from pcutils.models.tokenizer import (
    SPECIAL_TOKENS,
    decode_tokens,
    encode_texts,
    tokens_of_base,
    wrap_backend,
)

if TYPE_CHECKING:
    from pcutils.models.notation import Notation

_LINES = {"Regex": r"[^\n]*\n|[^\n]+"}
_ODD_TEXT = (
    "\n\n  pen  red\t\r\n\r\n\tfd 50 \n    speed(10)\n \t \n\n\n  # e\u0301 \u00e9 \u212b \u4f60\u597d"
    " \ud55c \U0001f422\ufe0f \u0130 \u00a0\u2028\u200d\x0b\x00''\"\" isn't 1234567\ncode"
)
BASES = ("gpt2", "gpt_neox", "llama", "olmo", "olmo2", "qwen2", "qwen3")
"""Kinds of decoders that attend to all tokens before and add nothing between hidden states and scores."""
_NOISE = 0.1


def pretrained_tokenizer(base: str) -> PreTrainedTokenizerFast:
    """Load the tokenizer of a pretrained decoder, changed so that every text comes back from its tokens."""
    backend = _load_backend(base)
    vocab = backend.get_vocab(with_added_tokens=True)
    content = json.loads(backend.to_str())
    _fill_gaps(content, vocab)
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
        tokenizer = wrap_backend(changed, tokens_of_base=1 + max(vocab.values()))
        _check_tokenizer(tokenizer, base)
    except ModelError:
        raise
    except Exception as error:  # what `tokenizers` raises has no class of its own
        raise ModelError(f"The tokenizer of {base} cannot be used for traces: {error}") from error
    return tokenizer


def _load_backend(base: str) -> Any:
    try:
        found = AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise _not_found("tokenizer of a pretrained decoder", base, error) from error
    if not found.is_fast:
        raise ModelError(
            f"The tokenizer of {base} has no fast form (tokenizer.json): choose a decoder that has one."
        )
    return found.backend_tokenizer


def _not_found(what: str, base: str, error: Exception) -> ModelError:
    reason = str(error).strip().split("\n")[0]
    return ModelError(f"No {what} in {base}, which must be a folder or a name on the hub: {reason}")


def _fill_gaps(content: dict[str, Any], vocab: dict[str, int]) -> None:
    """Name the numbers that no token has, so that those of new tokens follow without a gap."""
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    for number in sorted({*range(max(vocab.values()))} - {*vocab.values()}):
        name = f"<|unused {number}|>"
        content["model"]["vocab"][name] = number
        content["added_tokens"].append({"id": number, "content": name, **flags})
    content["added_tokens"].sort(key=lambda token: token["id"])


def _check_tokenizer(tokenizer: PreTrainedTokenizerFast, base: str) -> None:
    is_byte_level = {*pre_tokenizers.ByteLevel.alphabet()} <= {*tokenizer.get_vocab()}
    added = tokenizer.backend_tokenizer.get_added_tokens_decoder()
    special = {number for number, token in added.items() if token.special}
    texts = [_ODD_TEXT, "".join(added[number].content for number in sorted(special))]
    found = encode_texts(tokenizer, texts)
    comes_back = [decode_tokens(tokenizer, ids) for ids in found] == texts
    if not is_byte_level or not comes_back or special & {*found[0], *found[1]}:
        raise ModelError(
            f"The tokenizer of {base} does not give back every text as it was: choose a decoder whose "
            "tokenizer is byte-level, as those of GPT-2, OLMo, Qwen and SmolLM."
        )


def load_decoder(base: str, notation: Notation) -> tuple[PreTrainedModel, int]:
    """Load a decoder in float32 with rows for a notation's tokens, and count the tokens it knew before.

    The rows of new tokens start near the mean of the known ones (Hewitt, "Initializing New Word Embeddings
    for Pretrained Language Models", 2021), which takes little from the probabilities of the known tokens.
    """
    try:
        decoder = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise _not_found("causal decoder of `transformers`", base, error) from error
    if decoder.config.model_type not in BASES:
        raise ModelError(f"{base} is a {decoder.config.model_type}: choose one of {', '.join(BASES)}.")
    rows = decoder.get_input_embeddings().weight.shape[0]
    if rows == notation.vocabulary:  # it was trained in this notation before
        return decoder, rows
    known = min(rows, tokens_of_base(notation.tokenizer))
    decoder.resize_token_embeddings(notation.vocabulary, mean_resizing=False)
    tables = [decoder.get_input_embeddings(), decoder.get_output_embeddings()]
    for weight in {id(table.weight): table.weight for table in tables}.values():  # one where they are tied
        with torch.no_grad():
            mean, spread = weight[:known].mean(dim=0), weight[:known].std(dim=0)
            weight[known:] = mean + _NOISE * spread * torch.randn_like(weight[known:])
    return decoder, known
