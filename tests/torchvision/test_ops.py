"""torchvision.ops: deformable convolution against the sum that defines it, and networks that are cut off."""

import math

import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.torchvision import models
from tinytorch.torchvision.models._utils import IntermediateLayerGetter
from tinytorch.torchvision.ops import DeformConv2d, deform_conv2d


def normal(*shape: int, seed: int = 0):
    return tinytorch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def between_pixels(plane: np.ndarray, y: float, x: float) -> float:
    """Bilinear, with zeros around the picture."""
    top, left = math.floor(y), math.floor(x)
    result = 0.0
    for i in (top, top + 1):
        for j in (left, left + 1):
            if 0 <= i < plane.shape[0] and 0 <= j < plane.shape[1]:
                result += plane[i, j] * (1 - abs(y - i)) * (1 - abs(x - j))
    return result


def by_definition(x, offset, weight, stride, padding, dilation, mask):
    B, C, _, _ = x.shape
    M, per_group, kh, kw = weight.shape
    _, _, out_h, out_w = offset.shape
    offset_groups, out = offset.shape[1] // (2 * kh * kw), np.zeros((B, M, out_h, out_w))
    for b, m, i, j, c, r, s in np.ndindex(B, M, out_h, out_w, per_group, kh, kw):
        channel = m // (M // (C // per_group)) * per_group + c
        tap = channel // (C // offset_groups) * kh * kw + r * kw + s
        y = i * stride - padding + r * dilation + offset[b, 2 * tap, i, j]
        z = j * stride - padding + s * dilation + offset[b, 2 * tap + 1, i, j]
        out[b, m, i, j] += weight[m, c, r, s] * mask[b, tap, i, j] * between_pixels(x[b, channel], y, z)
    return out


@pytest.mark.parametrize(
    ("groups", "offset_groups", "stride", "padding", "dilation"),
    [(1, 1, 1, 1, 1), (2, 2, 2, 1, 1), (1, 4, 1, 2, 2)],
)
def test_deformable_convolution(groups, offset_groups, stride, padding, dilation):
    x, weight = normal(2, 4, 5, 6), normal(4, 4 // groups, 3, 2, seed=1)
    size = [(n + 2 * padding - dilation * (k - 1) - 1) // stride + 1 for n, k in ((5, 3), (6, 2))]
    offset = normal(2, 2 * offset_groups * 6, *size, seed=2)
    mask = normal(2, offset_groups * 6, *size, seed=3).sigmoid()
    out = deform_conv2d(x, offset, weight, None, stride, padding, dilation, mask)
    arrays = [t.numpy() for t in (x, offset, weight)]
    expected = by_definition(*arrays, stride, padding, dilation, mask.numpy())
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-9, atol=1e-9)


def test_without_offsets_it_is_a_convolution_with_gradients():
    layer, x = DeformConv2d(3, 4, 3, padding=1).double(), normal(1, 3, 1, 5).requires_grad_()
    offset = tinytorch.zeros(1, 18, 1, 5, dtype=tinytorch.float64)
    expected = nn.functional.conv2d(x, layer.weight, layer.bias, padding=1)
    np.testing.assert_allclose(layer(x, offset).detach().numpy(), expected.detach().numpy(), atol=1e-12)
    inputs = (normal(1, 3, 3, 3).requires_grad_(), normal(1, 18, 3, 3, seed=1).requires_grad_(), layer.weight)
    assert tinytorch.autograd.gradcheck(lambda *xs: deform_conv2d(*xs, padding=1), inputs)
    assert list(layer.state_dict()) == ["weight", "bias"] and "kernel_size=(3, 3)" in repr(layer)


def test_what_deformable_convolution_refuses():
    x, weight = normal(1, 2, 4, 4), normal(2, 2, 3, 3)
    with pytest.raises(RuntimeError, match=r"multiple of 2 \* 3 \* 3 channels, got 17"):
        deform_conv2d(x, normal(1, 17, 2, 2), weight)
    with pytest.raises(RuntimeError, match="offset should be 2 x 2, the size of the result"):
        deform_conv2d(x, normal(1, 18, 4, 4), weight)


def test_a_network_cut_off():
    net = models.resnet18(num_classes=2).eval()
    body = IntermediateLayerGetter(net, {"layer1": "low", "layer3": "out"})
    out = body(tinytorch.zeros(1, 3, 64, 64))
    assert {name: tuple(t.shape) for name, t in out.items()} == {
        "low": (1, 64, 16, 16),
        "out": (1, 256, 4, 4),
    }
    assert "layer4" not in body and "layer3.0.conv1.weight" in body.state_dict()
    with pytest.raises(ValueError, match="not present in model: layer9"):
        IntermediateLayerGetter(net, {"layer9": "out"})
