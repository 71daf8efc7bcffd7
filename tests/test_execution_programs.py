"""Ordinary programs of every group of commands: do they run, and what do they leave behind?"""

import gzip
import json
from collections import defaultdict
from pathlib import Path

import pytest

from pcutils.execution import Executor

PROGRAMS = json.loads((Path(__file__).parent / "data" / "ordinary_programs.json").read_text())
RUN, FAIL = PROGRAMS["run"], PROGRAMS["fail"]
"""Programs that run, by name; and programs that fail, with message and kind."""


def test_ordinary_programs_succeed_and_write_text_without_tags(executor: Executor) -> None:
    results = dict(zip(RUN, executor.run(RUN.values()), strict=True))
    assert {name: (one.status, one.message) for name, one in results.items() if one.status != "success"} == {}
    assert {name: results[name].output for name in PROGRAMS["written"]} == PROGRAMS["written"]
    languages = [results[name].language for name in ("fill", "JavaScript", "web page")]
    assert languages == ["coffee", "js", "html"]
    (result,) = executor.run(["write '<b>one</b> &lt; two'\nwrite 'three'\nlabel 'four'"])
    assert result.output == "one < two\nthree\nfour"


def test_errors_are_said_as_a_browser_says_them(executor: Executor) -> None:
    results = dict(zip(FAIL, executor.run(FAIL), strict=True))
    found = {program: [one.message, one.error_kind] for program, one in results.items()}
    assert found == FAIL
    assert {one.status for one in results.values()} == {"error"}


# What differs from the browser and why, by the first letters of the program's hash.
OTHER_STATUS: dict[str, str] = {}
OTHER_MESSAGE = {"7cee86cd049d": "its message names a colour drawn by chance"}
FLOORS = {"natural": 0.998, "mutant": 0.99, "made by hand": 0.99}
LEAST_EQUAL_MESSAGES = 0.97
GROUPS = {"mutant": "mutant", "edge": "made by hand", "handmade_html": "made by hand"}


@pytest.mark.timeout(600)
def test_verdicts_agree_with_the_browser(shared_dir: Path) -> None:
    path = shared_dir / "golden" / "browser_verdicts.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    with Executor(workers=2, seconds=4.0) as executor:
        results = list(executor.run([row["program"] for row in rows]))
    agree: dict[str, list[bool]] = defaultdict(list)
    same_message = []
    other_status, other_message = set(), set()
    for row, result in zip(rows, results, strict=True):
        agree[GROUPS.get(row["kind"], "natural")].append(result.status == row["status"])
        if result.status != row["status"]:
            other_status.add(result.program_hash[:12])
        elif row["status"] == "error":
            same_message.append(result.message == row["message"])
            if not same_message[-1]:
                other_message.add(result.program_hash[:12])
    shares = {group: sum(values) / len(values) for group, values in agree.items()}
    assert shares == {group: pytest.approx(1.0, abs=1.0 - floor) for group, floor in FLOORS.items()}
    assert sum(same_message) / len(same_message) >= LEAST_EQUAL_MESSAGES
    assert other_status <= OTHER_STATUS.keys()
    assert other_message <= OTHER_MESSAGE.keys()


ANSWERS, WRITTEN = json.loads((Path(__file__).parent / "data" / "command_answers.json").read_text()).values()
"""What each line alone, followed by one more step, is answered; and what programs write."""


def test_commands_are_answered_as_on_pencil_code(executor: Executor) -> None:
    results = executor.run([f"{line}\nfd 10" for line in ANSWERS])
    assert {line: one.message or one.status for line, one in zip(ANSWERS, results, strict=True)} == ANSWERS


def test_what_a_program_finds(executor: Executor) -> None:
    results = list(executor.run(WRITTEN))
    assert [one.message for one in results if one.message] == []
    assert {text: one.output.strip() for text, one in zip(WRITTEN, results, strict=True)} == WRITTEN


@pytest.mark.parametrize(
    ("lead", "status"),
    [
        ("pen red\nfd 10\nrt 90\nfd 10\nrt 90\nfd 10", "success"),
        ("speed 100\npen red\nfd 10\nrt 90", "error"),
    ],
)
def test_marks_and_pens_take_time_before_a_later_error_counts(
    executor: Executor, lead: str, status: str
) -> None:
    (result,) = executor.run([f"{lead}\ntick 10, -> oops()"])
    assert result.status == status
