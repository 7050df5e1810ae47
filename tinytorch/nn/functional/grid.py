"""Sampling an image at given points: spatial transformers. Jaderberg et al. (2015).

Composed of ops, so it differentiates to any order, with respect to the image and to the points.
"""

from __future__ import annotations

import itertools

import numpy as np

from ... import ops
from ...backend import module_of
from .resize import cubic_weights


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """What input (N, C, H, W) shows at the points grid (N, Ho, Wo, 2) of (x, y) in [-1, 1]: (N, C, Ho, Wo). Or with a D in front.

    mode: "bilinear", "nearest" or "bicubic"; padding_mode: "zeros", "border" or "reflection" for points outside.
    align_corners: -1 and 1 are the centres, not the edges, of the outermost pixels.
    """
    check_grid(input, grid, mode, padding_mode)
    sizes = input.array.shape[2:]
    axes = []  # per spatial axis, the pixels that count for each point: (their numbers, their weights)
    for axis, size in enumerate(sizes):
        place = ops.getitem_op(
            grid, index=(..., len(sizes) - 1 - axis)
        )  # the last coordinate belongs to the first axis
        place = (place + 1) / 2 * (size - 1) if align_corners else ((place + 1) * size - 1) / 2
        if mode != "bicubic":
            place = brought_inside(place, size, padding_mode, align_corners)
        axes.append(neighbours_of(place, mode))
    total = None
    for corner in itertools.product(*axes):
        numbers = [number for number, _ in corner]
        if mode == "bicubic":
            numbers = [
                whole(brought_inside(input.wrap(i), s, padding_mode, align_corners).array)
                for i, s in zip(numbers, sizes)
            ]
        part = pixels(input, numbers, sizes)  # (N, Ho, Wo, C)
        for _, weight in corner:
            part = part if weight is None else part * ops.unsqueeze_op(weight, dim=-1)
        total = part if total is None else total + part
    return ops.movedim(total, -1, 1)


def neighbours_of(place, mode: str):
    """The pixels along one axis that count for points at `place`, each with its weight (None for 1)."""
    xp = module_of(place.array)
    if mode == "nearest":
        return [(xp.rint(place.array), None)]
    base = xp.floor(place.array)
    t = place - place.wrap(base)
    if mode == "bilinear":
        return [(base, 1 - t), (base + 1, t)]
    return [(base + k, weight) for k, weight in enumerate(cubic_weights(t), -1)]


def pixels(x, numbers, sizes):
    """x[n, :, i, j] for numbers i and j of each point, 0 outside of the image: (N, Ho, Wo, C)."""
    xp = module_of(x.array)
    outside = xp.zeros(numbers[0].shape, bool)
    for i, size in zip(numbers, sizes):
        outside |= ~((i >= 0) & (i < size))
    index = [whole(xp.clip(i, 0, size - 1)) for i, size in zip(numbers, sizes)]
    images = xp.arange(len(x.array)).reshape(-1, *[1] * len(sizes))
    found = ops.getitem_op(x, index=(images, slice(None), *index))
    return ops.where_between(x.wrap(outside[..., None]), 0.0, found) if outside.any() else found


def whole(numbers):
    return numbers.astype(np.int64)


def brought_inside(place, size: int, padding_mode: str, align_corners):
    """Points outside of an axis moved to its border, or mirrored at it; "zeros" leaves them."""
    if padding_mode == "reflection":
        place = reflected(place, 0, size - 1) if align_corners else reflected(place, -0.5, size - 0.5)
    if padding_mode == "zeros":
        return place
    # Not `clamp`: at the border itself PyTorch lets no gradient through here.
    clipped = place.wrap(module_of(place.array).clip(place.array, 0, size - 1))
    return ops.where_between((place > 0) & (place < size - 1), place, clipped)


def reflected(place, low, high):
    """Points mirrored at low and high as often as it takes."""
    if low == high:
        return place * 0
    distance = ops.abs(place - low)
    extra = ops.fmod(distance, float(high - low))
    even = ops.fmod(ops.floor(distance / float(high - low)), 2.0) == 0
    return ops.where_between(even, extra + low, high - extra)


def check_grid(input, grid, mode: str, padding_mode: str) -> None:
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: '{padding_mode}'"
        )
    x, g = input.array.shape, grid.array.shape
    if len(x) not in (4, 5) or len(g) != len(x) or g[-1] != len(x) - 2 or g[0] != x[0]:
        raise RuntimeError(
            f"grid_sample(): expected a 4D or 5D input (N, C, ...) and a grid (N, ..., {len(x) - 2}) with the same batch size, but got input"
            f" with sizes {list(x)} and grid with sizes {list(g)}"
        )
    if 0 in x[2:]:
        raise RuntimeError(
            f"grid_sample(): expected input to have non-empty spatial dimensions, but input has sizes {list(x)}"
        )
    if len(x) == 5 and mode == "bicubic":
        raise RuntimeError("grid_sample(): bicubic interpolation only supports 4D input")
    if input.array.dtype != grid.array.dtype:
        raise RuntimeError(
            f"grid_sample(): expected input and grid to have same dtype, but input has {input.dtype!r} and grid has {grid.dtype!r}"
        )


def affine_grid(theta, size, align_corners=None):
    """The points (N, H, W, 2) at which the affine map theta (N, 2, 3) wants an image of `size` (N, C, H, W) sampled; 3D likewise."""
    n = len(size) - 2
    if n not in (2, 3):
        raise NotImplementedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size {list(size)}"
        )
    if theta.array.dtype.kind != "f":
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype!r}")
    if theta.array.ndim != 3 or theta.array.shape[1:] != (n, n + 1):
        raise ValueError(
            f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size {list(size)}. Got {theta.shape}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {list(size)}")
    sizes, dtype = list(size[2:]), theta.array.dtype
    lines = [np.linspace(-1, 1, s, dtype=dtype) if s > 1 else np.zeros(1, dtype) for s in sizes]
    if not align_corners:
        lines = [line * dtype.type((s - 1) / s) for line, s in zip(lines, sizes)]
    points = np.stack(
        [*np.meshgrid(*lines, indexing="ij")[::-1], np.ones(sizes, dtype)], axis=-1
    )  # (H, W, 3) of (x, y, 1)
    points = theta.wrap(module_of(theta.array).asarray(points.reshape(-1, n + 1), dtype))
    grid = ops.matmul_op(points, ops.transpose_op(theta, dim0=1, dim1=2))  # (H*W, 3) @ (N, 3, 2)
    return ops.reshape_op(grid, shape=(theta.array.shape[0], *sizes, n))
