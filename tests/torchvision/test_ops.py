"""torchvision.ops: deformable convolution against the sum that defines it, and networks that are cut off."""

import math

import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.torchvision import models, ops
from tinytorch.torchvision.models._utils import IntermediateLayerGetter
from tinytorch.torchvision.ops import DeformConv2d, deform_conv2d
from tinytorch.torchvision.ops.feature_pyramid_network import LastLevelMaxPool


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


# ---------------------------------------------------------------- what stands in boxes

BOXES = np.array([[0, 2, 3, 40, 30], [1, -9, -8, 44, 70], [0, 10, 10, 11, 11], [0, 90, 90, 99, 99]], float)


def points_in(start: float, end: float, bins: int, ratio: int, aligned: bool):
    """The places of a box's points along one axis, bin by bin."""
    length = end - start if aligned else max(end - start, 1.0)
    count = ratio if ratio > 0 else math.ceil(length / bins)
    return [[start + (k + (j + 0.5) / count) * length / bins for j in range(count)] for k in range(bins)]


def sampled(plane: np.ndarray, y: float, x: float) -> float:
    """Between the pixels; up to a pixel outside counts as the border, what is farther away as 0."""
    H, W = plane.shape
    if not (-1 <= y <= H and -1 <= x <= W):
        return 0.0
    y, x = min(max(y, 0), H - 1), min(max(x, 0), W - 1)
    top, left = min(int(y), H - 1), min(int(x), W - 1)
    down, right = min(top + 1, H - 1), min(left + 1, W - 1)
    b, a = y - top, x - left
    above = plane[top, left] * (1 - a) + plane[top, right] * a
    return above * (1 - b) + (plane[down, left] * (1 - a) + plane[down, right] * a) * b


@pytest.mark.parametrize("ratio", [2, -1])
@pytest.mark.parametrize("aligned", [False, True])
def test_points_of_boxes(ratio, aligned):
    x, scale = normal(2, 2, 9, 11), 0.25
    out = ops.roi_align(x, tinytorch.tensor(BOXES), (2, 3), scale, ratio, aligned).numpy()
    for k, (n, *box) in enumerate(BOXES):
        x1, y1, x2, y2 = np.array(box) * scale - (0.5 if aligned else 0)
        rows, columns = points_in(y1, y2, 2, ratio, aligned), points_in(x1, x2, 3, ratio, aligned)
        for c, i, j in np.ndindex(2, 2, 3):
            plane = x.numpy()[int(n), c]
            expected = np.mean([sampled(plane, y, z) for y in rows[i] for z in columns[j]])
            np.testing.assert_allclose(out[k, c, i, j], expected, atol=1e-6)


def test_points_of_boxes_have_gradients_and_take_lists():
    x = normal(2, 4, 6, 6).requires_grad_()
    rois = tinytorch.tensor([[0.0, 1, 1, 4, 5], [1, 0, 0, 5, 5]], dtype=tinytorch.float64)
    assert tinytorch.autograd.gradcheck(lambda v: ops.roi_align(v, rois, 2, aligned=True), (x,))
    listed = [rois[:1, 1:], rois[1:, 1:]]
    assert tinytorch.equal(ops.roi_align(x, listed, 2), ops.roi_align(x, rois, 2))
    own = ops.ps_roi_align(x, rois, 2)
    every = ops.roi_align(x, rois, 2, aligned=True)
    assert own.shape == (2, 1, 2, 2) and tinytorch.allclose(own[:, 0, 1, 0], every[:, 2, 1, 0])
    assert ops.RoIAlign(2, 1.0, -1)(x, rois[:0]).shape == (0, 4, 2, 2)
    with pytest.raises(ValueError, match=r"not correct as Tensor\[K, 5\]: \(2, 4\)"):
        ops.roi_align(x, rois[:, 1:], 2)


def test_maxima_of_boxes():
    x = normal(2, 2, 9, 11)
    out = ops.roi_pool(x, tinytorch.tensor(BOXES), (2, 3), 0.25).numpy()
    for k, (n, *box) in enumerate(BOXES):
        x1, y1, x2, y2 = (math.floor(v * 0.25 + 0.5) for v in box)
        height, width = max(y2 - y1 + 1, 1), max(x2 - x1 + 1, 1)
        for c, i, j in np.ndindex(2, 2, 3):
            span = lambda start, length, k, n, limit: slice(
                min(max(start + math.floor(k * length / n), 0), limit),
                min(max(start + math.ceil((k + 1) * length / n), 0), limit),
            )
            part = x.numpy()[int(n), c][span(y1, height, i, 2, 9), span(x1, width, j, 3, 11)]
            assert out[k, c, i, j] == (part.max() if part.size else 0)


def test_boxes_on_the_level_that_fits_them():
    pool = ops.MultiScaleRoIAlign(["fine", "coarse"], 1, 2, canonical_scale=32, canonical_level=3)
    maps = {
        "fine": tinytorch.ones(1, 1, 16, 16),
        "unused": tinytorch.zeros(1, 1, 9, 9),
        "coarse": tinytorch.ones(1, 1, 8, 8) * 2,
    }
    boxes = tinytorch.tensor([[0.0, 0, 60, 60], [0, 0, 10, 10], [4, 4, 40, 40]])
    assert pool(maps, [boxes], [(64, 64)]).flatten().tolist() == [2, 1, 2]


def test_a_pyramid():
    net = ops.FeaturePyramidNetwork([2, 3], 4, LastLevelMaxPool())
    out = net({"a": tinytorch.rand(1, 2, 9, 11), "b": tinytorch.rand(1, 3, 5, 6)})
    assert {name: tuple(v.shape[1:]) for name, v in out.items()} == {
        "a": (4, 9, 11),
        "b": (4, 5, 6),
        "pool": (4, 3, 3),
    }
    assert list(net.state_dict())[:2] == ["inner_blocks.0.0.weight", "inner_blocks.0.0.bias"]
    sum(v.sum() for v in out.values()).backward()
    assert all(p.grad is not None for p in net.parameters())


def test_losses_of_boxes():
    ours, theirs = tinytorch.tensor([[0.0, 0, 4, 4]]), tinytorch.tensor([[2.0, 2, 6, 6]])
    iou = 4 / 28
    assert math.isclose(float(ops.generalized_box_iou_loss(ours, theirs)), 1 - iou + 8 / 36, rel_tol=1e-5)
    assert math.isclose(float(ops.distance_box_iou_loss(ours, theirs)), 1 - iou + 8 / 72, rel_tol=1e-5)
    assert math.isclose(
        float(ops.complete_box_iou_loss(ours, theirs)), 1 - iou + 8 / 72, rel_tol=1e-5
    )  # both squares
    wide = tinytorch.tensor([[2.0, 2, 6, 4]], requires_grad=True)
    assert float(ops.complete_box_iou_loss(ours, wide)) > float(ops.distance_box_iou_loss(ours, wide))
    ops.complete_box_iou_loss(ours, wide, reduction="mean").backward()
    assert wide.grad.abs().sum() > 0
    pairs = tinytorch.cat([ours, theirs])
    for of_all, loss in (
        (ops.generalized_box_iou, ops.generalized_box_iou_loss),
        (ops.distance_box_iou, ops.distance_box_iou_loss),
        (ops.complete_box_iou, ops.complete_box_iou_loss),
    ):
        np.testing.assert_allclose(
            of_all(pairs, pairs)[0, 1].item(), 1 - loss(ours, theirs).item(), rtol=1e-5
        )
    with pytest.raises(ValueError, match="Invalid Value for arg 'reduction': 'avg'"):
        ops.distance_box_iou_loss(ours, theirs, reduction="avg")


def test_boxes_of_masks_and_of_other_formats():
    masks = tinytorch.zeros(2, 5, 6)
    masks[0, 1:3, 2:5] = 1
    masks[1, 4, 0] = 1
    assert ops.masks_to_boxes(masks).tolist() == [[2, 1, 4, 2], [0, 4, 0, 4]]
    middle = tinytorch.tensor([[2.0, 2, 4, 4]])
    assert ops.box_area(middle, fmt="cxcywh").tolist() == [16]
    assert ops.box_iou(middle, tinytorch.tensor([[0.0, 0, 4, 4]]), fmt="cxcywh").shape == (1, 1)


def test_blocks_dropped():
    tinytorch.manual_seed(0)
    x = tinytorch.ones(8, 4, 20, 20)
    out = ops.DropBlock2d(0.25, 3)(x)
    assert 0.15 < float((out == 0).float().mean()) < 0.3 and math.isclose(float(out.mean()), 1, rel_tol=1e-4)
    gone = (out[0, 0] == 0).numpy()
    padded = np.pad(gone, 2)
    inside_a_square = [padded[i : i + 3, j : j + 3].all() for i in range(22) for j in range(22)]
    assert sum(inside_a_square) > 0 and ops.DropBlock3d(0.0, 3)(x) is x
    assert ops.DropBlock2d(0.5, 3).eval()(x) is x
    with pytest.raises(ValueError, match="block size should be odd. Got 4 which is even."):
        ops.drop_block2d(x, 0.1, 4)
