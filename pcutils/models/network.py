"""A causal language model that reads a student's vector in front of the tokens of a trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import CausalLMOutput
from transformers.utils import logging

from pcutils.models.notation import HINT_SIZES
from pcutils.models.pretrained import load_decoder

if TYPE_CHECKING:
    from pcutils.models.notation import Notation
    from pcutils.models.settings import ModelSettings

STUDENT_START, STUDENT_SPREAD = 0.5, 0.1  # above 0, where ReLU lets a student's numbers learn


class StudentConfig(PretrainedConfig):
    """What it takes to build a :class:`StudentLanguageModel` again.

    `decoder` is the configuration of any causal decoder of ``transformers`` as a dict, `context` the most
    tokens that are read, the student's place included, and `known_tokens` how many tokens a pretrained
    decoder was trained on (None for one from scratch).
    """

    model_type = "student_language_model"

    def __init__(
        self,
        decoder: dict[str, Any] | None = None,
        students: int = 0,
        student_size: int = 64,
        notation: str = "states",
        copy_hints: bool = True,
        outcome_hints: bool = False,
        title_tokens: int = 0,
        context: int | None = None,
        known_tokens: int | None = None,
        **others: Any,
    ) -> None:
        self.decoder = decoder or {"model_type": "gpt2"}
        self.students, self.student_size = students, student_size
        self.notation, self.title_tokens = notation, title_tokens
        self.copy_hints, self.outcome_hints = copy_hints, outcome_hints
        self.context = context or int(self.decoder_config().max_position_embeddings)
        self.known_tokens = known_tokens
        super().__init__(**others)

    def decoder_config(self) -> PretrainedConfig:
        """Give the decoder's own configuration."""
        return AutoConfig.for_model(**self.decoder)

    @property
    def width(self) -> int:
        """Size of a hidden state."""
        return int(self.decoder_config().hidden_size)


class StudentLanguageModel(PreTrainedModel):
    """Any causal decoder with one vector for the student in front of the tokens.

    The paper sends a one-hot student id through Linear(64), ReLU and Linear(width). A row of an embedding
    table is what the first Linear gives for a one-hot input. Here a row is the average student plus what sets
    this one apart, so that all learn from each, and slot 0, whose row stays zero, is the average student.
    """

    config_class = StudentConfig
    base_model_prefix = "decoder"

    def __init__(self, config: StudentConfig) -> None:
        super().__init__(config)
        self.decoder = AutoModelForCausalLM.from_config(config.decoder_config())
        self.average_student = nn.Parameter(torch.full((config.student_size,), STUDENT_START))
        rows = config.students + 1
        self.student_table = nn.Embedding(rows, config.student_size, padding_idx=0, sparse=True)
        self.student_projection = nn.Linear(config.student_size, config.width)
        if config.copy_hints:
            self.copy_input = nn.Linear(config.width, config.width, bias=False)
            self.skip_input = nn.Linear(config.width, config.width, bias=False)
            for name, size in HINT_SIZES.items():
                setattr(self, f"{name}_input", nn.Embedding(size, config.width))
            self.copy_gate = nn.Linear(config.width, 2, bias=False)
            self.situation_gate = nn.Embedding(HINT_SIZES["situation"], 2)
        self.post_init()
        self._start_new_parts()

    @torch.no_grad()
    def _start_new_parts(self) -> None:
        nn.init.constant_(self.average_student, STUDENT_START)
        nn.init.normal_(self.student_table.weight, std=STUDENT_SPREAD)
        self.student_table.weight[0] = 0.0
        if self.config.copy_hints:
            start = nn.init.eye_ if self.config.known_tokens is None else nn.init.zeros_  # as a base learnt
            start(self.copy_input.weight)
            start(self.skip_input.weight)
            for table in self._hint_tables():
                nn.init.normal_(table.weight, std=0.02)
            nn.init.zeros_(self.copy_gate.weight)
            nn.init.zeros_(self.situation_gate.weight)

    def _init_weights(self, module: nn.Module) -> None:
        """Leave the decoder's own initialisation alone; new linear parts start as GPT-2's do."""
        if module is self.student_projection:
            nn.init.normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)

    def get_input_embeddings(self) -> nn.Module:
        """Give the decoder's table of token vectors."""
        return self.decoder.get_input_embeddings()

    def student_vectors(self, slots: Tensor) -> Tensor:
        """Vectors that stand in front, shape (n, width), of students with slots of shape (n,)."""
        return self.student_projection(torch.relu(self.average_student + self.student_table(slots)))

    def embed(self, input_ids: Tensor, hints: Tensor | None = None) -> Tensor:
        """Vectors of tokens, shape (batch, length, width), with those of their hints added."""
        table = self.get_input_embeddings()
        vectors = table(input_ids)
        if hints is None or not self.config.copy_hints:
            return vectors
        is_named = (hints[..., :2] >= 0).unsqueeze(-1)
        named = table(hints[..., :2].clamp(min=0)) * is_named
        vectors = vectors + self.copy_input(named[..., 0, :]) + self.skip_input(named[..., 1, :])
        for table, numbers in zip(self._hint_tables(), hints[..., 2:].unbind(-1), strict=True):
            vectors = vectors + table(numbers)
        return vectors

    def _hint_tables(self) -> list[nn.Embedding]:
        return [getattr(self, f"{name}_input") for name in HINT_SIZES]

    def hidden_states(self, inputs_embeds: Tensor, **options: Any) -> Any:
        """Run the decoder without its output layer."""
        return self.decoder.base_model(inputs_embeds=inputs_embeds, **options)

    def logits(self, hidden: Tensor, hints: Tensor | None = None) -> Tensor:
        """Scores of every token, shape (..., vocabulary), from hidden states, shape (..., width)."""
        scores = self.decoder.get_output_embeddings()(hidden)
        if hints is None or not self.config.copy_hints:
            return scores
        gates = (self.copy_gate(hidden) + self.situation_gate(hints[..., 2])) * (hints[..., :2] >= 0)
        return scores.scatter_add_(-1, hints[..., :2].clamp(min=0), gates.to(scores.dtype))

    def read(self, input_ids: Tensor, student_vectors: Tensor, hints: Tensor | None = None) -> Tensor:
        """Last hidden states of the student's place and the tokens, shape (batch, 1 + length, width)."""
        vectors = self.embed(input_ids, hints)
        vectors = torch.cat([student_vectors.unsqueeze(1).to(vectors.dtype), vectors], dim=1)
        return self.hidden_states(vectors, use_cache=False).last_hidden_state

    def forward(
        self,
        input_ids: Tensor,
        students: Tensor | None = None,
        student_vectors: Tensor | None = None,
        hints: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> CausalLMOutput:
        """Read tokens, shape (batch, length), padded at the end, behind a student's vector.

        `students` are slots, shape (batch,); the average student by default. `student_vectors`, shape
        (batch, width), stand in front instead. `hints`, shape (batch, length, n_hints), come from the
        notation's pointer. Label i, -100 where none is asked, is scored at position i - 1.
        """
        if student_vectors is None:
            slots = input_ids.new_zeros(len(input_ids)) if students is None else students
            student_vectors = self.student_vectors(slots)
        scores = self.logits(self.read(input_ids, student_vectors, hints)[:, 1:], hints)
        loss = None
        if labels is not None:
            flat = scores[:, :-1].flatten(0, 1).float()
            loss = nn.functional.cross_entropy(flat, labels[:, 1:].flatten(), ignore_index=-100)
        return CausalLMOutput(loss=loss, logits=scores)


AutoConfig.register(StudentConfig.model_type, StudentConfig, exist_ok=True)
AutoModelForCausalLM.register(StudentConfig, StudentLanguageModel, exist_ok=True)


def new_network(settings: ModelSettings, notation: Notation, students: int) -> StudentLanguageModel:
    """Build an untrained network, or one around a pretrained decoder, for so many students."""
    with torch.random.fork_rng(devices=[]), quiet():
        torch.manual_seed(settings.seed)
        decoder, known, context = None, None, settings.context
        if settings.base is not None:
            decoder, known = load_decoder(settings.base, notation)
            context = min(context, int(decoder.config.max_position_embeddings))
        decoder_config = _small_config(settings, notation) if decoder is None else decoder.config
        config = StudentConfig(
            decoder=decoder_config.to_dict(),
            students=students,
            notation=notation.name,
            copy_hints=settings.copy_hints and notation.has_hints,
            outcome_hints=notation.outcomes is not None,
            title_tokens=settings.title_tokens,
            context=context,
            known_tokens=known,
        )
        network = StudentLanguageModel(config)
        if decoder is not None:
            network.decoder = decoder
    return network


def _small_config(settings: ModelSettings, notation: Notation) -> PretrainedConfig:
    common = {
        "vocab_size": notation.vocabulary,
        "max_position_embeddings": settings.context,
        "hidden_size": settings.width,
        "num_hidden_layers": settings.layers,
        "num_attention_heads": settings.heads,
        "bos_token_id": notation.start,
        "eos_token_id": notation.end,
        "pad_token_id": notation.tokenizer.pad_token_id,
    }
    if settings.decoder == "gpt2":  # with GELU in one step, and no dropout
        dropout = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
        return GPT2Config(activation_function="gelu_pytorch_tanh", **dropout, **common)
    return LlamaConfig(
        intermediate_size=3 * settings.width,
        num_key_value_heads=settings.heads,
        tie_word_embeddings=True,
        **common,
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the bars and notes of ``transformers`` out of logs while weights are written or read."""
    level = logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        logging.enable_progress_bar()
