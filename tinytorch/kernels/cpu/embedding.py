"""The gradient of an embedding: rows added up where their index says. Each thread has some of the columns of all rows."""

from __future__ import annotations

import numpy as np
from numba import prange

from ...nn.functional.embedding import row_sums
from .compiling import entry
from .memory import plain
from .sums import add_row


@entry
def add_rows(g, index, out, tasks):
    for t in prange(tasks):
        first, last = t * g.shape[1] // tasks, (t + 1) * g.shape[1] // tasks
        for i in range(len(index)):  # in order, whatever the number of threads: the same sums, bit for bit
            add_row(g[i, first:last], out[index[i], first:last])


@row_sums.register("numba")
def row_sums_by_columns(g, index, rows: int):
    if g.dtype != np.float32:
        return NotImplemented
    out = np.zeros((rows, g.shape[1]), np.float32)
    add_rows(plain(g), plain(index.astype(np.int64, copy=False)), out, work=g.size)
    return out
