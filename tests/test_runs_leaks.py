"""No page holds a line, a name or personal data of students who are not simulated; planted ones are found."""

import json
import random
import re
from html import escape
from pathlib import Path
from typing import Any

import pytest

from pcutils.errors import RunError
from pcutils.runs import book
from pcutils.runs.leaks import SHORTEST_LINE, Secrets, find_leaks, public_text

ROOT = Path(__file__).resolve().parents[1]
LINE = "button 'Throw & \"catch\" it', -> zz(41)"
ROWS = [
    {"username": "u17zq", "programs": ["fd 10", f"fd 10\n  {LINE}\n# made by Qwertine"]},
    {"username": "u18zq", "programs": ["rt 90\nfd 10"]},
    {"username": "104", "programs": ["rt 90"]},
]


@pytest.fixture
def secrets() -> Secrets:
    return Secrets(ROWS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"a page with {LINE} in it", {"lines of programs": 1}),
        (LINE.replace(" ", "\n   "), {"lines of programs": 1}),
        ("student u17zq, u18zq and u17zq", {"usernames": 2}),
        ("au17zq u17zqa", {}),
        ("thanks, Qwertine", {"personal data": 1}),
        ("Qwertiney fd 10 rt 90", {}),
        ("104 students", {}),
        ('<div class="u17zq">12</div>', {}),
        ('<img alt="u17zq">', {"usernames": 1}),
        ("", {}),
    ],
)
def test_secrets_are_found_in_text(secrets: Secrets, text: str, found: dict[str, int]) -> None:
    assert secrets.found_in(text) == found


def test_lines_are_found_that_a_plain_search_finds() -> None:
    chance, found = random.Random(0), 0
    words = ["fd", "100", "é", "_x", "say", "button", "a-b", "#", "zz(41)", "->", "  ", "'hi'"]

    def some() -> str:
        return " ".join(" ".join(chance.choices(words, k=chance.randrange(1, 9))).split())

    for _ in range(200):
        pool = [some() for _ in range(12)]
        rows = [{"username": "-", "programs": ["\n".join(chance.sample(pool, 5))]} for _ in range(3)]
        public, text = (
            " ".join(item[: chance.randrange(99)] for item in chance.sample(pool, 6)) for _ in range(2)
        )
        lines = {
            line for row in rows for line in row["programs"][0].splitlines() if len(line) >= SHORTEST_LINE
        }
        expected = {
            line for line in lines if line in " ".join(text.split()) and line not in " ".join(public.split())
        }
        assert Secrets(rows, public).found_in(text).get("lines of programs", 0) == len(expected)
        found += len(expected)
    assert found > 50


def test_what_everybody_can_read_is_no_secret() -> None:
    assert Secrets(ROWS, public=f"see\n{LINE}").found_in(LINE) == {}
    assert Secrets(ROWS, public="by qwertine,").found_in("Qwertine") == {}
    assert Secrets(ROWS, public="by Qwertinella").found_in("Qwertine") == {"personal data": 1}


def test_names_in_the_books_own_bibliography_are_public() -> None:
    text = public_text(ROOT)
    names = re.findall(r"author\s*=\s*\{(\w+), (\w+)", text)
    assert len(names) > 10
    rows = [{"username": first, "programs": [f"# by {first} {last}"]} for last, first in names]
    assert Secrets(rows, text).found_in(" ".join(f"{first} {last}" for last, first in names)) == {}


@pytest.mark.parametrize(
    "html",
    [
        f"<p>{escape(LINE)}</p>",
        f"<pre><code>{escape(LINE[:9])}<b></b>{escape(LINE[9:])}</code></pre>",
        f'<img alt="{escape(LINE)}">',
        f"<svg><text>{escape(LINE)}</text></svg>",
        f'<script type="application/json">{json.dumps({"a": [1, "<b>" + escape(LINE) + "</b>"]})}</script>',
        f'<script type="application/json">{json.dumps([LINE])}</script>',
        f"<!-- {LINE} -->",
    ],
)
def test_secrets_are_found_wherever_a_page_carries_them(secrets: Secrets, html: str) -> None:
    assert secrets.found_in(html) == {"lines of programs": 1}


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "stream", "name": "stdout", "text": [f"{LINE}\n", "more"]},
        {"output_type": "display_data", "data": {"text/html": [f"<p>{escape(LINE)}</p>"]}},
        {"output_type": "display_data", "data": {"text/plain": LINE}},
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": [LINE]},
    ],
)
def test_a_leak_in_a_notebook_is_named_by_its_cell(
    secrets: Secrets, tmp_path: Path, output: dict[str, Any]
) -> None:
    cells = [
        {"id": "clean", "source": [LINE], "outputs": []},
        {"id": "q2", "source": [], "outputs": [output]},
    ]
    (tmp_path / "01.ipynb").write_text(json.dumps({"cells": cells}))
    assert find_leaks(tmp_path, secrets) == ["01.ipynb, cell q2: lines of programs (1)"]


def test_a_book_with_a_leak_is_refused_and_the_message_repeats_nothing(
    secrets: Secrets, tmp_path: Path
) -> None:
    (tmp_path / "chapters").mkdir()
    page = tmp_path / "chapters" / "01.html"
    page.write_text("<p>fd 10</p>")
    book._refuse_leaks(tmp_path, secrets)
    page.write_text(f"<p>{escape(LINE)} of u17zq</p>")
    with pytest.raises(
        RunError, match=r"chapters/01\.html: lines of programs \(1\), usernames \(1\)"
    ) as caught:
        book._refuse_leaks(tmp_path, secrets)
    assert "zz(41)" not in str(caught.value)
    assert "u17zq" not in str(caught.value)
    book._refuse_leaks(tmp_path, None)
