"""A linear map and the batch norm behind it, in evaluation, as one linear map."""

from __future__ import annotations

import copy

from ... import ops
from ..parameter import Parameter


def fuse_conv_bn_eval(conv, bn, transpose: bool = False):
    """A copy of conv that does what conv and bn do one after the other. Both have to be in evaluation mode."""
    if conv.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    fused = copy.deepcopy(conv)
    statistics = bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    fused.weight, fused.bias = fuse_conv_bn_weights(fused.weight, fused.bias, *statistics, transpose)
    return fused


def fuse_conv_bn_weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, transpose: bool = False):
    """Weight and bias of the convolution that also does (y - mean) / sqrt(var + eps) * w + b."""
    scale = ops.rsqrt(bn_rv + bn_eps) * (1.0 if bn_w is None else bn_w)
    shape = [1] * conv_w.ndim
    shape[1 if transpose else 0] = -1
    bias = ((0.0 if conv_b is None else conv_b) - bn_rm) * scale + (0.0 if bn_b is None else bn_b)
    return Parameter(conv_w * scale.reshape(shape), conv_w.requires_grad), Parameter(
        bias, conv_w.requires_grad
    )


def fuse_linear_bn_eval(linear, bn):
    """A copy of linear that does what linear and bn do one after the other. Both have to be in evaluation mode."""
    return fuse_conv_bn_eval(linear, bn)


fuse_linear_bn_weights = fuse_conv_bn_weights
