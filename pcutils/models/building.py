"""Build networks: small ones from scratch, or around a pretrained decoder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from transformers import GPT2Config, LlamaConfig
from transformers.utils import logging

from pcutils.errors import ModelError
from pcutils.models.base_decoder import fitting_context, load_decoder
from pcutils.models.language_model import StudentConfig, StudentLanguageModel

if TYPE_CHECKING:
    from pcutils.models.formats import Format
    from pcutils.models.training_loop import Settings


def new_network(settings: Settings, form: Format, students: int) -> StudentLanguageModel:
    """Build a network with the weights it starts from.

    Parameters
    ----------
    settings : Settings
        Size or base, and the seed.
    form : Format
        Decides the vocabulary.
    students : int
        How many students there are, the average one not counted.

    Returns
    -------
    StudentLanguageModel

    Raises
    ------
    ModelError
        If the decoder is unknown, the base cannot be used, or the width is no multiple of the heads.
    """
    if settings.decoder not in _FROM_SCRATCH:
        raise ModelError(f"No decoder {settings.decoder!r}: there are {', '.join(_FROM_SCRATCH)}.")
    if settings.base is None and settings.width % settings.heads:
        raise ModelError(
            f"A width of {settings.width} cannot be shared by {settings.heads} heads: use a multiple."
        )
    if settings.base is None and settings.decoder == "llama" and settings.width // settings.heads % 2:
        raise ModelError(
            f"A width of {settings.width} is an odd number for each of {settings.heads} heads, and Llama "
            "turns numbers in pairs: use an even number a head."
        )
    with torch.random.fork_rng(devices=[]), quiet():
        torch.manual_seed(settings.seed)
        decoder, known = None, None
        context = settings.context
        if settings.base is not None:
            decoder, known = load_decoder(settings.base, form, settings.context)
            context = fitting_context(decoder.config, settings.base, settings.context)
        small = _FROM_SCRATCH[settings.decoder]
        decoder_config = small(settings, form) if decoder is None else decoder.config
        config = StudentConfig(
            decoder=decoder_config.to_dict(),
            students=students,
            form=form.name,
            copy_hints=settings.copy_hints,
            outcome_hints=form.outcomes is not None,
            copy_start=form.copy_start,
            title_tokens=settings.title_tokens,
            history_tokens=settings.history_tokens,
            context=context,
            known_tokens=known,
        )
        network = StudentLanguageModel(config)
        if decoder is not None:
            network.decoder = decoder
            network.hide_hints()
    return network


def _gpt2(settings: Settings, form: Format) -> GPT2Config:
    return GPT2Config(
        vocab_size=form.vocabulary,
        n_positions=settings.context,
        n_embd=settings.width,
        n_layer=settings.layers,
        n_head=settings.heads,
        activation_function="gelu_pytorch_tanh",  # the same function as GPT-2's, in one step
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=form.start,
        eos_token_id=form.end,
        pad_token_id=form.tokenizer.pad_token_id,
    )


def _llama(settings: Settings, form: Format) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=form.vocabulary,
        max_position_embeddings=settings.context,
        hidden_size=settings.width,
        intermediate_size=3 * settings.width,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        tie_word_embeddings=True,
        bos_token_id=form.start,
        eos_token_id=form.end,
        pad_token_id=form.tokenizer.pad_token_id,
    )


_FROM_SCRATCH = {"gpt2": _gpt2, "llama": _llama}


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the bars and notes of ``transformers`` out of logs while weights are written or read."""
    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
