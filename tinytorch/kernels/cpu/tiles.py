"""The one loop that everything here is made of: a tile of a matrix product, kept in registers.

A tile is up to 9 rows by 3 vectors of the result. For each step, a few vectors of B are read, and each row's number of A
meets all of them: with 9 x 3 sums, 12 reads feed 27 multiply-adds, and the processor's arithmetic is what limits.
"""

from __future__ import annotations

from .compiling import shared
from .simd import REGISTERS, WIDTH, instructions

VECTORS = 3  # a panel of B is up to so many vectors wide
PANEL = VECTORS * WIDTH
# Nine rows keep the arithmetic busy. With one vector it is reading that limits, B's for every step and a number of A for every
# row, so the taller a tile the better; no row of a small image has more than 14 places.
TALLEST = {1: 14, 2: 9, 3: 9}
# How many rows fit: their sums, one row of B and one number of A have to share the registers.
HEIGHTS = {v: min(most, (REGISTERS - v - 1) // v) for v, most in TALLEST.items()}


@instructions
def tile(
    e, a, a_row, a_outer, a_inner, b, b_row, c, c_row, start, start_row, outer, inner, lanes, vectors, height
):
    """C[m, :] = start[m, :] + sum over r < outer, k < inner of A[m, r, k] * B[r * inner + k, :], for m < height.

    A[m, r, k] is at a + m * a_row + r * a_outer + k * a_inner, so A may be a matrix, its transpose, or the rows of an image
    under a filter. `start` is a bias (start_row = 0) or C itself, to add to. `lanes` of the last vector exist in C.
    """
    mask = e.mask(lanes)
    for v, most in HEIGHTS.items():
        for m in range(1, most + 1):
            with e.when(vectors, v), e.when(height, m):
                sums = begin(e, start, start_row, mask, m, v)
                accumulate(e, sums, a, a_row, a_outer, a_inner, b, b_row, outer, inner, m, v)
                finish(e, sums, c, c_row, mask, m, v)


def begin(e, start, start_row, mask, height: int, vectors: int):
    """A variable for each sum of a tile."""
    sums = {}
    for m in range(height):
        here = e.address(start, e.times(m, start_row))
        for v in range(vectors):
            last = v == vectors - 1
            sums[m, v] = e.variable(
                e.load_part(mask, here, v * e.width) if last else e.load(here, v * e.width)
            )
    return sums


def accumulate(
    e, sums, a, a_row, a_outer, a_inner, b, b_row, outer, inner, height: int, vectors: int
) -> None:
    row = e.variable(b)
    with e.loop(outer) as r:
        image = e.address(a, e.times(r, a_outer))
        with e.loop(inner) as k:
            column, here = e.address(image, e.times(k, a_inner)), row.get()
            right = [e.load(here, v * e.width) for v in range(vectors)]
            for m in range(height):
                left = e.spread(column, e.times(m, a_row))
                for v in range(vectors):
                    sums[m, v].set(e.fma(left, right[v], sums[m, v].get()))
            row.set(e.address(here, b_row))


def finish(e, sums, c, c_row, mask, height: int, vectors: int) -> None:
    for m in range(height):
        here = e.address(c, e.times(m, c_row))
        for v in range(vectors - 1):
            e.store(sums[m, v].get(), here, v * e.width)
        e.store_part(mask, sums[m, vectors - 1].get(), here, (vectors - 1) * e.width)


MOST_1, MOST_2, MOST_3 = HEIGHTS.values()


@shared
def rows(
    a, a_row, a_outer, a_inner, b, b_row, c, c_row, start, start_row, outer, inner, lanes, vectors, count
):
    """`tile` for any number of rows: as few tiles as hold them, as equal as can be."""
    most = MOST_1 if vectors == 1 else (MOST_2 if vectors == 2 else MOST_3)
    tiles = (count + most - 1) // most
    for t in range(tiles):
        m = t * count // tiles
        height = (t + 1) * count // tiles - m
        tile(a + m * a_row * 4, a_row, a_outer, a_inner, b, b_row, c + m * c_row * 4, c_row,
             start + m * start_row * 4, start_row, outer, inner, lanes, vectors, height)  # fmt: skip
