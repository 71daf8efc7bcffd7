from __future__ import annotations

from typing import Any

import pandas as pd

from pcutils.figures.theme import VARIANT_LABELS
from pcutils.figures.training import learning_curves, tellings_html
from pcutils.trace import Trace
from pcutils.variants import VARIANTS


def curve(best: float) -> pd.DataFrame:
    rows = [
        (tokens, split, value + (split == "validation"))
        for tokens, value in ((1000, 3.0), (2000, best), (3000, 2.5))
        for split in ("train", "validation")
    ]
    frame = pd.DataFrame(rows, columns=["tokens", "split", "bits_per_token"])
    return frame.assign(bits_per_trace=frame["bits_per_token"] * 100)


def test_each_kind_of_text_has_its_panel_and_the_kept_checkpoint_its_marker() -> None:
    figure = learning_curves({name: curve(1.0 + place / 10) for place, name in enumerate(VARIANTS)})
    assert len(figure.axes) == 3
    panels: list[Any] = figure.axes
    for axes, names in zip(panels, (VARIANTS[::3], VARIANTS[1::3], VARIANTS[2:3]), strict=True):
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert labels == [VARIANT_LABELS[name] for name in names]
        marked = [line for line in axes.lines if len(line.get_xdata()) == 1]
        expected = [(2.0, 2.0 + VARIANTS.index(name) / 10) for name in names]
        assert [(line.get_xdata()[0], round(line.get_ydata()[0], 9)) for line in marked] == expected


def test_new_lines_are_bold_and_programs_are_escaped() -> None:
    tellings = {
        "trace": Trace.from_states(["a < b", "a < b\nfd 1"]),
        "last": Trace.from_states(["a < b\nfd 1"]),
    }
    html = tellings_html(tellings, caption="Two & tellings")
    assert "<b>a &lt; b</b>" in html
    assert "a &lt; b\n<b>fd 1</b>" in html
    assert "<td></td>" in html  # the final program has no second state
    assert "Two &amp; tellings" in html
    assert html.count("<tr>") == 3
