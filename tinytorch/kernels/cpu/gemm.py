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
from .copying import clear, transpose
from .memory import scratch
from .simd import WIDTH, flush_subnormals, instructions, restore
from .tiles import VECTORS, rows

DEPTH = (
    256  # how much of K is taken at once: a panel of B so deep stays in cache, and shorter sums round less
)
ROWS = 252  # how many rows of A meet all panels before the next ones are read
LEAST = 1 << 20  # multiply-adds from which it is faster than BLAS
CHUNK = 512  # how much of K is packed at once: what was packed is then still in the second-level cache
TOGETHER = 144  # rows of A that are copied at once: 18 tiles

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


@instructions
def copy_lines(e, source, source_row, target, count, vectors, lanes):
    """`count` rows of whole vectors one behind the other; the last vector has zeros behind so many lanes."""
    mask = e.mask(lanes)
    for v in range(1, VECTORS + 1):
        with e.when(vectors, v), e.loop(count) as i:
            line, to = e.address(source, e.times(i, source_row)), e.address(target, e.times(i, v * e.width))
            for j in range(v - 1):
                e.store(e.load(line, j * e.width), to, j * e.width)
            e.store(e.load_part(mask, line, (v - 1) * e.width), to, (v - 1) * e.width)


@compiled
def pack(b, step, transposed, panel, depth, columns, packed):
    """Copy a panel of B, (depth, columns) or transposed, to rows of whole vectors; what lies beyond B is zero."""
    first = panel_begin(panel, columns) * WIDTH
    width = panel_begin(panel + 1, columns) * WIDTH - first
    inside = min(width, columns - first)
    target = packed + first * depth * 4
    if not transposed:
        copy_lines(b + first * 4, step, target, depth, width // WIDTH, inside - width + WIDTH)
        return
    if inside < width:
        clear(target, depth * width)
    transpose(b + first * step * 4, step, target, width, inside, depth)


@compiled
def multiply_rows(run, a, a_row, a_step, packed, c, c_row, start, start_row, m0, m1, p0, p1, depth, columns):
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
                to = c + (m * c_row + first * WIDTH) * 4
                begin, begin_row = (to, c_row) if k else (start + first * WIDTH * 4, start_row)
                call_rows(run, a + (m * a_row + k * a_step) * 4, a_row, 0, a_step, b, vectors * WIDTH,
                          to, c_row, begin, begin_row, 1, deep, lanes, vectors, count)  # fmt: skip


# ---------------------------------------------------------------- A, where its numbers lie badly
#
# A tile reads some numbers of A per step. If A is stored transposed, those of the next step are a whole row away, each step in a
# line of the cache of its own. Then A is copied, tile by tile.


TILE = 8  # rows of a copied tile: one fewer than fit, but they are copied as one vector


def copy_eight(e, source, target):
    e.store(e.load(source), target)


def copy_few(e, source, target, count):
    mask = e.mask(count)
    e.store_part(mask, e.load_part(mask, source), target)


copy_eight, copy_few = (instructions(write, width=TILE) for write in (copy_eight, copy_few))


@compiled
def tile_size(depth):
    """How far apart copied tiles are: were it a multiple of 4 KB, all would compete for the same places in the cache."""
    return TILE * depth + WIDTH


@compiled
def copy_tiles(a, a_row, count, depth, copied):
    """The first `count` columns of what is stored, as tiles: of each, one step lies behind the other.

    Step by step through all tiles, so that a line of the cache that came is used up before it goes.
    """
    whole, size = count // TILE, tile_size(depth)
    for k in range(depth):
        line, to = a + k * a_row * 4, copied + k * TILE * 4
        for t in range(whole):
            copy_eight(line + t * TILE * 4, to + t * size * 4)
        if whole * TILE < count:
            copy_few(line + whole * TILE * 4, to + whole * size * 4, count - whole * TILE)


@compiled
def multiply_tiles(run, a, a_row, packed, c, c_row, start, start_row, count, depth, columns, copied):
    """C from a copy of the first `count` columns of what is stored; `depth` is no more than DEPTH."""
    copy_tiles(a, a_row, count, depth, copied)
    for panel in range(panels_of(columns)):
        first = panel_begin(panel, columns)
        vectors = panel_begin(panel + 1, columns) - first
        lanes = min(WIDTH, columns - (first + vectors - 1) * WIDTH)
        for m in range(0, count, TILE):
            call_rows(run, copied + m // TILE * tile_size(depth) * 4, 1, 0, TILE, packed + first * depth * WIDTH * 4,
                      vectors * WIDTH, c + (m * c_row + first * WIDTH) * 4, c_row, start + (m * start_row + first * WIDTH) * 4,
                      start_row, 1, depth, lanes, vectors, min(TILE, count - m))  # fmt: skip


# ---------------------------------------------------------------- products


@compiled
def multiply_part(
    run, a, a_transposed, a_row, b, b_transposed, b_row, bias, c, c_row, count, depth, columns, packed, copied
):
    """C = A @ B + bias for one thread's rows and columns: B is packed one chunk after the other."""
    copies = a_transposed and depth >= DEPTH
    chunk = DEPTH if copies else CHUNK
    for k in range(0, depth, chunk):
        deep = min(chunk, depth - k)
        b_at = b + (k if b_transposed else k * b_row) * 4
        a_at = a + (k * a_row if a_transposed else k) * 4
        for panel in range(panels_of(columns)):
            pack(b_at, b_row, b_transposed, panel, deep, columns, packed)
        for m in range(0, count, TOGETHER):
            here, to = min(TOGETHER, count - m), c + m * c_row * 4
            start, start_row = (to, c_row) if k else (bias, 0)
            at = a_at + (m if a_transposed else m * a_row) * 4
            if copies:
                multiply_tiles(
                    run, at, a_row, packed, to, c_row, start, start_row, here, deep, columns, copied
                )
            else:
                row, step = (1, a_row) if a_transposed else (a_row, 1)
                multiply_rows(run, at, row, step, packed, to, c_row, start, start_row, 0, here, 0, panels_of(columns), deep,
                              columns)  # fmt: skip


@compiled
def share(part, parts, whole):
    """The part of a whole that is one thread's."""
    return part * whole // parts, (part + 1) * whole // parts


@entry
def multiply(run, a, a_transposed, b, b_transposed, bias, out, tasks):
    """out[p] = a[p] @ b[p] + bias for stacks of matrices; where one is stored transposed, its flag says so."""
    stack, count, columns = out.shape
    depth = a.shape[1] if a_transposed else a.shape[2]
    a_row, b_row = count if a_transposed else depth, depth if b_transposed else columns
    vectors = vectors_of(columns)
    by_rows = count >= columns or vectors < tasks  # each thread packs what it needs: the less, the better
    parts = tasks if stack == 1 else 1
    for t in prange(tasks):
        before = flush_subnormals()
        packed = scratch(vectors * WIDTH * min(depth, CHUNK))
        copied = scratch(TOGETHER // TILE * tile_size(DEPTH))
        first, last = (0, 1) if stack == 1 else share(t, tasks, stack)
        part = t if stack == 1 else 0
        m0, m1 = share(part, parts, count) if by_rows else (0, count)
        v0, v1 = (0, vectors) if by_rows else share(part, parts, vectors)
        c0, c1 = v0 * WIDTH, min(v1 * WIDTH, columns)
        for p in range(first, last):
            multiply_part(run, a[p].ctypes.data + (m0 if a_transposed else m0 * a_row) * 4, a_transposed, a_row,
                          b[p].ctypes.data + (c0 * b_row if b_transposed else c0) * 4, b_transposed, b_row,
                          bias.ctypes.data + c0 * 4, out[p].ctypes.data + (m0 * columns + c0) * 4, columns,
                          m1 - m0, depth, c1 - c0, packed.ctypes.data, copied.ctypes.data)  # fmt: skip
        restore(before)


def laid_out(x):
    """A stack of matrices as contiguous memory, and whether that holds them transposed."""
    if x.flags.c_contiguous and x.flags.writeable:
        return x, False
    flipped = x.swapaxes(1, 2)
    if flipped.flags.c_contiguous and x.flags.writeable:
        return flipped, True
    return x.copy("C"), False


def stacked_product(x, y, bias=None, out=None):
    """(P, n, k) @ (P, k, m) + (m,) -> (P, n, m), for float32; written into `out` if it is given."""
    (a, a_transposed), (b, b_transposed) = laid_out(x), laid_out(y)
    if out is None:
        out = np.empty((len(x), x.shape[1], y.shape[2]), np.float32)
    if bias is None:
        bias = np.zeros(y.shape[2], np.float32)
    elif not bias.flags.c_contiguous or not bias.flags.writeable:
        bias = bias.copy()
    work = out.size * x.shape[2] // 16  # 16 multiply-adds are worth one elementwise operation
    multiply(rows.address, a, a_transposed, b, b_transposed, bias, out, work=work)
    return out


def one_product(x, y, bias=None):
    """(n, k) @ (k, m) + (m,): an array of its own rather than a view of a stack, since a view would be copied to become a `.grad`."""
    out = np.empty((len(x), y.shape[1]), np.float32)
    stacked_product(x[None], y[None], bias, out[None])
    return out


def pays(x, y, multiplications: int) -> bool:
    """Whether tiles are faster than BLAS: float32, enough work, and enough rows to be worth the packing."""
    return x.dtype == y.dtype == np.float32 and multiplications >= LEAST and x.shape[-2] >= 8


@linear_forward.register("numba")
def linear_by_tiles(x, weight, bias=None):
    if not pays(x, weight, x.size * len(weight)) or (bias is not None and bias.shape != weight.shape[:1]):
        return NotImplemented
    return one_product(x, weight.T, bias)


@product.register("numba")
def product_by_tiles(x, y):
    if x.shape[:-2] != y.shape[:-2] or not pays(x, y, x.size * y.shape[-1]):
        return NotImplemented
    if x.ndim == 2 == y.ndim:
        return one_product(x, y)
    stack = math.prod(x.shape[:-2])
    out = stacked_product(x.reshape(stack, *x.shape[-2:]), y.reshape(stack, *y.shape[-2:]))
    return out.reshape(*x.shape[:-1], y.shape[-1])
