"""The probes of the chapter: on prefixes of held-out traces, on students' vectors, and on true traits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pcutils.analysis.probe_targets import (
    COUNTED,
    HABITS,
    PREFIX_TARGETS,
    RECOVERY_TARGETS,
    STUDENT_TARGETS,
    prefix_table,
    student_table,
    title_shares,
)
from pcutils.analysis.probes import COLUMNS, Target, compare_inputs
from pcutils.progress import track
from pcutils.trace import Trace

if TYPE_CHECKING:
    from pcutils.models import TraceModel

PROBES = ("linear", "mlp")
#: Rank correlation from which on two traits count as one in two units.
SAME_ORDER = 0.999


def probe_prefixes(
    model: TraceModel,
    traces: Sequence[Trace],
    fails: Mapping[str, bool],
    *,
    max_traces: int = 400,
    probes: Sequence[str] = PROBES,
    resamples: int = 300,
    seed: int = 0,
) -> pd.DataFrame:
    """Read from what the model holds in mind after a prefix what the student does next.

    Parameters
    ----------
    model : TraceModel
    traces : sequence of Trace
        Held out from training.
    fails : mapping from str to bool
        Program hash to whether the program fails.
    max_traces : int
        At most so many traces with a next state, drawn by `seed`.
    probes : sequence of {"linear", "mlp"}
    resamples, seed : int

    Returns
    -------
    pandas.DataFrame
        As :func:`pcutils.analysis.probes.compare_inputs` gives it, for each of `PREFIX_TARGETS` and, over
        prefixes that end in a failing attempt, of `RECOVERY_TARGETS`. Inputs:
        "state" (mean hidden state of the prefix), "counted" (what anybody can count in it), "shuffled".
    """
    chosen = [trace for trace in traces if trace.is_complete and len(trace.programs) > 1]
    drawn = np.random.default_rng(seed).permutation(len(chosen))[:max_traces]
    chosen = [chosen[number] for number in drawn]
    table = prefix_table(chosen, fails)
    states = model.prefix_states(chosen) if chosen else []
    places = zip(table["trace"], table["place"], strict=True)
    inputs = np.array([states[number][place] for number, place in places])
    counted = np.nan_to_num(table[list(COUNTED)].to_numpy(float))
    return _probe_all(
        (*PREFIX_TARGETS, *RECOVERY_TARGETS),
        {"state": inputs, "counted": counted},
        table,
        table["username"].to_numpy(),
        probes=probes,
        resamples=resamples,
        seed=seed,
    )


def probe_students(
    model: TraceModel,
    measures: pd.DataFrame,
    *,
    min_traces: int = 3,
    probes: Sequence[str] = PROBES,
    resamples: int = 300,
    seed: int = 0,
) -> pd.DataFrame:
    """Read a student's habits from the student's vector alone.

    Parameters
    ----------
    model : TraceModel
    measures : pandas.DataFrame
        Measures of the traces whose averages are to be read; students that the model does not know are left
        out.
    min_traces : int
        Students with fewer traces are left out.
    probes : sequence of {"linear", "mlp"}
    resamples, seed : int

    Returns
    -------
    pandas.DataFrame
        As :func:`pcutils.analysis.probes.compare_inputs` gives it, for each of `STUDENT_TARGETS`. Inputs:
        "vector", "titles" (which assignments the student worked on), "shuffled".
    """
    table = _known(student_table(measures, min_traces=min_traces), model)
    titles = title_shares(measures).reindex(table.index)
    inputs = {"vector": _vectors(model, table.index), "titles": titles.to_numpy(float)}
    students = table.index.to_numpy()
    return _probe_all(STUDENT_TARGETS, inputs, table, students, probes=probes, resamples=resamples, seed=seed)


def probe_traits(
    model: TraceModel,
    measures: pd.DataFrame,
    students: pd.DataFrame,
    *,
    min_traces: int = 3,
    probes: Sequence[str] = PROBES,
    resamples: int = 300,
    seed: int = 0,
) -> pd.DataFrame:
    """Read the true traits of made-up students from their vectors, and from averages of their traces.

    Parameters
    ----------
    model : TraceModel
    measures : pandas.DataFrame
        Measures of the traces that the model learnt from.
    students : pandas.DataFrame
        `username` and one column of numbers a trait; of traits with the same order of students (one trait in
        two units) the first is taken.
    min_traces : int
        Students with fewer traces are left out.
    probes : sequence of {"linear", "mlp"}
    resamples, seed : int

    Returns
    -------
    pandas.DataFrame
        As :func:`pcutils.analysis.probes.compare_inputs` gives it, for each trait; empty where there are
        none. Inputs: "vector", "counted" (the averages of `HABITS`), "shuffled".
    """
    traits = _distinct(students.set_index("username").select_dtypes("number"))
    table = _known(student_table(measures, min_traces=min_traces), model)
    table = table[table.index.isin(traits.index)]
    truth = traits.loc[table.index]
    counted = table[list(HABITS)].fillna(table[list(HABITS)].mean()).fillna(0.0)
    inputs = {"vector": _vectors(model, table.index), "counted": counted.to_numpy(float)}
    targets = [Target(name, "number", name.replace("_", " ")) for name in traits.columns]
    names = table.index.to_numpy()
    return _probe_all(targets, inputs, truth, names, probes=probes, resamples=resamples, seed=seed)


def above_chance(frame: pd.DataFrame) -> pd.DataFrame:
    """Put scores of different units on one scale: 0 is chance, 1 is perfect.

    Parameters
    ----------
    frame : pandas.DataFrame
        With `value`, `low`, `high` and `chance`; scores, not differences.

    Returns
    -------
    pandas.DataFrame
        The same with `value`, `low` and `high` rescaled.
    """
    scaled = frame.copy()
    for column in ("value", "low", "high"):
        values = pd.to_numeric(frame[column])
        scaled[column] = (values - frame["chance"]) / (1 - frame["chance"])
    return scaled


def record_probes(results: Any, study: str, frame: pd.DataFrame, *, main: str, rival: str) -> None:
    """Add the scores of a study to the chapter's results.

    Parameters
    ----------
    results : pcutils.pipeline.results.Results
    study : str
        First part of the names.
    frame : pandas.DataFrame
        From one of the studies of this module.
    main, rival : str
        The input that the study is about, and the one without a model.

    Notes
    -----
    Names: ``<study>.<probe>.<target>`` (main input), ``<study>.<rival>.<target>`` and
    ``<study>.shuffled.<target>`` (linear), ``<study>.difference.<target>`` (main minus shuffled, linear),
    ``<study>.over_<rival>.<target>`` (main minus rival, linear). A target that cannot be measured is left
    out.
    """
    for row in frame[frame["reason"].isna() | frame["value"].notna()].to_dict("records"):
        is_linear = row["probe"] == "linear"
        if row["quantity"] == "score" and row["input"] == main:
            name = row["probe"]
        elif row["quantity"] == "score" and is_linear:
            name = row["input"]
        elif is_linear:
            name = "difference" if row["input"] == "shuffled" else f"over_{rival}"
        else:
            continue
        numbers = {key: row[key] for key in ("low", "high", "n", "unit")}
        results.add(f"{study}.{name}.{row['target']}", row["value"], **numbers)


def _known(table: pd.DataFrame, model: TraceModel) -> pd.DataFrame:
    return table[table.index.isin(list(model.students))]


def _distinct(traits: pd.DataFrame) -> pd.DataFrame:
    likeness = traits.corr(method="spearman").abs().to_numpy()
    repeated = [place for place in range(len(likeness)) if (likeness[place, :place] > SAME_ORDER).any()]
    return traits.drop(columns=traits.columns[repeated])


def _vectors(model: TraceModel, usernames: Iterable[str]) -> np.ndarray:
    return model.student_vectors(list(usernames)).numpy().astype(float)


def _probe_all(
    targets: Sequence[Target],
    inputs: Mapping[str, np.ndarray],
    table: pd.DataFrame,
    students: np.ndarray,
    *,
    probes: Sequence[str],
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    frames = []
    for target in track(targets, label="probing", unit="targets"):
        column = table[target.name]
        known = column.notna().to_numpy()
        truth = column[known].to_numpy(object if target.kind == "class" else float)
        truth = truth.astype(str) if target.kind == "class" else truth
        known_inputs = {name: values[known] for name, values in inputs.items()}
        frames.append(
            compare_inputs(
                known_inputs, truth, students[known], target, probes=probes, resamples=resamples, seed=seed
            )
        )
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))


def summarise_probes(frame: pd.DataFrame, rival: str, *, probe: str = "linear") -> dict[str, Any]:
    """Say in how many targets the main input beats a rival beyond doubt.

    Parameters
    ----------
    frame : pandas.DataFrame
        From one of the studies of this module.
    rival : str
        Input that is compared with, such as "shuffled".
    probe : {"linear", "mlp"}

    Returns
    -------
    dict
        `above`, `below` (labels of targets whose whole interval of the difference lies above or below 0),
        `all` (how many targets were measured), `best` (label with the largest difference), `missing` (label
        and reason of each target that was not measured). What is empty is "none".
    """
    rows = frame[(frame["quantity"] == "difference") & (frame["input"] == rival) & (frame["probe"] == probe)]
    absent = frame[frame["value"].isna()]
    missing = [f"{label} ({reason})" for label, reason in zip(absent["label"], absent["reason"], strict=True)]
    return {
        "above": rows.loc[rows["low"] > 0, "label"].to_list() or "none",
        "below": rows.loc[rows["high"] < 0, "label"].to_list() or "none",
        "n_above": int((rows["low"] > 0).sum()),
        "n_below": int((rows["high"] < 0).sum()),
        "all": len(rows),
        "best": rows.sort_values("value")["label"].to_list()[-1] if len(rows) else "none",
        "missing": missing or "none",
    }
