"""Failing prefixes of held-out traces, what follows them, and whether that runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from pcutils.analysis.failures import CENSORED, GIVEN_UP, RECOVERED
from pcutils.errors import DataError
from pcutils.execution import program_hash, run_status
from pcutils.metrics import sample_bleu
from pcutils.trace import Trace

if TYPE_CHECKING:
    from pcutils.models import Sample

COLUMNS = ["prefix", "number", "username", "runs", "adds", "attempts", "ending", "closeness"]


@dataclass(frozen=True)
class FailingPrefix:
    """A held-out trace and the index of a state in it that fails to run and has a next one."""

    trace: Trace
    index: int

    @property
    def username(self) -> str | None:
        """Student who wrote the trace."""
        return self.trace.username

    @property
    def program(self) -> str:
        """The program that fails."""
        return self.trace.programs[self.index]

    @property
    def given(self) -> Trace:
        """The trace up to the failing state, which a model receives."""
        end = self.index + 1
        trace = self.trace
        return Trace.from_states(
            trace.programs[:end],
            trace.timestamps[:end],
            title=trace.title,
            username=trace.username,
            is_complete=False,
        )


class Continuation(NamedTuple):
    """States that follow a failing prefix: which prefix, which of its continuations, and whether it ended."""

    prefix: int
    number: int
    states: tuple[str, ...]
    is_finished: bool = True


def find_failing_prefixes(
    traces: Iterable[Trace], fails: Mapping[str, bool], *, count: int = 60, seed: int = 0
) -> list[FailingPrefix]:
    """Choose one failing state in each of some traces, of as many students as there are.

    Parameters
    ----------
    traces : iterable of Trace
        Held-out traces; those that were cut before their end are left out.
    fails : mapping from str to bool
        Program hash to whether the program fails.
    count, seed : int
        At most so many: the first trace of each student, then the second, in an order drawn by `seed`.

    Raises
    ------
    DataError
        Where no trace has a failing state with a next one.
    """
    generator = np.random.default_rng(seed)
    of_student: dict[str | None, list[FailingPrefix]] = {}
    for trace in traces:
        failing = [
            index
            for index, program in enumerate(trace.programs[:-1])
            if fails.get(program_hash(program), False)
        ]
        if trace.is_complete and failing:
            found = FailingPrefix(trace, int(generator.choice(failing)))
            of_student.setdefault(trace.username, []).append(found)
    if not of_student:
        raise DataError("no held-out trace in which a failing state has a next one", "some to continue")
    queues = [[items[i] for i in generator.permutation(len(items))] for items in of_student.values()]
    queues = [queues[number] for number in generator.permutation(len(queues))]
    rounds = range(max(map(len, queues)))
    return [queue[turn] for turn in rounds for queue in queues if turn < len(queue)][:count]


def continuations(prefixes: Sequence[FailingPrefix], samples: Sequence[Sample]) -> list[Continuation]:
    """Take what a model added to each prefix, one continuation a sample of ``model.generate``.

    The samples are in the order of the prompts, one prompt a prefix; one that cannot be read added nothing.
    """
    found = []
    for item in samples:
        given = prefixes[item.prompt].given.programs
        # A sample leaves out a state that equals the one before it.
        kept = 1 + sum(before != after for before, after in pairwise(given))
        states = () if item.trace is None else item.trace.programs[kept:]
        is_finished = item.trace is not None and item.trace.is_complete
        found.append(Continuation(item.prompt, item.number, states, is_finished))
    return found


def judge(
    prefixes: Sequence[FailingPrefix],
    continued: Sequence[Continuation],
    *,
    status: Callable[[list[str]], pd.DataFrame] = run_status,
) -> pd.DataFrame:
    """Run the states that follow each failing one and compare the last with what the student wrote.

    `status` runs programs as :func:`pcutils.execution.run_status` does; ``run.run_status`` runs none twice.

    Returns
    -------
    pandas.DataFrame
        One row a continuation: `prefix`, `number`, `username`; `runs` (1 where its last program runs, 0 also
        where no state follows), `adds` (1 where a state follows), `attempts` (states up to the first that
        runs, or all that follow), `ending` (as in :func:`pcutils.analysis.failures.episode_table`) and
        `closeness` (smoothed sentence BLEU, 0 to 1, of its last program and the student's final one).
    """
    ended = status([program for item in continued for program in item.states])
    runs = dict(zip(ended["program_hash"], ended["status"] == "success", strict=True))
    rows = []
    for item in continued:
        prefix = prefixes[item.prefix]
        works = [bool(runs[program_hash(program)]) for program in item.states]
        last = item.states[-1] if item.states else prefix.program
        ending = RECOVERED if any(works) else GIVEN_UP if item.is_finished else CENSORED
        attempts = works.index(True) + 1 if any(works) else len(works)
        closeness = sample_bleu(last, prefix.trace.programs[-1])
        runs_last, adds = float(works[-1:] == [True]), float(bool(works))
        rows.append((*item[:2], prefix.username, runs_last, adds, attempts, ending, closeness))
    return pd.DataFrame(rows, columns=COLUMNS)


def simple_repairs(
    prefixes: Sequence[FailingPrefix], fails: Mapping[str, bool], messages: Mapping[str, str]
) -> dict[str, list[Continuation]]:
    """What the student did, and two repairs that need no model.

    Parameters
    ----------
    prefixes : sequence of FailingPrefix
    fails, messages : mapping from str to bool, mapping from str to str
        Program hash to whether the program fails, and to its error message.

    Returns
    -------
    dict from str to list of Continuation
        "student": the states that followed; "revert": back to the newest earlier state that runs, or nothing
        where there is none; "delete_line": without the suspect line (:func:`without_suspect_line`).
    """
    found: dict[str, list[Continuation]] = {"student": [], "revert": [], "delete_line": []}
    for number, prefix in enumerate(prefixes):
        earlier = prefix.trace.programs[: prefix.index]
        running = [program for program in earlier if not fails.get(program_hash(program), True)]
        message = messages.get(program_hash(prefix.program))
        shorter = without_suspect_line(prefix.program, earlier[-1] if earlier else "", message)
        found["student"].append(Continuation(number, 0, prefix.trace.programs[prefix.index + 1 :]))
        found["revert"].append(Continuation(number, 0, tuple(running[-1:])))
        found["delete_line"].append(Continuation(number, 0, (shorter,)))
    return found


def without_suspect_line(program: str, before: str, message: str | None) -> str:
    """Delete the first line with the name that the message calls not defined, else the last new line."""
    lines = program.splitlines()
    if not lines:
        return program
    unknown = re.match(r"ReferenceError: (\S+) is not defined", message or "")
    named = [index for index, line in enumerate(lines) if unknown and unknown[1] in line]
    new = [index for index, line in enumerate(lines) if line not in set(before.splitlines())]
    suspect = named[0] if named else new[-1] if new else len(lines) - 1
    return "\n".join(line for index, line in enumerate(lines) if index != suspect)
