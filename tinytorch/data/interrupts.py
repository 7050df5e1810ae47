"""Ctrl-C and the starting and stopping of processes: neither is left half way."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable


def interrupt_soon() -> None:
    import _thread
    import threading

    with contextlib.suppress(RuntimeError):  # Python is ending anyway
        threading.Timer(0.02, _thread.interrupt_main).start()


def interrupt_now() -> None:
    signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def interrupts_deferred(deliver: Callable[[], None] = interrupt_now):
    """A Ctrl-C inside the block is delivered after it: neither a start nor an end of workers stops half way.

    A process started inside is born with the signal blocked. In this process blocking is not enough: the signal would go
    to one of BLAS's threads, and Python runs its handler in the main thread all the same.
    """
    import threading

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is None:
        yield
        return
    caught: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: caught.append(number))
    try:
        with interrupts_blocked():
            yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if caught:
            deliver()


@contextlib.contextmanager
def interrupts_blocked():
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
