"""Changed inputs for the readers of sources; `PCUTILS_FUZZ=100000` tries that many, not a few hundred."""

import os
import random
from collections.abc import Iterator, Sequence

COUNT = int(os.environ.get("PCUTILS_FUZZ", "300"))

_PIECES = (
    *(bytes([byte]) for byte in (0, 9, 10, 13, 34, 37, 43, 92, 124, 127, 128, 192, 255)),
    *(b"null", b"true", b"NaN", b"1e999", b"[]", b"{}", b'""', b'"', b"\\ud800", b"\\u0000", b"-", b"9" * 40),
    *(b"%ff", b"%ED%A0%80", b"%2", b"%25", b"|", b"+", b"code=", b"&", b"?", b"/log/", b"CODE 1 ("),
    *(b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59", b"<|endoftext|>", "é😀".encode()),
)


def mutations(seeds: Sequence[bytes], count: int = COUNT, seed: int = 0) -> Iterator[bytes]:
    """Give changed copies of some inputs: bytes flipped, cut, doubled, swapped, or odd pieces put in."""
    chance = random.Random(seed)
    for _ in range(count):
        content = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 6)):
            start = chance.randint(0, len(content))
            end = min(len(content), start + chance.choice((1, 1, 2, 8, 64)))
            match chance.randrange(6):
                case 0 if start < len(content):
                    content[start] ^= 1 << chance.randrange(8)
                case 1:
                    del content[start:end]
                case 2:
                    content[start:start] = content[start:end]
                case 3:
                    content[start:end] = chance.choice(_PIECES)
                case 4 if chance.random() < 0.2:
                    del content[start:]
                case _:
                    content[start:start] = chance.choice(_PIECES)
        yield bytes(content)


def lines_in(content: bytes) -> int:
    """Count lines; the last one needs no end."""
    return content.count(b"\n") + (content[-1:] not in (b"", b"\n"))
