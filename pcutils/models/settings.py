"""Settings of models, declared once: a profile's section `models`, and the arguments of :func:`train`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pcutils.errors import ModelError

Count = Annotated[int, Field(ge=1)]
FROM_SCRATCH, OF_A_BASE, HIGHEST_OF_A_BASE = 0.003, 0.0001, 0.001


class ModelSettings(BaseModel):
    """Size and training of a model; unknown settings and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    vocabulary: Annotated[int, Field(ge=508)] = 2048  # of a tokenizer that is trained
    layers: Count = 2
    width: Count = 128
    heads: Count = 4
    context: Annotated[int, Field(ge=16)] = 1024  # tokens read, the student's place included
    decoder: Literal["llama", "gpt2"] = "llama"  # kind of a decoder from scratch
    base: str | None = None  # a pretrained decoder, folder or hub name; of its size only the context counts
    notation: Literal["edits", "states"] = "edits"  # how traces are written as tokens; the paper: states
    copy_hints: bool = True  # hints at the state before; false is the paper's network
    outcome_hints: bool = True  # hints at how each program ended, for which every program is run
    title_tokens: Annotated[int, Field(ge=0)] = 0  # pad titles to this many tokens (the paper: 50)
    tokens: Count | None = 1_000_000  # budgets: training ends when the first is used up
    seconds: Annotated[float, Field(gt=0)] | None = None
    steps: Count | None = None
    batch_tokens: Count = 1024  # most tokens of one step, padding counted
    bf16: bool | None = None  # multiply in bfloat16; by default on GPUs that support it
    learning_rate: Annotated[float, Field(gt=0)] | None = None  # by default 0.003, and 0.0001 with a base
    student_dropout: Annotated[float, Field(ge=0, le=1)] = 0.1  # share read as the average student's
    evaluations: Count = 12  # how often the validation loss is computed
    validation_traces: Count = 256  # on how many traces at most
    checkpoint_steps: Count = 500  # steps between checkpoints
    seed: int = 0

    @model_validator(mode="after")
    def _check(self) -> ModelSettings:
        if not any(self.budgets.values()):
            raise ValueError("no budget: set tokens, seconds or steps")
        if self.base is not None:
            if self.highest_rate > HIGHEST_OF_A_BASE:
                raise ValueError(
                    f"with a base a learning_rate of at most {HIGHEST_OF_A_BASE}, or null for {OF_A_BASE}; "
                    f"{self.learning_rate} is for networks from scratch"
                )
        elif self.width % self.heads or (self.decoder == "llama" and self.width // self.heads % 2):
            kind = "an even multiple" if self.decoder == "llama" else "a multiple"
            raise ValueError(f"a width of {self.width} with {self.heads} heads: use {kind} of the heads")
        return self

    @property
    def highest_rate(self) -> float:
        """The learning rate in use."""
        return self.learning_rate or (FROM_SCRATCH if self.base is None else OF_A_BASE)

    @property
    def budgets(self) -> dict[str, float | None]:
        """What may be used up, None where there is no limit."""
        return {"tokens": self.tokens, "steps": self.steps, "seconds": self.seconds}


def model_settings(given: dict[str, Any]) -> ModelSettings:
    """Check settings; a ModelError names those that are unknown or out of range."""
    try:
        return ModelSettings(**given)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}, found {one['input']!r}"
            if one["loc"]
            else one["msg"]
            for one in error.errors()
        ]
        known = ", ".join(ModelSettings.model_fields)
        raise ModelError(f"Model settings: {'; '.join(problems)}. The settings are {known}.") from None
