"""What reading a data set must remember of all its rows, on disk where it is much."""

from __future__ import annotations

import sqlite3

MEMORY_KIB = 64 * 1024


def scratch_database() -> sqlite3.Connection:
    """Open an empty database that nobody else sees and that is gone when it is closed.

    Returns
    -------
    sqlite3.Connection
        Up to :data:`MEMORY_KIB` of it lie in memory, the rest in a temporary file.
    """
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{MEMORY_KIB}"):
        database.execute(f"PRAGMA {setting}")
    database.execute("BEGIN")
    return database


class Seen:
    """IDs that came already.

    Parameters
    ----------
    database : sqlite3.Connection
        From :func:`scratch_database`.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute("CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, name: str) -> bool:
        """Remember an ID; False if it came already."""
        return self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (name,)).rowcount > 0
