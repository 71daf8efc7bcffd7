"""A pretrained decoder as the start of a student-conditioned model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM

from pcutils.errors import ModelError
from pcutils.models.tokenizer import tokens_of_base

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

    from pcutils.models.formats import Format

_NEEDED = ("max_position_embeddings", "hidden_size", "num_hidden_layers", "num_attention_heads")
_ATTENTION = {"full_attention", "sliding_attention"}
_NOISE = 0.1
_TOKENS_COMPARED = 8


def load_decoder(base: str, form: Format, context: int) -> tuple[PreTrainedModel, int]:
    """Load a pretrained decoder and give it rows for the tokens that it lacks.

    Parameters
    ----------
    base : str
        Folder, or a name that ``transformers`` finds. On the meta device only its configuration is read.
    form : Format
        Decides the vocabulary.
    context : int
        How many tokens are asked of it; see :func:`fitting_context`.

    Returns
    -------
    decoder : transformers.PreTrainedModel
        In float32.
    known : int
        How many of its tokens, the first ones, it knew before.

    Raises
    ------
    ModelError
        If there is no such decoder, or it is of a kind that this project cannot wrap or sample from.

    Notes
    -----
    The rows of new tokens start near the mean of the known ones (Hewitt, "Initializing New Word Embeddings
    for Pretrained Language Models", 2021), which takes little from the chances of the known tokens.
    """
    is_weightless = torch.get_default_device().type == "meta"
    try:
        config = AutoConfig.from_pretrained(base)
        fitting_context(config, base, context)
        if is_weightless:
            decoder = AutoModelForCausalLM.from_config(config)
        else:
            decoder = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ModelError(
            f"No causal decoder of `transformers` in {base}, "
            f"which must be a folder or a name on the hub: {reason}"
        ) from error
    if not is_weightless:
        _check_scores(decoder, base)
    rows = decoder.get_input_embeddings().weight.shape[0]
    if rows == form.vocabulary:  # it was trained in this form before
        return decoder, rows
    known = min(rows, tokens_of_base(form.tokenizer))
    decoder.resize_token_embeddings(form.vocabulary, mean_resizing=False)
    _start_rows(decoder, known)
    return decoder, known


def fitting_context(config: PretrainedConfig, base: str, context: int) -> int:
    """Give the context of a model around a decoder: as many tokens as asked, or as many as it can read.

    Parameters
    ----------
    config : PretrainedConfig
        Of the decoder.
    base : str
        Its name, for messages.
    context : int
        How many are asked.

    Raises
    ------
    ModelError
        If the decoder does not look back at all of them, or lacks what is needed to know.
    """
    missing = [name for name in _NEEDED if not isinstance(getattr(config, name, None), int)]
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if missing or not kinds <= _ATTENTION:
        lacking = f"its configuration lacks {', '.join(missing)}" if missing else f"it has {sorted(kinds)}"
        raise ModelError(f"{base} is no decoder that attends to all tokens before: {lacking}.")
    fitting = min(context, int(config.max_position_embeddings))
    window = getattr(config, "sliding_window", None)
    if "sliding_attention" not in kinds and getattr(config, "layer_types", None):
        window = None
    if window is not None and fitting > window:
        raise ModelError(f"{base} looks back at {window} tokens only: use a context of at most {window}.")
    return fitting


def _start_rows(decoder: PreTrainedModel, known: int) -> None:
    tables = [decoder.get_input_embeddings(), decoder.get_output_embeddings()]
    weights = {id(table.weight): table.weight for table in tables}  # one where they are tied
    for weight in weights.values():
        with torch.no_grad():
            mean, spread = weight[:known].mean(dim=0), weight[:known].std(dim=0)
            weight[known:] = mean + _NOISE * spread * torch.randn_like(weight[known:])


@torch.no_grad()
def _check_scores(decoder: Any, base: str) -> None:
    """Compare the decoder's scores with those that a student-conditioned model works out from its parts."""
    before = decoder.training
    decoder.eval()
    tokens = torch.arange(_TOKENS_COMPARED)[None]
    expected: Tensor = decoder(tokens).logits
    hidden = decoder.base_model(inputs_embeds=decoder.get_input_embeddings()(tokens)).last_hidden_state
    head: nn.Module | None = decoder.get_output_embeddings()
    if head is None or not torch.allclose(head(hidden), expected, rtol=1e-3, atol=1e-3):
        raise ModelError(
            f"{base} does more between tokens and scores than its parts say, such as scaling scores: "
            "choose another decoder."
        )
    decoder.train(before)
