"""Padding: more elements around the last axes of a tensor, or fewer."""

from __future__ import annotations

import numpy as np

from ... import ops
from ...op import asked, op
from .windows import inside, pad_with

# ---------------------------------------------------------------- with a constant


@op
def pad_op(x, *, padding, value=0):
    """x with `value` around its last axes: (before, after) for each."""
    return pad_with(x, padding, value)


pad_op.vjps(x=lambda g, x_shape, padding: ops.getitem_op(g, index=inside(x_shape[-len(padding) :], padding)))

# ---------------------------------------------------------------- with x itself


@op
def extend(x, *, dim, index, core):
    """x[index] along dim, where index[core] counts one by one and the rest, at both ends, repeats elements of x."""
    return x[along(dim, index)]


@op
def fold_back(g, *, dim, index, core, size):
    """The transpose of `extend`: the core stays, each repeated element is added to where it was taken from."""
    out = np.zeros_like(g, shape=(*g.shape[:dim], size, *g.shape[dim + 1 :]), order="C")
    if core.start < core.stop:
        out[along(dim, slice(index[core.start], index[core.stop - 1] + 1))] = g[along(dim, core)]
    for place in (*range(core.start), *range(core.stop, len(index))):
        out[along(dim, index[place])] += g[along(dim, place)]
    return out


extend.vjps(
    x=lambda g, x_shape, dim, index, core: fold_back(g, dim=dim, index=index, core=core, size=x_shape[dim])
)
fold_back.vjps(g=lambda g, dim, index, core: extend(g, dim=dim, index=index, core=core))


def along(dim: int, index):
    return (slice(None),) * dim + (index,)


def sources(mode: str, size: int, before: int, after: int) -> tuple[list[int], slice]:
    """For each place of a padded axis the element of x that goes there, and which of the places are x itself."""
    kept = range(max(-before, 0), size - max(-after, 0))
    core = slice(max(before, 0), max(before, 0) + len(kept))
    if mode == "circular":
        return [kept[i % len(kept)] for i in range(-core.start, len(kept) + max(after, 0))], core
    last = size - 1
    places = range(-before, size + after)
    if mode == "replicate":
        return [min(max(i, 0), last) for i in places], core
    return [last - abs(last - abs(i)) for i in places], core


# ---------------------------------------------------------------- the function


def pad(input, pad, mode="constant", value=None):
    """Padding from the last axis on: (left, right, top, bottom, ...); negative sizes cut off.

    mode: "constant" (value, or 0), "reflect" (mirrored, the edge not repeated), "replicate" (the edge) or "circular".
    """
    if not isinstance(pad, (tuple, list)):
        raise TypeError(f"pad(): argument 'pad' (position 2) must be tuple of ints, not {type(pad).__name__}")
    if len(pad) % 2:
        raise RuntimeError(f"{asked()}: Padding length must be divisible by 2, got {len(pad)}")
    pairs = [(int(a), int(b)) for a, b in zip(pad[::2], pad[1::2])][::-1]
    if mode == "constant":
        return pad_constant(input, pairs, value or 0)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"{asked()}: Unrecognised padding mode {mode}")
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if not 1 <= len(pairs) <= 3 or input.array.ndim - len(pairs) not in (1, 2):
        raise NotImplementedError(
            f"{asked()}: Padding size {len(pad)} is not supported for {input.array.ndim}D input tensor: {mode} pads the last n of n + 1 or"
            " n + 2 dimensions, n at most 3"
        )
    given = input
    for dim, (before, after) in enumerate(pairs, input.array.ndim - len(pairs)):
        size = input.array.shape[dim]
        check_reach(mode, dim, size, before, after)
        if before or after:
            index, core = sources(mode, size, before, after)
            input = extend(input, dim=dim, index=index, core=core)
    return ops.apart(input, given)


def pad_constant(x, pairs, value):
    if len(pairs) > x.array.ndim:
        raise RuntimeError(
            f"{asked()}: Padding length should be less than or equal to two times the input dimension but got padding length {2 * len(pairs)}"
            f" and input of dimension {x.array.ndim}"
        )
    sizes = x.array.shape[x.array.ndim - len(pairs) :]
    for dim, (size, (before, after)) in enumerate(zip(sizes, pairs), x.array.ndim - len(pairs)):
        if size + before + after < 0:
            raise RuntimeError(
                f"pad: ({before}, {after}) leaves dimension {dim} of size {size} with a negative output size"
            )
        if before < 0 or after < 0:
            x = ops.getitem_op(x, index=along(dim, slice(max(-before, 0), size - max(-after, 0))))
    padding = [(max(before, 0), max(after, 0)) for before, after in pairs]
    return pad_op(x, padding=padding, value=value) if any(map(any, padding)) else ops.clone(x)


def check_reach(mode: str, dim: int, size: int, before: int, after: int) -> None:
    """Whether the axis has what the padding takes from it."""
    if mode == "reflect" and max(before, after) >= size:
        raise RuntimeError(
            f"pad: Padding size should be less than the corresponding input dimension, but got: padding ({before}, {after}) at dimension {dim} of size {size}"
        )
    if mode == "circular" and max(before, after) > size + min(before, after, 0):
        raise RuntimeError(
            f"{asked()}: Padding value causes wrapping around more than once: padding ({before}, {after}) at dimension {dim} of size {size}"
        )
    if size + before + after < 0 or size < 1:
        raise RuntimeError(
            f"pad: dimension {dim} of size {size} is too small for padding ({before}, {after}) in mode {mode}"
        )
