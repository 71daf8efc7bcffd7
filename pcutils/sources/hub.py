"""The gated Pencil Code data on the hub, and any repository or local folder of the same shape."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pcutils.errors import DataError
from pcutils.sources.encoded import ENCODINGS, Encoding
from pcutils.sources.hub_access import PENCIL_CODE_DATA, access_error, explained
from pcutils.sources.hub_rows import FIELDS, read_record
from pcutils.sources.quarantine import Quarantined
from pcutils.sources.repeats import REPEATED_PAIRS, RepeatedPairs, Repeats
from pcutils.trace import Trace

HUB_SPLITS = (
    "train",
    "validation",
    "seen_student_seen_title",
    "unseen_student_seen_title",
    "seen_student_unseen_title",
    "unseen_student_unseen_title",
)
"""The splits of the published data, by their names there."""

_SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz")
_SHARD = re.compile(r"(.+)-\d{5}-of-\d{5}.*")
_ROWS_AT_A_TIME = 256


class HubRow(NamedTuple):
    """What one row became, and the split it was published in."""

    split: str
    result: Trace | Quarantined


class _Unreadable(NamedTuple):
    """A row that is not there to look at: field, what was found, what was expected."""

    field: str
    found: str
    expected: str


def read_hub(
    *,
    repository: str = PENCIL_CODE_DATA,
    path: str | Path | None = None,
    split: str | Sequence[str] | None = None,
    streaming: bool = False,
    token: str | bool | None = None,
    revision: str | None = None,
    encoding: Encoding = "auto",
    limit: int | None = None,
    repeated_pairs: RepeatedPairs = "aside",
) -> Iterator[HubRow]:
    """Go through published traces row by row.

    Parameters
    ----------
    repository : str
        ``owner/name`` of a data set on the hub, or a local folder.
    path : str or pathlib.Path, optional
        A local folder (or file) of Parquet or JSONL files, gzipped or not, to read instead. A file belongs to
        the split that its name or its folder's name holds, and to ``train`` where they hold none.
    split : str or sequence of str, optional
        Which splits; all if not given.
    streaming : bool
        Read from the hub without keeping a copy on disk. Local files are always read in place.
    token : str or bool, optional
        Access token; the one that is kept on this computer if not given.
    revision : str, optional
        Branch, tag or commit of the repository.
    encoding : {"auto", "encoded", "decoded"}
        Whether the programs are in the server's log encoding; "auto" looks at each row.
    limit : int, optional
        Read that many rows of each split at most.
    repeated_pairs : {"aside", "keep"}
        What becomes of a second trace of a student and title, of whatever split: the published data have one.
        Where they are kept, only the same trace again is not.

    Yields
    ------
    HubRow
        One a row, in order; of each trace a few bytes stay in memory, to find repeats.

    Raises
    ------
    pcutils.errors.DataError
        If the data set does not open (the message says what to request, where and under which terms), or a
        split or option is unknown.
    """
    if encoding not in ENCODINGS:
        raise DataError(repr(encoding), "one of " + ", ".join(ENCODINGS), field="encoding")
    if limit is not None and limit < 1:
        raise DataError(repr(limit), "a number from 1 on", field="limit")
    if repeated_pairs not in REPEATED_PAIRS:
        expected = "one of " + ", ".join(REPEATED_PAIRS)
        raise DataError(repr(repeated_pairs), expected, field="repeated_pairs")
    local = Path(path) if path is not None else Path(repository)
    if path is not None or local.is_dir():
        rows = _local_rows(local, split, limit)
    else:
        rows = _published_rows(repository, split, streaming, token, revision, limit)
    yield from _read(rows, encoding, Repeats(one_a_pair=repeated_pairs == "aside"))


def read_file(file: Path, repeats: Repeats) -> Iterator[Trace | Quarantined]:
    """Go through one of several files that belong together.

    Parameters
    ----------
    file : pathlib.Path
        Parquet or JSONL, gzipped or not.
    repeats : Repeats
        What the files before held.

    Yields
    ------
    Trace or Quarantined
        As :func:`read_hub` does.
    """
    return (row.result for row in _read(_local_rows(file, None, None), "auto", repeats))


Row = tuple[str, str, int, Any]
"""Split, file, number of the row in the file, and the row itself."""


def _read(rows: Iterator[Row], encoding: Encoding, repeats: Repeats) -> Iterator[HubRow]:
    for name, file, number, record in rows:
        if isinstance(record, _Unreadable):
            result: Trace | Quarantined = Quarantined("hub", file, number, *record)
        else:
            result = read_record(record, file=file, number=number, encoding=encoding)
        problem = None if isinstance(result, Quarantined) else repeats.problem(result)
        yield HubRow(name, Quarantined("hub", file, number, *problem) if problem else result)


def _chosen(available: Sequence[str], split: str | Sequence[str] | None, where: str) -> list[str]:
    if split is None:
        return list(available)
    wanted = [split] if isinstance(split, str) else list(split)
    for name in wanted:
        if name not in available:
            raise DataError(repr(name), "one of " + ", ".join(available), file=where, field="split")
    return wanted


def _published_rows(
    repository: str,
    split: str | Sequence[str] | None,
    streaming: bool,
    token: str | bool | None,
    revision: str | None,
    limit: int | None,
) -> Iterator[Row]:
    """Read from the hub through `datasets`."""
    from datasets import get_dataset_split_names, load_dataset
    from datasets.exceptions import DatasetGenerationError
    from huggingface_hub import get_token

    options: dict[str, Any] = {"token": token, "revision": revision}
    has_token = token is not False and bool(token if isinstance(token, str) else get_token())
    with explained(repository, has_token=has_token):
        available = get_dataset_split_names(repository, **options)
    for name in _chosen(available, split, repository):
        number = 0
        file = f"{repository}/{name}"
        try:
            with explained(repository, has_token=has_token):
                rows = load_dataset(repository, split=name, streaming=streaming, **options)
                for record in islice(rows, limit):
                    yield name, file, number, record
                    number += 1
        except (DatasetGenerationError, pa.ArrowException) as error:
            if isinstance(error.__cause__, OSError):
                raise access_error(repository, "The connection broke while the data came.") from error
            yield name, file, number, _Unreadable("row", "data that cannot be read from here on", "rows")


def _local_rows(path: Path, split: str | Sequence[str] | None, limit: int | None) -> Iterator[Row]:
    if not path.exists():
        raise DataError("no such file or folder", "Parquet or JSONL files", file=str(path))
    files: dict[str, list[Path]] = {}
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        if file.is_file() and file.name.endswith(_SUFFIXES) and not file.name.startswith("."):
            files.setdefault(split_of(file, path), []).append(file)
    if not files:
        raise DataError("no file to read", "files ending in " + ", ".join(_SUFFIXES), file=str(path))
    ordered = [name for name in HUB_SPLITS if name in files]
    ordered += sorted(set(files) - set(ordered))
    for name in _chosen(ordered, split, str(path)):
        yield from islice(_rows_of_files(name, files[name], path), limit)


def _rows_of_files(name: str, files: Sequence[Path], root: Path) -> Iterator[Row]:
    for file in files:
        shown = str(file.relative_to(root)) if file != root else file.name
        records = _parquet_records(file) if file.name.endswith(".parquet") else _json_records(file)
        for number, record in enumerate(records):
            yield name, shown, number, record


def split_of(file: Path, root: Path) -> str:
    """Tell the split of a local file from its name, or from the folders that it lies in.

    Parameters
    ----------
    file : pathlib.Path
        The file.
    root : pathlib.Path
        Folder of the data set, or the file itself.

    Returns
    -------
    str
        One of :data:`HUB_SPLITS`, what stands before ``-00000-of-00001``, or ``train``.

    Examples
    --------
    >>> split_of(Path("d/data/unseen_student_seen_title-00000-of-00002.parquet"), Path("d"))
    'unseen_student_seen_title'
    """
    parts = [file.name, *reversed(file.relative_to(root).parts[:-1])] if file != root else [file.name]
    for part in parts:
        known = [name for name in HUB_SPLITS if re.search(rf"(?<![A-Za-z_]){name}(?![A-Za-z_])", part)]
        if known:
            return max(known, key=len)
        if shard := _SHARD.fullmatch(part):
            return shard[1]
    return "train"


def _parquet_records(file: Path) -> Iterator[Any]:
    try:
        parquet = pq.ParquetFile(file)
        columns = [name for name in FIELDS if name in parquet.schema_arrow.names]
        for batch in parquet.iter_batches(batch_size=_ROWS_AT_A_TIME, columns=columns):
            for number in range(batch.num_rows):
                yield _python_row(batch, number)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        yield _Unreadable("file", "a damaged part from about here", "a whole Parquet file")


def _python_row(batch: pa.RecordBatch, number: int) -> Any:
    try:
        return {name: batch.column(name)[number].as_py() for name in batch.schema.names}
    except (ValueError, OverflowError):
        return _Unreadable("row", "a time or a text that cannot be read", "years 1 to 9999 and UTF-8")


def _json_records(file: Path) -> Iterator[Any]:
    """Read line by line, so that a broken line stops nothing."""
    try:
        with gzip.open(file, "rb") if file.name.endswith(".gz") else file.open("rb") as lines:
            for line in lines:
                try:
                    yield json.loads(line)
                except (ValueError, RecursionError):
                    yield _Unreadable("row", "text that is no JSON", "a JSON object")
    except (OSError, EOFError, zlib.error):
        yield _Unreadable("file", "a file that breaks off from about here", "a whole one")
