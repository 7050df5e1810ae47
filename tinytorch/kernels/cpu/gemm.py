"""Matrix products: B is packed into panels that tiles read from front to back, and each thread takes some rows of A.

Goto and van de Geijn, Anatomy of high-performance matrix multiplication (2008). Measured against NumPy's BLAS, which packs
too: equal for large matrices, up to twice as fast for those of a training step.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from ...nn.functional.linear import linear_forward
from ...ops.matmul import product
from .compiling import compiled, entry
from .copying import clear, copy, transpose
from .simd import WIDTH, flush_subnormals, restore
from .tiles import VECTORS, rows

DEPTH = (
    256  # how much of K is taken at once: a panel of B so deep stays in cache, and shorter sums round less
)
ROWS = 252  # how many rows of A meet all panels before the next ones are read
LEAST = 1 << 20  # multiply-adds from which it is faster than BLAS
CHUNK = 512  # how much of K is packed at once: what was packed is then still in the second-level cache
TOGETHER = 144  # rows of A that are copied at once: whole tiles, and whole squares of registers
# A is copied where the numbers of a tile do not lie side by side: A is stored transposed, or its rows are a multiple of 4 KB
# long, so that all of them compete for the same places in the cache.
ALIASED = 1024

call_rows = rows.call

# ---------------------------------------------------------------- panels


@compiled
def vectors_of(columns):
    return (columns + WIDTH - 1) // WIDTH


@compiled
def panels_of(columns):
    return (vectors_of(columns) + VECTORS - 1) // VECTORS


@compiled
def panel_begin(panel, columns):
    """The vector that a panel begins with: panels are as equal as can be. The one after the last ends the last."""
    return panel * vectors_of(columns) // panels_of(columns)


@compiled
def pack(b, step, transposed, panel, depth, columns, packed):
    """Copy a panel of B, (depth, columns) or transposed, to rows of whole vectors; what lies beyond B is zero."""
    first = panel_begin(panel, columns) * WIDTH
    width = panel_begin(panel + 1, columns) * WIDTH - first
    inside = min(width, columns - first)
    target = packed + first * depth * 4
    if inside < width:
        clear(target, depth * width)
    if transposed:
        transpose(b + first * step * 4, step, target, width, inside, depth)
    else:
        for k in range(depth):
            copy(b + (k * step + first) * 4, target + k * width * 4, inside)


@compiled
def multiply_rows(run, a, a_row, a_step, packed, c, start, start_row, m0, m1, p0, p1, depth, columns):
    """Rows m0 to m1 of C, in panels p0 to p1."""
    for k in range(0, depth, DEPTH):
        deep = min(DEPTH, depth - k)
        for m in range(m0, m1, ROWS):
            count = min(ROWS, m1 - m)
            for panel in range(p0, p1):
                first = panel_begin(panel, columns)
                vectors = panel_begin(panel + 1, columns) - first
                lanes = min(WIDTH, columns - (first + vectors - 1) * WIDTH)
                b = packed + (first * depth + k * vectors) * WIDTH * 4
                to = c + (m * columns + first * WIDTH) * 4
                begin, begin_row = (to, columns) if k else (start + first * WIDTH * 4, start_row)
                call_rows(run, a + (m * a_row + k * a_step) * 4, a_row, 0, a_step, b, vectors * WIDTH,
                          to, columns, begin, begin_row, 1, deep, lanes, vectors, count)  # fmt: skip


# ---------------------------------------------------------------- products


@compiled
def copy_block(a, transposed, m, k, rows, steps, count, depth, copied, pitch):
    """Part of A, (count, depth) or transposed, as rows."""
    if transposed:
        transpose(a + (k * count + m) * 4, count, copied, pitch, steps, rows)
    else:
        for r in range(rows):
            copy(a + ((m + r) * depth + k) * 4, copied + r * pitch * 4, steps)


@compiled
def multiply_part(
    run, a, a_transposed, count, b, b_transposed, bias, c, m0, m1, p0, p1, depth, columns, packed, copied
):
    """The same from matrices as they are: B is packed, and A copied where that pays, one chunk after the other."""
    pitch = CHUNK + WIDTH
    copies = depth >= DEPTH and (a_transposed or depth % ALIASED == 0)
    for k in range(0, depth, CHUNK):
        deep = min(CHUNK, depth - k)
        for panel in range(p0, p1):
            at, step = (b + k * 4, depth) if b_transposed else (b + k * columns * 4, columns)
            pack(at, step, b_transposed, panel, deep, columns, packed)
        for m in range(m0, m1, TOGETHER):
            here, to = min(TOGETHER, m1 - m), c + m * columns * 4
            start, start_row = (to, columns) if k else (bias, 0)
            if copies:
                copy_block(a, a_transposed, m, k, here, deep, count, depth, copied, pitch)
                row, step, at = pitch, 1, copied
            elif a_transposed:
                row, step, at = 1, count, a + (k * count + m) * 4
            else:
                row, step, at = depth, 1, a + (m * depth + k) * 4
            multiply_rows(run, at, row, step, packed, to, start, start_row, 0, here, p0, p1, deep, columns)


@entry
def multiply(run, a, a_transposed, b, b_transposed, bias, out, tasks):
    """out[p] = a[p] @ b[p] + bias for stacks of matrices; where one is stored transposed, its flag says so."""
    stack, count, columns = out.shape
    depth = a.shape[1] if a_transposed else a.shape[2]
    panels = panels_of(columns)
    by_rows = count >= columns or panels < tasks  # each thread packs what it needs: the less, the better
    parts = tasks if stack == 1 else 1
    for t in prange(tasks):
        before = flush_subnormals()
        packed = np.empty(vectors_of(columns) * WIDTH * min(depth, CHUNK), np.float32)
        copied = np.empty(TOGETHER * (CHUNK + WIDTH), np.float32)
        first, last = (0, 1) if stack == 1 else (t * stack // tasks, (t + 1) * stack // tasks)
        part = t if stack == 1 else 0
        m0, m1 = (part * count // parts, (part + 1) * count // parts) if by_rows else (0, count)
        p0, p1 = (0, panels) if by_rows else (part * panels // parts, (part + 1) * panels // parts)
        for p in range(first, last):
            multiply_part(run, a[p].ctypes.data, a_transposed, count, b[p].ctypes.data, b_transposed, bias.ctypes.data,
                          out[p].ctypes.data, m0, m1, p0, p1, depth, columns, packed.ctypes.data, copied.ctypes.data)  # fmt: skip
        restore(before)


def laid_out(x):
    """A stack of matrices as contiguous memory, and whether that holds them transposed."""
    if x.flags.c_contiguous and x.flags.writeable:
        return x, False
    flipped = x.swapaxes(1, 2)
    if flipped.flags.c_contiguous and x.flags.writeable:
        return flipped, True
    return x.copy("C"), False


def stacked_product(x, y, bias=None):
    """(P, n, k) @ (P, k, m) + (m,) -> (P, n, m), for float32."""
    (a, a_transposed), (b, b_transposed) = laid_out(x), laid_out(y)
    out = np.empty((len(x), x.shape[1], y.shape[2]), np.float32)
    if bias is None:
        bias = np.zeros(y.shape[2], np.float32)
    elif not bias.flags.c_contiguous or not bias.flags.writeable:
        bias = bias.copy()
    work = out.size * x.shape[2] // 16  # 16 multiply-adds are worth one elementwise operation
    multiply(rows.address, a, a_transposed, b, b_transposed, bias, out, work=work)
    return out


def pays(x, y, multiplications: int) -> bool:
    """Whether tiles are faster than BLAS: float32, enough work, and enough rows to be worth the packing."""
    return x.dtype == y.dtype == np.float32 and multiplications >= LEAST and x.shape[-2] >= 8


@linear_forward.register("numba")
def linear_by_tiles(x, weight, bias=None):
    if not pays(x, weight, x.size * len(weight)) or (bias is not None and bias.shape != weight.shape[:1]):
        return NotImplemented
    return stacked_product(x[None], weight.T[None], bias)[0]


@product.register("numba")
def product_by_tiles(x, y):
    if not pays(x, y, x.size * y.shape[-1]) or (x.ndim > 2 and x.shape[:-2] != y.shape[:-2]):
        return NotImplemented
    if x.ndim == 2 == y.ndim:
        return stacked_product(x[None], y[None])[0]
    stack = math.prod(x.shape[:-2])
    out = stacked_product(x.reshape(stack, *x.shape[-2:]), y.reshape(stack, *y.shape[-2:]))
    return out.reshape(*x.shape[:-1], y.shape[-1])
