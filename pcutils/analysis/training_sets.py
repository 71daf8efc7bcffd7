"""What each variant makes of the same traces, for a reader to see."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from pcutils.sources import to_dataset, traces_of
from pcutils.trace import Trace
from pcutils.variants import VARIANTS, build_variant

if TYPE_CHECKING:
    from datasets import Dataset


def shown_variants(trace: Trace) -> dict[str, Trace]:
    """Tell one trace as the variants that change it do.

    Parameters
    ----------
    trace : Trace
        A complete one.

    Returns
    -------
    dict of str to Trace
        For ``trace``, ``synthetic`` and ``last``; the downsampled variants leave a trace as it is or out.
    """
    table = to_dataset([trace], "simulated")
    return {name: next(traces_of(build_variant(table, name))) for name in VARIANTS[:3]}


def sizes(dataset: Dataset, *, count: Callable[[str], int] = len, seed: int = 0) -> pd.DataFrame:
    """Count what each variant trains on.

    Parameters
    ----------
    dataset : datasets.Dataset
        The training split.
    count : callable
        Size of a text, such as its tokens.
    seed : int
        Of the downsampled variants.

    Returns
    -------
    pandas.DataFrame
        `variant`, `traces`, `states`, `students` and `tokens` of programs and headers.
    """
    rows = []
    for name in VARIANTS:
        table = build_variant(dataset, name, seed=seed, count=count)
        traces = list(traces_of(table))
        rows.append(
            {
                "variant": name,
                "traces": len(traces),
                "states": sum(len(trace.programs) for trace in traces),
                "students": len({trace.username for trace in traces}),
                "tokens": sum(count(text) for trace in traces for text in _texts(trace)),
            }
        )
    return pd.DataFrame(rows)


def _texts(trace: Trace) -> list[str]:
    from pcutils.models.formats.states import state_texts

    return state_texts(trace)
