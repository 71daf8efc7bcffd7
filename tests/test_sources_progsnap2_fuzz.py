"""Broken data sets by the thousand: PROGSNAP2_FUZZ_INPUTS says how many, PROGSNAP2_FUZZ_SEED which ones."""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from pathlib import Path

import pytest
from progsnap2_folders import METADATA, csv_text, event, write_folder

from pcutils.errors import DataError
from pcutils.sources.progsnap2 import Imported, check_progsnap2, importing, read_progsnap2
from pcutils.sources.rows import row_problems

INPUTS = int(os.environ.get("PROGSNAP2_FUZZ_INPUTS", "400"))
SEED = int(os.environ.get("PROGSNAP2_FUZZ_SEED", "0"))
CODES = {"0": "fd 1", "1": 'say "a,b"\nfd 2', "2": "", "3": "None", "4.0": "é\r\n"}
DIRT = [
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"",
    b"None",
    b"UNKNOWN",
    b"true",
    b"-1",
    b"2020-",
    b"../",
]
DIRT += [
    b"\xef\xbb\xbf",
    b"9" * 40,
    b"\xc3\xa9",
    b";",
    b"\t",
    b"nan",
    b"+99:99",
    b"Submit",
    b"Directory",
    b"Git",
    b"\\",
]


def seed_folders(folder: Path) -> list[Path]:
    """Four shapes of data sets."""
    types = ["Run.Program", "Submit", "File.Edit", "Compile", "X-Own"]
    rows = [
        event(
            n,
            list(CODES)[n % 5],
            EventType=types[n % 5],
            SubjectID=f"s{n % 2}",
            Order=n,
            ServerTimezone="+0100" if n % 2 else "",
            ParentEventID=f"e{n - 1}" if n % 4 == 1 else "",
            ClientTimestamp=f"2020-01-01T09:{n:02}:30Z",
            AssignmentID="a1" if n % 2 else "",
        )
        for n in range(10)
    ]
    scoped = METADATA | {"IsEventOrderingConsistent": "true", "EventOrderScope": "Restricted"}
    scoped["EventOrderScopeColumns"] = "SubjectID"
    everywhere = scoped | {"EventOrderScope": "Global"}
    folders = [
        write_folder(folder / "a", rows, codes=CODES),
        write_folder(folder / "b", rows, codes=CODES, place="CodeStates.csv", metadata=scoped),
        write_folder(folder / "c", rows, codes=CODES, place="LinkTables/CodeStates.csv", metadata=everywhere),
        write_folder(folder / "d", rows, codes=CODES, place=None, metadata=scoped),
    ]
    for data in folders:
        (data / "LinkTables").mkdir(exist_ok=True)
        (data / "LinkTables/Subject.csv").write_text(
            csv_text(("SubjectID", "X-Grade"), [("s0", 1), ("s1", 2)])
        )
    return folders


def mutate(text: bytes, chance: random.Random) -> bytes:
    """Insert dirt, cut, repeat or swap parts of a file, a few times, and mostly leave its header alone."""
    header, newline, rest = text.partition(b"\n")
    if rest and chance.random() < 0.9:
        return header + newline + mutate_all(rest, chance)
    return mutate_all(text, chance)


def mutate_all(text: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 5))):
        start, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        end = min(end, start + chance.choice((1, 8, 60, 10_000)))
        kind = chance.randrange(5)
        if kind == 0:
            text = text[:start] + chance.choice(DIRT) + text[start:]
        elif kind == 1:
            text = text[:start] + chance.choice(DIRT) + text[end:]
        elif kind == 2:
            text = text[:end] + text[start:end] + text[end:]
        elif kind == 3:
            text = text[:start] + bytes([chance.randrange(256)]) + text[start + 1 :]
        else:
            lines = text.splitlines(keepends=True)
            chance.shuffle(lines)
            text = b"".join(lines)
    return text


def rows_of(file: Path) -> int | None:
    """Count the rows of a CSV file without this project's reader; None where there are quotation marks."""
    content = file.read_bytes()
    return None if b'"' in content else sum(map(bool, re.split(b"[\r\n]", content))) - 1


def require_all_accounted_for(imported: Imported, file: Path) -> None:
    rows = rows_of(file)
    total = sum(imported.rows.values())
    assert rows is None or total == rows
    assert sum(len(trace.programs) for trace in imported.traces) == imported.rows["state"]
    aside = [bad for bad in imported.quarantined if bad.file == "MainTable.csv"]
    assert len(aside) == imported.rows["quarantined"] == len({bad.row for bad in aside})
    for trace in imported.traces:
        row = {
            "username": trace.username,
            "title": trace.title,
            "programs": list(trace.programs),
            "timestamps": list(trace.timestamps),
            "is_complete": trace.is_complete,
            "source": "progsnap2",
        }
        assert list(row_problems(row)) == []


def require_same_from_disk(
    imported: Imported, folder: Path, buckets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is laid out on disk by subject comes back as what is read in one piece."""
    with monkeypatch.context() as patch:
        patch.setattr(importing, "bucket_count", lambda *files: buckets)
        again = read_progsnap2(path=folder)
    assert again.traces == imported.traces
    assert [trace.username for trace in again.traces] == [trace.username for trace in imported.traces]
    assert again.quarantined == imported.quarantined
    assert again.rows == imported.rows


def test_mutated_data_sets_are_read_or_refused_and_nothing_vanishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(SEED)
    folders = seed_folders(tmp_path)
    files = {folder: [file for file in sorted(folder.rglob("*")) if file.is_file()] for folder in folders}
    whole = {file: file.read_bytes() for group in files.values() for file in group}
    outcomes: Counter[str] = Counter()
    for number in range(INPUTS):
        folder = chance.choice(folders)
        main = folder / "MainTable.csv"
        broken = [
            main if chance.random() < 0.6 else chance.choice(files[folder])
            for _ in range(chance.choice((1, 1, 2)))
        ]
        for file in broken:
            file.write_bytes(mutate(file.read_bytes(), chance))
        try:
            imported = read_progsnap2(path=folder)
        except DataError:
            outcomes["refused"] += 1
        else:
            require_all_accounted_for(imported, main)
            if number % 4 == 0:
                require_same_from_disk(imported, folder, chance.choice((2, 5)), monkeypatch)
            outcomes["with rows aside" if imported.quarantined else "clean"] += 1
        if number % 10 == 0:
            list(check_progsnap2(folder))
        for file in broken:
            file.write_bytes(whole[file])
    print(dict(outcomes))
    assert sum(outcomes.values()) == INPUTS
    assert INPUTS < 400 or min(outcomes[kind] for kind in ("refused", "with rows aside", "clean")) > 0


@pytest.mark.parametrize("number", range(4))
def test_seeds_are_good(tmp_path: Path, number: int) -> None:
    folder = seed_folders(tmp_path)[number]
    imported = read_progsnap2(path=folder)
    assert imported.quarantined == []
    require_all_accounted_for(imported, folder / "MainTable.csv")
    assert imported.rows["state"] == 6
