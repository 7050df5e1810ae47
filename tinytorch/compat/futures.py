"""torch.futures: results that are not there yet."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future as _Promise
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Future(Generic[T]):
    """A value that somebody will set: `wait` for it, or say with `then` what is to be done with it."""

    def __init__(self, *, devices=None):
        self._promise: _Promise = _Promise()

    def done(self) -> bool:
        return self._promise.done()

    def wait(self) -> T:
        return self._promise.result()

    def value(self) -> T:
        """The value, which must be there."""
        if not self.done():
            raise RuntimeError("Future: value() of a future that is not completed; call wait()")
        return self._promise.result()

    def set_result(self, result: T) -> None:
        if self.done():
            raise RuntimeError("Future: it can only be completed once")
        self._promise.set_result(result)

    def set_exception(self, result: BaseException) -> None:
        if not isinstance(result, Exception):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._promise.set_exception(result)

    def add_done_callback(self, callback: Callable[[Future], Any]) -> None:
        self._promise.add_done_callback(lambda _: callback(self))

    def then(self, callback: Callable[[Future], Any]) -> Future:
        """The future of callback(self)."""
        after: Future = Future()

        def pass_on(_) -> None:
            try:
                after.set_result(callback(self))
            except Exception as error:
                after.set_exception(error)

        self._promise.add_done_callback(pass_on)
        return after


def collect_all(futures: list[Future]) -> Future[list[Future]]:
    """The future of them all: done when the last one is, with the futures as its value."""
    together: Future = Future()
    left = len(futures)

    def count(_) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            together.set_result(futures)

    for future in futures:
        future.add_done_callback(count)
    if not futures:
        together.set_result(futures)
    return together


def wait_all(futures: list[Future]) -> list:
    return [future.wait() for future in futures]
