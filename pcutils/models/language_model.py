"""A causal language model that is told whose trace it reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from pcutils.models.formats.hints import OUTCOME_HINTS, SITUATIONS
from pcutils.models.formats.nesting import LINE_NUMBERS, NESTINGS

if TYPE_CHECKING:
    from transformers.cache_utils import Cache


STUDENT_START, STUDENT_SPREAD = 0.5, 0.1  # above 0, where ReLU lets a student's numbers learn


class StudentConfig(PretrainedConfig):
    """What it takes to build a :class:`StudentLanguageModel` again.

    Parameters
    ----------
    decoder : dict, optional
        Configuration of any causal decoder of ``transformers``, as its ``to_dict`` gives it.
    students : int
        How many students have a vector of their own; slot 0 is the average student.
    student_size : int
        Numbers a student is described by, 64 in the paper.
    form : str
        Name of the format of traces, one of :data:`pcutils.models.formats.FORMATS`.
    copy_hints : bool
        Whether the network is told where it is in the state before; false is the paper's network.
    outcome_hints : bool
        Whether it is also told how each program ended when it was run, as students see it.
    copy_start : sequence of float, shape (2,)
        How much likelier the two tokens of a hint are before anything is learnt, in nats.
    title_tokens : int
        Tokens that every title is padded to, 50 in the paper, 0 for none.
    history_tokens : int
        Most tokens of what the student wrote before, 0 for none.
    context : int, optional
        Most tokens that are read, the student's place included; as many as the decoder can by default.
    known_tokens : int, optional
        How many tokens a pretrained decoder knew; None for one from scratch.
    """

    model_type = "student_language_model"

    def __init__(
        self,
        decoder: dict[str, Any] | None = None,
        students: int = 0,
        student_size: int = 64,
        form: str = "states",
        copy_hints: bool = True,
        outcome_hints: bool = False,
        copy_start: Sequence[float] = (0.0, 0.0),
        title_tokens: int = 0,
        history_tokens: int = 0,
        context: int | None = None,
        known_tokens: int | None = None,
        **others: Any,
    ) -> None:
        self.decoder = decoder or {"model_type": "gpt2"}
        self.students = students
        self.student_size = student_size
        self.form = form
        self.copy_hints = copy_hints
        self.outcome_hints = outcome_hints
        self.copy_start = list(copy_start)
        self.title_tokens = title_tokens
        self.history_tokens = history_tokens
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

    Parameters
    ----------
    config : StudentConfig
        Which decoder, and how many students.

    Notes
    -----
    The paper sends a one-hot student id through Linear(64), ReLU and Linear(width). A row of an embedding
    table is what the first Linear gives for a one-hot input, so this is the same function without the
    product. The row is written as the average student plus what sets this one apart, so that all
    learn from each, and slot 0, which nothing sets apart, stays in their midst.
    """

    config_class = StudentConfig
    base_model_prefix = "decoder"

    def __init__(self, config: StudentConfig) -> None:
        super().__init__(config)
        self.decoder = AutoModelForCausalLM.from_config(config.decoder_config())
        self.average_student = nn.Parameter(torch.full((config.student_size,), STUDENT_START))
        self.student_table = nn.Embedding(
            config.students + 1, config.student_size, padding_idx=0, sparse=True
        )
        self.student_projection = nn.Linear(config.student_size, config.width)
        if config.copy_hints:
            self.copy_input = nn.Linear(config.width, config.width, bias=False)
            self.skip_input = nn.Linear(config.width, config.width, bias=False)
            self.situation_input = nn.Embedding(SITUATIONS, config.width)
            self.nesting_input = nn.Embedding(NESTINGS, config.width)
            self.line_input = nn.Embedding(LINE_NUMBERS, config.width)
            self.outcome_input = nn.Embedding(OUTCOME_HINTS, config.width)
            self.copy_gate = nn.Linear(config.width, 2, bias=False)
            self.situation_gate = nn.Embedding(SITUATIONS, 2)
        self.post_init()
        self._start_new_parts()

    @torch.no_grad()
    def _start_new_parts(self) -> None:
        nn.init.constant_(self.average_student, STUDENT_START)
        nn.init.normal_(self.student_table.weight, std=STUDENT_SPREAD)
        self.student_table.weight[0] = 0.0
        if self.config.copy_hints:
            nn.init.eye_(self.copy_input.weight)
            nn.init.eye_(self.skip_input.weight)
            for table in self._place_inputs():
                nn.init.normal_(table.weight, std=0.02)
            nn.init.zeros_(self.copy_gate.weight)
            self.situation_gate.weight.copy_(torch.tensor(self.config.copy_start).expand(SITUATIONS, 2))

    @torch.no_grad()
    def hide_hints(self) -> None:
        """Let a pretrained decoder start out with the inputs that it knows; what hints add must be learnt."""
        if self.config.copy_hints:
            for part in (self.copy_input, self.skip_input):
                nn.init.zeros_(part.weight)

    def _init_weights(self, module: nn.Module) -> None:
        """Leave the decoder's own start alone; new linear parts start as GPT-2's do."""
        if isinstance(module, nn.Linear) and module in (self.student_projection,):
            nn.init.normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)

    def get_input_embeddings(self) -> nn.Module:
        """Give the decoder's table of token vectors."""
        return self.decoder.get_input_embeddings()

    def student_embeddings(self, slots: Tensor) -> Tensor:
        """Give the numbers that describe students, shape (n, student_size), for slots of shape (n,)."""
        return self.average_student + self.student_table(slots)

    def student_vectors(self, embeddings: Tensor) -> Tensor:
        """Turn embeddings, shape (n, student_size), into vectors that stand in front, (n, width)."""
        return self.student_projection(torch.relu(embeddings))

    def embed(self, input_ids: Tensor, hints: Tensor | None = None) -> Tensor:
        """Give the vectors of tokens, shape (batch, length, width), with what the copy pointer says added."""
        table = self.get_input_embeddings()
        vectors = table(input_ids)
        if hints is None or not self.config.copy_hints:
            return vectors
        known = (hints[..., :2] >= 0).unsqueeze(-1)
        named = table(hints[..., :2].clamp(min=0)) * known
        vectors = vectors + self.copy_input(named[..., 0, :]) + self.skip_input(named[..., 1, :])
        for table, numbers in zip(self._place_inputs(), hints[..., 2:].unbind(-1), strict=True):
            vectors = vectors + table(numbers)
        return vectors

    def _place_inputs(self) -> tuple[nn.Embedding, ...]:
        return self.situation_input, self.nesting_input, self.line_input, self.outcome_input

    def hidden_states(self, inputs_embeds: Tensor, **options: Any) -> Any:
        """Run the decoder without its output layer."""
        return self.decoder.base_model(inputs_embeds=inputs_embeds, **options)

    def logits(self, hidden: Tensor, hints: Tensor | None = None) -> Tensor:
        """Score every token, shape (..., vocabulary), from hidden states, shape (..., width)."""
        scores = self.decoder.get_output_embeddings()(hidden)
        if hints is None or not self.config.copy_hints:
            return scores
        gates = (self.copy_gate(hidden) + self.situation_gate(hints[..., 2])) * (hints[..., :2] >= 0)
        return scores.scatter_add_(-1, hints[..., :2].clamp(min=0), gates.to(scores.dtype))

    def forward(
        self,
        input_ids: Tensor,
        students: Tensor | None = None,
        student_vectors: Tensor | None = None,
        hints: Tensor | None = None,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        past_key_values: Cache | None = None,
        use_cache: bool | None = None,
        **options: Any,
    ) -> CausalLMOutputWithPast:
        """Read tokens behind the student's vector.

        Parameters
        ----------
        input_ids : Tensor of int64, shape (batch, length)
            Tokens.
        students : Tensor of int64, shape (batch,), optional
            Slots of the students; the average student where neither this nor `student_vectors` is given.
        student_vectors : Tensor, shape (batch, width), optional
            Vectors to stand in front instead. With `past_key_values` that already hold tokens, none is added.
        hints : Tensor of int64, shape (batch, length, 6), optional
            From :meth:`pcutils.models.formats.Format.hints`.
        attention_mask : Tensor, shape (batch, length), optional
            1 where there is a token; the student's place is added.
        labels : Tensor of int64, shape (batch, length), optional
            Tokens to predict, -100 where none is asked; label i is scored at place i - 1.
        past_key_values, use_cache, **options
            As in the decoder.

        Returns
        -------
        CausalLMOutputWithPast
            ``logits`` of shape (batch, length, vocabulary): place i predicts token i + 1.
        """
        vectors = self.embed(input_ids, hints)
        in_front = past_key_values is None or past_key_values.get_seq_length() == 0
        if in_front:
            front = self._front(input_ids, students, student_vectors)
            vectors = torch.cat([front.unsqueeze(1).to(vectors.dtype), vectors], dim=1)
            if attention_mask is not None:
                attention_mask = nn.functional.pad(attention_mask, (1, 0), value=1)
        result = self.hidden_states(
            vectors,
            attention_mask=attention_mask,
            past_key_values=past_key_values,
            use_cache=use_cache,
            **options,
        )
        hidden = result.last_hidden_state[:, 1:] if in_front else result.last_hidden_state
        scores = self.logits(hidden, hints)
        loss = None if labels is None else next_token_loss(scores, labels)
        return CausalLMOutputWithPast(loss=loss, logits=scores, past_key_values=result.past_key_values)

    def _front(self, input_ids: Tensor, students: Tensor | None, vectors: Tensor | None) -> Tensor:
        if vectors is not None:
            return vectors
        if students is None:
            students = input_ids.new_zeros(input_ids.shape[0])
        return self.student_vectors(self.student_embeddings(students))


def next_token_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean negative log-likelihood in nats of the labelled tokens."""
    flat = scores[:, :-1].reshape(-1, scores.shape[-1])
    return nn.functional.cross_entropy(flat.float(), labels[:, 1:].reshape(-1), ignore_index=-100)


AutoConfig.register(StudentConfig.model_type, StudentConfig, exist_ok=True)
AutoModelForCausalLM.register(StudentConfig, StudentLanguageModel, exist_ok=True)
