"""The gated Pencil Code data on the hub, and any repository or local folder of the same shape."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Literal, cast

import pyarrow as pa
import pyarrow.parquet as pq

from pcutils.data.rows import Item, Problem, Record, RejectedRow, kind_of, read_time, row_problems
from pcutils.data.sources import Count, FilePath, Secret, SourceOptions, source
from pcutils.data.sources.logs import decode_program
from pcutils.data.splits import SPLITS
from pcutils.errors import DataError, track

PENCIL_CODE_DATA = "pencil-code/anonymized_data"
FIELDS = ("username", "title", "programs", "timestamps")
_OPTIONAL = ("outcomes", "is_complete")
_SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz")
_SHARD = re.compile(r"(.+)-\d{5}-of-\d{5}.*")
_ROWS_AT_A_TIME = 256
Encoding = Literal["auto", "encoded", "decoded"]


class HubOptions(SourceOptions):
    """The gated data on the hub, or any repository or local folder of that shape."""

    source: Literal["hub"] = "hub"
    repository: str = PENCIL_CODE_DATA  # owner/name on the hub, or a local folder
    path: FilePath | None = None  # local folder or file instead; names of files and folders tell the split
    split: str | list[str] | None = None  # which splits; all if not given
    streaming: bool = False  # read from the hub without keeping a copy on disk
    token: Secret | None = None  # of access; the one that is kept on this computer if not given
    revision: str | None = None  # branch, tag or commit
    encoding: Encoding = "auto"  # whether programs are in the server's log encoding; "auto" looks at each row
    limit: Count | None = None  # at most that many rows of each split
    repeated_pairs: Literal["reject", "keep"] = "reject"  # a second trace of a student and title


Row = tuple[str, str, int, Any]
"""Split, file, position in the file, and the record; a tuple (a :data:`Problem`) where it cannot be read."""


def _recognise(path: Path) -> dict[str, Any] | None:
    return {"path": path} if path.is_file() and path.name.endswith(_SUFFIXES) else None


@source(HubOptions, label="traces in the shape of the hub", recognise=_recognise)
def read(options: HubOptions) -> Iterator[Item]:
    """Go through published traces row by row."""
    local = Path(options.path if options.path is not None else options.repository)
    is_local = options.path is not None or local.is_dir()
    rows = _local_rows(local, options) if is_local else _published_rows(options)
    for split, file, number, record in track(rows, label="Reading traces", unit="rows"):
        found = record if isinstance(record, tuple) else _columns(record, options.encoding)
        if isinstance(found, tuple):
            yield RejectedRow(file, number, *found)
        else:
            yield Record(found, split, file, number)


def _chosen(available: Sequence[str], split: str | Sequence[str] | None, where: str) -> list[str]:
    if split is None:
        return list(available)
    wanted = [split] if isinstance(split, str) else list(split)
    for name in wanted:
        if name not in available:
            raise DataError(repr(name), "one of " + ", ".join(available), file=where, field="split")
    return wanted


def _published_rows(options: HubOptions) -> Iterator[Row]:
    """Read from the hub through `datasets`."""
    from datasets import get_dataset_split_names, load_dataset
    from datasets.exceptions import DatasetGenerationError
    from huggingface_hub import get_token

    repository = options.repository
    given = options.token.value() if options.token else None
    access: dict[str, Any] = {"token": given, "revision": options.revision}
    with _explained(repository, has_token=bool(given or get_token())):
        available = get_dataset_split_names(repository, **access)
    for name in _chosen(available, options.split, repository):
        number = -1
        try:
            with _explained(repository, has_token=bool(given or get_token())):
                rows = load_dataset(repository, split=name, streaming=options.streaming, **access)
                for number, record in enumerate(islice(rows, options.limit)):
                    yield name, f"{repository}/{name}", number, record
        except (DatasetGenerationError, pa.ArrowException) as error:
            if isinstance(error.__cause__, OSError):
                raise _access_error(repository, "The connection broke during the download.") from error
            problem = ("row", "data that cannot be read from here on", "rows")
            yield name, f"{repository}/{name}", number + 1, problem


def _local_rows(path: Path, options: HubOptions) -> Iterator[Row]:
    files: dict[str, list[Path]] = {}
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        if file.is_file() and file.name.endswith(_SUFFIXES) and not file.name.startswith("."):
            files.setdefault(split_of(file, path), []).append(file)
    if not files:
        raise DataError("no file to read", "files ending in " + ", ".join(_SUFFIXES), file=str(path))
    ordered = sorted(files, key=lambda name: (SPLITS.index(name) if name in SPLITS else len(SPLITS), name))
    for name in _chosen(ordered, options.split, str(path)):
        yield from islice(_rows_of_files(name, files[name], path), options.limit)


def _rows_of_files(name: str, files: Sequence[Path], root: Path) -> Iterator[Row]:
    for file in files:
        shown = str(file.relative_to(root)) if file != root else file.name
        for number, record in _parquet_rows(file) if file.suffix == ".parquet" else _json_rows(file):
            yield name, shown, number, record


def split_of(file: Path, root: Path) -> str:
    """Tell the split of a local file from its name or its folders; ``train`` where none says."""
    parts = [file.name, *reversed(file.relative_to(root).parts[:-1])] if file != root else [file.name]
    for part in parts:
        known = [name for name in SPLITS if re.search(rf"(?<![A-Za-z_]){name}(?![A-Za-z_])", part)]
        if known:
            return max(known, key=len)
        if shard := _SHARD.fullmatch(part):
            return shard[1]
    return "train"


def _parquet_rows(file: Path) -> Iterator[tuple[int, Any]]:
    row = 0
    try:
        parquet = pq.ParquetFile(file)
        columns = [name for name in (*FIELDS, *_OPTIONAL) if name in parquet.schema_arrow.names]
        for batch in parquet.iter_batches(batch_size=_ROWS_AT_A_TIME, columns=columns):
            for number in range(batch.num_rows):
                yield row, _python_row(batch, number)
                row += 1
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        yield row, ("file", "a damaged part from about here", "a whole Parquet file")


def _python_row(batch: pa.RecordBatch, number: int) -> Any:
    try:
        return {name: batch.column(name)[number].as_py() for name in batch.schema.names}
    except (ValueError, OverflowError):
        return ("row", "a time or a text that cannot be read", "years 1 to 9999 and UTF-8")


def _json_rows(file: Path) -> Iterator[tuple[int, Any]]:
    """Read line by line, so that a damaged line stops nothing; blank lines are no rows."""
    number = -1
    try:
        with gzip.open(file, "rb") if file.name.endswith(".gz") else file.open("rb") as lines:
            for number, line in enumerate(lines):
                if not line.strip():
                    continue
                try:
                    yield number, json.loads(line)
                except (ValueError, RecursionError):
                    yield number, ("row", "text that is no JSON", "a JSON object")
    except (OSError, EOFError, zlib.error):
        yield number + 1, ("file", "a file that breaks off from about here", "a whole one")


def _columns(record: Any, encoding: Encoding) -> dict[str, Any] | Problem:
    """Turn a record into columns of the table, or say why not.

    A state that is null becomes a blank program, as in the paper's release; a row of blank states only is no
    trace. Numbers as username or title become text. More fields do no harm.
    """
    if not isinstance(record, Mapping):
        return "row", kind_of(record), "a row with " + ", ".join(FIELDS)
    for field in FIELDS:
        if field not in record:
            return field, "no such field", "one of " + ", ".join(FIELDS)
    columns = {"is_complete": True} | {name: record[name] for name in (*FIELDS, *_OPTIONAL) if name in record}
    for field in ("username", "title"):
        if isinstance(columns[field], int) and not isinstance(columns[field], bool):
            columns[field] = str(columns[field])
    try:
        if isinstance(columns["timestamps"], list):
            columns["timestamps"] = [read_time(value) for value in columns["timestamps"]]
    except ValueError:
        expected = "ISO text, a date, seconds since 1970 or null, in the years 1 to 9999"
        return "timestamps", "a value that is no time", expected
    if isinstance(columns["programs"], list):
        columns["programs"] = ["" if program is None else program for program in columns["programs"]]
    for problem in row_problems(columns):
        return problem
    try:
        columns["programs"] = decoded(columns["programs"], encoding)
    except UnicodeDecodeError:
        return "programs", "percent escapes that are no UTF-8", "a program in the server's log encoding"
    if not any(program.strip() for program in columns["programs"]):
        return "programs", "blank states only", "at least one state that is not blank"
    return columns


def decoded(programs: Sequence[str], encoding: Encoding) -> list[str]:
    """Decode the programs of one row; "auto" does so if one ends with ``|`` and none holds white space."""
    stripped = [program.strip() for program in programs]
    is_encoded = any(program.endswith("|") for program in stripped) and not any(
        character.isspace() for program in stripped for character in program
    )
    if encoding == "encoded" or (encoding == "auto" and is_encoded):
        return [decode_program(program) for program in stripped]
    return list(programs)


def _access_error(repository: str, what: str) -> DataError:
    """Say in a page what to do about a data set that does not open."""
    from huggingface_hub import constants

    text = Path(__file__).with_name("hub_access.txt").read_text(encoding="utf-8")
    address = f"{constants.ENDPOINT}/datasets/{repository}"
    page = text.format(what=what, repository=repository, address=address)
    return DataError("no access", "a data set that opens", file=repository, hint="\n\n" + page)


@contextmanager
def _explained(repository: str, *, has_token: bool) -> Iterator[None]:
    """Turn the hub's refusals into a page that says what to do."""
    from datasets.exceptions import DatasetNotFoundError
    from huggingface_hub.errors import HfHubHTTPError

    # Every error of the client's HTTP library, whichever that is: the client's own error derives from it.
    transport_error = cast(type[Exception], HfHubHTTPError.__mro__[1])
    refusal = "The hub does not open this data set to somebody without a token."
    if has_token:
        refusal = "The hub does not accept the token, or its owner has not been given access yet."
    try:
        yield
    except DatasetNotFoundError as error:
        raise _access_error(repository, refusal) from error
    except (transport_error, ConnectionError, TimeoutError, FileNotFoundError) as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        answer = f"answered {status}" if status else "could not be reached"
        what = f"The hub {answer}. Is this computer connected, and is HF_HUB_OFFLINE not set?"
        is_refused = status in (401, 403, 404)
        raise _access_error(repository, refusal if is_refused else what) from error
