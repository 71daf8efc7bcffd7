"""Watch how much memory this process and all that it started hold together."""

from __future__ import annotations

import threading
from types import TracebackType


class MemoryWatch:
    """Look once a second, from a thread, while the context lasts.

    Attributes
    ----------
    peak_mb : int
        Most seen so far, in MiB; pages that processes share count once for each of them.
    largest_mb : int
        Most that one of the started processes has held.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self.peak_mb = self.largest_mb = 0
        self._seconds = seconds
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        import psutil

        while True:
            held = psutil.Process().memory_info().rss
            for process in psutil.Process().children(recursive=True):
                try:
                    own = process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
                held += own
                self.largest_mb = max(self.largest_mb, own // 2**20)
            self.peak_mb = max(self.peak_mb, held // 2**20)
            if self._done.wait(self._seconds):
                return
