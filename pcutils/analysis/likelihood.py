"""How well models predict real traces, and whether knowing the student helps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pcutils.analysis.statistics import Estimate, bootstrap_interval, estimate_table, undefined
from pcutils.splits import EVALUATION_SPLITS
from pcutils.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pcutils.models import TraceModel

WHOSE = ("true", "average", "other")
PARTS = {
    "date": ("date",),
    "first": ("first",),
    "gaps": ("gaps",),
    "edits": ("edits",),
    "end": ("end",),
    "programs": ("first", "edits", "end"),
    "all": ("date", "first", "gaps", "edits", "end"),
}
"""What bits are spent on: segments, as in :data:`pcutils.models.formats.SEGMENTS`, and sums of them."""
PART_LABELS = {
    "date": "date of the first state",
    "first": "first program",
    "gaps": "times between states",
    "edits": "changes",
    "end": "end",
    "programs": "all but dates and times",
    "all": "whole trace",
}


def evaluation_traces(run: Any, *, per_split: int, seed: int = 0) -> dict[str, list[Trace]]:
    """Draw traces of each evaluation split.

    Parameters
    ----------
    run : Run
        From :func:`pcutils.pipeline.open_run`.
    per_split : int
        At most so many of each.
    seed : int
        Another seed, other traces.

    Returns
    -------
    dict of str to list of Trace
        For each split that has any.
    """
    from pcutils.sources import traces_of

    drawn = {}
    for split in EVALUATION_SPLITS:
        table = run.traces_of_split(split)
        order = np.random.default_rng(seed).permutation(len(table))[:per_split]
        if len(order):
            drawn[split] = list(traces_of(table.select(sorted(order.tolist()))))
    return drawn


def bits_table(
    models: Iterable[tuple[str, TraceModel]], traces: dict[str, list[Trace]], *, seed: int = 0
) -> pd.DataFrame:
    """Score real traces with each model, behind the student's own vector and behind others.

    Parameters
    ----------
    models : iterable of (str, TraceModel)
        Name and model; one is held at a time.
    traces : dict of str to list of Trace
        From :func:`evaluation_traces`.
    seed : int
        Decides which other student stands in.

    Returns
    -------
    pandas.DataFrame
        One row a model and trace: `variant`, `split`, `username`, `states`, `is_known` (whether training saw
        the student), and bits as `<whose>_<segment>` for whose = true, average, other and each of
        :data:`pcutils.models.formats.SEGMENTS`. `final_first` and `final_end` hold the bits of the final
        program as a trace of its own; they are missing where the trace is cut.
    """
    rows = [
        frame
        for variant, model in models
        for split, chosen in traces.items()
        for frame in [_score(model, chosen, seed).assign(variant=variant, split=split)]
    ]
    return pd.concat(rows, ignore_index=True)


def _score(model: TraceModel, traces: list[Trace], seed: int) -> pd.DataFrame:
    names = [trace.username for trace in traces]
    vectors = {
        "true": None,
        "average": model.student_vectors([None] * len(traces)),
        "other": model.student_vectors(_others(model, names, seed)),
    }
    columns: dict[str, Any] = {
        "username": names,
        "states": [len(trace.programs) for trace in traces],
        "is_known": [name in model.students for name in names],
    }
    for whose, chosen in vectors.items():
        bits = model.score_parts(traces, chosen)
        columns |= _by_segment(whose, bits)
    final = model.score_parts([_final_program(trace) for trace in traces])
    final[[not trace.is_complete for trace in traces]] = np.nan
    return pd.DataFrame(columns | _by_segment("final", final))


def _by_segment(whose: str, bits: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return {f"{whose}_{segment}": bits[:, place] for place, segment in enumerate(PARTS["all"])}


def baseline_bits(
    model: TraceModel, training: Iterable[Trace], traces: dict[str, list[Trace]]
) -> pd.DataFrame:
    """Score real traces with models that only count, for a comparison.

    Parameters
    ----------
    model : TraceModel
        A network, for its tokens and its context.
    training : iterable of Trace
        What it was trained on.
    traces : dict of str to list of Trace
        From :func:`evaluation_traces`.

    Returns
    -------
    pandas.DataFrame
        As of :func:`bits_table`, with names of :data:`pcutils.models.BASELINES` as `variant` and only the
        bits that start with `true`, which know no student.
    """
    from pcutils.models import BASELINES

    known, rows = list(training), []
    options = {"context": model.context, "title_tokens": model.network.config.title_tokens}
    for name, kind in BASELINES.items():
        fitted = kind(model.tokenizer, **options).fit(known)
        for split, chosen in traces.items():
            bits = _by_segment("true", fitted.score_parts(chosen))
            names = [trace.username for trace in chosen]
            rows.append(pd.DataFrame({"username": names, "variant": name, "split": split} | bits))
    return pd.concat(rows, ignore_index=True)


def _others(model: TraceModel, names: Sequence[str | None], seed: int) -> list[str | None]:
    """Another student that the model knows, for each; None where it knows no other."""
    known, random = sorted(model.students), np.random.default_rng(seed)
    drawn = []
    for name in names:
        choices = [other for other in known if other != name]
        drawn.append(choices[int(random.integers(len(choices)))] if choices else None)
    return drawn


def _final_program(trace: Trace) -> Trace:
    return Trace.from_states(
        trace.programs[-1:], trace.timestamps[-1:], title=trace.title, username=trace.username
    )


def mean_bits(
    bits: pd.DataFrame, whose: str = "true", *, resamples: int = 500, seed: int = 0
) -> pd.DataFrame:
    """Mean bits of each model on each split, with intervals over students.

    Parameters
    ----------
    bits : pandas.DataFrame
        From :func:`bits_table`.
    whose : {"true", "average", "other", "final"}
        Behind whose vector; "final" is the final program alone, behind the student's own.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        `variant`, `split`, `value`, `low`, `high`, `n`.
    """
    rows = []
    for (split, variant), part in bits.groupby(["split", "variant"], sort=False):
        values = _bits_of(part, whose, "programs" if whose == "final" else "all").dropna()
        groups = part.loc[values.index, "username"]
        estimate = bootstrap_interval(values, groups=groups, resamples=resamples, seed=seed)
        rows.append({"variant": variant, "split": split, **vars(estimate)})
    return estimate_table(rows)


def student_gain(
    bits: pd.DataFrame, variant: str, *, over: str = "average", part: str = "all", **bootstrap: Any
) -> Estimate:
    """Bits a trace that the student's own vector saves over another one.

    Parameters
    ----------
    bits : pandas.DataFrame
        From :func:`bits_table`.
    variant : str
        Which model.
    over : {"average", "other"}
        The average student's vector, or that of another student.
    part : str
        Of what; one of :data:`PARTS`.
    **bootstrap
        `resamples` and `seed`.

    Returns
    -------
    Estimate
        Over traces of students whom training saw; not defined where the model knows none of them.
    """
    known = bits[(bits["variant"] == variant) & bits["is_known"]]
    if known.empty:
        return undefined(0, "the model knows none of these students")
    saved = _bits_of(known, over, part) - _bits_of(known, "true", part)
    return bootstrap_interval(saved, groups=known["username"], **bootstrap)


def gain_table(bits: pd.DataFrame, *, over: str = "average", **bootstrap: Any) -> pd.DataFrame:
    """Gains of all models, for each of :data:`PARTS`.

    Parameters
    ----------
    bits : pandas.DataFrame
        From :func:`bits_table`.
    over, **bootstrap
        As in :func:`student_gain`.

    Returns
    -------
    pandas.DataFrame
        `variant`, `part`, `label`, `value`, `low`, `high`, `n`.
    """
    rows = []
    for variant in dict.fromkeys(bits["variant"]):
        for part, label in PART_LABELS.items():
            estimate = student_gain(bits, variant, over=over, part=part, **bootstrap)
            rows.append({"variant": variant, "part": part, "label": label, **vars(estimate)})
    return estimate_table(rows)


def _bits_of(bits: pd.DataFrame, whose: str, part: str) -> pd.Series:
    return bits[[f"{whose}_{segment}" for segment in PARTS[part]]].sum(axis=1, skipna=False)


VECTOR_LABELS = {
    "true": "student's own vector, bits",
    "average": "average student's vector, bits",
    "other": "somebody else's vector, bits",
}


def by_split(*paid: pd.DataFrame, splits: dict[str, str], variants: dict[str, str]) -> pd.DataFrame:
    """Put mean bits into a table with one column a split.

    Parameters
    ----------
    *paid : pandas.DataFrame
        From :func:`mean_bits`.
    splits, variants : dict of str to str
        Words for each split and model.

    Returns
    -------
    pandas.DataFrame
        ``model``, then an :class:`~pcutils.analysis.statistics.Estimate` for each split.
    """
    rows: dict[str, dict[str, Any]] = {}
    for row in pd.concat(paid).itertuples():
        cells = rows.setdefault(str(row.variant), {"model": variants[str(row.variant)]})
        cells[splits[str(row.split)]] = estimate_of(row)
    return pd.DataFrame(list(rows.values()))


def by_vector(
    paid: dict[str, pd.DataFrame], splits: dict[str, str], variants: dict[str, str]
) -> pd.DataFrame:
    """Put mean bits into a table with one column for each vector in front.

    Parameters
    ----------
    paid : dict of str to pandas.DataFrame
        From :func:`mean_bits`, for each of :data:`WHOSE`.
    splits, variants : dict of str to str
        Words for each.

    Returns
    -------
    pandas.DataFrame
        ``split``, ``trained on`` and the columns of :data:`VECTOR_LABELS`; only splits of students whom
        training saw.
    """
    keys = ["split", "variant"]
    columns = {VECTOR_LABELS[whose]: _values(paid[whose].set_index(keys)) for whose in WHOSE}
    table = pd.DataFrame(columns).reset_index()
    table = table[table["split"].str.startswith("seen_student")]
    table = table.assign(split=table["split"].map(splits), variant=table["variant"].map(variants))
    return table.rename(columns={"variant": "trained on"}).reset_index(drop=True)


def _values(means: pd.DataFrame) -> pd.Series:
    """Means without their intervals, each with the number of its students."""
    pairs = zip(means["value"], means["n"], strict=True)
    return pd.Series([Estimate(float(value), None, None, int(n)) for value, n in pairs], index=means.index)


def has_overfitted(curve: pd.DataFrame, *, tolerance: float = 0.02) -> bool:
    """Say whether validation got worse again by more than a share of its best.

    Parameters
    ----------
    curve : pandas.DataFrame
        Learning curve, as :func:`pcutils.models.train` writes it.
    tolerance : float
        How much worse still counts as chance.

    Examples
    --------
    >>> has_overfitted(pd.DataFrame({"split": "validation", "bits_per_trace": [9.0, 5.0, 6.0]}))
    True
    """
    bits = curve.loc[curve["split"] == "validation", "bits_per_trace"]
    return bool(bits.iloc[-1] > bits.min() * (1 + tolerance))


def estimate_of(row: Any) -> Estimate:
    """Give the estimate that a row of :func:`mean_bits` or :func:`gain_table` holds."""
    low, high = (None if pd.isna(end) else float(end) for end in (row.low, row.high))
    return Estimate(float(row.value), low, high, int(row.n))
