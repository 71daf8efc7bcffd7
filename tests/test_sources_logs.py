from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import pytest
from fuzzing import lines_in, mutations
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.errors import DataError
from pcutils.privacy import pseudonym
from pcutils.sources import QuarantineWarning, load, load_with_quarantine
from pcutils.sources.encoded import decode_program, decoded, is_encoded
from pcutils.sources.log_lines import MOST_LINE_BYTES, normal_title
from pcutils.sources.logs import LogReading, read_logs
from pcutils.sources.rows import row_problems
from pcutils.sources.table import trace_row

KEY = b"made up for these tests only"


def line(code: str, user: str = "madeup", title: str = "star", second: int = 0, zone: str = "+0000") -> str:
    time = f"04/Feb/2022:06:{second // 60:02}:{second % 60:02} {zone}"
    request = f"/log/{title}?run&mode=b&lang=coffeescript&code={code}"
    return f'192.0.2.1 {user} 17 [{time}] "GET {request} HTTP/1.1" 200 43 "-" "Made-up/1.0"'


def encode(program: str) -> str:
    """Encode as a browser does; written from the table of signs, not from the decoder."""
    signs = []
    for character in program + "\n":
        if character == "\n":
            signs.append("|")
        elif character == " ":
            signs.append("+")
        elif re.fullmatch(r"[A-Za-z0-9_.!~*'()-]", character):
            signs.append(character)
        else:
            signs += [f"%{byte:02X}" for byte in character.encode()]
    return "".join(signs)


def read(tmp_path: Path, lines: Iterable[str], **options: str) -> LogReading:
    (tmp_path / "access.log").write_text("".join(one + "\n" for one in lines), encoding="utf-8")
    return read_logs(tmp_path / "access.log", KEY, **options)


def assert_every_line_counts(reading: LogReading, lines: int) -> None:
    assert sum(reading.counts.values()) == lines
    assert reading.counts["states"] == sum(len(trace.programs) for trace in reading.traces)
    assert reading.counts["kept aside"] == len(reading.quarantined)


def test_runs_become_states_in_order_of_time(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        [
            line("fd+20|rt+90|", second=61),
            line("fd+10|", second=1),
            line("pen+red|", user="another", second=2),
            line("dot+blue|", title="Moon", second=3),
            line("fd+10%2B5|rt+90|", second=70, zone="+0100"),
        ],
    )
    one, other = pseudonym("madeup", KEY), pseudonym("another", KEY)
    found = {(trace.username, trace.title): trace for trace in reading.traces}
    assert set(found) == {(one, "star"), (one, "moon"), (other, "star")}
    star = found[one, "star"]
    assert star.programs == ("fd 10+5\nrt 90", "fd 10", "fd 20\nrt 90")
    assert star.timestamps[0] == datetime(2022, 2, 4, 5, 1, 10)
    assert star.is_complete
    assert_every_line_counts(reading, 5)
    assert reading.traces == [found[pair] for pair in sorted(found)]


def test_repeated_runs_are_one_state_and_returns_are_kept(tmp_path: Path) -> None:
    codes = ["fd+10|", "fd+10|", "fd+20|", "fd+20||", "fd+10|"]
    reading = read(tmp_path, [line(code, second=number) for number, code in enumerate(codes)])
    assert reading.traces[0].programs == ("fd 10", "fd 20", "fd 10")
    assert [time.second for time in reading.traces[0].timestamps] == [0, 2, 4]
    assert reading.counts == {"states": 3, "repeated runs": 2}


def test_runs_of_one_second_stay_in_the_order_of_the_lines(tmp_path: Path) -> None:
    reading = read(tmp_path, [line(code) for code in ("b|", "a|", "c|")])
    assert reading.traces[0].programs == ("b", "a", "c")


def test_rotated_and_gzipped_logs_that_overlap_count_once(tmp_path: Path) -> None:
    lines = [line(f"fd+{number}|", second=number) for number in range(6)]
    folder = tmp_path / "logs"
    (folder / "old").mkdir(parents=True)
    (folder / "access.log").write_text("\n".join(lines[3:]) + "\n")
    (folder / "old" / "access.log-20220204.gz").write_bytes(gzip.compress("\n".join(lines[:4]).encode()))
    (folder / ".hidden").write_text("no log")
    reading = read_logs(folder, KEY)
    assert reading.traces[0].programs == tuple(f"fd {number}" for number in range(6))
    assert reading.counts == {"states": 6, "repeated lines": 1}


def test_other_requests_are_counted_and_are_no_states(tmp_path: Path) -> None:
    asked = [
        '192.0.2.1 madeup 17 [04/Feb/2022:06:25:26 +0000] "GET /home/star HTTP/1.1" 200 43 "-" "-"',
        '192.0.2.1 madeup 17 [04/Feb/2022:06:25:26 +0000] "GET /log/star?run&mode=b HTTP/1.1" 200 43 "-" "-"',
        '192.0.2.1 madeup 17 [04/Feb/2022:06:25:26 +0000] "POST /save/star?code=fd+1 HTTP/1.1" 200 4 "-" "-"',
    ]
    reading = read(tmp_path, asked)
    assert not reading.traces
    assert reading.counts == {"other requests": 3}


def test_the_form_without_address_and_quotation_marks_is_read(tmp_path: Path) -> None:
    reading = read(tmp_path, ["madeup 17 [04/Feb/2022:06:25:26 +0000] GET /log/star?run&code=fd+1| HTTP/1.1"])
    assert reading.traces[0].programs == ("fd 1",)
    assert reading.traces[0].username == pseudonym("madeup", KEY)


def test_signs_that_the_web_server_escapes_are_read(tmp_path: Path) -> None:
    reading = read(tmp_path, [line(r"write+\x22\xC3\xA9\x22|")])
    assert reading.traces[0].programs == ('write "é"',)


@pytest.mark.parametrize(
    ("bad", "field", "found"),
    {
        "no line": ("what is this", "line", "another form"),
        "blank": ("", "line", "another form"),
        "nobody": (line("fd+1|", user="-"), "user", "nobody"),
        "time": (line("fd+1|").replace("Feb", "Fev"), "time", "no time"),
        "day": (line("fd+1|").replace("04/Feb", "31/Feb"), "time", "no time"),
        "title": (line("fd+1|", title=""), "title", "0 characters"),
        "long title": (line("fd+1|", title="x" * 101), "title", "101 characters"),
        "escapes": (line("write+%FF|"), "request", "no UTF-8"),
        "title escapes": (line("fd+1|", title="%ff"), "request", "no UTF-8"),
        "too long": (line("x" * (MOST_LINE_BYTES + 5)), "line", "more than"),
        "only blank": (line("+|%09|", title="empty"), "programs", "blank"),
    }.values(),
)
def test_a_bad_line_is_kept_aside_and_stops_nothing(tmp_path: Path, bad: str, field: str, found: str) -> None:
    reading = read(tmp_path, [line("fd+1|"), bad, line("fd+2|", second=5)])
    assert reading.traces[0].programs == ("fd 1", "fd 2")
    [aside] = reading.quarantined
    assert (aside.source, aside.file, aside.row, aside.field) == ("logs", "access.log", 1, field)
    assert found in aside.found
    assert "madeup" not in str(asdict(aside)), "a name in the quarantine"
    assert_every_line_counts(reading, 3)


def test_a_broken_gzip_file_gives_what_comes_before(tmp_path: Path) -> None:
    lines = [line(encode(f"write '{number * 7919 % 9973}'"), second=number) for number in range(3000)]
    packed = gzip.compress("\n".join(lines).encode())
    (tmp_path / "access.log.gz").write_bytes(packed[: len(packed) // 2])
    reading = read_logs(tmp_path, KEY)
    assert 100 < len(reading.traces[0].programs) < 2900
    assert reading.quarantined[-1].field == "file"
    assert reading.quarantined[-1].row >= len(reading.traces[0].programs)


def test_names_show_nowhere_and_depend_on_the_key(tmp_path: Path) -> None:
    lines = [line("fd+1|", user="SomeName"), line("fd+2|", user="somename", second=4)]
    reading = read(tmp_path, lines)
    assert len(reading.traces) == 1, "names of web addresses know no capital letters"
    assert "somename" not in repr(reading).lower()
    other = read_logs(tmp_path / "access.log", "another made-up secret")
    assert other.traces[0].username != reading.traces[0].username


@pytest.mark.parametrize("key", [None, b"", b"too short", "too short", 17])
def test_without_a_key_nothing_is_read(tmp_path: Path, key: object) -> None:
    with pytest.raises(DataError, match=r"field 'key'.*at least 16"):
        read_logs(tmp_path, key)


def test_other_forms_are_read_by_another_pattern(tmp_path: Path) -> None:
    own = ["04/Feb/2022:06:25:26 +0000;/log/star?code=fd+1|;madeup"]
    reading = read(tmp_path, own, pattern=r"(?P<time>[^;]*);(?P<request>[^;]*);(?P<user>\w+)")
    assert reading.traces[0].programs == ("fd 1",)
    with pytest.raises(DataError, match="no group request, user"):
        read(tmp_path, own, pattern="(?P<time>.*)")
    with pytest.raises(DataError, match="expected a regular expression"):
        read(tmp_path, own, pattern="(")


def test_logs_are_a_source(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("\n".join([line("fd+1|"), "no line", line("fd+1|", user="other", second=3)]))
    loaded = load_with_quarantine("logs", path=path, key=KEY)
    assert set(loaded.dataset["source"]) == {"logs"}
    assert list(loaded.students["username"]) == sorted(loaded.dataset["username"])
    assert loaded.counts == {"states": 2, "kept aside": 1}
    with pytest.warns(QuarantineWarning, match="1 of 3 rows kept aside: 1 with a line of another form"):
        assert load("logs", path=path, key=KEY).to_dict() == loaded.dataset.to_dict()
    with pytest.raises(DataError, match="field 'key': found nothing"):
        load("logs", path=path)


def test_missing_logs_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="an empty folder"):
        read_logs(tmp_path, KEY)
    with pytest.raises(DataError, match="no such file or folder"):
        read_logs(tmp_path / "none", KEY)


def test_titles_have_one_spelling() -> None:
    assert normal_title("Star") == normal_title("%53tar+".rstrip("+")) == "star"
    assert normal_title("e%CC%81toile") == normal_title("%C3%89toile") == "étoile"


LITERAL = "for i in [1..3]\n  write i % 2 + ' | ' + (i | 4)\n  # 100 %, a+b, %41\nx = '%7C%2B%25'"


def test_programs_that_hold_the_signs_are_decoded_once() -> None:
    assert not is_encoded([LITERAL])
    assert decoded([LITERAL]) == [LITERAL]
    assert is_encoded([encode(LITERAL)])
    assert decoded([encode(LITERAL)]) == [LITERAL]
    assert decoded([LITERAL], "encoded") != [LITERAL]
    assert decoded([encode(LITERAL)], "decoded") == [encode(LITERAL)]


@pytest.mark.parametrize("program", ["write(1+2)", "x=a|b", "n%=3", "i++", "s+='a'", "x=i%10", "", "fd(10)"])
def test_short_programs_without_white_space_stay(program: str) -> None:
    assert decoded([program]) == [program]


def test_white_space_around_an_encoded_program_is_no_part_of_it() -> None:
    assert decoded(["fd+10|rt+90|\n", " fd+20|"]) == ["fd 10\nrt 90", "fd 20"]
    assert decoded(["home()\n"]) == ["home()\n"]


def test_one_row_is_encoded_as_a_whole() -> None:
    assert decoded(["home()", "home()|fd+10|"]) == ["home()", "home()\nfd 10"]
    assert decoded(["x+y|", "x + y"]) == ["x+y|", "x + y"], "a row with a blank is not encoded"


PROGRAMS = st.text(st.sampled_from("fd 10\n|+%27Cé'\"&#()\t"), max_size=40)


@settings(max_examples=300)
@given(st.lists(PROGRAMS, min_size=1, max_size=4))
def test_encoding_and_decoding_agree(programs: list[str]) -> None:
    packed = [encode(program) for program in programs]
    assert [decode_program(one) for one in packed] == programs
    assert decoded(packed) == programs


@settings(max_examples=300)
@given(st.lists(PROGRAMS.map(lambda program: program + "\nfd 1"), min_size=1, max_size=4))
def test_programs_with_white_space_are_never_changed(programs: list[str]) -> None:
    assert decoded(programs) == programs


SEEDS = [
    "\n".join(
        [line("fd+10|"), line("fd+20%2B1|", second=4), line("x|", user="-"), line("+|", title="empty")]
    ).encode(),
    b"madeup 17 [04/Feb/2022:06:25:26 +0000] GET /log/star?run&code=fd+1| HTTP/1.1\nwhat",
    (line(r"write+\x22%C3%A9\x22|", title="My%20Star") + "\r\n" + line("a|", zone="-1130")).encode(),
]


def test_mutated_lines_are_in_the_table_or_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    for number, content in enumerate(mutations(SEEDS)):
        packed = number % 10 == 0
        path.write_bytes(gzip.compress(content, 1) if packed else content)
        reading = read_logs(path, KEY)
        assert sum(reading.counts.values()) == lines_in(content)
        assert reading.counts["kept aside"] == len(reading.quarantined)
        for trace in reading.traces:
            assert not list(row_problems(trace_row(trace, "logs")))


def test_mutated_gzip_files_stop_nothing(tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    for content in mutations([gzip.compress(seed) for seed in SEEDS]):
        path.write_bytes(content)
        reading = read_logs(path, KEY)
        for trace in reading.traces:
            assert not list(row_problems(trace_row(trace, "logs")))
        if not content.startswith(b"\x1f\x8b") and content:
            assert sum(reading.counts.values()) > 0
