"""Steering: the same model, the same failing program, another student's vector in front."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pcutils.analysis.recovery import FailingPrefix
from pcutils.analysis.statistics import Estimate, bootstrap_interval, record
from pcutils.variants import VARIANTS

if TYPE_CHECKING:
    from torch import Tensor

    from pcutils.models import Sample, TraceModel

#: The model that is steered, with the student's own vector.
OWN = "trace"
CONTRASTS = {
    "strong-own": ("strong", OWN),
    "random-own": ("random", OWN),
    "strong-random": ("strong", "random"),
}
UNITS = {
    "runs": "share of completions",
    "adds": "share of completions",
    "attempts": "attempts",
    "edit_size": "characters",
    "closeness": "sentence BLEU, 0 to 1",
}


def rank_students(measures: pd.DataFrame, *, min_traces: int = 3) -> pd.DataFrame:
    """Rank students by how often their traces end in a program that runs.

    Parameters
    ----------
    measures : pandas.DataFrame
        Training traces only: `username`, `final_runs`, `failing_share`.
    min_traces : int
        Students with fewer traces are not ranked.

    Returns
    -------
    pandas.DataFrame
        Strongest first, indexed by `username`: `final_runs` and `failing_share` (means over the student's
        traces; of two students with the same share of running final programs the one with fewer failing
        states is stronger) and `traces`.
    """
    table = measures.groupby("username").agg(
        final_runs=("final_runs", "mean"),
        failing_share=("failing_share", "mean"),
        traces=("final_runs", "size"),
    )
    table = table[table["traces"] >= min_traces].rename_axis("username").reset_index()
    ordered = table.sort_values(["final_runs", "failing_share", "username"], ascending=[False, True, True])
    return ordered.set_index("username")


def steering_groups(
    ranking: pd.DataFrame, known: Iterable[str], *, share: float = 0.1, seed: int = 0
) -> dict[str, list[str]]:
    """Choose the students whose mean vectors steer.

    Parameters
    ----------
    ranking : pandas.DataFrame
        From :func:`rank_students`.
    known : iterable of str
        Students that have a vector.
    share : float
        Share of the ranked students that count as strong; at least one.
    seed : int

    Returns
    -------
    dict from str to list of str
        "strong"; "random": as many of the others, drawn by `seed`, so that a mean over many vectors is
        compared with a mean over as many. Both empty where fewer than four students are ranked.
    """
    names = [name for name in ranking.index if name in set(known)]
    size = max(1, round(share * len(names)))
    if len(names) < max(4, 2 * size):
        return {"strong": [], "random": []}
    drawn = np.random.default_rng(seed).choice(np.array(names[size:]), size=size, replace=False)
    return {"strong": names[:size], "random": [str(name) for name in drawn]}


def complete(
    model: TraceModel,
    prefixes: Sequence[FailingPrefix],
    *,
    group: Sequence[str] | None = None,
    samples: int = 2,
    temperature: float = 1.0,
    top_p: float = 1.0,
    max_tokens: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> list[Sample]:
    """Let a model go on from each failing state.

    Parameters
    ----------
    model : TraceModel
    prefixes : sequence of FailingPrefix
    group : sequence of str, optional
        Students whose mean vector stands in front; without it each student's own.
    samples : int
        Completions of each prefix.
    temperature, top_p : float
    max_tokens : int, optional
        A completion ends there at the latest; by default where the context ends.
    seed : int
    progress : bool

    Returns
    -------
    list of Sample
        ``samples`` for each prefix.

    Raises
    ------
    pcutils.errors.ModelError
        If the model gives no finite score for a prefix.
    """
    from pcutils.analysis.vector_fitting import finite_bits
    from pcutils.models import Prompt, sample

    finite_bits(model, [prefix.given for prefix in prefixes])

    vector: Tensor | None = None if group is None else model.student_vectors(list(group)).mean(dim=0)
    prompts = [
        Prompt(username=prefix.username, title=prefix.trace.title, prefix=prefix.given, student_vector=vector)
        for prefix in prefixes
    ]
    return sample(
        model,
        prompts,
        samples_per_prompt=samples,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        seed=seed,
        progress=progress,
    )


def mean_of(table: pd.DataFrame, measure: str, *, resamples: int = 1000, seed: int = 0) -> Estimate:
    """Mean of one measure over completions, with an interval over students.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`pcutils.analysis.recovery.judge`.
    measure : str
        One of its measures; rows without it are left out.
    resamples, seed : int

    Returns
    -------
    Estimate
    """
    known = table.dropna(subset=[measure])
    return bootstrap_interval(
        known[measure].to_numpy(float), groups=known["username"].to_numpy(), resamples=resamples, seed=seed
    )


def difference_of(
    first: pd.DataFrame, second: pd.DataFrame, measure: str, *, resamples: int = 1000, seed: int = 0
) -> Estimate:
    """Mean difference between two ways of going on from the same failing programs, first minus second.

    Parameters
    ----------
    first, second : pandas.DataFrame
        From :func:`pcutils.analysis.recovery.judge`, on the same prefixes.
    measure : str
        One of its measures. Completions of a prefix are averaged; a prefix without it on either side is left
        out.
    resamples, seed : int

    Returns
    -------
    Estimate
        Interval over students.
    """
    sides = [table.groupby("prefix")[measure].mean() for table in (first, second)]
    gaps = (sides[0] - sides[1]).dropna()
    student = pd.concat([first, second]).drop_duplicates("prefix").set_index("prefix")["username"]
    return bootstrap_interval(
        gaps.to_numpy(float), groups=student.loc[gaps.index].to_numpy(), resamples=resamples, seed=seed
    )


def standing(traits: Mapping[str, float], usernames: Sequence[str]) -> Estimate:
    """Mean place of some students among all, from 0 (lowest) to 1, by a true trait.

    Parameters
    ----------
    traits : mapping from str to float
        Trait of every student.
    usernames : sequence of str
        Whose mean is asked.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> standing({"ada": 0.9, "bob": 0.2, "cyd": 0.5}, ["ada"]).value
    1.0
    """
    places = pd.Series(dict(traits), dtype=float).rank(pct=True)
    return bootstrap_interval(places.loc[list(usernames)].to_numpy(), resamples=200)


def finish_all(
    load_model: Callable[[str], TraceModel],
    variants: Sequence[str],
    prefixes: Sequence[FailingPrefix],
    groups: Mapping[str, Sequence[str]],
    **settings: Any,
) -> dict[str, list[Sample]]:
    """Let every model go on from the same failing states, the trace model also as other students.

    Parameters
    ----------
    load_model : callable
        Gives the model of a variant, for instance ``run.model``.
    variants : sequence of str
        Which models; each goes on with the student's own vector.
    prefixes : sequence of FailingPrefix
    groups : mapping from str to sequence of str
        Students whose mean vector stands in front of the trace model; empty ones are left out.
    **settings
        As in :func:`complete`; the same for all, the seed too, so that two models with the same probabilities
        write the same.

    Returns
    -------
    dict from str to list of Sample
        One entry a variant, and one a group.
    """
    found: dict[str, list[Sample]] = {}
    for variant in variants:
        model = load_model(variant)
        found[variant] = complete(model, prefixes, **settings)
        for name, members in groups.items() if variant == OWN else ():
            if members:
                found[name] = complete(model, prefixes, group=members, **settings)
    return found


def record_steering(
    results: Any, tables: Mapping[str, pd.DataFrame], *, resamples: int = 1000, seed: int = 0
) -> None:
    """Add the chapter's measures to its results.

    Parameters
    ----------
    results : pcutils.pipeline.results.Results
    tables : mapping from str to pandas.DataFrame
        From :func:`pcutils.analysis.recovery.judge`: variants, groups, and what needs no model.
    resamples, seed : int

    Notes
    -----
    ``recovery.<name>`` is the share of failing prefixes whose continuation ends in a program that runs;
    ``adds.<name>`` is the share that adds a state at all; ``attempts.<name>``, ``edit_size.<name>`` and
    ``closeness.<name>`` are means; ``recovery.difference.trace-<variant>`` is paired by prefix. For the
    groups, ``steering.<runs|attempts|style>.<group>-own`` compares with the same model and the student's
    own vector, and ``strong-random`` with the vector of as many random students.
    """
    draws = {"resamples": resamples, "seed": seed}
    for name, table in tables.items():
        for measure, unit in UNITS.items():
            first = "recovery" if measure == "runs" else measure
            record(results, f"{first}.{name}", mean_of(table, measure, **draws), unit)
    for name in VARIANTS:
        if name in tables and name != OWN and OWN in tables:
            gap = difference_of(tables[OWN], tables[name], "runs", **draws)
            record(results, f"recovery.difference.{OWN}-{name}", gap, UNITS["runs"])
    for name, (first, second) in CONTRASTS.items():
        if first in tables and second in tables:
            for measure, word in {"runs": "runs", "attempts": "attempts", "closeness": "style"}.items():
                gap = difference_of(tables[first], tables[second], measure, **draws)
                record(results, f"steering.{word}.{name}", gap, UNITS[measure])


def choose_example(prefixes: Sequence[FailingPrefix], tables: Sequence[pd.DataFrame]) -> int | None:
    """Choose a failing prefix to show: the shortest trace whose first completion runs in most of the tables.

    Parameters
    ----------
    prefixes : sequence of FailingPrefix
    tables : sequence of pandas.DataFrame
        From :func:`pcutils.analysis.recovery.judge`, on these prefixes.

    Returns
    -------
    int or None
        Its place; None where there is no prefix.
    """
    if not prefixes:
        return None
    first = pd.concat([table[table["number"] == 0] for table in tables])
    runs = first.groupby("prefix")["runs"].sum().reindex(range(len(prefixes)), fill_value=0.0)
    return min(range(len(prefixes)), key=lambda place: (-runs[place], prefixes[place].place, place))
