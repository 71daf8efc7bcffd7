"""Helpers in processes of their own, each lent to one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import LifoQueue
from typing import Generic, Protocol, TypeVar

from pcutils.errors import ExecutionError

CLOSED = "the executor was closed while programs were running"


class Checked(Protocol):
    """What a pool lends."""

    @property
    def pid(self) -> int:
        """Its process's number."""

    def check(self) -> None:
        """Make sure that it works."""

    def kill(self) -> None:
        """End its process at once."""

    def stop(self) -> None:
        """End its process and wait for it."""


HelperType = TypeVar("HelperType", bound=Checked)
Outcome = TypeVar("Outcome")


class Pool(Generic[HelperType]):
    """Starts a helper when no other is free, up to a number.

    Parameters
    ----------
    size : int
        How many there may be.
    start : callable
        Starts one.

    Raises
    ------
    ExecutionError
        When the first one does not work.
    """

    def __init__(self, size: int, start: Callable[[], HelperType]) -> None:
        self._start = start
        self._helpers: list[HelperType] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="pcutils-execution")
        self._free: LifoQueue[HelperType | None] = LifoQueue()
        for _ in range(size):
            self._free.put(None)
        try:
            self.submit(lambda helper: helper.check()).result()
        except BaseException:
            self.close()
            raise

    @property
    def pids(self) -> list[int]:
        """The processes' numbers."""
        return [helper.pid for helper in self._helpers]

    def submit(self, action: Callable[[HelperType], Outcome]) -> Future[Outcome]:
        """Do something with the next helper that is free.

        Parameters
        ----------
        action : callable
            Is given the helper.

        Returns
        -------
        concurrent.futures.Future
            Promise of what the action returns.

        Raises
        ------
        ExecutionError
            When the pool is closed.
        """
        try:
            return self._threads.submit(self._lend, action)
        except RuntimeError as error:
            raise ExecutionError(CLOSED) from error

    def _lend(self, action: Callable[[HelperType], Outcome]) -> Outcome:
        helper = self._free.get()
        try:
            helper = helper or self._new()
            return action(helper)
        finally:
            self._free.put(helper)

    def _new(self) -> HelperType:
        with self._lock:
            if self._is_closed:
                raise ExecutionError(CLOSED)
            helper = self._start()
            self._helpers.append(helper)
        return helper

    def close(self) -> None:
        """End every helper; what waits is cancelled."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._is_closed = True
        for helper in self._helpers:
            helper.kill()
        self._threads.shutdown(wait=True)
        for helper in self._helpers:
            helper.stop()
