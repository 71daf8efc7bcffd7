"""Where traces come from, who wrote how many, when, for how long, and what edits touch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from pcutils import few_students
from pcutils.analysis import commands, description, flow, languages, sessions, shares, survival, tails
from pcutils.analysis.datasheet import datasheet
from pcutils.errors import DataError
from pcutils.execution import program_hash
from pcutils.few_students import LEAST_STUDENTS
from pcutils.figures.dataset import datasheet_table, over_time, survival_plot, tails_plot
from pcutils.figures.flow import flow_plot
from pcutils.figures.notes import BLANKED, captioned
from pcutils.pipeline.publication import unguarded
from pcutils.sources import SOURCES, to_dataset
from pcutils.trace import Trace

DRAWS = {"resamples": 40, "seed": 1}
START = datetime(2020, 1, 1, 9)


@pytest.fixture
def people() -> Iterator[None]:
    """A run whose students must not be seen is open."""
    with unguarded():
        few_students.GUARDED["a run"] = None
        yield


def traces_table(rows: list[tuple[str, str, int, bool]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["username", "title", "states", "is_complete"])


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_a_whole_datasheet_without_typed_figures(source: str) -> None:
    sheet = datasheet(source)
    assert list(sheet) == list(datasheet("simulated"))
    assert all(len(answer) > 10 for answer in sheet.values())
    assert not [
        answer for answer in sheet.values() if any(sign.isdigit() for sign in answer.replace("ProgSnap2", ""))
    ]
    shown = datasheet_table(source)
    assert not shown["answer"].str.contains("[{}]").any()
    with pytest.raises(DataError, match="source 'nowhere'"):
        datasheet("nowhere")


def test_the_datasheet_of_the_gated_data_quotes_the_paper() -> None:
    origin = datasheet_table("hub").set_index("question").loc["Where do they come from?", "answer"]
    assert "3,800,000 traces" in origin
    assert "2015 to 2024" in origin


def test_survival_is_that_of_statsmodels() -> None:
    generator = np.random.default_rng(3)
    times, ended = generator.integers(1, 12, 200), generator.random(200) < 0.7
    draws = survival.survival_draws(times, ended, np.arange(200), horizon=11, **DRAWS)
    reference = SurvfuncRight(times, ended.astype(int))
    known = dict(zip(reference.surv_times, reference.surv_prob, strict=True))
    for step, probability in known.items():
        assert draws[0, int(step)] == pytest.approx(probability)


def test_a_cut_trace_is_no_short_one() -> None:
    rows = [("a", "t", 2, False), ("b", "t", 3, True), ("c", "t", 3, True), ("d", "t", 1, True)]
    curve = survival.attempts_curve(traces_table(rows), **DRAWS).set_index("attempts")
    assert curve["value"].tolist() == pytest.approx([0.75, 0.75, 0.0])
    assert curve["next"].tolist() == pytest.approx([0.75, 1.0, 0.0])
    assert curve["n"].tolist() == [4, 3, 2]


def test_a_survival_curve_ends_where_few_students_are_left(people: None) -> None:
    rows = [(f"s{n}", "t", 1 + n, True) for n in range(20)]
    figure = survival_plot(survival.attempts_curve(traces_table(rows), **DRAWS))
    (line,) = figure.axes[0].lines
    assert list(line.get_xdata()) == list(range(1, 12)), "ten students have eleven attempts, nine have twelve"
    assert captioned(figure, "").endswith(BLANKED)


def states_of(minutes: dict[str, list[float | None]]) -> pd.DataFrame:
    rows = [
        (name, f"t{place % 2}", None if minute is None else START + timedelta(minutes=minute))
        for name, times in minutes.items()
        for place, minute in enumerate(times)
    ]
    return pd.DataFrame(rows, columns=["username", "title", "moment"]).astype({"moment": "datetime64[ns]"})


def test_a_long_pause_ends_a_session_and_another_student_begins_one() -> None:
    found = sessions.session_table(states_of({"a": [31, 0, 30, 100], "b": [50, None]}))
    assert found[["username", "states", "titles", "minutes"]].values.tolist() == [
        ["a", 3, 2, 31.0],
        ["a", 1, 1, 0.0],
        ["b", 1, 1, 0.0],
    ]
    assert len(sessions.session_table(states_of({"a": [0, 31]}))) == 2
    assert len(sessions.session_table(states_of({"a": [0, 31]}), minutes=31)) == 1
    without = sessions.session_means(sessions.session_table(states_of({"a": [None]})), **DRAWS)
    assert not any(mean.is_defined for mean in without.values())
    means = sessions.session_means(found, **DRAWS)
    assert list(means) == list(sessions.MEASURES)
    assert means["sessions"].value == 1.5
    assert means["states"].value == pytest.approx(5 / 3)
    assert description.estimates_in_words(means, sessions.MEASURES)["mean"].iloc[0] == means["sessions"]


def test_a_share_over_students_is_the_mean_of_rows() -> None:
    hits, owners = pd.Series([1, 0, 0, 1]), pd.Series(list("aabb"))
    assert shares.student_share(hits, owners, **DRAWS).value == 0.5


def test_the_staircase_of_students_counts_those_with_at_least_so_many() -> None:
    table = traces_table([(name, "t", 1, True) for name in "aaab"])
    found = tails.students_with(table)
    assert found[["traces", "value"]].values.tolist() == [[1, 1.0], [2, 0.5], [3, 0.5]]


def test_steps_of_the_staircase_hold_ten_students(people: None) -> None:
    table = traces_table([(f"s{n}", "t", 1, True) for n in range(30) for _ in range(n + 1)])
    found = tails.students_with(table)
    having = [round(value * 30) for value in found["value"]]
    assert found["traces"].tolist() == [1, 11, 21]
    assert having == [30, 20, 10]


def test_titles_of_few_students_are_not_named_nor_drawn(people: None) -> None:
    rows = [(f"s{n}", "house", 1, True) for n in range(30)]
    rows += [(f"s{n}", "my secret", 1, True) for n in range(9)] + [
        (f"s{n}", "rare", 1, True) for n in range(9, 12)
    ]
    table = traces_table(rows)
    named = tails.frequent_titles(table, **DRAWS)
    assert named["label"].tolist() == ["house", tails.OTHERS]
    assert named["value"].tolist() == pytest.approx([30 / 42, 12 / 42])
    ranks = tails.titles_by_rank(table)
    assert ranks["n"].tolist() == [30, 9, 3]
    figure = tails_plot(tails.students_with(table), ranks)
    assert [len(line.get_xdata()) for line in figure.axes[1].lines] == [1]
    with unguarded():
        assert set(tails.frequent_titles(table, **DRAWS)["label"]) == {"house", "my secret", "rare"}


def language_states(years: list[int], texts: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"language": texts, "outcome": "success", "username": [f"s{n}" for n in range(len(texts))]}
    )
    return frame.assign(moment=pd.to_datetime([datetime(year, 6, 1) for year in years]))


def test_languages_are_shares_of_states_by_year() -> None:
    states = language_states([2016, 2016, 2018, 2018], ["coffee", "js", "coffee", "coffee"])
    found = languages.language_shares(states, **DRAWS).set_index("language")
    assert found["share"].map(lambda one: one.value).to_dict() == {"CoffeeScript": 0.75, "JavaScript": 0.25}
    later = languages.languages_over_time(states, **DRAWS).set_index("period")
    assert later["language"].unique().tolist() == ["JavaScript"]
    assert later["value"].fillna(-1).to_dict() == {"2016": 0.5, "2017": -1, "2018": 0.0}
    period = languages.periods(states["moment"], states["username"])
    figure = over_time(period, later.reset_index())
    assert [bar.get_height() for bar in figure.axes[0].patches if np.isfinite(bar.get_height())] == [2, 0, 2]


def test_a_language_of_few_students_is_not_followed(people: None) -> None:
    states = language_states([2016] * 40, ["coffee"] * 20 + ["js"] * 9 + ["html"] * 11)
    assert set(languages.languages_over_time(states, **DRAWS)["language"]) == {"HTML"}
    with unguarded():
        assert set(languages.languages_over_time(states, **DRAWS)["language"]) == {"JavaScript", "HTML"}


def test_years_of_few_students_are_joined(people: None) -> None:
    states = language_states([2015] + [2016] * 12 + [2017] * 4 + [2018] * 11, ["coffee"] * 28)
    period = languages.periods(states["moment"], states["username"])
    assert period.value_counts().to_dict() == {"2016": 13, "2017 to 2018": 15}
    assert (
        description.facts(
            states.rename(columns={"moment": "started"}).assign(title="t", states=1, is_complete=True)
        )["first_year"]
        == 2016
    )


def test_without_a_clock_there_are_no_periods() -> None:
    empty = languages.periods(pd.Series(pd.to_datetime([None, None])), pd.Series(["a", "b"]))
    assert len(empty.cat.categories) == 0


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("fd 50", "fd 70", {"fd"}),
        ("fd 50", "for [1..4]\n  fd 50", {"for"}),
        ("pen red", "# pen blue\npen red", set()),
        ('write "fd"', 'write "rt"', set()),
        ("house = -> fd 1", "house = -> rt 1", {"fd", "rt"}),
        ("myname 3", "myname 4", set()),
    ],
)
def test_commands_in_changed_lines_count_and_names_of_students_do_not(
    before: str, after: str, found: set[str]
) -> None:
    assert commands.changed_commands(before, after) == found


def edits(students: int) -> list[Trace]:
    programs = ["fd 1", "fd 2", "fd 2\nrt 1", "fd 2\nrt 1"]
    return [Trace.from_states(programs, title="t", username=f"s{n}") for n in range(students)]


def test_the_share_of_a_command_is_that_of_edits() -> None:
    found = commands.command_shares(to_dataset(edits(3), "simulated"), **DRAWS).set_index("label")
    assert found["value"].to_dict() == pytest.approx({"fd": 1 / 3, "rt": 1 / 3})
    assert found["n"].to_dict() == {"fd": 3, "rt": 3}


def test_commands_of_few_students_are_left_out(people: None) -> None:
    rare = [Trace.from_states(["fd 1", "dot red"], title="t", username=f"r{n}") for n in range(9)]
    found = commands.command_shares(to_dataset(edits(12) + rare, "hub"), **DRAWS)
    assert set(found["label"]) == {"fd", "rt"}


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"
    bad = {
        "source": "hub",
        "file": "f",
        "row": 0,
        "field": "title",
        "found": "nothing",
        "expected": "a title",
    }
    rows = [bad, bad | {"row": 1}, bad | {"row": 2, "field": "programs", "found": "no state"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    splits = pd.DataFrame({"username": list("abc"), "title": "t", "split": ["train", "train", "validation"]})
    found = flow.flow(splits, path)
    assert (found.read, found.kept, found.aside) == (6, 3, 3)
    assert found.reasons[["found", "rows"]].values.tolist() == [["nothing", 2], ["no state", 1]]
    assert found.splits["traces"].tolist() == [2, 1]
    words = " ".join(text.get_text() for text in flow_plot(found).axes[0].texts)
    assert all(
        part in words for part in ("read\n6", "kept\n3", "kept aside\n3", "training\n2", "validation\n1")
    )


def test_lines_of_which_traces_are_made_are_accounted_for_too(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"
    bad = {"field": "row", "found": "no run", "expected": "a run"}
    path.write_text((json.dumps(bad) + "\n") * 3, encoding="utf-8")
    splits = pd.DataFrame({"username": list("abc"), "title": "t", "split": ["train", "train", "validation"]})
    counts = {"other requests": 3, "kept aside": 2, "states": 9, "repeated runs": 4, "something new": 1}
    found = flow.flow(splits, path, counts, source="logs")
    assert (found.read, found.kept, found.aside, found.aside_elsewhere) == (19, 3, 3, 1)
    assert found.fates.values.tolist() == [
        ["made a state", 9],
        ["the same program again, dropped", 4],
        ["no run of a program", 3],
        ["something new", 1],
        ["kept aside", 2],
    ]
    upper, lower = (" ".join(text.get_text() for text in axes.texts) for axes in flow_plot(found).axes)
    for words in ("lines read\n19", "made a state\n9", "the same program again, dropped\n4", "kept aside\n2"):
        assert words in upper
    assert all(words in lower for words in ("traces\n3", "training\n2", "validation\n1"))


def test_a_source_that_counts_nothing_more_has_one_picture(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"
    path.touch()
    splits = pd.DataFrame({"username": ["a"], "title": "t", "split": ["train"]})
    found = flow.flow(splits, path, {}, source="hub")
    assert (found.read, found.unit, len(found.fates), len(flow_plot(found).axes)) == (1, "rows", 0, 1)


def test_rare_reasons_are_counted_together_and_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"
    rows = [{"field": "f", "found": str(n), "expected": "e", "row": n} for n in range(flow.MOST_REASONS + 3)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    reasons = flow.flow(pd.DataFrame(columns=["username", "title", "split"]), path).reasons
    assert len(reasons) == flow.MOST_REASONS + 1
    assert reasons["rows"].iloc[-1] == 3
    path.write_text("", encoding="utf-8")
    empty = flow.flow(pd.DataFrame(columns=["username", "title", "split"]), path)
    assert (empty.read, empty.aside, len(empty.splits)) == (0, 0, 0)


def test_splits_of_few_students_are_joined(people: None, tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"
    path.touch()
    names = ["train"] * 30 + ["validation"] * 4 + ["unseen_student_seen_title"] * 11
    splits = pd.DataFrame({"username": [f"s{n}" for n in range(45)], "title": "t", "split": names})
    found = flow.flow(splits, path).splits
    assert found[["split", "traces"]].values.tolist() == [["train", 30], [flow.OTHER_SPLITS, 15]]
    assert (found["students"] >= LEAST_STUDENTS).all()


def test_languages_come_from_the_table_of_programs() -> None:
    table = to_dataset([Trace.from_states(["fd(1);", "fd 2"], title="t", username="a")], "simulated")
    programs = pd.DataFrame(
        {
            "program_hash": [program_hash("fd(1);")],
            "status": ["success"],
            "error_kind": [None],
            "language": ["js"],
        }
    )
    states = description.state_table(table, programs)
    assert states["language"].tolist()[0] == "js"
    assert pd.isna(states["language"].iloc[1])
    assert states["moment"].isna().all()
