"""Moving floats: copies, zeros, and transposes a square of registers at a time. Addresses are integers, strides count floats."""

from __future__ import annotations

from .compiling import compiled
from .simd import WIDTH, instructions


@instructions
def copy(e, source, target, count):
    """`count` floats from one place to another."""
    whole = e.divided(count, e.width)
    with e.loop(whole) as i:
        at = e.times(i, e.width)
        e.store(e.load(source, at), target, at)
    at = e.times(whole, e.width)
    mask = e.mask(e.minus(count, at))
    e.store_part(mask, e.load_part(mask, source, at), target, at)


@instructions
def clear(e, target, count):
    """`count` zeros."""
    whole = e.divided(count, e.width)
    with e.loop(whole) as i:
        e.store(e.zero(), target, e.times(i, e.width))
    at = e.times(whole, e.width)
    e.store_part(e.mask(e.minus(count, at)), e.zero(), target, at)


@instructions
def transpose_square(e, source, source_row, target, target_row):
    """WIDTH rows of WIDTH floats become columns."""
    rows = e.transpose([e.load(source, e.times(i, source_row)) for i in range(e.width)])
    for i, row in enumerate(rows):
        e.store(row, target, e.times(i, target_row))


def copy_one(e, source, target):
    e.store(e.load(source), target)


copy_one = instructions(copy_one, width=1)


@compiled
def transpose(source, source_row, target, target_row, rows, columns):
    """target[c, r] = source[r, c]."""
    whole_rows, whole_columns = rows - rows % WIDTH, columns - columns % WIDTH
    for r in range(0, whole_rows, WIDTH):
        for c in range(0, whole_columns, WIDTH):
            at, to = source + (r * source_row + c) * 4, target + (c * target_row + r) * 4
            transpose_square(at, source_row, to, target_row)
    for r in range(rows):
        for c in range(whole_columns if r < whole_rows else 0, columns):
            copy_one(source + (r * source_row + c) * 4, target + (c * target_row + r) * 4)
