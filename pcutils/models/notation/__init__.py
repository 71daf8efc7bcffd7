"""Between traces and the tokens that a model reads.

`states` writes every state in full, as the paper does. `edits` writes the first state in full and then
only what changed. Both carry the same content, so their likelihoods can be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pcutils.errors import ModelError
from pcutils.models.notation.base import SEGMENTS, Encoded, Notation, cut, kept_states
from pcutils.models.notation.edits import EditsNotation
from pcutils.models.notation.pointer import HINT_SIZES, HINTS, NO_HINT, Hint, Pointer
from pcutils.models.notation.states import StatesNotation, state_texts, training_texts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from pcutils.execution.outcomes import Outcomes

NOTATIONS: dict[str, type[Notation]] = {kind.name: kind for kind in (StatesNotation, EditsNotation)}

__all__ = [
    "HINTS",
    "HINT_SIZES",
    "NOTATIONS",
    "NO_HINT",
    "SEGMENTS",
    "EditsNotation",
    "Encoded",
    "Hint",
    "Notation",
    "Pointer",
    "StatesNotation",
    "cut",
    "kept_states",
    "make_notation",
    "state_texts",
    "training_texts",
]


def make_notation(
    name: str, tokenizer: PreTrainedTokenizerFast, *, title_tokens: int = 0, outcomes: Outcomes | None = None
) -> Notation:
    """Give a notation by its name; see :class:`Notation` for the options."""
    if name not in NOTATIONS:
        raise ModelError(f"No notation {name!r}: there are {', '.join(NOTATIONS)}.")
    return NOTATIONS[name](tokenizer, title_tokens=title_tokens, outcomes=outcomes)
