"""The curve of recovery says what it was given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from pcutils.figures.failures import recovery_plot
from pcutils.figures.theme import VARIANT_COLOURS, VARIANT_LABELS


def curve(series: str, values: list[float]) -> pd.DataFrame:
    frame = pd.DataFrame({"attempts": range(len(values)), "value": values})
    return frame.assign(series=series, low=frame["value"] - 0.1, high=frame["value"] + 0.1)


def test_each_series_is_a_line_with_its_values_and_intervals() -> None:
    frame = pd.concat(
        [curve("unknown name", [0, 0.5, 0.75]), curve("cannot be read", [0, 0.2, float("nan")])]
    )
    figure = recovery_plot(frame, legend_title="first error")
    (axes,) = figure.axes
    lines = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert lines == {"unknown name": [0.5, 0.75], "cannot be read": [0.2]}
    spans = [segment[:, 1].tolist() for part in axes.collections for segment in part.get_segments()]
    assert spans[0] == pytest.approx([0.4, 0.6])
    assert (
        len({line.get_color() for line in axes.lines}) == len({line.get_marker() for line in axes.lines}) == 2
    )
    plt.close(figure)


def test_what_is_not_known_is_said() -> None:
    figure = recovery_plot(curve("final programs", [0, float("nan")]))
    assert not figure.axes[0].lines
    assert [text.get_text() for text in figure.axes[0].texts] == ["not defined on this data"]
    plt.close(figure)


def test_a_variant_keeps_the_colour_it_has_everywhere() -> None:
    figure = recovery_plot(
        pd.concat([curve("students", [0, 0.9]), curve("trace", [0, 0.4]), curve("strong", [0, 0.5])]),
        labels={"strong": "as strong students"},
    )
    students, trace, strong = figure.axes[0].lines
    assert strong.get_label() == "as strong students"
    assert (trace.get_color(), trace.get_label()) == (VARIANT_COLOURS["trace"], VARIANT_LABELS["trace"])
    assert students.get_color() not in VARIANT_COLOURS.values()
    assert students.get_label() == "the students themselves"
    plt.close(figure)
