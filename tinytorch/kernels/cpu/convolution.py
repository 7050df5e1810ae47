"""Convolution, compiled: which algorithm takes which case. What none takes goes back to NumPy."""

from __future__ import annotations

import numpy as np

from ... import backend
from ...nn.functional.convolution import (
    convolution_input_kernel,
    convolution_kernel,
    convolution_weight_kernel,
)
from ...nn.functional.windows import places
from .depthwise import depthwise, depthwise_filters, depthwise_input
from .direct import direct, direct_filters, direct_input
from .layout import pixels
from .scattering import scattered_input
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


def is_depthwise(weight_shape, groups: int) -> bool:
    """Whether each channel has one filter of its own."""
    return groups > 1 and weight_shape[0] == groups and weight_shape[1] == 1


def known(*arrays) -> bool:
    """Whether all are images or filters of float32. (Volumes and sequences go back to NumPy.)"""
    return all(a is None or (a.dtype == np.float32 and a.ndim in (1, 4)) for a in arrays)


@convolution_kernel.register("numba")
def convolution(x, weight, bias, stride, padding, dilation, groups):
    if not known(x, weight, bias):
        return NotImplemented
    size = places([n + 2 * p for n, p in zip(x.shape[2:], padding)], weight.shape[2:], stride, dilation)
    x, weight, bias = pixels(x), contiguous(weight), bias if bias is None else contiguous(bias)
    if suits_winograd(weight.shape, stride, padding, dilation, groups):
        return winograd(x, weight, bias, size, tuple(padding), False)
    if is_depthwise(weight.shape, groups):
        return depthwise(x, weight, bias, tuple(stride), tuple(padding), tuple(dilation), size)
    return direct(x, weight, bias, tuple(stride), tuple(padding), tuple(dilation), groups, size)


@convolution_input_kernel.register("numba")
def convolution_input(g, weight, size, stride, padding, dilation, groups):
    if not known(g, weight):
        return NotImplemented
    g, weight = pixels(g), contiguous(weight)
    if suits_winograd(weight.shape, stride, padding, dilation, groups):
        return winograd(g, weight, None, size, tuple(2 - p for p in padding), True)
    if is_depthwise(weight.shape, groups):
        return depthwise_input(g, weight, tuple(size), tuple(stride), tuple(padding), tuple(dilation))
    settings = tuple(size), tuple(stride), tuple(padding), tuple(dilation)
    out = scattered_input(g, weight, *settings) if groups == 1 else NotImplemented
    return direct_input(g, weight, *settings, groups) if out is NotImplemented else out


@convolution_weight_kernel.register("numba")
def convolution_weight(g, x, kernel, stride, padding, dilation, groups):
    if not known(g, x):
        return NotImplemented
    x, g = pixels(x), pixels(g)
    if suits_winograd((g.shape[3], x.shape[3], *kernel), stride, padding, dilation, groups):
        return winograd_filters(x, g, tuple(padding))
    if is_depthwise((g.shape[3], x.shape[3] // groups), groups):
        return depthwise_filters(x, g, tuple(kernel), tuple(stride), tuple(padding), tuple(dilation))
    return direct_filters(x, g, tuple(kernel), tuple(stride), tuple(padding), tuple(dilation), groups)


def contiguous(x):
    """x as memory in order that may be written: compiled code is made for one kind of array."""
    return x if x.flags.c_contiguous and x.flags.writeable else x.copy("C")
