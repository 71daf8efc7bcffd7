from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcutils.errors import DataError
from pcutils.metrics import trace_metrics
from pcutils.privacy import find_personal_data, mask_personal_data, pseudonym
from pcutils.simulate import simulate
from pcutils.trace import Trace

KEY = b"only for this test, never for data"


def test_pseudonym_is_hmac_sha256() -> None:
    """RFC 4231, test case 6 (a key of 131 bytes)."""
    found = pseudonym("Test Using Larger Than Block-Size Key - Hash Key First", b"\xaa" * 131)
    assert found == "60e431591ee0b67f0d8a26aacbf5b77f"


def test_pseudonym_depends_on_name_and_key() -> None:
    names = {pseudonym(name, KEY) for name in ("turtle", "Turtle", "turtle ", "", "\ud83d", "\U0001f422")}
    assert len(names) == 6
    assert pseudonym("turtle", KEY) == pseudonym("turtle", KEY)
    assert pseudonym("turtle", KEY) not in {pseudonym("turtle", KEY + b"!")}


def test_short_key_is_refused() -> None:
    with pytest.raises(DataError, match="found 5 bytes"):
        pseudonym("turtle", b"short")


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("# write to turtle@example.org please", "email", "turtle@example.org"),
        ('write "a.b-c+d@mail.example.co.uk"', "email", "a.b-c+d@mail.example.co.uk"),
        ("(x@example.com)", "email", "x@example.com"),
        ("see turtle@example.org.", "email", "turtle@example.org"),
        ("call 555-010-9999 now", "phone", "555-010-9999"),
        ('write "+1 555 010 9999"', "phone", "+1 555 010 9999"),
        ("(555) 010-9999", "phone", "(555) 010-9999"),
        ("030 55501099", "phone", "030 55501099"),
        ("+49 30 555 01099", "phone", "+49 30 555 01099"),
        (
            "write 'see http://turtle.pencilcode.net/edit/flag'",
            "web",
            "http://turtle.pencilcode.net/edit/flag",
        ),
        ("img 'www.example.com/~turtle/cat.png'", "web", "www.example.com/~turtle/cat.png"),
        ("# video: https://example.com/kevin-draws.", "web", "https://example.com/kevin-draws"),
        ("write 'Hello, my name is Zyxandra'", "greeting", "Zyxandra"),
        ("write 'my name is zyx'", "greeting", "zyx"),
        ("# made by Zyxandra Qu", "greeting", "Zyxandra Qu"),
        ('say "Hi Violet!"', "greeting", "Violet"),
        ("// by: Rose", "greeting", "Rose"),
        ("write 'I am grace'", "greeting", "grace"),
        ("<p>Hi, I'm Will</p>", "greeting", "Will"),
        ("pen red # kevin did this", "name", "kevin"),
        ("write 'for Kevin Zyx and us", "name", "Kevin Zyx"),
        ("###\nKevin's flag\n###", "name", "Kevin"),
        ("<h1>KEVIN</h1>", "name", "KEVIN"),
    ],
)
def test_personal_data_is_found(text: str, kind: str, found: str) -> None:
    findings = find_personal_data(text)
    assert [(finding.kind, text[finding.start : finding.end]) for finding in findings] == [(kind, found)]


@pytest.mark.parametrize(
    "text",
    [
        "fd 100",
        "moveto 100, -200",
        "x = [10, 20, 30, 40]",
        "pen red, 10",
        "# 2020-01-31",
        "# 31.12.2020 and 12-31-2020",
        "@size = 50",
        "a = b @c",
        "rt 3.14159265",
        "color = '#123456'",
        "for i in [100...2000]",
        "x = 1000 - 200",
        "user@localhost",
        "write 'Hello world, hello there'",
        "write 'Welcome to my game'",
        "# rose red, violet blue; a mark in May",
        "pen violet, 10  # an amber star",
        "kevin = new Turtle red",
        "img 'http://example.com/cat.png'",
        "write 'by the way'",
        "dot(coral, 50) // pearl",
        "s = 'www.pencilcode.net'",
    ],
)
def test_programs_are_left_alone(text: str) -> None:
    assert find_personal_data(text) == []
    assert mask_personal_data(text) == text


@given(st.text(alphabet="ab1@.-+ \n()%\U0001f422"))
def test_masking_keeps_length_and_lines(text: str) -> None:
    masked = mask_personal_data(text)
    assert len(masked) == len(text)
    assert [len(line) for line in masked.splitlines()] == [len(line) for line in text.splitlines()]
    assert not [finding for finding in find_personal_data(masked) if finding.kind == "phone"]


@pytest.mark.parametrize("state", ["# by Kevin", "write 'my name is Tess'", "see 'http://tess.github.io'"])
def test_made_up_programs_and_their_measures_stay_as_they_are(state: str) -> None:
    for trace in simulate(students=3, seed=4, assignments_per_student=3)[0]:
        assert [mask_personal_data(program) for program in trace.programs] == list(trace.programs)
        personal = [f"{state}\n{program}\n# call 555-010-9999" for program in trace.programs]
        masked = [mask_personal_data(program) for program in personal]
        assert not any("Kevin" in program or "ess" in program.split("\n")[0] for program in masked)
        assert not any("9999" in program for program in masked)
        measures = [
            trace_metrics(Trace.from_states(p, trace.timestamps, title="flag")) for p in (personal, masked)
        ]
        assert measures[0] == measures[1]


def test_masking_twice_changes_nothing_more() -> None:
    masked = mask_personal_data("# by Kevin Zyx, kevin@example.org, http://kevin.example.org/me")
    assert masked == "# by xxxxx xxx, xxxxx@xxxxxxx.xxx, xxxx://xxxxx.xxxxxxx.xxx/xx"
    assert mask_personal_data(masked) == masked


@given(st.text(), st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.(org|com)", fullmatch=True), st.text())
def test_email_is_masked_wherever_it_stands(before: str, email: str, after: str) -> None:
    assert email not in mask_personal_data(f"{before} {email} {after}")
