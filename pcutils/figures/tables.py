"""Tables that read aloud well and scroll on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from numbers import Real
from typing import Any

import pandas as pd

from pcutils.analysis.statistics import Estimate
from pcutils.errors import PcutilsError
from pcutils.figures.page import STYLE, put_on_page, scroll_box
from pcutils.figures.prose import number
from pcutils.pipeline import publication


def show_table(
    frame: pd.DataFrame,
    *,
    caption: str,
    formats: Mapping[str, str] | None = None,
    row_header: bool = True,
    students: Sequence[float] | None = None,
) -> None:
    """Display a table with its caption.

    Parameters
    ----------
    frame : pandas.DataFrame
        What to show, its index left out: call `reset_index` to keep it. Column names are shown as they are,
        so give them in words with units. Cells may be :class:`~pcutils.analysis.statistics.Estimate`.
    caption : str
        Stands above the table.
    formats : mapping of str to str, optional
        A Python number format for each column that needs one.
    row_header : bool
        Whether the first column names its row.

    students : sequence of int, optional
        How many students stand behind each row; a column called "students" says the same. Where students must
        not be seen, the numbers of rows with too few are not shown.

    Raises
    ------
    PcutilsError
        Where there is no caption or a format names no column.
    """
    frame = _without_few_students(frame, students)
    html = table_html(frame, caption=caption, formats=formats, row_header=row_header)
    formats = formats or {}
    cells = {
        name: [_words(value, formats.get(name, "")) for value in frame.iloc[:, place]]
        for place, name in enumerate(map(str, frame.columns))
    }
    words = pd.DataFrame(cells)
    put_on_page(html, f"{caption}\n\n{words.to_string(index=False)}")


def _without_few_students(frame: pd.DataFrame, students: Sequence[float] | None) -> pd.DataFrame:
    if students is None and "students" in frame and _is_numeric(frame["students"]):
        students = list(frame["students"])
    if students is None or not any(publication.is_too_few(count) for count in students):
        return frame
    cells = frame.astype(object)
    for row, count in enumerate(students):
        if publication.is_too_few(count):
            cells.iloc[row] = [_hidden(value) for value in frame.iloc[row]]
    return cells


def _hidden(value: Any) -> Any:
    return publication.TOO_FEW if isinstance(value, Real | Estimate) else value


def table_html(
    frame: pd.DataFrame, *, caption: str, formats: Mapping[str, str] | None = None, row_header: bool = True
) -> str:
    """Write a table as HTML; see :func:`show_table`."""
    formats = formats or {}
    if not caption.strip():
        raise PcutilsError("a table has no caption: say in words what it shows")
    if unknown := set(formats) - set(frame.columns):
        raise PcutilsError(f"formats for columns that are not there: {', '.join(sorted(unknown))}")
    numeric = {column: _is_numeric(frame[column]) for column in frame.columns}
    head = "".join(f"<th scope='col'{_class(numeric[c])}>{escape(str(c))}</th>" for c in frame.columns)
    rows = []
    for _, row in frame.iterrows():
        cells = [_cell(row[c], formats.get(c, ""), numeric[c]) for c in frame.columns]
        if row_header and cells:
            cells[0] = cells[0].replace("<td", "<th scope='row'", 1).replace("</td>", "</th>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    table = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
    table += f"<tbody>{''.join(rows)}</tbody></table>"
    return f"{STYLE}<div class='pc-figure'>{scroll_box(table, f'Table: {caption}')}</div>"


def _cell(value: Any, spec: str, numeric: bool) -> str:
    words = escape(_words(value, spec))
    if isinstance(value, Estimate) and words.endswith(")"):
        words = words.replace(" (", " <span class='pc-interval'>(", 1) + "</span>"
    elif numeric and not any(sign.isdigit() for sign in words):
        return f"<td class='pc-number pc-words'>{words}</td>"
    return f"<td{_class(numeric)}>{words}</td>"


def _words(value: Any, spec: str) -> str:
    return number(value, spec if not isinstance(value, str) else "")


def _class(numeric: bool) -> str:
    return " class='pc-number'" if numeric else ""


def _is_numeric(column: pd.Series) -> bool:
    filled = [value for value in column if value is not None]
    return bool(filled) and all(isinstance(value, Real | Estimate) for value in filled)
