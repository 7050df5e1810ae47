"""Pooling: one number for each window. The largest (max pooling) or the mean (average pooling).

Comments write shapes for two spatial axes; what comes in front of them, batch and channels, is left as it is.
"""

from __future__ import annotations

import math

import numpy as np

from ...backend import beside, kernel, module_of
from ...op import local, op
from .half import widened
from .windows import both_sides, inside, pad_with, per_axis, places, reach, taps, windows

# ---------------------------------------------------------------- the largest of each window


@kernel
def max_pool_forward(x, kernel, stride, padding, dilation, remember):
    """(..., H, W) -> (..., Ho, Wo), and which tap of each window found the largest element (None unless `remember`)."""
    seen = windows(pad_with(x, padding, lowest(x.dtype)), kernel, stride, dilation)
    number_type = np.uint8 if math.prod(kernel) <= 256 else np.uint16
    first, *others = taps(kernel)
    out = seen[first].copy()
    winner = np.zeros_like(out, dtype=number_type) if remember else None
    for number, tap in enumerate(others, 1):
        if (
            remember
        ):  # the first of equals stays, NaN beats all; numbers grow, so the latest to win is the largest
            wins = (seen[tap] > out) | (seen[tap] != seen[tap])
            np.maximum(winner, wins * number_type(number), out=winner)
        np.maximum(out, seen[tap], out=out)
    return out, winner


@kernel
def max_pool_backward(g, winner, size, kernel, stride, padding, dilation):
    """(..., Ho, Wo) -> (..., H, W) with (H, W) = size: each g goes to the element that won its window."""
    out = np.zeros_like(g, shape=(*g.shape[: -len(size)], *padded(size, padding)), order="C")
    seen = windows(out, kernel, stride, dilation, g.shape[-len(size) :])
    for number, tap in enumerate(taps(kernel)):
        seen[tap] += g * (winner == number)  # what one tap sees in all windows does not overlap
    return out[inside(size, padding)]


def padded(size, padding):
    return tuple(before + s + after for s, (before, after) in zip(size, padding))


def lowest(dtype):
    """What loses against every element."""
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


@op(saves=True)
def max_pool(x, *, kernel, stride, padding, dilation, remember):
    """The largest element of each window; keeps the winners' places in their windows, if `remember`."""
    return max_pool_forward(x, kernel, stride, padding, dilation, remember)


@op
def to_winners(g, *, winner, size, kernel, stride, padding, dilation):
    """Each g at the place of its window's winner, zeros elsewhere."""
    return max_pool_backward(g, winner, size, kernel, stride, padding, dilation)


@op
def from_winners(x, *, winner, kernel, stride, padding, dilation):
    """The transpose of `to_winners`: what x has at the winners' places."""
    seen = windows(pad_with(x, padding), kernel, stride, dilation, winner.shape[-len(kernel) :])
    return sum(seen[tap] * (winner == number) for number, tap in enumerate(taps(kernel)))


max_pool.vjps(
    x=lambda g, saved, x_shape, kernel, stride, padding, dilation: to_winners(
        g,
        winner=saved,
        size=x_shape[-len(kernel) :],
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
)
to_winners.vjps(
    g=lambda g, winner, kernel, stride, padding, dilation: from_winners(
        g, winner=winner, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )
)
from_winners.vjps(
    x=lambda g, winner, x_shape, kernel, stride, padding, dilation: to_winners(
        g,
        winner=winner,
        size=x_shape[-len(kernel) :],
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
)


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The largest element of each window of kernel_size, `stride` (by default kernel_size) apart; see `max_pool2d`."""
    return max_pool_over(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The largest element of each window of kernel_size, `stride` (by default kernel_size) apart: (..., H, W) -> (..., Ho, Wo).

    ceil_mode counts a last window that only partly fits. return_indices: also where each came from, in the flattened plane.
    """
    return max_pool_over(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The largest element of each window of kernel_size, `stride` (by default kernel_size) apart; see `max_pool2d`."""
    return max_pool_over(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """`max_pool1d` with return_indices=True."""
    return max_pool_over(1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """`max_pool2d` with return_indices=True."""
    return max_pool_over(2, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """`max_pool3d` with return_indices=True."""
    return max_pool_over(3, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool_over(n: int, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices):
    name = f"max_pool{n}d"
    kernel, stride, sides, dilation = geometry(name, n, x, kernel_size, stride, padding, dilation, ceil_mode)
    settings = dict(kernel=kernel, stride=stride, padding=sides, dilation=dilation)
    out = max_pool(x, **settings, remember=local.grad and x._requires_grad)
    if not return_indices:
        return out
    _, winner = max_pool_forward(x.array, **settings, remember=True)
    return out, x.wrap(flat_places(winner, x.array.shape[-n:], **settings))


def flat_places(winner, size, kernel, stride, padding, dilation):
    """Where in the flattened plane each window's winner stands."""
    flat = np.zeros_like(winner, dtype=np.int64)
    for dim, steps in enumerate(np.unravel_index(winner, kernel)):
        axis = dim - len(kernel)
        start = (
            module_of(winner).arange(winner.shape[axis]).reshape(-1, *[1] * (-axis - 1)) * stride[dim]
            - padding[dim][0]
        )
        flat = flat * size[dim] + np.clip(start + steps * dilation[dim], 0, size[dim] - 1)
    return flat


# ---------------------------------------------------------------- the mean of each window


@op
@kernel
def sum_windows(x, *, kernel, stride, padding):
    """The sum of each window: (..., H, W) -> (..., Ho, Wo)."""
    seen = windows(pad_with(widened(x), padding), kernel, stride, (1,) * len(kernel))
    first, *others = taps(kernel)
    if all(
        count == 1 for count in seen.shape[-len(kernel) :]
    ):  # one window: no use in adding it up tap by tap
        return seen.sum(axis=tuple(range(-2 * len(kernel), -len(kernel)))).astype(x.dtype, copy=False)
    out = seen[first].copy()
    for tap in others:
        out += seen[tap]
    return out.astype(x.dtype, copy=False)


@op
@kernel
def spread_windows(g, *, size, kernel, stride, padding):
    """The transpose of `sum_windows`: each g added to all elements of its window."""
    out = np.zeros_like(g, shape=(*g.shape[: -len(size)], *padded(size, padding)), order="C")
    seen = windows(out, kernel, stride, (1,) * len(size), g.shape[-len(size) :])
    for tap in taps(kernel):
        seen[tap] += g
    return out[inside(size, padding)]


sum_windows.vjps(
    x=lambda g, x_shape, kernel, stride, padding: spread_windows(
        g, size=x_shape[-len(kernel) :], kernel=kernel, stride=stride, padding=padding
    )
)
spread_windows.vjps(
    g=lambda g, kernel, stride, padding: sum_windows(g, kernel=kernel, stride=stride, padding=padding)
)


def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """The mean of each window of kernel_size, `stride` (by default kernel_size) apart; see `avg_pool2d`."""
    return avg_pool_over(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """The mean of each window of kernel_size, `stride` (by default kernel_size) apart: (..., H, W) -> (..., Ho, Wo).

    The zeros of the padding count as elements, unless count_include_pad=False; divisor_override is divided by in any case.
    """
    return avg_pool_over(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """The mean of each window of kernel_size, `stride` (by default kernel_size) apart; see `avg_pool2d`."""
    return avg_pool_over(
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool_over(n: int, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    name = f"avg_pool{n}d"
    if divisor_override == 0:
        raise RuntimeError(f"{name}: divisor_override must not be zero")
    kernel, stride, sides, _ = geometry(name, n, x, kernel_size, stride, padding, 1, ceil_mode)
    total = sum_windows(x, kernel=kernel, stride=stride, padding=sides)
    if divisor_override or not any(before or after for before, after in sides):
        return total / (divisor_override or math.prod(kernel))
    padding = [before for before, _ in sides]
    counts = elements(x.array.shape[-n:], total.array.shape[-n:], kernel, stride, padding, count_include_pad)
    return total / x.wrap(beside(x.array, counts.astype(x.array.dtype)))


def elements(size, count, kernel, stride, padding, with_padding: bool):
    """How many elements each window's mean is over; what ceil_mode adds behind the padding never counts."""
    total = np.ones((), int)
    for s, c, k, step, p in zip(size, count, kernel, stride, padding):
        low, high = (-p, s + p) if with_padding else (0, s)
        start = np.arange(c) * step - p
        total = total[..., None] * (np.minimum(start + k, high) - np.maximum(start, low))
    return total


# ---------------------------------------------------------------- what both need to know


def geometry(name: str, n: int, x, kernel_size, stride, padding, dilation, ceil_mode):
    """Checked settings, axis by axis, with the padding as (before, after), behind as much as ceil_mode needs."""
    kernel = per_axis(kernel_size, n, "kernel_size")
    stride = kernel if stride is None or stride in ((), []) else per_axis(stride, n, "stride")
    padding, dilation = per_axis(padding, n, "padding"), per_axis(dilation, n, "dilation")
    shape = x.array.shape
    if len(shape) not in (n + 1, n + 2) or 0 in shape[-n - 1 :]:
        raise RuntimeError(
            f"{name}: Expected {n + 1}D or {n + 2}D (batch mode) tensor with optional 0 dim batch size for input, but got {list(shape)}"
        )
    for setting, value in (("kernel_size", kernel), ("stride", stride), ("dilation", dilation)):
        if min(value) < 1:
            raise RuntimeError(f"{name}: {setting} must be greater than zero, got {value}")
    if any(p < 0 or p > k // 2 for p, k in zip(padding, kernel)):
        raise RuntimeError(
            f"{name}: pad should be non-negative and at most half of kernel size, but got padding={padding} and kernel_size={kernel}"
        )
    sides = both_sides(padding)
    if ceil_mode:
        sides = [
            (p, p + partly(s + 2 * p, p, r, step))
            for s, p, r, step in zip(shape[-n:], padding, reach(kernel, dilation), stride)
        ]
    count = places(padded(shape[-n:], sides), kernel, stride, dilation)
    if min(count) < 1:
        raise RuntimeError(
            f"{name}: given input size {list(shape)} and kernel_size={kernel}, the output would have size {count}, which is too small"
        )
    return kernel, stride, sides, dilation


def partly(size: int, padding: int, reach: int, stride: int) -> int:
    """How much a last window stands out behind an axis of padded size; one that begins behind the input does not count."""
    count = math.ceil((size - reach) / stride) + 1
    if (count - 1) * stride >= size - padding:
        count -= 1
    return max(0, (count - 1) * stride + reach - size)
