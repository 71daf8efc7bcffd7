"""Which commands students change between two attempts."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pcutils.analysis.resampling import RESAMPLES, resample_weights
from pcutils.analysis.statistics import estimate_table, interval_of
from pcutils.few_students import is_too_few
from pcutils.metrics.code import split_code

if TYPE_CHECKING:
    from datasets import Dataset

#: At most so many commands in a table.
MOST_COMMANDS = 15
_MOVING = "fd bk rt lt slide jumpto jump jumpxy moveto move movexy turnto home speed pause"
_DRAWING = "pen pu pd pe dot box fill drawon grow scale twist wear mirror flip hide show ht st cs cg ct label"
_PAGE = "write type typebox typeline button read readnum readstr menu img table debug log"
_EVENTS = "keydown keyup pressed click forever tick stop done await defer wait"
_SOUND_AND_CHANCE = "play tone silence say random rgb hsl"
_OBJECTS = "Turtle Piano Sprite Pencil turtle window"
_KEY_WORDS = "for while until loop if else then unless repeat return function"
#: Words of the platform and of its languages. Nothing that a student named is counted.
COMMANDS = frozenset(
    " ".join((_MOVING, _DRAWING, _PAGE, _EVENTS, _SOUND_AND_CHANCE, _OBJECTS, _KEY_WORDS)).split()
)
_WORD = re.compile(r"[A-Za-z]\w*")


def changed_commands(before: str, after: str) -> set[str]:
    r"""List the commands in lines that were added, deleted or changed.

    Parameters
    ----------
    before, after : str
        Two states of a program.

    Returns
    -------
    set of str
        Some of `COMMANDS`. Comments, strings and how far a line is indented do not count.

    Examples
    --------
    >>> sorted(changed_commands("pen red\nfd 50", "pen red\nfd 70\ndot blue, 9"))
    ['dot', 'fd']
    """
    old = Counter(line.strip() for line in split_code(before).code.splitlines())
    new = Counter(line.strip() for line in split_code(after).code.splitlines())
    lines = [*(old - new), *(new - old)]
    return {word for line in lines for word in _WORD.findall(line) if word in COMMANDS}


def command_shares(
    dataset: Dataset, *, most: int = MOST_COMMANDS, resamples: int = RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Share of edits that touch each command, for the commands that are touched most often.

    Parameters
    ----------
    dataset : datasets.Dataset
        A table of traces.
    most : int
        At most so many commands.
    resamples, seed : int
        Of the bootstrap over students.

    Returns
    -------
    pandas.DataFrame
        `label`, the fields of an estimate, and `n`: how many students touched the command. Most frequent
        first. Where students must not be seen, commands that few of them touched are left out.
    """
    edits: Counter[str] = Counter()
    touched: dict[str, Counter[str]] = {}
    for username, programs in zip(dataset["username"], dataset["programs"], strict=True):
        for before, after in pairwise(programs):
            edits[username] += 1
            for command in changed_commands(before, after):
                touched.setdefault(command, Counter())[username] += 1
    students = list(edits)
    weights = resample_weights(students, resamples=resamples, seed=seed)
    total = weights @ np.array([edits[name] for name in students], dtype=float)
    often = sorted(touched, key=lambda command: (-touched[command].total(), command))
    rows = []
    for command in [name for name in often if not is_too_few(len(touched[name]))][:most]:
        draws = weights @ np.array([touched[command][name] for name in students], dtype=float) / total
        estimate = interval_of(draws[0], draws[1:], len(students))
        rows.append({"label": command} | vars(estimate) | {"n": len(touched[command])})
    return estimate_table(rows)
