"""What the paper reports, with the place, so that no notebook types a figure of it."""

from __future__ import annotations

from dataclasses import dataclass

from pcutils.errors import DataError


@dataclass(frozen=True)
class Fact:
    """One figure of the paper.

    Parameters
    ----------
    name : str
        How notebooks ask for it.
    value : int, float or str
        The figure.
    words : str
        What it is.
    source : str
        Where it stands.
    """

    name: str
    value: int | float | str
    words: str
    source: str


_CARD = "dataset card"
_RELEASE = "output of the released code"

FACTS = (
    Fact("traces", 3_800_000, "traces", _CARD),
    Fact("students", 1_300_000, "students", _CARD),
    Fact("traces_per_student", 2.86, "traces per student", _CARD),
    Fact("first_year", 2015, "first year", _CARD),
    Fact("last_year", 2024, "last year", _CARD),
    Fact("gigabytes", 248, "size in gigabytes", _CARD),
    Fact(
        "unseen_student_seen_title",
        259_000,
        "traces of unseen students, seen titles",
        "paper, evaluation splits",
    ),
    Fact(
        "seen_student_unseen_title",
        71_000,
        "traces of seen students, unseen titles",
        "paper, evaluation splits",
    ),
    Fact(
        "unseen_student_unseen_title",
        8_800,
        "traces of unseen students, unseen titles",
        "paper, evaluation splits",
    ),
    Fact(
        "lighthouse_self_bleu_trace",
        0.8885052066813054,
        "Self-BLEU of the lighthouse samples, trace",
        _RELEASE,
    ),
    Fact(
        "lighthouse_self_bleu_last", 0.9203706285246063, "Self-BLEU of the lighthouse samples, last", _RELEASE
    ),
    Fact(
        "lighthouse_self_bleu_synthetic",
        0.9022969747700319,
        "Self-BLEU of the lighthouse samples, synthetic",
        _RELEASE,
    ),
    Fact(
        "recovery",
        0.6,
        "share of failing prefixes that the trace model repairs",
        "paper, error recovery",
    ),
)


def paper_fact(name: str) -> int | float | str:
    """Look up a figure of the paper.

    Parameters
    ----------
    name : str
        One of the names in `FACTS`.

    Returns
    -------
    int, float or str
        The figure.

    Raises
    ------
    DataError
        Where there is none of that name.

    Examples
    --------
    >>> paper_fact("traces_per_student")
    2.86
    """
    for fact in FACTS:
        if fact.name == name:
            return fact.value
    raise DataError(f"no fact {name!r}", f"one of {', '.join(fact.name for fact in FACTS)}")
