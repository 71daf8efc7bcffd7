from __future__ import annotations

import re

import pytest

from pcutils.simulate import assignments, draw_student, render, student_generator
from pcutils.simulate.assignment import read_assignments
from pcutils.simulate.render import Line
from pcutils.simulate.repeat import further_part

WORDS = """
a about again all an and angle animal answer answers apples arc ask asked b ball bead beads beats bloom boat
body branch bright bring bubbles bullseye cake cell check choice choices choose click clicker clicks coat
colour colours computer confetti count countdown d day degrees dice door dot dotrow double down drive end eye
eyes face far find finds first fish flag flower forecast fortune fortunes from garden go got grass green grid
guess happy hat have head height hidden high house houses how hull i in is it last layers leaves left length
lift light lighthouse likes line lived loved low lucky madlibs many mast maybe me met middle moon more mouth
much near necklace next nightsky no nose number of off once one or over page paper part petal petals pick
picks place player points pole polygon press question quiz race racer radius rain rainbow ray rays rectangle
right ring rings rock rockpaper roll rolled roof round row run sail saw scissors sea second seconds secret
shape shapes side sides silly size smiley snow snowman some spiral square stair stairs stands star starburst
stars start stem step steps story stripe stripes sum sun sunny tail take tell text that the then there they
think tie to today tomorrow too took tower tree triangle trunk try turn turtle turtles two u up village walk
walked wall walls warm was way weather went were what white width will win wind wins woke words wrong x y yes
you your
"""
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


def test_students_write_the_same_solution_differently() -> None:
    assert len(set(programs_of("house", students=20))) > 40


def test_texts_use_only_known_harmless_words() -> None:
    """A new word in a text must be added to the list above by hand: no name of a person can slip in."""
    for assignment in assignments():
        texts = [assignment.title]
        parts = [*(style.lines for style in assignment.styles), *assignment.more]
        for line in (line for part in parts for line in part):
            texts += [line] if line.lstrip().startswith("##") else re.findall(r'"([^"]*)"', line)
            texts += re.findall(r"@([a-z]+)", line)
        words = set(re.findall(r"[a-z]+", re.sub(r"[$@]\w+", "", " ".join(texts)).lower()))
        assert words <= set(WORDS.split()), assignment.title


def test_parts_that_follow_are_read() -> None:
    (dice,) = read_assignments("== dice, 8\n-- simple, 0\nwrite 1\n++\nwrite 2\n++\nwrite 3\nwrite 4")
    assert dice.styles[0].lines == ("write 1",)
    assert dice.more == (("write 2",), ("write 3", "write 4"))


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


def test_nothing_follows_a_loop_without_an_end() -> None:
    (rain,) = read_assignments("== rain, 1\n-- forever, 2\nforever 10, ->\n  dot red")
    assert further_part(rain, rain.styles[0], 1, walks=True) == ()


def test_parts_of_an_assignment_come_in_turn() -> None:
    (dice,) = read_assignments("== dice, 8\n-- simple, 0\nwrite 1\n++\nwrite 2\n++\nwrite 3")
    parts = [further_part(dice, dice.styles[0], number, walks=True) for number in (1, 2, 3)]
    assert parts == [("write 2",), ("write 3",), ("write 2",)]
