"""Max pooling over windows whose places are drawn, so that a size can shrink by any ratio. Graham 2014 (arXiv:1412.6071)."""

from __future__ import annotations

import numpy as np

from ... import ops
from ...backend import beside, on_host
from ...creation import rand
from .windows import per_axis


def fractional_max_pool2d(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """(..., C, H, W) -> (..., C, Ho, Wo) with (Ho, Wo) = output_size, or output_ratio of (H, W)."""
    return fractional_max_pool(
        2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool3d(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """(..., C, D, H, W) -> (..., C, *output_size), or output_ratio of (D, H, W)."""
    return fractional_max_pool(
        3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool2d_with_indices(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """`fractional_max_pool2d` with return_indices=True."""
    return fractional_max_pool(2, input, kernel_size, output_size, output_ratio, True, _random_samples)


def fractional_max_pool3d_with_indices(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """`fractional_max_pool3d` with return_indices=True."""
    return fractional_max_pool(3, input, kernel_size, output_size, output_ratio, True, _random_samples)


def fractional_max_pool(n: int, x, kernel_size, output_size, output_ratio, return_indices, samples):
    name = f"fractional_max_pool{n}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    kernel, size = per_axis(kernel_size, n, "kernel_size"), x.array.shape[-n:]
    if output_size is None:
        ratios = (output_ratio,) * n if isinstance(output_ratio, (int, float)) else output_ratio
        output_size = tuple(int(s * r) for s, r in zip(size, ratios))
    count = per_axis(output_size, n, "output_size")
    if any(c + k - 1 > s for c, k, s in zip(count, kernel, size)):
        raise RuntimeError(f"{name}: {count} windows of {kernel} do not fit into {tuple(size)}")
    batched = x.dim() == n + 2
    planes = x if batched else ops.unsqueeze(x, 0)  # (N, C, *size)
    if samples is None:
        samples = rand(*planes.array.shape[:2], n, dtype=x.dtype, device=x.device)
    places = flat_windows(on_host(samples.array), size, count, kernel)  # (N, C, windows, taps)
    index = x.wrap(beside(x.array, places))
    seen = ops.gather(ops.flatten(planes, 2), 2, ops.flatten(index, 2))
    best = ops.max(ops.reshape(seen, places.shape), dim=-1)
    shape = (*x.array.shape[:-n], *count)
    out = ops.reshape(best.values, shape)
    if not return_indices:
        return out
    taken = ops.take_along_dim(index, ops.unsqueeze(best.indices, -1), -1)
    return out, ops.reshape(taken, shape)


def flat_windows(samples, size, count, kernel):
    """Where in the flattened plane the elements of each window stand.

    Two axes take their numbers from the last to the first, three from the first on, as in PyTorch.
    """
    n = len(size)
    flat = np.zeros((*samples.shape[:2], 1, 1), np.int64)
    for axis, (s, c, k) in enumerate(zip(size, count, kernel)):
        drawn = samples[..., n - 1 - axis if n == 2 else axis]
        places = starts(drawn, s, c, k)[..., :, None] + np.arange(k)  # (N, C, c, k)
        flat = flat[..., :, None, :, None] * s + places[..., None, :, None, :]
        flat = flat.reshape(*flat.shape[:2], flat.shape[2] * c, flat.shape[4] * k)
    return flat


def starts(drawn, size: int, count: int, kernel: int):
    """Where the windows of one axis begin: steps of the mean length, rounded after a drawn shift; the last one ends with the axis."""
    begin = np.full((*drawn.shape, count), size - kernel, np.int64)
    if count > 1:
        step = drawn.dtype.type((size - kernel) / (count - 1))
        shift = drawn[..., None]
        begin[..., :-1] = ((np.arange(count - 1) + shift) * step).astype(np.int64) - (shift * step).astype(
            np.int64
        )
    return begin
