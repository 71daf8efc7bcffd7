from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcutils.errors import DataError
from pcutils.privacy import find_personal_data, mask_personal_data, pseudonym

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


@given(st.text(), st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.(org|com)", fullmatch=True), st.text())
def test_email_is_masked_wherever_it_stands(before: str, email: str, after: str) -> None:
    assert email not in mask_personal_data(f"{before} {email} {after}")
