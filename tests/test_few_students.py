"""Where students must not be seen, every bar, label and point has ten of them behind it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcutils import few_students, figures
from pcutils.analysis.claims import CANNOT, evidence_table, judge_claims
from pcutils.analysis.statistics import Estimate, undefined
from pcutils.errors import PcutilsError
from pcutils.few_students import LEAST_STUDENTS, TOO_FEW, bounded, joined_edges, joined_labels
from pcutils.figures import tables
from pcutils.figures.adaptation import adaptation_curve
from pcutils.figures.failures import recovery_plot
from pcutils.figures.notes import BLANKED, JOINED, captioned
from pcutils.figures.probes import probe_scores
from pcutils.figures.tables import _without_few_students, table_html
from pcutils.pipeline.publication import PublicationError, unguarded

ROWS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 14)), min_size=1, max_size=120)


@pytest.fixture(autouse=True)
def people() -> Iterator[None]:
    """A run whose students must not be seen is open."""
    with unguarded():
        few_students.GUARDED["a run"] = None
        yield


def students_of(values: np.ndarray, owners: np.ndarray, edges: np.ndarray) -> list[int]:
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    inside = pd.Series(owners).groupby(places).nunique()
    return [int(inside.get(place, 0)) for place in range(len(edges) - 1)]


@given(ROWS)
def test_no_bin_holds_few_students_and_no_value_is_lost(rows: list[tuple[int, int]]) -> None:
    values, owners = np.array(rows, dtype=float).T
    shown = bounded(values, owners)
    edges = joined_edges(shown, owners, np.arange(-0.5, 31.5))
    counts = students_of(shown, owners, edges)
    assert (edges[0], edges[-1]) == (-0.5, 30.5)
    if len(set(owners)) < LEAST_STUDENTS:
        assert len(edges) == 2
    else:
        assert all(count == 0 or count >= LEAST_STUDENTS for count in counts)
        if shown.min() < shown.max():
            assert len(set(owners[values <= shown.min()])) >= LEAST_STUDENTS
            assert len(set(owners[values >= shown.max()])) >= LEAST_STUDENTS


@given(ROWS)
def test_no_label_is_shared_by_few_students(rows: list[tuple[int, int]]) -> None:
    labels = pd.Series([f"title {label}" for label, _ in rows])
    owners = pd.Series([owner for _, owner in rows])
    joined = joined_labels(labels, owners)
    counts = owners.groupby(joined).nunique()
    assert len(joined) == len(labels)
    if owners.nunique() < LEAST_STUDENTS:
        assert set(joined) == {"others"}
    else:
        assert (counts >= LEAST_STUDENTS).all()
        assert set(joined) - {"others"} <= set(labels)


def test_nothing_changes_where_students_are_made_up() -> None:
    with unguarded():
        labels, owners = pd.Series(["a", "b"]), pd.Series(["s", "t"])
        assert joined_labels(labels, owners) is labels
        assert bounded([1, 5], ["s", "t"]).tolist() == [1, 5]
        assert joined_edges([1, 5], ["s", "t"], [0, 2, 4, 6]).tolist() == [0, 2, 4, 6]


def test_a_histogram_joins_bars_keeps_the_count_and_says_so() -> None:
    values, owners = [*([1] * 12), *range(2, 30)], [*range(12), *range(28)]
    figure = figures.histogram(values, owners=owners, xlabel="states", ylabel="traces", whole_numbers=True)
    bars = figure.axes[0].patches
    spans = [round(bar.get_width() + 0.08) for bar in bars]
    assert max(spans) > 1
    assert sum(bar.get_height() * span for bar, span in zip(bars, spans, strict=True)) == pytest.approx(40)
    assert max(bar.get_x() + bar.get_width() for bar in bars) <= 20.5, "the ten largest end at twenty"
    assert captioned(figure, "Traces.") == f"Traces. {JOINED}"
    with unguarded():
        plain = figures.histogram(values, owners=owners, xlabel="s", ylabel="t", whole_numbers=True)
        assert len(plain.axes[0].patches) == 29
        assert captioned(plain, "Traces.") == "Traces."


def test_a_histogram_must_know_whose_values_it_draws_and_draws_nothing_of_nine() -> None:
    with pytest.raises(PcutilsError, match="say whose each value is"):
        figures.histogram([1, 2, 3], xlabel="states", ylabel="traces")
    empty = figures.histogram(range(9), owners=range(9), xlabel="states", ylabel="traces").axes[0]
    assert not empty.patches
    assert [text.get_text() for text in empty.texts] == [TOO_FEW]


def estimate(n: int) -> Estimate:
    return Estimate(0.5, 0.4, 0.6, n)


def test_what_is_not_defined_is_not_said_to_be_hidden() -> None:
    assert figures.number(estimate(9)) == TOO_FEW
    assert figures.number(undefined(0, "no clock")) == "not defined"


def test_curves_of_new_students_leave_few_students_out() -> None:
    gains = {"gain.k1": estimate(12), "gain.k2": estimate(9), "control": estimate(9)}
    figure = adaptation_curve(gains)
    points = [line for line in figure.axes[0].lines if line.get_marker() in ("o", "X")]
    assert [list(line.get_ydata()) for line in points] == [[0.5]]
    assert captioned(figure, "").strip() == BLANKED
    nothing = adaptation_curve({"gain.k1": estimate(9), "control": estimate(9)}).axes[0]
    assert [text.get_text() for text in nothing.texts] == [TOO_FEW]


def test_probe_scores_leave_few_students_out() -> None:
    rows = [
        {"quantity": "score", "label": str(n), "input": "state", "probe": "linear", "chance": 0.0}
        | vars(estimate(n))
        for n in (9, 10)
    ]
    axes = probe_scores(pd.DataFrame(rows), {("state", "linear"): "state"}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["10"]


def test_a_figure_must_know_how_many_students_stand_behind_its_numbers() -> None:
    frame = pd.DataFrame([{"label": "a", "value": 0.5, "low": 0.4, "high": 0.6}])
    with pytest.raises(PcutilsError, match="say in a column `n`"):
        figures.forest(frame, xlabel="share")
    with unguarded():
        assert figures.forest(frame, xlabel="share").axes[0].lines[0].get_xdata()[0] == 0.5


def test_points_and_bars_of_few_students_are_left_out() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0], "n": [9, 10]})
    (points,) = figures.paired_points(frame, x="a", y="b", xlabel="a", ylabel="b").axes[0].collections
    shown = np.ma.filled(np.ma.asarray(points.get_offsets()), np.nan)
    assert shown[~np.isnan(shown).any(axis=1)].tolist() == [[2.0, 2.0]]
    parts = pd.DataFrame({"row": ["a", "b"], "part": "x", "value": 1.0, "n": [9, 10]})
    bars = figures.stacked_shares(parts, row="row", part="part", xlabel="share").axes[0].patches
    assert [bar.get_width() for bar in bars if bar.get_width() > 0] == [1.0]


def test_recovery_curves_leave_few_students_out() -> None:
    rows = [{"series": "students", "attempts": k} | vars(estimate(11 - k)) for k in (1, 2)]
    (line,) = recovery_plot(pd.DataFrame(rows)).axes[0].lines
    assert list(line.get_ydata()) == [0.5]


def test_evidence_of_few_students_gives_no_number_and_no_verdict() -> None:
    def verdict(n: int) -> tuple[str, str, int]:
        measure = {"value": 0.5, "low": 0.4, "high": 0.6, "n": n, "unit": "correlation"}
        names = ("behaviour.difference.trace-synthetic", "behaviour.difference.trace-last")
        found = judge_claims({"03_behavioral_evaluation": dict.fromkeys(names, measure)}, "C2")
        return found[0].verdict, found[0].reason, int(evidence_table(found)["value"].notna().sum())

    decision, reason, numbers = verdict(9)
    assert (decision, numbers) == (CANNOT, 0)
    assert TOO_FEW in reason
    assert not any(sign.isdigit() for sign in reason)
    assert verdict(10)[::2] == ("supported", 2)
    with unguarded():
        assert verdict(9)[::2] == ("supported", 2)


def test_evidence_over_titles_does_not_count_students() -> None:
    measure = {"value": -0.5, "low": -0.6, "high": -0.4, "n": 8, "unit": "BLEU"}
    names = ("self_bleu.difference.trace-synthetic", "self_bleu.difference.trace-last")
    (verdict,) = judge_claims({"03_behavioral_evaluation": dict.fromkeys(names, measure)}, "C1")
    assert verdict.verdict == "supported"


def test_a_table_hides_the_numbers_of_rows_with_few_students() -> None:
    frame = pd.DataFrame({"title": ["house", "dots"], "students": [9, 10], "share": [0.25, 0.75]})
    html = table_html(_without_few_students(frame, None), caption="c")
    assert "0.25" not in html
    assert "0.75" in html
    assert html.count(TOO_FEW) == 2
    given = _without_few_students(frame.drop(columns="students"), [12, 3])
    assert given["share"].tolist() == [0.25, TOO_FEW]
    with unguarded():
        assert _without_few_students(frame, None) is frame


def test_a_table_hides_them_in_its_plain_text_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    pages: list[str] = []
    monkeypatch.setattr(tables, "put_on_page", lambda html, plain: pages.extend([html, plain]))
    frame = pd.DataFrame({"split": ["a", "b"], "bits": [Estimate(0.625, 0.5, 0.75, 9), estimate(10)]})
    figures.show_table(frame, caption="Bits")
    for page in pages:
        assert "0.62" not in page
        assert "0.75" not in page
        assert "0.50" in page
        assert TOO_FEW in page


def test_a_sentence_must_know_how_many_students_stand_behind_its_numbers() -> None:
    for bare in (12, 0.5, np.int64(3), np.float64(0.25), [1, 2], {"value": 0.5, "low": 0.4, "high": 0.6}):
        with pytest.raises(
            PublicationError, match=r"\{n\} is a bare number: say with count\(value, students"
        ):
            figures.fill("{n} students.", n=bare)
        with pytest.raises(PublicationError, match="none about students"):
            figures.say("{n} students.", n=bare)
        with unguarded():
            assert figures.fill("{n} students.", n=bare)
    assert figures.fill("{kind}, {n}: {confidence}.", kind="students", n=estimate(10)).startswith(
        "students, 0.5"
    )


def test_a_number_of_few_students_is_replaced_in_a_sentence() -> None:
    template = "{n} attempts of {students}."
    for students, words in ((9, f"{TOO_FEW} attempts of {TOO_FEW}."), (10, "34 attempts of 10.")):
        filled = figures.fill(
            template,
            n=figures.count(34, students=students),
            students=figures.count(students, students=students),
        )
        assert filled == words
    assert figures.fill("{share:.0%}", share=figures.count(0.5, students=10)) == "50\u202f%"
    assert figures.fill("{why}", why=figures.count("3 of them fail", students=3)) == TOO_FEW
    with unguarded():
        assert figures.fill("{n}", n=figures.count(34, students=2)) == "34"


def test_numbers_that_are_none_about_students_are_said_to_be() -> None:
    settings = {"seed": figures.plain(3), "few": figures.plain([4, 8]), "none": figures.plain("none")}
    assert figures.fill("{seed}, {few}, {none}", **settings) == "3, 4 and 8, none"
    assert figures.fill("{share:.1%}", share=figures.plain(0.125)) == "12.5\u202f%"


def test_a_reason_does_not_count_the_few_that_there_are() -> None:
    reasons = ["3 students are too few", "every example has the same value", None]
    assert [few_students.without_counts(reason) for reason in reasons] == [TOO_FEW, *reasons[1:]]
    with unguarded():
        assert [few_students.without_counts(reason) for reason in reasons] == reasons
