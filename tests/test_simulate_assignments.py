from __future__ import annotations

import re

import pytest

from pcutils.simulate import assignments, draw_student, render, student_generator
from pcutils.simulate.assignment import read_assignments

WORDS = """
a about again an and angle animal answer answers apples arc ask asked ball bead beads beats bloom boat body
branch bright bring bubbles bullseye cake cell check choice choices choose click clicker clicks coat colour
colours computer confetti count countdown day degrees dice door dot dotrow double down drive end eye eyes
face far find finds first fish flag flower forecast fortune fortunes from garden go got grass green grid
guess happy hat have head height hidden high house houses how hull i in is it layers leaves left length lift
light lighthouse likes line lived loved low lucky madlibs mast maybe me met middle moon more mouth much near
necklace nightsky no nose number of off once one or over page paper part petal petals pick place player
points pole polygon press question quiz race racer radius rain rainbow ray rays rectangle right ring rings
rock rockpaper roll rolled roof row run sail saw scissors sea second seconds secret shape shapes side sides
silly size smiley snow snowman some spiral square stair stairs stands star starburst stars start stem step
story stripe stripes sum sun sunny tail take tell text the there they think tie to today tomorrow too took
tower tree triangle trunk try turn turtle turtles up village walk walked wall walls warm was way weather
were what width will win wins woke words wrong x y yes you your
"""
BY_TITLE = {assignment.title: assignment for assignment in assignments()}


def programs_of(title: str, students: int = 3) -> list[str]:
    """Give the program of every style of an assignment as several students would write it."""
    programs = []
    for number in range(students):
        rng = student_generator(11, number)
        student = draw_student(11, number, rng)
        for style in BY_TITLE[title].styles:
            lines = render(BY_TITLE[title], style, student, rng)
            programs.append("\n".join(line.text for line in lines))
    return programs


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
        assert 2 <= len(program.splitlines()) <= 35
        assert not program.startswith((" ", "\n"))


def test_students_write_the_same_solution_differently() -> None:
    assert len(set(programs_of("house", students=20))) > 40


def test_texts_use_only_known_harmless_words() -> None:
    """A new word in a text must be added to the list above by hand: no name of a person can slip in."""
    for assignment in assignments():
        texts = [assignment.title]
        for line in (line for style in assignment.styles for line in style.lines):
            texts += [line] if line.lstrip().startswith("##") else re.findall(r'"([^"]*)"', line)
            texts += re.findall(r"@([a-z]+)", line)
        words = set(re.findall(r"[a-z]+", re.sub(r"[$@]\w+", "", " ".join(texts)).lower()))
        assert words <= set(WORDS.split()), assignment.title


def test_line_outside_a_solution_is_an_error() -> None:
    with pytest.raises(ValueError, match="outside"):
        read_assignments("== square, 1\nfd 50")
