"""What the prose pages of the book promise."""

import re
import sys
import textwrap
from itertools import pairwise
from pathlib import Path

import nbformat

from pcutils.execution import Executor
from pcutils.execution.result import Limits
from pcutils.metrics import levenshtein

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"


def code_blocks(page: str, language: str) -> list[str]:
    """Fenced blocks of a Markdown page in one language."""
    text = (BOOK / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)\n```$", text, flags=re.DOTALL | re.MULTILINE)


def test_cards_carry_the_titles_of_the_chapters() -> None:
    text = (BOOK / "index.md").read_text(encoding="utf-8")
    cards = re.findall(r"^:::\{grid-item-card\} (\d) · (.+)\n:link: chapters/(.+)$", text, flags=re.MULTILINE)
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    titles = [nbformat.read(path, as_version=4).cells[0].source.splitlines()[0] for path in notebooks]
    assert cards == [
        (str(number), title.removeprefix("# "), path.stem)
        for number, (title, path) in enumerate(zip(titles, notebooks, strict=True), start=1)
    ]


def strip_states() -> list[tuple[str, bool]]:
    """Programs of the landing page's picture, with whether it says that they fail."""
    text = (BOOK / "index.md").read_text(encoding="utf-8")
    items = re.findall(r"<li( class=\"book-strip-fails\")?>\n<svg.*?<pre>(.*?)</pre>", text, flags=re.DOTALL)
    return [(re.sub(r"</?mark>", "", program), bool(fails)) for fails, program in items]


def test_landing_picture_tells_the_truth(executor: Executor) -> None:
    states = strip_states()
    assert len(states) == 5
    results = list(executor.run([program for program, _ in states]))
    assert [result.status != "success" for result in results] == [fails for _, fails in states]


def test_worksheet_answers_are_right(executor: Executor) -> None:
    states = code_blocks("teaching/worksheet.md", "text")[:4]
    lesson = (BOOK / "teaching" / "lesson.md").read_text(encoding="utf-8")
    answers = [int(answer) for answer in re.findall(r"^ *\| [1-4] \| (\d+) \|$", lesson, flags=re.MULTILINE)]
    assert answers == [levenshtein(state, states[-1]) for state in states]
    away = sum(after > before for before, after in pairwise(answers))
    assert away == 1
    assert "4. One of three: the attempt from state 1 to state 2." in lesson
    assert [result.status for result in executor.run(states)] == ["success", "success", "error", "success"]


VERDICT_WORDS = {"runs": "success", "fails": "error", "takes too long": "timeout", "too large": "limit"}


def verdict_rows(table: str) -> list[tuple[str, str, str]]:
    """Program and the words beside it, row by row, of one table on the page about verdicts."""
    text = (BOOK / "verdicts.md").read_text(encoding="utf-8")
    block = text.partition(f":class: {table}\n")[2].partition("::::")[0]
    found = re.findall(
        r"^\* - ```\w+\n(.*?)\n    ```\n  - (.*?)\n  - (.*?)$", block, re.DOTALL | re.MULTILINE
    )
    return [(textwrap.dedent(program), verdict, words) for program, verdict, words in found]


def test_verdicts_on_the_page_are_those_of_the_rule(executor: Executor) -> None:
    agree, differ = verdict_rows("verdicts-agree"), verdict_rows("verdicts-differ")
    text = (BOOK / "verdicts.md").read_text(encoding="utf-8")
    assert len(agree) + len(differ) == len(re.findall(r"^\* - ```", text, re.MULTILINE)) > 10
    results = list(executor.run([program for program, *_ in agree + differ]))
    told = [VERDICT_WORDS[verdict] for _, verdict, _ in agree + differ]
    assert [result.status for result in results] == told
    assert all(not words.startswith(verdict) for _, verdict, words in differ), "they differ"
    assert "js" in {result.language for result in results}


def test_what_waits_does_not_reach_the_end_that_the_papers_rule_waits_for(executor: Executor) -> None:
    end = "THE END"
    programs = [program for program, *_ in verdict_rows("verdicts-differ") if "await" in program]
    assert programs
    waiting = list(executor.run([f"{program}\nwrite '{end}'" for program in programs]))
    (through,) = executor.run([f"fd 1\nwrite '{end}'"])
    assert end in through.output
    assert all(result.status == "success" and result.language == "coffee" for result in waiting)
    assert end not in waiting[0].output


def test_limits_on_the_page_are_those_of_the_code() -> None:
    text = (BOOK / "verdicts.md").read_text(encoding="utf-8").partition(":class: verdicts-limits\n")[2]
    rows = dict(re.findall(r"^\* - (.+)\n  - ([\d,]+)", text, flags=re.MULTILINE))
    limits = Limits()
    assert {words: float(value.replace(",", "")) for words, value in rows.items()} == {
        "how long an error counts, in the pupil's time": limits.watched_seconds,
        "computing without a pause": limits.seconds,
        "memory": limits.memory_mb,
        "text it may write": limits.output_characters,
    }


def test_formulas_become_mathml() -> None:
    sys.path.insert(0, str(BOOK / "_ext"))
    try:
        import mathml
    finally:
        sys.path.remove(str(BOOK / "_ext"))
    from docutils import nodes

    assert "<mfrac>" in mathml.to_mathml(r"\frac{1}{n}", True, nodes.math_block())
    assert mathml.UNBRACED.search(r"\frac14")
    assert mathml.UNBRACED.search("x^10")
    assert not mathml.UNBRACED.search(r"\frac{1}{4} x_{10}^2")
    assert mathml.to_mathml(r"\nosuchcommand", False, nodes.math()) == r"<code>\nosuchcommand</code>"


def test_cited_works_stand_in_the_bibliography() -> None:
    bibliography = (BOOK / "references.bib").read_text(encoding="utf-8")
    known = set(re.findall(r"^@\w+\{([^,]+),", bibliography, flags=re.MULTILINE))
    cited = set()
    for path in [*BOOK.rglob("*.md"), *(ROOT / "notebooks").glob("*.ipynb")]:
        for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", path.read_text(encoding="utf-8")):
            cited.update(key.strip() for key in keys.split(","))
    assert cited
    assert cited <= known
