from __future__ import annotations

from pcutils.errors import DataError, PcutilsError, TraceError


def test_message_names_place_found_and_expected() -> None:
    error = DataError(
        "3 timestamps", "2, one a state", file="a.parquet", row=7, field="timestamps", hint="Cut it."
    )
    assert (
        str(error)
        == "a.parquet, row 7, field 'timestamps': found 3 timestamps, expected 2, one a state. Cut it."
    )


def test_one_base_catches_all() -> None:
    assert issubclass(TraceError, DataError)
    assert issubclass(DataError, PcutilsError)
