"""Pooling to a given size, pooling by other norms, and max pooling undone."""

from __future__ import annotations

import math

import numpy as np

from ... import ops
from ...backend import module_of
from .pool import avg_pool_over, max_pool_over
from .windows import per_axis

# ---------------------------------------------------------------- to a given size


def adaptive_avg_pool1d(input, output_size):
    """The means of output_size equal parts of the last axis: (..., L) -> (..., output_size)."""
    return adaptive_avg(1, input, output_size)


def adaptive_avg_pool2d(input, output_size):
    """The means of output_size equal parts of each plane, (..., H, W) -> (..., *output_size); None leaves an axis as it is."""
    return adaptive_avg(2, input, output_size)


def adaptive_avg_pool3d(input, output_size):
    """The means of output_size equal parts of each box, (..., D, H, W) -> (..., *output_size)."""
    return adaptive_avg(3, input, output_size)


def adaptive_max_pool1d(input, output_size, return_indices=False):
    """The largest elements of output_size equal parts of the last axis; with return_indices also where they were."""
    return adaptive_max(1, input, output_size, return_indices)


def adaptive_max_pool2d(input, output_size, return_indices=False):
    """The largest elements of output_size equal parts of each plane; with return_indices also where they were in it."""
    return adaptive_max(2, input, output_size, return_indices)


def adaptive_max_pool3d(input, output_size, return_indices=False):
    """The largest elements of output_size equal parts of each box; with return_indices also where they were in it."""
    return adaptive_max(3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool1d` with return_indices=True."""
    return adaptive_max(1, input, output_size, True)


def adaptive_max_pool2d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool2d` with return_indices=True."""
    return adaptive_max(2, input, output_size, True)


def adaptive_max_pool3d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool3d` with return_indices=True."""
    return adaptive_max(3, input, output_size, True)


def adaptive_avg(n: int, x, output_size):
    size, count = adaptive_sizes(f"adaptive_avg_pool{n}d", n, x, output_size)
    if count == (1,) * n:
        return ops.mean(x, dim=tuple(range(-n, 0)), keepdim=True)
    if all(s % c == 0 for s, c in zip(size, count)):
        return avg_pool_over(n, x, tuple(s // c for s, c in zip(size, count)), None, 0, False, True, None)
    for axis, (s, c) in enumerate(zip(size, count), -n):
        if s != c:
            x = along_axis(x, averages(s, c), axis)
    return x


def averages(size: int, count: int):
    """The matrix (count, size) that takes the means of the parts."""
    matrix = np.zeros((count, size))
    for row, (start, end) in zip(matrix, parts(size, count)):
        row[start:end] = 1 / (end - start)
    return matrix


def parts(size: int, count: int) -> list[tuple[int, int]]:
    """Where each of `count` parts of an axis begins and ends; they overlap where size is no multiple of count."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def along_axis(x, matrix, axis: int):
    """x with one axis (counted from the end) multiplied by a constant matrix (new, old)."""
    xp = module_of(x.array)
    matrix = x.wrap(xp.asarray(matrix, x.array.dtype))
    if axis == -1:
        return ops.matmul_op(x, ops.transpose_op(matrix, dim0=0, dim1=1))
    shape = x.array.shape
    flat = ops.reshape_op(x, shape=(*shape[: axis + 1], math.prod(shape[axis + 1 :])))
    out = ops.matmul_op(matrix, flat)
    return ops.reshape_op(out, shape=(*shape[:axis], matrix.array.shape[0], *shape[axis + 1 :]))


def adaptive_max(n: int, x, output_size, return_indices: bool):
    size, count = adaptive_sizes(f"adaptive_max_pool{n}d", n, x, output_size)
    if all(s % c == 0 for s, c in zip(size, count)):
        return max_pool_over(
            n, x, tuple(s // c for s, c in zip(size, count)), None, 0, 1, False, return_indices
        )
    lead = x.array.shape[:-n]
    flat = ops.reshape_op(x, shape=(*lead, math.prod(size)))
    index = x.wrap(part_winners(flat.array, size, count))
    out = ops.gather_op(flat, ops.reshape_op(index, shape=(*lead, math.prod(count))), dim=len(lead))
    out = ops.reshape_op(out, shape=(*lead, *count))
    return (out, index) if return_indices else out


def part_winners(flat, size, count):
    """Where in each flattened plane the largest element of each part stands: (..., H*W) -> (..., Ho, Wo)."""
    n, members = len(size), np.zeros((), int)
    for axis, (s, c) in enumerate(zip(size, count)):  # parts of unequal length repeat their last element
        bounds = np.array(parts(s, c))
        longest = (bounds[:, 1] - bounds[:, 0]).max()
        own = np.minimum(bounds[:, :1] + np.arange(longest), bounds[:, 1:] - 1)  # (c, longest)
        shape = [1] * (2 * n)
        shape[axis], shape[n + axis] = own.shape
        members = members * s + own.reshape(shape)  # (Ho, Wo, longest in H, longest in W) after the last axis
    members = module_of(flat).asarray(members.reshape(*count, -1))
    best = flat[..., members].argmax(axis=-1)
    return np.take_along_axis(
        np.broadcast_to(members, (*best.shape, members.shape[-1])), best[..., None], -1
    )[..., 0]


def adaptive_sizes(name: str, n: int, x, output_size):
    """The sizes of the last n axes, and how many parts of each there shall be."""
    shape = x.array.shape
    if isinstance(output_size, (tuple, list)) and len(shape) <= len(output_size):
        raise ValueError(
            f"{name}: Input dimension should be at least {len(output_size) + 1}, got {len(shape)}"
        )
    if len(shape) not in (n + 1, n + 2) or 0 in shape[-n:]:
        raise RuntimeError(
            f"{name}: Expected {n + 1}D or {n + 2}D tensor with non-zero sizes, but got input of size: {list(shape)}"
        )
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * n
    if len(wanted) != n:
        raise RuntimeError(f"{name}: output_size must be an integer or {n} of them, got {output_size!r}")
    count = tuple(s if c is None else int(c) for s, c in zip(shape[-n:], wanted))
    if min(count) < 1:
        raise RuntimeError(f"{name}: elements of output_size must be greater than 0, got {output_size!r}")
    return shape[-n:], count


# ---------------------------------------------------------------- by other norms


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """(sum x**norm_type) ** (1/norm_type) over each window of the last axis."""
    return lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """(sum x**norm_type) ** (1/norm_type) over each window of the last two axes."""
    return lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """(sum x**norm_type) ** (1/norm_type) over each window of the last three axes."""
    return lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool(n: int, x, p, kernel_size, stride, ceil_mode):
    if p == math.inf:
        return max_pool_over(n, ops.abs(x), kernel_size, stride, 0, 1, ceil_mode, False)
    if p == -math.inf:
        return -max_pool_over(n, -ops.abs(x), kernel_size, stride, 0, 1, ceil_mode, False)
    mean = avg_pool_over(n, x**p, kernel_size, stride, 0, ceil_mode, True, None)
    # sign * abs is the mean itself, but with PyTorch's gradient at 0, which is 0.
    return (ops.sign(mean) * ops.abs(mean) * math.prod(per_axis(kernel_size, n, "kernel_size"))) ** (1 / p)


# ---------------------------------------------------------------- undone


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """What max_pool1d took, back at its indices, zeros elsewhere."""
    return max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """What max_pool2d took, back at its indices, zeros elsewhere; output_size tells apart sizes that pool to the same."""
    return max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """What max_pool3d took, back at its indices, zeros elsewhere."""
    return max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


def max_unpool(n: int, x, indices, kernel_size, stride, padding, output_size):
    kernel, padding = per_axis(kernel_size, n, "kernel_size"), per_axis(padding, n, "padding")
    stride = kernel if stride is None else per_axis(stride, n, "stride")
    if x.array.shape != indices.array.shape:
        raise RuntimeError(
            f"max_unpool{n}d: input of size {list(x.shape)} and indices of size {list(indices.shape)} should have the same size"
        )
    default = [
        (s - 1) * step + k - 2 * p for s, k, step, p in zip(x.array.shape[-n:], kernel, stride, padding)
    ]
    size = default if output_size is None else list(output_size)[-n:]
    if any(not d - step < s < d + step for s, d, step in zip(size, default, stride)):
        raise ValueError(
            f"max_unpool{n}d: invalid output_size {list(output_size)}: each size must be less than stride={stride} from {default}"
        )
    lead, area = x.array.shape[:-n], math.prod(size)
    places = indices.array
    if places.size and (places.min() < 0 or places.max() >= area):
        raise RuntimeError(
            f"max_unpool{n}d: found an invalid max index: {places.max()} (output volumes are of size {' x '.join(map(str, size))})"
        )
    flat = [ops.reshape_op(t, shape=(*lead, math.prod(t.array.shape[-n:]))) for t in (indices, x)]
    blank = x.wrap(np.zeros_like(x.array, shape=(*lead, area)))
    return ops.reshape_op(ops.scatter_op(blank, *flat, dim=len(lead)), shape=(*lead, *size))
