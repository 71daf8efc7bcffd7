"""What may be shown of a source: made-up students whole, all others only as numbers over many students."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from pcutils.errors import PcutilsError, RunError
from pcutils.few_students import GUARDED, LEAST_STUDENTS, TOO_FEW, is_guarded, is_too_few
from pcutils.pipeline.files import RunFiles, repository_root
from pcutils.pipeline.leaks import Secrets, visible_text
from pcutils.sources.shards import read_batches

__all__ = [
    "LEAST_STUDENTS",
    "SHOWN_WHOLE",
    "TOO_FEW",
    "PublicationError",
    "check_page",
    "check_trace",
    "guard",
    "is_guarded",
    "is_too_few",
    "may_be_put_on_page",
    "may_be_shown_whole",
    "public_text",
    "secrets_of",
    "unguarded",
]

#: Sources whose students nobody has to be protected from being seen; every other one is of people, or learnt
#: from people.
SHOWN_WHOLE = ("simulated",)
#: Traces in memory at a time while the table is gone through.
_ROWS = 500
#: What every page of this process is held against, for each run that was opened.
_GUARDS: dict[str, Callable[[], Secrets]] = GUARDED


class PublicationError(PcutilsError):
    """A figure, a table or a sentence would show what its source does not allow."""


def may_be_shown_whole(source: str) -> bool:
    """Whether programs and user names of a source may stand on a page.

    Examples
    --------
    >>> may_be_shown_whole("simulated"), may_be_shown_whole("hub")
    (True, False)
    """
    return source in SHOWN_WHOLE


def guard(files: RunFiles, source: str) -> None:
    """Hold everything that this process puts on a page against a run, from now on.

    Parameters
    ----------
    files : RunFiles
        The run; its table of traces is read when the first page comes.
    source : str
        Where the traces come from; where it may be shown whole, nothing happens.
    """
    if not may_be_shown_whole(source):
        _GUARDS.setdefault(str(files.dir.resolve()), cache(lambda: secrets_of(files)))


@contextmanager
def unguarded() -> Iterator[None]:
    """Forget the runs that were opened inside, for tests that open several in one process."""
    before = dict(_GUARDS)
    _GUARDS.clear()
    try:
        yield
    finally:
        _GUARDS.clear()
        _GUARDS.update(before)


def secrets_of(files: RunFiles) -> Secrets:
    """Collect what must not be seen of a run.

    Parameters
    ----------
    files : RunFiles
        A run with a table of traces, in one file or in shards.

    Returns
    -------
    Secrets
        Without what stands in the repository for everybody to read.

    Raises
    ------
    RunError
        Where there is no table of traces.
    """
    return Secrets(_Rows(_parts_of(files)), public_text(repository_root()))


class _Rows:
    """What students wrote, one file of the table of traces after the other, as often as asked."""

    def __init__(self, parts: Sequence[Path]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for part in self._parts:
            for batch in read_batches(part, _ROWS, ("username", "programs")):
                yield from batch


def _parts_of(files: RunFiles) -> list[Path]:
    """Find every file of the table of traces, also where nobody said in how many it is kept."""
    parts = files.parts("traces")
    if not all(part.is_file() for part in parts):
        parts = sorted(files.traces.with_suffix("").glob("*.parquet"))
    if not parts:
        raise RunError(f"{files.traces} is not there: what its students wrote cannot be kept off the pages.")
    return parts


@cache
def public_text(root: Path) -> str:
    """Read what the repository shows to everybody: its pages, its notebooks, its code."""
    folders = [root / name for name in ("book", "notebooks", "pcutils")]
    files = [file for folder in folders for file in sorted(folder.rglob("*"))]
    kept = (".md", ".py", ".bib", ".ipynb", ".yml", ".yaml", ".js", ".css", ".html", ".json")
    texts = [
        file.read_text(encoding="utf-8", errors="replace")
        for file in [root / "README.md", root / "_config.yml", *files]
        if file.suffix in kept and file.is_file()
    ]
    return "\n".join(texts)


def check_page(html: str, plain: str = "") -> None:
    """Refuse to show what a source does not allow; every figure, table and sentence passes here.

    Parameters
    ----------
    html, plain : str
        What is about to be put on a page.

    Raises
    ------
    PublicationError
        Where it holds a line of a student's program, a user name or personal data, or the run has fewer than
        ``LEAST_STUDENTS`` students. The message does not repeat what was found.
    """
    for run, secrets in _GUARDS.items():
        if secrets().students < LEAST_STUDENTS:
            raise PublicationError(
                f"{run} has {secrets().students} students: nothing is shown of fewer than {LEAST_STUDENTS}"
            )
        found = secrets().in_text(f"{visible_text(html)}\n{plain}")
        if found:
            counts = ", ".join(f"{kind}: {count}" for kind, count in found.items())
            raise PublicationError(
                f"this would show what students of {run} wrote ({counts}): show numbers over at least "
                f"{LEAST_STUDENTS} students instead"
            )


def check_trace(username: str | None, programs: Sequence[str]) -> None:
    """Refuse a trace of a guarded run, whatever its caller believes it to be.

    Parameters
    ----------
    username : str or None
        Of its student.
    programs : sequence of str
        Its states.

    Raises
    ------
    PublicationError
        Where the student or a line of a program is of a guarded run.
    """
    known = any(username in secrets().usernames for secrets in _GUARDS.values())
    if known or not may_be_put_on_page("\n".join(programs)):
        raise PublicationError("a student wrote this trace, or lines of it: only made-up traces are shown")


def may_be_put_on_page(text: str) -> bool:
    """Whether a text holds nothing of any guarded run."""
    return not any(secrets().in_text(text) for secrets in _GUARDS.values())
