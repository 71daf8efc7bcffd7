import pandas
import pytest

from pcutils.data import MINIMUM_STUDENTS, load, personal_data, pseudonym, suppress_small_groups
from pcutils.errors import DataError

KEY = b"only for this test, never for data"


def test_pseudonym_is_hmac_sha256() -> None:
    """RFC 4231, test case 6 (a key of 131 bytes)."""
    found = pseudonym("Test Using Larger Than Block-Size Key - Hash Key First", b"\xaa" * 131)
    assert found == "60e431591ee0b67f0d8a26aacbf5b77f"


def test_short_key_is_refused() -> None:
    with pytest.raises(DataError, match="found 5 bytes"):
        pseudonym("turtle", b"short")


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("# write to turtle@example.org please", "email", "turtle@example.org"),
        ('write "a.b-c+d@mail.example.co.uk"', "email", "a.b-c+d@mail.example.co.uk"),
        ("see turtle@example.org.", "email", "turtle@example.org"),
        ('write "+1 555 010 9999"', "phone", "+1 555 010 9999"),
        ("(555) 010-9999", "phone", "(555) 010-9999"),
        ("+49 30 555 01099", "phone", "+49 30 555 01099"),
        (
            "write 'see http://turtle.pencilcode.net/edit/flag'",
            "web",
            "http://turtle.pencilcode.net/edit/flag",
        ),
        ("img 'www.example.com/~turtle/cat.png'", "web", "www.example.com/~turtle/cat.png"),
        ("write 'Hello, my name is Zyxandra'", "greeting", "Zyxandra"),
        ("# made by Zyxandra Qu", "greeting", "Zyxandra Qu"),
        ('say "Hi Violet!"', "greeting", "Violet"),
        ("write 'I am grace'", "greeting", "grace"),
        ("pen red # kevin did this", "name", "kevin"),
        ("write 'for Kevin Zyx and us", "name", "Kevin Zyx"),
        ("###\nKevin's flag\n###", "name", "Kevin"),
        ("<h1>KEVIN</h1>", "name", "KEVIN"),
    ],
)
def test_personal_data_is_found(text: str, kind: str, found: str) -> None:
    matches = personal_data(text)
    assert [(match.kind, text[match.start : match.end]) for match in matches] == [(kind, found)]


@pytest.mark.parametrize(
    "text",
    [
        "fd 100",
        "moveto 100, -200",
        "# 2020-01-31",
        "# 31.12.2020 and 12-31-2020",
        "a = b @c",
        "rt 3.14159265",
        "color = '#123456'",
        "x = 1000 - 200",
        "user@localhost",
        "write 'Hello world, hello there'",
        "write 'Welcome to my game'",
        "# rose red, violet blue; a mark in May",
        "pen violet, 10  # an amber star",
        "kevin = new Turtle red",
        "img 'http://example.com/cat.png'",
        "s = 'www.pencilcode.net'",
    ],
)
def test_programs_are_left_alone(text: str) -> None:
    assert personal_data(text) == []


def test_simulated_programs_hold_no_personal_data() -> None:
    for programs in load("simulated", students=3, seed=4, assignments_per_student=3)["programs"]:
        assert not [match for program in programs for match in personal_data(program)]


def test_groups_of_fewer_than_ten_students_are_suppressed() -> None:
    counts = [MINIMUM_STUDENTS, MINIMUM_STUDENTS - 1, 40, None]
    table = pandas.DataFrame({"title": list("abcd"), "students": counts}, index=[5, 6, 7, 8])
    assert list(suppress_small_groups(table, "students")["title"]) == ["a", "c"]
    elsewhere = pandas.Series({7: 3, 5: 12, 6: 12})
    assert list(suppress_small_groups(table, elsewhere)["title"]) == ["a", "b"]
    assert MINIMUM_STUDENTS == 10


def test_one_number_may_stand_for_all_rows_or_one_for_each() -> None:
    table = pandas.DataFrame({"share": [0.1, 0.2]}, index=["a", "b"])
    assert len(suppress_small_groups(table, 9)) == 0
    assert len(suppress_small_groups(table, 10)) == 2
    assert list(suppress_small_groups(table, [9, 10]).index) == ["b"]
