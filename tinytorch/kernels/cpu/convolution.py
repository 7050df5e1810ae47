"""Convolution, compiled: which algorithm takes which case. What none takes goes back to NumPy."""

from __future__ import annotations

import numpy as np

from ... import backend
from ...nn.functional.convolution import (
    convolution_input_kernel,
    convolution_kernel,
    convolution_weight_kernel,
)
from .layout import pixels
from .winograd import winograd, winograd_filters


def suits_winograd(weight_shape, stride, padding, dilation, groups) -> bool:
    """3x3 with stride 1, and enough channels that the transforms are the smaller part of the work."""
    return (
        tuple(weight_shape[2:]) == (3, 3)
        and tuple(stride) == tuple(dilation) == (1, 1)
        and groups == 1
        and max(padding) <= 2
        and min(weight_shape[:2]) >= 8
        and not backend.choice.exact
    )


def known(*arrays) -> bool:
    return all(a is None or a.dtype == np.float32 for a in arrays)


@convolution_kernel.register("numba")
def convolution(x, weight, bias, stride, padding, dilation, groups):
    if not known(x, weight, bias) or not suits_winograd(weight.shape, stride, padding, dilation, groups):
        return NotImplemented
    size = [n + 2 * p - 2 for n, p in zip(x.shape[2:], padding)]
    return winograd(pixels(x), contiguous(weight), bias, size, tuple(padding), False)


@convolution_input_kernel.register("numba")
def convolution_input(g, weight, size, stride, padding, dilation, groups):
    if not known(g, weight) or not suits_winograd(weight.shape, stride, padding, dilation, groups):
        return NotImplemented
    return winograd(pixels(g), contiguous(weight), None, size, tuple(2 - p for p in padding), True)


@convolution_weight_kernel.register("numba")
def convolution_weight(g, x, kernel, stride, padding, dilation, groups):
    shape = (g.shape[1], x.shape[1], *kernel)
    if not known(g, x) or not suits_winograd(shape, stride, padding, dilation, groups):
        return NotImplemented
    return winograd_filters(pixels(x), pixels(g), tuple(padding))


def contiguous(x):
    """x as memory in order that may be written: compiled code is made for one kind of array."""
    return x if x.flags.c_contiguous and x.flags.writeable else x.copy("C")
