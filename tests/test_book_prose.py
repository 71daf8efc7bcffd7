"""What the prose pages of the book promise."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path

import nbformat

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


def test_landing_picture_tells_the_truth() -> None:
    from pcutils.execution import Executor

    states = strip_states()
    assert len(states) == 5
    with Executor(workers=1) as executor:
        results = list(executor.run([program for program, _ in states]))
    assert [result.status != "success" for result in results] == [fails for _, fails in states]


def test_worksheet_answers_are_right() -> None:
    from pcutils.execution import Executor
    from pcutils.metrics import levenshtein

    states = code_blocks("teaching/worksheet.md", "text")[:4]
    lesson = (BOOK / "teaching" / "lesson.md").read_text(encoding="utf-8")
    answers = [int(answer) for answer in re.findall(r"^ *\| [1-4] \| (\d+) \|$", lesson, flags=re.MULTILINE)]
    assert answers == [levenshtein(state, states[-1]) for state in states]
    away = sum(after > before for before, after in pairwise(answers))
    assert away == 1
    assert "4. One of three: the attempt from state 1 to state 2." in lesson
    with Executor(workers=1) as executor:
        verdicts = [result.status for result in executor.run(states)]
    assert verdicts == ["success", "success", "error", "success"]


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
