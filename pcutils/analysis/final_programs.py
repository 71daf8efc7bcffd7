"""The final programs of samples: how varied, how close to the student's own, how many run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pcutils.analysis.behaviour import ALL
from pcutils.analysis.statistics import (
    RESAMPLES,
    Estimate,
    bootstrap_interval,
    difference_interval,
    estimate_table,
    share_interval,
    undefined,
)
from pcutils.metrics import corrected_self_bleu, reference_bleu, sample_bleu, self_bleu
from pcutils.progress import track
from pcutils.splits import EVALUATION_SPLITS

#: Name of the students themselves where they stand in one table with models.
STUDENTS = "students"
CLASSMATE = "classmate"


def final_programs(traces: pd.DataFrame, *, complete_only: bool = False) -> pd.DataFrame:
    """Take the last program of each trace.

    Parameters
    ----------
    traces : pandas.DataFrame
        With `programs` and `is_complete`; rows without programs (samples that do not parse) are left out.
    complete_only : bool
        Whether to leave out traces that were cut before their end; the paper keeps them, with their last
        whole state.

    Returns
    -------
    pandas.DataFrame
        The other columns, and `program`.
    """
    kept = traces[traces["programs"].notna()]
    kept = kept[kept["programs"].map(len) > 0]
    if complete_only:
        kept = kept[kept["is_complete"].astype(bool)]
    return kept.drop(columns="programs").assign(program=[programs[-1] for programs in kept["programs"]])


def self_bleu_by_title(
    programs: Mapping[str, pd.DataFrame],
    *,
    corrected: bool = False,
    fewest: int = 4,
    most: int = 250,
    seed: int = 0,
) -> pd.DataFrame:
    """Self-BLEU of each title, on the same number of programs for every variant.

    Parameters
    ----------
    programs : mapping of variant to pandas.DataFrame
        With `username`, `title` and `program`.
    corrected : bool
        Whether to use :func:`pcutils.metrics.corrected_self_bleu`, in which samples for the same student are
        no references for each other and short programs do not count as varied.
    fewest, most : int
        A title needs at least and takes at most so many programs of every variant.
    seed : int
        Of the choice among them.

    Returns
    -------
    pandas.DataFrame
        One row a title, one column a variant, and `n`, how many programs of each were compared. Lower is more
        varied. Titles whose chosen programs come from one student alone are left out when `corrected`.
    """
    counts = pd.DataFrame({name: frame["title"].value_counts() for name, frame in programs.items()}).fillna(0)
    numbers = counts.min(axis=1).clip(upper=most).astype(int)
    rows = []
    for title in track(sorted(numbers.index[numbers >= fewest]), label="Self-BLEU", unit="titles"):
        chosen = {
            name: frame[frame["title"] == title].sample(numbers[title], random_state=seed)
            for name, frame in programs.items()
        }
        if corrected and min(frame["username"].nunique() for frame in chosen.values()) < 2:
            continue
        scores = {name: _self_bleu(frame, corrected) for name, frame in chosen.items()}
        rows.append({"title": title, "n": numbers[title]} | scores)
    return pd.DataFrame(rows, columns=["title", "n", *programs])


def _self_bleu(frame: pd.DataFrame, corrected: bool) -> float:
    programs = frame["program"].tolist()
    return corrected_self_bleu(programs, frame["username"].tolist()) if corrected else self_bleu(programs)


def reference_bleu_by_title(programs: Mapping[str, pd.DataFrame], own: pd.DataFrame) -> pd.DataFrame:
    """BLEU of the samples of each title against all final programs of students with that title.

    Parameters
    ----------
    programs : mapping of variant to pandas.DataFrame
        With `title` and `program`.
    own : pandas.DataFrame
        Of the students whose pairs were sampled, with `title` and `program`.

    Returns
    -------
    pandas.DataFrame
        One row a title, one column a variant.
    """
    rows = []
    for title, references in track(own.groupby("title")["program"], label="BLEU", unit="titles"):
        samples = {
            name: frame.loc[frame["title"] == title, "program"].tolist() for name, frame in programs.items()
        }
        if all(samples.values()):
            scores = {name: reference_bleu(chosen, references.tolist()) for name, chosen in samples.items()}
            rows.append({"title": title} | scores)
    return pd.DataFrame(rows, columns=["title", *programs])


def closeness(
    programs: Mapping[str, pd.DataFrame], own: pd.DataFrame, others: pd.DataFrame, *, seed: int = 0
) -> pd.DataFrame:
    """How close a sample comes to the final program of the very student, pair by pair.

    Parameters
    ----------
    programs : mapping of variant to pandas.DataFrame
        Samples: `username`, `title`, `program`.
    own : pandas.DataFrame
        Final programs of the students, same columns.
    others : pandas.DataFrame
        Final programs of training, same columns: what a random classmate handed in is a baseline without a
        model.
    seed : int
        Of the choice of classmates.

    Returns
    -------
    pandas.DataFrame
        One row a pair: `username`, `title`, one column of mean sentence BLEU a variant, and `CLASSMATE`.
    """
    rows = []
    lookup = {
        name: dict(list(frame.groupby(["username", "title"])["program"])) for name, frame in programs.items()
    }
    shelf = dict(list(others.groupby("title")))
    for key, references in track(
        own.groupby(["username", "title"])["program"], label="closeness", unit="pairs"
    ):
        username, title = key
        if not any(key in table for table in lookup.values()):
            continue
        row: dict[str, object] = {"username": username, "title": title}
        for name, table in lookup.items():
            row[name] = _mean_bleu(table.get(key, ()), references)
        classmates = shelf.get(title, others.iloc[:0])
        classmates = classmates[classmates["username"] != username]["program"]
        chosen = classmates.sample(min(4, len(classmates)), random_state=seed)
        rows.append(row | {CLASSMATE: _mean_bleu(chosen, references)})
    return pd.DataFrame(rows, columns=["username", "title", *programs, CLASSMATE])


def _mean_bleu(candidates: Sequence[str] | pd.Series, references: pd.Series) -> float:
    scores = [sample_bleu(candidate, reference) for candidate in candidates for reference in references]
    return float(np.mean(scores)) if scores else float("nan")


def mean_of(frame: pd.DataFrame, name: str, *, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Mean of one column with its interval, over students where the frame has them, over titles otherwise."""
    whole = frame[frame[name].notna()]
    if whole.empty:
        return undefined(0, "no data")
    return bootstrap_interval(
        whole[name].to_numpy(float), groups=whole[_unit(frame)], resamples=resamples, seed=seed
    )


def difference_of(
    frame: pd.DataFrame, first: str, second: str, *, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Mean of first minus second with its interval; rows are pairs, units as in :func:`mean_of`."""
    return difference_interval(
        frame[first].to_numpy(float),
        frame[second].to_numpy(float),
        groups=frame[_unit(frame)].to_numpy(),
        resamples=resamples,
        seed=seed,
    )


def _unit(frame: pd.DataFrame) -> str:
    return "username" if "username" in frame else "title"


def run_shares(
    measures: pd.DataFrame, samples: Mapping[str, pd.DataFrame], *, resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Share of final programs that run, of students and of each variant, split by split.

    Parameters
    ----------
    measures : pandas.DataFrame
        The run's measures; only pairs that were sampled count.
    samples : mapping of variant to pandas.DataFrame
        Measures of the samples.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        `split` (or `ALL`), `model` (a variant or `STUDENTS`), `value`, `low`, `high`, `n` students, `reason`.
        Traces cut before their end are left out.
    """
    keys = ["username", "title", "split"]
    columns = [*keys, "is_complete", "final_runs"]
    readable = {
        name: frame if len(frame) else pd.DataFrame(columns=columns) for name, frame in samples.items()
    }
    sampled = pd.concat([frame[keys] for frame in readable.values()]).drop_duplicates()
    frames = {STUDENTS: measures[columns].merge(sampled, on=keys), **readable}
    rows = []
    for model, frame in frames.items():
        ended = frame[frame["is_complete"].astype(bool)].assign(runs=lambda f: f["final_runs"].astype(float))
        for split in [ALL, *EVALUATION_SPLITS]:
            part = ended if split == ALL else ended[ended["split"] == split]
            rows.append(
                {"split": split, "model": model} | vars(mean_of(part, "runs", resamples=resamples, seed=seed))
            )
    return estimate_table(rows)


def sample_counts(samples: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How many samples there are, can be read as traces, and reach their end.

    Parameters
    ----------
    samples : mapping of variant to pandas.DataFrame
        The run's samples, failures included.

    Returns
    -------
    pandas.DataFrame
        `model`, `samples`, `readable` and `complete` (shares with Wilson's interval).
    """
    rows = []
    for model, frame in samples.items():
        readable = frame["programs"].notna()
        complete = readable & frame["is_complete"].fillna(False).astype(bool)
        rows.append(
            {
                "model": model,
                "samples": len(frame),
                "readable": share_interval(int(readable.sum()), len(frame)),
                "complete": share_interval(int(complete.sum()), len(frame)),
            }
        )
    return pd.DataFrame(rows)
