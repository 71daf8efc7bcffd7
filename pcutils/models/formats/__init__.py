"""Between traces and the tokens that a model reads.

Two ways to write a trace: ``states`` writes every state in full, as the paper does; ``edits`` writes the
first state and then only what changed. Both carry the same content, so that their likelihoods can be
compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pcutils.errors import ModelError
from pcutils.models.formats.base import SEGMENTS, Encoded, Format, cut, kept_states
from pcutils.models.formats.edits import EditsFormat
from pcutils.models.formats.states import StatesFormat

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from pcutils.execution.outcomes import Outcomes

FORMATS: dict[str, type[Format]] = {form.name: form for form in (StatesFormat, EditsFormat)}

__all__ = [
    "FORMATS",
    "SEGMENTS",
    "EditsFormat",
    "Encoded",
    "Format",
    "StatesFormat",
    "cut",
    "kept_states",
    "make_format",
]


def make_format(
    name: str,
    tokenizer: PreTrainedTokenizerFast,
    *,
    title_tokens: int = 0,
    history_tokens: int = 0,
    outcomes: Outcomes | None = None,
) -> Format:
    """Give a format by its name.

    Parameters
    ----------
    name : {"states", "edits"}
        Which one.
    tokenizer : PreTrainedTokenizerFast
        From :func:`pcutils.models.train_tokenizer`, or any with the same special tokens.
    title_tokens : int
        The title is padded with ``<mask>``, or cut, to this many tokens; the paper has 50. With 0 it is left
        as it is, which saves a small model a tenth of its time.
    history_tokens : int
        Most tokens of what the student wrote before that stand in front of the title; 0 for none.
    outcomes : Outcomes, optional
        Tells for the hints how each program ends that is run; without it they do not say so.

    Returns
    -------
    Format

    Raises
    ------
    ModelError
        If there is no format of this name.
    """
    if name not in FORMATS:
        raise ModelError(f"No format {name!r}: there are {', '.join(FORMATS)}.")
    return FORMATS[name](
        tokenizer, title_tokens=title_tokens, history_tokens=history_tokens, outcomes=outcomes
    )
