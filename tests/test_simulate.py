"""What simulated students write must run, and their mistakes must fail."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from pcutils.errors import DataError
from pcutils.execution import Executor, run_status
from pcutils.execution.result import program_hash
from pcutils.simulate import TRAITS, assignments, draw_student, render, simulate, student_generator
from pcutils.simulate.assignment import read_assignments
from pcutils.simulate.mistakes import MISTAKES, make_mistake
from pcutils.simulate.render import CODE, Line, further_part
from pcutils.simulate.students import COLOURS
from pcutils.trace import Trace, format_trace, parse_trace


def rendered(seed: int, students: int) -> dict[str, str]:
    """Give every style of every assignment as several students would write it: program to its name."""
    programs = {}
    for number in range(students):
        rng = student_generator(seed, number)
        student = draw_student(seed, number, rng)
        for assignment in assignments():
            for style in assignment.styles:
                lines = render(assignment, style, student, rng)
                programs["\n".join(line.text for line in lines)] = f"{assignment.title}, {style.name}"
    return programs


def broken_programs(kind: str, count: int) -> list[str]:
    """Give finished programs with one mistake in a line that is no part of a block."""
    rng = np.random.default_rng(1)
    student = draw_student(4, 0, student_generator(4, 0))
    programs: list[str] = []
    styles = [(assignment, style) for assignment in assignments() for style in assignment.styles]
    for position in rng.permutation(len(styles)):
        lines = render(*styles[position], student, rng)
        texts = [line.text for line in lines]
        top = [i for i, line in enumerate(lines) if line.role == CODE and line.text and not line.indent]
        wrong = {i: make_mistake(texts[i], kind, rng) for i in top[1:]}
        for i in [i for i in wrong if wrong[i] is not None][:1]:
            programs.append("\n".join([*texts[:i], str(wrong[i]), *texts[i + 1 :]]))
        if len(programs) == count:
            break
    return programs


def test_every_style_runs() -> None:
    programs = rendered(seed=21, students=2)
    with Executor(workers=2) as executor:
        results = list(executor.run(list(programs)))
    failed = [
        (programs[program], result.status, result.message)
        for program, result in zip(programs, results, strict=True)
        if result.status != "success" or result.language != "coffee"
    ]
    assert not failed


@pytest.mark.parametrize("kind", sorted(MISTAKES))
def test_mistakes_fail_in_their_way(kind: str) -> None:
    programs = broken_programs(kind, 40)
    assert len(programs) >= 20
    with Executor(workers=2) as executor:
        kinds = Counter(result.error_kind for result in executor.run(programs))
    assert kinds[kind] >= 0.8 * len(programs), kinds


def test_skill_shows_in_failing_states() -> None:
    traces, traits = simulate(students=32, seed=6)
    programs = sorted({program for trace in traces for program in trace.programs})
    table = run_status(programs, workers=2).set_index("program_hash")
    fails = {program: table.status[program_hash(program)] != "success" for program in programs}
    rows = pd.DataFrame(
        {
            "username": [trace.username for trace in traces],
            "failing": [np.mean([fails[program] for program in trace.programs]) for trace in traces],
            "ends_failing": [fails[trace.programs[-1]] for trace in traces],
        }
    )
    assert 0.02 < rows.failing.mean() < 0.08
    assert 0.0 < rows.ends_failing.mean() < 0.08
    students = rows.groupby("username").failing.mean().to_frame().join(traits.set_index("username"))
    assert spearmanr(students.failing, students.skill).statistic < -0.4


WORDS = (Path(__file__).parent / "data" / "assignment_words.txt").read_text().split()
BY_TITLE = {assignment.title: assignment for assignment in assignments()}


def written(title: str, students: int = 3) -> list[list[Line]]:
    """Give the lines of every style of an assignment as several students would write it."""
    programs = []
    for number in range(students):
        rng = student_generator(11, number)
        student = draw_student(11, number, rng)
        programs += [render(BY_TITLE[title], style, student, rng) for style in BY_TITLE[title].styles]
    return programs


def programs_of(title: str, students: int = 3) -> list[str]:
    """Give the programs of :func:`written`."""
    return ["\n".join(line.text for line in lines) for lines in written(title, students)]


def test_enough_assignments_and_styles() -> None:
    assert len(BY_TITLE) == len(assignments()) >= 24
    assert min(len(assignment.styles) for assignment in assignments()) >= 3
    for assignment in assignments():
        assert len({style.name for style in assignment.styles}) == len(assignment.styles)
        assert len({style.lines for style in assignment.styles}) == len(assignment.styles)
    weeks = [assignment.week for assignment in assignments()]
    assert weeks == sorted(weeks)


@pytest.mark.parametrize("title", sorted(BY_TITLE))
def test_programs_are_whole(title: str) -> None:
    for program in programs_of(title):
        code = re.sub(r"\"[^\"\n]*\"|'[^'\n]*'", "", re.sub(r"(?m)^ *#.*$", "", program))
        assert not re.search(r"[$@~\"']", code), program
        for opening, closing in ("()", "[]", "{}"):
            assert code.count(opening) == code.count(closing), program
        assert len(program) <= 2000
        assert not program.startswith((" ", "\n"))
    for lines in written(title):
        assert 2 <= sum(line.part == 0 for line in lines) <= 35


def test_texts_use_only_known_harmless_words() -> None:
    """A new word in a text must be added to the list by hand: no name of a person can slip in."""
    for assignment in assignments():
        texts = [assignment.title]
        parts = [*(style.lines for style in assignment.styles), *assignment.more]
        for line in (line for part in parts for line in part):
            texts += [line] if line.lstrip().startswith("##") else re.findall(r'"([^"]*)"', line)
            texts += re.findall(r"@([a-z]+)", line)
        words = set(re.findall(r"[a-z]+", re.sub(r"[$@]\w+", "", " ".join(texts)).lower()))
        assert words <= set(WORDS), assignment.title


@pytest.mark.parametrize("text", ["fd 50", "== square, 1\nfd 50"])
def test_nothing_stands_outside_a_solution(text: str) -> None:
    with pytest.raises(ValueError, match="outside"):
        read_assignments(text)


def test_drawings_go_on_without_their_functions_and_elsewhere() -> None:
    (square,) = read_assignments(
        "== square, 1\n-- function, 3\n@square = ->\n  fd $size\npen $colour\n@square()\njumpto 5, 10"
    )
    first, fifth = (further_part(square, square.styles[0], number, walks=False) for number in (1, 5))
    assert first == ("pen $colour", "@square()", "jumpto 95, 10")
    assert fifth == ("pen $colour", "@square()", "jumpto 95, -80")


@pytest.mark.parametrize(("walks", "move"), [(True, "fd 90"), (False, "jumpto 90, 0")])
def test_drawings_that_stay_in_place_are_moved(walks: bool, move: str) -> None:
    (line,) = read_assignments("== line, 1\n-- unrolled, 0\nfd $size")
    part = further_part(line, line.styles[0], 1, walks=walks)
    assert move in part
    assert part[-1] == "fd $size"


def test_parts_of_an_assignment_come_in_turn_and_none_follows_a_loop_without_an_end() -> None:
    (rain,) = read_assignments("== rain, 1\n-- forever, 2\nforever 10, ->\n  dot red")
    assert further_part(rain, rain.styles[0], 1, walks=True) == ()
    (dice,) = read_assignments("== dice, 8\n-- simple, 0\nwrite 1\n++\nwrite 2\n++\nwrite 3")
    parts = [further_part(dice, dice.styles[0], number, walks=True) for number in (1, 2, 3)]
    assert parts == [("write 2",), ("write 3",), ("write 2",)]


@pytest.fixture(scope="module")
def school():
    return simulate(students=84, seed=0)


DIGEST = """
import hashlib
from pcutils.simulate import simulate
from pcutils.trace import format_trace
traces, traits = simulate(5, 7)
text = "".join(format_trace(trace) for trace in traces) + traits.to_csv()
print(hashlib.sha256(text.encode()).hexdigest())
"""
RECORDED = {
    (200, 0): "73c5602e8e89e32a0f16ca05f12be9b2940e67f02f30228f0ac5c738a2cb3825",
    (20, 3): "343a6ec72e498229454fa8a423e850915019174902eebe2aed6fcdf94c712c44",
}


def test_same_seed_same_bytes_in_other_processes() -> None:
    first, second = (
        subprocess.check_output([sys.executable, "-c", DIGEST], env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in ("0", "4242")
    )
    assert first == second
    assert len(first.strip()) == 64
    assert simulate(5, 8)[0] != simulate(5, 7)[0]


@pytest.mark.parametrize(("students", "seed"), RECORDED)
def test_output_of_a_seed_stays_as_recorded(students: int, seed: int) -> None:
    digest = hashlib.sha256()
    for trace in simulate(students, seed)[0]:
        digest.update(repr((trace.title, trace.programs, trace.timestamps)).encode())
    assert digest.hexdigest() == RECORDED[students, seed]


def test_more_students_leave_the_earlier_ones_alone() -> None:
    few, few_traits = simulate(4, 3)
    many, many_traits = simulate(40, 3)
    assert many[: len(few)] == few
    assert [trace.username for trace in many[: len(few)]] == [trace.username for trace in few]
    assert many_traits.head(4).equals(few_traits)


def test_size_and_shape(school) -> None:
    traces, traits = school
    assert len(traces) == 84 * 12
    assert list(traits.columns) == ["username", *TRAITS]
    assert traits.username.is_unique
    assert traits[list(TRAITS)].dtypes.eq(float).all()
    unit = traits[[name for name in TRAITS if not name.endswith(("_lines", "_seconds"))]]
    assert unit.ge(0).all(axis=None)
    assert unit.le(1).all(axis=None)
    assert {trace.username for trace in traces} == set(traits.username)
    pairs = [(trace.username, trace.title) for trace in traces]
    assert len(set(pairs)) == len(pairs)
    assert {trace.title for trace in traces} == {assignment.title for assignment in assignments()}
    lengths = np.array([len(trace.programs) for trace in traces])
    assert 2 <= np.median(lengths) <= 4
    assert 4.2 <= np.mean(lengths) <= 5.6
    assert 0.1 <= np.mean(lengths == 1) <= 0.35
    assert lengths.max() <= 50
    assert np.quantile(lengths, 0.99) >= 20
    characters = np.array([sum(map(len, trace.programs)) + 32 * len(trace.programs) for trace in traces])
    assert np.mean(characters) < 1200
    assert np.mean(characters < 3500) > 0.96
    lines = np.array([len(trace.programs[-1].splitlines()) for trace in traces])
    assert 9 <= np.median(lines) <= 15
    assert 20 <= np.mean(lines) <= 28
    assert np.mean(lines <= 120) > 0.95


def test_states_and_times(school) -> None:
    for trace in school[0]:
        assert trace.is_complete
        assert trace.programs
        assert all(program.strip() for program in trace.programs)
        assert all(before != after for before, after in pairwise(trace.programs))
        times = [time for time in trace.timestamps if time is not None]
        assert len(times) == len(trace.programs)
        assert all(before < after for before, after in pairwise(times))
        assert 2015 <= times[0].year <= 2024
        assert 7 <= times[0].hour <= 22
        assert parse_trace(format_trace(trace)) == trace


def test_a_students_traces_follow_each_other_through_a_term(school) -> None:
    traces = school[0]
    for before, after in pairwise(traces):
        if before.username == after.username:
            assert before.timestamps[-1] < after.timestamps[0]
    spans = [traces[i + 11].timestamps[0] - traces[i].timestamps[0] for i in range(0, len(traces), 12)]
    assert np.median([span.days for span in spans]) > 50


def test_titles_can_be_chosen_and_wrong_options_are_named() -> None:
    for option, value in (("students", 0), ("seed", -1), ("assignments_per_student", 0), ("titles", [])):
        with pytest.raises(DataError, match=option):
            simulate(**{option: value})
    with pytest.raises(DataError, match=r"found \['nosuch'\], expected titles out of rectangle"):
        simulate(titles=["nosuch", "star"])
    with pytest.raises(DataError, match="a number from 1 to"):
        simulate(titles=1000)
    traces, _ = simulate(3, titles=["star", "dice"], assignments_per_student=5)
    assert [trace.title for trace in traces] == ["star", "dice"] * 3
    assert len({trace.title for trace in simulate(30, titles=7)[0]}) == 7


_COLOUR = re.compile(r"\b(" + "|".join(COLOURS) + r")\b")


def line_steps(trace: Trace) -> list[int]:
    """Give the change in the number of lines at each run."""
    counts = [0, *(len(program.splitlines()) for program in trace.programs)]
    return [int(step) for step in np.diff(counts)]


def observed(trace: Trace) -> dict[str, float]:
    """Measure what one trace shows of its student, in the simplest way."""
    steps = line_steps(trace)
    gaps = [(b - a).total_seconds() for a, b in zip(trace.timestamps, trace.timestamps[1:], strict=False)]
    later = [step for step in steps[1:] if step > 0]
    last = trace.programs[-1]
    return {
        "tinkering": sum(step == 0 for step in steps[1:]) / len(steps),
        "going_back": sum(state in trace.programs[:i] for i, state in enumerate(trace.programs)) / len(steps),
        "commenting": sum(line.lstrip().startswith("#") for line in last.splitlines()),
        "step_size_lines": float(np.median(later)) if later else np.nan,
        "gap_seconds": float(np.median(gaps)) if gaps else np.nan,
        "colourfulness": len(set(_COLOUR.findall(last))),
        "abstraction": len(re.findall(r"for |->| = ", last)),
    }


@pytest.fixture(scope="module")
def students() -> pd.DataFrame:
    traces, traits = simulate(students=100, seed=5)
    rows = pd.DataFrame([observed(trace) | {"username": trace.username} for trace in traces])
    return rows.groupby("username").mean().add_prefix("observed_").join(traits.set_index("username"))


@pytest.mark.parametrize(
    ("trait", "measure", "least"),
    [
        ("tinkering", "tinkering", 0.5),
        ("tinkering", "going_back", 0.5),
        ("commenting", "commenting", 0.7),
        ("step_size_lines", "step_size_lines", 0.7),
        ("gap_seconds", "gap_seconds", 0.8),
        ("colourfulness", "colourfulness", 0.5),
        ("abstraction", "abstraction", 0.35),
    ],
)
def test_trait_is_visible(students: pd.DataFrame, trait: str, measure: str, least: float) -> None:
    assert spearmanr(students[trait], students[f"observed_{measure}"]).statistic > least


def test_other_students_traits_are_not_visible(students: pd.DataFrame) -> None:
    shuffled = students.commenting.sample(frac=1, random_state=0).to_numpy()
    assert abs(spearmanr(shuffled, students.observed_commenting).statistic) < 0.3


def test_favourite_colours_come_back() -> None:
    traces, _ = simulate(students=30, seed=2)
    own = other = 0
    for trace in traces:
        number = int(str(trace.username).rsplit("-", 1)[1])
        favourites = draw_student(2, number, student_generator(2, number)).habits.colours
        neighbour = draw_student(2, number + 1, student_generator(2, number + 1)).habits.colours
        used = set(_COLOUR.findall(trace.programs[-1]))
        own += len(used & set(favourites))
        other += len(used & set(neighbour))
    assert own > 2 * other


def test_traits_are_spread_out() -> None:
    _, traits = simulate(students=200, seed=0, titles=["square"])
    numbers = traits.drop(columns=["username", "step_size_lines", "gap_seconds", "error_type"])
    shares = numbers.drop(columns=[name for name in numbers if name.startswith("error")])
    assert (shares.quantile(0.9) - shares.quantile(0.1)).min() > 0.35
    assert numbers.nunique().min() == len(traits)
    assert traits[["error_compile", "error_name", "error_type"]].sum(axis=1).corr(traits.skill) < -0.9
