"""What samples and students' traces have in common: ends, pace, edits, programs that run, copies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pcutils.analysis.behaviour import KEYS, sampled_variants
from pcutils.analysis.description import EDIT_KINDS
from pcutils.analysis.final_programs import STUDENTS
from pcutils.analysis.resampling import Floats
from pcutils.metrics.edits import line_changes
from pcutils.trace import Trace
from pcutils.variants import build_variant

#: The model whose samples are looked at most closely.
MAIN = "trace"
#: Share of samples that should be readable.
READABLE_TARGET = 0.99
_READ = [*KEYS, "programs", "timestamps", "is_complete"]


@dataclass(frozen=True)
class Property:
    """Something that a trace has, and how it is compared.

    Parameters
    ----------
    label : str
        In words.
    unit : str
        What it is counted in.
    is_share : bool
        Whether students and samples are compared by the difference of two shares; otherwise by the largest
        gap between their cumulative distributions (Kolmogorov and Smirnov).
    """

    label: str
    unit: str
    is_share: bool = True


PROPERTIES = {
    "readable": Property("can be read as a trace", "share of traces"),
    "ends": Property("comes to its end", "share of traces"),
    "states": Property("states in a trace (median)", "states", is_share=False),
    "first_lines": Property("lines of the first program (median)", "lines", is_share=False),
    "final_lines": Property("lines of the final program (median)", "lines", is_share=False),
    "gap_seconds": Property("time between states (median)", "seconds", is_share=False),
    "backwards": Property("clock goes back between states", "share of pauses"),
    "changed": Property("lines touched by an edit (median share)", "share of lines", is_share=False),
    "unchanged": Property("steps that change nothing but white space", "share of steps"),
    **{
        name.removeprefix("edit_sum_num_").removesuffix("_all"): Property(f"edits: {label}", "share of edits")
        for name, label in EDIT_KINDS.items()
    },
    "runs": Property("final program runs", "share of final programs"),
    "copied_trace": Property("all states as in a training trace", "share of traces"),
    "copied_final": Property("final program as in training", "share of final programs"),
}


class Observed(NamedTuple):
    """Values of one property, how much each counts, and the student of each."""

    values: Floats
    weights: Floats
    owners: Any


def tables(run: Any) -> dict[str, pd.DataFrame]:
    """Read the samples of a run, and the traces that students wrote for the same assignments.

    Parameters
    ----------
    run : Run
        With measured samples; no model is loaded.

    Returns
    -------
    dict of str to pandas.DataFrame
        `STUDENTS` first, then each variant that was sampled: `username`, `title`, `split`, `programs`
        (missing where a sample cannot be read), `timestamps`, `is_complete`, `final_runs`, and counts of
        edits. Samples also have `prompt` and `number`. Empty where `MAIN` was not sampled.
    """
    measured, samples = ["final_runs", *EDIT_KINDS], {}
    for variant in sampled_variants(run):
        keys = ["prompt", "number"]
        measures = run.sample_measures(variant).reindex(columns=[*keys, *measured])
        samples[variant] = run.samples(variant)[[*_READ, *keys]].merge(measures, on=keys, how="left")
    if MAIN not in samples:
        return {}
    pairs = pd.concat([frame[KEYS] for frame in samples.values()]).drop_duplicates()
    own = run.measures().drop(columns="is_complete").merge(pairs, on=KEYS)
    traces = run.traces().select(own["row"]).to_pandas()
    own = own.assign(**{name: traces[name] for name in ("programs", "timestamps", "is_complete")})
    return {STUDENTS: own[[*_READ, *measured]], **samples}


def training_copies(run: Any, variants: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Read what each model could have learnt by heart.

    Parameters
    ----------
    run : Run
        Its training traces are told as the variants tell them.
    variants : iterable of str
        Which models. A downsampled one is held against the whole of what it was drawn from.

    Returns
    -------
    dict of str to pandas.DataFrame
        For `STUDENTS` (the training traces as they are) and each variant: `title`, `programs`, `is_complete`.
    """
    train, kinds = run.traces_of_split("train"), {STUDENTS: "trace"}
    kinds |= {variant: variant.partition("_")[0] for variant in variants if variant != STUDENTS}
    columns = ["title", "programs", "is_complete"]
    told = {kind: build_variant(train, kind).to_pandas()[columns] for kind in set(kinds.values())}
    return {name: told[kind] for name, kind in kinds.items()}


def observe(traces: pd.DataFrame, training: pd.DataFrame) -> dict[str, Observed]:
    """Measure every property of a table of traces.

    Parameters
    ----------
    traces : pandas.DataFrame
        One of :func:`tables`.
    training : pandas.DataFrame
        What to look for copies in, from :func:`training_copies`.

    Returns
    -------
    dict of str to Observed
        One for each of `PROPERTIES`. Traces of one (student, title) pair share the weight of one, so that
        pairs count alike on both sides; a trace's edits and gaps have its weight each. Whether a final
        program runs, or is a copy, is asked of traces that came to their end only, and copies are looked for
        in titles that training has.
    """
    readable = traces["programs"].notna().to_numpy()
    every = traces.assign(weight=_weights(traces))
    ended = readable & traces["is_complete"].eq(True).to_numpy()
    whole = traces[readable].assign(weight=_weights(traces[readable]), ended=ended[readable])
    final = whole[whole["ended"]]
    steps = _steps(whole)
    timed = steps[steps["gap_seconds"].notna()]
    edits = whole[list(EDIT_KINDS)].astype(float)
    total = edits.sum(axis=1)
    found = {
        "readable": _observed(every, readable),
        "ends": _observed(every, ended),
        "states": _observed(whole, whole["programs"].map(len)),
        "first_lines": _observed(whole, whole["programs"].map(lambda programs: _lines(programs[0]))),
        "final_lines": _observed(final, final["programs"].map(lambda programs: _lines(programs[-1]))),
        "gap_seconds": _observed(steps, steps["gap_seconds"]),
        "backwards": _observed(timed, timed["gap_seconds"] < 0),
        "changed": _observed(steps, steps["changed"]),
        "unchanged": _observed(steps, steps["changed"] == 0),
        "runs": _observed(final, final["final_runs"]),
    }
    counted = whole.assign(weight=whole["weight"] * total)[total > 0]
    for name, column in zip(_edit_names(), EDIT_KINDS, strict=True):
        found[name] = _observed(counted, (edits[column] / total)[total > 0])
    return found | _copies(whole, training)


def _lines(program: str) -> int:
    return program.count("\n") + 1


def _edit_names() -> list[str]:
    return [name for name, one in PROPERTIES.items() if one.unit == "share of edits"]


def _weights(traces: pd.DataFrame) -> pd.Series:
    return 1 / traces.groupby(KEYS)["title"].transform("size") if len(traces) else pd.Series(dtype=float)


def _observed(frame: pd.DataFrame, values: Any) -> Observed:
    numbers = pd.to_numeric(pd.Series(np.asarray(values), dtype=object)).to_numpy(float)
    known = np.isfinite(numbers)
    weights, owners = frame["weight"].to_numpy(float), frame["username"].to_numpy()
    return Observed(numbers[known], weights[known], owners[known])


def _steps(traces: pd.DataFrame) -> pd.DataFrame:
    """List the edits: `username`, `weight`, `gap_seconds`, `changed` (lines touched beside lines there)."""
    rows: list[tuple[str, float, float, float]] = []
    known: dict[tuple[str, str], float] = {}
    columns = [traces[name] for name in ("username", "weight", "programs", "timestamps")]
    for username, weight, programs, timestamps in zip(*columns, strict=True):
        gaps = np.diff(np.asarray(timestamps, "datetime64[s]")) / np.timedelta64(1, "s")
        for pair, gap in zip(pairwise(programs), gaps, strict=True):
            if pair not in known:
                known[pair] = _changed(*pair)
            rows.append((username, weight, gap, known[pair]))
    return pd.DataFrame(rows, columns=["username", "weight", "gap_seconds", "changed"])


def _changed(before: str, after: str) -> float:
    changes = line_changes(before, after)
    touched = changes["lines_added"] + changes["lines_deleted"] + changes["lines_modified"]
    kept = sum(bool(line.strip()) for line in before.splitlines())
    lines = kept + changes["lines_added"]
    return touched / lines if lines else 0.0


def _copies(traces: pd.DataFrame, training: pd.DataFrame) -> dict[str, Observed]:
    known = traces[traces["title"].isin(training["title"])]
    keys = list(zip(known["title"], map(_states, known["programs"]), strict=True))
    ways = set(zip(training["title"], map(_states, training["programs"]), strict=True))
    ended = training[training["is_complete"].astype(bool)]
    finals = {(title, _clean(programs[-1])) for title, programs in ended[["title", "programs"]].to_numpy()}
    last = known["ended"].to_numpy(bool)
    copied = np.array([(title, states[-1]) in finals for title, states in keys], dtype=float)
    return {
        "copied_trace": _observed(known, [key in ways for key in keys]),
        "copied_final": _observed(known[last], copied[last]),
    }


def _states(programs: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(_clean, programs))


def _clean(program: str) -> str:
    """Leave out what nobody sees: white space at the end of lines and of the program."""
    return "\n".join(line.rstrip() for line in program.rstrip().splitlines())


def typical_samples(samples: pd.DataFrame, *, most: int = 6) -> list[Trace]:
    """Choose samples to look at, by a rule: nobody picks the pretty ones.

    Parameters
    ----------
    samples : pandas.DataFrame
        Of one variant, from :func:`tables`.
    most : int
        How many titles.

    Returns
    -------
    list of Trace
        Of each of the titles with most readable samples (in doubt the first of the alphabet) the sample that
        stands in the middle when they are put in order of their number of states, then of their prompt.
    """
    readable = samples[samples["programs"].notna()]
    readable = readable.assign(states=readable["programs"].map(len))
    counts = readable["title"].value_counts().rename_axis("title").reset_index()
    titles = counts.sort_values(["count", "title"], ascending=[False, True])["title"][:most]
    chosen = []
    for title in titles:
        part = readable[readable["title"] == title].sort_values(["states", "prompt", "number"])
        row = part.iloc[(len(part) - 1) // 2]
        moments = [None if pd.isna(one) else one.to_pydatetime() for one in pd.to_datetime(row["timestamps"])]
        chosen.append(
            Trace.from_states(
                list(row["programs"]),
                moments,
                title=title,
                username=row["username"],
                is_complete=bool(row["is_complete"]),
            )
        )
    return chosen
