"""No program hangs, floods, breaks out, cheats, or disturbs the program after it."""

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcutils.execution import Executor, Result
from pcutils.simulate import simulate

STOPPED, ERROR, FINE = {"timeout", "limit"}, {"error"}, {"success"}
GROUPS = {
    "LOOPS": STOPPED,
    "REGEXES": STOPPED,
    "MEMORY": STOPPED,
    "QUEUES": STOPPED,
    "BOUNDED": STOPPED | FINE,
    "RECURSION": ERROR,
    "POISON": ERROR,
    "TEXTS": STOPPED | ERROR | FINE,
    "OUTSIDE": STOPPED | ERROR | FINE,
}
MOST_GROWTH_MB = 200
TEXTS = {
    "deep parentheses": "x = " + "(" * 5000 + "1" + ")" * 5000,
    "deep arrays": "x = " + "[" * 20000 + "]" * 20000,
    "deep functions": "".join(f"{' ' * depth}f = ->\n" for depth in range(1500)) + " " * 1500 + "1",
    "deep blocks": "".join(f"{' ' * depth}if 1\n" for depth in range(2000)) + " " * 2000 + "x = 1",
    "long sum": "x = 1" + " + 1" * 50_000,
    "many strings": "write '#{" * 3000 + "}'" * 3000,
    "a megabyte of commands": "fd 1\n" * 200_000,
    "a megabyte of words": "x " * 500_000,
    "a megabyte of brackets": "(" * 1_000_000,
    "a megabyte of quotes": "'" * 1_000_001,
    "zero bytes": "fd 1\x00\nfd 2",
    "lone surrogates": "write '\ud800' + '\udc00'\n\udfff = 3",
    "odd line ends": "fd 1\u2028fd 2\u2029fd 3\x85fd 4\x0bfd 5",
    "byte order mark": "\ufefffd 10",
    "page that never ends": "<script>" * 50_000,
    "page of comments": "<!--" * 100_000,
    "deep JavaScript": "var x = " + "[" * 100_000 + "]" * 100_000 + ";",
    "here-document regex": "x = ///" + "(" * 10_000 + "///",
}
HOSTILE = json.loads((Path(__file__).parent / "data" / "hostile_programs.json").read_text()) | {
    "TEXTS": TEXTS
}


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor(workers=2, seconds=1.0, compile_seconds=1.0) as running:
        yield running


def run_each_before_a_normal_one(executor: Executor, programs: dict[str, str]) -> dict[str, Result]:
    """Run every program, each before a small one of its own that has to run."""
    after = [f"write 'still here', {number}" for number in range(len(programs))]
    mixed = [text for pair in zip(programs.values(), after, strict=True) for text in pair]
    results = list(executor.run(mixed))
    assert {result.status for result in results[1::2]} == {"success"}
    assert [result.output.split() for result in results[1::2]] == [
        ["still", "here", str(number)] for number in range(len(programs))
    ]
    return dict(zip(programs, results[::2], strict=True))


@pytest.mark.parametrize("group", GROUPS)
def test_hostile_programs_get_their_verdict_and_harm_nobody(executor: Executor, group: str) -> None:
    results = run_each_before_a_normal_one(executor, HOSTILE[group])
    other = {name: (r.status, r.message) for name, r in results.items() if r.status not in GROUPS[group]}
    assert other == {}
    for result in results.values():
        assert "READ" not in result.output
        assert "root:" not in result.output


def peak_mb(executor: Executor) -> float:
    """Memory at its peak, of all processes of an executor together."""
    pids = [pid for kind in executor.pids.values() for pid in kind]
    lines = [Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines() for pid in pids]
    return sum(int(line.split()[1]) / 1024 for status in lines for line in status if line.startswith("VmHWM"))


def test_a_worker_stays_small() -> None:
    with Executor(workers=1, seconds=1.0) as executor:
        list(executor.run(["fd 1"]))
        before = peak_mb(executor)
        bombs = ["x = []\nx.push (new Array 10000).fill(i) for i in [1..1e6]", TEXTS["long sum"]]
        list(executor.run(bombs))
        assert peak_mb(executor) - before < MOST_GROWTH_MB


COUNT = int(os.environ.get("PCUTILS_FUZZ", "150"))
BATCH = 500
CORPUS = ("LOOPS", "MEMORY", "QUEUES", "POISON", "OUTSIDE", "RECURSION")
WORDS = """
    -> 1e309 -0
    NaN null undefined true this new do for while until loop if unless else switch try catch finally
    throw await
    defer return break yield class extends super delete typeof in of by when then random forever tick
    fd rt pen turtle write read label dot box touches window Function eval Array Object Promise Symbol
"""
SIGNS = ("\x00", "\ud800", "\u2028", "\ufeff", "\U0001f422", "'''", '"""', "###", "///")
PIECES = (*SIGNS, *"'\"#{}()[]\\`;,.=+-*/%?@:", *WORDS.split())


def mutated(chance: random.Random, corpus: list[str]) -> str:
    """Take a program and break it in up to six places."""
    text = chance.choice(corpus)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 0, 1, 2, 5, 20, 80)))
        other = chance.choice(corpus)
        at = chance.randrange(len(other) + 1)
        piece = chance.choice(
            (
                chance.choice(PIECES),
                chance.choice(PIECES) * chance.choice((1, 2, 50)),
                " " * chance.randint(1, 9),
                "\n" + " " * chance.randint(0, 9),
                other[at : at + chance.randint(1, 60)],
                text[start:end] * 3,
                "",
            )
        )
        text = text[:start] + piece + text[end:]
    return text


def test_broken_programs_get_a_verdict_each() -> None:
    traces, _ = simulate(20, seed=0)
    corpus = [program for trace in traces for program in trace.programs]
    hostile = json.loads((Path(__file__).parent / "data" / "hostile_programs.json").read_text())
    hostile_corpus = [text for group in CORPUS for text in hostile[group].values()]
    chance = random.Random(0)
    found: Counter[str] = Counter()
    deaths = []
    with Executor(workers=2, seconds=0.5, compile_seconds=0.5, commands=20_000) as executor:
        for start in range(0, COUNT, BATCH):
            batch = [
                mutated(chance, hostile_corpus if chance.random() < 0.1 else corpus)
                for _ in range(min(BATCH, COUNT - start))
            ]
            normal = f"write 'still here', {start}"
            *results, last = executor.run([*batch, normal])
            assert (last.status, last.output.split()) == ("success", ["still", "here", str(start)])
            found.update(result.status for result in results)
            deaths += [
                (text, result.message)
                for text, result in zip(batch, results, strict=True)
                if "died" in str(result.message)
            ]
    assert sum(found.values()) == COUNT
    assert found.keys() <= {"success", "error", "timeout", "limit"}
    assert found["success"] > 0
    assert found["error"] > 0
    assert deaths == []
