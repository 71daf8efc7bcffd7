"""What each variant makes of the same traces, for a reader to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pcutils.sources import to_dataset, traces_of
from pcutils.trace import Trace
from pcutils.variants import VARIANTS, build_variant

if TYPE_CHECKING:
    from datasets import Dataset

    from pcutils.models.formats import Format


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


def sizes(dataset: Dataset, form: Format, *, seed: int = 0) -> pd.DataFrame:
    """Count what each variant trains on.

    Parameters
    ----------
    dataset : datasets.Dataset
        The training split.
    form : Format
        How the models read traces.
    seed : int
        Of the downsampled variants.

    Returns
    -------
    pandas.DataFrame
        `variant`, `traces`, `states`, `students`; `tokens_in_full` of programs and headers, with every state
        written out, and `tokens` as the models read them, titles left out.
    """
    from pcutils.models.formats.states import state_texts

    def count(text: str) -> int:
        return len(form.tokenizer.encode(text))

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
                "tokens_in_full": sum(count(text) for trace in traces for text in state_texts(trace)),
                "tokens": sum(len(state) for item in form.encode(traces) for state in item.states),
            }
        )
    return pd.DataFrame(rows)
