"""torch.nn.grad: the gradients of convolutions with respect to their inputs and weights, asked for by themselves."""

from __future__ import annotations

from ..autograd.grad import grad
from ..autograd.grad_mode import enable_grad
from . import functional as F


def by_input(conv, input_size, weight, grad_output, settings):
    x = weight.new_zeros(tuple(input_size)).requires_grad_()
    with enable_grad():
        out = conv(x, weight.detach(), None, *settings)
    return grad(out, x, grad_output)[0]


def by_weight(conv, input, weight_size, grad_output, settings):
    weight = input.new_zeros(tuple(weight_size)).requires_grad_()
    with enable_grad():
        out = conv(input.detach(), weight, None, *settings)
    return grad(out, weight, grad_output)[0]


def conv1d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv1d's input."""
    return by_input(F.conv1d, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv1d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv1d's weight."""
    return by_weight(F.conv1d, input, weight_size, grad_output, (stride, padding, dilation, groups))


def conv2d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv2d's input."""
    return by_input(F.conv2d, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv2d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv2d's weight."""
    return by_weight(F.conv2d, input, weight_size, grad_output, (stride, padding, dilation, groups))


def conv3d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv3d's input."""
    return by_input(F.conv3d, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv3d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv3d's weight."""
    return by_weight(F.conv3d, input, weight_size, grad_output, (stride, padding, dilation, groups))
