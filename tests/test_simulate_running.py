"""What made-up students write must really run, and their mistakes must really fail."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from pcutils.execution import Executor, run_status
from pcutils.execution.result import program_hash
from pcutils.simulate import assignments, draw_student, render, simulate, student_generator
from pcutils.simulate.mistakes import MISTAKES, make_mistake
from pcutils.simulate.render import CODE


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
