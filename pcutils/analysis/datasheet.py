"""A datasheet for each source: where its traces come from, what they are good for, and what they are not."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import yaml

from pcutils.errors import DataError


def datasheet(source: str) -> Mapping[str, str]:
    """Answer the questions about a source.

    Parameters
    ----------
    source : str
        One of :data:`pcutils.sources.SOURCES`.

    Returns
    -------
    mapping of str to str
        Question to answer, in order. Answers may hold placeholders named as the facts of the paper, see
        :data:`pcutils.analysis.paper.FACTS`, and ``{years}``.

    Raises
    ------
    DataError
        Where there is no datasheet of that source.

    Examples
    --------
    >>> datasheet("simulated")["Did anybody consent?"]
    'Nobody had to be asked.'
    """
    sheets = yaml.safe_load((files("pcutils.analysis") / "datasheets.yaml").read_text(encoding="utf-8"))
    questions, common = sheets.pop("questions"), sheets.pop("all")
    if source not in sheets:
        raise DataError(f"source {source!r}", f"one of {', '.join(sheets)}", field="datasheet")
    answers = common | sheets[source]
    return {question: answers[key] for key, question in questions.items()}
