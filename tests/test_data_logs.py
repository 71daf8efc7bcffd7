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
from reading import Read, read_all

from pcutils.data import pseudonym
from pcutils.data.sources.logs import MOST_LINE_BYTES, decode_program
from pcutils.errors import DataError

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


def read_logs(path: Path, key: bytes | str = KEY, **options: str) -> Read:
    return read_all("logs", path, key=key, **options)


def read(tmp_path: Path, lines: Iterable[str], **options: str) -> Read:
    (tmp_path / "access.log").write_text("".join(one + "\n" for one in lines), encoding="utf-8")
    return read_logs(tmp_path / "access.log", KEY, **options)


def assert_every_line_counts(reading: Read, lines: int) -> None:
    assert sum(reading.counts.values()) == lines
    assert reading.counts["states"] == sum(map(len, reading.dataset["programs"]))
    assert reading.counts["rejected"] == len(reading.rejected)


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
    found = {(row["username"], row["title"]): row for row in reading.dataset}
    assert set(found) == {(one, "star"), (one, "moon"), (other, "star")}
    star = found[one, "star"]
    assert star["programs"] == ["fd 10+5\nrt 90", "fd 10", "fd 20\nrt 90"]
    assert star["timestamps"][0] == datetime(2022, 2, 4, 5, 1, 10)
    assert star["is_complete"]
    assert_every_line_counts(reading, 5)


def test_repeated_runs_are_one_state_and_returns_are_kept(tmp_path: Path) -> None:
    codes = ["fd+10|", "fd+10|", "fd+20|", "fd+20||", "fd+10|"]
    reading = read(tmp_path, [line(code, second=number) for number, code in enumerate(codes)])
    assert reading.dataset["programs"] == [["fd 10", "fd 20", "fd 10"]]
    assert [time.second for time in reading.dataset["timestamps"][0]] == [0, 2, 4]
    assert reading.counts == {"states": 3, "repeated runs": 2}


def test_rotated_and_gzipped_logs_that_overlap_count_once(tmp_path: Path) -> None:
    lines = [line(f"fd+{number}|", second=number) for number in range(6)]
    folder = tmp_path / "logs"
    (folder / "old").mkdir(parents=True)
    (folder / "access.log").write_text("\n".join(lines[3:]) + "\n")
    (folder / "old" / "access.log-20220204.gz").write_bytes(gzip.compress("\n".join(lines[:4]).encode()))
    (folder / ".hidden").write_text("no log")
    reading = read_logs(folder, KEY)
    assert reading.dataset["programs"] == [[f"fd {number}" for number in range(6)]]
    assert reading.counts == {"states": 6, "repeated lines": 1}


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
def test_a_bad_line_is_rejected_and_stops_nothing(tmp_path: Path, bad: str, field: str, found: str) -> None:
    reading = read(tmp_path, [line("fd+1|"), bad, line("fd+2|", second=5)])
    assert reading.dataset["programs"] == [["fd 1", "fd 2"]]
    [aside] = reading.rejected
    assert (aside.file, aside.row, aside.field) == ("access.log", 1, field)
    assert found in aside.found
    assert "madeup" not in str(asdict(aside)), "a name in the rejected rows"
    assert_every_line_counts(reading, 3)


def test_a_broken_gzip_file_gives_what_comes_before(tmp_path: Path) -> None:
    lines = [line(encode(f"write '{number * 7919 % 9973}'"), second=number) for number in range(3000)]
    packed = gzip.compress("\n".join(lines).encode())
    (tmp_path / "access.log.gz").write_bytes(packed[: len(packed) // 2])
    reading = read_logs(tmp_path, KEY)
    read_lines = len(reading.dataset["programs"][0])
    assert 100 < read_lines < 2900
    assert reading.rejected[-1].field == "file"
    assert reading.rejected[-1].row >= read_lines


def test_names_show_nowhere_and_depend_on_the_key(tmp_path: Path) -> None:
    lines = [line("fd+1|", user="SomeName"), line("fd+2|", user="somename", second=4)]
    reading = read(tmp_path, lines)
    assert len(reading.dataset) == 1, "names of web addresses know no capital letters"
    assert "somename" not in str(reading.dataset.to_list()).lower()
    other = read_logs(tmp_path / "access.log", "another made-up secret")
    assert other.dataset["username"] != reading.dataset["username"]


@pytest.mark.parametrize("key", [b"", b"too short", "too short"])
def test_without_a_key_nothing_is_read(tmp_path: Path, key: object) -> None:
    with pytest.raises(DataError, match=r"field 'key'.*at least 16"):
        read_logs(tmp_path, key)


def test_other_forms_are_read_by_another_pattern(tmp_path: Path) -> None:
    own = ["04/Feb/2022:06:25:26 +0000;/log/star?code=fd+1|;madeup"]
    reading = read(tmp_path, own, pattern=r"(?P<time>[^;]*);(?P<request>[^;]*);(?P<user>\w+)")
    assert reading.dataset["programs"] == [["fd 1"]]
    with pytest.raises(DataError, match="no group request, user"):
        read(tmp_path, own, pattern="(?P<time>.*)")
    with pytest.raises(DataError, match="expected a regular expression"):
        read(tmp_path, own, pattern="(")


PROGRAMS = st.text(st.sampled_from("fd 10\n|+%27Cé'\"&#()\t"), max_size=40)


@settings(max_examples=300)
@given(PROGRAMS)
def test_decoding_undoes_encoding_once(program: str) -> None:
    assert decode_program(encode(program)) == program


SEEDS = [
    "\n".join(
        [line("fd+10|"), line("fd+20%2B1|", second=4), line("x|", user="-"), line("+|", title="empty")]
    ).encode(),
    b"madeup 17 [04/Feb/2022:06:25:26 +0000] GET /log/star?run&code=fd+1| HTTP/1.1\nwhat",
    (line(r"write+\x22%C3%A9\x22|", title="My%20Star") + "\r\n" + line("a|", zone="-1130")).encode(),
]


def test_mutated_lines_are_in_the_table_or_rejected(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    for number, content in enumerate(mutations(SEEDS)):
        packed = number % 10 == 0
        path.write_bytes(gzip.compress(content, 1) if packed else content)
        reading = read_logs(path, KEY)
        assert_every_line_counts(reading, lines_in(content))
