"""The process keeps the memory that it frees: the next array of the size finds it there, in the cache perhaps.

The C library hands large blocks back to the system when they are freed. The system has to clear the pages of the next one,
one interrupt each: in a training step of a small GPT these were 20000 pages and 36 of 100 ms.
"""

from __future__ import annotations

import ctypes
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # malloc.h


def keep_freed_memory() -> None:
    """Let malloc take large blocks from its heap too, and give the heap's end back only beyond a quarter of the machine's memory.

    glibc's malloc has these settings; others stay as they are.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or "MALLOC_TRIM_THRESHOLD_" in os.environ or "MALLOC_MMAP_MAX_" in os.environ:
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if mallopt(M_TRIM_THRESHOLD, min(memory // 4, 2**31 - 1)):
        mallopt(M_MMAP_MAX, 0)
