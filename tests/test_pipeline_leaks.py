"""Nothing of a student who is not made up gets onto a page, and the search for leaks finds planted ones."""

from __future__ import annotations

import json
import random
import re
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pcutils import figures
from pcutils.analysis.statistics import Estimate
from pcutils.errors import RunError
from pcutils.figures.adaptation import students_lines
from pcutils.figures.plots import forest
from pcutils.pipeline import concealed, open_run, publication
from pcutils.pipeline.book import _refuse_leaks
from pcutils.pipeline.files import RunFiles
from pcutils.pipeline.leaks import Secrets, leaks_of_folder, leaks_of_notebook, visible_text
from pcutils.pipeline.publication import PublicationError, secrets_of
from pcutils.pipeline.run import Run
from pcutils.sources import load, to_dataset, write_table
from pcutils.trace import Trace

LINE = "button 'Throw & \"catch\" it', -> zz(41)"
ROWS = [
    {"username": "u17zq", "programs": ["fd 10", f"fd 10\n  {LINE}\n# made by Qwertine"]},
    {"username": "u18zq", "programs": ["rt 90\nfd 10"]},
]


def people(students: int = 12) -> list[Trace]:
    own = [Trace.from_states(row["programs"], title="t", username=row["username"]) for row in ROWS]
    others = [
        Trace.from_states(["fd 10"], title="t", username=f"other{n:02d}") for n in range(students - len(own))
    ]
    return own + others


def made_run(folder: Path, traces: Sequence[Trace], source: str = "rollouts") -> Run:
    folder.mkdir(parents=True, exist_ok=True)
    options = "path: somewhere" if source == "rollouts" else "students: 3"
    (folder / "profile.yaml").write_text(f"description: d\ndata: {{source: {source}, {options}}}\n")
    write_table(to_dataset(traces, source), RunFiles(folder).traces)
    return open_run(folder)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return made_run(tmp_path / "people", people())


@pytest.fixture
def secrets() -> Secrets:
    return Secrets(ROWS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"a page with {LINE} in it", {"line": 1}),
        (LINE.replace(" ", "\n   "), {"line": 1}),
        ("student u17zq, u18zq and u17zq", {"username": 2}),
        ("au17zq u17zqa", {}),
        ("thanks, Qwertine", {"personal": 1}),
        ("Qwertiney fd 10 rt 90", {}),
        ("", {}),
    ],
)
def test_secrets_are_found_in_text(secrets: Secrets, text: str, found: dict[str, int]) -> None:
    assert secrets.in_text(text) == found


WORDS = [
    "fd",
    "100",
    "é",
    "_x",
    "say",
    "button",
    "a-b",
    "x@example.org",
    "555-010-9999",
    "#",
    "my name is Tess",
]
WORDS += ["zz(41)", "->", "  ", "u17zq", "'hi'"]


def words_of(item: str, text: str) -> list[str]:
    return re.findall(rf"(?<!\w){re.escape(item)}(?!\w)", text)


@pytest.mark.parametrize("at_a_time", [1, 50_000])
def test_lines_are_found_that_a_plain_search_finds(at_a_time: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concealed, "LINES_AT_A_TIME", at_a_time)
    chance = random.Random(0)

    def some(most: int) -> str:
        return " ".join(" ".join(chance.choices(WORDS, k=chance.randrange(1, most))).split())

    found = 0
    for _ in range(200):
        pool = [some(9) for _ in range(12)]
        rows = [
            {"username": "-", "programs": ["\n".join(chance.sample(pool, 5)) for _ in range(2)]}
            for _ in range(3)
        ]
        public, text = (
            chance.choice(" x_").join(item[: chance.randrange(99)] for item in chance.sample(pool, 6))
            for _ in range(2)
        )
        lines = {line for row in rows for program in row["programs"] for line in program.splitlines()}
        expected = {
            line
            for line in lines
            if len(line) > 15 and line in " ".join(text.split()) and not words_of(line, public)
        }
        assert Secrets(rows, public).in_text(text).get("line", 0) == len(expected)
        found += len(expected)
    assert found > 50


class ManyRows:
    """Made-up rows, each with lines of its own, as often as asked; counts how often that is."""

    def __init__(self, count: int) -> None:
        self.count, self.times = count, 0

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        self.times += 1
        for number in range(self.count):
            program = "\n".join(f"move {number * 97 + line} steps and turn {line}" for line in range(30))
            yield {"username": f"u{number:05}", "programs": [program]}


def test_a_text_without_a_start_of_a_line_needs_no_second_look() -> None:
    rows = ManyRows(50)
    secrets = Secrets(rows)
    assert secrets.in_text("numbers of many students: 1 2 3") == {}
    assert rows.times == 1
    assert secrets.in_text("move 97 steps and turn 0, move 98 steps and turn 1") == {"line": 2}
    assert rows.times == 2
    assert secrets.in_text("move 97 steps and turn 0") == {"line": 1}
    assert rows.times == 2


def test_the_pages_of_a_book_are_looked_up_together(tmp_path: Path) -> None:
    rows = ManyRows(50)
    secrets = Secrets(rows)
    for number in range(5):
        (tmp_path / f"{number}.md").write_text(f"move {97 * number} steps and turn 0")
    leaks = leaks_of_folder(tmp_path, secrets)
    assert [(leak.file, leak.kind) for leak in leaks] == [(f"{number}.md", "line") for number in range(5)]
    assert rows.times == 2


def test_lines_of_many_students_take_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concealed, "LINES_AT_A_TIME", 1000)
    rows, lines = ManyRows(500), 500 * 30
    Secrets(ROWS)  # the finder of names reads its lists
    tracemalloc.start()
    secrets = Secrets(rows)
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert secrets.in_text("move 0 steps and turn 0") == {"line": 1}
    assert kept < 24 * lines
    assert most < 60 * lines, "less than the lines themselves"


def test_what_everybody_can_read_is_no_secret() -> None:
    assert Secrets(ROWS, public=f"see\n{LINE}").in_text(LINE) == {}
    assert Secrets(ROWS, public="by Qwertine,").in_text("Qwertine") == {}
    assert Secrets(ROWS, public="by Qwertinella").in_text("Qwertine") == {"personal": 1}


@pytest.mark.parametrize(
    "html",
    [
        f"<p>{escape(LINE)}</p>",
        f"<pre><code>{escape(LINE[:9])}<b></b>{escape(LINE[9:])}</code></pre>",
        f'<img alt="{escape(LINE)}">',
        f"<svg><text>{escape(LINE)}</text></svg>",
        f'<script type="application/json">{json.dumps({"a": [1, "<b>" + escape(LINE) + "</b>"]})}</script>',
        f'<script type="application/json">[{LINE}</script>',
        f"<!-- {LINE} -->",
    ],
)
def test_secrets_are_found_wherever_a_page_carries_them(secrets: Secrets, html: str) -> None:
    assert secrets.in_text(visible_text(html)) == {"line": 1}


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "stream", "name": "stdout", "text": [f"{LINE}\n", "more"]},
        {"output_type": "display_data", "data": {"text/html": [f"<p>{escape(LINE)}</p>"]}},
        {"output_type": "display_data", "data": {"text/plain": LINE}},
        {"output_type": "display_data", "data": {"text/markdown": LINE}},
        {"output_type": "error", "ename": "E", "evalue": LINE, "traceback": []},
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": [LINE]},
    ],
)
def test_a_leak_in_a_notebook_is_named_by_its_cell(
    secrets: Secrets, tmp_path: Path, output: dict[str, Any]
) -> None:
    cells = [{"id": "clean", "source": [], "outputs": []}, {"id": "q2", "source": [], "outputs": [output]}]
    path = tmp_path / "01.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert [(leak.place, leak.kind) for leak in leaks_of_notebook(path, secrets)] == [("cell q2", "line")]


def test_a_book_with_a_leak_is_refused_and_the_message_repeats_nothing(
    secrets: Secrets, tmp_path: Path
) -> None:
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "01.html").write_text("<p>fd 10</p>")
    _refuse_leaks(tmp_path, secrets)
    (tmp_path / "chapters" / "01.html").write_text(f"<p>{escape(LINE)} of u17zq</p>")
    with pytest.raises(RunError, match=r"chapters/01\.html: lines of students' programs \(1\)") as caught:
        _refuse_leaks(tmp_path, secrets)
    assert "zz(41)" not in str(caught.value)
    assert "u17zq" not in str(caught.value)
    _refuse_leaks(tmp_path, None)


@pytest.mark.parametrize("text", [LINE, "by u17zq", "Qwertine"])
def test_no_figure_table_or_sentence_shows_what_people_wrote(run: Run, text: str) -> None:
    with pytest.raises(PublicationError, match="at least 10 students"):
        figures.show_table(pd.DataFrame({"a": [text]}), caption="c")
    with pytest.raises(PublicationError) as caught:
        figures.say("{text}", text=text)
    assert text not in str(caught.value)
    figure = figures.histogram(range(30), owners=range(30), xlabel=text, ylabel="y")
    with pytest.raises(PublicationError):
        figures.show(figure, run=run, chapter="01_dataset_statistics", name="n", caption="c", alt="a")


def test_a_persons_trace_is_refused_even_where_it_is_called_made_up(run: Run) -> None:
    words = {"name": "n", "caption": "c", "alt": "a"}
    for trace in people()[:2]:
        with pytest.raises(PublicationError, match="a student wrote this trace"):
            figures.player(trace, [], made_up=True, **words)
        with pytest.raises(PublicationError, match="a student wrote this trace"):
            figures.filmstrip(trace, [], made_up=True, **words)
    assert run.may_show("fd 10")
    assert not run.may_show(LINE)


def test_numbers_of_few_students_are_left_out(run: Run, tmp_path: Path) -> None:
    few, many = Estimate(0.5, 0.4, 0.6, 9), Estimate(0.5, 0.4, 0.6, 10)
    assert figures.number(few) == publication.TOO_FEW
    assert figures.number(many).startswith("0.5")
    frame = pd.DataFrame([{"label": str(e.n)} | vars(e) for e in (few, many)])
    lines = forest(frame, xlabel="x").axes[0].lines
    drawn = [value for line in lines for value in line.get_xdata()]
    assert drawn.count(0.5) == 1
    with publication.unguarded():
        assert figures.number(few).startswith("0.5")
        made_run(tmp_path / "small", people(9))
        with pytest.raises(PublicationError, match="has 9 students"):
            figures.say("Nothing.")


def test_no_line_stands_for_a_single_student(run: Run) -> None:
    def lines(students: int) -> list[list[float]]:
        rows = [
            {"condition": "own", "username": str(n), "budget": budget, "bits": 100.0 - n * budget}
            for n in range(students)
            for budget in (0, 1, 2)
        ]
        return [list(line.get_ydata()) for line in students_lines(pd.DataFrame(rows)).axes[0].lines]

    assert lines(11) == [[0, 5, 10], [0, 0]]
    assert lines(9) == [[0, 0]]
    with publication.unguarded():
        assert len(lines(11)) == 12


def test_the_lines_of_every_shard_are_kept_off_the_pages(tmp_path: Path) -> None:
    run = made_run(tmp_path, people())
    own, others = people()[:2], people()[2:]
    files = RunFiles(tmp_path, 2)
    for part, traces in zip(files.parts("traces"), (others, own), strict=True):
        write_table(to_dataset(traces, "rollouts"), part)
    run.files.traces.unlink()
    for known in (files, RunFiles(tmp_path)):
        secrets = secrets_of(known)
        assert secrets.students == 12
        assert secrets.in_text(LINE) == {"line": 1}
    for part in files.parts("traces"):
        part.unlink()
    with pytest.raises(RunError, match="cannot be kept off the pages"):
        secrets_of(files)


def test_made_up_students_may_be_shown_whole(tmp_path: Path) -> None:
    made_run(tmp_path / "school", people(), source="simulated")
    assert not publication.is_guarded()
    publication.check_page(LINE)


def test_pages_of_public_rollouts_hold_numbers_only(shared_dir: Path, tmp_path: Path) -> None:
    """What a notebook shows of real rollouts passes; the same with one line of one student does not."""
    table = load("rollouts", path=shared_dir / "rollouts", titles=["goldstar"])
    write_table(table, tmp_path / "data" / "traces.parquet")
    (tmp_path / "profile.yaml").write_text("description: d\ndata: {source: rollouts, path: somewhere}\n")
    run = open_run(tmp_path)
    states = [len(row["programs"]) for row in table]
    figures.show_table(pd.DataFrame({"states": [sum(states) / len(states)]}), caption="States in a trace")
    secret = next(
        line.strip()
        for row in table
        for program in row["programs"]
        for line in program.splitlines()
        if len(line.strip()) > 20 and not run.may_show(line)
    )
    leaks = False
    try:
        figures.show_table(pd.DataFrame({"line": [secret]}), caption="c")
    except PublicationError:
        leaks = True
    assert leaks, "a line of a rollout went onto a page"


@pytest.mark.skipif(
    not (Path(__file__).parents[1] / "runs" / "rollouts" / "book").is_dir(),
    reason="no rendered rollouts run: call `pcutils run` and `pcutils book` with `--profile rollouts`",
)
def test_the_rendered_rollouts_run_holds_no_secret() -> None:
    files = RunFiles(Path(__file__).parents[1] / "runs" / "rollouts")
    secrets = secrets_of(files)
    assert secrets.students >= publication.LEAST_STUDENTS
    for folder in ("notebooks", "book", "figures"):
        assert [str(leak) for leak in leaks_of_folder(files.dir / folder, secrets)] == []
