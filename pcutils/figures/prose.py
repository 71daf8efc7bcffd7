"""Sentences and numbers: every number that a reader sees in prose comes from the run."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from string import Formatter
from typing import Any

from pcutils.analysis.statistics import CONFIDENCE, Estimate
from pcutils.errors import PcutilsError
from pcutils.pipeline import publication

#: A digit that belongs to no name: C1, GPT-2 and BLEU-4 pass, "12 students" does not.
_TYPED_NUMBER = re.compile(r"(?<![A-Za-z\d])(?<![A-Za-z]-)(?<![\d.,])\d")
NOT_DEFINED = "not defined"


@dataclass(frozen=True)
class Counted:
    """A number and of how many students it is; made by :func:`count`."""

    value: Any
    students: int


@dataclass(frozen=True)
class Plain:
    """A number that is none about students; made by :func:`plain`."""

    value: Any


def count(value: object, *, students: int) -> Counted:
    r"""Say of how many students a number is, so that a sentence may hold it.

    Parameters
    ----------
    value : int or float
        The number.
    students : int
        How many students stand behind it; of a number of students, that number.

    Returns
    -------
    Counted
        For :func:`fill` and :func:`say`. Not shown of too few students, where these must not be seen.

    Examples
    --------
    >>> fill("{share:.0%} of the attempts fail.", share=count(0.25, students=12))
    '25\u202f% of the attempts fail.'
    """
    return Counted(value, int(students))


def plain(value: object) -> Plain:
    """Say that a number is none about students: a setting, a seed, a number of titles or files.

    Parameters
    ----------
    value : int, float, str or sequence of str
        The number, or the words in place of it.

    Returns
    -------
    Plain
        For :func:`fill` and :func:`say`.

    Examples
    --------
    >>> fill("Seed {seed}.", seed=plain(7))
    'Seed 7.'
    """
    return Plain(value)


def number(value: object, spec: str = "") -> str:
    r"""Write a number as a sentence needs it.

    Parameters
    ----------
    value : int, float, Counted, Plain, Estimate, mapping with value, low and high, str or None
        What to write. None and not-a-number give "not defined".
    spec : str
        A Python format; without one, whole numbers get thousands separators and others three significant
        digits.

    Returns
    -------
    str
        With a real minus sign, a space before the percent sign, and an interval in brackets where there is
        one.

    Examples
    --------
    >>> number(12345), number(0.123456), number(0.25, ".0%"), number(float("nan"))
    ('12,345', '0.123', '25\u202f%', 'not defined')
    >>> number(Estimate(0.5, 0.25, 0.75, 10), ".2f")
    '0.50 (0.25 to 0.75)'
    """
    if isinstance(value, Counted) and publication.is_too_few(value.students):
        return publication.TOO_FEW
    if isinstance(value, Counted | Plain):
        value = value.value
    if isinstance(value, Estimate):
        if value.is_defined and publication.is_too_few(value.n):
            return publication.TOO_FEW
        value = {"value": value.value, "low": value.low, "high": value.high}
    if isinstance(value, Mapping):
        return _with_interval(value, spec)
    if value is None or (isinstance(value, Real) and math.isnan(value)):
        return NOT_DEFINED
    if isinstance(value, Real) and not isinstance(value, bool):
        return _plain(value, spec).replace("-", "\N{MINUS SIGN}").replace("%", "\N{NARROW NO-BREAK SPACE}%")
    return format(value, spec)


def fill(template: str, /, **values: object) -> str:
    r"""Fill a sentence with numbers of the run.

    Parameters
    ----------
    template : str
        Text with ``{name}`` or ``{name:.2f}``; no number may be typed in it, except inside a name such as C1.
        ``{confidence}`` is always known and stands for the level of the intervals.
    **values : number, Counted, Plain, Estimate, measure of a results file, str or sequence of str
        What to put in; see :func:`number`. A sequence of str becomes "a, b and c". Where students must not be
        seen, every number says of how many students it is (:func:`count`, or an Estimate), or that it is none
        about students (:func:`plain`).

    Returns
    -------
    str
        The sentence.

    Raises
    ------
    PcutilsError
        Where a number is typed or a value is missing.
    PublicationError
        Where students must not be seen, and a number does not say of how many students it is.

    Examples
    --------
    >>> fill("{count} students, {share:.0%} of them new.", count=1200, share=0.5)
    '1,200 students, 50\u202f% of them new.'
    """
    pieces: list[str] = []
    known = {"confidence": number(CONFIDENCE, ".0%"), **values}
    for text, field, spec, _ in Formatter().parse(template):
        if _TYPED_NUMBER.search(text):
            raise PcutilsError(
                f"a number is typed in {text.strip()!r}: take it from the run, with a placeholder"
            )
        pieces.append(text)
        if field is not None:
            if field not in known:
                raise PcutilsError(f"no value for {{{field}}}; given are {', '.join(sorted(known))}")
            _refuse_bare(field, known[field])
            pieces.append(_word(known[field], spec or ""))
    return "".join(pieces)


def say(template: str, /, **values: object) -> None:
    """Put a sentence on the page; its numbers come from the run.

    Parameters
    ----------
    template : str
        Markdown with placeholders, as in :func:`fill`.
    **values
        What to put in.

    Raises
    ------
    PublicationError
        Where a run is open whose source does not allow what is in it, as for :func:`fill`.
    """
    from IPython.display import Markdown, display

    text = fill(template, **values)
    publication.check_page("", text)
    display(Markdown(text))


def reading(estimate: Estimate, *, above: str, below: str, unclear: str, bound: float = 0.0) -> str:
    """Choose the words that an interval allows.

    Parameters
    ----------
    estimate : Estimate
        What was measured.
    above, below : str
        Said where the whole interval lies above or below `bound`.
    unclear : str
        Said otherwise, also where there is no interval.
    bound : float
        The line.

    Returns
    -------
    str
        One of the three.

    Examples
    --------
    >>> reading(Estimate(0.2, -0.1, 0.5, 9), above="more", below="less", unclear="cannot be told apart")
    'cannot be told apart'
    """
    return {"above": above, "below": below, "unclear": unclear}[estimate.side(bound)]


def _refuse_bare(field: str, value: object) -> None:
    """Refuse a number of which nobody knows how many students stand behind it."""
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    bare = any(isinstance(item, Real | Mapping) and not isinstance(item, bool) for item in items)
    if bare and publication.is_guarded():
        raise publication.PublicationError(
            f"{{{field}}} is a bare number: say with count(value, students=...) of how many students it is, "
            "or with plain(value) that it is none about students"
        )


def _word(value: object, spec: str) -> str:
    value = value.value if isinstance(value, Plain) else value
    if isinstance(value, Sequence) and not isinstance(value, str):
        words = [str(item) for item in value]
        return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
    return number(value, spec)


def _plain(value: Any, spec: str) -> str:
    if spec:
        return format(value, spec)
    if isinstance(value, Integral) or float(value).is_integer():
        return format(int(value), ",")
    return format(round(value), ",") if abs(value) >= 100 else format(value, ".3g")


def _with_interval(measure: Mapping[str, Any], spec: str) -> str:
    value, low, high = (measure.get(key) for key in ("value", "low", "high"))
    if value is None or low is None or high is None or math.isnan(low) or math.isnan(high):
        return number(value, spec)
    if not spec and not isinstance(value, Integral):
        spec = ".2f" if max(abs(low), abs(high)) < 100 else ",.0f"
    return f"{number(value, spec)} ({number(low, spec)} to {number(high, spec)})"
