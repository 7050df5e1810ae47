"""Compiled convolution against float64 and PyTorch's own float32 error: forward and both gradients, in every geometry."""

import numpy as np
import pytest

import tinytorch
from tests.kernels.against import close, torch
from tinytorch.backend import kernels
from tinytorch.kernels.cpu import convolution, direct, scattering
from tinytorch.kernels.cpu.simd import WIDTH


def draw(rng, *shape, last=True):
    """Normal numbers; `last` puts the channels last in memory."""
    if last:
        return rng.standard_normal((shape[0], *shape[2:], shape[1])).astype(np.float32).transpose(0, 3, 1, 2)
    return rng.standard_normal(shape).astype(np.float32)


def check(n, channels, size, outputs, kernel, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1, exact=False, last=True, seed=0):  # fmt: skip
    """The three kernels on one geometry."""
    t = torch()
    rng = np.random.default_rng([seed, n, channels, *size, outputs])
    x = draw(rng, n, channels, *size, last=last)
    weight = draw(rng, outputs, channels // groups, *kernel, last=False) / np.float32(
        np.sqrt(channels // groups * np.prod(kernel))
    )
    bias = rng.standard_normal(outputs).astype(np.float32)
    settings = (stride, padding, dilation, groups)
    with kernels("numba", exact=exact):
        out = convolution.convolution(x, weight, bias, *settings)
        assert out is not NotImplemented
        g = draw(rng, *out.shape, last=last)
        dx = convolution.convolution_input(g, weight, size, *settings)
        dw = convolution.convolution_weight(g, x, kernel, *settings)

    def by_torch(kind):
        tensors = [t.from_numpy(np.ascontiguousarray(a)).to(kind).requires_grad_() for a in (x, weight, bias)]
        result = t.nn.functional.conv2d(*tensors, *settings)
        result.backward(t.from_numpy(np.ascontiguousarray(g)).to(kind))
        return result.detach().numpy(), tensors[0].grad.numpy(), tensors[1].grad.numpy()

    factor = 4 if exact else 16  # Winograd rounds more
    for ours, right, theirs in zip((out, dx, dw), by_torch(t.float64), by_torch(t.float32)):
        close(ours, right, theirs, factor)


WINOGRAD = [
    (2, 32, (32, 32), 32, (1, 1)),
    (3, 8, (7, 9), 20, (1, 1)),
    (1, 16, (1, 1), 8, (1, 1)),
    (2, 17, (5, 6), 33, (0, 0)),
    (4, 40, (12, 3), 50, (2, 2)),
    (2, 16, (4, 4), 16, (0, 1)),
    (1, 24, (40, 70), 24, (1, 1)),
]


@pytest.mark.parametrize("n, channels, size, outputs, padding", WINOGRAD)
@pytest.mark.parametrize("last", [True, False])
def test_winograd(n, channels, size, outputs, padding, last):
    check(n, channels, size, outputs, (3, 3), padding=padding, last=last)


DIRECT = [
    dict(n=2, channels=3, size=(9, 11), outputs=5, kernel=(3, 3), padding=(1, 1)),
    dict(n=2, channels=8, size=(9, 11), outputs=16, kernel=(5, 3), stride=(2, 3), padding=(2, 0)),
    dict(n=2, channels=8, size=(13, 15), outputs=12, kernel=(3, 3), stride=(1, 2), padding=(3, 2), dilation=(2, 3)),
    dict(n=2, channels=8, size=(13, 15), outputs=12, kernel=(3, 3), stride=(3, 2), padding=(1, 1), dilation=(1, 2), groups=4),
    dict(n=2, channels=64, size=(7, 7), outputs=60, kernel=(1, 1), stride=(2, 2)),
    dict(n=3, channels=6, size=(10, 10), outputs=6, kernel=(3, 3), padding=(1, 1), groups=6),
    dict(n=3, channels=6, size=(10, 10), outputs=12, kernel=(3, 3), stride=(2, 2), padding=(1, 1), groups=6),
    dict(n=2, channels=20, size=(9, 19), outputs=20, kernel=(3, 5), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=20),
    dict(n=2, channels=40, size=(11, 11), outputs=40, kernel=(3, 3), stride=(2, 2), padding=(1, 1), groups=40),
    dict(n=1, channels=1, size=(28, 28), outputs=6, kernel=(5, 5), padding=(2, 2)),
    dict(n=2, channels=6, size=(14, 14), outputs=16, kernel=(5, 5)),
    dict(n=2, channels=1, size=(13, 24), outputs=1, kernel=(3, 3), padding=(1, 1)),
    dict(n=2, channels=3, size=(9, 25), outputs=5, kernel=(3, 4), stride=(2, 3), padding=(1, 2), dilation=(2, 1)),
    dict(n=1, channels=5, size=(1, 1), outputs=7, kernel=(3, 3), padding=(4, 4)),
    dict(n=1, channels=4, size=(40, 300), outputs=70, kernel=(7, 7), stride=(2, 2), padding=(3, 3)),
    dict(n=2, channels=4, size=(6, 6), outputs=4, kernel=(2, 2), stride=(3, 3)),
    dict(n=64, channels=32, size=(16, 16), outputs=32, kernel=(3, 3), padding=(1, 1)),
    dict(n=3, channels=3, size=(20, 23), outputs=33, kernel=(7, 5), stride=(2, 3), padding=(3, 4)),
    dict(n=2, channels=3, size=(21, 24), outputs=20, kernel=(3, 3), stride=(2, 1), padding=(1, 2), dilation=(2, 3)),
    dict(n=2, channels=40, size=(14, 9), outputs=30, kernel=(2, 3), stride=(2, 3)),
    dict(n=2, channels=40, size=(15, 10), outputs=30, kernel=(2, 3), stride=(2, 3)),
]  # fmt: skip


@pytest.mark.parametrize("geometry", DIRECT, ids=str)
@pytest.mark.parametrize("last", [True, False])
def test_direct(geometry, last):
    check(**geometry, exact=True, last=last)


def test_few_outputs_are_taken_side_by_side():
    """Where it fills more lanes, and only where the places come out even."""
    walk = direct.Walk((5, 5), (1, 1), (1, 1), (0, 0), (28, 28), (0, 0), (1, 1))
    sides = [direct.side_by_side(walk._replace(count=(28, across)), 6) for across in (28, 27)]
    assert sides == ([2, 1] if WIDTH == 16 else [sides[0], 1])
    assert direct.side_by_side(walk, 16) == 1


def test_the_input_gradient_takes_the_shorter_way():
    """A product and a scatter where channels are few or windows lie beside each other, the sum over taps elsewhere."""

    def scatters(channels, outputs, size, places, kernel, stride=(1, 1), padding=(0, 0)):
        g, weight = (
            np.ones((2, *places, outputs), np.float32),
            np.ones((outputs, channels, *kernel), np.float32),
        )
        return scattering.scattered_input(g, weight, size, stride, padding, (1, 1)) is not NotImplemented

    assert scatters(6, 16, (14, 14), (10, 10), (5, 5))
    assert scatters(64, 64, (8, 8), (4, 4), (2, 2), stride=(2, 2))
    assert not scatters(64, 64, (8, 8), (4, 4), (3, 3), stride=(2, 2), padding=(1, 1))
    assert not scatters(64, 64, (8, 8), (8, 8), (3, 3), padding=(1, 1))


def test_an_empty_batch():
    x, weight = np.zeros((0, 16, 4, 4), np.float32), np.zeros((16, 16, 3, 3), np.float32)
    settings = ((1, 1), (1, 1), (1, 1), 1)
    assert convolution.convolution(x, weight, None, *settings).shape == (0, 16, 4, 4)
    assert convolution.convolution_input(x, weight, (4, 4), *settings).shape == (0, 16, 4, 4)
    assert not convolution.convolution_weight(x, x, (3, 3), *settings).any()


# ---------------------------------------------------------------- as a user sees it


def layer(n=4):
    x = tinytorch.randn(n, 8, 12, 12, requires_grad=True)
    return x, tinytorch.nn.functional.conv2d(x, tinytorch.randn(16, 8, 3, 3), padding=1)


def test_channels_last_is_invisible():
    with kernels("numba"):
        _, y = layer()
        assert y.array.strides[1] == 4, "the kernel chose channels-last memory"
        assert y.is_contiguous()
        assert y.stride() == (16 * 144, 144, 12, 1)
        assert y.relu().array.strides[1] == 4, "elementwise ops keep it"
        assert (y * 2 + 1).stride() == (16 * 144, 144, 12, 1)
        in_order = np.ascontiguousarray(y.array)
        for flat in (y.view(4, -1), y.relu().flatten(1), y.reshape(4, -1), y[1:3].view(2, -1)):
            assert flat.shape[1] == 16 * 144
        assert np.array_equal(y.view(-1).array, in_order.ravel())
        assert np.array_equal(y.detach().numpy(), in_order)
        assert y.detach().numpy().flags.c_contiguous
        assert y.contiguous() is y


def test_a_view_of_a_result_shares_its_memory():
    with kernels("numba"), tinytorch.no_grad():
        _, y = layer()
        flat = y.view(4, -1)
        flat.zero_()
        assert not y.array.any()


def test_what_a_user_permuted_is_not_contiguous():
    x = tinytorch.randn(2, 3, 4, 5).permute(0, 3, 1, 2)
    assert not x.is_contiguous()
    assert x.stride() == (60, 1, 20, 5)
    with pytest.raises(RuntimeError, match="not compatible with the strides"):
        x.view(2, -1)


def test_gradients_of_a_network():
    """conv, view, linear: with compiled bodies and with NumPy's."""

    def run(choice):
        tinytorch.manual_seed(0)
        with kernels(choice):
            net = tinytorch.nn.Sequential(
                tinytorch.nn.Conv2d(8, 16, 3, padding=1), tinytorch.nn.ReLU(), tinytorch.nn.Conv2d(16, 16, 3), tinytorch.nn.MaxPool2d(2)
            )  # fmt: skip
            x = tinytorch.randn(8, 8, 14, 14, requires_grad=True)
            h = net(x)
            (h.view(8, -1) ** 2).sum().backward()
            return [x.grad.numpy(), *[p.grad.numpy() for p in net.parameters()]]

    for ours, reference in zip(run("numba"), run("reference")):
        np.testing.assert_allclose(ours, reference, atol=1e-4 * np.abs(reference).max())


def test_a_small_batch_norm_keeps_the_order_to_itself():
    """Too small for a compiled body, and computed by NumPy on what the convolution laid out: it still reads as contiguous."""
    with kernels("numba"):
        y = tinytorch.nn.Conv2d(3, 4, 3)(tinytorch.randn(8, 3, 8, 8))
        assert not y.array.flags.c_contiguous, "the convolution is large enough for its compiled body"
        z = tinytorch.nn.BatchNorm2d(4)(y)
        assert z.is_contiguous() and z.view(len(z), -1).tolist() == z.reshape(len(z), -1).tolist()
