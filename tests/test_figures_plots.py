"""Plots draw what the tables say."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from pcutils import figures
from pcutils.analysis.claims import evidence_table, judge_all, judge_claims
from pcutils.errors import PcutilsError
from pcutils.execution import Executor
from pcutils.figures.filmstrip import filmstrip_html
from pcutils.figures.scorecard import verdicts_html
from pcutils.figures.theme import INK, VARIANT_COLOURS, VARIANT_LABELS
from pcutils.trace import Trace


@pytest.fixture(autouse=True)
def _theme() -> None:
    figures.use_theme()


FRAME = pd.DataFrame(
    {
        "label": ["attempts", "attempts", "comments", "comments"],
        "model": ["trace", "students", "trace", "students"],
        "value": [0.5, 0.2, np.nan, 0.1],
        "low": [0.4, 0.1, np.nan, np.nan],
        "high": [0.6, 0.3, np.nan, np.nan],
    }
)


def test_forest_places_every_estimate_in_its_row_with_its_colour() -> None:
    axes = figures.forest(FRAME, series="model", xlabel="r", line=0).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["attempts", "comments"]
    trace, students = axes.get_lines()[:2]
    assert trace.get_color() == figures.VARIANT_COLOURS["trace"]
    assert students.get_color() == figures.INK
    assert students.get_label() == "the students themselves"
    assert trace.get_xdata()[0] == 0.5
    rows = np.round(np.array([trace.get_ydata(), students.get_ydata()]), 0)
    assert (rows == [[0, 1], [0, 1]]).all()
    (interval,) = axes.collections[0].get_segments()[:1]
    assert interval[:, 0].tolist() == [0.4, 0.6]


def test_forest_says_when_nothing_is_defined() -> None:
    empty = FRAME.assign(value=np.nan, low=np.nan, high=np.nan)
    for frame in (empty, empty.iloc[:0]):
        axes = figures.forest(frame, series="model", xlabel="r").axes[0]
        assert [text.get_text() for text in axes.texts] == ["not defined on this data"]


def test_histogram_counts_every_value_once() -> None:
    axes = figures.histogram([1, 1, 2, 4, np.nan], xlabel="n", ylabel="traces", whole_numbers=True).axes[0]
    assert [bar.get_height() for bar in axes.patches] == [2, 1, 0, 1]
    logarithmic = figures.histogram(
        [0, 1, 10, 1000], xlabel="s", ylabel="n", log=True, marks={"median": 10}
    ).axes[0]
    assert sum(bar.get_height() for bar in logarithmic.patches) == 3
    assert logarithmic.get_xscale() == "log"


def test_histogram_without_values_is_an_error() -> None:
    with pytest.raises(PcutilsError, match="no value to draw for 'seconds'"):
        figures.histogram([np.nan], xlabel="seconds", ylabel="n")


def test_stacked_shares_fill_the_bar() -> None:
    frame = pd.DataFrame({"row": ["a", "a", "b", "b"], "part": ["x", "y"] * 2, "value": [0.3, 0.7, 0.6, 0.4]})
    axes = figures.stacked_shares(frame, row="row", part="part", xlabel="share").axes[0]
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
    assert ends == pytest.approx([0.3, 0.6, 1.0, 1.0])


def test_paired_points_use_one_scale() -> None:
    frame = pd.DataFrame({"a": [0.0, 1.0], "b": [2.0, 3.0]})
    axes = figures.paired_points(frame, x="a", y="b", xlabel="a", ylabel="b").axes[0]
    assert axes.get_xlim() == axes.get_ylim()


def test_evidence_is_filled_where_it_holds() -> None:
    def measure(value: float, spread: float) -> dict[str, object]:
        return {"value": value, "low": value - spread, "high": value + spread, "n": 20, "unit": "BLEU"}

    results = {
        "03_behavioral_evaluation": {
            "self_bleu.difference.trace-synthetic": measure(-0.2, 0.1),
            "self_bleu.difference.trace-last": measure(-0.05, 0.1),
        }
    }
    axes = figures.evidence_panels(evidence_table(judge_all(results))).axes[0]
    dots = [line for line in axes.get_lines() if line.get_marker() == "o"]
    assert [dot.get_markerfacecolor() == "none" for dot in dots] == [False, True]
    with pytest.raises(PcutilsError, match="no evidence"):
        figures.evidence_panels(evidence_table(judge_all({})))


def test_evidence_says_once_what_its_measures_share() -> None:
    measure = {"value": 0.2, "low": 0.1, "high": 0.3, "n": 20, "unit": "correlation"}
    names = [f"student_probe.difference.{target}" for target in ("gap", "comments")]
    found = evidence_table(judge_claims({"04_embedding_probes": dict.fromkeys(names, measure)}, "C5"))
    (axes,) = figures.evidence_panels(found).axes
    words = [text.get_text() for text in axes.texts]
    assert words == ["C5  probe of the vector minus shuffled control:", "comments", "gap"]
    assert len([line for line in axes.get_lines() if line.get_marker() == "o"]) == 2


def made_up_trace(states: int = 3) -> Trace:
    start = datetime(2020, 1, 1, 9)
    programs = ["pen red", "pen red\nfd 100", "pen red\nfd 100\nfdd 5"] + ["pen red\nfd 10"] * (states - 3)
    return Trace.from_states(programs, [start + timedelta(minutes=3 * place) for place in range(states)])


WORDS = {"name": "strip", "caption": "A made-up student.", "alt": "Three drawings."}


def test_filmstrip_shows_each_state_its_time_its_end_and_its_change() -> None:
    with Executor(workers=1) as executor:
        html = filmstrip_html(made_up_trace(), executor, made_up=True, **WORDS)
    assert html.count("<li>") == html.count("<svg") == 3
    assert html.count("after 3 min") == 2
    assert html.count("runs") == 2
    assert "unknown name" in html
    assert "<ins>+ fd 100</ins>" in html
    assert 'aria-label="Three drawings."' in html
    ids = [part.split('"')[0] for part in html.split(' id="')[1:]]
    assert len(ids) == len(set(ids))


def test_filmstrip_of_a_long_trace_keeps_the_ends() -> None:
    with Executor(workers=1) as executor:
        html = filmstrip_html(made_up_trace(20), executor, made_up=True, most_states=5, **WORDS)
    assert html.count("<li>") == 5
    assert "<strong>Attempt 1</strong>" in html
    assert "<strong>Attempt 20</strong>" in html


def test_filmstrip_shows_no_person_and_no_trace_without_states() -> None:
    with pytest.raises(PcutilsError, match="only made-up traces"):
        filmstrip_html(made_up_trace(), [], made_up=False, **WORDS)
    with pytest.raises(PcutilsError, match="without a state"):
        filmstrip_html(Trace((), (), ()), [], made_up=True, **WORDS)
    with pytest.raises(PcutilsError, match="1 results for 3 states"):
        filmstrip_html(made_up_trace(), [object()], made_up=True, **WORDS)


def test_programs_in_a_filmstrip_are_escaped() -> None:
    trace = Trace.from_states(["write '<script>x</script>'"])
    with Executor(workers=1) as executor:
        html = filmstrip_html(trace, executor, made_up=True, **WORDS)
    assert "<script>" not in html


def test_rows_of_variants_have_their_own_colours_and_other_rows_have_ink() -> None:
    """Without series, a row that stands for a variant is drawn as everywhere else."""
    rows = [VARIANT_LABELS["synthetic"], "a classmate"]
    frame = pd.DataFrame({"label": rows, "value": [0.2, 0.3], "low": [0.1, 0.2], "high": [0.3, 0.4]})
    points = [
        line for line in figures.forest(frame, xlabel="BLEU").axes[0].lines if line.get_marker() != "None"
    ]
    assert [point.get_color() for point in points] == [VARIANT_COLOURS["synthetic"], INK]


def test_bars_of_whole_numbers_hold_equally_many() -> None:
    """A wide range of whole numbers gets bars whose edges lie between whole numbers."""
    axes = figures.histogram([100, 150, 259], xlabel="x", ylabel="y", whole_numbers=True, bins=15).axes[0]
    edges = [bar.get_x() for bar in axes.patches]
    assert len(axes.patches) <= 15
    widths = {round(right - left, 6) for left, right in pairwise(edges)}
    assert widths == {11.0}
    assert sum(bar.get_height() for bar in axes.patches) == 3


def test_verdicts_are_listed_with_what_decided_and_escaped() -> None:
    """Each claim has its words, its verdict and the count of measures that agree."""
    (verdict,) = judge_claims({}, "C6")
    html = verdicts_html([verdict], caption="Judged on <nobody>.")
    assert "cannot be tested" in html
    assert "no measure to judge" in html
    assert "&lt;nobody&gt;" in html
    assert verdict.reason not in verdicts_html([verdict], caption="x", reasons=False)
    with pytest.raises(PcutilsError, match="caption"):
        figures.show_verdicts([verdict], caption=" ")
