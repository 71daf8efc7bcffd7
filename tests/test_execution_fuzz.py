"""Programs broken at random: whatever comes, every one gets a verdict and no worker is lost.

The environment variable PCUTILS_FUZZ sets how many programs are tried.
"""

from __future__ import annotations

import os
import random
from collections import Counter

import hostile_programs as hostile

from pcutils.execution import Executor
from pcutils.simulate import simulate

COUNT = int(os.environ.get("PCUTILS_FUZZ", "150"))
BATCH = 500
GROUPS = ("LOOPS", "MEMORY", "QUEUES", "POISON", "OUTSIDE", "RECURSION")
PIECES = (
    *(
        "\x00",
        "\ud800",
        "\u2028",
        "\ufeff",
        "\U0001f422",
        *"'\"#{}()[]\\`;,.=+-*/%?@:",
        "'''",
        '"""',
        "###",
        "///",
        "->",
    ),
    *(
        "1e309",
        "-0",
        "NaN",
        "null",
        "undefined",
        "true",
        "this",
        "new",
        "do",
        "for",
        "while",
        "until",
        "loop",
    ),
    *(
        "if",
        "unless",
        "else",
        "switch",
        "try",
        "catch",
        "finally",
        "throw",
        "await",
        "defer",
        "return",
        "break",
    ),
    *("yield", "class", "extends", "super", "delete", "typeof", "in", "of", "by", "when", "then", "random"),
    *("forever", "tick", "fd", "rt", "pen", "turtle", "write", "read", "label", "dot", "box", "touches"),
    *("window", "Function", "eval", "Array", "Object", "Promise", "Symbol"),
)


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
    hostile_corpus = [text for group in GROUPS for text in getattr(hostile, group).values()]
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
