"""Images in other sizes: every pixel of the new one is a weighted mean of pixels of the old one, axis by axis."""

from __future__ import annotations

import warnings

import numpy as np

from ... import ops
from ...backend import beside
from ...op import asked, op
from .adaptive_pool import adaptive_avg, along_axis
from .pad import along

SPATIAL = {
    "linear": 1,
    "bilinear": 2,
    "bicubic": 2,
    "trilinear": 3,
}  # the axes a mode is for; the others are for any number


def interpolate(
    input,
    size=None,
    scale_factor=None,
    mode="nearest",
    align_corners=None,
    recompute_scale_factor=None,
    antialias=False,
):
    """(N, C, ...) resized to `size` or by scale_factor: "nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic", "area".

    align_corners: the outermost pixels' centres, not their edges, lie on each other. antialias: bilinear and bicubic
    average over all that a pixel covers when they shrink an image.
    """
    n = input.array.ndim - 2
    smooth = mode in SPATIAL
    if align_corners is not None and not smooth:
        raise ValueError(
            f"{asked()}: align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    if antialias and not (mode in ("bilinear", "bicubic") and n == 2):
        raise ValueError(
            "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as input"
        )
    old = input.array.shape[2:]
    new, scales = output_sizes(input, size, scale_factor, recompute_scale_factor or mode == "area", n)
    known = smooth or mode in ("nearest", "nearest-exact", "area")
    if not known or not 1 <= n <= 3 or SPATIAL.get(mode, n) != n:
        raise NotImplementedError(
            f"{asked()}: Got {n + 2}D input for mode {mode!r}: nearest, nearest-exact and area take 3D to 5D, linear 3D, bilinear and bicubic 4D,"
            " trilinear 5D"
        )
    if min(new) < 1 or min(old) < 1:
        raise RuntimeError(
            f"{asked()}: Input and output sizes should be greater than 0, but got input {list(old)} and output {list(new)}"
        )
    if mode == "area":
        return adaptive_avg(n, input, new)
    if not smooth:
        return ops.apart(nearest(input, old, new, scales, exact=mode == "nearest-exact"), input)
    given = input
    real = (
        np.float64 if input.array.dtype == np.float64 else np.float32
    )  # PyTorch computes the weights in the image's precision
    for axis, s, t, scale in zip(range(-n, 0), old, new, scales):
        if s == t and (
            antialias or mode != "bicubic"
        ):  # then PyTorch takes this axis as it is, whatever the factor
            continue
        step = (
            real(0 if t == 1 else (s - 1) / (t - 1))
            if align_corners
            else real(1 / scale)
            if scale
            else real(s) / real(t)
        )
        input = along_axis(
            input,
            covering(s, t, step, mode) if antialias else neighbours(s, t, step, mode, align_corners),
            axis,
        )
    return ops.apart(input, given)


def output_sizes(x, size, scale_factor, recompute: bool, n: int):
    """The sizes to reach, and the factors to use in place of their ratios (None where there are none)."""
    if (size is None) == (scale_factor is None):
        raise ValueError(
            f"{asked()}: only one of size or scale_factor should be defined"
            if size is not None
            else f"{asked()}: either size or scale_factor should be defined"
        )
    given = size if scale_factor is None else scale_factor
    given = list(given) if isinstance(given, (tuple, list)) else [given] * n
    if len(given) != n:
        raise ValueError(
            f"interpolate: input of size {list(x.shape)} has {n} spatial dimensions (it is (N, C, d1, d2, ...)), but"
            f" {'size' if scale_factor is None else 'scale_factor'} has {len(given)}: {given}"
        )
    if scale_factor is None:
        if any(isinstance(s, float) for s in given):
            raise TypeError(f"expected size to be one of int or a tuple of int, but got {size!r}")
        return [int(s) for s in given], [None] * n
    factors = [float(s) for s in given]
    return [int(s * f) for s, f in zip(x.array.shape[2:], factors)], [None] * n if recompute else factors


# ---------------------------------------------------------------- the nearest pixel


@op
def pick_rising(x, *, dim, index):
    """x[index] along dim, for numbers that never fall."""
    return x[along(dim, index)]


@op
def sum_rising(g, *, dim, index, size):
    """The transpose of `pick_rising`: what was picked from one place is next to each other, and is summed there."""
    out = np.zeros_like(g, shape=(*g.shape[:dim], size, *g.shape[dim + 1 :]), order="C")
    picked, starts = np.unique(index, return_index=True)
    out[along(dim, picked)] = np.add.reduceat(g, beside(g, starts), axis=dim)
    return out


pick_rising.vjps(x=lambda g, x_shape, dim, index: sum_rising(g, dim=dim, index=index, size=x_shape[dim]))
sum_rising.vjps(g=lambda g, dim, index: pick_rising(g, dim=dim, index=index))


def nearest(x, old, new, scales, exact: bool):
    planar = len(old) == 2
    indices = [nearest_index(s, t, scale, exact, planar) for s, t, scale in zip(old, new, scales)]
    if all(
        (t % s == 0) and (index == np.arange(t) // (t // s)).all() for s, t, index in zip(old, new, indices)
    ):
        return repeat_pixels(x, old, new)
    for dim, index in enumerate(indices, 2):
        x = pick_rising(x, dim=dim, index=index)
    return x


def nearest_index(size: int, count: int, scale, exact: bool, planar: bool):
    """Which old pixel each new one is; in single precision, as PyTorch reckons."""
    if (
        planar and not exact and count in (size, 2 * size)
    ):  # PyTorch lets the sizes decide here, for images only
        scale = None
    step = np.float32(1 / scale) if scale else np.float32(size) / np.float32(count)
    place = np.arange(count, dtype=np.float32) + np.float32(0.5 if exact else 0)
    return np.minimum(np.floor(place * step).astype(np.int64), size - 1)


def repeat_pixels(x, old, new):
    """Each pixel as a block of equal ones: (H, W) -> (H, 1, W, 1) -> (H, kh, W, kw) -> (H*kh, W*kw)."""
    lead = x.array.shape[:2]
    x = ops.reshape_op(x, shape=(*lead, *[side for s in old for side in (s, 1)]))
    x = ops.expand_op(x, shape=(*lead, *[side for s, t in zip(old, new) for side in (s, t // s)]))
    return ops.reshape_op(x, shape=(*lead, *new))


# ---------------------------------------------------------------- weighted neighbours


def neighbours(size: int, count: int, step, mode: str, align_corners: bool):
    """The matrix (count, size) of each new pixel's weights: its 2 neighbours (linear) or 4 (cubic); edges are repeated."""
    real, place = type(step), np.arange(count, dtype=step.dtype)
    source = place * step if align_corners else (place + real(0.5)) * step - real(0.5)
    if mode != "bicubic":
        source = np.maximum(source, 0)
    base = np.floor(source)
    t = source - base
    weights = cubic_weights(t) if mode == "bicubic" else (1 - t, t)
    first = base.astype(np.int64) - (1 if mode == "bicubic" else 0)
    matrix = np.zeros((count, size), step.dtype)
    for k, weight in enumerate(weights):
        np.add.at(matrix, (np.arange(count), np.clip(first + k, 0, size - 1)), weight)
    return matrix


def cubic_weights(t, a=-0.75):
    """The weights of the pixels at -1, 0, 1 and 2, for a point at t in [0, 1]. Keys, Cubic convolution interpolation (1981)."""
    near = lambda d: ((a + 2) * d - (a + 3)) * d * d + 1  # |d| <= 1
    far = lambda d: ((a * d - 5 * a) * d + 8 * a) * d - 4 * a  # 1 < |d| < 2
    return far(t + 1), near(t), near(1 - t), far(2 - t)


def covering(size: int, count: int, step, mode: str):
    """The matrix (count, size) of weights over all that a new pixel covers, for shrinking without aliases."""
    half, kind = (1.0, triangle) if mode == "bilinear" else (2.0, bell)
    stretch = max(float(step), 1.0)
    matrix = np.zeros((count, size))
    for i, row in enumerate(matrix):
        center = float(step) * (i + 0.5)
        start, end = max(int(center - half * stretch + 0.5), 0), min(int(center + half * stretch + 0.5), size)
        weights = kind(np.abs((np.arange(start, end) - center + 0.5) / stretch))
        row[start:end] = weights / weights.sum()
    return matrix


def triangle(d):
    return np.maximum(1 - d, 0)


def bell(d, a=-0.5):
    """The cubic kernel as Pillow has it."""
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = (((d - 5) * d + 8) * d - 4) * a
    return np.where(d < 1, near, np.where(d < 2, far, 0))


# ---------------------------------------------------------------- older names


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """The older name of `interpolate`."""
    warnings.warn(
        "`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2
    )
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    """`interpolate` in mode "nearest"."""
    warnings.warn(
        "`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    """`interpolate` in mode "bilinear" with align_corners=True."""
    warnings.warn(
        "`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
