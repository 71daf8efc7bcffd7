"""Failing prefixes of held-out traces, what follows them, and whether that runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pcutils.execution import program_hash, run_status
from pcutils.metrics import edit_distance, sample_bleu
from pcutils.trace import Trace

if TYPE_CHECKING:
    from pcutils.models import Sample

MIN_PREFIXES = 5
MIN_STUDENTS = 3
MEASURES = ("runs", "adds", "finished", "attempts", "tried", "edit_size", "closeness")


@dataclass(frozen=True)
class Continuation:
    """What follows a failing prefix.

    Parameters
    ----------
    prefix, number : int
        Which prefix, and which of its continuations.
    states : tuple of str
        Programs after the failing one; empty where nothing follows.
    is_finished : bool
        False where a model ran out of tokens or wrote what is no trace.
    """

    prefix: int
    number: int
    states: tuple[str, ...]
    is_finished: bool = True


@dataclass(frozen=True)
class FailingPrefix:
    """A held-out trace up to a state that fails to run.

    Parameters
    ----------
    trace : Trace
        The whole trace, as the student went on.
    place : int
        The failing state, from 0; it has a next one.
    """

    trace: Trace
    place: int

    @property
    def username(self) -> str | None:
        """Whose trace it is."""
        return self.trace.username

    @property
    def program(self) -> str:
        """The program that fails."""
        return self.trace.programs[self.place]

    @property
    def given(self) -> Trace:
        """The part that a model is shown."""
        end = self.place + 1
        return Trace.from_states(
            self.trace.programs[:end],
            self.trace.timestamps[:end],
            title=self.trace.title,
            username=self.trace.username,
            is_complete=False,
        )


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
    count : int
        At most so many.
    seed : int

    Returns
    -------
    list of FailingPrefix
        The first trace of each student, then the second of each, and so on, in an order drawn by `seed`.
    """
    generator = np.random.default_rng(seed)
    of_student: dict[str | None, list[FailingPrefix]] = {}
    for trace in traces:
        places = [
            place
            for place, program in enumerate(trace.programs[:-1])
            if fails.get(program_hash(program), False)
        ]
        if trace.is_complete and places:
            found = FailingPrefix(trace, int(generator.choice(places)))
            of_student.setdefault(trace.username, []).append(found)
    queues = [list(generator.permutation(np.array(items, dtype=object))) for items in of_student.values()]
    queues = [queues[number] for number in generator.permutation(len(queues))]
    rounds = range(max(map(len, queues), default=0))
    return [queue[turn] for turn in rounds for queue in queues if turn < len(queue)][:count]


def why_not_measurable(prefixes: Sequence[FailingPrefix]) -> str | None:
    """Say what is missing for a comparison of completions, or None where nothing is."""
    students = len({prefix.username for prefix in prefixes})
    if len(prefixes) < MIN_PREFIXES:
        return f"{len(prefixes)} held-out traces with a failing state are too few ({MIN_PREFIXES} needed)"
    if students < MIN_STUDENTS:
        return f"failing states of {students} students are too few ({MIN_STUDENTS} students needed)"
    return None


def continuations(prefixes: Sequence[FailingPrefix], completions: Sequence[Sample]) -> list[Continuation]:
    """Read what the model added to each prefix.

    Parameters
    ----------
    prefixes : sequence of FailingPrefix
    completions : sequence of Sample
        From :func:`complete`. What cannot be read as a trace added nothing.

    Returns
    -------
    list of Continuation
        One a sample, in order.

    Notes
    -----
    The text form leaves out a state that equals the one before, so the prefix may have fewer states in it.
    """
    found = []
    for item in completions:
        given = prefixes[item.prompt].given.programs
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

    Parameters
    ----------
    prefixes : sequence of FailingPrefix
    continued : sequence of Continuation
    status : callable
        Runs programs, as :func:`pcutils.execution.run_status` does; ``run.run_status`` knows those that the
        run has seen.

    Returns
    -------
    pandas.DataFrame
        One row a continuation: `prefix`, `number`, `username`; `runs` (1 where its last program runs, 0 also
        where there is none), `adds` (at least one state follows), `finished` (it reached its end),
        `attempts` (states up to the first that runs; nan where none does), `tried` (the same; where none
        does, all states that follow), `edit_size` (characters between
        the failing program and that one, in the paper's edit distance), `closeness` (smoothed sentence
        BLEU, 0 to 1, of its last program and the student's final one).
    """
    programs = [program for item in continued for program in item.states]
    ended = status(programs)
    runs = dict(zip(ended["program_hash"], ended["status"] == "success", strict=True))
    rows = []
    for item in continued:
        prefix = prefixes[item.prefix]
        works = [runs[program_hash(program)] for program in item.states]
        first = works.index(True) if any(works) else None
        last = item.states[-1] if item.states else prefix.program
        size = np.nan if first is None else float(edit_distance(prefix.program, item.states[first]))
        rows.append(
            {
                "prefix": item.prefix,
                "number": item.number,
                "username": prefix.username,
                "runs": float(bool(works) and works[-1]),
                "adds": float(bool(works)),
                "finished": float(item.is_finished),
                "attempts": np.nan if first is None else first + 1.0,
                "tried": len(works) if first is None else first + 1,
                "edit_size": size,
                "closeness": sample_bleu(last, prefix.trace.programs[-1]),
            }
        )
    return pd.DataFrame(rows, columns=["prefix", "number", "username", *MEASURES])


def continued_episodes(table: pd.DataFrame) -> pd.DataFrame:
    """Read the continuations of failing prefixes as error episodes.

    Parameters
    ----------
    table : pandas.DataFrame
        From :func:`judge`.

    Returns
    -------
    pandas.DataFrame
        `username`, `attempts`, `recovered` and `given_up`, as
        :func:`pcutils.analysis.failures.episode_table` gives them; counted from the last state of the prefix.
        What a model left unfinished it has not given up.
    """
    recovered = table["attempts"].notna()
    ended = recovered | (table["finished"] == 1)
    return pd.DataFrame(
        {
            "username": table["username"],
            "attempts": table["tried"],
            "recovered": recovered,
            "given_up": (~recovered).astype(float).where(ended),
        }
    )


def baseline_continuations(
    prefixes: Sequence[FailingPrefix], fails: Mapping[str, bool], messages: Mapping[str, str]
) -> dict[str, list[Continuation]]:
    """What can be done about a failing program without a model, and what the student did.

    Parameters
    ----------
    prefixes : sequence of FailingPrefix
    fails : mapping from str to bool
        Program hash to whether the program fails.
    messages : mapping from str to str
        Program hash to the error message of the program.

    Returns
    -------
    dict from str to list of Continuation
        "revert": back to the newest earlier state that runs, or nothing where there is none; "delete_line":
        without the line that looks guilty (see :func:`without_suspect_line`); "student": the states that
        followed.
    """
    found: dict[str, list[Continuation]] = {"revert": [], "delete_line": [], "student": []}
    for place, prefix in enumerate(prefixes):
        earlier = prefix.trace.programs[: prefix.place]
        running = [program for program in earlier if not fails.get(program_hash(program), True)]
        message = messages.get(program_hash(prefix.program))
        shorter = without_suspect_line(prefix.program, earlier[-1] if earlier else "", message)
        found["revert"].append(Continuation(place, 0, tuple(running[-1:])))
        found["delete_line"].append(Continuation(place, 0, (shorter,)))
        found["student"].append(Continuation(place, 0, prefix.trace.programs[prefix.place + 1 :]))
    return found


def without_suspect_line(program: str, before: str, message: str | None) -> str:
    r"""Delete the line that a hurried helper would blame.

    Parameters
    ----------
    program : str
        It fails.
    before : str
        The state before it, or an empty text.
    message : str or None
        Its error message.

    Returns
    -------
    str
        Without the first line that has the name which the message calls not defined; else without the last
        line that is new; else without the last line.

    Examples
    --------
    >>> without_suspect_line("fd 10\nfdd 7\nrt 90", "", "ReferenceError: fdd is not defined")
    'fd 10\nrt 90'
    """
    lines = program.splitlines()
    if not lines:
        return program
    unknown = re.match(r"ReferenceError: (\S+) is not defined", message or "")
    named = [place for place, line in enumerate(lines) if unknown and unknown[1] in line]
    new = [place for place, line in enumerate(lines) if line not in set(before.splitlines())]
    guilty = named[0] if named else new[-1] if new else len(lines) - 1
    return "\n".join(line for place, line in enumerate(lines) if place != guilty)
